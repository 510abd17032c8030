// Where the posterior of the beta-binomial model is computed: a plane of nodes. Of these passes.js
// makes the posterior. Both, and passes_cells.js, are what helpers/exact/passes.py is in Python.
//
// A group's rate is θ ~ Beta(m kappa, (1 - m) kappa), and y of its n trials are passes. Given m and
// kappa every rate has a beta distribution again. Two numbers are integrated numerically, by the
// trapezoid rule: u = -log(kappa) / 2, and x, the logit of m, with a window of its own for each u.
// Distances from the middle of a window are hyperbolic sines of equally spaced numbers: the nodes
// lie close where the density is high, and far apart in its tails.
globalThis.passesPlane = (() => {
  const CUT = 45; // a window ends where the log density is so far below its peak
  const { moments } = normalMixtures;
  const { expit, logit, logRising } = betaMixtures;
  const { abs, asinh, ceil, cosh, exp, log, log1p, max, min, sinh, sqrt } = Math;
  const fail = (message) => { throw new Error(message); };
  const most = (list) => list.reduce((a, b) => max(a, b), -Infinity);
  const least = (list) => list.reduce((a, b) => min(a, b), Infinity);
  const total = (list) => list.reduce((a, b) => a + b, 0);
  const even = (low, high, size) =>
    Float64Array.from({ length: size }, (_, i) => low + (high - low) * i / (size - 1));
  const softplus = (x) => max(x, 0) + log1p(exp(-abs(x))); // log(1 + eˣ)

  // Each different count once, in rising order, with how often it occurs.
  const tally = (counts) => {
    const times = new Map();
    for (const k of counts) if (k > 0) times.set(k, (times.get(k) ?? 0) + 1);
    const different = Float64Array.from(times.keys()).sort();
    return [different, different.map((k) => times.get(k))];
  };
  // The log density of u and x.
  const densityOf = ({ passes: y, trials: n }, prior) => {
    const [ys, fails, ns] = [tally(y), tally(n.map((k, j) => k - y[j])), tally(n)];
    return (u, x) => {
      const kappa = exp(-2 * u);
      const flat = prior === "proper" ? -1.5 * softplus(2 * u) : 0;
      return logRising(kappa * expit(x), ...ys) + logRising(kappa * expit(-x), ...fails)
        - logRising(kappa, ...ns) - softplus(x) - softplus(-x) + u + flat;
    };
  };

  // For one u the peak of x, and about its sd: Newton's method, within a bracket.
  const centreOf = (density, u, [start, end], from) => {
    let [low, high, x] = [start, end, from];
    let bend = 1;
    for (let k = 0, move = 1; k < 40 && abs(move) > 1e-3; k += 1) {
      const [left, here, right] = [-0.01, 0, 0.01].map((step) => density(max(u, -12), x + step));
      if (right > left) low = x; else high = x;
      bend = (2 * here - left - right) / 1e-4;
      const next = x + (right - left) / 0.02 / bend;
      move = (bend > 0 && next > low && next < high ? next : (low + high) / 2) - x;
      x += move;
    }
    return { u, x, spread: 3 / sqrt(max(bend, 0.1)) };
  };

  // The range of u that counts; its middle, and how wide it is where the density is high.
  function* rangeOf(density, centre, trials) {
    let [low, high] = [-log(trials) - CUT, CUT + 1];
    for (let k = 0, size = 65; ; k += 1, size = 25) { // closer, until a good part counts
      const u = even(low, high, size);
      const columns = [];
      for (const at of u) {
        columns.push(centre(at));
        yield 0;
      }
      const logs = columns.map((one) => density(one.u, one.x) + log(one.spread));
      const top = most(logs);
      const kept = [...u.keys()].filter((i) => logs[i] > top - CUT);
      [low, high] = [u[max(kept[0] - 1, 0)], u[min(kept.at(-1) + 1, size - 1)]];
      if (kept.length > 12 || k === 59) {
        const near = u.filter((_, i) => logs[i] > top - 2);
        const wide = max(near.at(-1) - near[0], u[1] - u[0]);
        return { low, high, middle: u[logs.indexOf(top)], wide };
      }
    }
  }

  // Where x starts and ends to count, at any u: an inverse hyperbolic sine.
  const windowOf = (density, columns) => {
    const tops = columns.map(({ u, x }) => density(u, x));
    return [-1, 1].map((sign) => {
      let far = sign * asinh(2.5);
      while (abs(far) < 10 && columns.some(({ u, x, spread }, i) =>
        density(u, x + spread * sinh(far)) > tops[i] - CUT)) far += sign * 0.2;
      return far;
    });
  };

  // Mean and sd of the nodes' m, of the sd of the rates, and of a group's rate.
  const weigh = (nodes) => {
    const whole = total(nodes.map(({ weight }) => weight));
    return Float64Array.from(nodes, ({ weight }) => weight / whole);
  };
  const ratesOf = (nodes) => {
    const [weight, ...parts] = [weigh(nodes), ...["a", "b"].map((part) =>
      Float64Array.from(nodes, (one) => one[part]))];
    const [a, b] = parts;
    return (y, n) => {
      const base = (a[0] + y) / (a[0] + b[0] + n);
      let [apart, square, within] = [0, 0, 0];
      for (let g = 0; g < weight.length; g += 1) {
        const size = a[g] + b[g] + n;
        const mean = (a[g] + y) / size;
        apart += weight[g] * (mean - base);
        square += weight[g] * (mean - base) ** 2;
        within += weight[g] * mean * ((b[g] + (n - y)) / size) / (size + 1);
      }
      return [base + apart, sqrt(within + max(square - apart ** 2, 0))];
    };
  };
  const SETTINGS = [({ m }) => m, ({ m, rest, kappa }) => sqrt(m * rest / (1 + kappa))];
  const settingOf = (nodes, of) => [nodes.map(of), nodes.map(() => 0)];

  const node = (u, x, weight) => {
    const [kappa, m, rest] = [exp(-2 * u), expit(x), expit(-x)];
    const [a, b] = [m, rest].map((share) => max(kappa * share, 1e-290)); // never 0
    return { u, x, weight, kappa, m, rest, a, b };
  };
  // Nodes that count, of every so many columns and rows.
  const nodesOf = ({ columns, top }, across = 1, up = 1) => {
    const nodes = [];
    for (let i = 0; i < columns.length; i += across) {
      const { u, width, x, height, logs } = columns[i];
      for (let k = 0; k < x.length; k += up) {
        const weight = exp(logs[k] - top) * width * height[k];
        if (weight > 0) nodes.push(node(u, x[k], weight));
      }
    }
    const heaviest = most(nodes.map(({ weight }) => weight));
    return nodes.filter(({ weight }) => weight > 1e-15 * heaviest);
  };

  // A plane of nodes: more columns and rows, until half of either gives the same.
  function* solve(counts, prior) {
    const { passes: y, trials: n } = counts;
    const density = densityOf(counts, prior);
    const rates = y.map((k, j) => (k + 0.5) / (n[j] + 1));
    const bracket = [logit(least(rates)) - 2, logit(most(rates)) + 2];
    let last = (bracket[0] + bracket[1]) / 2; // neighbours have nearly the same peak
    const centre = (u) => {
      const found = centreOf(density, u, bracket, last);
      last = found.x;
      return found;
    };
    const { low, high, middle, wide } = yield* rangeOf(density, centre, total(n));
    const marks = [y, n, rates].flatMap((list) => [list.indexOf(most(list)), list.indexOf(least(list))]);
    const summary = (nodes) => {
      const weight = weigh(nodes);
      const rateOf = ratesOf(nodes);
      return [...SETTINGS.map((of) => moments(weight, ...settingOf(nodes, of))),
        ...marks.map((j) => rateOf(y[j], n[j]))];
    };
    for (let size = 24, dense = 2.7, times = 0; size < 2000 && dense < 200; times += 1) {
      const share = 0.3 * (1 - 0.7 ** times);
      const w = even(asinh((low - middle) / wide), asinh((high - middle) / wide), size + 1);
      const columns = Array.from(w, (at) => ({ ...centre(middle + wide * sinh(at)),
        width: wide * cosh(at) * (w[1] - w[0]) }));
      yield share;
      const [start, end] = windowOf(density, columns);
      const v = even(start, end, 2 * ceil((end - start) * dense) + 1);
      let top = -Infinity;
      for (const one of columns) {
        const { u, x, spread } = one;
        one.centre = x;
        one.x = v.map((at) => x + spread * sinh(at));
        one.height = v.map((at) => spread * cosh(at) * (v[1] - v[0]));
        one.logs = one.x.map((at) => density(u, at));
        top = max(top, most(one.logs));
        yield share;
      }
      const plane = { columns, top, v, w, middle, wide, density };
      const ours = summary(nodesOf(plane));
      const apart = [[2, 1], [1, 2]].map((steps) => most(summary(nodesOf(plane, ...steps))
        .map(([mean, sd], i) => max(abs(mean - ours[i][0]), abs(sd - ours[i][1])) / ours[i][1])));
      yield share;
      // The error of half the nodes: that of all of them is about its square.
      if (max(...apart) < 1e-4) return { ...plane, error: max(...apart) ** 2 };
      if (apart[0] >= 1e-4) size *= 2;
      if (apart[1] >= 1e-4) dense *= 2;
    }
    return fail("the posterior of these passes can't be computed");
  }

  return { CUT, SETTINGS, node, nodesOf, ratesOf, settingOf, solve, weigh };
})();
