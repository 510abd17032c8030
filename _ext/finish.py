"""What is done to the finished pages: faults mended, styles trimmed, pictures made light."""

import base64
import os
import re
import shutil
from hashlib import sha256
from pathlib import Path

from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger
from styles import cut, icon_font, parse

logger = getLogger(__name__)

# The classes that Bootstrap sets for what the theme uses of it: menus and hints.
BOOTSTRAP = "show fade tooltip tooltip-inner tooltip-arrow bs-tooltip-auto"


# What is put right in every page: why, what, and by what. Where a newer theme or pandas has done
# away with the fault nothing matches any more, and the build says which line can go.
MENDS = [
    ("the icons come as a font", r"<script[^>]*fontawesome[^>]*></script>", ""),
    # No script holds up the page. Those within it wait for those that they build on.
    ("scripts are loaded when they are due", r'<link rel="preload" as="script"[^>]*>', ""),
    ("scripts wait for the page", r"<script ((?![^>]*defer)[^>]*src=)", r"<script defer \1"),
    (
        "and what needs them for them",
        "<script>DOCUMENTATION",
        '<script type="module">DOCUMENTATION',
    ),
    ("roles that ARIA gave up, w3c/dpub-aria#22", r' role="(?:doc-biblioentry|list)"', ""),
    ("the policy allows no inline deed", r'onclick="(?:window\.)?(\w+)\(\)"', r'data-deed="\1"'),
    ("Firefox fetches the next page, which the policy refuses", r'<link rel="next"[^>]*>\s*', ""),
    ("what is given is saved", r'(href="[^"]*downloads/[^"]*") target="_blank"', r"\1 download"),
    (
        "a data frame's corner, pydata/pydata-sphinx-theme#1480",
        r"<th[^>]*>(?:\s|&nbsp;|<p></p>)*</th>",
        "<td></td>",
    ),
    # These labels say something else than what is seen, and so does a reader who speaks to a page.
    ("axe: a fold's label", ' aria-label="Toggle hidden content"', ""),
    ("axe: search", r'(<button class="btn search-button-field[^>]*) aria-label="[^"]*"', r"\1"),
    (
        "axe: a landmark around the title",
        r'<div class="sidebar-primary-item">(\s*<a class="navbar-brand(?:(?!</a>).)*</a>\s*)</div>',
        r'<nav class="sidebar-primary-item" aria-label="Home">\1</nav>',
    ),
]


def mend(page: str, used: set[str] | None = None) -> str:
    """Put right what axe-core and Lighthouse find in the theme's and in pandas' HTML."""
    if 'id="search-results"' not in page:  # the theme would search on each page as one types
        page = re.sub(
            r"<script[^>]*(?:searchtools|language_data|searchindex)[^>]*></script>", "", page
        )
    page = page.replace("✅", "done")  # for fonts without emoji
    for why, pattern, by in MENDS:
        page, times = re.subn(pattern, by, page, flags=re.DOTALL)
        if times and used is not None:
            used.add(why)
    return re.sub(r"<table.*?</table>", name_rows, page, flags=re.DOTALL)


def name_rows(table: re.Match) -> str:
    """A table with an empty corner has the names of its rows in its first column."""
    head, body, rest = table[0].partition("<tbody>")
    # pandas writes the name of the index into a row of its own; it belongs above the index.
    first = r"<td></td>((?:(?!</tr>).)*</tr>)"
    second = r"\s*<tr[^>]*>\s*(<th[^>]*>[^<]+</th>)\s*(?:<td></td>\s*)+</tr>"
    head = re.sub(first + second, r"\2\1", head, count=1, flags=re.DOTALL)
    if re.search(r"<tr[^>]*>\s*<td></td>", head):
        first = r"(<tr[^>]*>\s*)<td>(.+?)</td>"
        rest = re.sub(first, r'\1<th scope="row">\2</th>', rest, flags=re.DOTALL)
    return head + body + rest


def lighten(page: str, file: Path) -> str:
    """Show pictures as WebP, half as heavy and no less sharp, and load them as they come near."""

    def show(found: re.Match) -> str:
        png = (file.parent / found[1]).resolve()
        with Image.open(png) as picture:
            width, height = picture.size
            picture.save(png.with_suffix(".webp"), lossless=True, method=6)
        size = f'<img width="{width}" height="{height}" loading="lazy" '
        return found[0].replace("<img ", size, 1)

    page = re.sub(r'<img [^>]*src="([^"]*_images/[^"]*\.png)"', show, page)
    return re.sub(r'(_images/[^"]*\.)png"', r'\1webp"', page)


