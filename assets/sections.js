// book.css spares the first layout the sections off the screen. Then we lay them out, one at a time.
addEventListener("load", () => {
  const idle = window.requestIdleCallback ?? ((task) => setTimeout(task, 50));
  const sections = [...document.querySelectorAll("article > section > section")];
  const next = () => {
    const section = sections.shift();
    if (!section) return;
    section.style.contentVisibility = "visible";
    requestAnimationFrame(() => idle(next));
  };
  idle(next);
});
