// Passes of trials: the exact posterior of the beta-binomial model, without a sampler. With
// passes_plane.js, which explains the model, and passes_cells.js it is what helpers/exact/passes.py is
// in Python.
globalThis.passesOfTrials = (() => {
  const { moments } = normalMixtures;
  const { above, draw: drawBeta, expit, prepare, quantiles } = betaMixtures;
  const { CUT, SETTINGS, node, nodesOf, ratesOf, settingOf, solve, weigh } = passesPlane;
  const { settingsQuantiles } = passesCells;
  const { abs, ceil, cosh, exp, floor, log, log2, max, min, sinh, sqrt } = Math;
  const fail = (message) => { throw new Error(message); };
  const most = (list) => list.reduce((a, b) => max(a, b), -Infinity);
  const least = (list) => list.reduce((a, b) => min(a, b), Infinity);
  const total = (list) => list.reduce((a, b) => a + b, 0);

  // Nodes for the quantiles of the rates: every second column. Where the rates all but equal m, and
  // m is uncertain, parts far apart would leave steps: there are up to eight times as many rows.
  function* mixtureOf({ columns, top, v, density }, { trials }) {
    const nodes = [];
    const smallest = least(trials);
    for (let i = 0; i < columns.length; i += 2) {
      const { u, centre, spread, width, x, height, logs } = columns[i];
      const row = logs.indexOf(most(logs));
      const [m, kappa] = [expit(x[row]), min(exp(-2 * u), 1e12)];
      const jump = 2 * height[row] * sqrt(m * (1 - m) * (1 + kappa + smallest));
      const times = min(max(ceil(log2(max(jump, 1))), 0), 3);
      const step = 2 / 2 ** times; // rows
      for (let k = 0; k < x.length; k += step) {
        const near = Number.isInteger(k);
        if (max(logs[floor(k)], logs[ceil(k)]) < top - CUT) continue;
        const at = v[0] + k * (v[1] - v[0]);
        const place = near ? x[k] : centre + spread * sinh(at);
        const slope = near ? height[k] : spread * cosh(at) * (v[1] - v[0]);
        const weight = exp((near ? logs[k] : density(u, place)) - top) * slope * width * step;
        if (weight > 0) nodes.push(node(max(u, -log(1e12) / 2), place, weight));
      }
      yield 0.3;
    }
    nodes.sort((one, other) => one.weight - other.weight);
    const whole = total(nodes.map(({ weight }) => weight));
    let rare = 0;
    return nodes.filter(({ weight }) => {
      rare += weight;
      return rare > 1e-6 * whole;
    });
  }

  // ---- The door ----

  const refuse = ({ passes: y, trials: n, label = [...y.keys()] }, { prior }, prob) => {
    const bad = label.filter((_, j) => !(y[j] % 1 === 0 && n[j] % 1 === 0 && y[j] >= 0 && n[j] >= 1
      && y[j] <= n[j])).slice(0, 5).map((one) => (typeof one === "string" ? `'${one}'` : one));
    if (bad.length) {
      fail("passes and trials must be whole numbers, with at least one trial and no more passes than "
        + `trials: look at [${bad.join(", ")}]`);
    }
    if (y.length < 2) fail("the spread between groups needs two groups or more");
    if (!["proper", "power"].includes(prior)) {
      fail(`prior must be one of ('proper', 'power'), not '${prior}'`);
    }
    if (prior === "power" && !y.some((k, j) => k > 0 && k < n[j])) {
      fail("this prior needs a group with both passes and failures");
    }
    if (!(prob > 0 && prob < 1)) fail(`prob must lie between 0 and 1, not ${prob}`);
  };

  // A generator, as in posterior.js: it yields the share that is done. m is uniform; by the prior
  // "proper" 1 / √(1 + kappa) is uniform on (0, 1), by "power" 1 / √kappa on (0, ∞).
  function* passesPosterior(counts, { prior = "proper" }, prob = 0.94) {
    refuse(counts, { prior }, prob);
    const { passes: y, trials: n } = counts;
    const plane = yield* solve(counts, prior);
    const nodes = nodesOf(plane);
    const weight = weigh(nodes);
    const tails = [(1 - prob) / 2, (1 + prob) / 2];
    const rateOf = ratesOf(nodes);
    const shared = SETTINGS.map((of) => moments(weight, ...settingOf(nodes, of)));
    const work = settingsQuantiles(plane, shared, tails);
    let step = work.next();
    for (; !step.done; step = work.next()) yield 0.3;
    const ends = step.value;
    const [m, sigma] = shared.map(([mean, sd], i) =>
      ({ mean, sd, lower: ends[i][0], upper: ends[i][1] }));
    const mixture = yield* mixtureOf(plane, counts);
    const mixed = weigh(mixture);
    const rates = { mean: [], sd: [], lower: [], upper: [] };
    const known = new Map(); // groups of the same counts have the same rate
    for (let j = 0; j < y.length; j += 1) {
      const key = `${y[j]} ${n[j]}`;
      if (!known.has(key)) {
        const [mean, sd] = rateOf(y[j], n[j]);
        const parts = mixture.map(({ a, b }) => prepare(a + y[j], b + (n[j] - y[j])));
        const [lower, upper] = quantiles(tails, mixed, parts);
        known.set(key, { mean, sd, lower, upper });
      }
      for (const one of Object.keys(rates)) rates[one].push(known.get(key)[one]);
      yield 0.4 + 0.6 * j / y.length;
    }
    const rising = [];
    mixed.reduce((sum, x, i) => { rising[i] = sum + x; return rising[i]; }, 0);
    const pick = (share) => {
      let [low, high] = [0, rising.length - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (rising[middle] < share * rising.at(-1)) low = middle + 1; else high = middle;
      }
      return low;
    };
    const shapes = ({ a, b }, j) => [a + y[j], b + (n[j] - y[j])];
    const probabilityAbove = (i, j) => {
      if (i === j) return 0.5;
      const steps = abs(y[i] - y[j]) + abs(n[i] - y[i] - n[j] + y[j]);
      const few = max(50, ceil(1e8 / (steps + 1))); // with a million steps some have to do
      const some = few >= mixture.length ? mixture.map((one, g) => [one, mixed[g]])
        : Array.from({ length: few }, (_, k) => [mixture[pick((k + 0.5) / few)], 1 / few]);
      return total(some.map(([one, share]) => share * above(shapes(one, i), shapes(one, j))));
    };
    const draw = (random) => {
      const one = mixture[pick(random())];
      const drawn = new Float64Array(y.length);
      for (let j = 0; j < y.length; j += 1) {
        drawn[j] = drawBeta(one.a + y[j], one.b + (n[j] - y[j]), random);
      }
      return { m: one.m, kappa: one.kappa, rates: drawn };
    };
    return { m, sigma, rates, error: plane.error, warning: "", probabilityAbove, draw };
  }

  return { passesPosterior };
})();
