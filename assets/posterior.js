// The exact posterior of the partially pooled model, without a sampler: beside the appendix "The
// exact posterior", which derives it, and helpers/exact, whose numbers it has to give.
//
// t is the log of σ_α² / σ_y², and y the log of σ_y in units of the pooled sd within. Given both,
// every other parameter is normal. So the posterior is a mixture of normal distributions, whose
// weights are found by adding up the density over a grid of t and, at each t, over a window of y.
globalThis.partialPooling = (() => {
  const CUT = 45; // a window ends where the log density is so far below its peak
  const COST = 3e8; // steps of work: more is refused
  // As Python prints a number with six digits.
  const six = (x) => {
    const short = Number(x.toPrecision(6));
    if (!short || (Math.abs(short) >= 1e-4 && Math.abs(short) < 1e6)) return `${short}`;
    return short.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  };
  const sum = (list, of = (x) => x) => list.reduce((total, x, i) => total + of(x, i), 0);

  // ---- the normal distribution: a table of its probabilities, and Taylor's series in between ----

  const density = (x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const PER = 64; // entries for a unit
  const TABLE = Float64Array.from({ length: 9 * PER + 1 }, (_, i) => {
    const x = i / PER;
    let term = x;
    let total = x;
    for (let odd = 3; term > 1e-17 * total; odd += 2) {
      term *= (x * x) / odd;
      total += term;
    }
    return 0.5 + density(x) * total;
  });
  const below = (x) => {
    const far = Math.abs(x);
    if (far > 9) return x < 0 ? 0 : 1;
    const place = Math.round(far * PER);
    const at = place / PER;
    const d = far - at;
    const square = at * at;
    const rise = 1 - (d / 2) * (at - (d / 3) * (square - 1 - (d / 4) * (at * (square - 3)
      - (d / 5) * (square * (square - 6) + 3))));
    const p = TABLE[place] + density(at) * d * rise;
    return x < 0 ? 1 - p : p;
  };

  // The x below which a mixture of normal distributions has the probability p.
  const quantile = (p, weight, mean, sd) => {
    let [low, high, start, size] = [Infinity, -Infinity, 0, 0];
    for (let k = 0; k < mean.length; k += 1) {
      low = Math.min(low, mean[k] - 9 * sd[k]);
      high = Math.max(high, mean[k] + 9 * sd[k]);
      start += weight[k] * mean[k];
      size += weight[k] * sd[k];
    }
    let x = start + (p < 0.5 ? -1.5 : 1.5) * size;
    for (let i = 0; i < 200; i += 1) {
      let [under, slope] = [0, 0];
      for (let k = 0; k < mean.length; k += 1) {
        const z = (x - mean[k]) / sd[k];
        under += weight[k] * below(z);
        slope += (weight[k] * density(z)) / sd[k];
      }
      if (under < p) low = x;
      else high = x;
      const next = x + (p - under) / slope;
      const last = x;
      x = next > low && next < high ? next : (low + high) / 2;
      if (Math.abs(x - last) < 1e-9 * size) break;
    }
    return x;
  };

  // ---- y, given t ----

  // The log density is -power y - squares e⁻²ʸ / 2 - rate eʸ - log(1 + z) / 2 - pull / (1 + z) / 2,
  // z = looseness e²ʸ. All of it changes over steps of about 1 in y: no peak hides between 49 points.
  const slopes = (c, y) => {
    const e = Math.exp(y);
    const z = c.looseness * e * e;
    const share = z / (1 + z);
    const bump = (c.pull * share) / (1 + z);
    const [near, rise] = [c.squares / (e * e), c.rate * e];
    return [near - c.power - rise - share + bump,
      2 * near + rise + (2 * share) / (1 + z) - 2 * bump * (1 - 2 * share)];
  };
  const level = (c, y) => {
    const e = Math.exp(y);
    const z = c.looseness * e * e;
    return -c.power * y - c.squares / (e * e) / 2 - c.rate * e - Math.log1p(z) / 2
      - c.pull / (1 + z) / 2;
  };

  // Equal steps around each peak, and the log density there; peaks that meet share a window.
  const windowsOf = (c, fine) => {
    const low = Math.min(Math.log(c.squares / (2 * (c.power + 1))) / 2,
      Math.log(c.squares / (2 * c.rate)) / 3);
    const most = c.squares + c.pull / c.looseness;
    let high = Math.log(most / c.rate) / 3;
    if (c.power > 0) high = Math.min(high, Math.log(most / c.power) / 2);
    const gap = (Math.max(high, low) + 1e-3 - low) / 48;
    const rises = Array.from({ length: 49 }, (_, i) =>
      i === 0 || (i < 48 && slopes(c, low + i * gap)[0] > 0));
    const found = [];
    let valley = -Infinity;
    for (let i = 0; i < 48; i += 1) {
      if (!rises[i] && rises[i + 1]) valley = low + i * gap;
      if (rises[i] && !rises[i + 1]) {
        let [left, right] = [low + i * gap, low + (i + 1) * gap];
        let y = (left + right) / 2;
        for (let k = 0; k < 80; k += 1) { // Newton's method, within a bracket
          const [slope, bend] = slopes(c, y);
          if (slope > 0) left = y;
          else right = y;
          const next = y + slope / bend;
          const last = y;
          y = bend > 0 && next > left && next < right ? next : (left + right) / 2;
          if (Math.abs(y - last) < 1e-3 / Math.sqrt(Math.max(bend, 1))) break;
        }
        const sd = 1 / Math.sqrt(Math.max(slopes(c, y)[1], 1e-9));
        const top = level(c, y);
        const reach = (sign) => {
          let [inner, outer] = [0, 8 * Math.min(sd, 1)];
          while (level(c, y + sign * outer) > top - CUT) [inner, outer] = [outer, 1.5 * outer];
          for (let k = 0; k < 4; k += 1) {
            const middle = (inner + outer) / 2;
            if (level(c, y + sign * middle) > top - CUT) inner = middle;
            else outer = middle;
          }
          return y + sign * outer;
        };
        const window = { start: reach(-1), end: reach(1), peak: y, top };
        window.step = Math.min(0.8 * sd, 0.2, (window.end - window.start) / 24);
        const before = found.at(-1);
        if (before && window.start <= before.end) {
          before.end = Math.max(before.end, window.end);
          before.step = Math.min(before.step, window.step);
          if (window.top > before.top) [before.top, before.peak] = [window.top, y];
        } else {
          found.push(window);
        }
      }
    }
    return found.map(({ start, end, step, peak, top }) => {
      const size = Math.ceil(((end - start) / step) * fine) + 1;
      if (size > 2e6) throw new Error("the posterior has peaks too narrow to be computed");
      const width = (end - start) / (size - 1);
      const y = Float64Array.from({ length: size }, (_, i) => start + i * width);
      return { y, log: y.map((at) => level(c, at)), width, peak, top };
    });
  };

  // ---- t ----

  const prepare = ({ n, mean, ss }, priors) => {
    const sorted = Float64Array.from(mean).sort();
    const half = n.length / 2;
    const centre = (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
    const away = Float64Array.from(mean, (value) => value - centre); // large means cost digits
    const groups = new Map(); // schools of one size enter together
    n.forEach((size, i) => groups.set(size, [...(groups.get(size) ?? []), i]));
    const sizes = [...groups].sort(([a], [b]) => a - b).map(([size, members]) => {
      const average = sum(members, (i) => away[i]) / members.length;
      return {
        size, count: members.length, average, scatter: sum(members, (i) => (away[i] - average) ** 2),
      };
    });
    const within = sum(ss);
    const total = sum(n);
    const freedom = total - n.length;
    const unit = Math.sqrt(within / freedom);
    if (!(Number.isFinite(within) && unit > 0 && away.every((x) => Number.isFinite(x * x)))) {
      throw new Error("scores so large or so small can't be computed: choose another unit");
    }
    return { n, away, centre, sizes, within, total, freedom, unit, ...priors,
      priorMean: priors.mean - centre };
  };

  // The density of y at one t, and what the rest of the log density adds there.
  const columnAt = (data, t) => {
    const ratio = Math.exp(t);
    let [determinant, weight, weighted] = [0, 0, 0];
    for (const { size, count, average } of data.sizes) {
      const w = (count * size) / (1 + size * ratio);
      weight += w;
      weighted += w * average;
      determinant += count * Math.log1p(size * ratio);
    }
    const mean = weighted / weight;
    let squares = 0;
    for (const { size, count, average, scatter } of data.sizes) {
      squares += (size / (1 + size * ratio)) * (count * (average - mean) ** 2 + scatter);
    }
    return {
      t, weight, mean,
      constant: (t - determinant - Math.log(weight)) / 2,
      power: data.total - 3,
      squares: (squares + data.within) / data.unit ** 2,
      rate: data.unit * (Math.exp(t / 2) / data.sigmaAlphaMean + 1 / data.sigmaYMean),
      looseness: (data.unit / data.sd) ** 2 / weight,
      pull: ((mean - data.priorMean) / data.sd) ** 2,
    };
  };

  // Logs of the mass at one t, and of the mass times σ_y² and σ_α².
  const solve = (data, t) => {
    const column = columnAt(data, t);
    const windows = windowsOf(column, 1);
    const top = windows.reduce((most, one) => Math.max(most, one.top), -Infinity);
    let [mass, second] = [0, 0];
    for (const { y, log, width } of windows) {
      for (let i = 0; i < y.length; i += 1) {
        const here = Math.exp(log[i] - top) * width;
        mass += here;
        second += here * Math.exp(2 * y[i]);
      }
    }
    const base = column.constant + top;
    const logs = [base + Math.log(mass), base + Math.log(second), base + Math.log(second) + t];
    return { column, windows, logs };
  };

  const logSum = (logs) => {
    const top = logs.reduce((a, b) => Math.max(a, b), -Infinity);
    return top + Math.log(sum(logs, (x) => Math.exp(x - top)));
  };

  // Columns at equal steps of t: halved until neither the mass nor the second moments change.
  function* gridOf(data) {
    const [a, b] = [data.sigmaAlphaMean, data.sigmaYMean];
    const far = Math.max(data.away.reduce((most, x) => Math.max(most, Math.abs(x - data.priorMean)), 0),
      data.unit);
    const share = data.total / data.freedom;
    const largest = Math.log(Math.max(Math.hypot(far * Math.sqrt(share), data.unit), b)) + 7;
    const least = Math.min(Math.log(data.unit / Math.sqrt(share)), Math.log(data.within * b) / 3) - 4;
    const first = Math.min(-Math.log(data.sizes.at(-1).size), 2 * (Math.log(a) - largest)) - 70;
    const last = 2 * (Math.log(Math.max(far, a)) + 7 - least);
    let step = 1;
    let work = 0;
    let points = [];
    for (let i = 0; first + i <= last + 1; i += 1) {
      points.push({ place: i, ...solve(data, first + i) });
      yield 0.1;
    }
    let before = [Infinity, Infinity, Infinity];
    for (let round = 0; ; round += 1) {
      const whole = [0, 1, 2].map((k) => logSum(points.map(({ logs }) => logs[k])) + Math.log(step));
      const change = Math.max(...whole.map((x, k) => Math.abs(x - before[k])));
      before = whole;
      if (change < 1e-8 && jumpOf(data, points, whole[0] - Math.log(step)) < 1) {
        return { points, step };
      }
      // A log density is smooth, however narrow the density: it won't rise more than it just did.
      const close = (i, j) => points[j] && Math.abs(points[j].place - points[i].place) === 1;
      const alive = points.map(({ logs }, i) => logs.some((log, k) => {
        const moves = [i - 1, i + 1].filter((j) => close(i, j))
          .map((j) => Math.abs(points[j].logs[k] - log));
        return log + Math.max(0, ...moves) > whole[k] - Math.log(step) - 32;
      }));
      const next = [];
      const push = (point) => next.at(-1)?.place === point.place || next.push(point);
      for (let i = 0; i + 1 < points.length; i += 1) {
        if ((alive[i] || alive[i + 1]) && close(i, i + 1)) {
          push({ ...points[i], place: 2 * points[i].place });
          const place = 2 * points[i].place + 1;
          push({ place, ...solve(data, first + (place * step) / 2) });
          push({ ...points[i + 1], place: place + 1 });
          work += data.sizes.length + 2000;
          if (work > COST) {
            throw new Error("the posterior of these schools can't be computed in bounded time");
          }
          yield 0.1 + 0.03 * Math.min(round, 10);
        }
      }
      points = next;
      step /= 2;
    }
  }

  // Where μ lies, given t and y: its mean and sd.
  const muAt = (data, column, sigmaY) => {
    const z = (sigmaY / data.sd) ** 2 / column.weight;
    return [column.mean + ((data.priorMean - column.mean) * z) / (1 + z),
      sigmaY / Math.sqrt(column.weight * (1 + z))];
  };

  // How far μ moves from one of every two columns to the next, in its sds.
  const jumpOf = (data, points, whole) => {
    const some = points.filter(({ place, logs }) => place % 2 === 0 && logs[0] > whole - 14)
      .map(({ place, column, windows }) => {
        const { peak } = windows.reduce((best, one) => (one.top > best.top ? one : best));
        return [place, ...muAt(data, column, data.unit * Math.exp(peak))];
      });
    return some.slice(1).reduce((most, [place, mu, sd], i) =>
      (place === some[i][0] + 2 ? Math.max(most, Math.abs(mu - some[i][1]) / sd) : most), 0);
  };

  // The parts of the mixture, from some columns; what adds to no second moment is left out.
  const nodesOf = (data, points) => {
    const top = points.reduce((most, { column, windows }) =>
      Math.max(most, ...windows.map((one) => column.constant + one.top)), -Infinity);
    const all = points.flatMap(({ column, windows }) => windows.flatMap(({ y, log, width }) =>
      Array.from(y, (at, i) => {
        const weight = Math.exp(column.constant + log[i] - top) * width;
        return { weight, y: at, column, size: weight * Math.exp(2 * at) * (1 + Math.exp(column.t)) };
      })));
    const [most, largest] = ["weight", "size"].map((name) =>
      all.reduce((a, one) => Math.max(a, one[name]), 0));
    const kept = all.filter(({ weight, size }) => weight > 1e-12 * most || size > 1e-12 * largest);
    const whole = sum(kept, ({ weight }) => weight);
    return kept.map(({ weight, y, column }) => {
      const sigmaY = data.unit * Math.exp(y);
      const [mu, muSd] = muAt(data, column, sigmaY);
      return { weight: weight / whole, sigmaY, ratio: Math.exp(column.t), mu, muSd };
    });
  };

  const momentsOf = (nodes, part) => {
    let [mean, spread] = [0, 0];
    for (const node of nodes) mean += node.weight * part(node)[0];
    for (const node of nodes) {
      const [middle, sd] = part(node);
      spread += node.weight * (sd ** 2 + (middle - mean) ** 2);
    }
    return [mean, Math.sqrt(spread)];
  };
  const PARTS = [
    ({ mu, muSd }) => [mu, muSd],
    ({ sigmaY, ratio }) => [sigmaY * Math.sqrt(ratio), 0],
    ({ sigmaY }) => [sigmaY, 0],
  ];
  // A school's mean at one node: drawn towards μ by its share, 1 - λ.
  const schoolPart = (n, mean) => ({ sigmaY, ratio, mu, muSd }) => {
    const share = 1 / (1 + n * ratio);
    return [mean + share * (mu - mean), Math.hypot(sigmaY * Math.sqrt(ratio * share), share * muSd)];
  };

  // ---- the two scales ----

  // The plane of t and y in cells, for what is not normal: the quantiles of σ_α and σ_y, and draws.
  const cellsOf = (data, { points, step }) => {
    const top = points.reduce((a, { logs }) => Math.max(a, logs[0]), -Infinity);
    const some = points.filter(({ logs }) => logs[0] > top - 25);
    const times = Math.max(1, Math.ceil(600 / some.length));
    const wide = step / times;
    const columns = some.flatMap(({ place, column: { t } }, i) => {
      const joined = some[i + 1]?.place === place + 1;
      return Array.from({ length: joined ? times : 1 }, (_, k) => {
        const column = columnAt(data, t + k * wide);
        const windows = windowsOf(column, 5);
        return { column, windows, lone: !joined && some[i - 1]?.place !== place - 1 };
      });
    });
    const cells = [];
    columns.forEach(({ column, windows }, i) => {
      windows.forEach(({ y, log, width, peak }, k) => {
        const beside = [columns[i - 1], columns[i + 1]].filter((other) =>
          other?.windows.length === windows.length
          && Math.abs(Math.abs(other.column.t - column.t) - wide) < wide / 10);
        const slope = beside.length
          ? sum(beside, (other) => (other.windows[k].peak - peak) / (other.column.t - column.t))
            / beside.length : 0;
        const mass = Float64Array.from(log, (x) =>
          Math.exp(column.constant + x - top) * width);
        // Spread over its cell, a density is a little too wide: a 24th of its bend mends that.
        const even = mass.map((x, j) => Math.max(0, j === 0 || j === mass.length - 1 ? x
          : x - (mass[j - 1] - 2 * x + mass[j + 1]) / 24));
        cells.push({ column, y, mass: even, total: sum(even), width, slope });
      });
    });
    return { cells, wide };
  };

  const scaleQuantile = ({ cells, wide }, alpha, p) => {
    const whole = sum(cells, ({ total }) => total);
    const range = cells.reduce(([low, high], { y, column: { t } }) => [
      Math.min(low, y[0] + alpha * t / 2 - 1), Math.max(high, y.at(-1) + alpha * t / 2 + 1),
    ], [Infinity, -Infinity]);
    let [low, high] = range;
    while (high - low > 1e-9) {
      const x = (low + high) / 2;
      let under = 0;
      for (const { column, y, mass, total, width, slope } of cells) {
        const shift = (alpha * column.t) / 2;
        const a = Math.max(Math.abs(wide * (slope + alpha / 2)), 1e-3 * width);
        const reach = (a + width) / 2;
        if (y[y.length - 1] + shift + reach < x) {
          under += total;
        } else if (y[0] + shift - reach < x) {
          for (let i = 0; i < y.length; i += 1) {
            const d = x - y[i] - shift;
            const parts = Math.max(d + reach, 0) ** 2 - Math.max(d + (a - width) / 2, 0) ** 2
              - Math.max(d + (width - a) / 2, 0) ** 2 + Math.max(d - reach, 0) ** 2;
            under += mass[i] * (d > reach ? 1 : parts / (2 * a * width));
          }
        }
      }
      if (under < p * whole) low = x;
      else high = x;
    }
    return Math.exp((low + high) / 2);
  };

  const normal = (random) =>
    Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

  const drawer = (data, { cells, wide }) => {
    const ends = new Float64Array(cells.length);
    cells.forEach(({ total }, i) => { ends[i] = total + (i ? ends[i - 1] : 0); });
    const search = (list, target) => {
      let [low, high] = [0, list.length - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (list[middle] < target) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    const rising = cells.map(() => null);
    return (random) => {
      const i = search(ends, random() * ends.at(-1));
      const { column, y, mass, width, slope } = cells[i];
      let total = 0;
      rising[i] ??= mass.map((x) => { total += x; return total; });
      const j = search(rising[i], random() * rising[i].at(-1));
      const aside = wide * (random() - 0.5);
      const at = columnAt(data, column.t + aside);
      const sigmaY = data.unit * Math.exp(y[j] + slope * aside + width * (random() - 0.5));
      const sigmaAlpha = sigmaY * Math.exp(at.t / 2);
      const [middle, sd] = muAt(data, at, sigmaY);
      const mu = middle + sd * normal(random);
      const schools = Float64Array.from(data.n, (n, k) => {
        const share = 1 / (1 + n * Math.exp(at.t));
        return data.centre + data.away[k] + share * (mu - data.away[k])
          + sigmaAlpha * Math.sqrt(share) * normal(random);
      });
      return { mu: mu + data.centre, sigmaAlpha, sigmaY, schools };
    };
  };

  // ---- refusals and warnings, in the words of helpers/exact ----

  const shown = (labels) => `[${labels.slice(0, 5).map((label) =>
    (typeof label === "number" ? label : `'${label}'`)).join(", ")}]`;

  const refuse = ({ n, mean, ss, label = [...n.keys()] }, priors) => {
    const bad = {
      "n is not a whole number from 1 upwards": (i) => !(n[i] >= 1 && n[i] % 1 === 0),
      "the mean is missing or infinite": (i) => !Number.isFinite(mean[i]),
      "ss is negative, missing or infinite": (i) => !(Number.isFinite(ss[i]) && ss[i] >= 0),
    };
    for (const [problem, is] of Object.entries(bad)) {
      const found = label.filter((_, i) => is(i));
      if (found.length) throw new Error(`${problem} in schools ${shown(found)}`);
    }
    if (n.length < 2) {
      throw new Error(`the spread between schools needs two schools or more, not ${shown(label)}`);
    }
    if (n.every((size) => size < 2)) {
      throw new Error("the spread within a school needs a school with two pupils or more");
    }
    if (ss.every((square) => square === 0)) {
      throw new Error("all pupils of each school have the same score: there is no spread within");
    }
    const names = {
      sd: "prior_sd", sigmaAlphaMean: "sigma_alpha_prior_mean", sigmaYMean: "sigma_y_prior_mean",
    };
    for (const [name, python] of Object.entries(names)) {
      if (!(Number.isFinite(priors[name]) && priors[name] > 0)) {
        throw new Error(`${python} must be positive and finite, not ${priors[name]}`);
      }
    }
    if (!Number.isFinite(priors.mean)) {
      throw new Error(`prior_mean must be finite, not ${priors.mean}`);
    }
  };

  // Where Student's t has little above it: t = √f tan θ, and its density in θ is a power of a cosine.
  const studentEnd = (above, f) => {
    const tail = (u) => {
      const steps = 2000; // of Simpson's rule; u is π / 2 - θ
      return sum(Array.from({ length: steps + 1 }), (_, i) => Math.sin((u * i) / steps) ** (f - 1)
        * (i === 0 || i === steps ? 1 : i % 2 ? 4 : 2)) * (u / steps / 3);
    };
    const target = above * tail(Math.PI);
    let [low, high] = [0, Math.PI / 2];
    for (let k = 0; k < 60; k += 1) {
      const middle = (low + high) / 2;
      if (tail(middle) < target) low = middle;
      else high = middle;
    }
    return Math.sqrt(f) / Math.tan((low + high) / 2);
  };

  // Peaks that reach a hundredth of the highest, a tenth deep valley between them.
  const peaksOf = (points) => {
    const logs = points.map(({ logs: [log] }) => log);
    const top = logs.reduce((a, b) => Math.max(a, b), -Infinity);
    let [peaks, high, low] = [0, -Infinity, -Infinity];
    for (const log of [...logs, -Infinity]) { // from a valley up to a peak, and down again
      if (log > high) high = log;
      if (high - log > Math.log(10)) {
        if (high > top - Math.log(100) && high - low > Math.log(10)) peaks += 1;
        [high, low] = [log, log];
      }
      low = Math.min(low, log);
      if (high - low < Math.log(10)) high = Math.max(log, low);
    }
    const parts = points.flatMap(({ column, windows }) => windows.map(({ log, width, top: peak }, i) => {
      const mass = sum(Array.from(log), (x) => Math.exp(x - peak)) * width;
      return [i, mass * Math.exp(column.constant + peak - top)];
    }));
    const second = sum(parts, ([i, mass]) => (i ? mass : 0));
    return peaks + (second > 0.01 * sum(parts, ([, mass]) => mass) ? 1 : 0);
  };

  const warn = (data, points) => {
    const size = data.n.length;
    const middle = sum(Array.from(data.away)) / size;
    const sd = Math.sqrt(sum(Array.from(data.away), (x) => (x - middle) ** 2) / (size - 1));
    const scatter = (studentEnd(5e-5, size - 1) * sd) / Math.sqrt(size);
    if (Math.abs(middle - data.priorMean) > Math.hypot(4 * data.sd, scatter)) {
      return `the prior of the schools' mean, N(${six(data.priorMean + data.centre)}, `
        + `${six(data.sd)}), contradicts these schools, whose means lie around `
        + `${six(middle + data.centre)}: set the priors to the scale of the scores`;
    }
    return peaksOf(points) > 1 ? "the posterior has two peaks: prior and data contradict each other, "
      + "and a mean or an interval describes neither peak" : "";
  };

  // ---- the door ----

  /* Schools: n, mean and ss (squared deviations within), a number a school in each. Priors: mean and
     sd of μ, sigmaAlphaMean and sigmaYMean. A generator, so that a page stays alive: it yields the
     share that is done, and returns means, sds and intervals of all parameters. */
  function* exactPosterior(schools, priors, prob = 0.94) {
    refuse(schools, priors);
    const data = prepare(schools, priors);
    const grid = yield* gridOf(data);
    const [even, odd] = [0, 1].map((rest) =>
      nodesOf(data, grid.points.filter(({ place }) => place % 2 === rest)));
    const { n, away, centre } = data;
    const last = n.length - 1;
    const extreme = [[n, 1], [n, -1], [away, 1], [away, -1]].map(([list, sign]) =>
      list.reduce((best, x, i) => (sign * x > sign * list[best] ? i : best), 0));
    const marks = [...PARTS, ...extreme.map((i) => schoolPart(n[i], away[i]))];
    const apart = marks.map((part) => {
      const [[a, sd], [b, other]] = [even, odd].map((nodes) => momentsOf(nodes, part));
      return Math.max(Math.abs(a - b), Math.abs(sd - other)) / sd;
    });
    const sds = marks.map((part) => momentsOf(even, part)[1]);
    const far = Math.max(...extreme.map((i) => Math.abs(away[i] + centre)), Number.MIN_VALUE);
    const rounding = 2 ** (Math.floor(Math.log2(far)) - 52) / Math.min(...sds);
    const error = Math.max(...apart, rounding);
    if (!(error < 1e-4)) {
      throw new Error("the posterior of these schools can't be computed: 64-bit numbers hold too few "
        + `digits (error ${error.toExponential(0).replace(/e([+-])(\d)$/, "e$10$2")} of a posterior `
        + "sd). Scores nearer to 0 may help");
    }
    // Without the rarest parts, which no end of an interval depends on.
    const sorted = [...even].sort((a, b) => a.weight - b.weight);
    let rare = 0;
    const common = sorted.filter(({ weight }) => { rare += weight; return rare > 1e-6; });
    const weights = Float64Array.from(common, ({ weight }) => weight / (1 - rare + sum(common,
      (one) => one.weight)));
    const scaled = sum(Array.from(weights));
    weights.forEach((weight, k) => { weights[k] = weight / scaled; });
    const tails = [(1 - prob) / 2, (1 + prob) / 2];
    const [middles, spreads] = [new Float64Array(common.length), new Float64Array(common.length)];
    const endsOf = (part) => {
      common.forEach((node, k) => { [middles[k], spreads[k]] = part(node); });
      return tails.map((p) => quantile(p, weights, middles, spreads));
    };
    const cells = cellsOf(data, grid);
    yield 0.5;
    const [mu, sigmaAlpha, sigmaY] = PARTS.map((part, k) => {
      const [mean, sd] = momentsOf(even, part);
      const shift = k ? 0 : centre;
      const [lower, upper] = k ? tails.map((p) => data.unit * scaleQuantile(cells, k === 1 ? 1 : 0, p))
        : endsOf(part);
      return { mean: mean + shift, sd, lower: lower + shift, upper: upper + shift };
    });
    const found = { mean: [], sd: [], lower: [], upper: [] };
    for (let i = 0; i <= last; i += 1) {
      const part = schoolPart(n[i], away[i]);
      const [mean, sd] = momentsOf(even, part);
      const [lower, upper] = endsOf(part);
      found.mean.push(mean + centre);
      found.sd.push(sd);
      found.lower.push(lower + centre);
      found.upper.push(upper + centre);
      yield 0.5 + (0.5 * i) / n.length;
    }
    // Given a node, the difference of two schools is normal; they share what is uncertain of μ.
    const probabilityAbove = (i, j) => sum(even, ({ weight, sigmaY: y, ratio, mu: at, muSd }) => {
      const [a, b] = [1 / (1 + n[i] * ratio), 1 / (1 + n[j] * ratio)];
      const difference = away[i] + a * (at - away[i]) - away[j] - b * (at - away[j]);
      return weight * below(difference / Math.hypot(y * Math.sqrt(ratio * (a + b)), (a - b) * muSd));
    });
    return { mu, sigmaAlpha, sigmaY, schools: found, error, warning: warn(data,
      grid.points.filter(({ place }) => place % 2 === 0)), probabilityAbove, draw: drawer(data, cells) };
  }

  return { exactPosterior, six };
})();
