"""What stands in one place, and what others say of it: title, version, colours, intervals."""

import colorsys
import inspect
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import helpers
from helpers import choices

BOOK = Path(__file__).parents[1]
TITLE = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))["title"]
PAGES = [
    *sorted(BOOK.glob("notebooks/*.ipynb")),
    *sorted(BOOK.glob("teaching/exercises/*.ipynb")),
    *sorted(BOOK.glob("*.md")),
    *sorted(BOOK.glob("teaching/**/*.md")),
]
# An interval of another width, for a reason that its page gives.
OTHER_WIDTHS = {("exact_posterior.md", "50%")}


@pytest.mark.parametrize(
    "name", ["intro.md", "README.md", "CITATION.cff", "pyproject.toml", "helpers/__init__.py"]
)
def test_the_title_is_that_of_the_site(name):
    assert TITLE in (BOOK / name).read_text(encoding="utf-8"), f"{name}: not {TITLE!r}"


def test_the_version_is_that_of_the_package():
    project = tomllib.loads((BOOK / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = re.escape(project["version"])
    for name, line in {"CITATION.cff": "version: {}$", "CHANGELOG.md": "## {},"}.items():
        text = (BOOK / name).read_text(encoding="utf-8")
        assert re.search(f"^{line.format(version)}", text, flags=re.MULTILINE), name


@pytest.mark.parametrize(
    ("colour", "word", "low", "high"),
    [("RAW", "orange", 20, 45), ("POOLED", "blue", 190, 250), ("COMPLETE", "green", 90, 175)],
)
def test_a_colour_has_the_name_that_the_pages_call_it_by(colour, word, low, high):
    code = getattr(choices, colour)
    red, green, blue = (int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue = 360 * colorsys.rgb_to_hsv(red, green, blue)[0]
    assert low < hue < high, f"the pages call {colour} {word}: mend their words and alt texts too"


def text_of(page: Path) -> str:
    """What a page says: its text, and the words in its code and alternative texts."""
    if page.suffix == ".md":
        return page.read_text(encoding="utf-8")
    cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) + json.dumps(cell["metadata"]) for cell in cells)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_an_interval_has_the_width_of_the_book(page):
    width = f"{choices.PROB:.0%}"
    said = re.findall(r"(\d+%)[ -](?:HDI|(?:equal-tailed )?interval)", text_of(page))
    wrong = {one for one in said if one != width and (page.name, one) not in OTHER_WIDTHS}
    assert not wrong, f"intervals of {wrong}; helpers/choices.py says {width}"


@pytest.mark.parametrize("name", helpers.__all__)
def test_a_docstring_tells_every_parameter(name):
    function = getattr(helpers, name)
    if callable(function):
        told = (function.__doc__ or "").partition("Parameters\n")[2].partition("Returns\n")[0]
        missing = [
            x for x in inspect.signature(function).parameters if not re.search(rf"\b{x}\b", told)
        ]
        assert not missing, f"{name}: the docstring does not tell {missing}"
