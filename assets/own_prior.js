// The priors of "Your own data": fields to change them, and how much the answer depends on them.
globalThis.ownPrior = (() => {
  const { part, element, grid } = ownWords;
  const { show, interval } = ownResults;

  const ask = (kind, priors, compute) => {
    const names = Object.entries(kind.priorNames);
    const fields = names.map(([name, label]) => element("label", { textContent: `${label} ` },
      element("input", { name, inputMode: "decimal", value: Number(priors[name].toPrecision(6)) })));
    const button = element("button", { type: "button", textContent: "Compute with these priors" });
    const verdict = element("p", { role: "status" });
    button.addEventListener("click", () => {
      const field = (name) => part("prior").querySelector(`[name=${name}]`).value.trim();
      const given = Object.fromEntries(names.map(([name]) =>
        [name, field(name) ? Number(field(name).replace(",", ".").replace("\u2212", "-")) : NaN]));
      const bad = names.find(([name]) =>
        !Number.isFinite(given[name]) || (name !== "mean" && given[name] <= 0));
      verdict.textContent = bad
        ? `${bad[1]} has to be a ${bad[0] === "mean" ? "" : "positive "}number.` : "";
      if (!bad) compute(given);
    });
    const table = element("div", { className: "own-table" });
    if (!names.length) part("prior").replaceChildren(table);
    else {
      part("prior").replaceChildren(element("div", { className: "own-fields" }, ...fields),
        element("p", { className: "own-buttons" }, button), verdict, table);
    }
  };

  // The spread, and the estimate that was moved most, with each of some priors.
  const compare = async (kind, table, found, finish) => {
    const moved = table.raw.map((value, i) => Math.abs(found.groups.mean[i] - value));
    const most = moved.reduce((best, value, i) => (value > moved[best] ? i : best), 0);
    const [head, others] = kind.sensitivity(found.priors);
    const rows = [];
    for (const [name, priors] of others) {
      const same = JSON.stringify(priors) === JSON.stringify(found.priors);
      try {
        const result = same ? found : await finish(kind.compute(table, priors));
        if (!result) return;
        rows.push([name, show(result.spread.mean), interval(result.spread),
          show(result.groups.mean[most])]);
      } catch (problem) {
        rows.push([name, problem.message, "", ""]);
      }
    }
    part("prior").querySelector(".own-table").replaceChildren(
      grid([head, kind.symbol, "94% interval", `estimate of ${table.label[most]}`], rows));
  };

  return { ask, compare };
})();
