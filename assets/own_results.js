// What "Your own data" shows of a table and of what was computed: words, tables, charts, files.
globalThis.ownResults = (() => {
  const part = (name) => document.querySelector(`[data-part="${name}"]`);
  let table; // what was read: label, n, mean, ss
  let found; // what was computed of it

  const plural = (word) => {
    const irregular = { child: "children", man: "men", person: "people", woman: "women" };
    const [, start, last] = /^(.*?)(\w*)$/s.exec(word);
    if (irregular[last.toLowerCase()]) return start + irregular[last.toLowerCase()];
    if (/ies$/i.test(last)) return word;
    if (/[^aeiou]y$/.test(last)) return `${word.slice(0, -1)}ies`;
    return word + (/(s|x|z|ch|sh)$/.test(last) ? "es" : "s");
  };
  const words = () => {
    const group = part("group").value.trim() || "group";
    const unit = part("unit").value.trim() || "case";
    return { group, groups: plural(group), unit, units: plural(unit) };
  };
  // The messages speak of schools and pupils; what they quote is spared.
  const inWords = (message) => {
    const { group, groups, unit, units } = words();
    const mine = { school: group, schools: groups, pupil: unit, pupils: units };
    return message.replace(/(?<!\w)'[^']*'|"[^"]*"|\b(schools?|pupils?)\b/g, (all, word) =>
      mine[word] ?? all);
  };
  const count = (number) => number.toLocaleString("en");
  const percent = (share) => `${(100 * share).toFixed(share > 0.1 && share < 0.9 ? 0 : 1)}%`;
  // As many decimals as matter beside the smaller spread.
  const digits = () => {
    const [alpha, y] = [found.sigmaAlpha.mean, found.sigmaY.mean];
    const least = Math.max(Math.min(alpha, y), 1e-3 * y);
    return Math.min(Math.max(1 - Math.floor(Math.log10(least)), 0), 8);
  };
  const show = (value) => value.toFixed(digits());

  const element = (tag, properties = {}, ...inside) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...inside);
    return made;
  };
  const paragraphs = (lines) => lines.map((line) => element("p", { textContent: line }));
  const grid = (heads, rows) => element("table", {},
    element("thead", {}, element("tr", {},
      ...heads.map((head) => element("th", { scope: "col", textContent: head })))),
    element("tbody", {}, ...rows.map(([first, ...rest]) => element("tr", {},
      element("th", { scope: "row", textContent: first }),
      ...rest.map((cell) => element("td", { textContent: cell }))))));

  // ---- the parts of the page ----

  const refuse = (problem) => {
    for (const name of ["dial", "funnel", "panels", "ranks", "pair", "cautions"]) {
      part(name).replaceChildren();
    }
    allowSaving(false);
    part("status").replaceChildren(...paragraphs([`Not yet: ${inWords(problem.message)}`]));
  };

  const titles = () => [`${words().units} in the ${words().group}`, part("score").value || "mean"];

  const drawDial = () => {
    const { n, mean } = table;
    const mu = found.mu.mean;
    const sorted = [...n].sort((a, b) => a - b);
    const middle = sorted[(n.length - 1) >> 1];
    const own = found.sigmaAlpha.mean;
    const start = Math.round(100 * (middle / (middle + (found.sigmaY.mean / own) ** 2)));
    const output = element("output");
    const range = element("input", { type: "range", min: 0, max: 100, step: 1, value: start });
    const picture = element("div");
    const sentence = element("p", { className: "live-chart-words", ariaLive: "polite" });
    const obey = () => {
      const share = Number(range.value) / 100;
      const keeps = (size) =>
        (share === 1 ? 1 : size / (size + (middle * (1 - share)) / share));
      const spread = found.sigmaY.mean * Math.sqrt(share / (1 - share) / middle);
      const estimates = n.map((size, i) => mu + keeps(size) * (mean[i] - mu));
      picture.innerHTML = ownCharts.dial(table, estimates, mu, titles());
      output.textContent = share === 1 ? "no limit" : show(spread);
      range.setAttribute("aria-valuetext", output.textContent);
      const { group, groups } = words();
      sentence.textContent = `If ${groups} differ by ${share === 1 ? "any amount" : show(spread)}, `
        + `a ${group} of ${count(sorted[0])} keeps ${percent(keeps(sorted[0]))} of its own mean, and `
        + `one of ${count(sorted.at(-1))} keeps ${percent(keeps(sorted.at(-1)))}.`;
    };
    range.addEventListener("input", obey);
    const again = element("button", { type: "button", textContent: "Start again" });
    again.addEventListener("click", () => { range.value = start; obey(); });
    const label = element("span", {
      className: "label", textContent: `How much ${words().groups} differ (sd)`,
    });
    part("dial").replaceChildren(
      element("div", { className: "live-chart-controls" },
        element("label", {}, label, output, element("span", { className: "track" }, range)), again),
      picture, sentence);
    obey();
  };

  const drawPanels = () => {
    const { n, mean } = table;
    const mu = found.mu.mean;
    const half = n.map((size) => (1.8808 * found.sigmaY.mean) / Math.sqrt(size));
    const low = mean.map((value, i) => value - half[i]);
    const high = mean.map((value, i) => value + half[i]);
    const { schools } = found;
    const range = ownCharts.ends(low, high, schools.lower, schools.upper);
    part("funnel").innerHTML = ownCharts.funnel(table, mu, found.sigmaY.mean, titles());
    part("panels").innerHTML =
      ownCharts.panel(table, mean, low, high, range, mu, titles(), "raw")
      + ownCharts.panel(table, schools.mean, schools.lower, schools.upper, range, mu, titles(), "pooled");
  };

  const ordered = () => [...table.n.keys()]
    .sort((a, b) => found.schools.mean[b] - found.schools.mean[a] || a - b);
  const interval = (of, i) => `${show(of.lower[i])} to ${show(of.upper[i])}`;

  const drawRanks = () => {
    const rows = ordered().map((i, place) => [
      table.label[i], place + 1, count(table.n[i]), show(table.mean[i]), show(found.schools.mean[i]),
      interval(found.schools, i), percent(found.ranks[i].kept),
      `${found.ranks[i].low} to ${found.ranks[i].high}`,
    ]);
    const heads = [words().group, "rank", words().units, "raw mean", "estimate", "94% interval",
      "keeps of its own mean", "94% of ranks"];
    part("ranks").replaceChildren(grid(heads, rows));
    const choose = (name, start) => {
      const select = element("select", { ariaLabel: name });
      ordered().forEach((i, place) => select.append(element("option", {
        value: i, textContent: table.label[i], selected: place === start,
      })));
      return select;
    };
    const [one, other] = [choose("the first", 0), choose("the second", 1)];
    const verdict = element("p", { role: "status" });
    const tell = () => {
      const [i, j] = [Number(one.value), Number(other.value)];
      if (i === j) {
        verdict.textContent = `Choose two different ${words().groups}.`;
        return;
      }
      const above = found.probabilityAbove(i, j);
      const sure = Math.max(above, 1 - above);
      const [high, low] = above >= 0.5 ? [i, j] : [j, i];
      verdict.textContent = `${table.label[high]} lies above ${table.label[low]} with a probability `
        + `of ${percent(sure)}: ${sure > 0.97 ? "these two can be told apart" : "these two can't be "
        + "told apart with the 97% that the book asks for"}.`;
    };
    one.addEventListener("change", tell);
    other.addEventListener("change", tell);
    part("pair").replaceChildren(
      element("p", { className: "own-fields" }, one, " and ", other), verdict);
    tell();
  };

  const draw = (read, computed) => {
    [table, found] = [read, computed];
    const total = table.n.reduce((a, b) => a + b, 0);
    const w = words();
    const { mu, sigmaAlpha, sigmaY } = found;
    const row = (name, symbol, of) => [`${name}, ${symbol}`, show(of.mean),
      `${show(of.lower)} to ${show(of.upper)}`];
    part("read").replaceChildren(
      ...paragraphs([`${count(table.n.length)} ${w.groups}, ${count(total)} ${w.units}.`,
        ...table.said.map(inWords)]),
      grid(["what was found", "mean", "94% interval"], [
        row(`mean of the ${w.groups}`, "μ", mu), row(`sd of the ${w.groups}`, "σ_α", sigmaAlpha),
        row(`sd of ${w.units} within`, "σ_y", sigmaY)]),
      ...paragraphs([`Numerical error: below ${Math.max(found.error, 1e-9).toExponential(0)} of a `
        + "posterior standard deviation."]));
    drawDial();
    drawPanels();
    drawRanks();
    const warned = found.warning ? [`${found.warning}.`] : [];
    const cautious = [...warned, ...ownCautions(table, w)].map(inWords)
      .map((sentence) => sentence[0].toUpperCase() + sentence.slice(1));
    part("cautions").replaceChildren(...paragraphs(cautious.length ? cautious
      : ["Nothing in these numbers calls for another model."]));
    allowSaving(true);
    part("status").replaceChildren(...paragraphs([`Done: ${count(table.n.length)} ${w.groups}, `
      + `${count(total)} ${w.units}. σ_α is ${show(sigmaAlpha.mean)}, σ_y ${show(sigmaY.mean)}. The `
      + "results are below."]));
  };

  // ---- files ----

  const save = (name, text, type) => {
    const link = element("a", { download: name });
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  // A spreadsheet would take a label that begins so for a formula.
  const cell = (value) => {
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : `${value}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const saveTable = () => {
    const rows = ordered().map((i, place) => {
      const { mean, sd, lower, upper } = found.schools;
      const { low, high, kept } = found.ranks[i];
      return [table.label[i], table.n[i], table.mean[i], mean[i], sd[i], lower[i], upper[i],
        kept.toFixed(3), place + 1, low, high];
    });
    const heads = [words().group, "n", "raw", "mean", "sd", "lower", "upper", "weight", "rank",
      "rank_lower", "rank_upper"];
    save("partial_pooling.csv", [heads, ...rows].map((row) => row.map(cell).join(",")).join("\n"),
      "text/csv");
  };
  const saveFigure = () => {
    const charts = [...part("panels").querySelectorAll(":scope > div > svg")];
    const heights = charts.map((chart) => Number(chart.getAttribute("height")));
    const inside = charts.map((chart, k) => `<svg x="50" y="${20 + (k ? heights[0] + 20 : 0)}" `
      + `width="600" height="${heights[k]}" overflow="visible">${chart.innerHTML}</svg>`).join("");
    const high = heights.reduce((a, b) => a + b, 60);
    save("partial_pooling.svg", `<svg xmlns="http://www.w3.org/2000/svg" width="700" height="${high}" `
      + `font-family="sans-serif" font-size="13"><rect width="700" height="${high}" fill="white"/>`
      + `${inside}</svg>`, "image/svg+xml");
  };
  const saves = [...part("save").querySelectorAll("button")];
  [saveTable, saveFigure].forEach((deed, i) => saves[i].addEventListener("click", deed));
  const allowSaving = (allowed) => saves.forEach((button) => { button.disabled = !allowed; });

  return { draw, refuse, element, grid, show, count };
})();
