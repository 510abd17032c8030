"""The load of Part I, counted: gentle is a budget. `pytest -s tests/test_budget.py` prints it."""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

BOOK = Path(__file__).parents[1]
PAGES = [
    "intro.md",
    "notebooks/01_data_generation.ipynb",
    "notebooks/02_unpooled_model.ipynb",
    "derivation.md",
    "notebooks/03_partially_pooled_model.ipynb",
    "notebooks/04_comparison.ipynb",
]
HIDDEN = {"hide-input", "remove-input", "remove-cell", "hide-cell"}
TERMS = {
    term.lower()
    for term in re.findall(
        r"^([^\s:{`].*)\n(?=  \S)", (BOOK / "glossary.md").read_text(encoding="utf-8"), flags=re.M
    )
}


@dataclass
class Load:
    words: int = 0
    equations: int = 0
    code: int = 0
    terms: int = 0  # new ones in bold, before the page's first picture, chart or table


def parts(path: Path) -> list[tuple[str, str, set[str]]]:
    """Prose and code of a page in their order: kind, text, tags."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        return [(c.cell_type, c.source, set(c.metadata.get("tags", []))) for c in cells]
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    found = []
    for prose, kind, body in re.findall(
        r"(.*?)(?:^```(\{code-cell\} python|python|bash)\n(.*?)^```\n|\Z)", text, re.M | re.DOTALL
    ):
        tags = set(re.findall(r"[a-z]+-[a-z]+", (re.findall(r"tags: \[(.*)\]", body) or [""])[0]))
        found += [("markdown", prose, set())] + ([("code", body, tags)] if kind else [])
    return found


def load(path: Path, known: set[str]) -> Load:
    """Count a page; `known` holds the terms of earlier pages, and is given its own."""
    total, before_result = Load(), True
    for kind, text, tags in parts(path):
        if kind == "code":
            if not tags & HIDDEN:
                lines = [line for line in text.splitlines() if line.strip() and line[0] != ":"]
                total.code += len(lines)
            before_result &= not tags & {"hide-input", "remove-input"} and "head()" not in text
            continue
        total.equations += len(re.findall(r"^\$\$$", text, re.M)) // 2
        total.equations += text.count("```{math}")
        prose = re.sub(r"^\$\$.*?^\$\$|^```\{math\}.*?^```|\$[^$]+\$", " ", text, flags=re.M | re.S)
        prose = re.sub(r"\]\([^)]*\)|\{[a-z:-]+\}`[^`]*`|^:.*$|^```.*$", " ", prose, flags=re.M)
        total.words += len(re.findall(r"[^\W_][\w'’.,-]*", prose))
        for bold in re.findall(r"\*\*([^*]+)\*\*", text):
            if (term := bold.lower().removeprefix("94% ")) in TERMS - known:
                known.add(term)
                total.terms += before_result
    return total


@pytest.fixture(scope="module")
def table() -> dict[str, Load]:
    known: set[str] = set()
    return {name: load(BOOK / name, known) for name in PAGES}


@pytest.mark.parametrize(("what", "most"), [("words", 6500), ("equations", 30), ("code", 180)])
def test_part_one_is_within_its_budget(what: str, most: int, table: dict[str, Load]) -> None:
    print(f"\n{what}:", *(f"{name} {vars(one)[what]}" for name, one in table.items()), sep="\n  ")
    assert 0 < sum(vars(one)[what] for one in table.values()) <= most


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_many_new_terms_before_its_first_result(name: str, table) -> None:
    assert table[name].terms <= 4


@pytest.mark.parametrize(
    "page", ["beyond_the_formula.md", *sorted(str(p) for p in BOOK.glob("notebooks/*.ipynb"))]
)
def test_no_page_is_longer_than_one_reads_at_a_time(page: str) -> None:
    one = load(BOOK / page, set())
    assert one.words <= 2000
    assert one.code <= 200


def test_the_first_page_gives_each_chapter_the_time_that_it_gives_itself() -> None:
    first = (BOOK / "intro.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"\((\S+?)\)[^|]*\|[^|]*\| (\d+) min \|", first))
    assert len(told) == len([*BOOK.glob("notebooks/*.ipynb"), "derivation.md"])
    for page, minutes in told.items():
        text = (BOOK / page).read_text(encoding="utf-8")
        assert re.findall(r"\*\*Time[:.]\*\* [Aa]bout (\d+) minutes", text) == [minutes], page


def test_the_count_can_be_checked_by_hand(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "---\na: b\n---\n# Two words\n\nThe **raw mean** of $x$, [a link](to/it).\n\n$$\nx\n$$\n\n"
        "```python\nx = 1\n\ny = 2\n```\n\n```{code-cell} python\n:tags: [hide-input]\nz\n```\n\n"
        "**shrinkage**\n",
        encoding="utf-8",
    )
    assert load(page, set()) == Load(words=9, equations=1, code=2, terms=1)
