// A visitor's table, read in the browser by the rules of helpers/own_data and in its words, which
// tests/test_reader_js.py compares. Nothing is sent anywhere.
globalThis.tableReader = (() => {
  const { begin, count, list, listed, open, refuse, say } = readerText;
  const { allRows, atHeader, checkApart, findNames } = readerRows;
  const { WHOLE, checkMarks, encode, inOrder, readLabels, readNumbers } = readerValues;
  const { columnsOf, readGroups } = readerGroups;

  // `said` is what Python prints, what it refuses is thrown. `whole`: labels are whole numbers.
  const readScores = (input, { name = "the table", label, score, decimal, thousands }) => {
    const said = begin();
    checkApart(label, score, label);
    checkMarks(decimal, thousands);
    const file = open(input, name), way = atHeader(file, name, findNames(file, [label, score]));
    const { rows, lines } = allRows(file, way);
    const [labelled, scored] = way.places.map((place) => rows.map((row) => row[place]));
    const labels = readLabels(labelled);
    const scores = readNumbers(scored, lines, score, {
      decimal, thousands, english: way.separator === ",",
    });

    const places = [...rows.keys()].filter((i) => labels[i] !== undefined);
    const kept = places.filter((i) => !isNaN(scores[i]));
    const left = new Set(kept.map((i) => labels[i]));
    const lost = encode(places.filter((i) => isNaN(scores[i])).map((i) => labels[i]));
    const unlabelled = rows.length - places.length, unscored = places.length - kept.length;
    say(true, `${count(rows.length)} rows read, ${count(unlabelled + unscored)} dropped.`);
    say(unlabelled, `Dropped for want of a label: ${count(unlabelled)}.`);
    const shown = [...lost.texts.keys()].sort((a, b) => lost.counts[b] - lost.counts[a])
      .map((i) => `${lost.texts[i]} (${count(lost.counts[i])})`);
    say(unscored, `Dropped for want of a score: ${count(unscored)}, from ${listed(shown)}.`);
    const gone = [...new Set(places.map((i) => labels[i]))].filter((one) => !left.has(one));
    say(gone.length, `Schools left without any pupil: ${listed(gone)}.`);
    if (!kept.length) refuse("no row has both a label and a score");
    const whole = places.every((i) => WHOLE.test(labels[i]));
    return { labels: kept.map((i) => labels[i]), scores: kept.map((i) => scores[i]), said, whole };
  };

  // A table of pupils, reduced to three numbers a school: by distances from one of its scores, for
  // the digits' sake.
  const summarise = ({ labels, scores, whole = labels.every((one) => WHOLE.test(one)) }) => {
    const huge = labels.filter((_, row) => Math.abs(scores[row]) > 1e140);
    if (huge.length) refuse(`column 'score' lies beyond ±1e+140 in schools ${list([huge[0]])}`);
    const { texts, counts: n, codes } = encode(labels);
    const sums = (value) => {
      const found = texts.map(() => 0);
      codes.forEach((i, row) => { found[i] += value(i, row); });
      return found;
    };
    const base = texts.map(() => 0);
    codes.forEach((i, row) => { base[i] = scores[row]; });
    const apart = (i, row) => scores[row] - base[i];
    const centre = sums(apart).map((sum, i) => sum / n[i]);
    const away = (i, row) => apart(i, row) - centre[i];
    const rest = sums(away).map((sum, i) => sum / n[i]); // what rounding left
    const squares = sums((i, row) => (away(i, row) - rest[i]) ** 2);
    const varied = sums((i, row) => apart(i, row) !== 0);
    return inOrder(texts, whole, {
      n,
      mean: base.map((value, i) => value + (centre[i] + rest[i])),
      // Rounding may leave nothing, or less, of squares that are not 0.
      ss: squares.map((sum, i) => (varied[i] ? Math.max(sum, 2 ** -1022) : 0)),
    });
  };

  return { columnsOf, readScores, summarise, readGroups };
})();
