"""What the website needs beside Jupyter Book: links to the glossary, an address, finished pages."""

import maths
from docutils import nodes
from downloads import offer, pack, show_slides
from finish import address, finish, lost_page
from own_data import furnish
from section_index import file_by_sections
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.nodes import make_refnode

from exercises import let_answer


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


# A script, and what a page that needs it holds.
NEEDED = {"answer.js": '<form class="answer"'}


def load_scripts(app: Sphinx, name: str, template: str, context: dict, doctree: object) -> None:
    for script, sign in NEEDED.items():
        if sign in context.get("body", ""):
            app.add_js_file(script, loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    maths.setup(app)
    app.connect("config-inited", place)
    app.connect("config-inited", file_by_sections)
    app.connect("html-collect-pages", lost_page)
    app.connect("doctree-resolved", link_terms)
    app.connect("doctree-resolved", let_answer)
    app.connect("html-page-context", load_scripts)
    app.connect("html-page-context", furnish)
    app.connect("html-page-context", offer, priority=502)  # after the theme has made its buttons
    app.connect("build-finished", pack)
    app.connect("build-finished", finish, priority=900)
    app.connect("build-finished", show_slides, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
