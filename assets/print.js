(() => {
  // Paper is light: a page that is read in dark mode is printed as in light mode.
  const root = document.documentElement;
  let onScreen;
  matchMedia("print").addEventListener("change", ({ matches }) => {
    if (matches) {
      onScreen = root.dataset.theme;
      root.dataset.theme = "light";
    } else {
      root.dataset.theme = onScreen;
    }
  });

  // The page's policy forbids code within its buttons; finish.py has moved it here.
  const deeds = { print: () => window.print(), toggleFullScreen: () => window.toggleFullScreen() };
  document.querySelectorAll("[data-deed]").forEach((button) =>
    button.addEventListener("click", () => deeds[button.dataset.deed]()));
})();
