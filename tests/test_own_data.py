"""The page of a reader's own data: its numbers are Python's, and nothing leaves it."""

import csv
import io
import json
import re
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from own_data import examples
from playwright.sync_api import Error, Page, expect
from reader import PATIENCE, READERS, SITE, audit

from helpers.own_data.analysis import analyse
from helpers.own_data.own_file import read_scores
from helpers.schools import simulate_city

CITY, LONDON, CLINICS, EIGHT, BATTERS = examples()
PASTE = """(field, text) => {
    field.value = text;
    field.dispatchEvent(new Event("input"));
}"""


def computed(page: Page) -> str:
    """Wait until the newest table is computed; give what the page says of it."""
    status = page.locator("[data-part=status]")
    expect(status).to_have_text(re.compile(r"^(Done|Not yet): "))
    expect(page.locator("progress")).to_be_hidden()
    return status.inner_text()


def bring(page: Page, text: str, group: str = "school", unit: str = "pupil") -> str:
    computed(page)
    page.locator("[data-part=status]").evaluate("(status) => status.replaceChildren()")
    page.locator("[data-part=group]").fill(group)
    if (word := page.locator("[data-part=unit]")).is_visible():  # effects have no cases
        word.fill(unit)
    page.locator("[data-part=text]").evaluate(PASTE, text)  # to type 2,645 lines would take long
    return computed(page)


def saved(page: Page, name: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return download.value.path().read_text(encoding="utf-8")


def hospitals() -> str:
    sizes = [2, 3, 3, 4, 6, 9, 14, 30, 55]
    city = simulate_city(seed=3, sizes=sizes, global_mean=-0.2, global_sigma=0.5, sigma_y=1.5)
    table = city.scores[["school", "score"]].round(3)
    table["school"] = [f"Ward {label}, north" for label in table["school"]]
    return table.rename(columns={"school": "ward", "score": "days"}).to_csv(index=False)


@pytest.mark.parametrize("text", [CITY["text"], CLINICS["text"], hospitals()])
def test_the_table_to_save_holds_the_numbers_of_analyse(text, tmp_path, visit) -> None:
    page, problems = visit("own_data")
    assert bring(page, text, "ward", "patient").startswith("Done")
    rows = pd.read_csv(io.StringIO(saved(page, "Save the table")), index_col=0)
    file = tmp_path / "the table"
    file.write_text(text, encoding="utf-8", newline="")
    label, score = next(csv.reader([text.splitlines()[0]], delimiter=";" if ";" in text else ","))
    ours = analyse(read_scores(file, school=label, score=score))
    theirs = ours.schools.rename(index=str)
    rows = rows.set_axis(rows.index.map(str)).loc[theirs.index]
    sd = theirs["sd"]
    for column, far in {"n": 0, "raw": 1e-9, "mean": 1e-6, "sd": 1e-6, "lower": 0.004}.items():
        assert (np.abs(rows[column] - theirs[column]) <= far * sd).all(), column
    assert (rows["rank"] == theirs["rank"]).all()
    # Both from draws: 1,000 here and 4,000 there, of places whose sd is a quarter of the interval.
    wide = (theirs["rank_upper"] - theirs["rank_lower"] + 4) / 4
    for end in ("rank_lower", "rank_upper"):
        assert (np.abs(rows[end] - theirs[end]) <= 0.6 * wide + 1).all()
    assert (np.abs(rows["weight"] - theirs["weight"]) < 0.03).all()
    shown = page.locator("[data-part=read] td").all_inner_texts()[::2]
    for number, name in zip(shown, ["global_mean", "global_sigma", "sigma_y"], strict=True):
        assert abs(float(number) - ours.parameters["mean"][name]) <= 0.5001 * 10 ** -len(
            number.partition(".")[2]
        )
    assert not problems


def test_a_table_of_groups_gives_what_its_cases_give(visit) -> None:
    page, _ = visit("own_data")
    bring(page, CITY["text"])
    of_cases = saved(page, "Save the table")
    city = pd.read_csv(io.StringIO(CITY["text"]))
    groups = city.groupby("school")["score"].agg(["size", "mean", "std"]).reset_index()
    groups.columns = ["name", "n", "mean", "sd"]
    bring(page, groups.to_csv(index=False))
    expect(page.locator("[data-part=score]")).to_be_hidden()
    of_groups = saved(page, "Save the table")
    one, other = (
        pd.read_csv(io.StringIO(text)).sort_values("school", kind="stable")
        for text in (of_cases, of_groups)
    )
    np.testing.assert_allclose(one["mean"], other["mean"], rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ward,days\na,1\nb,2\nc,5\n", "every ward has one patient alone"),
        ("ward,days\na,1\na,1\nb,2\nb,2\n", "all patients of each ward have the same score"),
        ("ward,days\na,4\na,4\nb,4\n", "all scores are equal (4)"),
        ("ward,days\na,1\na,2\na,4\n", "two wards"),
        ("ward,days\n", "no row has both"),
        ("ward,days\na,one\na,two\nb,3\n", "is not a number"),
        ("", "empty"),
    ],
)
def test_a_table_that_says_nothing_is_refused_in_the_readers_words(text, words, visit) -> None:
    page, problems = visit("own_data")
    assert words in bring(page, text, "ward", "patient")
    expect(page.locator("[data-part=ranks] table")).to_have_count(0)
    assert bring(page, CITY["text"]).startswith("Done: 50 schools")  # and it recovers
    assert not problems


