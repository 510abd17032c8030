// A page from disk may not save the file that a link leads to: the browser shows it instead.
// There the file's text comes as a script, which may be loaded, and is saved from the page.
if (location.protocol === "file:") {
  window.save = (name, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
    link.download = name;
    link.click();
  };
  for (const link of document.querySelectorAll('a[download][href*="downloads/"]')) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const script = document.createElement("script");
      script.src = `${link.href}.js`;
      document.head.append(script);
    });
  }
}
