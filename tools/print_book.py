"""Print the built site as one PDF, with Chromium: `make pdf`."""

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import yaml
from playwright.sync_api import Browser, Error, sync_playwright
from pypdf import PdfReader, PdfWriter
from sphinx_external_toc.parsing import parse_toc_yaml

BOOK = Path(__file__).parents[1]
SITE = BOOK / "_build" / "html"


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the system's Chromium, or Chrome or Edge where those are installed.

    Raises
    ------
    LookupError
        If there is none.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    quiet = ("background-networking", "component-update", "gpu", "sync")
    options = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    with sync_playwright() as playwright:
        launch = partial(playwright.chromium.launch, args=options)
        with launch(executable_path=program) if program else installed(launch) as chromium:
            yield chromium


def installed(launch: Callable[..., Browser]) -> Browser:
    """Let Playwright look: it knows where Windows and macOS keep their browsers."""
    for channel in ("chrome", "msedge"):
        with suppress(Error):
            return launch(channel=channel)
    raise LookupError("no browser: install Chromium or Chrome, or say where with $CHROMIUM")


def print_book(target: Path) -> int:
    """Print the pages in the book's order, one bookmark each, and return how many sheets."""
    book = PdfWriter()
    with open_browser() as browser:
        page = browser.new_page(color_scheme="light")
        page.set_default_timeout(0)  # none: the machine may be busy
        for name in parse_toc_yaml(BOOK / "_toc.yml"):
            page.goto(SITE.joinpath(f"{name}.html").as_uri())
            page.evaluate("""() => Promise.all([...document.images].map((image) => {
                image.loading = "eager";  // no scrolling brings them near
                return image.decode();
            }))""")
            title = page.locator("h1").first.inner_text().rstrip("#")
            foot = (
                '<div style="font-size:8px;width:100%;text-align:center">'
                '<span class="pageNumber"></span></div>'
            )
            sheets = page.pdf(
                format="A4",
                margin={"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"},
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=foot.replace("<span", f"{title} · <span", 1),
            )
            book.append(PdfReader(io.BytesIO(sheets)), outline_item=title)
    config = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))
    book.add_metadata({"/Title": config["title"]})
    book.compress_identical_objects()
    book.write(target)
    return len(book.pages)


if __name__ == "__main__":
    pdf = BOOK / "_build" / "partial-pooling.pdf"
    try:
        print(f"{print_book(pdf)} pages: {pdf}")
    except LookupError as problem:
        sys.exit(str(problem))
