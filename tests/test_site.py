"""What a reader does on the site: charts, search, links, print."""

import http.server
import io
import json
import math
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from reader import ALIVE, BOOK, PAGES, READERS, SITE, audit, settle

from helpers.likelihood import plan
from helpers.pooling import partially_pooled_mean, partially_pooled_sd, pooling_weight
from helpers.ranking import moving_ranks
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

DIAL = "notebooks/03_partially_pooled_model"
LENS = "notebooks/02_unpooled_model"
PLAN = "notebooks/05_does_pooling_help"
RATES = "notebooks/13_passes_and_known_errors"
# Where each mark of a chart stands, as numbers.
PLACES = """(marks) => marks.map((mark) =>
    ["cx", "cy", "x1", "y1", "y2", "y", "d"].flatMap((name) =>
        (mark.getAttribute(name) ?? "").split(/[ ML%]+/).filter(Boolean).map(Number)))"""
# Sizes are told once a frame is laid out.
TWO_FRAMES = "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
HEIGHT = "(svg) => svg.getBoundingClientRect().height"


@pytest.mark.parametrize("name", [DIAL, "intro"])
def test_a_page_runs_no_script_but_its_own(name, visit) -> None:
    page, problems = visit(name)
    settle(page)
    assert not problems
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.stranger = true";
        document.head.append(script);
        setTimeout("window.stranger = true", 0);
        const image = "<img src='x' onerror='window.stranger = true'>";
        document.body.insertAdjacentHTML("beforeend", image);
    }""")
    page.wait_for_timeout(200)
    assert page.evaluate("window.stranger === undefined")
    assert any("Content Security Policy" in problem for problem in problems)


def test_every_page_has_the_policy_and_its_buttons_work(visit) -> None:
    for name in [*PAGES, "404", "search", "index"]:
        source = (SITE / f"{name}.html").read_text(encoding="utf-8")
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', source)[1]
        assert "script-src 'self' 'sha256-" in policy and "unsafe-eval" not in policy
        assert "unsafe-inline" not in policy.partition("style-src")[0]
        assert not re.search(r"<[^>]* on\w+=\"", source), name
    page, _ = visit("intro")
    page.evaluate("window.print = () => { window.printed = true; }")
    page.locator("[data-deed=print]").first.evaluate("(button) => button.click()")
    assert page.evaluate("window.printed")


def test_the_site_can_be_found_and_shared() -> None:
    descriptions = set()
    for name in PAGES:
        source = (SITE / f"{name}.html").read_text(encoding="utf-8")
        (words,) = re.findall(r'<meta name="description" content="([^"]{50,160})"', source)
        descriptions.add(words)
    assert len(descriptions) == len(PAGES)
    assert (SITE / "index.html").read_bytes() == (SITE / "intro.html").read_bytes()


def test_only_the_search_loads_the_index_and_robots_may_read_every_page() -> None:
    for name in [*PAGES, "404", "search"]:
        source = (SITE / f"{name}.html").read_text(encoding="utf-8")
        assert ("searchindex.js" in source) == (name == "search"), name
        assert not re.search(r'<link[^>]* rel="(?:next|prefetch)"', source), name
        # Lighthouse fetches robots.txt in the page's name; of a reader's own data nothing may be.
        allowed = "none" if name == "own_data" else "self"
        assert f"connect-src '{allowed}';" in source
    assert (SITE / "robots.txt").read_text(encoding="utf-8").startswith("User-agent: *\nAllow: /")


def test_terms_link_to_the_glossary() -> None:
    glossary = (SITE / "glossary.html").read_text(encoding="utf-8")
    links = [
        target
        for name in PAGES
        for target in re.findall(
            r'class="term [^"]*" href="[./]*glossary.html#([^"]+)"',
            (SITE / f"{name}.html").read_text(encoding="utf-8"),
        )
    ]
    assert len(set(links)) >= 15
    assert all(f'id="{target}"' in glossary for target in links)


# Two frames after the browser has ended, and those for which assets/arrive.js watches.
SETTLED = """() => new Promise((done) => {
    let left = 40;
    const next = () => left-- ? requestAnimationFrame(next) : done();
    if (document.readyState === "complete") next(); else addEventListener("load", next);
})"""


@pytest.mark.parametrize("name", ["beyond_the_formula", "exact_posterior", "teaching/guide", RATES])
def test_a_link_into_a_page_arrives(
    name: str, visit: Callable[..., tuple[Page, list[str]]]
) -> None:
    """From another page and from the same one; all that comes late and would push it away too."""
    page, problems = visit(name, **READERS["phone-dark"])
    address = page.url
    sections = page.locator("article > section > section")
    targets = sections.evaluate_all("(all) => all.map((section) => section.id)")
    for before in ("about:blank", address):
        page.goto(before)
        for target in targets:
            if before != address:
                page.goto(before)
            page.goto(f"{address}#{target}")
            page.evaluate(SETTLED)
            top = page.locator(f"[id='{target}']").bounding_box()["y"]
            end = page.evaluate("document.body.scrollHeight - innerHeight - scrollY")
            assert 0 <= top < 100 or (end < 1 and top < 800), (target, before, top)
    assert len(targets) > 5 and not problems


def test_no_line_ends_between_a_formula_and_what_touches_it(visit) -> None:
    page, _ = visit("exact_posterior", **READERS["phone-light"])
    settle(page)
    lines = page.locator("article .unbroken").evaluate_all(
        "(all) => all.map((one) => one.getClientRects().length)"
    )
    assert len(lines) > 50 and set(lines) == {1}


@pytest.mark.parametrize("touch", [False, True])
def test_the_tip_of_a_button_is_not_in_the_way_of_another(touch: bool, visit) -> None:
    reader = READERS["phone-light"] | {"has_touch": touch, "is_mobile": touch}
    page, _ = visit("notebooks/03_partially_pooled_model", **reader)
    page.get_by_label("Toggle primary sidebar").click()
    page.keyboard.press("Escape")
    expect(page.locator(".tooltip")).to_have_count(1)
    expect(page.locator(".tooltip")).to_be_visible(visible=not touch)
    page.get_by_label("Download this page").click()
    expect(page.locator(".dropdown-download-buttons .dropdown-menu")).to_be_visible()


def test_search_works_from_disk(visit: Callable[..., tuple[Page, list[str]]]) -> None:
    page, problems = visit("intro")
    page.keyboard.press("Control+k")
    page.keyboard.type("shrinkage")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=shrinkage")
    page.locator("#search-results li a", has_text="Glossary").first.wait_for()
    assert problems == []


def search(page: Page, query: str) -> list[tuple[str, str]]:
    """What is found, best first: each hit's words, and where it leads."""
    page.goto(f"{SITE.as_uri()}/search.html?q={query.replace(' ', '+')}")
    page.locator(".search-summary", has_text=re.compile(".")).wait_for()
    hits = page.locator("#search-results li a").all()
    return [(hit.inner_text(), hit.get_attribute("href")) for hit in hits]


