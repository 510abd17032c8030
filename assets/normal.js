// The normal distribution, and mixtures of it: every exact posterior of this book is one, or nearly.
globalThis.normalMixtures = (() => {
  const { abs, exp, log, max, min, sqrt } = Math;

  // Its distribution function: a table of the upper tail, and Taylor's series in between.
  const PER = 64; // entries a unit
  const density = (x) => exp(-x * x / 2) / sqrt(2 * Math.PI);
  const HEIGHT = Float64Array.from({ length: 20 * PER + 1 }, (_, i) => density(i / PER));
  const TAIL = HEIGHT.slice(); // beyond 20 there is nothing
  for (let i = TAIL.length - 2; i >= 0; i -= 1) {
    // φ(x + d) / φ(x) is a series in d; φ' = -x φ gives each coefficient from the last two.
    let [area, before, here, power] = [0, 0, 1, 1 / PER];
    for (let k = 0; k < 20; k += 1) {
      area += here * power / (k + 1);
      [before, here] = [here, -(i / PER * here + before) / (k + 1)];
      power /= PER;
    }
    TAIL[i] = TAIL[i + 1] + HEIGHT[i] * area;
  }
  const below = (z) => {
    const far = z < 0 ? -z : z;
    if (!(far < 20)) return z < 0 ? 0 : z > 0 ? 1 : NaN;
    const i = (far * PER + 0.5) | 0;
    const x = i / PER;
    const d = far - x;
    const square = x * x;
    const mean = 1 - d / 2 * (x - d / 3 * (square - 1 - d / 4 * (x * (square - 3)
      - d / 5 * (square * (square - 6) + 3)))); // of the density over d, in units of HEIGHT
    const tail = TAIL[i] - HEIGHT[i] * d * mean;
    return z < 0 ? tail : 1 - tail;
  };
  const normalQuantile = (p) => {
    if (p > 0.5) return -normalQuantile(1 - p);
    let z = p > 0.01 ? 0 : -sqrt(-2 * log(p)); // from here Newton's method never overshoots
    for (let k = 0, step = 1; k < 60 && abs(step) > 1e-12; k += 1) {
      step = (p - below(z)) / density(z);
      z += step;
    }
    return z;
  };

  // Mean and sd of a mixture: parts with weights that add up to one.
  const moments = (weight, mean, sd) => {
    let [apart, square] = [0, 0];
    for (let g = 0; g < weight.length; g += 1) apart += weight[g] * (mean[g] - mean[0]);
    const average = mean[0] + apart; // differences keep their digits
    for (let g = 0; g < weight.length; g += 1) {
      square += weight[g] * ((mean[g] - average) ** 2 + sd[g] ** 2);
    }
    return [average, sqrt(square)];
  };

  // The x below which a mixture of normal distributions has a probability: Newton's method, within
  // a bracket, on a scale where a single normal would be a straight line.
  const quantile = (p, weight, mean, sd) => {
    const z = normalQuantile(p);
    const [average, spread] = moments(weight, mean, sd);
    let [low, high, skew] = [Infinity, -Infinity, 0];
    for (let g = 0; g < weight.length; g += 1) {
      const end = mean[g] + z * sd[g];
      const apart = mean[g] - average;
      if (end < low) low = end;
      if (end > high) high = end;
      skew += weight[g] * apart * (apart * apart + 3 * sd[g] * sd[g]);
    }
    let x = average + spread * (z + (z * z - 1) / 6 * skew / spread ** 3); // Cornish and Fisher's
    x = min(max(x, low), high);
    for (let k = 0; k < 200; k += 1) {
      let [under, slope] = [0, 0];
      for (let g = 0; g < weight.length; g += 1) {
        const at = (x - mean[g]) / sd[g];
        under += weight[g] * below(at);
        slope += weight[g] * density(at) / sd[g];
      }
      if (under < p) low = x; else high = x;
      const found = normalQuantile(min(max(under, 1e-30), 1 - 1e-16));
      const next = x + (z - found) * density(found) / slope;
      x = next >= low && next <= high ? next : (low + high) / 2;
      if (abs(z - found) < 1e-3) break; // after this step, its square
    }
    return x;
  };

  return { below, density, moments, normalQuantile, quantile };
})();
