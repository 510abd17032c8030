// What "Your own data" gives to take home: the table and the figure, made in the page.
globalThis.ownFiles = (() => {
  const { part, words } = ownWords;
  let given; // the table, what was computed of it, and the order of the groups

  const save = (name, text, type) => {
    const link = document.createElement("a");
    link.download = name;
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
    const { table, found, order } = given;
    const own = ownKinds[table.kind].columnsToSave(table);
    const rows = order.map((i, place) => {
      const { mean, sd, lower, upper } = found.groups;
      const { low, high, kept } = found.ranks[i];
      return [table.label[i], ...Object.values(own).map((column) => column[i]), table.raw[i], mean[i],
        sd[i], lower[i], upper[i], kept.toFixed(3), place + 1, low, high];
    });
    const heads = [words().group, ...Object.keys(own), "raw", "mean", "sd", "lower", "upper", "weight",
      "rank", "rank_lower", "rank_upper"];
    save("partial_pooling.csv", [heads, ...rows].map((row) => row.map(cell).join(",")).join("\n"),
      "text/csv");
  };
  const saveFigure = () => {
    const charts = [...part("panels").querySelectorAll(":scope > div > svg")];
    const heights = charts.map((chart) => Number(chart.getAttribute("height")));
    const inside = charts.map((chart, k) => `<svg x="70" y="${20 + (k ? heights[0] + 20 : 0)}" `
      + `width="600" height="${heights[k]}" overflow="visible">${chart.innerHTML}</svg>`).join("");
    const high = heights.reduce((a, b) => a + b, 60);
    save("partial_pooling.svg", `<svg xmlns="http://www.w3.org/2000/svg" width="700" height="${high}" `
      + `font-family="sans-serif" font-size="13"><rect width="700" height="${high}" fill="white"/>`
      + `${inside}</svg>`, "image/svg+xml");
  };
  const saves = () => [...part("save").querySelectorAll("button")];
  const allow = (allowed) => saves().forEach((button) => { button.disabled = !allowed; });
  const offer = (table, found, order) => {
    given = { table, found, order };
    allow(true);
  };
  if (document.querySelector("#own-data")) {
    [saveTable, saveFigure].forEach((deed, i) => saves()[i].addEventListener("click", deed));
  }

  return { allow, offer };
})();
