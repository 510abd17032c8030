// Typesets formulas with MathJax, before any reader comes: reads pages of TeX, writes pages of SVG.
const [, , mathjax] = process.argv;
const pages = JSON.parse(require("fs").readFileSync(0, "utf8"));

require(`${mathjax}/node-main.js`).init({
  loader: {
    load: ["input/tex", "output/svg", "adaptors/liteDOM", "a11y/assistive-mml"],
    paths: { mathjax },
    require,
  },
  startup: { typeset: false },
  svg: { fontCache: "global" },
}).then(({ startup, tex2svg }) => {
  const { adaptor, output } = startup;
  const sets = pages.map((formulas) => {
    output.clearFontCache(); // each page has the shapes of its own glyphs, once
    const drawn = formulas.map(({ tex, display }) => adaptor.outerHTML(tex2svg(tex, { display })));
    return { drawn, glyphs: adaptor.outerHTML(output.fontCache.getCache()) };
  });
  process.stdout.write(JSON.stringify(sets));
});
