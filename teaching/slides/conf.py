"""Slides of the two lessons: reveal.js, with the chapters' own figures."""

import base64
import json
from pathlib import Path

import yaml

BOOK = Path(__file__).parents[2]
FIGURES = {  # name on the slides: chapter and cell
    "funnel": ("01_data_generation", "01-26"),
    "histograms": ("01_data_generation", "01-19"),
    "no_pooling": ("02_unpooled_model", "02-16"),
    "complete_pooling": ("02_unpooled_model", "02-34"),
    "both": ("04_comparison", "04-08"),
    "arrows": ("04_comparison", "04-13"),
}

CONFIG = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))
project, author = CONFIG["title"], CONFIG["author"]
language = "en"
extensions = ["myst_parser", "sphinx_revealjs", "sphinx-mathjax-offline"]
myst_enable_extensions = ["dollarmath", "substitution"]
revealjs_style_theme = "white"
revealjs_script_conf = {"width": 1280, "height": 720}
revealjs_css_files = ["slides.css"]
revealjs_static_path = ["static"]
revealjs_script_plugins = [
    {"name": "RevealNotes", "src": "revealjs/plugin/notes/notes.js"},
]


def place_figures() -> dict[str, str]:
    """Take each figure and its alt text from the committed chapter."""
    folder = BOOK / "_build" / "slide_figures"
    folder.mkdir(parents=True, exist_ok=True)
    directives = {}
    for name, (chapter, cell_id) in FIGURES.items():
        notebook = json.loads(
            (BOOK / "notebooks" / f"{chapter}.ipynb").read_text(encoding="utf-8")
        )
        (cell,) = (cell for cell in notebook["cells"] if cell["id"] == cell_id)
        outputs = (output.get("data", {}) for output in cell["outputs"])
        (picture,) = (data["image/png"] for data in outputs if "image/png" in data)
        (folder / f"{name}.png").write_bytes(base64.b64decode(picture))
        alt = cell["metadata"]["mystnb"]["image"]["alt"]
        directives[name] = (
            f"```{{image}} ../../_build/slide_figures/{name}.png\n:alt: {alt}\n```"
        )
    return directives


myst_substitutions = place_figures()
