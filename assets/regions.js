// The keyboard reaches the boxes that scroll, as the screen's width has it, and those who hear the
// page are told what such a box is. An observer is told of sizes when they are known: to ask would
// have the page laid out.
(() => {
  const kinds = { Output: ".cell_output > .output", Table: ".pst-scrollable-table-container" };
  const named = [...document.querySelectorAll(Object.values(kinds).join())];
  const tell = ([box, scrolls]) => {
    box.tabIndex = scrolls ? 0 : -1;
    const place = named.indexOf(box) + 1;
    if (place && scrolls) {
      const kind = box.matches(kinds.Output) ? "Output" : "Table";
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", `${kind} ${place}, scrolls`);
    } else if (place) {
      box.removeAttribute("role");
      box.removeAttribute("aria-label");
    }
  };
  const sizes = new ResizeObserver((changes) => changes
    .map(({ target: box }) =>
      [box, box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight])
    .forEach(tell));
  for (const box of [...named, ...document.querySelectorAll("pre")]) sizes.observe(box);
})();