@pytest.mark.parametrize(
    ("query", "words", "target"),
    [
        ("shrinkage", "Glossary and notation › shrinkage", "glossary.html#term-shrinkage"),
        (
            "why the joint mode is no substitute",
            "What the formula leaves out › Why the joint mode is no substitute",
            "beyond_the_formula.html#why-the-joint-mode-is-no-substitute",
        ),
        (
            "spawn",  # within a section of code, in no title
            "1. A city of schools › The recipe",
            "notebooks/01_data_generation.html#the-recipe",
        ),
        ("cheat sheet", "Cheat sheet", "teaching/cheat_sheet.html#cheat-sheet"),
    ],
)
def test_a_hit_names_its_section_and_lands_there(query, words, target, visit) -> None:
    page, problems = visit("search", **READERS["phone-light"])
    hits = search(page, query)
    assert hits[0] == (words, target)
    assert len({href for _, href in hits}) == len(hits)
    page.locator("#search-results li a").first.click()
    page.wait_for_url(f"**/{target}")
    expect(page.locator(f"#{target.partition('#')[2]}").first).to_be_in_viewport()
    assert problems == []


def test_each_hit_leads_to_something(visit) -> None:
    page, _ = visit("search")
    hits = [hit for query in ("school", "posterior", "term") for hit in search(page, query)]
    assert len(hits) > 100
    for _, href in hits:
        name, _, anchor = href.partition("#")
        assert f'id="{anchor}"' in (SITE / name).read_text(encoding="utf-8"), href


