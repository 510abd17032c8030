"""What a reader can follow, press and take home leads to something, from disk and from a server."""

import http.server
import re
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from functools import cache, partial
from html.parser import HTMLParser
from pathlib import Path
from zipfile import ZipFile

import nbformat
import pytest
import test_site
import yaml
from downloads import ARCHIVE, GUARD, book_files, write_archive
from finish import address
from nbclient import NotebookClient
from playwright.sync_api import ElementHandle, Error, Page
from test_site import BOOK, DIAL, PAGES, SITE

browser, visit = test_site.browser, test_site.visit  # fixtures
REPOSITORY = yaml.safe_load((BOOK / "_config.yml").read_text())["repository"]
EXERCISES = [name for name in PAGES if name.startswith("teaching/exercises/")]


class Links(HTMLParser):
    """The ids of a page, and all that it points to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids, self.targets = {"", "top"}, []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for key, value in attributes:
            value = value or ""
            if key == "id" or (key, tag) == ("name", "a"):
                self.ids.add(value)
            elif key in ("href", "src", "xlink:href", "action", "poster", "data"):
                self.targets.append(value)
            elif key == "srcset":
                self.targets += [option.split()[0] for option in value.split(",")]
            elif key == "aria-controls" or key == "for":
                self.targets.append(f"#{value}")
            else:
                self.handle_data(value)

    def handle_data(self, text: str) -> None:
        self.targets += re.findall(r"""url\(["']?([^"')]+)""", text)


@cache
def links(file: Path) -> Links:
    return Links(file.read_text(encoding="utf-8"))


def dead(site: Path, home: str, opens: Callable[[Path], bool]) -> list[str]:
    """Each target within the site that isn't there, and the page that points to it."""
    found = []
    for page in sorted(site.rglob("*.html")):
        for target in set(links(page).targets):
            inner = target.removeprefix(home) if home else target
            parts = urllib.parse.urlsplit(inner)
            if parts.scheme in ("https", "http", "mailto", "data"):
                continue
            path = urllib.parse.unquote(parts.path)
            start = site if inner != target else page.parent
            file = (start / path).resolve() if path else page
            if not (file.is_relative_to(site.resolve()) and opens(file)):
                found.append(f"{page.relative_to(site)}: {target}")
            elif file.suffix == ".html" and urllib.parse.unquote(parts.fragment) not in (
                links(file).ids
            ):
                found.append(f"{page.relative_to(site)}: no such place: {target}")
    return found


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE)) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{site.server_port}"
        site.shutdown()


def test_every_link_leads_to_something_from_disk_and_from_a_server(server: str) -> None:
    @cache
    def served(file: Path) -> bool:
        path = urllib.parse.quote(file.relative_to(SITE.resolve()).as_posix())
        try:
            with urllib.request.urlopen(f"{server}/{path}") as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    home = address(REPOSITORY["url"])
    assert dead(SITE, home, Path.is_file) == dead(SITE, home, served) == []


# In the page: count what a press changes. Hints beside the pointer, and the list of sections that
# follows the scrolling, change by themselves.
COUNT = """() => {
    window.changes = 0;
    const aside = ({ target, attributeName, addedNodes, removedNodes }) =>
        attributeName === "aria-describedby" ||
        [target, ...addedNodes, ...removedNodes].some((node) =>
            node.nodeType === 1 && node.closest(".tooltip, .page-toc"));
    new MutationObserver((seen) => { changes += seen.filter((m) => !aside(m)).length; })
        .observe(document, { attributes: true, childList: true, subtree: true });
    window.print = () => { changes += 1; };
    for (const name of ["fullscreenchange", "scroll"])
        document.addEventListener(name, () => { changes += 1; });
    // The page's policy forbids Playwright's own way to wait.
    window.until = (holds) => new Promise((done) => {
        const end = Date.now() + 10_000;
        const look = () => holds() || Date.now() > end ? done(holds()) : setTimeout(look, 20);
        look();
    });
}"""
RESET = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
    window.changes = 0;
    done();
})))"""
LAID_OUT = """until(() => [...document.querySelectorAll("article > section > section")]
    .every((section) => section.style.contentVisibility === "visible"))"""
AT_REST = """until(() => !document.querySelector("dialog[open]") &&
    document.getAnimations().every((animation) => animation.playState !== "running"))"""


def press(page: Page, button: ElementHandle, problems: list[str]) -> None:
    """Press it as a reader does, note if nothing happens, and put the page back."""
    name = button.evaluate("(b) => b.ariaLabel || b.textContent.trim() || b.className")
    before = page.url.partition("#")[0]
    sidebar = page.locator(".bd-sidebar-primary")
    shown = sidebar.is_visible()
    button.scroll_into_view_if_needed()
    page.evaluate(RESET)
    try:
        if button.get_attribute("download") is not None:
            with page.expect_download() as download:
                button.click()
            file = button.get_attribute("href").rsplit("/")[-1]
            assert download.value.suggested_filename == file
            assert download.value.path().read_bytes() == (SITE / "downloads" / file).read_bytes()
        else:
            button.click()
            assert page.evaluate("until(() => changes > 0)"), "nothing happens"
    except (AssertionError, Error) as error:
        problems.append(f"{name}: {str(error).splitlines()[0]}")
    page.keyboard.press("Escape")
    page.evaluate("document.fullscreenElement && document.exitFullscreen()")
    page.evaluate(AT_REST)
    if sidebar.is_visible() != shown:
        button.click()
    if page.url.partition("#")[0] != before:
        problems.append(f"{name}: leads to {page.url}")


@pytest.mark.parametrize("where", ["disk", "server"])
@pytest.mark.parametrize("name", [DIAL, "intro", EXERCISES[0], "teaching/guide", "search", "404"])
def test_every_button_does_something(name: str, where: str, server: str, visit) -> None:
    home = server if where == "server" else SITE.as_uri()
    unpressed = []
    for reader in ("laptop-light", "phone-light"):
        page, problems = visit(name, home, **test_site.READERS[reader])
        page.evaluate(COUNT)
        page.evaluate(LAID_OUT)
        hidden = set()
        # On the phone all but those within the text, which it has from the laptop.
        inside = ", summary, .copybtn" if reader == "laptop-light" else ""
        for button in page.query_selector_all(f"button:not(.copybtn), a.dropdown-item{inside}"):
            if (button.get_attribute("href") or "").startswith("https://mybinder.org/"):
                continue
            inner = button.evaluate_handle("(b) => b.closest('.dropdown-menu')").as_element()
            if inner and not inner.is_visible():
                inner.evaluate("(menu) => menu.previousElementSibling.click()")
            if button.get_attribute("id") == "pst-back-to-top":  # shown to who scrolls back
                page.mouse.wheel(0, 1500)
                page.wait_for_timeout(200)
                page.mouse.wheel(0, -200)
                page.wait_for_timeout(200)
            if button.is_visible():
                press(page, button, problems)
            else:
                hidden.add(button.evaluate("(b) => b.id || b.className"))
        unpressed.append(hidden)
        assert problems == []
    short = {"pst-back-to-top"} if name in ("search", "404") else set()
    assert unpressed[0] & unpressed[1] == short
