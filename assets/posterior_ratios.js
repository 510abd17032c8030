// The posterior of the ratio of the two scales, and of sigmaY given the ratio. posterior_windows.js
// says what t and y are.
globalThis.posteriorRatios = (() => {
  const DEAD = -30; // log of the share of the whole that an interval may hold and be left out
  const COST = 5e8; // sizes times ratios: more is refused
  const { fail, logAdd, logSum, most, total, windowsOf } = posteriorWindows;
  const { abs, ceil, exp, expm1, floor, log, log1p, max, min, sqrt } = Math;

  // ---- All schools, given a ratio (section 7) ----

  const prepare = ({ n, mean, ss }, priors) => {
    const sorted = Float64Array.from(mean).sort();
    const half = (n.length - 1) / 2;
    const centre = (sorted[floor(half)] + sorted[ceil(half)]) / 2; // large means would cost digits
    const away = Float64Array.from(mean, (x) => x - centre);
    const groups = new Map();
    n.forEach((size, j) => groups.set(size, groups.get(size) ?? []).get(size).push(j));
    const sizes = [...groups].map(([size, members]) => { // schools of one size enter together
      const average = total(members.map((j) => away[j])) / members.length;
      const scatter = total(members.map((j) => (away[j] - average) ** 2));
      return { size, count: members.length, average, scatter };
    });
    const within = total(ss);
    const pupils = total(n);
    const freedom = pupils - n.length;
    const unit = sqrt(within / freedom);
    if (!(Number.isFinite(within) && unit > 0 && away.every((x) => Number.isFinite(x * x)))) {
      fail("scores so large or so small can't be computed: choose another unit");
    }
    return { n, away, centre, sizes, within, pupils, freedom, unit, priorMean: priors.mean - centre,
      priorSd: priors.sd, a: priors.sigmaAlphaMean, b: priors.sigmaYMean };
  };

  const sumsAt = ({ sizes }, t) => {
    const ratio = exp(t);
    let [determinant, weight, mean, squares] = [0, 0, 0, 0];
    for (const { size, count, average } of sizes) {
      const w = count * size / (1 + size * ratio);
      determinant += count * log1p(size * ratio);
      weight += w;
      mean += w * average;
    }
    mean /= weight;
    for (const { size, count, average, scatter } of sizes) {
      squares += size / (1 + size * ratio) * (count * (average - mean) ** 2 + scatter);
    }
    return { t, determinant, weight, mean, squares };
  };

  // What may be held while the ratio changes: the log of its square is that of sigmaY², plus this.
  const STRETCH = { sigmaY: () => 0, both: (t) => logAdd(0, t), sigmaAlpha: (t) => t };

  // The windows at one ratio; with two, those of a bound of the density for every ratio between
  // them: each factor is taken at the end where it is larger (section 9).
  const columnOf = (data, low, high = low, hold = "sigmaY") => {
    const { within, freedom, unit, priorMean, priorSd, a, b } = data;
    const [lowStretch, highStretch] = [low, high].map(({ t }) => STRETCH[hold](t));
    const turned = hold === "sigmaAlpha"; // then a larger ratio makes the means less scattered
    const [first, firstStretch] = turned ? [high, highStretch] : [low, lowStretch];
    const [{ weight, mean, squares }, stretch] = turned ? [low, lowStretch] : [high, highStretch];
    const growth = logAdd(lowStretch, stretch + log(squares / within));
    const windows = windowsOf({
      power: data.pupils - 3,
      squares: freedom * exp(growth),
      rate: unit * (exp(-highStretch / 2) / b + (turned ? 1 : exp((low.t - lowStretch) / 2)) / a),
      looseness: (unit / priorSd) ** 2 / (weight * exp(stretch)),
      pull: ((mean - priorMean) / priorSd) ** 2,
    });
    const base = data.n.length * firstStretch - first.determinant - log(weight) - stretch
      + high.t - 2 * lowStretch + freedom * highStretch;
    const masses = windows.map((one) => {
      one.top += base / 2 - freedom / 2 * expm1(growth - 2 * one.peak);
      let [mass, second] = [0, 0];
      for (let k = 0; k <= one.steps; k += 1) {
        const delta = one.start + k * one.step;
        const here = exp(one.above(delta));
        mass += here;
        second += here * exp(2 * delta);
      }
      const scale = one.top + log(one.step);
      one.mass = scale + log(mass);
      return scale + log(second) + 2 * one.peak - lowStretch;
    });
    const second = logSum(masses);
    // Logs of the mass, and of it times sigmaY² and sigmaAlpha².
    return { windows, logs: [logSum(windows.map(({ mass }) => mass)), second, second + high.t] };
  };

  const pointAt = (data, t) => {
    const sums = sumsAt(data, t);
    return { ...sums, ...columnOf(data, sums) };
  };

  // ---- Which ratios are needed (sections 8 and 9) ----

  // Ratios beyond which the posterior has nothing, whatever the data.
  const rangeOf = ({ n, away, sizes, within, pupils, freedom, unit, priorMean, a, b }) => {
    const far = max(most(away.map((x) => abs(x - priorMean))), unit);
    const share = pupils / freedom;
    const largest = log(max(sqrt(far ** 2 * share + unit ** 2), b)) + 7;
    const least = min(log(unit / sqrt(share)), log(within * b) / 3) - 4;
    return [min(-log(most(sizes.map(({ size }) => size))), 2 * (log(a) - largest)) - 70,
      2 * (log(max(far, a)) + 7 - least)];
  };

  // A bound of what the ratios between two hold; nothing if it isn't small enough.
  const boundOf = (data, [low, high], step, least) => {
    let bound = [Infinity, Infinity, Infinity];
    for (const hold of Object.keys(STRETCH)) {
      const { logs } = columnOf(data, low, high, hold);
      bound = bound.map((x, k) => min(x, logs[k] + log(step)));
      if (bound.every((x, k) => x <= least[k])) return bound;
    }
    return undefined;
  };

  // Columns at equal steps of t, halved until no integral changes, and a bound of what is left out.
  // An interval of ratios is left out only if it provably holds next to nothing.
  function* solve(data) {
    const [first, last] = rangeOf(data);
    let [step, cost, level] = [2, 0, 0];
    let [before, outside] = [[Infinity, Infinity, Infinity], [-Infinity, -Infinity, -Infinity]];
    const add = (one, other) => one.map((x, k) => logAdd(x, other[k]));
    const price = (list) => list.length * (data.sizes.length + 2000);
    const share = () => 0.4 * (1 - 0.8 ** level);
    const at = (t) => ({ ...pointAt(data, t), level });
    const halve = function* (cells) {
      const halves = [];
      for (const [low, high] of cells) {
        const middle = at((low.t + high.t) / 2);
        halves.push([low, middle], [middle, high]);
        yield share();
      }
      return halves;
    };
    let cells = [];
    for (let t = first, low = at(t); t < last; t += step) {
      const high = at(t + step);
      cells.push([low, high]);
      low = high;
      yield 0;
    }
    for (;;) {
      const points = [...new Set(cells.flat())];
      const whole = before.map((_, k) => logSum(points.map(({ logs }) => logs[k])) + log(step));
      const least = whole.map((x) => x + DEAD);
      const alive = ({ logs }, width) => logs.some((x, k) => x + log(width) > least[k]);
      const sift = function* (list, width) { // those that could hold something; a bound of the rest
        let rest = [-Infinity, -Infinity, -Infinity];
        const kept = [];
        for (const cell of list) {
          const bound = boundOf(data, cell, width, least);
          if (bound) rest = add(rest, bound); else kept.push(cell);
          yield share();
        }
        return [kept, rest];
      };
      const shown = new Set(cells.filter((cell) => cell.some((point) => alive(point, step))));
      const [hidden, bound] = yield* sift(cells.filter((cell) => !shown.has(cell)), step);
      outside = add(outside, bound);
      const close = step <= 1 && whole.every((x, k) => abs(x - before[k]) < 1e-7);
      before = whole;
      // Bound what the hidden ones hold by dividing them, unless one does hold something.
      let [rest, left, width] = [hidden, outside, step];
      let empty = close;
      while (rest.length && empty) {
        if (price(rest) > COST / 20) empty = false;
        else {
          rest = yield* halve(rest);
          empty = !rest.some(([, middle], i) => i % 2 === 0 && alive(middle, width));
          width /= 2;
          const [kept, more] = empty ? yield* sift(rest, width) : [rest, left];
          [rest, left] = [kept, add(left, more)];
        }
      }
      if (empty) {
        return { points: points.filter((point) => alive(point, step)), step, level,
          left: exp(most(left.map((x, k) => x - whole[k]))) };
      }
      for (const cell of hidden) shown.add(cell);
      cells = cells.filter((cell) => shown.has(cell));
      cost += price(cells);
      if (!(cost < COST)) fail("the posterior of these schools can't be computed in bounded time");
      level += 1;
      cells = yield* halve(cells);
      step /= 2;
    }
  }

  return { pointAt, prepare, solve, sumsAt };
})();
