"""The slides: read from the last row, asked before answered, in fifty minutes, and on paper."""

import io
import json
import re
from collections.abc import Callable
from unicodedata import normalize
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from matplotlib import style
from matplotlib.text import Text
from playwright.sync_api import Page
from pypdf import PdfReader
from reader import BOOK
from scipy.stats import norm

from checks import check
from checks.city import City
from checks.grading import NotYetError
from helpers.choices import PROB
from helpers.plots import use_book_style
from helpers.pooling import partially_pooled_mean, partially_pooled_sd, pooling_weight
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools
from slides.facts import SECOND_CITY, Z, city, errors, facts, notes, ranked
from slides.figures import FIGURES, STYLE, WIDTH

SLIDES = BOOK / "_build" / "html" / "slides"
SOURCE = BOOK / "teaching" / "slides"
GUIDE = (BOOK / "teaching" / "guide.md").read_text(encoding="utf-8")
SEEN = 24  # CSS pixels: what the last row can read
lessons = pytest.mark.parametrize("lesson", [1, 2])


@pytest.fixture
def show(visit: Callable[..., tuple[Page, list[str]]]) -> Callable[..., tuple[Page, list[str]]]:
    def show(lesson: int, query: str = "") -> tuple[Page, list[str]]:
        if not SLIDES.exists():
            pytest.fail("there are no slides to test: run make site first")
        size = {"width": 1280, "height": 720}
        page, problems = visit(f"lesson_{lesson}", home=SLIDES.as_uri(), viewport=size)
        if query:
            page.goto(f"{SLIDES.as_uri()}/lesson_{lesson}.html{query}")
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        page.wait_for_load_state("networkidle")
        return page, problems

    return show


