// Effects with known standard errors: their exact posterior, without a sampler. What
// helpers/exact/effects.py is in Python.
//
// An effect is y ~ N(θ, s), where the true effects are θ ~ N(mu, tau). t is the log of tau. Given it
// all else is normal: one number alone is integrated numerically, by the trapezoid rule.
globalThis.knownErrors = (() => {
  const CUT = 45; // a window ends where the log density is so far below its peak
  const MOST = 20_000; // nodes
  const FINE = 20; // times as many for what is not smooth, a quantile of tau
  const { below, moments, quantile } = normalMixtures;
  const { abs, exp, hypot, log, max, min, sqrt } = Math;
  const fail = (message) => { throw new Error(message); };
  const total = (list) => list.reduce((a, b) => a + b, 0);
  const most = (list) => list.reduce((a, b) => max(a, b), -Infinity);
  const least = (list) => list.reduce((a, b) => min(a, b), Infinity);
  const even = (low, high, size) =>
    Float64Array.from({ length: size }, (_, i) => low + (high - low) * i / (size - 1));

  // At one log tau: mean and sd of mu, and the log density.
  const given = ({ y, s }, { mean: priorMean, sd: priorSd, tauMean }, t) => {
    const square = exp(2 * t);
    let [precision, sum, logs] = [priorSd ** -2, 0, 0];
    for (let j = 0; j < y.length; j += 1) {
      const v = s[j] ** 2 + square;
      precision += 1 / v;
      sum += (y[j] - priorMean) / v;
      logs += log(v);
    }
    const mean = sum / precision;
    let squares = (mean / priorSd) ** 2;
    for (let j = 0; j < y.length; j += 1) {
      squares += (y[j] - priorMean - mean) ** 2 / (s[j] ** 2 + square);
    }
    const density = -(logs + log(precision) + squares) / 2 + t - exp(t) / tauMean;
    return { t, tau: exp(t), mu: mean + priorMean, muSd: precision ** -0.5, log: density };
  };

  // Mean and sd of a true effect, given each tau.
  const effectOf = ({ y, s }, nodes, j) => {
    const [mean, sd] = [new Float64Array(nodes.length), new Float64Array(nodes.length)];
    nodes.forEach(({ tau, mu, muSd }, g) => {
      const keep = 1 / (1 + (s[j] / tau) ** 2); // the share of its own effect that a study keeps
      mean[g] = keep * y[j] + (1 - keep) * mu;
      sd[g] = hypot(s[j] * sqrt(keep), (1 - keep) * muSd);
    });
    return [mean, sd];
  };
  const weightsOf = (nodes) => {
    const top = most(nodes.map((node) => node.log));
    const weight = Float64Array.from(nodes, (node) => exp(node.log - top));
    const sum = total(weight);
    return weight.map((x) => x / sum);
  };
  const SETTINGS = [
    (nodes) => [nodes.map(({ mu }) => mu), nodes.map(({ muSd }) => muSd)],
    (nodes) => [nodes.map(({ tau }) => tau), nodes.map(() => 0)],
  ];
  const halfOf = (nodes, i) => nodes.filter((_, k) => k % 2 === i);

  // How far two halves of the nodes are apart, in posterior sds; and the smallest of these.
  const errorOf = (data, nodes) => {
    const extreme = [data.y, data.s].flatMap((list) => [most(list), least(list)]
      .map((value) => list.indexOf(value)));
    const marks = [...SETTINGS, ...extreme.map((j) => (some) => effectOf(data, some, j))];
    let [error, smallest] = [0, Infinity];
    for (const mark of marks) {
      const [[mean, sd], [other, otherSd]] = [0, 1].map((i) => halfOf(nodes, i))
        .map((some) => moments(weightsOf(some), ...mark(some)));
      error = max(error, max(abs(mean - other), abs(sd - otherSd)) / sd);
      smallest = min(smallest, sd);
    }
    return { error, smallest };
  };

  // Equally spaced values of t where the density counts.
  function* solve(data, priors) {
    const { y, s } = data;
    const at = (t) => given(data, priors, t);
    const scale = log(max(most(s), most(y) - least(y)));
    let [low, high] = [min(log(least(s)), scale) - CUT, scale + 3 * CUT / max(y.length - 4, 0.5)];
    for (let k = 0, size = 400; k < 60; k += 1, size = 33) { // closer, until much of it counts
      const t = even(low, high, size);
      const logs = Array.from(t, (x) => at(x).log);
      const top = most(logs);
      const peak = t[logs.indexOf(top)];
      const kept = logs.map((x, i) => x + 2 * max(t[i] - peak, 0) > top - CUT); // tau² counts
      const [first, last] = [kept.indexOf(true), kept.lastIndexOf(true)];
      [low, high] = [t[max(first - 1, 0)], t[min(last + 1, size - 1)]];
      yield 0.1;
      if (kept.filter(Boolean).length > 12) break;
    }
    for (let size = 33; ; size = 2 * size - 1) {
      const nodes = Array.from(even(low, high, size), at);
      const { error, smallest } = errorOf(data, nodes);
      yield 0.2;
      // Of half the nodes: the error of all is about its square.
      if (error < 1e-6) return { nodes, error: error ** 2, smallest };
      if (size > MOST) fail("the posterior of these effects can't be computed");
    }
  }

  // Many more nodes, and the share of the posterior below each.
  const fineOf = (data, priors, nodes) => {
    const top = most(nodes.map((node) => node.log));
    const some = nodes.filter((node) => node.log > top - 30);
    const fine = Array.from(even(some[0].t, some.at(-1).t, FINE * (some.length - 1) + 1),
      (t) => given(data, priors, t));
    const rising = new Float64Array(fine.length);
    for (let i = 1; i < fine.length; i += 1) {
      rising[i] = rising[i - 1] + exp(fine[i - 1].log - top) + exp(fine[i].log - top);
    }
    const quantileOf = (p) => { // of t
      const target = p * rising.at(-1);
      let [before, after] = [0, fine.length - 1];
      while (after - before > 1) {
        const middle = (before + after) >> 1;
        if (rising[middle] < target) before = middle; else after = middle;
      }
      const share = (target - rising[before]) / (rising[after] - rising[before]);
      return fine[before].t + share * (fine[after].t - fine[before].t);
    };
    return quantileOf;
  };

  const refuse = ({ effect, se, label = [...effect.keys()] }, { mean, sd, tauMean }, prob) => {
    const { isFinite } = Number;
    const bad = label.filter((_, j) => !(isFinite(effect[j]) && isFinite(se[j]) && se[j] > 0))
      .slice(0, 5).map((one) => (typeof one === "string" ? `'${one}'` : one));
    if (bad.length) {
      fail("an effect must be a finite number, and its standard error positive and finite: look at "
        + `[${bad.join(", ")}]`);
    }
    if (!(sd > 0 && tauMean > 0 && isFinite(mean))) {
      fail("prior_mean must be finite, prior_sd and tau_prior_mean positive");
    }
    const needed = isFinite(tauMean) ? 2 : 5;
    if (effect.length < needed) {
      fail(`with these priors ${needed} studies are needed, not ${effect.length}`);
    }
    if (!(prob > 0 && prob < 1)) fail(`prob must lie between 0 and 1, not ${prob}`);
  };

  // A generator, as in posterior.js: it yields the share that is done. The priors are mu ~ N(mean,
  // sd), and tau exponential with mean tauMean; infinite means uniform. Intervals are equal-tailed.
  function* effectsPosterior(studies, priors, prob = 0.94) {
    refuse(studies, priors, prob);
    const data = { y: studies.effect, s: studies.se };
    const { nodes, error, smallest } = yield* solve(data, priors);
    const weight = weightsOf(nodes);
    const heaviest = most(weight);
    const common = nodes.filter((_, g) => g % 2 === 0 && weight[g] > 1e-9 * heaviest);
    const commonWeight = weightsOf(common);
    const tails = [(1 - prob) / 2, (1 + prob) / 2];
    const summary = (part) => {
      const [mean, sd] = moments(weight, ...part(nodes));
      const parts = part(common);
      const [lower, upper] = tails.map((p) => quantile(p, commonWeight, ...parts));
      return { mean, sd, lower, upper };
    };
    const mu = summary(SETTINGS[0]);
    const quantileOfT = fineOf(data, priors, nodes);
    const [mean, sd] = moments(weight, ...SETTINGS[1](nodes));
    const [lower, upper] = tails.map((p) => exp(quantileOfT(p)));
    const effects = { mean: [], sd: [], lower: [], upper: [] };
    for (let j = 0; j < data.y.length; j += 1) {
      const row = summary((some) => effectOf(data, some, j));
      for (const key of Object.keys(effects)) effects[key].push(row[key]);
      yield 0.3 + 0.7 * j / data.y.length;
    }
    // Given tau, the difference of two effects is normal; they share the doubt about mu.
    const probabilityAbove = (i, j) => (i === j ? 0.5 : total(nodes.map((node, g) => {
      const [ki, kj] = [i, j].map((k) => 1 / (1 + (data.s[k] / node.tau) ** 2));
      const apart = kj * (data.y[i] - data.y[j]) + (kj - ki) * (node.mu - data.y[i]);
      const spread = data.s[i] ** 2 * ki + data.s[j] ** 2 * kj;
      return weight[g] * below(apart / sqrt(spread + ((kj - ki) * node.muSd) ** 2));
    })));
    const draw = (random) => {
      const normal = () => sqrt(-2 * log(random())) * Math.cos(2 * Math.PI * random());
      const node = given(data, priors, quantileOfT(random()));
      const one = { ...node, mu: node.mu + node.muSd * normal(), muSd: 0 };
      const drawn = Float64Array.from(data.y, (_, j) => {
        const [[middle], [spread]] = effectOf(data, [one], j);
        return middle + spread * normal();
      });
      return { mu: one.mu, tau: one.tau, effects: drawn };
    };
    const spacing = 2 ** (Math.floor(Math.log2(most(data.y.map(abs)) || 1)) - 52);
    return { mu, tau: { mean, sd, lower, upper }, effects, error: max(error, spacing / smallest),
      warning: "", probabilityAbove, draw };
  }

  return { effectsPosterior };
})();