def test_a_refusal_leaves_nothing_of_the_table_before(visit) -> None:
    page, problems = visit("own_data")
    assert bring(page, "a,b\nx,y\nz,w\n").startswith("Not yet")
    for name in ("read", "dial", "funnel", "panels", "ranks", "pair", "prior", "cautions"):
        expect(page.locator(f"[data-part={name}]")).to_be_empty()
    assert not problems


def test_the_words_of_an_example_are_not_those_of_another_table(visit) -> None:
    page, problems = visit("own_data")
    computed(page)
    field, table = page.locator("[data-part=text]"), "ward,days\na,1\na,2\nb,3\nb,9\n"
    field.evaluate(PASTE, table)
    expect(page.locator("[data-part=status]")).to_contain_text("Done: 2 groups, 4 cases.")
    page.locator("[data-part=group]").fill("area")
    field.evaluate(PASTE, table + "c,4\n")
    expect(page.locator("[data-part=status]")).to_contain_text("Done: 3 areas, 5 cases.")
    expect(page.locator("[data-part=dial] p")).to_contain_text("an area of 1 keeps")
    expect(page.locator("[data-part=cautions]")).to_contain_text("σ_y rests on 2 differences")
    assert not problems


@pytest.mark.parametrize(
    ("kind", "example"), [("rows", CITY), ("effects", EIGHT), ("passes", BATTERS)]
)
def test_what_is_shown_of_a_table_is_in_the_readers_words(kind, example, visit) -> None:
    page, problems = visit("own_data")
    computed(page)
    page.locator(f"[name=kind][value={kind}]").check()
    head, rows = example["text"].split("\n", 1)
    table = f"{re.sub('school|batter', 'ward', head)}\n{rows}"
    assert bring(page, table, "ward", "patient").startswith("Done")
    shown = page.locator("div[data-part]:not([data-part=columns])")
    spoken = shown.locator("[aria-label], option").evaluate_all(
        "(all) => all.map((one) => one.ariaLabel ?? one.textContent)"
    )
    said = " ".join(shown.all_text_contents() + spoken)
    assert not re.findall(r"(?i)[^.]*\b(?:group|case|school|pupil|player)s?\b[^.]*", said)
    assert said.count("all wards") >= 4 and "of each ward (ring)" in said
    assert not problems


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("sigmaYMean", "abc", "Mean of σ_y has to be a positive number."),
        ("sd", "", "Sd of μ has to be a positive number."),
        ("sigmaAlphaMean", "-1", "Mean of σ_α has to be a positive number."),
        ("mean", "x", "Mean of μ has to be a number."),
        ("mean", "\u22125,5", ""),
    ],
)
def test_a_prior_that_is_no_number_is_named_beside_its_button(name, given, words, visit) -> None:
    page, problems = visit("own_data")
    computed(page)
    page.locator(f"[data-part=prior] [name={name}]").fill(given)
    page.get_by_role("button", name="Compute with these priors").click()
    expect(page.locator("[data-part=prior] [role=status]")).to_have_text(words)
    assert computed(page).startswith("Done")
    expect(page.locator("[data-part=ranks] tbody tr")).to_have_count(50)
    assert not problems


@pytest.mark.parametrize("scale", [1e-7, 1.0, 2e3, 3e6, 1e12])
def test_the_numbers_of_a_chart_stand_within_the_page(scale: float, visit) -> None:
    page, _ = visit("own_data", **READERS["phone-light"])
    rows = [
        f"{group},{(10 * k + value) * scale:.6g}"
        for k, group in enumerate("abc")
        for value in (60, 75)
    ]
    bring(page, "\n".join(["g,y", *rows]))
    bring(page, "study,effect,se\n" + "".join(f"{j},{j * scale},{scale}\n" for j in range(1, 5)))
    for chart in page.locator(".live-chart-plot text").all():
        box = chart.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390


