"""What the website needs beside Jupyter Book: live charts, and maths without a network."""

import html
import json
from pathlib import Path

import vl_convert
from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer, load_mime_renders
from sphinx.application import Sphinx

from helpers.interactive import VEGA_LITE


class LiveCharts:
    """Write a chart as a static picture, with the specification from which charts.js revives it."""

    mime_priority_overrides = (("html", VEGA_LITE, 1),)

    @staticmethod
    def handle_mime(
        renderer: NbElementRenderer, data: MimeData, inline: bool
    ) -> list[nodes.Element] | None:
        if data.mime_type != VEGA_LITE:
            return None
        label = html.escape(data.content["description"])
        picture = vl_convert.vegalite_to_svg(data.content)
        picture = picture.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
        # "</script>" within the JSON would end the element.
        spec = json.dumps(data.content).replace("<", "\\u003c")
        figure = (
            f'<figure class="live-chart">{picture}'
            f'<script type="application/json">{spec}</script></figure>'
        )
        return [nodes.raw(text=figure, format="html")]


def write_vega(app: Sphinx, exception: Exception | None) -> None:
    """Bundle Vega, to be loaded by charts.js alone."""
    if exception is None and app.builder.format == "html":
        target = Path(app.outdir, "_static", "vega", "vega.js")
        target.parent.mkdir(parents=True, exist_ok=True)
        # In a function, so that its names do not clash with those of Sphinx's scripts.
        target.write_text(f"(() => {{{vl_convert.javascript_bundle()}}})();", encoding="utf-8")


def drop_idle_mathjax(
    app: Sphinx, name: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Keep MathJax, two megabytes, from a page that only links to pages with maths."""
    if doctree and not any(doctree.findall(lambda n: isinstance(n, nodes.math | nodes.math_block))):
        scripts = context["script_files"]
        scripts[:] = [s for s in scripts if app.config.mathjax_path not in str(s.filename)]


def setup(app: Sphinx) -> dict[str, bool]:
    # The list is cached, so it can be added to; the documented way is an entry point, which only
    # an installed package can have. If this ceased to work, MyST-NB would warn of an unknown type.
    load_mime_renders().append(LiveCharts)
    # Drawn as SVG, maths needs no font files: Firefox refuses those to a page opened from disk.
    app.config.mathjax_path = "mathjax/tex-svg.js"
    app.connect("build-finished", write_vega)
    app.connect("html-page-context", drop_idle_mathjax, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
