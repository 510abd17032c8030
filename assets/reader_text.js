// The text of a visitor's file, and what the reader says, in Python's words.
globalThis.readerText = (() => {
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
  // Python's white space, which is not quite JavaScript's.
  const GAP = "[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
  const SPACES = new RegExp(`${GAP}+`, "g"), ENDS = new RegExp(`^${GAP}+|${GAP}+$`, "g");
  const UNSEEN = new RegExp(`(?!${GAP})[\\p{Cf}\\p{Cc}\\u034f\\u115f\\u1160\\u17b4\\u17b5`
    + "\\u180b-\\u180f\\u3164\\ufe00-\\ufe0f\\uffa0]", "gu");

  let said; // by the reading at hand
  const begin = () => { said = []; return said; };
  const say = (when, line) => when && said.push(line);
  const refuse = (message) => { throw new Error(message); };

  // Texts and numbers as Python has them.
  const strip = (text) => (/^[!-~]*$/.test(text) ? text : text.replace(ENDS, ""));
  // The text without what can't be seen: composed, with single spaces, none at its ends.
  const plain = (text) => (/^[ -~]*$/.test(text) && !text.includes("  ") ? strip(text)
    : strip(text.replace(UNSEEN, "")).replace(SPACES, " ").normalize("NFC"));
  const cut = (text, most) => [...text].slice(0, most).join("");
  const count = (whole) => String(whole).replace(/\B(?=(\d{3})+$)/g, ",");
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

  return {
    EXPORT, ascii, begin, count, cut, digits, list, listed, open, plain, refuse, repr, say, strip,
  };
})();