def trim(pages: dict[Path, str], static: Path) -> dict[Path, str]:
    """Make one style sheet, cut to what the pages use, of all that they link to."""
    link = re.compile(r'<link [^>]*href="([^"?]*\.css)[^"]*"[^>]*>')
    sheets = [static / "basic.css"]  # which the theme imports
    for file, page in pages.items():
        sheets += [(file.parent / found[1]).resolve() for found in link.finditer(page)]
    scripts = [p for p in static.rglob("*.js") if p.name != "bootstrap.js"]
    texts = [BOOTSTRAP, *pages.values(), *(path.read_text(encoding="utf-8") for path in scripts)]
    used = set().union(*(re.findall(r"[\w-]+", text) for text in texts))
    css = ""
    for sheet in dict.fromkeys(sheets):  # its pictures are beside it
        beside = Path(os.path.relpath(sheet.parent, static)).as_posix()
        rules = cut(parse(sheet), used)
        css += re.sub(r'url\("?(?!data:|#|"?data:)([^")]+)"?\)', rf"url({beside}/\1)", rules)
    css += icon_font(css)
    static.joinpath("site.css").write_text(css, encoding="utf-8")
    digest = sha256(css.encode()).hexdigest()[:8]
    trimmed = {}
    for file, page in pages.items():
        place = Path(os.path.relpath(static, file.parent)).as_posix()
        one = f'<link rel="stylesheet" href="{place}/site.css?v={digest}" /></head>'
        trimmed[file] = link.sub("", page).replace("</head>", one, 1)
    return trimmed


def protect(page: str) -> str:
    """Let the page run its own scripts, and nobody else's: a content security policy.

    Where readers bring their own data it may not ask for anything, not even of its own host.
    """
    connect = "'none'" if 'id="own-data"' in page else "'self'"
    inline = re.findall(r"<script(?![^>]* src=)[^>]*>(.*?)</script>", page, flags=re.DOTALL)
    hashes = {base64.b64encode(sha256(script.encode()).digest()).decode() for script in inline}
    policy = "; ".join(
        [
            "default-src 'none'",
            " ".join(["script-src 'self'", *sorted(f"'sha256-{digest}'" for digest in hashes)]),
            "style-src 'self' 'unsafe-inline'",  # tables and formulas carry styles
            "img-src 'self' data:",
            "font-src 'self' data:",
            f"connect-src {connect}",  # Lighthouse asks for robots.txt as if it were the page
            f"form-action {connect}",
            "base-uri 'none'",
        ]
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}" />'
    return page.replace("<head>", f"<head>{meta}", 1)


def unhurry(script: Path) -> None:
    """Take out how the theme finds the boxes that scroll; assets/regions.js does it.

    It would ask for the size of one box after another, and have the page laid out anew each time.
    """
    text = script.read_text(encoding="utf-8")
    pattern = r'"complete"===document\.readyState\?(\w+)\(\):window\.addEventListener\("load",\1\)'
    text, times = re.subn(pattern, "0", text)
    if not times:
        logger.warning("_ext/finish.py looks in %s for what is not there any more", script.name)
    script.write_text(text, encoding="utf-8")


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Read each page once, and write it once."""
    if exception is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    static = site / "_static"
    home = app.config.html_baseurl
    pages, used = {}, set()
    index = site / "index.html"  # a page that sends its visitor on, or our last one
    for file in sorted(site.rglob("*.html")):
        # The slides of an earlier build are pages of their own.
        if file != index and not {static, site / "slides"} & {*file.parents}:
            page = lighten(mend(file.read_text(encoding="utf-8"), used), file)
            if home and file.name == "404.html":  # shown in the place of a page in any folder
                page = re.sub(r'(<a [^>]*?href=")(?![a-z]+:|#)', rf"\1{home}", page)
            pages[file] = page
    for why in [why for why, *_ in MENDS if why not in used]:
        logger.warning("_ext/finish.py mends what is in no page any more: %s", why)
    pages[index] = pages[site / f"{app.config.root_doc}.html"]
    for file, page in trim(pages, static).items():
        file.write_text(protect(page), encoding="utf-8")
    # A sitemap's place has to be a whole address.
    sitemap = f"\nSitemap: {home}sitemap.xml\n" if home else ""
    text = f"User-agent: *\nAllow: /\n{sitemap}"
    (site / "robots.txt").write_text(text, encoding="utf-8")
    unhurry(static / "scripts" / "pydata-sphinx-theme.js")
    shutil.rmtree(static / "vendor", ignore_errors=True)
    for idle in (
        "_static/scripts/fontawesome*",
        "**/*.map",
        "**/*webpack-macros.html",
        "_images/*.png",
    ):
        for file in site.glob(idle):
            file.unlink()


def address(repository: str) -> str:
    """Where GitHub shows the book, if it lives there."""
    found = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+?)/?(?:\.git)?", repository)
    if not found:
        return ""
    host = f"{found[1].lower()}.github.io"
    return f"https://{host}/" + ("" if found[2].lower() == host else f"{found[2]}/")


def lost_page(app: Sphinx) -> list[tuple[str, dict, str]]:
    """What a visitor sees who follows a link to nowhere."""
    body = (
        "<h1>This page does not exist</h1><p>Perhaps it has moved. The list of chapters is at the "
        'side, and the book begins <a href="index.html">here</a>.</p>'
    )
    return [("404", {"title": "This page does not exist", "body": body}, "page.html")]
