// Gives each static chart its sliders, and brings it to life at the first touch. Without this
// script, or if Vega does not load, the static picture stays.
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

  function makeControl({ name, value, bind }) {
    const label = document.createElement("label");
    const control = document.createElement(bind.input === "select" ? "select" : "input");
    if (bind.input === "select") {
      control.append(...bind.options.map((option) => new Option(option)));
    } else {
      Object.assign(control, { type: "range", min: bind.min, max: bind.max, step: bind.step });
    }
    control.value = value;
    control.name = name;
    label.append(bind.name, control);
    return label;
  }

  // The drawing has a name as a whole: its marks need none.
  function hush(group) {
    group.marks?.forEach((mark) => hush(Object.assign(mark, { aria: false })));
    return group;
  }

  async function revive(figure, spec, controls) {
    const picture = figure.querySelector("svg");
    const drawing = document.createElement("div");
    drawing.className = "live-chart-drawing";
    drawing.style.minHeight = `${picture.getBoundingClientRect().height}px`; // nothing may jump
    spec.params = spec.params.map(({ bind, ...param }) => param); // the controls are ours
    const wide = { ...spec, width: "container" }; // as wide as the column
    const embed = await loadVega();
    picture.before(drawing);
    const { view } = await embed(drawing, wide, {
      actions: false,
      ast: true, // expressions are interpreted: the page's policy forbids to compile them
      config: { background: "transparent" },
      defaultStyle: false,
      mode: "vega-lite",
      patch: hush,
      renderer: "svg",
    });
    picture.remove();
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", spec.description);

    // A chart says in its title what its controls have done: a reader who can't see it hears that.
    const obey = () => {
      controls.forEach((c) => view.signal(c.name, c.type === "range" ? Number(c.value) : c.value));
      view.run();
      const words = view.signal("readout");
      controls.forEach((c) => c.type === "range" && c.setAttribute("aria-valuetext", words));
      figure.querySelector(".live-chart-words").textContent = words;
    };
    controls.forEach((control) => control.addEventListener("input", obey));
    obey();
  }

  document.querySelectorAll("figure.live-chart").forEach((figure) => {
    const spec = JSON.parse(figure.querySelector("script").textContent);
    const labels = spec.params.filter(({ bind }) => bind).map(makeControl);
    const controls = labels.map((label) => label.lastChild);
    const box = document.createElement("div");
    const words = document.createElement("p");
    box.className = "live-chart-controls";
    words.className = "live-chart-words";
    words.setAttribute("aria-live", "polite");
    box.append(...labels, words);
    figure.prepend(box);
    const wake = () => {
      wakers.forEach((event) => figure.removeEventListener(event, wake));
      revive(figure, spec, controls);
    };
    const wakers = ["pointerenter", "touchstart", "focusin"];
    wakers.forEach((event) => figure.addEventListener(event, wake, { passive: true }));
  });
})();
