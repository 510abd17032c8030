// The beta distribution: its function, quantiles of mixtures of it, draws, and which of two is larger.
globalThis.betaMixtures = (() => {
  const { abs, exp, log, log1p, max, min, sqrt } = Math;
  const { below: normalBelow, density: normalDensity, moments } = normalMixtures;
  const LARGE = 16; // from here on Stirling's series
  const MANY = 20; // two shapes from here on: the uniform expansion

  // Stirling's terms, B₂ₖ / (2k (2k - 1)), from Bernoulli's numbers: each follows from those before.
  const BERNOULLI = [1];
  for (let m = 1; m <= 10; m += 1) {
    let [sum, choose] = [0, 1]; // m + 1 over k
    for (let k = 0; k < m; k += 1) {
      sum += choose * BERNOULLI[k];
      choose *= (m + 1 - k) / (k + 1);
    }
    BERNOULLI.push(-sum / (m + 1));
  }
  const TERMS = [2, 4, 6, 8, 10].map((k) => BERNOULLI[k] / (k * (k - 1)));
  const series = (a) => {
    const square = 1 / (a * a);
    return TERMS.reduceRight((sum, term) => sum * square + term, 0) / a;
  };
  // What Stirling's formula lacks: log Γ(a) - (a - 1/2) log a + a - log(2π) / 2.
  const stirlingRest = (a) => {
    if (a >= LARGE) return series(a);
    let product = 1;
    for (let i = 0; i < LARGE; i += 1) product *= a + i;
    const above = a + LARGE; // Γ(above) = Γ(a) product
    return series(above) + (above - 0.5) * log(above) - LARGE - log(product) - (a - 0.5) * log(a);
  };

  // log Γ(a + k) - log Γ(a) for whole numbers k, each so many times, without the loss of digits
  // where a is large.
  const logRising = (a, counts, times) => {
    const shift = a < LARGE ? LARGE : 0;
    const base = a + shift;
    const rest = series(base);
    let [sum, product, i] = [0, 1, 0];
    for (let g = 0; g < counts.length; g += 1) { // in rising order
      const k = counts[g] - shift;
      for (; i < shift && i < counts[g]; i += 1) product *= a + i;
      let one = shift ? log(product) : 0;
      if (k > 0) {
        const end = base + k;
        one += (base - 0.5) * log1p(k / base) + k * log(end) - k + series(end) - rest;
      }
      sum += times[g] * one;
    }
    return sum;
  };

  const expit = (z) => (z < 0 ? exp(z) / (1 + exp(z)) : 1 / (1 + exp(-z)));
  const logit = (x) => log(x) - log1p(-x);

  // What does not depend on x, of a beta distribution: both shapes, the share p of the first, and the
  // log of the density's scale.
  const prepare = (a, b) => {
    const n = a + b;
    const scale = log(a / n * b / (2 * Math.PI)) / 2
      + (stirlingRest(n) - stirlingRest(a) - stirlingRest(b));
    return { a, b, n, p: a / n, q: b / n, scale };
  };
  const ratio = (x, p, apart) => (abs(apart) < p / 2 ? log1p(apart / p) : log(x / p));

  // Lentz's continued fraction, DLMF 8.17.22.
  const fraction = (a, b, x) => {
    const sum = a + b;
    let [c, d] = [1, 1 / (1 - sum * x / (a + 1))];
    let h = d;
    for (let m = 1; m < 2000; m += 1) {
      const at = a + 2 * m;
      const even = m * (b - m) * x / ((at - 1) * at);
      d = 1 / (1 + even * d);
      c = 1 + even / c;
      h *= d * c;
      const odd = -(a + m) * (sum + m) * x / (at * (at + 1));
      d = 1 / (1 + odd * d);
      c = 1 + odd / c;
      h *= d * c;
      if (abs(d * c - 1) < 1e-10) break;
    }
    return h;
  };

  // The probability below a logit z, and the density of the logit there: both into `found`, which
  // saves a million small arrays.
  const at = ({ a, b, n, p, q, scale }, z, found = [0, 0]) => {
    const [x, y] = [expit(z), expit(-z)];
    const apart = p < 0.5 ? x - p : q - y;
    const far = a * ratio(x, p, apart) + b * ratio(y, q, -apart); // -n eta² / 2, at most 0
    const height = exp(far + scale);
    found[1] = height;
    if (a > MANY && b > MANY) {
      // Temme's: the normal distribution in eta, where -n eta² / 2 is the log density. What is left
      // is found by parts, up to a share of 1 / n.
      const eta = sqrt(max(-2 * far / n, 0)) * (apart < 0 ? -1 : 1);
      const sd = sqrt(p * q);
      const rest = abs(eta) > 1e-7 ? 1 / eta - sd / apart : (q - p) / (3 * sd);
      const root = sqrt(n);
      found[0] = normalBelow(eta * root) + normalDensity(eta * root) / root * rest;
      return found;
    }
    const first = x * (n + 2) < a + 1;
    const part = first ? height * fraction(a, b, x) / a : height * fraction(b, a, y) / b;
    found[0] = first ? part : 1 - part;
    return found;
  };

  // The x below which a mixture has a probability: Newton's method on the logit, within a bracket.
  const quantile = (p, weight, parts, start) => {
    let [z, low, high] = [start, -745, 40];
    const here = [0, 0];
    for (let k = 0; k < 200; k += 1) {
      let [under, slope] = [0, 0];
      for (let g = 0; g < parts.length; g += 1) {
        at(parts[g], z, here);
        under += weight[g] * here[0];
        slope += weight[g] * here[1];
      }
      if (under < p) low = z; else high = z;
      const next = z + (p - under) / slope;
      z = next >= low && next <= high ? next : (low + high) / 2;
      if (abs(under - p) < 1e-3 * min(p, 1 - p)) break; // after this step, its square
      if (expit(high) - expit(low) < 1e-9) break;
    }
    return z;
  };
  const single = (p, a, b) => quantile(p, [1], [prepare(a, b)],
    logit(min(max((a + 0.1) / (a + b + 0.2), 1e-300), 1 - 1e-16)));
  // Quantiles of a mixture, from one beta distribution with the same moments.
  const quantiles = (tails, weight, parts) => {
    const sd = parts.map(({ p, q, n }) => sqrt(p * q / (n + 1)));
    const [mean, spread] = moments(weight, parts.map(({ p }) => p), sd);
    const size = mean * (1 - mean) / spread ** 2 - 1;
    return tails.map((p) => expit(quantile(p, weight, parts, size > 0
      ? single(p, mean * size, (1 - mean) * size) : logit(mean))));
  };

  // Draws from a gamma distribution (Marsaglia and Tsang); their logs, as a small shape leaves few
  // above 0; and of a beta distribution.
  const gammaDraw = (shape, random) => { // from 1 upwards
    const d = shape - 1 / 3;
    for (;;) {
      const x = sqrt(-2 * log(random())) * Math.cos(2 * Math.PI * random());
      const root = 1 + x / sqrt(9 * d);
      if (root <= 0) continue;
      const v = root * root * root;
      if (log(random()) < x * x / 2 + d - d * v + 3 * d * log(root)) return d * v;
    }
  };
  const logGammaDraw = (shape, random) => (shape < 1
    ? log(gammaDraw(shape + 1, random)) + log(random()) / shape : log(gammaDraw(shape, random)));
  const draw = (a, b, random) => {
    if (a < 1 || b < 1) return expit(logGammaDraw(a, random) - logGammaDraw(b, random));
    const [one, other] = [gammaDraw(a, random), gammaDraw(b, random)];
    return one / (one + other);
  };

  // The probability that one beta variable is above another whose shapes differ by whole numbers: a
  // half where they are equal, and from there a step at a time. h: B(a + c, b + d) / B(a, b) / B(c, d).
  const above = (one, other) => {
    const [first, second] = [0, 1].map((i) => min(one[i], other[i]));
    const n = first + second;
    const logStart = log(first / n * second / (4 * Math.PI)) / 2
      + stirlingRest(2 * first) + stirlingRest(2 * second) - stirlingRest(2 * n)
      - 2 * (stirlingRest(first) + stirlingRest(second) - stirlingRest(n));
    const shapes = [[first, second], [first, second]];
    let [found, h] = [0.5, exp(logStart)];
    [one, other].forEach((goal, k) => [0, 1].forEach((i) => { // raise each shape to where it belongs
      const [mine, others] = [shapes[k], shapes[1 - k]];
      const sign = k === i ? 1 : -1;
      for (let steps = Math.round(goal[i] - mine[i]); steps > 0; steps -= 1) {
        const [at, sum] = [mine[i], mine[0] + mine[1]];
        found += sign * h / at;
        h *= (at + others[i]) * sum / ((sum + others[0] + others[1]) * at);
        mine[i] += 1;
      }
    }));
    return min(max(found, 0), 1);
  };

  return { above, at, draw, expit, logit, logRising, prepare, quantiles };
})();
