// Labels and numbers as people write them: none changed, merged or guessed without a word.
globalThis.readerValues = (() => {
  const { ascii, count, digits, listed, plain, refuse, repr, say, strip } = readerText;
  // What other programs write for a missing score. In a column of labels these words are labels.
  const MISSING = new Set("na n/a #n/a #na <na> nan -nan null none - -- – — . .. ?".split(" "));
  const ALIKE = { " ": " \u00a0\u2007\u2009\u202f", "'": "'\u2019" }; // marks that look the same
  const THOUSANDS = [",", ".", " ", "'"];
  const WHOLE = /^(?:0|-?[1-9][0-9]{0,17})$/; // "012" may be a code
  // Letters of other alphabets, and signs, that look like one of ours.
  const TWINS = "АВЕКМНОРСТУХаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο‘’ʼ‐–−";
  const OURS = "ABEKMHOPCTYXaeopcyxijsABEZHIKMNOPTYXo'''---";

  // The distinct texts in their order, how often each comes, and the place of each row's.
  const encode = (column) => {
    const places = new Map(), counts = [];
    const codes = column.map((text) => {
      if (!places.has(text)) places.set(text, counts.push(0) - 1);
      const place = places.get(text);
      counts[place]++;
      return place;
    });
    return { texts: [...places.keys()], counts, codes };
  };

  // The same for labels that may be one: 1, 01 and 1.0; letters and signs that look alike.
  const meaning = (text) => {
    const alike = /^[ -~]*$/.test(text) ? text
      : [...text.normalize("NFKC")].map((mark) => OURS[TWINS.indexOf(mark)] ?? mark).join("");
    const number = alike.match(/^([+-]?)(?=[.,]?\d)(\d*)[.,]?(\d*)(?:e([+-]?\d{1,4}))?$/i);
    if (!number) return alike;
    const [, sign, whole, part, power = 0] = number;
    const figures = (whole + part).replace(/^0+/, ""), kept = figures.replace(/0+$/, "");
    const exponent = Number(power) - part.length + figures.length - kept.length;
    return kept ? `\0${sign.replace("+", "")}${kept}e${exponent}` : "\0";
  };
  // One form for labels that look the same; what is changed, or may mean the same, is said.
  const readLabels = (column) => {
    const { texts, counts, codes } = encode(column);
    const keys = texts.map(plain), written = new Set(texts);
    const forms = new Map(keys.filter((key) => written.has(key)).map((key) => [key, key]));
    keys.forEach((key, i) => forms.has(key) || forms.set(key, strip(texts[i])));
    forms.delete("");
    const given = keys.map((key) => forms.get(key));
    const numbered = (test) => texts.flatMap((text, i) => test(text, i) || []);

    const blank = numbered((text, i) => text && !keys[i] && ascii(text));
    say(blank.length, `Labels of which nothing can be seen, taken as missing: ${listed(blank)}.`);
    const changed = numbered((old, i) => {
      const as = strip(old) === given[i] ? (text) => repr(text) : ascii;
      return given[i] && given[i] !== old && `${as(old)} as ${as(given[i])}`;
    });
    say(changed.length, "Labels that differ by spaces alone, or by what can't be seen, from what "
      + `they are read as: ${listed(changed, 20)}.`);
    const alike = new Map();
    for (const [key, form] of forms) {
      const same = meaning(key);
      if (!alike.get(same)?.push(form)) alike.set(same, [form]);
    }
    const apart = [...alike.values()].filter((group) => group.length > 1)
      .map((group) => group.map((form) => repr(form)).join(" and "));
    say(apart.length, "Labels that differ but may mean the same, kept apart: "
      + `${listed(apart, 20)}.`);
    const words = numbered((text, i) =>
      MISSING.has(keys[i].toLowerCase()) && `${repr(text)} (${count(counts[i])})`);
    say(words.length, `Taken as a label, not as missing: ${listed(words)}. Leave the field empty `
      + "where a label is missing.");
    return codes.map((place) => given[place]);
  };

  const checkMarks = (decimal, thousands) => {
    if (decimal && ![".", ","].includes(decimal)) {
      refuse(`decimal= must be '.' or ',', not ${repr(decimal)}`);
    }
    if (thousands && ![...THOUSANDS, ...Object.values(ALIKE).join("")].includes(thousands)) {
      refuse(`thousands= must be ',', '.', a space or an apostrophe, not ${repr(thousands)}`);
    }
    if (decimal && decimal === thousands) {
      refuse(`decimal= and thousands= can't both be ${repr(decimal)}`);
    }
  };
  // A way to write numbers: in groups of three digits if there is a mark for thousands.
  const wayToWrite = (point, gap) => {
    let number = `(?:\\d+(?:[${point}]\\d*)?|[${point}]\\d+)(?:e[+-]?\\d+)?`;
    const gaps = `[${ALIKE[gap] ?? gap}]`;
    if (gap) {
      const indian = gap === "," ? "|[1-9]\\d?(?:,\\d{2})+,\\d{3}" : "";
      number += `|(?:[1-9]\\d{0,2}(?:${gaps}\\d{3})+${indian})(?:[${point}]\\d*)?`;
    }
    const pattern = new RegExp(`^[+-]?(?:${number})$`, "i"), between = new RegExp(gaps, "g");
    const value = (text) => Number((gap ? text.replace(between, "") : text).replace(point, "."));
    return { point, gap, fits: (text) => pattern.test(text), value };
  };
  // All texts have to fit one way to write numbers. Where two ways fit and differ ("1.250"), the
  // English one is taken in a file with commas between its columns, and said; else that is refused.
  const readNumbers = (column, lines, name, { decimal, thousands, english }) => {
    const { texts: given, counts, codes } = encode(column);
    const texts = given.map((text) => strip(text).replaceAll("\u2212", "-"));
    const faults = new Map(), written = [], missing = [];
    texts.forEach((text, i) => {
      if (!text || MISSING.has(text.toLowerCase())) missing.push(i);
      else if (/^[+-]?inf(inity)?$/i.test(text)) faults.set(i, "is infinite");
      else written.push([i, text]);
    });
    const like = Object.keys(ALIKE).find((mark) => thousands && ALIKE[mark].includes(thousands));
    const marks = new Set(written.map(([, text]) => text).join(""));
    const seen = THOUSANDS.filter((mark) => [...ALIKE[mark] ?? mark].some((one) => marks.has(one)));
    const gaps = thousands ? [like ?? thousands] : ["", ...seen];
    const ways = (decimal ? [decimal] : [".", ","]).flatMap((point) =>
      gaps.filter((gap) => gap !== point).map((gap) => wayToWrite(point, gap)));
    for (const way of ways) way.bad = written.filter(([, text]) => !way.fits(text));
    const way = ways.reduce((best, one) => (one.bad.length < best.bad.length ? one : best));
    for (const [i] of way.bad) faults.set(i, "is not a number");
    const numbers = texts.map(() => NaN);
    for (const [i, text] of written.filter(([place]) => !faults.has(place))) {
      numbers[i] = way.value(text);
      if (Math.abs(numbers[i]) === Infinity) faults.set(i, "is infinite");
    }
    const words = missing.flatMap((i) =>
      texts[i] ? `${repr(texts[i])} (${count(counts[i])})` : []);
    say(words.length, `Taken for a missing score: ${words.join(", ")}.`);
    if (faults.size) {
      const [problem] = faults.values();
      const shown = codes.flatMap((i, row) =>
        faults.get(i) === problem ? `${repr(given[i])} in line ${lines[row]}` : []);
      refuse(`a score in column ${repr(name)} ${problem}: ${listed(shown, 3)}. `
        + advice([...faults.keys()].map((i) => given[i])));
    }
    sayOrAsk(written, numbers, way, ways.filter(({ bad }) => !bad.length), english);
    say(numbers.some((number) => Math.abs(number) > 2 ** 53),
      "Scores beyond 9,007,199,254,740,992 keep their first 15 digits only.");
    return codes.map((place) => numbers[place]);
  };
  const sayOrAsk = (written, numbers, way, ways, english) => {
    for (const other of ways) {
      const [i, text] = written.find(([i, text]) => other.value(text) !== numbers[i]) ?? [];
      if (text === undefined) continue;
      const here = digits(numbers[i]), there = digits(other.value(text));
      const choice = [[way.point, here], [other.point, there]].sort().reverse()
        .map(([point, read]) => `decimal=${repr(point)} to read ${read}`).join(" or ");
      if (!english) refuse(`the score ${repr(text)} can be read in two ways: give ${choice}`);
      return say(true, `Scores with three digits after a mark: ${repr(text)} is read as ${here}. `
        + `If it is ${there}, give decimal=${repr(other.point)}.`);
    }
    const { point, gap } = way, marks = [...ALIKE[gap] ?? (gap || point)];
    const shown = written.find(([, text]) => marks.some((mark) => text.includes(mark)));
    if (!shown || (point === "." && !gap)) return;
    say(true, `Scores are read with the decimal mark ${repr(point)}`
      + `${gap && `, ${repr(gap)} between thousands`}: ${repr(shown[1])} is `
      + `${digits(numbers[shown[0]])}.`);
  };
  const advice = (texts) => {
    if (/[%\p{Sc}]/u.test(texts.join(""))) {
      return "Take signs of per cent and of currency off: scores are plain numbers";
    }
    const digit = /[\p{Decimal_Number}²³¹⁰-⁹₀-₉]/u;
    return texts.some((text) => digit.test(text) && /[,.'\u2019]/.test(text))
      ? "Write all numbers in one way, and if it is not guessed, name it with decimal= and "
        + "thousands="
      : "Leave missing scores empty, and write numbers with digits and a decimal point";
  };

  // Columns in Python's order of labels: whole numbers by size, texts by their characters.
  const inOrder = (label, whole, columns) => {
    const before = (a, b) => {
      let i = 0;
      while (i < a.length && a[i] === b[i]) i++;
      return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
    };
    const numbers = whole && label.map(BigInt);
    const order = [...label.keys()].sort((a, b) =>
      (whole ? Number(numbers[a] - numbers[b]) : before(label[a], label[b])));
    return Object.fromEntries(Object.entries({ label, ...columns })
      .map(([name, values]) => [name, order.map((i) => values[i])]));
  };

  return { MISSING, WHOLE, checkMarks, encode, inOrder, readLabels, readNumbers };
})();
