"""What stands in one place, and what others say of it: title, version, colours, intervals."""

import colorsys
import inspect
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from scipy.stats import norm

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
SAYING = ["helpers/**/*.py", "assets/*.js", "teaching/checks/*.py", "teaching/slides/*.py"]
CODE = [path for pattern in SAYING for path in sorted(BOOK.glob(pattern))]
# How the width of an interval is written, its tails, and its half in standard errors.
TAIL, Z = (1 - choices.PROB) / 2, norm.ppf((1 + choices.PROB) / 2)
WIDTHS = {
    r"(\d+)(?:%| percent)[\s-](?:HDI|(?:equal-tailed )?interval|probability|of ranks)"
    r"|``upper`` \((\d+)%": f"{100 * choices.PROB:.0f}",
    r"hdi\(.*prob=(0\.\d+)|summary\(prob=(0\.\d+)|, prob = (0\.\d+)\)"
    r"|chi2\.ppf\((0\.\d+)": f"{choices.PROB:.2g}",
    r"[(\[](0\.0\d), 0\.9\d*[)\]]|(?:quantile|Quantile|end)\((0\.0\d)\)"
    r"|below > (0\.\d+)": f"{TAIL:.2g}",
    r"[(\[]0\.0\d, (0\.9\d*)[)\]]|norm\.ppf\((0\.\d+)\)|sure > (0\.\d+)"
    r"|(?:quantile|end)\((0\.[89]\d*)\)|below < (0\.\d+)": f"{1 - TAIL:.2g}",
    r"(?<![\d.])(1\.(?:28|44|64|88|96))(?!\d)": f"{Z:.2f}",
}
# Of another width, for a reason that stands there.
OTHER_WIDTHS = {
    ("exact_posterior.md", "50"),
    ("01_data_generation.ipynb", "0.975"),  # the funnel: where nearly all raw means lie
    ("lesson_1.md", "1.96"),
    ("figures.py", "0.975"),
    ("06_league_tables.ipynb", "0.9"),  # other limits, beside the book's
    *(("11_slopes_that_vary.ipynb", end) for end in ("0.01", "0.05", "0.95", "0.99")),
}


@pytest.mark.parametrize(
    "name", ["intro.md", "README.md", "CITATION.cff", "pyproject.toml", "helpers/__init__.py"]
)
def test_the_title_is_that_of_the_site(name):
    text = (BOOK / name).read_text(encoding="utf-8")
    assert re.search(rf"""(^# |["'*]|of |: ){re.escape(TITLE)}($|["'*,:.])""", text, re.M), (
        f"not {TITLE!r}"
    )


def test_the_version_is_that_of_the_package():
    project = tomllib.loads((BOOK / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = re.escape(project["version"])
    for name, line in {"CITATION.cff": "version: {}$", "CHANGELOG.md": "## {},"}.items():
        text = (BOOK / name).read_text(encoding="utf-8")
        assert re.search(f"^{line.format(version)}", text, flags=re.MULTILINE), name


@pytest.mark.parametrize(
    ("colour", "word", "term", "low", "high"),
    [
        ("RAW", "orange", "no-pooling", 20, 45),
        ("POOLED", "blue", "partial-pooling", 190, 250),
        ("COMPLETE", "green", "complete-pooling", 90, 175),
    ],
)
def test_a_colour_has_the_name_that_the_pages_call_it_by(colour, word, term, low, high):
    look = (BOOK / "assets" / "look.css").read_text(encoding="utf-8")
    shades = re.findall(rf'"#term-{term}"\]\)? \{{\s*color: (#\w+);', look)
    assert len(shades) == 2  # in the light, and in the dark
    for code in (getattr(choices, colour), *shades):
        red, green, blue = (int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))
        hue = 360 * colorsys.rgb_to_hsv(red, green, blue)[0]
        assert low < hue < high, f"the pages call {colour} {word}: mend their words, and look.css"


def test_the_guide_says_how_many_draws_there_are():
    guide = (BOOK / "teaching" / "guide.md").read_text(encoding="utf-8")
    assert set(re.findall(r"([\d,]+) draws", guide)) == {f"{4 * choices.DRAWS:,}"}


def test_the_icon_of_the_site_has_the_palette():
    icon = (BOOK / "assets" / "favicon.svg").read_text(encoding="utf-8")
    colours = {colour.upper() for colour in re.findall("#[0-9a-f]{6}", icon)}
    assert colours == {choices.RAW, choices.POOLED}


def text_of(page: Path) -> str:
    """What a page says: its text, and the words in its code and alternative texts."""
    if page.suffix != ".ipynb":
        return page.read_text(encoding="utf-8")
    cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) + json.dumps(cell["metadata"]) for cell in cells)


@pytest.mark.parametrize(
    "page", [*PAGES, *CODE], ids=lambda page: page.relative_to(BOOK).as_posix()
)
def test_an_interval_has_the_width_of_the_book(page):
    text = text_of(page)
    found = {
        (width, one)
        for pattern, width in WIDTHS.items()
        for match in re.finditer(pattern, text)
        for one in match.groups()
        if one and one != width and (page.name, one) not in OTHER_WIDTHS
    }
    assert not found, f"(by helpers/choices.py, as it stands): {found}"


@pytest.mark.parametrize("name", helpers.__all__)
def test_a_docstring_tells_every_parameter(name):
    function = getattr(helpers, name)
    if callable(function):
        told = (function.__doc__ or "").partition("Parameters\n")[2].partition("Returns\n")[0]
        missing = [
            x for x in inspect.signature(function).parameters if not re.search(rf"\b{x}\b", told)
        ]
        assert not missing, f"{name}: the docstring does not tell {missing}"
