// What a row of "Your own data" may hold. For each kind: its columns, and what the page has to know
// to show it: `raw` values and their intervals, `size` (what a group's value weighs), priors, and
// the posterior in one form: middle, spread, groups, settings, half, probabilityAbove, draw.
globalThis.ownKinds = (() => {
  const { normalQuantile } = normalMixtures;
  const { at, logit, prepare } = betaMixtures;
  // How much the answer depends on the prior of the spread: a third of its mean, and three times.
  const TIMES = [["a third of it", 1 / 3], ["as above", 1], ["three times", 3]];
  const Z = -normalQuantile(0.03); // of an interval of 94%
  const around = (middle, sd) => [middle - Z * sd, middle + Z * sd];
  const sum = (list) => list.reduce((a, b) => a + b, 0);

  // ---- a row a case, or a group with its n, mean and sd: one model ----

  const scores = {
    unit: true,
    raw: "raw mean",
    score: "score",
    symbol: "σ_α",
    table: (read) => ({ ...read, raw: read.mean, size: read.n }),
    sizes: ({ n }) => n,
    sizeTitle: ({ group, units }) => `${units} in the ${group}`,
    sizeWords: (size, { count }) => `of ${count(size)}`,
    columnsToSave: ({ n }) => ({ n }),
    // The priors follow all cases, whether their rows are there or not.
    priors: ({ n, mean, ss }) => {
      const total = sum(n);
      const centre = sum(n.map((size, i) => size * mean[i])) / total;
      const squares = sum(n.map((size, i) => ss[i] + size * (mean[i] - centre) ** 2));
      const sd = Math.sqrt(squares / (total - 1));
      return { mean: centre, sd: 2.5 * sd, sigmaAlphaMean: sd, sigmaYMean: sd };
    },
    priorNames: {
      mean: "Mean of μ", sd: "Sd of μ", sigmaAlphaMean: "Mean of σ_α", sigmaYMean: "Mean of σ_y",
    },
    sensitivity: (priors) => ["prior mean of σ_α", TIMES.map(([name, times]) =>
      [name, { ...priors, sigmaAlphaMean: priors.sigmaAlphaMean * times }])],
    * compute(table, priors) {
      const found = yield* partialPooling.exactPosterior(table, priors);
      const { mu, sigmaAlpha, sigmaY } = found;
      const halfOf = (y, alpha) => (y / alpha) ** 2;
      return {
        ...found, middle: mu, spread: sigmaAlpha, within: sigmaY.mean, groups: found.schools,
        settings: ({ groups, units }) => [[`mean of the ${groups}`, "μ", mu],
          [`sd of the ${groups}`, "σ_α", sigmaAlpha], [`sd of ${units} within`, "σ_y", sigmaY]],
        half: halfOf(sigmaY.mean, sigmaAlpha.mean),
        spreadOf: (half) => sigmaY.mean / Math.sqrt(half),
        interval: (i) => around(table.raw[i], sigmaY.mean / Math.sqrt(table.n[i])),
        band: (n) => around(mu.mean, sigmaY.mean / Math.sqrt(n)),
        draw: (random) => {
          const drawn = found.draw(random);
          return { groups: drawn.schools, half: halfOf(drawn.sigmaY, drawn.sigmaAlpha) };
        },
      };
    },
  };

  const rows = {
    ...scores,
    columns: { label: "Column of the groups", score: "Column of the numbers" },
    title: ({ score }) => score,
  };
  const summaries = {
    ...scores,
    columns: {
      label: "Column of the groups", n: "Column of the numbers of cases", mean: "Column of the means",
      sd: "Column of the standard deviations",
    },
    title: ({ mean }) => mean,
    score: "number",
  };

  const refuseOne = ({ label }) => {
    if (label.length < 2) throw new Error("the spread between schools needs two schools or more");
  };

  // ---- a row an effect, with its standard error ----

  const effects = {
    unit: false,
    errors: true, // the groups stand by their standard errors, not by their sizes
    raw: "raw effect",
    score: "number",
    symbol: "τ",
    columns: {
      label: "Column of the groups", effect: "Column of the effects", se: "Column of the standard errors",
    },
    title: ({ effect }) => effect,
    table: (read) => ({ ...read, raw: read.effect, size: read.se.map((s) => 1 / s ** 2) }),
    sizes: ({ se }) => se,
    sizeTitle: () => "standard error: small on the right",
    sizeWords: (se, { show }) => `with a standard error of ${show(se)}`,
    columnsToSave: ({ se }) => ({ se }),
    priors: ({ effect }) => {
      const mean = sum(effect) / effect.length;
      const sd = Math.sqrt(sum(effect.map((y) => (y - mean) ** 2)) / (effect.length - 1));
      return { mean, sd: 2.5 * sd, tauMean: sd };
    },
    priorNames: { mean: "Mean of μ", sd: "Sd of μ", tauMean: "Mean of τ" },
    sensitivity: (priors) => ["prior mean of τ", TIMES.map(([name, times]) =>
      [name, { ...priors, tauMean: priors.tauMean * times }])],
    * compute(table, priors) {
      refuseOne(table);
      if (priors.sd === 0) {
        throw new Error("all effects are equal, and the priors follow their spread, which is 0. Set "
          + "the priors under \"The prior\"");
      }
      const found = yield* knownErrors.effectsPosterior(table, priors);
      const { mu, tau } = found;
      const inOrder = [...table.se].sort((a, b) => a - b);
      return {
        ...found, middle: mu, spread: tau, within: inOrder[inOrder.length >> 1], groups: found.effects,
        settings: () => [["mean of the true effects", "μ", mu], ["sd of the true effects", "τ", tau]],
        half: 1 / tau.mean ** 2,
        spreadOf: (half) => 1 / Math.sqrt(half),
        interval: (i) => around(table.effect[i], table.se[i]),
        band: (se) => around(mu.mean, se),
        draw: (random) => {
          const drawn = found.draw(random);
          return { groups: drawn.effects, half: 1 / drawn.tau ** 2 };
        },
      };
    },
  };

  // ---- a row passes and trials ----

  // What luck alone would do: between two whole numbers of passes, so that 3% lie beyond each end.
  const bandOf = (m, trials) => {
    const n = Math.max(Math.round(trials), 1);
    const upTo = (r) => (r < 0 ? 0 : r >= n ? 1 : 1 - at(prepare(r + 1, n - r), logit(m))[0]);
    return [0.03, 0.97].map((p) => {
      let [low, high] = [-1, n]; // at most p; more
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (upTo(middle) < p) low = middle; else high = middle;
      }
      const share = (p - upTo(low)) / (upTo(high) - upTo(low));
      return Math.min(Math.max((low + share) / n, 0), 1);
    });
  };
  const passes = {
    unit: true,
    raw: "raw rate",
    score: "number",
    symbol: "σ",
    columns: {
      label: "Column of the groups", passes: "Column of the passes", trials: "Column of the trials",
    },
    title: (names) => `${names.passes} / ${names.trials}`,
    table: (read) => ({ ...read, raw: read.passes.map((y, i) => y / read.trials[i]), size: read.trials }),
    sizes: ({ trials }) => trials,
    sizeTitle: ({ group, units }) => `${units} of the ${group}`,
    sizeWords: (size, { count, unit, units }) => `of ${count(size)} ${size === 1 ? unit : units}`,
    columnsToSave: ({ passes: y, trials }) => ({ passes: y, trials }),
    priors: () => ({ prior: "proper" }),
    priorNames: {},
    sensitivity: () => ["uniform prior of", [["σ / √(m (1 − m))", { prior: "proper" }],
      ["1 / √κ", { prior: "power" }]]],
    * compute(table, priors) {
      refuseOne(table);
      const found = yield* passesOfTrials.passesPosterior(table, priors);
      const { m, sigma } = found;
      const most = m.mean * (1 - m.mean);
      return {
        ...found, middle: m, spread: sigma, within: Math.sqrt(most), groups: found.rates,
        settings: () => [["mean of the rates", "m", m], ["sd of the rates", "σ", sigma]],
        half: Math.max(most / sigma.mean ** 2 - 1, 1e-9),
        spreadOf: (half) => Math.sqrt(most / (1 + half)),
        interval: (i) => { // Wilson's, as in helpers/own_data/derived.py
          const [y, n] = [table.passes[i], table.trials[i]];
          const size = n + Z ** 2;
          const [low, high] = [-1, 1].map((side) => (y + Z ** 2 / 2
            + side * Z * Math.sqrt(y * (1 - y / n) + Z ** 2 / 4)) / size);
          return [Math.max(low, 0), Math.min(high, 1)];
        },
        band: (n) => bandOf(m.mean, n),
        draw: (random) => {
          const drawn = found.draw(random);
          return { groups: drawn.rates, half: drawn.kappa };
        },
      };
    },
  };

  return { rows, summaries, effects, passes };
})();
