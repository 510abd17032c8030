// A visitor's table, read in the browser by the rules of helpers/own_data and in its words, which
// tests/test_reader_js.py compares. Nothing is sent anywhere.
(() => {
  const EXPORT = "save the table as CSV (UTF-8) from the program that made it";
  const KINDS = { // by the first bytes
    "PAR1": `it is Parquet: ${EXPORT}`,
    "ARROW1": `it is Feather: ${EXPORT}`,
    "FEA1": `it is Feather: ${EXPORT}`,
    "\xd0\xcf\x11\xe0": `it is an old workbook (.xls): ${EXPORT}`,
    "%PDF": "it is a PDF: find the table that it was made from",
    "$FL": `it is an SPSS file: ${EXPORT}`,
    "<stata_dta>": `it is a Stata file: ${EXPORT}`,
    "ORC": "it is an ORC file: write it as Parquet",
    "PARE": "it is encrypted Parquet: write it without encryption",
    "\x1f\x8b": "it is compressed (gzip): unpack it first",
    "BZh": "it is compressed (bzip2): unpack it first",
    "\xfd7zXZ\0": "it is compressed (xz): unpack it first",
    "\x28\xb5\x2f\xfd": "it is compressed (zstd): unpack it first",
    "\xff\xfe\0\0": `it is text in UTF-32: ${EXPORT}`, // which browsers don't read
    "\0\0\xfe\xff": `it is text in UTF-32: ${EXPORT}`,
  };
  const MARKS = { "\xef\xbb\xbf": "utf-8", "\xff\xfe": "utf-16", "\xfe\xff": "utf-16" };
  const OTHER_TEXT = { "{": "JSON", "[": "JSON", "<": "HTML or XML" };
  const LONGEST = 131072; // characters of a field, in Python
  // What other programs write for a missing score. In a column of labels these words are labels.
  const MISSING = new Set("na n/a #n/a #na <na> nan -nan null none - -- – — . .. ?".split(" "));
  const ALIKE = { " ": " \u00a0\u2007\u2009\u202f", "'": "'\u2019" }; // marks that look the same
  const THOUSANDS = [",", ".", " ", "'"];
  const WHOLE = /^(?:0|-?[1-9][0-9]{0,17})$/; // "012" may be a code
  // Python's white space, which is not quite JavaScript's.
  const GAP = "[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
  const SPACES = new RegExp(`${GAP}+`, "g"), ENDS = new RegExp(`^${GAP}+|${GAP}+$`, "g");
  const UNSEEN = new RegExp(`(?!${GAP})[\\p{Cf}\\p{Cc}\\u034f\\u115f\\u1160\\u17b4\\u17b5`
    + "\\u180b-\\u180f\\u3164\\ufe00-\\ufe0f\\uffa0]", "gu");
  // Letters of other alphabets, and signs, that look like one of ours.
  const TWINS = "АВЕКМНОРСТУХаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο‘’ʼ‐–−";
  const OURS = "ABEKMHOPCTYXaeopcyxijsABEZHIKMNOPTYXo'''---";

  let said; // by the reading at hand
  const say = (when, line) => when && said.push(line);
  const refuse = (message) => { throw new Error(message); };

  // Texts and numbers as Python has them.
  const strip = (text) => (/^[!-~]*$/.test(text) ? text : text.replace(ENDS, ""));
  const cut = (text, most) => [...text].slice(0, most).join("");
  const count = (number) => number.toLocaleString("en");
  const listed = (items, shown = 10) => items.slice(0, shown).join(", ")
    + (items.length > shown ? `, and ${count(items.length - shown)} more` : "");
  const code = (mark) => {
    const hex = mark.codePointAt(0).toString(16);
    const [letter, width] = hex.length < 3 ? ["x", 2] : hex.length < 5 ? ["u", 4] : ["U", 8];
    const short = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };
    return short[mark] ?? `\\${letter}${hex.padStart(width, "0")}`;
  };
  const repr = (text, coded = /(?! )[\\\p{C}\p{Z}]/gu) => {
    const inside = text.replace(coded, code);
    const double = text.includes("'") && !text.includes('"');
    return double ? `"${inside}"` : `'${inside.replaceAll("'", "\\'")}'`;
  };
  const ascii = (text) => repr(text, /[^ -[\]-~]/gu);
  const list = (texts) => `[${texts.map((text) => repr(text)).join(", ")}]`;
  const digits = (number) => { // as :.15g
    const [, start, sign, power] = number.toExponential(14).match(/^(.*?)\.?0*e(.)(.*)/);
    if (Object.is(number, -0)) return "-0";
    const exponent = Number(sign + power);
    if (exponent >= -4 && exponent < 15) return String(Number(number.toPrecision(15)));
    return `${start}e${sign}${power.padStart(2, "0")}`;
  };

  const decoder = (data, codec, how) => new TextDecoder({
    "utf-16-le": "utf-16le", "utf-16-be": "utf-16be",
    "utf-16": data[0] === 0xff ? "utf-16le" : "utf-16be",
  }[codec] ?? codec, how);
  // The place of the first byte that is no text of this encoding, or -1.
  const unfit = (data, codec) => {
    // To a browser these five are controls, to Python nothing.
    const holes = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);
    if (codec === "cp1252") return data.findIndex((byte) => holes.has(byte));
    const strict = decoder(data, codec, { fatal: true });
    const fits = (part) => { try { strict.decode(part); return true; } catch { return false; } };
    if (fits(data)) return -1;
    const loose = decoder(data, codec, { ignoreBOM: true }).decode(data);
    for (const { index } of loose.matchAll(/\ufffd/g)) { // which the file may hold itself
      const [at, width] = codec === "utf-8"
        ? [new TextEncoder().encode(loose.slice(0, index)).length, 3] : [2 * index, 2];
      if (!fits(data.subarray(at, at + width))) return at;
    }
  };
  // The text of a file, or a sentence on what else it is.
  const decode = (data, name) => {
    if (data.every((byte) => byte === 32 || (byte > 8 && byte < 14))) refuse(`${name} is empty`);
    const head = String.fromCharCode(...data.subarray(0, 4096));
    const begins = (kinds) => Object.keys(kinds).find((mark) => head.startsWith(mark));
    const wrong = (what) => refuse(`${name} can't be read as CSV: ${what}`);
    if (head.startsWith("PK\x03\x04")) {
      const book = /PK\x01\x02[^]{42}(\[Content_Types\]\.xml|mimetype|xl\/workbook\.xml)/;
      const workbook = book.test(new TextDecoder("latin1").decode(data));
      wrong(workbook ? `it is a workbook: ${EXPORT}` : "it is compressed (zip): unpack it first");
    }
    if (head.slice(257, 262) === "ustar") {
      refuse(`${name} is an archive (tar): unpack it, and give a file of it`);
    }
    if (begins(KINDS)) wrong(KINDS[begins(KINDS)]);

    // UTF-16 without its mark: every second byte of what is plain English is nought.
    const [even, odd] = [0, 1].map((side) => {
      const half = [...head].filter((_, place) => place % 2 === side);
      return half.filter((byte) => byte === "\0").length / (half.length || 1);
    });
    const marked = MARKS[begins(MARKS)];
    const guesses = Math.max(even, odd) <= 0.05 ? ["utf-8", "cp1252"]
      : [odd > even ? "utf-16-le" : "utf-16-be"];
    let reason;
    for (const codec of marked ? [marked] : guesses) {
      const place = unfit(data, codec);
      if (place >= 0) {
        const byte = data[place].toString(16).padStart(2, "0");
        reason = `byte 0x${byte} at place ${count(place)} does not fit ${codec}`;
        continue;
      }
      const text = decoder(data, codec, { ignoreBOM: codec === "utf-8" }).decode(data);
      const guessed = codec !== "utf-8" && codec !== marked;
      const controls = /[\0-\x08\x0e-\x19\x1b-\x1f\x7f-\x9f]/.test(text.slice(0, 1000));
      if (text.includes("\0") || (guessed && controls)) {
        reason = "it holds bytes that are no text";
        continue;
      }
      const strange = guessed && text.split(/[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/)
        .find((line) => /[^\0-\x7f]/.test(line));
      const shown = strange ? `, by which a line reads ${repr(cut(strange, 60))}` : "";
      say(guessed, `The encoding is guessed to be ${codec}${shown}. If it is another, name it with `
        + "encoding=.");
      return text.replace(/^\ufeff/, "");
    }
    return wrong(`${reason}. If it is text, name its encoding with encoding=; if not, ${EXPORT}`);
  };
  const open = (input, name) => {
    const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
    const text = decode(new Uint8Array(bytes), name), end = /\r\n?|\n/g;
    return { lines: text.split(end), ends: text.match(end) };
  };

  // Rows as Python's csv has them (a quotation mark counts only where a field begins), each with
  // the number of its first line.
  function* rowsOf({ lines, ends }, { at: first, separator, skips }) {
    for (let at = first, next; at < lines.length; at = next) {
      let text = lines[at], place = 0, row = [];
      next = at + 1;
      if (!text.includes('"')) {
        if (text) row = text.split(separator);
        if (skips) row = row.map((field) => field.replace(/^ +/, ""));
        place = Infinity;
      }
      const wrong = (reason) => refuse(`the row that begins in line ${at + 1} can't be read `
        + `(${reason}): look for a quotation mark that is not closed, or that stands inside a `
        + "value and is not doubled");
      while (place <= text.length) {
        if (skips) while (text[place] === " ") place++;
        let end = place + 1;
        if (text[place] === '"') {
          while ((end = text.indexOf('"', end)) < 0 || text[end + 1] === '"') {
            if (end >= 0) {
              end += 2; // a doubled one
              continue;
            }
            if (next === lines.length) wrong("unexpected end of data");
            if (text.length - place > LONGEST) wrong(`field larger than field limit (${LONGEST})`);
            end = text.length;
            text += ends[next - 1] + lines[next++];
          }
          row.push(text.slice(place + 1, end++).replaceAll('""', '"'));
          const ended = end === text.length || text[end] === separator;
          if (!ended) wrong(`'${separator}' expected after '"'`);
        } else {
          end = text.indexOf(separator, place);
          if (end < 0) end = text.length;
          row.push(text.slice(place, end));
        }
        place = end + 1;
      }
      yield [row, at + 1];
    }
  }

  // What `find` finds at the header, below lines that are blank, comments, or for Excel.
  const atHeader = (file, name, find) => {
    let separators = [",", ";", "\t", "|", " "], comments = 0;
    for (const [at, line] of file.lines.entries()) {
      const sep = line.match(/^"?sep=(.)"?$/i);
      if (sep) separators = [sep[1]];
      if (sep || !strip(line)) continue;
      const start = file.lines.slice(at, at + 100).join("\n");
      try {
        const found = find(separators.map((separator) => ({
          at,
          separator,
          // A space between separator and quotation mark: then such spaces belong to no value.
          skips: separator !== " " && start.replace(/ +"/g, ' "').includes(`${separator} "`),
        })), strip(start)[0]);
        say(comments, "Lines above the header that begin with #, left out as comments: "
          + `${count(comments)}.`);
        return found;
      } catch (fault) {
        if (!line.startsWith("#")) throw fault;
        comments++;
      }
    }
    return refuse(`${name} has no header: its first line must name the columns`);
  };

  const checkApart = (one, other, name) => one === other
    && refuse(`label and score need a column each, not ${repr(name)} for both`);
  // The place of a column: by its exact name, or else up to what can't be seen.
  const findColumn = (columns, name, hint = "") => {
    const loose = !columns.includes(name), what = loose ? plain(name) : name;
    const where = loose ? columns.map(plain) : columns;
    const found = where.filter((column) => column === what).length;
    const shown = columns.slice(0, 20).map((column) =>
      ([...column].length < 40 ? column : `${cut(column, 40)}...`));
    const more = columns.length > 20 ? ` and ${count(columns.length - 20)} more` : "";
    if (found === 1) return where.indexOf(what);
    return refuse(`${found ? "two columns are" : "no column is"} called ${repr(name)}; the `
      + `columns are ${list(shown)}${more}${hint}`);
  };
  const findColumns = (columns, names, hint) => {
    const places = names.map((name) => findColumn(columns, name, hint));
    checkApart(...places, names[0]);
    return places;
  };
  // The first separator that fits both names; or the fault of the one that makes most columns.
  const findNames = (file, names) => (ways, start) => {
    const kind = OTHER_TEXT[start], line = ways[0].at + 1, faults = [];
    const hint = kind ? `; the file looks like ${kind}, not like CSV: ${EXPORT}`
      : `, by line ${line} of the file: it must name the columns, and nothing stand above it`;
    for (const way of ways) {
      let header = [];
      try {
        [header] = rowsOf(file, way).next().value;
        const places = findColumns(header, names, hint);
        say(way.skips, `Spaces after ${repr(way.separator)} are taken for no part of a value.`);
        return { ...way, places };
      } catch (fault) {
        faults.push([header.length, fault]);
      }
    }
    throw faults.sort(([a], [b]) => b - a)[0][1];
  };
  // All rows below the header, each with the number of its line.
  const allRows = (file, way) => {
    const all = rowsOf(file, way), width = all.next().value[0].length;
    const rows = [], lines = [], short = [];
    for (const [row, line] of all) {
      if (row.length < width) {
        if (!strip(row.join(""))) continue; // a blank line
        short.push(line);
        while (row.length < width) row.push("");
      }
      if (row.length > width) {
        refuse(`line ${line} has ${row.length} fields, the header ${width}. A value that holds `
          + `${repr(way.separator)} (a decimal comma?) must stand in quotation marks; the names of `
          + "rows that R writes go away with row.names = FALSE");
      }
      rows.push(row);
      lines.push(line);
    }
    if (short.length) {
      say(true, "Rows with fewer fields than the header, their last columns taken as empty: "
        + `${count(short.length)}, the first in line ${count(short[0])}.`);
    }
    return { rows, lines };
  };

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

  // The text without what can't be seen: composed, with single spaces, none at its ends.
  const plain = (text) => (/^[ -~]*$/.test(text) && !text.includes("  ") ? strip(text)
    : strip(text.replace(UNSEEN, "")).replace(SPACES, " ").normalize("NFC"));
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

  // `said` is what Python prints, what it refuses is thrown. `whole`: labels are whole numbers.
  const readScores = (input, { name = "the table", label, score, decimal, thousands }) => {
    said = [];
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
    said = [];
    const file = open(input, name);
    return atHeader(file, name, (ways) => {
      const best = ways.map((way) => {
        const [names = [], ...rows] = someRows(file, way, 100);
        const fit = rows.filter((row) => row.length === names.length).length / (rows.length || 1);
        const numbers = names.some((_, place) => inColumn(rows, place).numeric);
        const odd = way.separator === " " || /[;\t|]/.test(names.join(""));
        const points = names.length > 1 ? 1 + fit + numbers - odd / 2 : 0;
        const header = points && fit && rows[0].some((text) => NUMBER.test(text));
        return { file, way, names, points, header };
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
    return Object.keys(ROLES).find((kind) => {
      const places = Object.values(rolesOf(columns, kind));
      if (places.includes(-1)) return false;
      if (kind === "summaries") return true;
      if (!columns.some((one, place) => one.unique && !places.includes(place))) return false;
      if (!places.every((place) => columns[place].numeric)) return false;
      const number = (text) => Number(strip(text ?? "").replaceAll(/[,.'\s](?=\d{3}$)/g, ""));
      return kind !== "passes"
        || rows.every((row) => !(number(row[places[0]]) > number(row[places[1]])));
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
    const { file, way, names } = guess(input, name);
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
    const doubled = (i) => labels.indexOf(labels[i]) < i;
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

  globalThis.tableReader = { columnsOf, readScores, summarise, readGroups };
})();
