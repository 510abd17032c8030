// Paper is light: a page that is read in dark mode is printed as in light mode.
(() => {
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
})();
