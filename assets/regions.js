// The theme lets the keyboard reach boxes that scroll, as the screen's width has it. This says
// what such a box is to those who hear the page.
(() => {
  const kinds = { Output: ".cell_output > .output", Table: ".pst-scrollable-table-container" };
  const boxes = [...document.querySelectorAll(Object.values(kinds).join())];
  const tell = (box) => {
    const place = boxes.indexOf(box) + 1;
    if (place && box.tabIndex === 0) {
      const kind = box.matches(kinds.Output) ? "Output" : "Table";
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", `${kind} ${place}, scrolls`);
    } else if (place) {
      box.removeAttribute("role");
      box.removeAttribute("aria-label");
    }
  };
  new MutationObserver((changes) => changes.forEach(({ target }) => tell(target)))
    .observe(document.querySelector("main"), { attributeFilter: ["tabindex"], subtree: true });
})();
