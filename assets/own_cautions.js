// What a table's values and sizes call for, in the words of helpers/own_data/cautions.py.
globalThis.ownCautions = ({ n, values }, { group, groups, units }) => {
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

  const counted = (number) =>
    `${number.toLocaleString("en")} ${number === 1 ? group : groups}`;
  const several = n.filter((size) => size > 1).length;
  const freedom = n.reduce((sum, size) => sum + size - 1, 0);
  return [
    values && kind(),
    n.length < FEW_GROUPS
      && `${counted(n.length)} say little of how widely ${groups} spread: the prior of σ_α matters.`,
    (freedom < FEW_DIFFERENCES || (several <= 2 && several < n.length))
      && `σ_y rests on ${freedom} difference${freedom > 1 ? "s" : ""} within ${counted(several)} with `
      + `two ${units} or more. So do the weights, and what share of the variance lies between `
      + `${groups}.`,
  ].filter(Boolean);
};