def test_words_that_no_section_has_together_find_their_page(visit) -> None:
    page, _ = visit("search")
    apart = search(page, "spawn strata")
    assert apart == []
    apart = search(page, "spawn idxmax")  # two sections of the same chapter
    assert apart == [("1. A city of schools", "notebooks/01_data_generation.html")]


@pytest.mark.parametrize("reader", ["laptop-light", "phone-dark"])
def test_the_magnifier_stands_beside_what_is_typed(reader, visit) -> None:
    for name, place in {"search": ".bd-search-container", "intro": "#pst-search-dialog"}.items():
        page, _ = visit(name, **READERS[reader])
        if name == "intro":
            page.keyboard.press("Control+k")
        icon = page.locator(f"{place} .fa-magnifying-glass").bounding_box()
        field = page.locator(f"{place} input[type=search]").bounding_box()
        assert icon["x"] + icon["width"] <= field["x"]


@pytest.mark.parametrize("name", ["search", "404"])
def test_pages_that_no_list_names(name: str, visit: Callable[..., tuple[Page, list[str]]]) -> None:
    page, problems = visit(name, **READERS["phone-light"])
    assert audit(page) == []
    assert problems == []


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (
            "a label astray",
            '<label>Here <output>1</output><input type="range" aria-label="Here"></label>',
        ),
        ("label-content-name-mismatch", '<button aria-label="Toggle">Show the code</button>'),
        ("focus-order-semantics", '<div tabindex="0">A box that scrolls</div>'),
        ("color-contrast", '<p style="color: #999; background: #fff">pale</p>'),
    ],
)
def test_the_audit_hears_of_a_fault(rule: str, fault: str, visit) -> None:
    page, _ = visit("404")
    page.locator("article").evaluate("(article, html) => { article.innerHTML += html; }", fault)
    assert [found.partition(":")[0] for found in audit(page)] == [rule]


@pytest.mark.parametrize("name", [RATES, "notebooks/12_many_pupils", "teaching/guide"])
def test_a_box_that_scrolls_is_reached_and_named(name: str, visit) -> None:
    """On a laptop, and when the window becomes as narrow as a phone."""
    page, _ = visit(name)
    settle(page)
    folds = "(folds) => folds.forEach((fold) => { fold.open = true; })"
    page.locator("details").evaluate_all(folds)
    counts = []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(TWO_FRAMES)
        boxes = page.locator("pre, .cell_output > .output, .pst-scrollable-table-container")
        found = boxes.evaluate_all("""(boxes) => boxes.map((box) => [
            box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight,
            box.tabIndex === 0,
            box.tagName === "PRE" ? box.tabIndex === 0
                : box.role === "region" && /^(Output|Table) \\d+, scrolls$/.test(box.ariaLabel),
        ])""")
        assert all(scrolls == reached == named for scrolls, reached, named in found)
        counts.append(sum(scrolls for scrolls, *_ in found))
    assert counts[0] < counts[1]


CHARTS = [  # page, name of a control, keys; the last one is the first again
    ("intro", "position", ["ArrowLeft", "ArrowRight", "Home", "End"]),
    (DIAL, "position", ["ArrowLeft", "PageUp", "Home", "End"]),
    (LENS, "n", ["ArrowRight", "End", "Home"]),
    (LENS, "mean", ["ArrowLeft", "End", "Home"]),
    (LENS, "sigma_alpha", ["ArrowRight", "End", "Home"]),
    (PLAN, "groups", ["ArrowRight", "PageUp", "End", "Home"]),
    (PLAN, "size", ["ArrowLeft", "PageUp", "End", "Home"]),
    (PLAN, "sigma_alpha", ["ArrowRight", "PageUp", "End", "Home"]),
    (RATES, "position", ["ArrowLeft", "PageUp", "Home", "End"]),
]


