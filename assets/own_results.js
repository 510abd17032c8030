// What "Your own data" shows of a table and of what was computed: words, tables, charts.
globalThis.ownResults = (() => {
  const { part, words, withArticle, inWords, count, percent, digitsOf, element, paragraphs, grid } = ownWords;
  let table; // what was read: label, raw, size, and the columns of its kind
  let found; // what was computed of it
  let kind;

  const show = (value) => value.toFixed(digitsOf(found.spread.mean, found.within));
  const said = (lines) => lines.map((line) => inWords(line, kind.score));
  const interval = ({ lower, upper }, i) =>
    `${show(i === undefined ? lower : lower[i])} to ${show(i === undefined ? upper : upper[i])}`;

  const refuse = (problem, score = "score") => {
    for (const name of ["read", "dial", "funnel", "panels", "ranks", "pair", "cautions"]) {
      part(name).replaceChildren();
    }
    part("prior").querySelector(".own-table")?.replaceChildren();
    ownFiles.allow(false);
    part("status").replaceChildren(...paragraphs([`Not yet: ${inWords(problem.message, score)}`]));
  };

  // What every chart has to know.
  const subject = () => {
    const w = words();
    const values = kind.sizes(table);
    const alike = `all ${w.groups} ${kind.sizeWords(values[0], { count, show, ...w })}, by their ${kind.raw}`;
    const axis = ownCharts.axis(values, table.raw, {
      errors: kind.errors, title: kind.sizeTitle(w), alike,
    });
    return { ...w, axis, raw: table.raw, middle: found.middle.mean, title: kind.title(table.names),
      name: kind.raw };
  };

  const drawDial = () => {
    const { raw, size } = table;
    const middle = found.middle.mean;
    const order = [...size.keys()].sort((i, j) => size[i] - size[j]);
    const usual = size[order[(size.length - 1) >> 1]];
    const [least, most] = [order[0], order.at(-1)];
    const start = Math.round(100 * (usual / (usual + found.half)));
    const value = element("span", { className: "value" });
    const name = `How much ${words().groups} differ (sd)`;
    const range = element("input", {
      type: "range", ariaLabel: name, min: 0, max: 100, step: 1, value: start,
    });
    const picture = element("div");
    const sentence = element("p", { className: "live-chart-words", ariaLive: "polite" });
    const obey = () => {
      const share = Number(range.value) / 100;
      const half = usual * (1 - share) / share;
      const keeps = (i) => (share === 0 ? 0 : size[i] / (size[i] + half));
      const spread = share === 0 ? 0 : found.spreadOf(half);
      const estimates = raw.map((value, i) => middle + keeps(i) * (value - middle));
      picture.innerHTML = ownCharts.dial(subject(), estimates);
      value.textContent = Number.isFinite(spread) ? show(spread) : "no limit";
      range.setAttribute("aria-valuetext", value.textContent);
      const { group, groups, unit, units } = words();
      const own = kind.raw.replace("raw", "own");
      const sizeOf = (i) => kind.sizeWords(kind.sizes(table)[i], { count, show, unit, units });
      sentence.textContent = `If ${groups} differ by ${Number.isFinite(spread) ? show(spread)
        : "any amount"}, ${withArticle(group)} ${sizeOf(least)} keeps ${percent(keeps(least))} of its ${own}`
        + (size[least] === size[most] ? "."
          : `, and one ${sizeOf(most)} keeps ${percent(keeps(most))}.`);
    };
    range.addEventListener("input", obey);
    const again = element("button", { type: "button", textContent: "Start again" });
    again.addEventListener("click", () => { range.value = start; obey(); });
    const label = element("span", { className: "label", textContent: name });
    part("dial").replaceChildren(
      element("div", { className: "live-chart-controls" },
        element("label", {}, label, value, element("span", { className: "track" }, range)), again),
      picture, sentence);
    obey();
  };

  const drawPanels = () => {
    const what = subject();
    const ends = table.raw.map((_, i) => found.interval(i));
    const [low, high] = [0, 1].map((side) => ends.map((both) => both[side]));
    const { groups } = found;
    const range = ownCharts.ends(table.raw, low, high, groups.lower, groups.upper);
    part("funnel").innerHTML = ownCharts.funnel(what, found.band);
    part("panels").innerHTML = ownCharts.panel(what, table.raw, low, high, range, "raw")
      + ownCharts.panel(what, groups.mean, groups.lower, groups.upper, range, "pooled");
  };

  const ordered = () => [...table.label.keys()]
    .sort((a, b) => found.groups.mean[b] - found.groups.mean[a] || a - b);

  const drawRanks = () => {
    const sizes = kind.sizes(table);
    const rows = ordered().map((i, place) => [
      table.label[i], place + 1, kind.errors ? show(sizes[i]) : count(sizes[i]), show(table.raw[i]),
      show(found.groups.mean[i]), interval(found.groups, i), percent(found.ranks[i].kept),
      `${found.ranks[i].low} to ${found.ranks[i].high}`,
    ]);
    const heads = [words().group, "rank", kind.errors ? "standard error" : words().units, kind.raw,
      "estimate", "94% interval", `keeps of its ${kind.raw.replace("raw", "own")}`, "94% of ranks"];
    part("ranks").replaceChildren(grid(heads, rows));
  };

  const drawPair = () => {
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

  // A generator, as what computes: it yields between the parts.
  function* draw(read, computed) {
    [table, found, kind] = [read, computed, ownKinds[read.kind]];
    const w = words();
    const cases = kind.unit ? `, ${count(kind.sizes(table).reduce((a, b) => a + b, 0))} ${w.units}` : "";
    const size = `${count(table.label.length)} ${w.groups}${cases}`;
    const settings = found.settings(w);
    part("read").replaceChildren(
      ...paragraphs([`${size}.`, ...said(table.said)]),
      grid(["what was found", "mean", "94% interval"], settings.map(([name, symbol, of]) =>
        [`${name}, ${symbol}`, show(of.mean), interval(of)])),
      ...paragraphs([`Numerical error: below ${Math.max(found.error, 1e-9).toExponential(0)} of a `
        + "posterior standard deviation."]));
    for (const one of [drawDial, drawPanels, drawRanks, drawPair]) {
      yield 1;
      one();
    }
    const warned = found.warning ? [`${found.warning}.`] : [];
    const cautious = [...said(warned), ...ownCautions(table, w)]
      .map((sentence) => sentence.replace(/^[a-z]/, (letter) => letter.toUpperCase()));
    part("cautions").replaceChildren(...paragraphs(cautious.length ? cautious
      : ["Nothing in these numbers calls for another model."]));
    ownFiles.offer(table, found, ordered());
    const [, ...rest] = settings;
    part("status").replaceChildren(...paragraphs([`Done: ${size}. ${rest.map(([, symbol, of], i) =>
      `${symbol} ${i ? "" : "is "}${show(of.mean)}`).join(", ")}. The results are below.`]));
  }

  return { draw, refuse, show, interval };
})();
