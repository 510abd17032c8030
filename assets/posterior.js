// The exact posterior of the partially pooled model, without a sampler. With posterior_windows.js,
// which explains the notation, and its other neighbours it is what helpers/exact is in Python.
globalThis.partialPooling = (() => {
  const { below, moments, quantile } = normalMixtures;
  const { fail, logSum, most } = posteriorWindows;
  const { prepare, solve } = posteriorRatios;
  const { cellQuantiles, cellsOf, drawer, jumpOf, nodesOf, refine, schoolOf } = posteriorMixture;
  const { abs, floor, log, max, min, sqrt } = Math;

  // ---- Refusals and warnings, in the words of helpers/exact ----

  const shown = (x) => `${x}`.replace("NaN", "nan").replace("Infinity", "inf");
  const named = (labels) => `[${labels.map((one) =>
    (typeof one === "string" ? `'${one}'` : one)).join(", ")}]`;
  const padded = (text) => text.replace(/e([+-])(\d)$/, "e$10$2"); // 1e-05, as Python writes it
  const short = (x) => { // six digits, as Python's :g
    const found = Number(x.toPrecision(6));
    const plain = found === 0 || (abs(found) >= 1e-4 && abs(found) < 1e6);
    return plain ? `${found}` : padded(found.toExponential());
  };

  const refuse = ({ n, mean, ss, label = [...n.keys()] }, priors, prob) => {
    const { isFinite, isInteger } = Number;
    const problems = {
      "n is not a whole number from 1 upwards": n.map((x) => !(isInteger(x) && x >= 1)),
      "the mean is missing or infinite": mean.map((x) => !isFinite(x)),
      "ss is negative, missing or infinite": ss.map((x) => !(isFinite(x) && x >= 0)),
    };
    for (const [problem, bad] of Object.entries(problems)) {
      const found = label.filter((_, j) => bad[j]);
      if (found.length) fail(`${problem} in schools ${named(found.slice(0, 5))}`);
    }
    if (n.length < 2) {
      fail(`the spread between schools needs two schools or more, not ${named(label)}`);
    }
    if (most(n) < 2) fail("the spread within a school needs a school with two pupils or more");
    if (most(ss) === 0) {
      fail("all pupils of each school have the same score: there is no spread within");
    }
    const names = { prior_sd: priors.sd, sigma_alpha_prior_mean: priors.sigmaAlphaMean,
      sigma_y_prior_mean: priors.sigmaYMean };
    for (const [name, value] of Object.entries(names)) {
      if (isFinite(value) && value > 0) continue;
      fail(`${name} must be positive and finite, not ${shown(value)}`);
    }
    if (!isFinite(priors.mean)) fail(`prior_mean must be finite, not ${shown(priors.mean)}`);
    if (!(prob > 0 && prob < 1)) fail(`prob must lie between 0 and 1, not ${shown(prob)}`);
  };

  // The probability that Student's t lies above x > 0: it is √f sinh v, and v has the density
  // cosh(v) ** -f.
  const studentTail = (x, f) => {
    const area = (v) => { // above v, by midpoints
      const step = 0.005 / sqrt(f);
      let [sum, here] = [0, 1];
      for (let at = v + step / 2; here > 1e-18; at += step) sum += here = Math.cosh(at) ** -f;
      return sum;
    };
    return area(Math.asinh(x / sqrt(f))) / area(0) / 2;
  };

  const warningOf = ({ away, centre, priorMean, priorSd }, points) => {
    const size = away.length;
    const middle = away.reduce((a, b) => a + b, 0) / size;
    const squares = away.reduce((sum, x) => sum + (x - middle) ** 2, 0);
    // Four prior sds away, and further than the schools' own scatter explains.
    const further = (middle - priorMean) ** 2 - 16 * priorSd ** 2;
    const scatter = sqrt(squares / (size - 1) / size);
    if (further > 0 && studentTail(sqrt(further) / scatter, size - 1) < 5e-5) {
      return `the prior of the schools' mean, N(${short(priorMean + centre)}, `
        + `${short(priorSd)}), contradicts these schools, whose means lie around `
        + `${short(middle + centre)}: set the priors to the scale of the scores`;
    }
    // Peaks that reach a hundredth of the highest, with valleys a tenth as deep between them.
    const masses = points.map(({ logs }) => logs[0]);
    const [highest, depth] = [most(masses), log(10)];
    let [peaks, rising, turn] = [0, true, -Infinity];
    for (const mass of [...masses, -Infinity]) {
      if (rising ? mass > turn : mass < turn) turn = mass;
      if (rising && mass < turn - depth) {
        peaks += turn > highest - log(100);
        [rising, turn] = [false, mass];
      } else if (!rising && mass > turn + depth) [rising, turn] = [true, mass];
    }
    const second = points.flatMap(({ windows }) => windows.slice(1).map(({ mass }) => mass));
    if (second.length && logSum(second) - logSum(masses) > log(0.01)) peaks += 1;
    return peaks > 1 ? "the posterior has two peaks: prior and data contradict each other, and a "
      + "mean or an interval describes neither peak" : "";
  };

  // ---- The door ----

  // A generator, so that a page can stay alive: it yields the share that is done, and returns the
  // posterior. Intervals are equal-tailed.
  function* exactPosterior(schools, priors, prob = 0.94) {
    refuse(schools, priors, prob);
    const data = prepare(schools, priors);
    const { n, away, centre } = data;
    const found = yield* solve(data);
    const even = found.points.filter(({ level }) => level < found.level);
    const odd = found.points.filter(({ level }) => level === found.level);
    const [nodes, enough] = nodesOf(data, even);
    yield 0.4;
    const [others] = nodesOf(data, odd);
    yield 0.4;
    const settings = [({ mu, muSd }) => [mu, muSd],
      ({ sigmaAlpha }) => [sigmaAlpha, sigmaAlpha.map(() => 0)],
      ({ sigmaY }) => [sigmaY, sigmaY.map(() => 0)]];
    // The error: what the ratios in between would give instead, what was left out, and rounding.
    const extreme = [n, away].flatMap((list) => [1, -1].map((sign) =>
      list.reduce((best, x, j) => (sign * x > sign * list[best] ? j : best), 0)));
    const marks = [...settings, ...extreme.map((j) => (some) => schoolOf(data, some, j))];
    const apart = marks.map((part) => {
      const [[mean, sd], [other, otherSd]] = [nodes, others].map((some) =>
        moments(some.weight, ...part(some)));
      return [max(abs(mean - other), abs(sd - otherSd)) / sd, sd];
    });
    const large = max(...extreme.map((j) => abs(away[j] + centre)), Number.MIN_VALUE);
    const spacing = 2 ** (floor(Math.log2(large)) - 52);
    const rounding = spacing / min(...apart.map(([, sd]) => sd));
    const error = max(found.left, rounding, ...apart.map(([x]) => x));
    if (!(error < 1e-4)) {
      fail("the posterior of these schools can't be computed: 64-bit numbers hold too few digits "
        + `(error ${shown(padded(error.toExponential(0)))} of a posterior sd). `
        + "Scores nearer to 0 may help");
    }
    const warning = warningOf(data, even);
    const fine = yield* refine(data, found);
    const cells = yield* cellsOf(fine);
    // A quantile adds up what lies below it: parts far from each other would leave steps.
    const common = jumpOf(data, even) < 1 ? enough : nodesOf(data, fine.points)[1];
    const tails = [(1 - prob) / 2, (1 + prob) / 2];
    const ofPlace = (part) => {
      const [mean, sd] = moments(nodes.weight, ...part(nodes));
      const parts = part(common);
      const [lower, upper] = tails.map((p) => centre + quantile(p, common.weight, ...parts));
      return { mean: mean + centre, sd, lower, upper };
    };
    const ofScale = function* (part, half) {
      const [mean, sd] = moments(nodes.weight, ...part(nodes));
      const [lower, upper] = yield* cellQuantiles(cells, half, tails);
      return { mean, sd, lower: data.unit * lower, upper: data.unit * upper };
    };
    const mu = ofPlace(settings[0]);
    const sigmaAlpha = yield* ofScale(settings[1], 0.5);
    const sigmaY = yield* ofScale(settings[2], 0);
    const table = { mean: [], sd: [], lower: [], upper: [] };
    for (let j = 0; j < n.length; j += 1) {
      const row = ofPlace((some) => schoolOf(data, some, j));
      for (const key of Object.keys(table)) table[key].push(row[key]);
      yield 0.5 + 0.5 * j / n.length;
    }
    // Given a node, the difference of two schools' means is normal; they share the doubt about mu.
    const probabilityAbove = (i, j) => {
      let above = 0;
      for (let g = 0; i !== j && g < nodes.weight.length; g += 1) {
        const [first, second] = [i, j].map((k) => 1 / (1 + n[k] * nodes.ratio[g]));
        const apart = away[i] - away[j] + first * (nodes.mu[g] - away[i])
          - second * (nodes.mu[g] - away[j]);
        const sd = sqrt(nodes.sigmaAlpha[g] ** 2 * (first + second)
          + ((first - second) * nodes.muSd[g]) ** 2);
        above += nodes.weight[g] * below(apart / sd);
      }
      return i === j ? 0.5 : above;
    };
    const draw = drawer(data, cells);
    return { mu, sigmaAlpha, sigmaY, schools: table, error, warning, probabilityAbove, draw };
  }

  return { exactPosterior };
})();