def expected(kind: str, values: dict, chosen: dict[str, float]) -> list[str]:
    """The numbers of a chart's sentence, by the book's own functions."""
    sigma_y, mu = values["sigma_y"], values.get("mu")
    if kind == "planner":
        (row,) = plan(sigma_y=sigma_y, **chosen).to_dict("records")
        errors = [f"{row[name]:.2f}" for name in ("raw_rmse", "pooled_rmse", "sigma_alpha_se")]
        raw, pooled, spread = errors
        pairs = f"In {row['right_order']:.0%} of pairs"
        return [f"off by {raw} points", f"one by {pooled}.", f"σ_α is {spread} points", pairs]
    if kind == "microscope":
        n, mean, sigma_alpha = (chosen[name] for name in ("n", "mean", "sigma_alpha"))
        sd = partially_pooled_sd(n, sigma_y, sigma_alpha)
        weight = pooling_weight(n, sigma_y, sigma_alpha)
        estimate = partially_pooled_mean(n, mean, mu, sigma_y, sigma_alpha)
        return [f"{weight:.0%}", f"{mean:.1f}", f"{mu:.1f}", f"= {estimate:.1f}", f"sd of {sd:.1f}"]
    assert kind == "dial"
    share = min(max(chosen["position"] / 100, 1e-12), 1 - 1e-12)
    spread = sigma_y * math.sqrt(share / (1 - share) / values["middle"])
    n, mean = (values[name][values["here"]] for name in ("n", "mean"))
    estimate = partially_pooled_mean(n, mean, mu, sigma_y, spread)
    keeps = [f"{pooling_weight(values[size], sigma_y, spread):.0%}" for size in ("small", "large")]
    return [*keeps, f"{mean:.1f} becomes {estimate:.1f}."]


@pytest.mark.parametrize(("name", "control", "keys"), CHARTS)
def test_a_chart_obeys_the_keyboard_and_starts_again(name, control, keys, visit) -> None:
    page, problems = visit(name, **READERS["phone-dark"])
    settle(page)
    charts = page.locator(".live-chart", has=page.locator(f"[name={control}]")).all()
    assert charts
    for chart in charts:
        words, slider = chart.locator(".live-chart-words"), chart.locator(f"[name={control}]")
        first = words.text_content()
        kind = chart.get_attribute("data-kind")
        values = json.loads(chart.get_attribute("data-values"))
        while not slider.evaluate("(slider) => slider === document.activeElement"):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement !== document.body"), "Tab never gets there"
        assert slider.evaluate("(slider) => getComputedStyle(slider).outlineStyle") == "solid"
        label = chart.locator("label", has=page.locator(f"[name={control}]"))
        expect(slider).to_have_accessible_name(label.locator(".label").text_content())
        height = chart.evaluate("(chart) => chart.offsetHeight")
        output = label.locator(".value")
        for key in keys:
            page.keyboard.press(key)
            controls = chart.locator("input").evaluate_all(
                "(all) => Object.fromEntries(all.map(({ name, value }) => [name, Number(value)]))"
            )
            said = words.text_content()
            for number in expected(kind, values, controls):
                assert number in said
            assert slider.get_attribute("aria-valuetext") == output.text_content()
            assert chart.evaluate("(chart) => chart.offsetHeight") == height
        chart.get_by_text("Start again").click()
        expect(words).to_have_text(first)
    assert problems == []


DRAWN = [  # pages with a chart that is a picture
    "intro",
    *(
        f"notebooks/{path.stem}"
        for path in sorted((BOOK / "notebooks").glob("*.ipynb"))
        if re.search(r'data-kind=\\"(?!ranks)', path.read_text(encoding="utf-8"))
    ),
]


