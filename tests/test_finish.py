"""What the site's extension does to finished pages."""

from pathlib import Path

import pytest
from finish import address, link_terms, mend, typeset, welcome_robots, words
from playwright.sync_api import Error
from styles import cut, rules_of

from print_book import installed

INLINE = '<span class="math notranslate nohighlight">\\({}\\)</span>'
PAGE = "<body><p>{}</p></body>"


def draw(*formulas):
    pages = {Path(str(i)): PAGE.format(INLINE.format(f)) for i, f in enumerate(formulas)}
    return list(typeset(pages).values())


def test_formulas_become_drawings_and_stay_readable():
    (page,) = draw(r"\lambda_j &lt; 1")
    assert "<svg" in page and "\\lambda" not in page
    assert "<mi>λ</mi><mi>j</mi>" in page and "<mo>&lt;</mo>" in page  # for screen readers


def test_each_page_brings_its_own_glyphs():
    alpha, mu = draw(r"\alpha", r"\mu")
    assert 'id="MJX-TEX-I-1D6FC"' in alpha and 'id="MJX-TEX-I-1D707"' not in alpha
    assert 'id="MJX-TEX-I-1D707"' in mu and 'id="MJX-TEX-I-1D6FC"' not in mu


def test_a_formula_that_cannot_be_read_stops_the_build():
    with pytest.raises(ValueError, match="can't read a formula"):
        draw(r"\frac{1}")


def test_rules_of_unused_classes_go_and_all_others_stay():
    css = ".used, .idle { a: b } .idle { c: d } p { e: f } @media print { .idle { g: h } }"
    assert cut(rules_of(css), {"used"}) == ".used{ a: b }p { e: f }"


def test_a_term_is_linked_once_and_only_if_the_glossary_has_it():
    page = "<strong>Prior</strong> <strong>prior</strong> <strong>sofa</strong>"
    linked = link_terms(page, "notebooks/x.html", {"prior": "term-prior"})
    assert linked.count('href="../glossary.html#term-prior"') == 1
    assert linked.endswith("<strong>prior</strong> <strong>sofa</strong>")


def test_scripts_wait_for_the_page():
    mended = mend('<script src="a.js"></script><script>DOCUMENTATION_OPTIONS.x = 1</script>')
    assert mended == (
        '<script defer src="a.js"></script>'
        '<script type="module">DOCUMENTATION_OPTIONS.x = 1</script>'
    )


def test_a_description_ends_between_words():
    text = words(f"<h1>T</h1><p>{'word ' * 60}</p></article>")
    assert len(text) <= 157 and text.endswith("word …")


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


@pytest.mark.parametrize(
    ("home", "last"),
    [("", "Allow: /"), ("https://a.org/b/", "Sitemap: https://a.org/b/sitemap.xml")],
)
def test_robots_are_let_in_and_told_of_the_sitemap_if_it_has_an_address(home, last, tmp_path):
    welcome_robots(tmp_path, home)
    lines = (tmp_path / "robots.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "User-agent: *" and lines[-1] == last


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
