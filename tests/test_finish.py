"""What the site's extension does to finished pages."""

import re
import subprocess
import sys
from pathlib import Path

import finish
import pytest
from finish import address, mend
from maths import ask
from playwright.sync_api import Error
from styles import cut, rules_of

from print_book import installed


def test_a_formula_stays_readable_and_one_that_cannot_be_read_stops_the_build():
    drawn = ask({"tex": r"\lambda_j < 1", "display": False})
    assert "<svg" in drawn and "\\lambda" not in drawn
    assert "<mi>λ</mi><mi>j</mi>" in drawn and "<mo>&lt;</mo>" in drawn  # for screen readers
    with pytest.raises(ValueError, match="can't read a formula"):
        ask({"tex": r"\frac{1}", "display": False})


def test_formulas_are_typeset_without_a_word_to_who_builds_the_book():
    code = "from maths import ask; ask({'tex': 'x', 'display': False}); ask(None)"
    made = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(finish.__file__).parent,
        capture_output=True,
        check=True,
    )
    assert made.stdout + made.stderr == b""


def test_each_page_brings_its_own_glyphs():
    pages = []
    for tex in (r"\alpha", r"\mu"):
        ask(None)
        ask({"tex": tex, "display": True})
        pages.append(re.findall(r'id="MJX-TEX-I-([^"]*)"', ask(None)))
    assert pages == [["1D6FC"], ["1D707"]]


def test_rules_of_unused_classes_go_and_all_others_stay():
    css = ".used, .idle { a: b } .idle { c: d } p { e: f } @media print { .idle { g: h } }"
    assert cut(rules_of(css), {"used"}) == ".used{ a: b }p { e: f }"


@pytest.mark.parametrize(
    ("repository", "home"),
    [
        ("", ""),
        ("https://github.com/Ann/book", "https://ann.github.io/book/"),
        ("https://github.com/ann/book.git", "https://ann.github.io/book/"),
        ("https://github.com/Ann/ann.github.io", "https://ann.github.io/"),
        ("https://example.org/ann/book", ""),
    ],
)
def test_the_address_follows_from_that_of_the_repository(repository, home):
    assert address(repository) == home


TABLE = "<table><thead><tr>{}<th>a</th></tr></thead><tbody><tr>{}<td>1</td></tr></tbody></table>"


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        (("<th></th>", "<td>x</td>"), ("<td></td>", '<th scope="row">x</th>')),
        (("<th>b</th>", "<td>x</td>"), ("<th>b</th>", "<td>x</td>")),
        (("<th></th>", "<th>x</th>"), ("<td></td>", "<th>x</th>")),
    ],
)
def test_a_table_with_an_empty_corner_names_its_rows(written, mended):
    assert mend(TABLE.format(*written)) == TABLE.format(*mended)


def test_a_label_says_what_is_seen():
    button = '<button class="btn search-button-field"{}>Search</button>'
    fold = "<summary{}>Show a solution</summary>"
    labelled = (button + fold).format(' aria-label="Search"', ' aria-label="Toggle hidden content"')
    assert mend(labelled) == (button + fold).format("", "")


@pytest.mark.parametrize("here", ["chrome", "msedge"])
def test_a_browser_is_found_where_the_system_keeps_it(here):
    def launch(channel):
        if channel != here:
            raise Error("it is not there")
        return channel

    assert installed(launch) == here


def test_where_there_is_no_browser_it_is_said():
    def launch(channel):
        raise Error("it is not there")

    with pytest.raises(LookupError, match="install Chromium"):
        installed(launch)
