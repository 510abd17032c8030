// Quantiles of the two numbers that all groups of a beta-binomial model share: m, and the sd of the
// rates. They are known at the nodes of a plane (passes_plane.js), of which small cells are made.
globalThis.passesCells = (() => {
  const FINE = 6; // times as many columns and rows as the plane has
  const RARE = 18; // a cell whose log density is so far below the highest counts for nothing
  const { expit } = betaMixtures;
  const { abs, cosh, exp, floor, max, min, sinh, sqrt } = Math;
  const even = (low, high, size) =>
    Float64Array.from({ length: size }, (_, i) => low + (high - low) * i / (size - 1));

  // Values between equally spaced ones: by cubic polynomials.
  const finer = (list) => {
    const size = list.length - 1;
    return Float64Array.from({ length: FINE * size + 1 }, (_, i) => {
      const k = min(max(floor(i / FINE) - 1, 0), size - 3);
      const d = i / FINE - k;
      const [a, b, c, e] = [d, d - 1, d - 2, d - 3];
      return (-b * c * e * list[k] + 3 * a * c * e * list[k + 1] - 3 * a * b * e * list[k + 2]
        + a * b * c * list[k + 3]) / 6;
    });
  };
  // Probability of each cell; and of m and of the sd of the rates the value in its middle, and by how
  // much it changes from a side to the other, and from bottom to top.
  function* cellsOf({ columns, top, v, w, middle, wide }) {
    const [x, logs] = ["x", "logs"].map((part) => columns.map((one) => finer(one[part])));
    const along = even(w[0], w.at(-1), FINE * (w.length - 1) + 1);
    const u = along.map((at) => middle + wide * sinh(at));
    const width = along.map((at) => wide * cosh(at) * (along[1] - along[0]));
    const [rows, most] = [x[0].length, u.length - 1];
    const [weight, m, mSide, mUp, sigma, side, up] = Array.from({ length: 7 }, () =>
      new Float64Array(rows * u.length));
    let size = 0;
    const at = (list, k) => finer(list.map((column) => column[k]));
    let [before, here] = [at(x, 0), at(x, 0)];
    for (let k = 0; k < rows; k += 1) {
      const after = k + 1 < rows ? at(x, k + 1) : here;
      const density = at(logs, k);
      for (let i = 0; i <= most; i += 1) {
        if (!(density[i] - top > -RARE)) continue;
        const height = (after[i] - before[i]) / 2;
        const lean = (here[min(i + 1, most)] - here[max(i - 1, 0)]) / 2;
        const [share, rest, square] = [expit(here[i]), expit(-here[i]), exp(2 * u[i])];
        weight[size] = exp(density[i] - top) * height * width[i];
        m[size] = share;
        mSide[size] = share * rest * lean;
        mUp[size] = share * rest * height;
        sigma[size] = sqrt(share * rest * square / (1 + square));
        const slope = sigma[size] * (rest - share) / 2;
        side[size] = slope * lean + sigma[size] * width[i] / (1 + square);
        up[size] = slope * height;
        size += 1;
      }
      [before, here] = [here, after];
      yield;
    }
    const kept = [weight, m, mSide, mUp, sigma, side, up].map((list) => list.subarray(0, size));
    return [kept[0], kept.slice(1, 4), kept.slice(4)];
  }

  // Each cell is a parallelogram, as in posterior_mixture.js. By Cantelli's inequality a quantile lies
  // within so many sds of the mean.
  const quantile = (weight, [centre, sides, ups], [mean, sd], p) => {
    const least = (one, other) => max(abs(one), 1e-3 * abs(other), 1e-300);
    const wide = sides.map((x, i) => least(x, ups[i]));
    const high = ups.map((x, i) => least(x, sides[i]));
    const square = (d) => (d > 0 ? d * d : 0);
    const target = p * weight.reduce((a, b) => a + b, 0);
    const far = 1.1 * sd * sqrt(max(p, 1 - p) / min(p, 1 - p));
    let [low, up, before] = [mean - far, mean + far, 0];
    let near = Uint32Array.from(weight.keys()); // cells that reach into what is left
    while (up - low > 1e-6 * sd) {
      const x = (low + up) / 2;
      let under = before;
      for (let k = 0; k < near.length; k += 1) {
        const i = near[k];
        const [d, r, other] = [x - centre[i], (wide[i] + high[i]) / 2, (wide[i] - high[i]) / 2];
        if (d >= r) under += weight[i];
        else if (d > -r) {
          under += weight[i] * (square(d + r) - square(d + other) - square(d - other))
            / (2 * wide[i] * high[i]);
        }
      }
      if (under < target) low = x; else up = x;
      let size = 0;
      for (let k = 0; k < near.length; k += 1) {
        const i = near[k];
        const r = (wide[i] + high[i]) / 2;
        if (centre[i] + r <= low) before += weight[i];
        else if (centre[i] - r < up) {
          near[size] = i;
          size += 1;
        }
      }
      near = near.subarray(0, size);
    }
    return (low + up) / 2;
  };

  // Of m and of the sd of the rates. A generator, which yields now and then.
  function* settingsQuantiles(plane, moments, tails) {
    const [weight, ...parts] = yield* cellsOf(plane);
    const found = [[], []];
    for (const i of [0, 1]) {
      for (const p of tails) {
        found[i].push(quantile(weight, parts[i], moments[i], p));
        yield;
      }
    }
    return found;
  }

  return { settingsQuantiles };
})();
