// Sphinx takes this file in with its search. section_index.py has filed each section as a page of
// its own, page#anchor, beside the page as a whole.
var Scorer = {
  // Sphinx's own weights.
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  // It gets each result before the list is sorted and doubles are taken out.
  score: (result) => {
    const [page, anchor] = result[0].split("#");
    result[0] = page;
    result[1] = result[1].split(" > ")[0]; // Sphinx adds the section's title to that of its page
    result[2] = anchor ? `#${anchor}` : "";
    return result[4];
  },
};

// A whole page is an answer only if the words stand in no section together.
const searchTerms = Search.performTermsSearch;
Search.performTermsSearch = (...query) => {
  const results = searchTerms(...query);
  const sections = results.filter(([name]) => name.includes("#"));
  return sections.length ? sections : results;
};

const FOUND = "Search finished, found ${resultCount} page(s) matching the search query.";
Documentation.TRANSLATIONS[FOUND] = "Places found: ${resultCount}";
