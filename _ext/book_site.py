"""What the website needs beside Jupyter Book: live charts, and finished pages."""

import html
import json
import re
from pathlib import Path

import maths
import vl_convert
from docutils import nodes
from downloads import offer, pack
from finish import address, finish, lost_page
from myst_nb.core.render import MimeData, NbElementRenderer, load_mime_renders
from section_index import file_by_sections
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.nodes import make_refnode

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
        # The picture has a name of its own: its marks need none.
        picture = vl_convert.vegalite_to_svg(data.content)
        picture = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", picture)
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


def place(app: Sphinx, config: Config) -> None:
    """Tell Sphinx where GitHub shows the book. Without an address, nothing that needs one."""
    repository = config.html_theme_options.get("repository_url", "")
    if not repository:
        config.html_theme_options["launch_buttons"] = {}  # Binder could not open it
    config.ogp_site_name = config.html_title
    config.html_baseurl = config.ogp_site_url = address(repository)
    if config.html_baseurl:
        config.ogp_image = "_static/main_figure.png"
        app.setup_extension("sphinx_sitemap")
        config.sitemap_url_scheme = "{link}"
        config.sitemap_excludes = ["404.html", "index.html", "search.html"]


def link_terms(app: Sphinx, page: nodes.document, name: str) -> None:
    """Link a term to the glossary where the page explains it: where it is first in bold."""
    objects = app.env.get_domain("std").objects
    terms = {key[1].lower(): place for key, place in objects.items() if key[0] == "term"}
    for bold in list(page.findall(nodes.strong)):
        if found := terms.pop(bold.astext().lower(), None):
            link = make_refnode(app.builder, name, *found, bold.deepcopy())
            link["classes"].append("term")
            bold.replace_self(link)


def setup(app: Sphinx) -> dict[str, bool]:
    # The list is cached, so it can be added to; the documented way is an entry point, which only
    # an installed package can have. If this ceased to work, MyST-NB would warn of an unknown type.
    load_mime_renders().append(LiveCharts)
    maths.setup(app)
    app.connect("config-inited", place)
    app.connect("config-inited", file_by_sections)
    app.connect("html-collect-pages", lost_page)
    app.connect("doctree-resolved", link_terms)
    app.connect("html-page-context", offer, priority=502)  # after the theme has made its buttons
    app.connect("build-finished", write_vega)
    app.connect("build-finished", pack)
    app.connect("build-finished", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
