// The rows of a text with separated values: its separator, its header, and the columns asked for.
globalThis.readerRows = (() => {
  const { EXPORT, count, cut, list, plain, refuse, repr, say, strip } = readerText;
  const OTHER_TEXT = { "{": "JSON", "[": "JSON", "<": "HTML or XML" };
  const LONGEST = 131072; // characters of a field, in Python

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

  return { allRows, atHeader, checkApart, findColumn, findNames, rowsOf };
})();
