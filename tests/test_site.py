"""The built site as its readers meet it: from disk, on a laptop and a phone, light and dark."""

import http.server
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright
from sphinx_external_toc.parsing import parse_toc_yaml

from helpers.pooling import pooling_weight

BOOK = Path(__file__).parents[1]
SITE = BOOK / "_build" / "html"
PAGES = list(parse_toc_yaml(BOOK / "_toc.yml"))
DIAL = "notebooks/03_partially_pooled_model"
ALIVE = ".live-chart-drawing svg"
READERS = {
    f"{device}-{scheme}": {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    for device, width in {"laptop": 1280, "phone": 390}.items()
    for scheme in ("light", "dark")
}

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
        [...article.querySelectorAll(".live-chart")]
            .filter((chart) => !chart.querySelector("{ALIVE}"))
            .map((chart) => chart.querySelector("svg").ariaLabel)
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not (SITE / "index.html").exists():
        pytest.fail("there is no site to test: run make book first")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if program is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("no browser: install Chromium (apt install chromium), or say where with $CHROMIUM")
    quiet = ("background-networking", "component-update", "gpu", "sync")
    options = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=options) as chromium,
    ):
        yield chromium


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., tuple[Page, list[str]]]]:
    """Open a page as a reader; give it, and the list in which all that goes wrong is noted."""
    contexts = []

    def visit(name: str, home: str = SITE.as_uri(), **reader: object) -> tuple[Page, list[str]]:
        contexts.append(browser.new_context(**reader))
        # Nothing is let out to another host; to have asked is the fault.
        contexts[-1].route(lambda url: not url.startswith((home, "data:")), lambda r: r.abort())
        page, problems = contexts[-1].new_page(), []
        page.on("requestfailed", lambda r: problems.append(f"did not load: {r.url}"))
        page.on("response", lambda r: r.ok or problems.append(f"{r.status}: {r.url}"))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: m.type == "error" and problems.append(m.text))
        page.goto(f"{home}/{name}.html")
        return page, problems

    yield visit
    for context in contexts:
        context.close()


def settle(page: Page) -> None:
    """Wait for the maths, and go to each chart so that it comes alive."""
    page.evaluate("window.MathJax?.startup?.promise.then(() => {})")
    for chart in page.locator(".live-chart").all():
        chart.scroll_into_view_if_needed()
        # One that stays dead is found by its check, beside the reasons.
        with suppress(TimeoutError):
            chart.locator(ALIVE).wait_for(timeout=10_000)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", PAGES)
def test_page(name: str, reader: str, visit: Callable[..., tuple[Page, list[str]]]) -> None:
    page, problems = visit(name, **READERS[reader])
    settle(page)
    found = {check: page.locator("article").evaluate(code) for check, code in CHECKS.items()}
    found["all loads, from the site alone, without an error"] = problems
    faults = [f"NOT {check}: {fault}" for check, faults in found.items() for fault in faults]
    assert not faults, "\n".join(faults)


def test_maths_is_loaded_only_where_there_is_some(
    visit: Callable[..., tuple[Page, list[str]]],
) -> None:
    for name in PAGES:
        source = (SITE / f"{name}.html").read_text(encoding="utf-8")
        assert ('class="math ' in source) == ("mathjax/" in source), name


def test_dial_by_keyboard(visit: Callable[..., tuple[Page, list[str]]]) -> None:
    page, problems = visit(DIAL, **READERS["phone-dark"])
    settle(page)
    slider = page.locator(".live-chart input[type=range]")
    while not slider.evaluate("(slider) => slider === document.activeElement"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement !== document.body"), "Tab never gets there"
    assert slider.evaluate("(slider) => getComputedStyle(slider).outlineStyle") == "solid"
    assert "σ_α" in slider.evaluate("(slider) => slider.labels[0].textContent")

    spec = page.locator(".live-chart script").first.text_content()
    sigma_y = float(re.search(r"pow\(([\d.]+) / sigma_alpha, 2\)", spec)[1])
    drawing = page.locator(".live-chart-drawing")
    for keys in (["ArrowRight"] * 15, ["ArrowLeft"] * 40, ["Home"], ["End"]):
        for key in keys:
            page.keyboard.press(key)
        sigma_alpha = 10 ** float(slider.input_value())
        words = slider.get_attribute("aria-valuetext")
        pupils, percent = map(int, re.search(r"\((\d+) pupils\) keeps (\d+)%", words).groups())
        weight = pooling_weight(pupils, sigma_y, sigma_alpha)
        assert percent == pytest.approx(100 * weight, abs=0.5), words
        assert float(re.search(r"σ_α = ([\d.]+)", words)[1]) == pytest.approx(sigma_alpha, rel=0.05)
        for line in words.split("; "):
            assert line in drawing.text_content()
    assert problems == []


def test_dial_without_scripts_is_a_picture(visit: Callable[..., tuple[Page, list[str]]]) -> None:
    page, _ = visit(DIAL, java_script_enabled=False)
    picture = page.locator(".live-chart > svg[role=img]")
    assert picture.is_visible()
    assert len(picture.get_attribute("aria-label")) >= 40


def test_dial_over_http(visit: Callable[..., tuple[Page, list[str]]]) -> None:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE)) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        try:
            page, problems = visit(DIAL, f"http://127.0.0.1:{site.server_port}")
            settle(page)
            assert problems == []
            assert page.locator(ALIVE).count() == page.locator(".live-chart").count() > 0
        finally:
            site.shutdown()


def test_printed_page_is_a_handout(visit: Callable[..., tuple[Page, list[str]]]) -> None:
    page, _ = visit(DIAL, **READERS["laptop-dark"])
    settle(page)
    page.emulate_media(media="print")
    page.wait_for_function("document.documentElement.dataset.theme === 'light'")
    for part in (".bd-sidebar-primary", ".bd-header-article", ".live-chart-controls", ".copybtn"):
        assert not any(found.is_visible() for found in page.locator(part).all()), part
    assert page.locator(ALIVE).is_visible()
    page.emulate_media(media="screen")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
