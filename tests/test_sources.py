"""Rules that the code of the notebooks, of helpers and of the tools has to keep."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted(ROOT.glob("notebooks/*.ipynb"))
FOLDERS = ("notebooks", "helpers", "teaching", "bench", "tests", "tools", "_ext")
SOURCES = sorted(
    path
    for folder in FOLDERS
    for kind in ("py", "ipynb")
    for path in (ROOT / folder).rglob(f"*.{kind}")
)


def sources(path: Path, kind: str = "code") -> str:
    if path.suffix == ".py":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == kind)


def unstable_sorts(code: str) -> list[str]:
    """Sorts whose order of equal values depends on the processor: NumPy's and pandas' default."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            named = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            sorts = node.func.attr in ("argsort", "sort_values")
            if sorts and named.get("kind") != "'stable'":
                found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_equal_values_keep_their_order_on_every_processor(path):
    assert not unstable_sorts(sources(path))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("schools.sort_values('n')", 1),
        ("np.argsort(x, axis=1).argsort(axis=1)", 2),
        ("x.argsort(kind='quicksort')", 1),
        ("schools.sort_values('n', kind='stable'); sorted(x); x.sort()", 0),
    ],
)
def test_an_unstable_sort_is_found(code, found):
    assert len(unstable_sorts(code)) == found


MANY = re.compile(r"(\d{1,3}(?:,\d{3})+|\d{3,}) (?:[\w-]+ ){0,3}?(?:draws|cities|data sets)\b")


def typed_settings(prose: str, code: str) -> list[str]:
    """Numbers of draws or of cities that the prose has and the code hasn't, or that it prints."""
    values = [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
    settings = {value for value in values if type(value) is int}
    text = "\n".join(value for value in values if isinstance(value, str))
    return [found[0] for found in MANY.finditer(text)] + [
        found[0] for found in MANY.finditer(prose) if int(found[1].replace(",", "")) not in settings
    ]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_settings_that_a_chapter_repeats_are_those_of_its_code(path):
    assert not typed_settings(sources(path, "markdown"), sources(path))


@pytest.mark.parametrize(
    ("prose", "code", "found"),
    [
        ("Over 2,000 simulated cities it wins.", "repeat(one_city, range(2000))", 0),
        ("Over 2,000 simulated cities it wins.", "repeat(one_city, range(3000))", 1),
        ("", "print(f'{name}: 16,000 draws are worth {ess:,.0f}')", 1),
        ("", "print(f'{draws.size:,} draws are worth {ess:,.0f}')", 0),
    ],
)
def test_a_typed_setting_is_found(prose, code, found):
    assert len(typed_settings(prose, code)) == found


@pytest.mark.parametrize(("path", "following"), pairwise(CHAPTERS), ids=lambda path: path.stem)
def test_a_chapter_leads_on_to_the_next_one(path, following):
    _, _, end = sources(path, "markdown").partition("What comes next")
    assert f"({following.name})" in end