def outputs(chapter: str) -> str:
    (path,) = (BOOK / "notebooks").glob(f"{chapter}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = [out for cell in cells for out in cell.get("outputs", [])]
    texts = [out.get("text", out.get("data", {}).get("text/plain", "")) for out in found]
    return "\n".join("".join(text) for text in texts)


@lessons
def test_the_parts_of_a_lesson_fill_fifty_minutes(lesson: int) -> None:
    (_, title), *slides = notes(lesson)
    assert title.startswith("Before minute 0. ")
    ends = [re.match(r"Minutes (\d+) to (\d+)\. ", note).groups() for _, note in slides]
    starts, stops = zip(*(map(int, pair) for pair in ends), strict=True)
    assert starts == (0, *stops[:-1]) and stops[-1] == 50
    assert all(start < stop for start, stop in zip(starts, stops, strict=True))
    for _, note in slides:
        parts = set(re.findall(r"^(Ask|Expect|Reply|Do):", note, flags=re.M))
        assert parts in ({"Ask", "Expect", "Reply"}, {"Do"}, {"Do", "Reply"})


@lessons
def test_each_slide_fits_is_numbered_and_asks_before_it_answers(lesson: int, show) -> None:
    page, problems = show(lesson)
    assert page.evaluate("Reveal.getTotalSlides()") == len(notes(lesson))
    hidden = 0
    for number, (title, note) in enumerate(notes(lesson), 1):
        page.evaluate(f"Reveal.slide({number - 1})")
        slide = page.locator("section.present").last
        assert slide.locator("h1, h2").inner_text() == title
        assert page.locator(".slide-number").inner_text().replace(" ", "").startswith(f"{number}/")
        said = page.evaluate("Reveal.getSlideNotes()")
        assert said.split() == note.replace('"', "").split() or len(said) > 0.8 * len(note)
        hidden += slide.locator(".fragment:not(.visible)").count()
        while page.evaluate("Reveal.availableFragments().next"):
            page.evaluate("Reveal.nextFragment()")
        assert slide.evaluate("slide => slide.scrollHeight") <= 700, title
        small = slide.evaluate(
            """(slide, least) => [...slide.querySelectorAll("*")].filter(
            (part) => !part.closest("aside, mjx-container") && part.textContent.trim()
                && parseFloat(getComputedStyle(part).fontSize) < least).map(
            (part) => part.outerHTML)""",
            SEEN,
        )
        assert small == []
        for image in slide.locator("img").all():
            assert image.evaluate("image => image.complete && image.naturalWidth > 0")
            assert image.bounding_box()["width"] == WIDTH >= 0.75 * 1280
            assert len(image.get_attribute("alt")) >= 80
    assert hidden >= 6
    page.evaluate("Reveal.slide(2)")
    page.wait_for_function("location.hash.startsWith('#/3')")  # reveal.js writes it once a second
    page.reload()
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    assert page.evaluate("Reveal.getIndices().h") == 2
    assert problems == []


@pytest.mark.parametrize("function", FIGURES, ids=lambda function: function.__name__)
def test_letters_of_a_figure_can_be_read_from_the_last_row(function) -> None:
    use_book_style()  # as a test before this one may have
    with style.context(STYLE):
        figure, alt = function()
        figure.canvas.draw()
    scale = WIDTH / (72 * figure.get_figwidth())  # CSS pixels a point
    letters = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    assert letters
    assert min(text.get_fontsize() for text in letters) * scale >= SEEN
    assert alt.endswith(".")


@lessons
@pytest.mark.parametrize("query", ["?print-pdf", "?print-pdf&showNotes=separate-page"])
def test_print_loses_nothing(lesson: int, query: str, show) -> None:
    page, _ = show(lesson, query)
    page.locator(".pdf-page").nth(len(notes(lesson)) - 1).wait_for()
    page.wait_for_function("!document.querySelector('img:not([src])')")
    printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, print_background=True)))
    slides = len(notes(lesson))
    assert len(printed.pages) == (2 * slides if "Notes" in query else slides)
    # Word by word: a PDF keeps formulas and the marks of lists apart from their lines.
    step = 2 if "Notes" in query else 1
    sheets = page.locator(".pdf-page:has(section)").all()
    for sheet, text in zip(sheets, printed.pages[::step], strict=True):
        found = normalize("NFKC", "".join(text.extract_text().split()))
        said = sheet.evaluate("""(sheet) => {
            const copy = sheet.cloneNode(true);
            copy.querySelectorAll("mjx-container, aside").forEach((one) => one.replaceWith(" "));
            return copy.textContent;
        }""")
        assert [word for word in re.findall(r"\w+", said) if word not in found] == []
        assert len(found) > 40 and "Speakernotes" not in found


@lessons
def test_links_lead_to_pages_of_the_site_and_on_to_lesson_2(lesson: int) -> None:
    text = (SLIDES / f"lesson_{lesson}.html").read_text(encoding="utf-8")
    links = {unquote(link) for link in re.findall(r'<a [^>]*href="([^"#]+)"', text)}
    pages = {link for link in links if link.startswith("../")}
    assert len(pages) >= 2 and all((SLIDES / link).exists() for link in pages)
    assert ("lesson_2.html" in links) == (lesson == 1)


def test_the_slides_numbers_are_those_of_the_chapters() -> None:
    said = facts()
    table = re.search(
        r"no pooling +(\S+)\ncomplete pooling +(\S+)\npartial pooling +(\S+)", outputs("04")
    )
    assert table.groups() == (said["raw_error"], said["complete_error"], said["partial_error"])
    assert f"farther from the truth than before: {said['away']} of 50" in outputs("04")
    for rows in ("2 to 9 +5 ", "50 to 99 +28 "):
        values = re.search(rf"{rows} +(\S+) +(\S+)", outputs("04")).groups()
        assert f"| {' | '.join(values)} |" in said["misses"]
    assert re.search(rf"global_sigma +{said['sigma_alpha']} ", outputs("03"))
    assert re.search(rf"sigma_y +{said['sigma_y']} ", outputs("03"))
    rows = re.findall(r"^(46|13) .* (\d\.\d\d) +\S+ +\S+$", outputs("03"), flags=re.M)
    assert [f"{float(weight):.0%}" for _, weight in rows] == [said["fitted_2"], said["fitted_99"]]
    assert said["half"] == "51" and (said["keep_2"], said["keep_25"], said["keep_99"]) == (
        "0.07", "0.50", "0.80",
    )  # fmt: skip
    assert re.search(
        rf"^{said['first']} +{said['first_n']} +{said['first_mean']}$", outputs("01"), re.M
    )
    assert errors().loc["all"].idxmin() == "pooled_mean"


