"""What the site's extension does to finished pages."""

from pathlib import Path

import pytest
from finish import address, link_terms, mend, typeset, words
from styles import cut, rules_of

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
