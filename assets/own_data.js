// "Your own data": a table is read and computed. reader.js reads it, posterior.js has the numbers,
// own_results.js shows them. Nothing leaves the page.
(() => {
  const home = document.querySelector("#own-data");
  if (!home) return;
  const { draw, refuse, element, grid, show, count } = ownResults;
  const part = (name) => document.querySelector(`[data-part="${name}"]`);
  const form = part("text").form;
  const examples = JSON.parse(home.dataset.examples);
  const DRAWS = 1000; // for the places in the ranking
  let table; // what was read: label, n, mean, ss, and the values where each row is a case
  let found; // what was computed of it
  let source = { name: "", content: "" };
  let turn = 0; // a newer computation ends an older one

  // ---- reading ----

  const fill = (select, names, chosen) => {
    select.replaceChildren(...names.map((name) => element("option", { textContent: name })));
    select.value = chosen;
  };
  const look = () => {
    const kinds = tableReader.columnsOf(source.content, source.name);
    const groups = kinds.kind === "groups";
    for (const name of ["label", "score"]) part(name).closest("label").hidden = groups;
    fill(part("label"), kinds.names, kinds.guessLabel);
    fill(part("score"), kinds.names, kinds.guessScore);
    return groups;
  };
  // From the values: a sum of squares may hold rounding noise instead of 0.
  const refuseWithoutSpread = ({ labels, scores }) => {
    if (scores.every((score) => score === scores[0])) {
      const equal = Number(scores[0].toPrecision(6));
      throw new Error(`all scores are equal (${equal}): there is nothing to explain`);
    }
    const first = new Map();
    labels.forEach((label, i) => first.has(label) || first.set(label, scores[i]));
    if (first.size > 1 && first.size === labels.length) {
      throw new Error("every school has one pupil alone, and the spread within schools needs one "
        + "with two pupils or more. Where each row is a mean already, a model with known standard "
        + "errors suits it");
    }
    if (labels.every((label, i) => first.get(label) === scores[i])) {
      throw new Error("all pupils of each school have the same score: there is no spread within");
    }
  };
  const read = (groups) => {
    const how = { name: source.name, decimal: part("decimal").value };
    if (groups) return tableReader.readCounts(source.content, how);
    [how.label, how.score] = [part("label").value, part("score").value];
    const rows = tableReader.readScores(source.content, how);
    refuseWithoutSpread(rows);
    return { ...tableReader.summarise(rows), values: rows.scores, said: rows.said };
  };
  // Of all cases, whether their rows are there or not.
  const overall = ({ n, mean, ss }) => {
    const total = n.reduce((a, b) => a + b, 0);
    const centre = n.reduce((sum, size, i) => sum + size * mean[i], 0) / total;
    const squares = n.reduce((sum, size, i) => sum + ss[i] + size * (mean[i] - centre) ** 2, 0);
    return { total, centre, sd: Math.sqrt(squares / (total - 1)) };
  };

  // ---- computing ----

  // One step of work at a time, so that the page stays alive; null if something newer began.
  const finish = async (work, mine) => {
    let last = performance.now();
    for (;;) {
      const { value, done } = work.next();
      if (done) return value;
      if (performance.now() - last > 30) {
        part("progress").value = value;
        await new Promise((go) => { setTimeout(go); });
        if (mine !== turn) return null;
        last = performance.now();
      }
    }
  };

  // Uniform numbers from a seed: the same table has the same places each time.
  const uniform = (seed) => () => {
    seed = (seed + 0x9e3779b9) | 0; // Weyl's sequence, mixed
    let mixed = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
    return (((mixed ^ (mixed >>> 16)) >>> 0) + 0.5) / 4294967296;
  };

  function* places(posterior, size) {
    const random = uniform(1);
    const ranks = Array.from({ length: size }, () => new Int32Array(DRAWS));
    const kept = new Float64Array(size); // what a group keeps of its own mean, on average
    for (let k = 0; k < DRAWS; k += 1) {
      const { schools, sigmaAlpha, sigmaY } = posterior.draw(random);
      const order = Array.from(schools.keys()).sort((a, b) => schools[b] - schools[a] || a - b);
      order.forEach((school, place) => { ranks[school][k] = place + 1; });
      const ratio = (sigmaY / sigmaAlpha) ** 2;
      table.n.forEach((n, i) => { kept[i] += n / (n + ratio) / DRAWS; });
      yield k / DRAWS;
    }
    const end = (share) => Math.round(share * (DRAWS - 1));
    return ranks.map((mine, i) => {
      mine.sort();
      return { low: mine[end(0.03)], high: mine[end(0.97)], kept: kept[i] };
    });
  }

  const priorOf = () => Object.fromEntries(["mean", "sd", "sigmaAlphaMean", "sigmaYMean"]
    .map((name) => [name, Number(part("prior").querySelector(`[name=${name}]`).value)]));

  const compute = async (priors) => {
    turn += 1;
    const mine = turn;
    part("progress").hidden = false;
    try {
      const posterior = await finish(partialPooling.exactPosterior(table, priors), mine);
      if (!posterior) return;
      const ranks = await finish(places(posterior, table.n.length), mine);
      if (!ranks) return;
      found = { ...posterior, ranks, priors };
      draw(table, found);
      await compareTo(priors, mine);
    } catch (problem) {
      found = undefined;
      refuse(problem);
    } finally {
      if (mine === turn) part("progress").hidden = true;
    }
  };

  // ---- the prior ----

  // How much the answer depends on the prior of σ_α: a third of its mean, and three times.
  const compareTo = async (priors, mine) => {
    const rows = [];
    const moved = table.mean.map((value, i) => Math.abs(found.schools.mean[i] - value));
    const most = moved.reduce((best, value, i) => (value > moved[best] ? i : best), 0);
    for (const [name, times] of [["a third of it", 1 / 3], ["as above", 1], ["three times", 3]]) {
      const other = { ...priors, sigmaAlphaMean: priors.sigmaAlphaMean * times };
      const result = times === 1 ? found
        : await finish(partialPooling.exactPosterior(table, other), mine);
      if (!result) return;
      rows.push([name, show(result.sigmaAlpha.mean),
        `${show(result.sigmaAlpha.lower)} to ${show(result.sigmaAlpha.upper)}`,
        show(result.schools.mean[most])]);
    }
    part("prior").querySelector(".own-table").replaceChildren(grid(
      ["prior mean of σ_α", "σ_α", "94% interval", `estimate of ${table.label[most]}`], rows));
  };

  const askPriors = (priors) => {
    const names = {
      mean: "Mean of μ", sd: "Sd of μ", sigmaAlphaMean: "Mean of σ_α", sigmaYMean: "Mean of σ_y",
    };
    const fields = Object.entries(names).map(([name, label]) => element("label", {
      textContent: `${label} `,
    }, element("input", { name, inputMode: "decimal", value: Number(priors[name].toPrecision(6)) })));
    const button = element("button", { type: "button", textContent: "Compute with these priors" });
    button.addEventListener("click", () => compute(priorOf()));
    part("prior").replaceChildren(element("div", { className: "own-fields" }, ...fields),
      element("p", { className: "own-buttons" }, button), element("div", { className: "own-table" }));
  };

  // ---- the form ----

  const start = (again) => {
    turn += 1;
    try {
      const groups = again ? part("label").closest("label").hidden : look();
      table = read(groups);
      const { centre, sd } = overall(table);
      const priors = { mean: centre, sd: 2.5 * sd, sigmaAlphaMean: sd, sigmaYMean: sd };
      askPriors(priors);
      compute(priors);
    } catch (problem) {
      found = undefined;
      refuse(problem);
    }
  };
  const typed = () => { source = { name: "the table", content: part("text").value }; };
  // A field of thousands of lines would hold the page up: such a text is kept, and not shown.
  const take = (name, content, shown) => {
    source = { name, content };
    part("text").value = shown.length > 10_000 ? "" : shown;
    part("text").placeholder = part("text").value ? "" : `${name} (${count(content.length)} bytes)`;
    start(false);
  };
  const open = async (file) =>
    take(file.name, new Uint8Array(await file.arrayBuffer()), "");
  part("text").addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text");
    if (text.length <= 10_000) return;
    event.preventDefault();
    take("the table", text, text);
  });
  part("text").addEventListener("input", () => { typed(); start(false); });
  part("file").addEventListener("change", ({ target }) => target.files[0] && open(target.files[0]));
  for (const name of ["label", "score", "decimal"]) {
    part(name).addEventListener("change", () => start(true));
  }
  for (const name of ["group", "unit"]) {
    // At each key: a change that waited for the next click would take what was clicked away.
    part(name).addEventListener("input", () => found && draw(table, found));
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start(true);
  });
  for (const target of [form, document.body]) {
    target.addEventListener("dragover", (event) => event.preventDefault());
    target.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
    });
  }
  const load = ({ name, text, group, unit }) => {
    part("group").value = group;
    part("unit").value = unit;
    part("decimal").value = "";
    take(name, text, text);
  };
  part("examples").append(...examples.map((example) => {
    const button = element("button", { type: "button", textContent: example.name });
    button.addEventListener("click", () => load(example));
    return button;
  }));
  load(examples[0]);
})();
