"""Every page of the site, for every reader."""

import gzip
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from reader import ALIVE, COLOURS, PAGES, READERS, SITE, audit, settle

# Each of these runs in the page, and returns what is wrong with it.
CHECKS = {
    "the theme is the reader's": """(article) => {
        const dark = matchMedia("(prefers-color-scheme: dark)").matches;
        const { theme } = document.documentElement.dataset;
        return theme === (dark ? "dark" : "light") ? [] : [theme];
    }""",
    # The theme's article container hides what overflows from a look at the page alone.
    "nothing is wider than the screen": """(article) =>
        [document.scrollingElement, document.querySelector(".bd-article-container"), article]
            .filter((box) => box.scrollWidth > box.clientWidth)
            .map((box) => `${box.tagName}.${box.className} by ${box.scrollWidth - box.clientWidth}`)
    """,
    "all maths is typeset": r"""(article) => {
        const text = article.cloneNode(true);
        text.querySelectorAll("pre, code, script, svg, mjx-container").forEach((e) => e.remove());
        const raw = text.textContent.match(/\$\$|\\[([]|\\begin\{|\\[a-z]{3,}.{0,20}/g) ?? [];
        const bare = [...article.querySelectorAll(".math")].filter(
            (formula) => !formula.querySelector("mjx-container"));
        const wrong = [...article.querySelectorAll("mjx-merror, [data-mjx-error]")];
        return [...raw, ...[...bare, ...wrong].map((formula) => formula.textContent.trim())];
    }""",
    "every glyph of the maths is drawn": """(article) =>
        [...article.querySelectorAll("mjx-container use")]
            .filter((use) => !(use.getBBox().width > 0))
            .map((use) => use.getAttribute("href"))
            .filter((glyph) => document.querySelector(glyph)?.getAttribute("d") !== "") // a space
    """,
    "every icon has its picture": """(article) =>
        [...document.querySelectorAll("i[class*=fa-]")]
            .map((icon) => getComputedStyle(icon, "::before"))
            .filter(({ content, fontFamily }) =>
                !document.fonts.check(`900 16px ${fontFamily}`, content.slice(1, -1)))
            .map(({ content }) => content)
    """,
    "every image says what it shows": r"""(article) =>
        [...article.querySelectorAll("img, [role=img]:not(mjx-container *)")]
            .map((image) => image.getAttribute("alt") ?? image.ariaLabel ?? "")
            .filter((words) => words.length < 40 || /_images|\.(png|svg|jpe?g)\b/.test(words))
            .map((words) => `"${words}"`)
    """,
    "every image keeps its proportions": """(article) =>
        [...article.querySelectorAll("img")].filter((image) => {
            const box = image.getBoundingClientRect();
            const stretch = box.width / box.height / (image.naturalWidth / image.naturalHeight);
            return box.width && !(Math.abs(stretch - 1) < 0.03);
        }).map((image) => image.alt)
    """,
    "every chart is alive": f"""(article) =>
        [...article.querySelectorAll(".live-chart:not({ALIVE})")]
            .map((chart) => chart.querySelector("svg").ariaLabel)
    """,
    # Text of a chart keeps its size, and a mark that is outside of its picture is seen by nobody.
    "charts' text is large enough": """(article) =>
        [...article.querySelectorAll(".live-chart text")]
            .filter((text) => parseFloat(getComputedStyle(text).fontSize) < 12)
            .map((text) => text.textContent)
    """,
    "charts' text is on the screen": """(article) =>
        [...article.querySelectorAll(".live-chart text")]
            .filter((text) => text.getBoundingClientRect().right > innerWidth
                || text.getBoundingClientRect().left < 0)
            .map((text) => text.textContent)
    """,
    "one h1, and no level is left out": """(article) => {
        const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
            .filter((heading) => heading.checkVisibility());
        const levels = headings.map((heading) => Number(heading.tagName[1]));
        const jumps = headings.filter((_, i) => i && levels[i] > levels[i - 1] + 1);
        const tops = headings.filter((heading) => heading.tagName === "H1");
        return [...jumps, ...(tops.length === 1 ? [] : tops)].map((h) => h.textContent)
            .concat(tops.length ? [] : ["no h1"]);
    }""",
}


# Each is seen in the other colours too.
@pytest.mark.parametrize(("reader", "other"), [("laptop-light", "dark"), ("phone-dark", "light")])
@pytest.mark.parametrize("name", PAGES)
def test_page(
    name: str, reader: str, other: str, visit: Callable[..., tuple[Page, list[str]]]
) -> None:
    page, problems = visit(name, **READERS[reader])
    settle(page)
    found = {check: page.locator("article").evaluate(code) for check, code in CHECKS.items()}
    found["all loads, from the site alone, without an error"] = problems
    found["axe-core finds nothing"] = audit(page)
    page.emulate_media(color_scheme=other)
    page.locator(f"html[data-theme={other}]").wait_for()
    found["nor in the other colours"] = audit(page, only=COLOURS)
    faults = [f"NOT {check}: {fault}" for check, faults in found.items() for fault in faults]
    assert not faults, "\n".join(faults)


def test_a_page_loads_one_style_sheet_and_no_mathjax_and_maths_is_drawn_already() -> None:
    for name in PAGES:
        source = (SITE / f"{name}.html").read_text(encoding="utf-8")
        assert len(re.findall(r"<link[^>]*stylesheet", source)) == 1, name
        assert not re.search(r"<script[^>]*mathjax", source), name
        assert source.count('class="math') == source.count("<mjx-container"), name
        assert not re.search(r"<script (?![^>]*defer)[^>]*src=", source), name


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light_at_first_view(name: str) -> None:
    file = SITE / f"{name}.html"
    source = file.read_text(encoding="utf-8")
    loaded = re.findall(r'(?:<script[^>]* src|<link[^>]*stylesheet" href)="([^"?]*)', source)
    texts = [file, *(file.parent / path for path in loaded)]
    assert len(texts) > 10
    assert sum(len(gzip.compress(text.read_bytes())) for text in texts) < 200_000
    pictures = re.findall(r"<img [^>]*\.webp[^>]*>", source)
    assert [picture for picture in pictures if 'loading="lazy"' not in picture] == []