def test_raw_means_of_fewer_than_25_pupils_miss_by_more_than_schools_differ() -> None:
    """Over 300 cities, as lesson 1 says: whichever city is drawn."""
    cities = [simulate_city(seed) for seed in range(300)]
    schools = pd.concat([summarise_schools(one.scores) for one in cities])
    schools["truth"] = np.concatenate([one.true_school_means for one in cities])
    squared = schools.assign(alone=schools["mean"], as_one=63)[["alone", "as_one"]].sub(
        schools.truth, axis="index"
    )
    few, many = (squared**2).groupby(schools.n >= 25).mean().to_numpy()
    assert few[0] > few[1] and many[0] < many[1]


def test_what_the_guide_expects_of_random_digits() -> None:
    digits = np.std(range(10))
    assert f"standard deviations of about {digits:.1f} and {digits / 2:.1f})" in GUIDE


def test_where_the_guides_slider_takes_the_first_place_from_school_46() -> None:
    _, schools, fitted = city()
    mu, sigma_y = fitted[["global_mean", "sigma_y"]]
    middle = schools.n.sort_values(kind="stable").iloc[
        (len(schools) - 1) // 2
    ]  # as `pooling_dial` moves
    for position in range(99, 0, -1):
        spread = sigma_y * np.sqrt(position / (100 - position) / middle)
        estimate = partially_pooled_mean(schools.n, schools["mean"], mu, sigma_y, spread)
        if (first := schools.index[estimate.argmax()]) != 46:
            break
    assert f"(expect about {spread:.1f} points; school {first} is first then)" in GUIDE


def test_what_the_guide_says_of_exercise_4_1_and_the_envelope() -> None:
    assert f"| 4.1 | {facts()['away']} | they take the number of chapter 4 |" in GUIDE
    assert City(42).moved_away() == int(facts()["away"]) - 1
    assert "with the recipe's settings one estimate fewer" in GUIDE
    with pytest.raises(NotYetError, match="fitted weights"):
        check("4.1", int(facts()["away"]))


def test_what_the_guide_says_of_draws_that_count_as_many() -> None:
    assert f"| 7.1 | {2 / np.sqrt(16_000):.3f} | they divide by the root of the draws |" in GUIDE


def test_where_the_guide_says_that_intervals_hold_too_seldom_and_too_often() -> None:
    """With known settings, at a distance of the true mean in units of σ_α."""

    def held(n: int, distance: float) -> float:
        weight, half = pooling_weight(n, 10, 2), Z * partially_pooled_sd(n, 10, 2)
        pull, noise = (1 - weight) * 2 * distance, weight * 10 / np.sqrt(n)
        return norm.cdf(half, -pull, noise) - norm.cdf(-half, -pull, noise)

    for far in (2, 2.5, 3):
        assert held(3, far) < held(17, far) < held(75, far) < PROB
    assert held(3, 0) > held(17, 0) > PROB


def test_the_first_school_lies_just_inside_the_funnel() -> None:
    first = ranked(42).iloc[0]
    assert 0.9 < (first["mean"] - 63) / (1.96 * np.sqrt(4 + 100 / first.n)) < 1


def test_the_second_city_has_small_schools_at_both_ends() -> None:
    n = ranked(SECOND_CITY).n
    assert (n.iloc[[0, 1, -2, -1]] < 10).all()
    assert f"simulate_city(seed={SECOND_CITY})" in GUIDE