def test_no_request_is_made_and_none_could_be(visit) -> None:
    page, problems = visit("own_data")
    computed(page)
    source = (SITE / "own_data.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', source)[1]
    assert "connect-src 'none'" in policy and "form-action 'none'" in policy
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for example in (LONDON, EIGHT, BATTERS, CLINICS):
        page.get_by_role("button", name=example["name"]).click()
        computed(page)
    file = {"name": "ours.csv", "mimeType": "text/csv", "buffer": hospitals().encode()}
    page.locator("[data-part=file]").set_input_files(file)
    expect(page.locator("[data-part=read]")).to_contain_text("9 groups")
    saved(page, "Save the table")
    assert not [url for url in asked if not url.startswith("blob:")]
    assert not problems
    refused = page.evaluate("fetch(location.href).then(() => 'sent', () => 'refused')")
    assert refused == "refused"


def test_a_proxy_that_logs_hears_nothing(browser) -> None:
    heard = []

    class Proxy(BaseHTTPRequestHandler):
        def parse_request(self) -> bool:  # of any method
            heard.append(self.raw_requestline.decode())
            return False

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"http://127.0.0.1:{server.server_port}"
        context = browser.new_context(proxy={"server": host, "bypass": "<-loopback>"})
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto((SITE / "own_data.html").as_uri())
        for example in (LONDON, EIGHT, BATTERS, CLINICS):
            page.get_by_role("button", name=example["name"]).click()
            computed(page)
        saved(page, "Save the table")
        assert heard == []
        with suppress(Error):  # and it is between the page and the world
            page.goto("http://elsewhere.example/")
        assert "elsewhere" in "".join(heard)
        context.close()
        server.shutdown()


def test_the_parts_of_the_page_answer(visit) -> None:
    page, problems = visit("own_data", **READERS["phone-light"])
    computed(page)
    page.get_by_role("button", name=CLINICS["name"]).click()
    expect(page.locator("[data-part=read]")).to_contain_text("12 clinics")
    expect(page.locator("[data-part=read]")).to_contain_text("decimal mark ','")
    slider, words = page.locator("[data-part=dial] input"), page.locator("[data-part=dial] p")
    before = words.text_content()
    slider.press("End")
    assert words.text_content().endswith(
        "keeps 100.0% of its own mean, and one of 22 keeps 100.0%."
    )
    page.locator("[data-part=dial] button").click()
    assert words.text_content() == before
    first, second = page.locator("[data-part=pair] select").all()
    expect(page.locator("[data-part=pair] p").last).to_contain_text("with a probability of")
    second.select_option(value=first.input_value())
    expect(page.locator("[data-part=pair] p").last).to_have_text("Choose two different clinics.")
    expect(page.locator("[data-part=prior] tbody tr")).to_have_count(3)
    spread = page.locator("[data-part=prior] tbody tr:nth-child(2) td").first
    wide = float(spread.text_content())
    page.locator("[data-part=prior] [name=sigmaAlphaMean]").fill("0.1")
    page.get_by_role("button", name="Compute with these priors").click()
    expect(page.locator("[data-part=prior] tbody tr:nth-child(2) td").first).not_to_have_text(
        f"{wide}"
    )
    assert float(spread.text_content()) < wide
    figure = ET.fromstring(saved(page, "Save the figure"))
    assert len(list(figure.iter("{http://www.w3.org/2000/svg}circle"))) == 2 * 13
    assert not audit(page)
    assert not problems


def test_a_formula_in_a_label_is_no_formula_in_a_spreadsheet(visit) -> None:
    page, _ = visit("own_data")
    text = "ward,days\n=1+1,1\n=1+1,2\n@b,3\n@b,5\n"
    assert bring(page, text).startswith("Done")
    labels = [row[0] for row in csv.reader(io.StringIO(saved(page, "Save the table")))][1:]
    assert sorted(labels) == ["'=1+1", "'@b"]


def test_the_examples_are_small(visit) -> None:
    assert len(json.dumps(examples())) < 60_000


def test_a_long_table_that_is_pasted_is_read_and_not_shown(visit) -> None:
    page, problems = visit("own_data")
    computed(page)
    page.locator("[data-part=text]").evaluate(
        """(field, text) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text", text);
            field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true }));
        }""",
        hospitals() * 12,  # its header comes again: then it is no table of numbers
    )
    expect(page.locator("[data-part=status]")).to_contain_text("Not yet: a score in column 'days'")
    expect(page.locator("[data-part=text]")).to_have_value("")
    expect(page.locator("[data-part=text]")).to_have_attribute("placeholder", re.compile("bytes"))
    assert not problems
