// The posterior as a mixture: what follows from each pair of a ratio and sigmaY. And what is not a
// mixture of normal distributions: quantiles of the two scales, and draws.
globalThis.posteriorMixture = (() => {
  const GOLDEN = (5 ** 0.5 - 1) / 2;
  const { logSum, most, total } = posteriorWindows;
  const { pointAt, sumsAt } = posteriorRatios;
  const { abs, ceil, exp, log, max, sqrt } = Math;

  // ---- The mixture (sections 10 and 11) ----

  // Given a ratio and sigmaY, the mean and sd of mu.
  const muOf = ({ priorMean, priorSd }, { weight, mean }, sigmaY) => {
    const z = (sigmaY / priorSd) ** 2 / weight;
    return [mean + (priorMean - mean) * z / (1 + z), sigmaY / sqrt(weight * (1 + z))];
  };

  // The nodes that add to a second moment; and those that are enough for a quantile.
  const nodesOf = (data, points) => {
    const top = most(points.flatMap(({ windows }) => windows.map((one) => one.top)));
    const nodes = [];
    for (const point of points) {
      const ratio = exp(point.t);
      for (const one of point.windows) {
        for (let k = 0; k <= one.steps; k += 1) {
          const delta = one.start + k * one.step;
          const weight = exp(one.top - top + one.above(delta)) * one.step;
          const sigmaY = data.unit * exp(one.peak + delta);
          nodes.push({ point, ratio, weight, sigmaY, size: weight * sigmaY ** 2 * (1 + ratio) });
        }
      }
    }
    const heaviest = most(nodes.map(({ weight }) => weight));
    const largest = most(nodes.map(({ size }) => size));
    const columnsOf = (some) => {
      const whole = total(some.map(({ weight }) => weight));
      const mu = some.map(({ point, sigmaY }) => muOf(data, point, sigmaY));
      const column = (of) => Float64Array.from(some, of);
      return {
        weight: column(({ weight }) => weight / whole),
        ratio: column(({ ratio }) => ratio),
        sigmaY: column(({ sigmaY }) => sigmaY),
        sigmaAlpha: column(({ sigmaY, ratio }) => sigmaY * sqrt(ratio)),
        mu: column((_, g) => mu[g][0]),
        muSd: column((_, g) => mu[g][1]),
      };
    };
    const matters = ({ weight, size }) => weight > 1e-12 * heaviest || size > 1e-12 * largest;
    return [columnsOf(nodes.filter(matters)),
      columnsOf(nodes.filter(({ weight }) => weight > 1e-9 * heaviest))];
  };

  // How far mu moves from one window to the next, in its sds: far, and a quantile needs more.
  const jumpOf = (data, points) => {
    const whole = logSum(points.flatMap(({ windows }) => windows.map(({ mass }) => mass)));
    const mu = points.flatMap((point) => point.windows
      .filter(({ mass }) => mass - whole > log(1e-6))
      .map(({ peak }) => muOf(data, point, data.unit * exp(peak))));
    return max(0, most(mu.slice(1).map(([at, sd], i) => abs(at - mu[i][0]) / sd)));
  };

  // Mean and sd of a school's mean at each node.
  const schoolOf = ({ n, away }, { weight, ratio, sigmaAlpha, mu, muSd }, j) => {
    const [mean, sd] = [new Float64Array(weight.length), new Float64Array(weight.length)];
    for (let g = 0; g < weight.length; g += 1) {
      const rest = 1 / (1 + n[j] * ratio[g]); // 1 - lambda: the weight of mu
      mean[g] = away[j] + rest * (mu[g] - away[j]);
      sd[g] = sqrt(sigmaAlpha[g] ** 2 * rest + (rest * muSd[g]) ** 2);
    }
    return [mean, sd];
  };

  // ---- The two scales, and draws (sections 11 and 12) ----

  // Many more ratios: for what is not smooth, an interval's end and a draw.
  function* refine(data, { points, step }) {
    const whole = logSum(points.map(({ logs }) => logs[0]));
    const some = points.filter(({ logs }) => logs[0] - whole > -21);
    const times = max(4, ceil(400 / some.length));
    const fine = [];
    for (let i = 0; i < some.length; i += 1) {
      fine.push(some[i]);
      if (!(some[i + 1]?.t - some[i].t < 1.5 * step)) continue;
      for (let k = 1; k < times; k += 1) fine.push(pointAt(data, some[i].t + step * k / times));
      yield 0.4 + 0.1 * i / some.length;
    }
    return { points: fine, step: step / times };
  }

  // The plane of t and y in cells: parallelograms, as a window moves from one ratio to the next.
  function* cellsOf({ points, step }) {
    const whole = logSum(points.map(({ logs }) => logs[0]));
    const cells = { weight: [], t: [], y: [], slope: [], height: [] };
    let seen = 0;
    for (const [i, point] of points.entries()) {
      for (const one of point.windows) {
        const moves = [i - 1, i + 1].filter((k) => abs(points[k]?.t - point.t) < 1.5 * step)
          .flatMap((k) => points[k].windows.map(({ peak }) => (k - i) * (peak - one.peak)));
        const nearest = moves.reduce((a, b) => (abs(b) < abs(a) ? b : a), Infinity);
        const height = one.step / 4;
        // Nodes of neighbours that stand at different heights: their errors cancel.
        const from = one.start + height * (seen * GOLDEN % 1 - 0.5);
        seen += 1;
        const mass = Array.from({ length: 4 * one.steps + 2 }, (_, k) =>
          exp(one.top - whole + one.above(from + k * height)) * height);
        mass.forEach((here, k) => {
          // Spread over its cell, a density is too wide: a 24th of its bend mends that.
          const weight = here - ((mass[k - 1] ?? here) - 2 * here + (mass[k + 1] ?? here)) / 24;
          if (weight < 1e-9) return;
          cells.weight.push(weight);
          cells.t.push(point.t);
          cells.y.push(one.peak + from + k * height);
          cells.slope.push(abs(nearest) < 2 * step ? nearest / step : 0);
          cells.height.push(height);
        });
      }
      yield 0.5;
    }
    const packed = Object.entries(cells).map(([key, list]) => [key, Float64Array.from(list)]);
    return { step, ...Object.fromEntries(packed) };
  }

  // Quantiles of y (half 0) or of the log of sigmaAlpha, y + t / 2 (half 1 / 2), over the cells.
  function* cellQuantiles({ weight, t, y, slope, height, step }, half, tails) {
    const x = y.map((at, i) => at + half * t[i]);
    const width = slope.map((s, i) => max(step * abs(s + half), 1e-3 * height[i]));
    const reach = width.map((w, i) => (w + height[i]) / 2);
    const square = (d) => (d > 0 ? d * d : 0);
    const found = [];
    for (const p of tails) {
      let low = -most(x.map((at, i) => reach[i] - at));
      let high = most(x.map((at, i) => reach[i] + at));
      let [some, before] = [Uint32Array.from(x, (_, i) => i), 0];
      yield 0.5;
      const target = p * total(weight);
      while (some.length && high - low > 1e-12) {
        const middle = (low + high) / 2;
        let under = before;
        for (const i of some) {
          const [d, r, other] = [middle - x[i], reach[i], (width[i] - height[i]) / 2];
          if (d >= r) under += weight[i];
          else if (d > -r) {
            const area = square(d + r) - square(d + other) - square(d - other);
            under += weight[i] * area / (2 * width[i] * height[i]);
          }
        }
        if (under < target) low = middle; else high = middle;
        some = some.filter((i) => {
          if (x[i] + reach[i] <= low) before += weight[i];
          return x[i] + reach[i] > low && x[i] - reach[i] < high;
        });
        yield 0.5;
      }
      found.push(exp((low + high) / 2));
    }
    return found;
  }

  const drawer = (data, { weight, t, y, slope, height, step }) => {
    let rising = 0;
    const ends = weight.map((x) => { rising += x; return rising; });
    return (random) => {
      const target = random() * rising;
      let [i, last] = [0, ends.length - 1];
      while (i < last) {
        const middle = (i + last) >> 1;
        if (ends[middle] < target) i = middle + 1; else last = middle;
      }
      const normal = () => sqrt(-2 * log(random())) * Math.cos(2 * Math.PI * random());
      const aside = step * (random() - 0.5);
      const sums = sumsAt(data, t[i] + aside);
      const ratio = exp(sums.t);
      const sigmaY = data.unit * exp(y[i] + slope[i] * aside + height[i] * (random() - 0.5));
      const sigmaAlpha = sigmaY * sqrt(ratio);
      const [middle, sd] = muOf(data, sums, sigmaY);
      const mu = middle + sd * normal();
      const schools = Float64Array.from(data.n, (n, j) => {
        const rest = 1 / (1 + n * ratio);
        const mean = data.away[j] + rest * (mu - data.away[j]);
        return data.centre + mean + sigmaAlpha * sqrt(rest) * normal();
      });
      return { mu: data.centre + mu, sigmaAlpha, sigmaY, schools };
    };
  };

  return { cellQuantiles, cellsOf, drawer, jumpOf, nodesOf, refine, schoolOf };
})();
