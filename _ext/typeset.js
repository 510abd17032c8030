// Typesets formulas with MathJax, before any reader comes. Each line that it reads is a formula as
// JSON, and it answers with one; or null, at a page's end: the glyphs of its formulas.
const [, , mathjax] = process.argv;
const lines = require("readline").createInterface({ input: process.stdin });

require(`${mathjax}/node-main.js`).init({
  loader: {
    load: ["input/tex", "output/svg", "adaptors/liteDOM", "a11y/assistive-mml"],
    paths: { mathjax },
    versionWarnings: false, // one of its own parts has no version
    require,
  },
  startup: { typeset: false },
  svg: { fontCache: "global" },
}).then(({ startup, tex2svg }) => {
  const { adaptor, output } = startup;
  output.clearFontCache();
  lines.on("line", (line) => {
    const asked = JSON.parse(line);
    const { tex, ...how } = asked ?? {};
    const drawn = asked ? tex2svg(tex, how) : output.fontCache.getCache();
    console.log(JSON.stringify(adaptor.outerHTML(drawn)));
    if (!asked) output.clearFontCache(); // each page has the shapes of its own glyphs, once
  });
});
