// A link into the page: what book.css has laid out only when it comes near may move the target
// away. For the next 30 frames, or until the reader moves, we hold it where the browser put it.
(() => {
  let next;
  const stop = () => cancelAnimationFrame(next);
  const arrive = () => {
    stop();
    const target = document.querySelector(":target");
    let [frames, place, scrolled] = [target ? 30 : 0, 0, NaN];
    const hold = () => {
      if (window.scrollY === scrolled) window.scrollBy(0, target.getBoundingClientRect().y - place);
      place = target.getBoundingClientRect().y;
      scrolled = window.scrollY;
      frames -= 1;
      if (frames) next = requestAnimationFrame(hold);
    };
    if (frames) hold();
  };
  for (const type of ["load", "hashchange"]) addEventListener(type, arrive);
  for (const type of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    addEventListener(type, stop, { passive: true });
  }
})();
