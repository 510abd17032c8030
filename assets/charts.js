// Turns each static chart into a live one when it comes near the view. Without this script, or
// if Vega does not load, the static picture stays.
(() => {
  const source = new URL("vega/vega.js", document.currentScript.src).href;
  let loading;

  function loadVega() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = () => resolve(window.vegaEmbed);
      script.onerror = () => reject(new Error(`${source} did not load`));
      document.head.append(script);
    });
    return loading;
  }

  async function revive(figure) {
    const picture = figure.querySelector("svg");
    const spec = JSON.parse(figure.querySelector("script").textContent);
    if ("width" in spec) spec.width = "container"; // as wide as the column
    const embed = await loadVega();

    // The controls stand outside the drawing: what is within an image cannot be reached.
    const controls = document.createElement("div");
    const drawing = document.createElement("div");
    controls.className = "live-chart-controls";
    drawing.className = "live-chart-drawing";
    figure.prepend(controls, drawing);
    const { view } = await embed(drawing, spec, {
      actions: false,
      bind: controls,
      config: { background: "transparent" },
      defaultStyle: false,
      mode: "vega-lite",
      renderer: "svg",
    });
    picture.remove();
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", spec.description);

    // A chart may say in words what its sliders have done; then their bare numbers can go.
    if (spec.params?.some(({ name }) => name === "readout")) {
      const sliders = [...controls.querySelectorAll("input[type=range]")];
      const readOut = (_, words) => {
        sliders.forEach((slider) => slider.setAttribute("aria-valuetext", words));
      };
      view.addSignalListener("readout", readOut);
      readOut("readout", view.signal("readout"));
      sliders.forEach((slider) => slider.nextElementSibling.remove());
    }
  }

  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) {
        observer.unobserve(target);
        revive(target);
      }
    }
  }, { rootMargin: "600px" });
  document.querySelectorAll("figure.live-chart").forEach((figure) => observer.observe(figure));
})();
