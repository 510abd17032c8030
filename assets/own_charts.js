// The charts of "Your own data", drawn as those of Part I are: horizontal places are shares of the
// width, so that text keeps its size on a phone. The colours are those of helpers/choices.py.
globalThis.ownCharts = (() => {
  const COLOURS = { raw: "#D55E00", pooled: "#0072B2", complete: "#009E73", muted: "#636363" };
  const ABOVE = 54;
  const BELOW = 44;
  const RING = 4.5;

  const scale = (low, high, bend = (x) => x) => {
    const share = (x) => (bend(x) - bend(low)) / (bend(high) - bend(low));
    return { low, high, across: (x) => `${(100 * share(x)).toFixed(2)}%`, share };
  };

  // Round numbers between two ends: about so many.
  const ticks = (low, high, about = 5) => {
    const size = 10 ** Math.floor(Math.log10((high - low) / about));
    const step = [1, 2, 5, 10].map((s) => s * size).find((s) => (high - low) / s <= about + 1);
    const found = [];
    for (let i = Math.ceil(low / step); i * step <= high; i += 1) found.push(i * step);
    return { found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
  };

  const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

  // Sizes lie along a root, which gives small groups room.
  const sizes = (n) => scale(0, 1.02 * Math.max(...n), Math.sqrt);

  const sizeTicks = (high) =>
    [2, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000, 1e5, 1e6].filter((size) => size <= high)
      .filter((size, i, all) => Math.sqrt(size / high) - Math.sqrt((all[i - 1] ?? 0) / high) > 0.06);

  // A chart of values against sizes; `marks` get functions from values to places.
  const draw = ({ height, x, low, high, titles, alt, key, marks }) => {
    const room = (high - low) / 20 || 1;
    const up = scale(low - room, high + room);
    const y = (value) => (height * (1 - up.share(value))).toFixed(1);
    const { found, digits } = ticks(up.low, up.high);
    const lines = found.map((value) =>
      `<line x1="0" x2="100%" y1="${y(value)}" y2="${y(value)}" stroke="#e2e2e0"/>`
      + `<text x="-6" y="${y(value)}" dy="4" text-anchor="end">${value.toFixed(digits)}</text>`);
    const below = sizeTicks(x.high).map((value) =>
      `<text x="${x.across(value)}" y="${height + 18}" text-anchor="middle">${value}</text>`);
    const entries = key.map(([mark, words], i) =>
      `<svg x="${((100 * i) / key.length).toFixed(0)}%" y="-42" overflow="visible">`
      + `<g transform="translate(-20 0)">${mark}</g><text x="-4" dy="4">${escape(words)}</text></svg>`);
    return `<div class="live-chart-plot"><svg role="img" aria-label="${escape(alt)}" `
      + `width="100%" height="${ABOVE + height + BELOW}"><svg y="${ABOVE}" overflow="visible">`
      + `${lines.join("")}<text x="-30" y="-14">${escape(titles[1])}</text>`
      + `<line x1="0" x2="100%" y1="${height}" y2="${height}" stroke="${COLOURS.muted}"/>`
      + `${below.join("")}<text x="100%" y="${height + 38}" text-anchor="end">${escape(titles[0])}`
      + `</text>${entries.join("")}${marks({ x: x.across, y })}</svg></svg></div>`;
  };

  const ring = (x, y) =>
    `<circle cx="${x}" cy="${y}" r="${RING}" fill="none" stroke="${COLOURS.raw}" stroke-width="1.6"/>`;
  const dot = (x, y) => `<circle cx="${x}" cy="${y}" r="4" fill="${COLOURS.pooled}"/>`;
  const bar = (x, y1, y2, colour) =>
    `<line x1="${x}" x2="${x}" y1="${y1}" y2="${y2}" stroke="${colour}" stroke-opacity="0.6"/>`;
  const level = (y, words) =>
    `<line x1="0" x2="100%" y1="${y}" y2="${y}" stroke="${COLOURS.complete}" stroke-width="2"/>`
    + `<text x="0" y="${y}" dx="4" dy="-6">${escape(words)}</text>`;
  const KEYS = {
    raw: [ring(0, 0), "raw mean"],
    pooled: [dot(0, 0), "partially pooled"],
    bar: [bar(0, -10, 10, COLOURS.muted), "94% interval"],
    band: [`<rect x="-10" y="-8" width="20" height="16" fill="#d9d9d6"/>`, "band of luck"],
  };

  const ends = (...lists) => {
    const all = lists.flatMap((list) => [...list]).filter(Number.isFinite);
    return { low: all.reduce((a, b) => Math.min(a, b)), high: all.reduce((a, b) => Math.max(a, b)) };
  };

  // Raw mean and estimate, at one position of the dial.
  const dial = ({ n, mean }, estimates, mu, titles) => draw({
    height: 230, x: sizes(n), ...ends(mean, [mu]), titles, key: [KEYS.raw, KEYS.pooled],
    alt: "Raw mean (ring) and estimate (dot) of each group against its size.",
    marks: ({ x, y }) => level(y(mu), "all groups") + n.map((size, i) =>
      bar(x(size), y(mean[i]), y(estimates[i]), COLOURS.muted) + ring(x(size), y(mean[i]))
      + dot(x(size), y(estimates[i]))).join(""),
  });

  const funnel = ({ n, mean }, mu, sigmaY, titles) => {
    const x = sizes(n);
    const z = 1.8808; // leaves 3% at each end of a normal distribution
    const least = Math.min(...n);
    const reach = (z * sigmaY) / Math.sqrt(least);
    const [from, to] = [Math.sqrt(least), Math.sqrt(x.high)];
    const shown = Array.from({ length: 121 }, (_, i) => (from + ((to - from) * i) / 120) ** 2);
    return draw({
      height: 230, x, ...ends(mean, [mu - reach, mu + reach]), titles, key: [KEYS.raw, KEYS.band],
      alt: "Raw means against the groups' sizes, and the band that luck alone would fill: wide for "
        + "small groups, narrow for large ones.",
      marks: ({ x: across, y }) => {
        const half = (size) => (z * sigmaY) / Math.sqrt(size);
        const boxes = shown.slice(1).map((size, i) => {
          const [top, end] = [y(mu + half(size)), y(mu - half(size))];
          const left = parseFloat(across(shown[i]));
          const width = parseFloat(across(size)) - left + 0.05;
          return `<rect x="${left}%" width="${width.toFixed(2)}%" y="${top}" fill="#d9d9d6" `
            + `height="${(end - top).toFixed(1)}"/>`;
        });
        return boxes.join("") + level(y(mu), "all groups")
          + n.map((size, i) => ring(across(size), y(mean[i]))).join("");
      },
    });
  };

  // One panel of the comparison; both have the same scale.
  const panel = ({ n }, middle, lower, upper, range, mu, titles, way) => draw({
    height: 200, x: sizes(n), ...range, titles,
    key: [KEYS[way], KEYS.bar],
    alt: way === "raw" ? "Each group's raw mean with its interval, wide for small groups."
      : "Each group's partially pooled estimate with its interval, all nearer together.",
    marks: ({ x, y }) => level(y(mu), "all groups") + n.map((size, i) =>
      bar(x(size), y(lower[i]), y(upper[i]), COLOURS[way])
      + (way === "raw" ? ring : dot)(x(size), y(middle[i]))).join(""),
  });

  return { dial, funnel, panel, ends };
})();
