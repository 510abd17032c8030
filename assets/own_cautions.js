// What a table's values and sizes call for, in the words of helpers/own_data/cautions.py; and what
// its columns say if they look like those of another kind of row.
globalThis.ownCautions = (table, { group, groups, units }) => {
  const { n, values, kind: row, names } = table;
  const FEW_GROUPS = 8;
  const FEW_DIFFERENCES = 10; // then σ_y is uncertain by a quarter or so
  const FEW_VALUES = 10;
  const six = (value) => `${Number(value.toPrecision(6))}`;

  const kind = () => {
    const sorted = Float64Array.from(values).sort();
    const different = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
    const [low, high] = [different[0], different[different.length - 1]];
    const whole = different.every(Number.isInteger);
    const repeats = values.length >= 3 * different.length;
    const by = `with an effect of each ${group}`;
    const leave = (from, to) => `intervals here may leave ${six(from)} to ${six(to)}`;
    if (different.length === 2) {
      return `the values are ${six(low)} and ${six(high)} only. A binomial model (logistic `
        + `regression) ${by} suits them; ${leave(low, high)}.`;
    }
    const half = values.length / 2;
    const median = (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const moment = (power) =>
      values.reduce((sum, value) => sum + (value - mean) ** power, 0) / values.length;
    const sd = Math.sqrt(moment(2));
    const ordered = "codes or ordered answers, a model for ordered categories (cumulative logit) "
      + `${by} suits them, or for unordered ones (multinomial)`;
    const counted = `counts, a Poisson or a negative binomial model ${by} suits them`;
    const nearZero = whole && low >= 0 && median <= 100 && moment(3) / sd ** 3 > 0.2;
    if (whole && repeats && different.length <= FEW_VALUES) {
      const shown = Array.from(different, six).join(", ");
      return `only ${different.length} different values, all whole (${shown}). If they are ${ordered}`
        + `${nearZero ? `; if they are ${counted}` : ""}.`;
    }
    if (nearZero && mean < 4 * sd) {
      return `the values are whole numbers from ${six(low)}, with a tail to ${six(high)}. If they `
        + `are ${counted}; intervals here may fall below 0.`;
    }
    const top = low >= 0 && high <= 1 ? 1 : low >= 0 && high > 1 && high <= 100 && repeats ? 100 : 0;
    return top && `all values lie between 0 and ${top}. If they are `
      + `${top === 1 ? "proportions" : "percentages"} of a number of trials, a binomial model `
      + `(logistic regression) of the trials ${by} suits them, if not of trials, a beta regression; `
      + `${leave(0, top)}.`;
  };

  // The sum of products of two lists' distances from their means.
  const together = (a, b) => {
    const [one, other] = [a, b].map((list) => list.reduce((x, y) => x + y, 0) / list.length);
    return a.reduce((sum, value, i) => sum + (value - one) * (b[i] - other), 0);
  };
  const ANOTHER = {
    rows: () => values.every((value) => value === 0 || value === 1)
      && "if 1 is a pass, count them: the button below makes a table of passes and trials of these "
      + "rows. Its intervals stay within 0 and 1.",
    summaries: ({ mean, ss }) => {
      const some = [...n.keys()].filter((i) => n[i] > 1 && ss[i] > 0);
      const yesNo = (i) => Math.abs(ss[i] / (n[i] * mean[i] * (1 - mean[i])) - 1) < 0.02;
      if (some.length > 2 && some.every(yesNo)) {
        return `the sds are those of values that are 0 or 1 only. One row for each ${group}, with its `
          + "passes and trials, suits them better.";
      }
      const [x, y] = [(i) => Math.log(n[i]), (i) => Math.log(ss[i] / (n[i] - 1)) / 2]
        .map((of) => some.map(of));
      const [slope, fit] = [together(x, y) / together(x, x),
        together(x, y) ** 2 / together(x, x) / together(y, y)];
      return some.length > 4 && slope < -0.3 && fit > 0.6 && "the sds fall as the groups grow, as "
        + `standard errors do. If column '${names.sd}' holds standard errors, choose that kind of row.`;
    },
    effects: ({ effect, se }) => {
      const whole = [...effect, ...se].every((value) => value >= 0 && value % 1 === 0);
      if (whole && effect.every((value, i) => value <= se[i])) {
        return `all numbers are whole, and no ${names.effect} is above its ${names.se}. If they are `
          + "passes and trials, choose that kind of row.";
      }
      const other = /^(sd|std|stdev|standard deviation)$/i.test(names.se) ? "a standard deviation of "
        + "cases, divide it by the root of their number first"
        : /^(v|vi|var|variance)$/i.test(names.se) && "a variance, take its root first";
      return other && `column '${names.se}' is taken for standard errors. If it is ${other}.`;
    },
    passes: ({ passes, trials }) => trials.every((value) => value === 1)
      && `every ${group} has one trial: where the labels say which ${groups} belong together, write a `
      + "row for each of those, with its passes and trials.",
  };
  const another = ANOTHER[row](table);
  const counted = (number) => `${readerText.count(number)} ${number === 1 ? group : groups}`;
  const few = table.label.length < FEW_GROUPS && `${counted(table.label.length)} say little of how `
    + `widely ${groups} spread: the prior of ${ownKinds[row].symbol} matters.`;
  if (!n) return [another, few].filter(Boolean);
  const several = n.filter((size) => size > 1).length;
  const freedom = n.reduce((sum, size) => sum + size - 1, 0);
  return [
    values && kind(),
    another,
    few,
    (freedom < FEW_DIFFERENCES || (several <= 2 && several < n.length))
      && `σ_y rests on ${freedom} difference${freedom > 1 ? "s" : ""} within ${counted(several)} with `
      + `two ${units} or more. So do the weights, and what share of the variance lies between `
      + `${groups}.`,
  ].filter(Boolean);
};
