// book.css spares the first layout the sections off the screen. Once the reader moves, or if an
// address leads into the page, we lay them out, one at a time.
addEventListener("load", () => {
  const idle = window.requestIdleCallback ?? ((task) => setTimeout(task, 50));
  const sections = [...document.querySelectorAll("article > section > section")];
  const next = () => {
    const section = sections.shift();
    if (!section) return;
    section.classList.add("laid-out");
    requestAnimationFrame(() => idle(next));
  };
  if (window.location.hash) idle(next);
  else for (const type of ["scroll", "keydown", "pointerdown"]) addEventListener(type, next, { once: true });
});
