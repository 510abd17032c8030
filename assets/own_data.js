// "Your own data": a table is read and computed. reader.js reads it; posterior.js and its neighbours
// have the numbers; the other own_*.js show them. Nothing leaves the page.
(() => {
  const home = document.querySelector("#own-data");
  if (!home) return;
  const { part, element, count } = ownWords;
  const { begin, newest, rest, finish, places } = ownCompute;
  const form = part("text").form;
  const examples = JSON.parse(home.dataset.examples);
  let table; // what was read
  let found; // what was computed of it
  let source = { name: "", content: "" };
  let chosen = false; // the kind of row, by the reader
  let example; // whose words the fields hold

  // ---- reading ----

  const kindNow = () => form.elements.kind.value;
  const pick = (role) => part("columns").querySelector(`[data-part=${role}]`);
  // The fields for the columns of this kind, with the columns that are likely meant.
  const askColumns = (kind, { names, guesses }) => {
    part("unit").closest("label").hidden = !ownKinds[kind].unit;
    part("columns").replaceChildren(...Object.entries(ownKinds[kind].columns).map(([role, label]) => {
      const select = element("select", {}, ...names.map((name) =>
        element("option", { textContent: name })));
      select.dataset.part = role;
      select.value = guesses[kind][role];
      select.addEventListener("change", () => start());
      return element("label", {}, `${label} `, select);
    }));
  };
  // What the names of the columns say counts; if they say nothing, what was chosen last.
  const look = (keep) => {
    const seen = tableReader.columnsOf(source.content, source.name);
    const said = seen.kind !== "rows" && ownKinds[seen.kind];
    if (!keep && (said || !chosen)) form.elements.kind.value = said ? seen.kind : "rows";
    askColumns(kindNow(), seen);
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
        + "with two pupils or more. If a row is a school, and not a pupil, choose another kind of "
        + "row at the top");
    }
    if (labels.every((label, i) => first.get(label) === scores[i])) {
      throw new Error("all pupils of each school have the same score: there is no spread within");
    }
  };
  const read = async () => {
    const kind = kindNow();
    const names = Object.fromEntries(Object.keys(ownKinds[kind].columns)
      .map((role) => [role, pick(role).value]));
    const how = { name: source.name, decimal: part("decimal").value };
    if (kind !== "rows") {
      const found = tableReader.readGroups(source.content, { ...how, kind, columns: names });
      return { ...ownKinds[kind].table(found), kind, names };
    }
    const rows = tableReader.readScores(source.content, { ...how, ...names });
    refuseWithoutSpread(rows);
    await rest();
    const summary = { ...tableReader.summarise(rows), said: rows.said };
    return { ...ownKinds.rows.table(summary), values: rows.scores, kind, names };
  };

  // ---- computing ----

  // A table of noughts and ones, counted: a row a group, with its passes and trials.
  const counted = () => {
    const rows = table.label.map((label, i) =>
      `"${label.replaceAll('"', '""')}",${Math.round(table.n[i] * table.mean[i])},${table.n[i]}`);
    const text = ["label,passes,trials", ...rows].join("\n");
    take("the table, counted", text, text);
  };
  function* show() {
    yield* ownResults.draw(table, found);
    if (!table.values?.every((value) => value === 0 || value === 1)) return;
    const button = element("button", { type: "button", textContent: "Count passes and trials" });
    button.addEventListener("click", counted);
    part("cautions").append(element("p", { className: "own-buttons" }, button));
  }

  const compute = async (priors) => {
    const mine = begin();
    const kind = ownKinds[table.kind];
    const work = (steps) => finish(steps, mine);
    Object.assign(part("progress"), { hidden: false, value: 0 });
    try {
      const posterior = await work(kind.compute(table, priors));
      const ranks = posterior && await work(places(posterior, table.size));
      if (!ranks) return;
      found = { ...posterior, ranks, priors };
      await work(show());
      if (!newest(mine)) return;
      await ownPrior.compare(kind, table, found, work);
    } catch (problem) {
      found = undefined;
      ownResults.refuse(problem, kind.score);
    } finally {
      if (newest(mine)) part("progress").hidden = true;
    }
  };

  // ---- the form ----

  // `fresh`: another table, or ("kind") another kind of row. Then its columns are guessed.
  const start = async (fresh) => {
    const mine = begin();
    part("status").replaceChildren();
    try {
      if (fresh) {
        look(fresh === "kind");
        await rest();
        if (!newest(mine)) return;
      }
      if (!pick("label")) look(true);
      for (const one of document.querySelectorAll("[data-kind]")) {
        one.hidden = !one.dataset.kind.split(" ").includes(kindNow());
      }
      const seen = await read();
      if (!newest(mine)) return;
      [table, found] = [seen, undefined];
      const priors = ownKinds[table.kind].priors(table);
      ownPrior.ask(ownKinds[table.kind], priors, compute);
      compute(priors);
    } catch (problem) {
      if (!newest(mine)) return;
      found = undefined;
      part("progress").hidden = true;
      part("prior").replaceChildren();
      ownResults.refuse(problem, ownKinds[kindNow()].score);
    }
  };
  // A field of thousands of lines would hold the page up: such a text is kept, and not shown.
  const take = (name, content, shown) => {
    source = { name, content };
    part("text").value = shown.length > 10_000 ? "" : shown;
    part("text").placeholder = part("text").value ? "" : `${name} (${count(content.length)} bytes)`;
    start("table");
  };
  // The words of an example say nothing of the reader's own table.
  const forget = () => {
    if (example) [part("group").value, part("unit").value] = ["group", "case"];
    example = undefined;
  };
  const open = async (file) => {
    forget();
    take(file.name, new Uint8Array(await file.arrayBuffer()), "");
  };
  part("text").addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text");
    if (text.length <= 10_000) return;
    event.preventDefault();
    forget();
    take("the table", text, text);
  });
  part("text").addEventListener("input", () => {
    forget();
    source = { name: "the table", content: part("text").value };
    start("table");
  });
  part("file").addEventListener("change", ({ target }) => target.files[0] && open(target.files[0]));
  for (const choice of form.elements.kind) {
    choice.addEventListener("change", () => { chosen = true; start("kind"); });
  }
  part("decimal").addEventListener("change", () => start());
  for (const name of ["group", "unit"]) {
    // At each key: a change that waited for the next click would take what was clicked away.
    part(name).addEventListener("input", () => {
      example = undefined;
      if (found) Array.from(show());
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    start();
  });
  for (const target of [form, document.body]) {
    target.addEventListener("dragover", (event) => event.preventDefault());
    target.addEventListener("drop", (event) => {
      event.preventDefault();
      event.stopPropagation();
      if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
    });
  }
  const load = (one) => {
    const { name, text, group, unit } = example = one;
    part("group").value = group;
    part("unit").value = unit;
    part("decimal").value = "";
    chosen = false;
    take(name, text, text);
  };
  part("examples").append(...examples.map((example) => {
    const button = element("button", { type: "button", textContent: example.name });
    button.addEventListener("click", () => load(example));
    return button;
  }));
  load(examples[0]);
})();
