// What the columns of a table likely hold, and tables of one row a group.
globalThis.readerGroups = (() => {
  const { begin, count, list, listed, open, plain, refuse, repr, say, strip } = readerText;
  const { allRows, atHeader, findColumn, rowsOf } = readerRows;
  const { MISSING, WHOLE, checkMarks, inOrder, readLabels, readNumbers } = readerValues;

  // The separator and the header of a table of which no column is known yet.
  const NUMBER = /^[+-]?[.,]?\d[\d.,'\u2019 \u00a0\u2007\u2009\u202f]*(e[+-]?\d+)?$/i;
  const inColumn = (rows, place) => {
    const values = rows.map((row) => strip(row[place] ?? "").replace("\u2212", "-"))
      .filter((text) => text && !MISSING.has(text.toLowerCase()));
    const numbers = values.filter((text) => NUMBER.test(text)).length;
    return { values, numeric: values.length > 0 && numbers > 0.9 * values.length };
  };
  // The rows up to a fault, which readScores will name.
  const someRows = (file, way, most = Infinity) => {
    const rows = [];
    try {
      for (const [row] of rowsOf(file, way)) {
        if (!rows.length || strip(row.join(""))) rows.push(row);
        if (rows.length > most) break;
      }
    } catch { /* enough for a guess */ }
    return rows;
  };
  const guess = (input, name) => {
    const said = begin();
    const file = open(input, name);
    return atHeader(file, name, (ways) => {
      const best = ways.map((way) => {
        const [names = [], ...rows] = someRows(file, way, 100);
        const fit = rows.filter((row) => row.length === names.length).length / (rows.length || 1);
        const numbers = names.some((_, place) => inColumn(rows, place).numeric);
        const odd = way.separator === " " || /[;\t|]/.test(names.join(""));
        const points = names.length > 1 ? 1 + fit + numbers - odd / 2 : 0;
        const header = points && fit && rows[0].some((text) => NUMBER.test(text));
        return { file, way, names, points, header, said };
      }).reduce((one, other) => (other.points > one.points ? other : one));
      if (!best.names.length) rowsOf(file, best.way).next(); // says what is wrong
      // A line with # may be the header only right above numbers.
      const comment = file.lines[best.way.at].startsWith("#") && !best.header;
      return comment ? refuse("a comment") : best;
    });
  };
  // What the columns of a table of one row a group may be called, by what such a row holds.
  const ROLES = {
    summaries: {
      n: /^(n|count|size|n[_ .]*obs)$/i,
      mean: /^(mean|average|avg)$/i,
      sd: /^(sd|std|stdev|std[_ .]*dev|standard[_ .]deviation)$/i,
    },
    effects: {
      effect: /^(effect|effect[_ .]*size|estimate|est|yi?|coef(ficient)?|difference|diff|smd|log[_ .]*(or|rr|hr|odds))$/i,
      se: /^(s\.?e\.?|sei|std[_ .]*err(or)?|standard[_ .]error)$/i,
    },
    passes: {
      passes: /^(pass(es|ed)?|success(es)?|events?|deaths?|died|dead|hits?|tumou?rs?|wins?|positives?|recovered|cured)$/i,
      trials: /^(trials?|patients?|pupils?|n|total|attempts?|at[_ .]*bats?|births|operations|admissions|tested|people|animals|rats)$/i,
    },
  };
  const title = (name) => plain(name).replaceAll(/^(number|no\.?) of /gi, "");
  const rolesOf = (columns, kind) => Object.fromEntries(Object.entries(ROLES[kind])
    .map(([role, pattern]) => {
      const fits = (one) => pattern.test(title(one.title));
      const place = columns.findIndex((one) => one.numeric && fits(one));
      return [role, place < 0 ? columns.findIndex(fits) : place];
    }));
  // A column for each role, and one for the labels: by their names, or else the first that fit.
  const guessGroups = (columns, kind) => {
    const roles = rolesOf(columns, kind);
    const taken = new Set(Object.values(roles));
    const free = (fits) => columns.findIndex((one, place) => !taken.has(place) && fits(one));
    let label = free((one) => !one.numeric && one.unique && one.title);
    if (label < 0) label = free((one) => one.unique && one.title);
    if (label < 0) label = free(() => true);
    taken.add(label);
    for (const role of Object.keys(roles)) {
      if (roles[role] < 0) taken.add(roles[role] = free(({ numeric }) => numeric));
    }
    return Object.fromEntries(Object.entries({ label, ...roles })
      .map(([role, place]) => [role, columns[place]?.title ?? ""]));
  };
  // What a row holds, if the names of the columns say so: first what they say most clearly.
  const kindOf = (columns, rows) => {
    const number = (text) => Number(strip(text ?? "").replaceAll(/[,.'\s](?=\d{3}$)/g, ""));
    return Object.keys(ROLES).find((kind) => {
      const { n, ...roles } = rolesOf(columns, kind);
      const places = Object.values(roles);
      if (places.includes(-1) || places.some((place) => !columns[place].numeric)) return false;
      if (kind === "summaries") return columns.length > 3; // the numbers of cases have many names
      if (kind === "effects") return true;
      const [passes, trials] = places.map((place) => rows.map((row) => number(row[place])));
      const named = columns.some((one, place) => one.unique && !places.includes(place));
      return (named || trials.some((size) => size > 1)) && !passes.some((y, i) => y > trials[i]);
    }) ?? "rows";
  };

  // The columns by the header, those that are likely meant, and what a row likely holds.
  const columnsOf = (input, name = "the table") => {
    const { file, way, names } = guess(input, name);
    const all = someRows(file, way).slice(1), step = Math.ceil(all.length / 5000);
    const rows = all.filter((_, i) => i % step === 0);
    const columns = names.map((title, place) => {
      const { values, numeric } = inColumn(rows, place), distinct = new Set(values).size;
      const whole = numeric && values.every((text) => /^[+-]?\d+$/.test(text));
      const numbersRows = whole && distinct === values.length && distinct > 20;
      const id = !title || numbersRows || /(^|[_ .])(id|no|nr|number|index|row)$/i.test(title);
      const scored = /score|mark|grade|result|outcome|points/i.test(title);
      const grouped = /^(school|group|class|hospital|clinic|site|team|region|district)s?$/i;
      return {
        title, distinct, numeric,
        unique: distinct > 0 && distinct === values.length,
        asScore: id ? 0 : 1 + scored,
        asLabel: 2 * grouped.test(title.replace(/[_ .]*(id|name|no|code)$/i, "")) + (distinct > 2),
        repeats: distinct > 1 && distinct < values.length && (whole || !numeric),
      };
    });
    const [score = columns.at(-1)] = columns.filter(({ numeric }) => numeric)
      .sort((a, b) => b.asScore - a.asScore || b.distinct - a.distinct);
    const others = columns.filter((one) => one !== score);
    const [label = others[0]] = others.filter(({ repeats }) => repeats)
      .sort((a, b) => b.asLabel - a.asLabel || a.distinct - b.distinct);
    const guesses = Object.fromEntries(Object.keys(ROLES)
      .map((one) => [one, guessGroups(columns, one)]));
    guesses.rows = { label: label?.title ?? "", score: score.title };
    return { names, kind: kindOf(columns, rows), guesses };
  };

  // Numbers that no group can have, by what a row holds.
  const IMPOSSIBLE = {
    summaries: ({ n, mean, sd }) => ({
      "n is not a whole number from 1 upwards": (i) => !(n[i] >= 1 && n[i] % 1 === 0),
      "the mean is missing": (i) => isNaN(mean[i]),
      "the sd is missing or negative": (i) => sd[i] < 0 || (n[i] > 1 && isNaN(sd[i])),
    }),
    effects: ({ se }) => ({ "the standard error is not positive": (i) => !(se[i] > 0) }),
    passes: ({ passes, trials }) => ({
      "passes or trials are no whole numbers (a rate is not a number of passes)":
        (i) => passes[i] % 1 !== 0 || trials[i] % 1 !== 0,
      "there are more passes than trials": (i) => passes[i] > trials[i],
      "passes are negative, or trials are not positive": (i) => !(passes[i] >= 0 && trials[i] >= 1),
    }),
  };
  // A table of one row a group. Summaries come in the form of `summarise`. Of effects, and of passes
  // and trials, a row that lacks a number is left out.
  const readGroups = (input, { name = "the table", kind = "summaries", columns, decimal, thousands }
  = {}) => {
    checkMarks(decimal, thousands);
    const wanted = columns ?? columnsOf(input, name).guesses[kind];
    const { file, way, names, said } = guess(input, name);
    const roles = Object.keys(ROLES[kind]), given = ["label", ...roles].map((role) => wanted[role]);
    if (given.includes("")) {
      refuse(`a table of groups needs a column of labels, and columns for ${roles.join(" and ")}; the `
        + `columns are ${list(names)}`);
    }
    const twice = given.find((one, i) => given.indexOf(one) < i);
    if (twice) refuse(`label, ${roles.join(" and ")} need a column each, not ${repr(twice)} twice`);
    const places = given.map((one) => findColumn(names, one));
    const { rows, lines } = allRows(file, way);
    const marks = { decimal, thousands, english: way.separator === "," };
    const [labelled, ...numbers] = places.map((place) => rows.map((row) => row[place]));
    let labels = readLabels(labelled);
    // Those of one unit at once, as they are written in one way.
    const alone = kind === "summaries" ? 1 : 0, others = numbers.slice(alone);
    const titles = given.slice(1);
    const read = numbers.slice(0, alone).map((column, i) =>
      readNumbers(column, lines, titles[i], marks));
    const together = readNumbers(others.flat(), others.flatMap(() => lines),
      titles.slice(alone).join(" or "), marks);
    others.forEach((_, i) => read.push(together.slice(i * rows.length, (i + 1) * rows.length)));
    if (!rows.length) refuse("the table has no rows");
    if (labels.includes(undefined)) refuse("a summary has a row without a label");
    const lost = kind === "summaries" ? []
      : [...labels.keys()].filter((i) => read.some((column) => isNaN(column[i])));
    say(kind !== "summaries", `${count(rows.length)} rows read, ${count(lost.length)} dropped.`);
    say(lost.length, `Dropped for want of a number: ${listed(lost.map((i) => repr(labels[i])))}.`);
    const gone = new Set(lost), kept = (column) => column.filter((_, i) => !gone.has(i));
    labels = kept(labels);
    if (!labels.length) refuse("no row has all its numbers");
    const found = Object.fromEntries(roles.map((role, i) => [role, kept(read[i])]));
    const first = new Map(labels.map((label, i) => [label, i]).reverse());
    const doubled = (i) => first.get(labels[i]) < i;
    for (const [problem, bad] of Object.entries({
      ...IMPOSSIBLE[kind](found), "there are two rows": doubled,
    })) {
      const some = labels.filter((_, i) => bad(i)).slice(0, 5);
      const hint = bad === doubled ? ". If a row is one pupil, choose that kind of row" : "";
      if (some.length) refuse(`${problem} in schools ${list(some)}${hint}`);
    }
    const { sd, ...rest } = found;
    if (sd) rest.ss = found.n.map((size, i) => (size > 1 ? (size - 1) * sd[i] ** 2 : 0));
    return { ...inOrder(labels, labels.every((one) => WHOLE.test(one)), rest), said };
  };

  return { columnsOf, readGroups };
})();
