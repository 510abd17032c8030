// Moves the marks that charts.py has drawn, and rewrites the sentence below them.
(() => {
  const percent = (share) => `${(100 * share).toFixed(0)}%`;
  const one = (value) => value.toFixed(1);
  const two = (value) => value.toFixed(2);
  const set = (mark, places) =>
    Object.entries(places).forEach(([name, place]) => mark.setAttribute(name, place));

  // A function a kind: it looks at the controls, moves the marks, and returns its words.
  const kinds = {
    dial(figure, values, { position }) {
      const { height, mu, sigma_y, small, middle, large, n, mean, here, named, up, group, groups } = values;
      const share = position / 100;
      const spread = sigma_y * Math.sqrt(share / (1 - share) / middle);
      const keeps = (size) => (share === 1 ? 1 : size / (size + (middle * (1 - share)) / share));
      const estimate = (i) => keeps(n[i]) * mean[i] + (1 - keeps(n[i])) * mu;
      const y = (value) => (height * (up[1] - value)) / (up[1] - up[0]);
      figure.querySelectorAll(".stem").forEach((stem, i) => stem.setAttribute("y2", y(estimate(i))));
      figure.querySelectorAll(".stem ~ .dot").forEach((dot, i) => dot.setAttribute("cy", y(estimate(i))));
      const differ = share === 0 ? "do not differ at all"
        : share === 1 ? "have nothing in common" : `differ by ${one(spread)} points`;
      return {
        position: share === 1 ? "no limit" : `${one(spread)} points`,
        words: `If ${groups} ${differ}, a ${group} of ${small} keeps ${percent(keeps(small))} of its own `
          + `mean and one of ${large} keeps ${percent(keeps(large))}. `
          + `${group[0].toUpperCase()}${group.slice(1)} ${named}: ${one(mean[here])} becomes ${one(estimate(here))}.`,
      };
    },

    microscope(figure, { height, mu, sigma_y, low, high, top }, { n, mean, sigma_alpha }) {
      const weight = n / (n + (sigma_y / sigma_alpha) ** 2);
      const centre = weight * mean + (1 - weight) * mu;
      const sd = sigma_alpha * Math.sqrt(1 - weight);
      const curves = [[mu, sigma_alpha], [mean, sigma_y / Math.sqrt(n)], [centre, sd]];
      figure.querySelectorAll(".curve").forEach((curve, i) => {
        const [middle, width] = curves[i];
        const points = Array.from({ length: 201 }, (_, step) => {
          const z = (low + ((high - low) * step) / 200 - middle) / width;
          const density = Math.exp((-z * z) / 2) / (width * Math.sqrt(2 * Math.PI));
          return `${step / 2} ${(height * (1 - Math.min(density / top, 1))).toFixed(1)}`;
        });
        curve.setAttribute("d", `M${points.join("L")}`);
      });
      return {
        n: `${n}`,
        mean: `${one(mean)} points`,
        sigma_alpha: `${one(sigma_alpha)} points`,
        words: `The school keeps ${percent(weight)} of its own mean: ${two(weight)} × `
          + `${one(mean)} + ${two(1 - weight)} × ${one(mu)} = ${one(centre)} points, `
          + `with an sd of ${one(sd)}.`,
      };
    },

    planner(figure, { height, sigma_y, most, up }, { groups, size, sigma_alpha }) {
      const keeps = (n) => n / (n + (sigma_y / sigma_alpha) ** 2);
      const raw = (n) => sigma_y / Math.sqrt(n);
      const pooled = (n) =>
        sigma_alpha * Math.sqrt(1 - keeps(n) + (1 - keeps(n)) ** 2 / keeps(n) / groups);
      const x = (n) => 100 * Math.sqrt(n / most);
      const y = (value) => (height * (up[1] - value)) / (up[1] - up[0]);
      const pupils = Array.from({ length: Math.round(most / 1.02) - 1 }, (_, step) => step + 2);
      figure.querySelectorAll(".curve").forEach((curve, i) => {
        const points = pupils.map((n) => `${x(n).toFixed(2)} ${y([raw, pooled][i](n)).toFixed(1)}`);
        curve.setAttribute("d", `M${points.join("L")}`);
      });
      const [stem, ring, dot] = figure.querySelectorAll(".stem, .stem ~ circle");
      const [at, top, end] = [`${x(size)}%`, y(raw(size)), y(pooled(size))];
      set(stem, { x1: at, x2: at, y1: top, y2: end });
      set(ring, { cx: at, cy: top });
      set(dot, { cx: at, cy: end });
      const between = (sigma_alpha ** 2 / keeps(size)) ** 2 / (groups - 1);
      const within = (sigma_y ** 2 / size) ** 2 / (groups * (size - 1));
      const error = Math.sqrt(2 * (between + within)) / (2 * sigma_alpha);
      const order = 0.5 + Math.asin(Math.sqrt(keeps(size))) / Math.PI;
      return {
        groups: `${groups}`,
        size: `${size}`,
        sigma_alpha: `${one(sigma_alpha)} points`,
        words: `A raw mean is typically off by ${two(raw(size))} points, a pooled one by `
          + `${two(pooled(size))}. The standard error of σ_α is ${two(error)} points. In `
          + `${percent(order)} of pairs, the school with the higher estimate is the better school.`,
      };
    },

    comparison(figure, { label, n, x, y, raw, pooled, truth }, { school }) {
      const picked = figure.querySelector(".picked");
      const [line, ring, dot] = picked.querySelectorAll("line, circle");
      const [top, end, level] = y[school];
      set(line, { x1: x[school], x2: x[school], y1: top, y2: end });
      set(ring, { cx: x[school], cy: top });
      set(dot, { cx: x[school], cy: end });
      set(picked.querySelector(".tick"), { x: x[school], y: level });
      const name = picked.querySelector("text");
      // Where there is no room at its right, the name stands at the left.
      const left = parseFloat(x[school]) > 75;
      set(name, { x: x[school], y: top, dx: left ? -12 : 12, "text-anchor": left ? "end" : "start" });
      name.textContent = `school ${label[school]}`;
      const gain = Math.abs(raw[school] - truth[school]) - Math.abs(pooled[school] - truth[school]);
      const moved = Math.abs(gain) < 0.05 ? "no nearer to" : gain > 0 ? "nearer to" : "farther from";
      return {
        words: `School ${label[school]}, ${n[school]} pupils: raw mean ${one(raw[school])}, estimate `
          + `${one(pooled[school])}, truth ${one(truth[school])}. Pooling brought it ${moved} the truth.`,
      };
    },

    ranks(figure, { label, n, orders, still, named, all }, { draw }) {
      const rows = [...figure.querySelectorAll("tbody tr")];
      const seen = orders.map((order) => order.slice(0, draw));
      orders.forEach((order, way) => {
        const shown = draw ? order[draw - 1] : still[way].order;
        rows.forEach((row, place) => {
          const school = shown[place];
          const led = seen[way].filter(([first]) => first === school).length;
          const [who, note] = row.querySelectorAll("td")[way].children;
          row.querySelectorAll("td")[way].classList.toggle("named", school === named);
          who.textContent = `${label[school]} (${n[school]})`;
          note.textContent = !draw ? still[way].notes[place] : led ? `led ${led} of ${draw}` : "";
        });
      });
      const leaders = seen.map((some) => new Set(some.map(([first]) => first)).size);
      const ends = seen.map((some) => {
        const places = some.map((order) => order.indexOf(named) + 1);
        const [best, worst] = [Math.min(...places), Math.max(...places)];
        return best === worst ? `place ${best}` : `places ${best} to ${worst}`;
      });
      const have = leaders[0] === 1 ? "1 school has" : `${leaders[0]} different schools have`;
      return {
        draw: draw ? `${draw} of ${orders[0].length}` : "all at once",
        words: draw === 0 ? all
          : `Draw ${draw}. So far ${have} led without pooling, ${leaders[1]} with it. School `
            + `${label[named]} stood at ${ends[0]} without pooling, at ${ends[1]} with it.`,
      };
    },
  };

  document.querySelectorAll(".live-chart:not([data-alive])").forEach((figure) => {
    const values = JSON.parse(figure.dataset.values);
    const form = figure.querySelector("form");
    const words = figure.querySelector(".live-chart-words");
    const controls = [...form.querySelectorAll("input, select")];
    const obey = () => {
      const chosen = Object.fromEntries(controls.map(({ name, value }) => [name, Number(value)]));
      const said = kinds[figure.dataset.kind](figure, values, chosen);
      if (words.textContent !== said.words) words.textContent = said.words;
      controls.filter(({ type }) => type === "range").forEach((control) => {
        control.closest("label").querySelector(".value").textContent = said[control.name];
        control.setAttribute("aria-valuetext", said[control.name]);
      });
    };
    form.addEventListener("input", obey);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(obey)); // after the controls are back
    // A chart in motion: one step a second, until it is paused or at its end.
    const play = figure.querySelector("[value=play]");
    let playing;
    const pause = () => {
      clearInterval(playing);
      playing = undefined;
      words.setAttribute("aria-live", "polite");
      if (play) play.textContent = "Play";
    };
    const step = () => {
      controls[0].stepUp();
      obey();
      if (controls[0].value === controls[0].max) pause();
    };
    form.addEventListener("input", pause);
    form.addEventListener("reset", pause);
    form.addEventListener("click", ({ target }) => {
      if (target.type !== "button") return;
      if (target !== play) pause();
      if (target === play && !playing) {
        if (controls[0].value === controls[0].max) controls[0].value = 0;
        playing = setInterval(step, 1000);
        play.textContent = "Pause";
        words.setAttribute("aria-live", "off"); // else it would be read out every second
        step();
      } else if (target === play) {
        pause();
      } else if (target.value === "step") {
        step();
      } else {
        controls[0].value = target.value;
        obey();
      }
    });
    figure.dataset.alive = "";
    obey();
  });
})();
