// The charts of "Your own data", drawn as those of Part I are: horizontal places are shares of the
// width, so that text keeps its size on a phone.
globalThis.ownCharts = (() => {
  const COLOURS = JSON.parse(document.querySelector("#own-data").dataset.colours);
  const ABOVE = 74;
  const BELOW = 44;
  const LINE = 16;
  const RING = 4.5;

  const scale = (low, high, bend = (x) => x) => {
    const share = (x) => (bend(x) - bend(low)) / (bend(high) - bend(low));
    return { low, high, share };
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

  const SIZES = [2, 10, 25, 50, 100, 250, 500, 1000, 2500, 10000, 1e5, 1e6, 1e7];
  const least = (list) => list.reduce((a, b) => Math.min(a, b));
  const most = (list) => list.reduce((a, b) => Math.max(a, b));

  // Where the groups stand from left to right: the share of each, the marks below, the title, and
  // for a band the values along the way with their shares.
  const alongSizes = (sizes, title) => { // along a root, which gives small groups room
    const x = scale(0, 1.02 * most(sizes), Math.sqrt);
    const [from, to] = [Math.sqrt(least(sizes)), Math.sqrt(x.high)];
    const marks = [];
    for (const size of SIZES) { // as far apart as those of helpers/interactive.py
      const share = x.share(size);
      if (share <= 1 && !(share - marks.at(-1)?.[0] < 0.09)) marks.push([share, `${size}`]);
    }
    const along = Array.from({ length: 121 }, (_, i) => (from + ((to - from) * i) / 120) ** 2);
    return { at: sizes.map(x.share), marks, title, along: along.map((v) => [x.share(v), v]) };
  };
  const alongErrors = (errors, title) => { // from the largest to the smallest
    const [low, high] = [least(errors), most(errors)];
    const room = (high - low) / 20;
    const x = scale(high + 3 * room, Math.max(low - 2 * room, 0));
    const { found, digits } = ticks(x.high, x.low);
    const marks = found.map((value) => [x.share(value), value.toFixed(digits)]);
    const along = Array.from({ length: 121 }, (_, i) => x.low + ((x.high - x.low) * i) / 120);
    return { at: errors.map(x.share), marks, title, along: along.map((v) => [x.share(v), v]) };
  };
  const alongOrder = (values, raw, title) => { // all alike: by their raw values
    const order = [...raw.keys()].sort((i, j) => raw[i] - raw[j] || i - j);
    const at = [];
    order.forEach((i, place) => { at[i] = (place + 0.5) / raw.length; });
    return { at, marks: [], title, along: [[0, values[0]], [1, values[0]]] };
  };
  const axis = (values, raw, { errors, title, alike }) => {
    if (values.every((value) => value === values[0])) return alongOrder(values, raw, alike);
    return (errors ? alongErrors : alongSizes)(values, title);
  };

  const level = (y, x1, x2) =>
    `<line x1="${x1}" x2="${x2}" y1="${y}" y2="${y}" stroke="${COLOURS.complete}" stroke-width="2"/>`;

  // A chart of a subject: the groups' axis, their raw values, the middle of all, the title, the name
  // of a raw value, and the reader's words for the groups. `marks`, which the line of all groups
  // doesn't cover, and what is `behind` it get functions to places.
  const draw = (subject, { height, low, high, alt, key, marks, behind = () => "" }) => {
    const { axis: { at, marks: below, title: under }, title, middle, groups } = subject;
    const room = (high - low) / 20 || 1;
    const up = scale(low - room, high + room);
    const y = (value) => (height * (1 - up.share(value))).toFixed(1);
    const { found, digits } = ticks(up.low, up.high);
    const largest = most(found.map(Math.abs));
    const power = Math.max(Math.ceil(Math.log10(largest / (found[1] - found[0]))), 0);
    const write = (value) => (value && (digits > 4 || largest >= 1e6)
      ? value.toExponential(power) : value.toFixed(Math.min(digits, 4)));
    const lines = found.map((value) =>
      `<line x1="0" x2="100%" y1="${y(value)}" y2="${y(value)}" stroke="#e2e2e0"/>`
      + `<text x="-6" y="${y(value)}" dy="4" text-anchor="end">${write(value)}</text>`);
    const left = Math.max(2, 0.5 + 0.5 * most(found.map((value) => write(value).length)));
    const across = (share) => `${(100 * share).toFixed(3)}%`;
    const named = below.map(([share, value]) =>
      `<text x="${across(share)}" y="${height + 18}" text-anchor="middle">${value}</text>`);
    const entry = (x, y, mark, words) => `<svg x="${x.toFixed(0)}%" y="${y}" overflow="visible">`
      + `<g transform="translate(-20 0)">${mark}</g><text x="-4" dy="4">${escape(words)}</text></svg>`;
    const entries = key.map(([mark, words], i) => entry((100 * i) / key.length, -62, mark, words));
    entries.push(entry(0, -40, level(0, -10, 10), `all ${groups}`));
    const beneath = under.match(/.{1,42}(?: |$)|\S+/g).map((words, i) => // so wide is a phone
      `<text x="100%" y="${height + 38 + LINE * i}" text-anchor="end">${escape(words.trim())}</text>`);
    const whole = ABOVE + height + BELOW + LINE * (beneath.length - 1);
    return `<div class="live-chart-plot" style="padding-left: ${left}rem"><svg role="img" `
      + `aria-label="${escape(`${alt}. From left to right: ${under}.`)}" width="100%" `
      + `height="${whole}"><svg y="${ABOVE}" overflow="visible">`
      + `${lines.join("")}<text x="-30" y="-14">${escape(title)}</text>`
      + `<line x1="0" x2="100%" y1="${height}" y2="${height}" stroke="${COLOURS.muted}"/>`
      + `${named.join("")}${beneath.join("")}${entries.join("")}${behind({ y, across })}`
      + `${level(y(middle), 0, "100%")}${marks({ x: (i) => across(at[i]), y })}</svg></svg></div>`;
  };

  const ring = (x, y) =>
    `<circle cx="${x}" cy="${y}" r="${RING}" fill="none" stroke="${COLOURS.raw}" stroke-width="1.6"/>`;
  const dot = (x, y) => `<circle cx="${x}" cy="${y}" r="4" fill="${COLOURS.pooled}"/>`;
  const bar = (x, y1, y2, colour) =>
    `<line x1="${x}" x2="${x}" y1="${y1}" y2="${y2}" stroke="${colour}" stroke-opacity="0.6"/>`;
  const KEYS = {
    raw: (words) => [ring(0, 0), words],
    pooled: () => [dot(0, 0), "partially pooled"],
    bar: () => [bar(0, -10, 10, COLOURS.muted), "94% interval"],
    band: () => [`<rect x="-10" y="-8" width="20" height="16" fill="#d9d9d6"/>`, "band of luck"],
  };

  const ends = (...lists) => {
    const all = lists.flatMap((list) => [...list]).filter(Number.isFinite);
    return { low: least(all), high: most(all) };
  };

  // Raw value and estimate, at one position of the dial.
  const dial = (what, estimates) => draw(what, {
    height: 230, ...ends(what.raw, [what.middle]), key: [KEYS.raw(what.name), KEYS.pooled()],
    alt: `${what.name} (ring) and estimate (dot) of each ${what.group}`,
    marks: ({ x, y }) => what.raw.map((value, i) =>
      bar(x(i), y(value), y(estimates[i]), COLOURS.muted) + ring(x(i), y(value))
      + dot(x(i), y(estimates[i]))).join(""),
  });

  const funnel = (what, band) => {
    const shown = what.axis.along.map(([share, value]) => [share, ...band(value)]);
    return draw(what, {
      height: 230, ...ends(what.raw, shown.flatMap(([, ...both]) => both)),
      key: [KEYS.raw(what.name), KEYS.band()],
      alt: `The ${what.name} of each ${what.group} (ring), and the band that luck alone would fill`,
      behind: ({ y, across }) => `<g fill="#d9d9d6" shape-rendering="crispEdges">${
        shown.slice(1).map(([share, low, high], i) => {
          const left = shown[i][0];
          return `<rect x="${across(left)}" width="${across(share - left)}" y="${y(high)}" `
            + `height="${(y(low) - y(high)).toFixed(1)}"/>`;
        }).join("")}</g>`,
      marks: ({ x, y }) => what.raw.map((value, i) => ring(x(i), y(value))).join(""),
    });
  };

  // One panel of the comparison; both have the same scale.
  const panel = (what, values, lower, upper, range, way) => draw(what, {
    height: 200, ...range, key: [KEYS[way](what.name), KEYS.bar()],
    alt: `The ${way === "raw" ? what.name : "partially pooled estimate"} of each ${what.group}, `
      + "with its interval",
    marks: ({ x, y }) => Array.from(values, (value, i) =>
      bar(x(i), y(lower[i]), y(upper[i]), COLOURS[way])
      + (way === "raw" ? ring : dot)(x(i), y(value))).join(""),
  });

  return { axis, dial, funnel, panel, ends };
})();
