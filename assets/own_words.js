// How "Your own data" says things: the reader's own words, numbers as text, and elements of the page.
globalThis.ownWords = (() => {
  const { count } = readerText;
  const part = (name) => document.querySelector(`[data-part="${name}"]`);

  const plural = (word) => {
    const irregular = { child: "children", man: "men", person: "people", woman: "women" };
    const [, start, last] = /^(.*?)(\w*)$/s.exec(word);
    if (irregular[last.toLowerCase()]) return start + irregular[last.toLowerCase()];
    if (/ies$/i.test(last)) return word;
    if (/[^aeiou]y$/.test(last)) return `${word.slice(0, -1)}ies`;
    return word + (/(s|x|z|ch|sh)$/.test(last) ? "es" : "s");
  };
  const words = () => {
    const group = part("group").value.trim() || "group";
    const unit = part("unit").value.trim() || "case";
    return { group, groups: plural(group), unit, units: plural(unit) };
  };
  const withArticle = (word) => `a${/^[aeio]/i.test(word) ? "n" : ""} ${word}`;
  // The messages speak of schools, pupils and scores; what they quote is spared.
  const inWords = (message, score = "score") => {
    const { group, groups, unit, units } = words();
    const mine = { school: group, schools: groups, pupil: unit, pupils: units };
    mine.score = score;
    mine.scores = `${score}s`;
    mine.Scores = mine.scores[0].toUpperCase() + mine.scores.slice(1);
    return message.replace(/(?<!\w)'[^']*'|"[^"]*"|\b(a )?(schools?|pupils?|scores?|Scores)\b/g,
      (all, article, word) => (article ? withArticle(mine[word]) : mine[word] ?? all));
  };
  const percent = (share) => `${(100 * share).toFixed(share > 0.1 && share < 0.9 ? 0 : 1)}%`;
  // As many decimals as matter beside the smaller of two spreads.
  const digitsOf = (spread, within) => {
    const least = Math.max(Math.min(spread, within), 1e-3 * within);
    return Math.min(Math.max(1 - Math.floor(Math.log10(least)), 0), 8);
  };

  const element = (tag, properties = {}, ...inside) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...inside);
    return made;
  };
  const paragraphs = (lines) => lines.map((line) => element("p", { textContent: line }));
  const grid = (heads, rows) => element("table", {},
    element("thead", {}, element("tr", {},
      ...heads.map((head) => element("th", { scope: "col", textContent: head })))),
    element("tbody", {}, ...rows.map(([first, ...rest]) => element("tr", {},
      element("th", { scope: "row", textContent: first }),
      ...rest.map((cell) => element("td", { textContent: cell }))))));

  return { part, words, withArticle, inWords, count, percent, digitsOf, element, paragraphs, grid };
})();
