// Given a ratio, the density of y, and the windows in which it counts. This is section 8 of the
// appendix, exact_posterior.md, which derives each formula; the scripts that follow name others.
//
// t is the log of sigmaAlpha² / sigmaY², and y the log of sigmaY in units of the pooled sd within.
// Given both, all other parameters are normal: the posterior is a mixture of normal distributions.
globalThis.posteriorWindows = (() => {
  const CUT = 45; // a window of y ends where the log density is so far below its peak
  const { abs, ceil, exp, expm1, log, log1p, max, min, sqrt } = Math;
  const fail = (message) => { throw new Error(message); };
  const total = (list) => list.reduce((a, b) => a + b, 0);
  const most = (list) => list.reduce((a, b) => max(a, b), -Infinity);
  const logAdd = (a, b) => (a === b ? a + log(2) : max(a, b) + log1p(exp(-abs(a - b))));
  const logSum = (logs) => {
    const top = most(logs);
    return top === -Infinity ? top : top + log(total(logs.map((x) => exp(x - top))));
  };

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

  return { fail, logAdd, logSum, most, total, windowsOf };
})();