def test_each_slider_is_moved() -> None:
    sliders = {
        (name, control)
        for name in DRAWN
        for control in re.findall(
            r'<input type="range" name="(\w+)"', (SITE / f"{name}.html").read_text(encoding="utf-8")
        )
    }
    assert sliders == {(name, control) for name, control, _ in CHARTS}


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("reader", ["phone-light", "laptop-dark"])
def test_a_chart_is_the_same_before_and_after_the_first_touch(name, reader, visit) -> None:
    pictures = []
    for scripts in (False, True):
        page, _ = visit(name, java_script_enabled=scripts, **READERS[reader])
        charts = page.locator(".live-chart").all()
        assert charts and all(chart.locator("svg[role=img]").is_visible() for chart in charts)
        pictures.append(
            [
                (
                    chart.locator(".live-chart-words").text_content(),
                    chart.locator("svg").first.evaluate(HEIGHT),
                    chart.locator("circle, .stem, .tick, .curve").evaluate_all(PLACES),
                )
                for chart in charts
            ]
        )
    for (words, height, before), (words_now, height_now, now) in zip(*pictures, strict=True):
        assert (words, height, len(before)) == (words_now, height_now, len(now))
        assert len(now) >= 3 and np.abs(np.concatenate(before) - np.concatenate(now)).max() <= 0.2


def test_a_ranking_moves_as_its_draws_say(visit) -> None:
    page, problems = visit("notebooks/06_league_tables", **READERS["phone-light"])
    chart = page.locator(".live-chart")
    words, rows = chart.locator(".live-chart-words"), chart.locator("tbody tr")
    values = json.loads(chart.get_attribute("data-values"))
    pooled = [[f"{values['label'][j]} ({values['n'][j]})" for j in o] for o in values["orders"][1]]
    still = chart.locator("table").inner_text()
    height = chart.evaluate("(chart) => chart.offsetHeight")
    for draw in range(1, 8):
        chart.get_by_role("button", name="Next draw").click()
        shown = rows.locator("td:last-child span").all_inner_texts()
        assert shown == pooled[draw - 1][:10]
        leaders, stood = [], []
        for orders in values["orders"]:
            leaders.append(len({order[0] for order in orders[:draw]}))
            places = sorted({order.index(values["named"]) + 1 for order in orders[:draw]})
            one = len(places) == 1
            stood.append(f"place {places[0]}" if one else f"places {places[0]} to {places[-1]}")
        have = "1 school has" if leaders[0] == 1 else f"{leaders[0]} different schools have"
        assert words.text_content() == (
            f"Draw {draw}. So far {have} led without pooling, {leaders[1]} with it. School "
            f"{values['label'][values['named']]} stood at {stood[0]} without pooling, "
            f"at {stood[1]} with it."
        )
        led = sum(order[0] == shown[0] for order in pooled[:draw])
        assert rows.first.locator("td:last-child small").text_content() == f"led {led} of {draw}"
        assert chart.evaluate("(chart) => chart.offsetHeight") == height
    chart.get_by_role("button", name="Start again").click()
    expect(chart.locator(".value")).to_have_text("all at once")
    assert chart.locator("table").inner_text() == still
    assert problems == []


def test_a_ranking_says_of_one_that_it_is_one() -> None:
    n = pd.Series([5, 9], index=["A", "B"])
    means = pd.DataFrame([[2.0, 1.0], [2.0, 1.0]], columns=n.index)
    for draws, first in {1: "In the first draw", 2: "In the first 2 draws"}.items():
        figure = moving_ranks(means, means, n, named="A", draws=draws, rows=2).figure
        assert f"{first} 1 school leads without pooling, 1 with it." in figure
        assert re.findall("<small>(.*?)</small>", figure) == ["1", "1", "2", "2"]
    turned = means.assign(A=[2.0, 0.0])
    figure = moving_ranks(turned, means, n, named="A", draws=2, rows=2).figure
    assert "In the first 2 draws 2 different schools lead without pooling, 1 with it." in figure
    assert re.findall("<small>(.*?)</small>", figure) == ["1 to 2", "1", "1 to 2", "2"]


