"""Slides of the two lessons: reveal.js, with figures and numbers computed from the book's city."""

from pathlib import Path

import yaml

from slides.facts import facts
from slides.figures import draw

BOOK = Path(__file__).parents[2]
CONFIG = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))
project, author = CONFIG["title"], CONFIG["author"]
language = "en"
extensions = ["myst_parser", "sphinx_revealjs", "sphinx-mathjax-offline"]
exclude_patterns = ["*.py", "__pycache__"]
myst_enable_extensions = [
    "attrs_block",
    "attrs_inline",
    "colon_fence",
    "dollarmath",
    "substitution",
]
# Links to the site, which `make site` builds beside the slides.
myst_url_schemes = {"book": {"url": "../{{path}}"}}
revealjs_style_theme = "white"
revealjs_script_conf = {
    "width": 1280,
    "height": 720,
    "margin": 0,
    "center": False,
    "controls": False,
    "hash": True,
    "hashOneBasedIndex": True,
    "slideNumber": "c/t",
    "transition": "none",
    # A page a slide, with all that it uncovers one by one.
    "pdfSeparateFragments": False,
    "pdfMaxPagesPerSlide": 1,
}
revealjs_css_files = ["slides.css"]
revealjs_static_path = ["static"]
revealjs_script_plugins = [
    {"name": "RevealNotes", "src": "revealjs/plugin/notes/notes.js"},
]


def place_figures() -> dict[str, str]:
    """Draw each figure, and give it with its alternative text."""
    folder = BOOK / "_build" / "slide_figures"
    folder.mkdir(parents=True, exist_ok=True)
    return {
        name: f"```{{image}} ../../_build/slide_figures/{name}.svg\n:alt: {alt}\n```"
        for name, alt in draw(folder).items()
    }


myst_substitutions = place_figures() | facts()
