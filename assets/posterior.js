// The exact posterior of the partially pooled model, without a sampler: what helpers/exact is in
// Python. The appendix, exact_posterior.md, derives each formula; its sections are named below.
//
// t is the log of sigmaAlpha² / sigmaY², and y the log of sigmaY in units of the pooled sd within.
// Given both, all other parameters are normal: the posterior is a mixture of normal distributions.
globalThis.partialPooling = (() => {
  const CUT = 45; // a window of y ends where the log density is so far below its peak
  const DEAD = -30; // log of the share of the whole that an interval may hold and be left out
  const COST = 5e8; // sizes times ratios: more is refused
  const GOLDEN = (5 ** 0.5 - 1) / 2;
  const { abs, ceil, exp, expm1, floor, log, log1p, max, min, sqrt } = Math;
  const fail = (message) => { throw new Error(message); };
  const total = (list) => list.reduce((a, b) => a + b, 0);
  const most = (list) => list.reduce((a, b) => max(a, b), -Infinity);
  const logAdd = (a, b) => (a === b ? a + log(2) : max(a, b) + log1p(exp(-abs(a - b))));
  const logSum = (logs) => {
    const top = most(logs);
    return top === -Infinity ? top : top + log(total(logs.map((x) => exp(x - top))));
  };

  const { below, moments, quantile } = normalMixtures;

  // ---- One column: the density of y, given a ratio (section 8) ----

  // The log density is -power y - squares e⁻²ʸ / 2 - rate eʸ - log(1 + z) / 2 - pull / (1 + z) / 2,
  // where z = looseness e²ʸ. All of it changes over steps of about 1 in y: 49 points see each peak.
  const windowsOf = ({ power, squares, rate, looseness, pull }) => {
    const termsAt = (y) => {
      const e = exp(y);
      const z = looseness * e ** 2;
      return { near: squares / e ** 2, rise: rate * e, z, share: z / (1 + z) };
    };
    const slopes = (y) => { // first derivative, and minus the second
      const { near, rise, z, share } = termsAt(y);
      const bump = pull * share / (1 + z);
      return [near - power - rise - share + bump,
        2 * near + rise + 2 * share / (1 + z) - 2 * bump * (1 - 2 * share)];
    };
    const first = min(log(squares / (2 * (power + 1))) / 2, log(squares / (2 * rate)) / 3);
    const far = squares + pull / looseness;
    const last = min(log(far / rate) / 3, power > 0 ? log(far / power) / 2 : Infinity);
    const gap = (max(last, first) + 1e-3 - first) / 48;
    const rises = Array.from({ length: 49 }, (_, i) =>
      i === 0 || (i < 48 && slopes(first + i * gap)[0] > 0));
    const found = [];
    let valley = -Infinity;
    for (let i = 0; i < 48; i += 1) {
      if (!rises[i] && rises[i + 1]) {
        valley = first + (i + 1) * gap;
        found.at(-1).right = valley;
      }
      if (!rises[i] || rises[i + 1]) continue;
      let [low, high] = [first + i * gap, first + (i + 1) * gap];
      let peak = (low + high) / 2;
      for (let k = 0; k < 80; k += 1) { // Newton's method, within a bracket
        const [slope, bend] = slopes(peak);
        if (slope > 0) low = peak; else high = peak;
        const next = peak + slope / bend;
        const move = (bend > 0 && next > low && next < high ? next : (low + high) / 2) - peak;
        peak += move;
        if (abs(move) <= 1e-3 / sqrt(max(bend, 1))) break;
      }
      const { near, rise, z, share } = termsAt(peak);
      // As a difference from the peak, which keeps its digits however many pupils there are.
      const above = (delta) => {
        const more = share * expm1(2 * delta);
        return -power * delta - near / 2 * expm1(-2 * delta) - rise * expm1(delta)
          - log1p(more) / 2 + pull / 2 * (more / (1 + more)) / (1 + z);
      };
      const top = -power * peak - log1p(z) / 2 - rise - pull / (1 + z) / 2;
      const sd = max(slopes(peak)[1], 1e-9) ** -0.5; // a peak may be flat
      found.push({ peak, above, top, sd, left: valley, right: Infinity });
    }
    const windows = [];
    for (const one of found) {
      const reach = (sign, limit) => { // how far from the peak the density counts
        let [inner, outer] = [0, min(8 * min(one.sd, 1), limit)];
        const counts = (delta) => one.above(sign * delta) > -CUT;
        while (counts(outer) && outer < limit) [inner, outer] = [outer, min(1.5 * outer, limit)];
        for (let k = 0; k < 3; k += 1) {
          const middle = (inner + outer) / 2;
          if (counts(middle)) inner = middle; else outer = middle;
        }
        return outer;
      };
      one.start = one.peak - reach(-1, one.peak - one.left);
      one.end = one.peak + reach(1, one.right - one.peak);
      one.step = min(0.8 * one.sd, 0.2, (one.end - one.start) / 24);
      const before = windows.at(-1);
      if (before && (before.end >= before.right || one.start <= one.left)) { // they meet
        const higher = before.above(one.peak - before.peak) > 0 ? one : before;
        const [start, step] = [before.start, min(before.step, one.step)];
        windows[windows.length - 1] = { ...higher, start, end: one.end, step, right: one.right };
      } else windows.push(one);
    }
    for (const one of windows) {
      one.steps = ceil((one.end - one.start) / one.step);
      if (!(one.steps < 1e5)) fail("the posterior has peaks too narrow to be computed");
      one.step = (one.end - one.start) / one.steps;
      one.start -= one.peak;
    }
    return windows;
  };

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