def test_a_ranking_plays_until_it_is_paused_and_not_where_motion_is_unwanted(visit) -> None:
    page, _ = visit("notebooks/06_league_tables")
    chart = page.locator(".live-chart")
    page.clock.install()
    chart.get_by_role("button", name="Play").click()
    page.clock.run_for(5500)
    expect(chart.locator(".value")).to_have_text("6 of 60")
    assert chart.locator(".live-chart-words").get_attribute("aria-live") == "off"
    chart.get_by_role("button", name="Pause").click()
    page.clock.run_for(5000)
    expect(chart.locator(".value")).to_have_text("6 of 60")
    chart.get_by_role("button", name="Play").click()
    page.clock.run_for(100_000)
    expect(chart.locator(".value")).to_have_text("60 of 60")
    page.emulate_media(reduced_motion="reduce")
    expect(chart.locator("[value=play]")).to_be_hidden()
    expect(chart.locator("[value=step]")).to_be_visible()


def test_the_shares_of_a_moving_ranking_are_those_that_the_chapter_prints(visit) -> None:
    page, _ = visit("notebooks/06_league_tables")
    chart = page.locator(".live-chart")
    values = json.loads(chart.get_attribute("data-values"))
    places = dict(
        zip(
            *(
                chart.locator(f"td:last-child {part}").all_inner_texts()
                for part in ("span", "small")
            ),
            strict=True,
        )
    )
    table = page.locator("table", has=page.get_by_text("in the top five", exact=True))
    draws = np.array(values["orders"][1])
    for row in table.locator("tbody tr").all():
        label, n, *_, interval, share = row.locator("th, td").all_text_contents()
        assert places[f"{label} ({n})"] == interval
        printed = float(share.strip("%")) / 100
        seen = (draws[:, :5] == values["label"].index(label)).any(axis=1).mean()
        assert abs(seen - printed) < 4 * math.sqrt(printed * (1 - printed) / len(draws)) + 0.005


def test_the_comparison_has_every_school_and_buttons_for_three(visit) -> None:
    page, problems = visit("notebooks/04_comparison", **READERS["phone-light"])
    chart = page.locator(".live-chart")
    words, menu = chart.locator(".live-chart-words"), chart.locator("select")
    assert words.text_content().startswith("School 46, 2 pupils")
    menu.focus()
    page.keyboard.press("ArrowDown")
    assert words.text_content().startswith("School 47, ")
    city = simulate_city(seed=42)
    raw = summarise_schools(city.scores)["mean"]
    for school in (13, 4):
        menu.select_option(label=str(school))
        numbers = re.findall(r"\d+\.\d", words.text_content())
        assert numbers[0] == f"{raw[school]:.1f}"
        assert numbers[2] == f"{city.true_school_means[school]:.1f}"
    assert words.text_content().endswith("farther from the truth.")
    chart.get_by_role("button", name=re.compile("^30:")).click()
    assert words.text_content().startswith("School 30, ")
    assert problems == []


def test_the_book_as_one_pdf(browser: Browser) -> None:
    # In a process of its own: Playwright runs only once in each.
    subprocess.run([sys.executable, BOOK / "tools" / "print_book.py"], check=True)
    book = PdfReader(BOOK / "_build" / "partial-pooling.pdf")
    assert len(book.outline) == len(PAGES)
    assert len(book.pages) > 2 * len(PAGES)
    assert "Deriving the partially pooled estimate" in [entry.title for entry in book.outline]


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


def test_the_cheat_sheet_fits_one_page(visit: Callable[..., tuple[Page, list[str]]]) -> None:
    page, _ = visit("teaching/cheat_sheet")
    for paper in ("A4", "Letter"):
        assert len(PdfReader(io.BytesIO(page.pdf(format=paper))).pages) == 1


def test_printed_page_is_a_handout(visit: Callable[..., tuple[Page, list[str]]]) -> None:
    page, _ = visit(DIAL, **READERS["laptop-dark"])
    settle(page)
    page.emulate_media(media="print")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    for part in (".bd-sidebar-primary", ".bd-header-article", ".live-chart-controls", ".copybtn"):
        assert not any(found.is_visible() for found in page.locator(part).all()), part
    assert page.locator(ALIVE).first.is_visible()
    page.emulate_media(media="screen")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
