"""The search's index by sections and glossary terms: a hit says where it is, and leads there."""

import html
from collections.abc import Iterable, Iterator
from pathlib import Path

import sphinx.search
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

# In the browser: a part of a page is filed as page#anchor; scorer.js takes the two apart.
SCORER = Path(__file__).with_name("scorer.js")


def parts(page: nodes.document) -> Iterator[tuple[str, str, nodes.Element]]:
    """Anchor, title and own content of each section and each term of a page."""
    # From the innermost outwards, so that a section no longer holds the sections within it.
    for node in reversed(list(page.deepcopy().findall(nodes.Element))):
        if isinstance(node, nodes.section):
            name, anchor = node[node.first_child_matching_class(nodes.title)], node["ids"][0]
        elif isinstance(node, nodes.definition_list_item) and node[0]["ids"]:
            name, anchor = node[0], node[0]["ids"][0]
        else:
            continue
        node.parent.remove(node)
        yield anchor, name.astext(), node


class SectionIndex(sphinx.search.IndexBuilder):
    """Sphinx's index, to which each part of a page is a page of its own."""

    def feed(self, docname: str, filename: str, title: str, doctree: nodes.document) -> None:
        super().feed(docname, filename, title, doctree)
        # What a page as a whole is found by: its words alone, because its parts have the rest.
        self._all_titles[docname], self._index_entries[docname] = [], []
        *inner, (top, _, head) = parts(doctree)
        super().feed(f"{docname}#{top}", filename, title, head)
        for anchor, name, part in inner:
            full = f"{title} › {html.escape(name)}"
            super().feed(f"{docname}#{anchor}", filename, full, part)

    def prune(self, docnames: Iterable[str]) -> None:
        kept = set(docnames)
        super().prune([name for name in self._titles if name.partition("#")[0] in kept])

    def get_objects(self, fn2index: dict[str, int]) -> dict:
        return {}  # terms and labels: the parts have them


def file_by_sections(app: Sphinx, config: Config) -> None:
    # The builder takes the class from this module when it begins to write; no event lets one in.
    sphinx.search.IndexBuilder = SectionIndex
    config.html_search_scorer = str(SCORER)
