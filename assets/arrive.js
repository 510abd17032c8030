// A link into the page: what book.css has laid out only when it comes near may move the target
// away. For the next 30 frames, or until the reader moves, we hold it where the browser put it.
(() => {
  let frames = 0;
  const arrive = () => {
    const target = document.querySelector(":target");
    let place;
    let scrolled = NaN;
    const hold = () => {
      if (!target || !frames) return;
      frames -= 1;
      if (window.scrollY === scrolled) {
        const top = target.getBoundingClientRect().y - place;
        window.scrollBy({ top, behavior: "instant" });
      }
      place = target.getBoundingClientRect().y;
      scrolled = window.scrollY;
      requestAnimationFrame(hold);
    };
    frames = 30;
    hold();
  };
  for (const type of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    addEventListener(type, () => { frames = 0; }, { passive: true });
  }
  for (const type of ["load", "hashchange"]) addEventListener(type, arrive);
})();
