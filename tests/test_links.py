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
import yaml
from downloads import ARCHIVE, FOR_STUDENTS, STUDENTS, book_files, guard, write_archive
from finish import address
from nbclient import NotebookClient
from playwright.sync_api import ElementHandle, Error, Page
from reader import BOOK, PAGES, READERS, SITE

REPOSITORY = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))["repository"]
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
    document.addEventListener("focusin", ({ target }) => { changes += target.matches("input"); });
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
                button.click(no_wait_after=True)  # a download is no visit to wait for
            file = button.get_attribute("href").rsplit("/")[-1]
            assert download.value.suggested_filename == file
            assert download.value.path().read_bytes() == (SITE / "downloads" / file).read_bytes()
        else:
            button.click()
            assert page.evaluate("until(() => changes > 0)"), "nothing happens"
    except (AssertionError, Error) as error:
        problems.append(f"{name}: {str(error).splitlines()[0]}")
    assert page.url.partition("#")[0] == before, name
    page.keyboard.press("Escape")
    page.evaluate("document.fullscreenElement && document.exitFullscreen()")
    page.evaluate(RESET)
    page.evaluate(AT_REST)
    if not sidebar.is_visible() and shown:
        button.click()


@pytest.mark.parametrize("where", ["disk", "server"])
@pytest.mark.parametrize(
    "name",
    [
        "notebooks/03_partially_pooled_model",
        "intro",
        EXERCISES[0],
        "teaching/guide",
        "search",
        "404",
    ],
)
def test_every_button_does_something(name: str, where: str, server: str, visit) -> None:
    home = server if where == "server" else SITE.as_uri()
    unpressed = []
    for reader in ("laptop-light", "phone-light"):
        page, problems = visit(name, home, **READERS[reader])
        page.evaluate(COUNT)
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


def lone_cells() -> dict[str, nbformat.NotebookNode]:
    """The first code cell of each notebook that the website gives."""
    found = {}
    for file in sorted((SITE / "downloads").glob("*.ipynb")):
        cells = nbformat.read(file, as_version=4).cells
        found[file.name] = next(cell for cell in cells if cell.cell_type == "code")
    return found


def test_each_page_gives_its_own_file() -> None:
    given = {}
    for name in PAGES:
        page = (SITE / f"{name}.html").read_text(encoding="utf-8")
        (target,) = re.findall(r'href="([^"]*downloads/[^"]*)" download', page)
        given[name] = (SITE / f"{name}.html").parent.joinpath(target).resolve()
    assert len(set(given.values())) == len(PAGES)
    for name, file in given.items():
        if file.suffix == ".md":
            assert file.read_text(encoding="utf-8") == (BOOK / f"{name}.md").read_text(
                encoding="utf-8"
            )
            continue
        taken = name.replace("teaching/exercises", "teaching/students")
        own = nbformat.read(BOOK / f"{taken}.ipynb", as_version=4).cells
        cells = [cell for cell in nbformat.read(file, as_version=4).cells if cell.id != "alone"]
        assert [cell.source for cell in cells] == [cell.source for cell in own]
        outputs = [cell.outputs for cell in cells if cell.cell_type == "code"]
        assert any(outputs) == (taken == name)


def run(cells: list[nbformat.NotebookNode], folder: Path) -> list[nbformat.NotebookNode]:
    """Execute cells in a kernel of their own, to the end, and give their outputs."""
    own = [nbformat.from_dict({**cell, "id": str(number)}) for number, cell in enumerate(cells)]
    notebook = nbformat.v4.new_notebook(cells=own)
    options = {"resources": {"metadata": {"path": folder}}, "timeout": 300, "allow_errors": True}
    NotebookClient(notebook, kernel_name="python3", **options).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def test_a_notebook_that_stands_alone_says_so_in_one_sentence(tmp_path, monkeypatch) -> None:
    lone = lone_cells()
    assert len(lone) == sum(name.startswith(("notebooks/", "teaching/exer")) for name in PAGES)
    (tmp_path / "sitecustomize.py").write_text(
        "import sys; sys.modules['helpers'] = None", encoding="utf-8"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    outputs = run(list(lone.values()), tmp_path)
    assert len(outputs) == len(lone)
    for output in outputs:
        (sentence,) = output.traceback
        assert sentence.startswith("This notebook needs the rest of its book: download ")
        assert sentence.count(". ") == 0 and sentence.endswith(".")


def test_a_notebook_within_the_book_runs_as_ever(tmp_path: Path) -> None:
    lone = lone_cells()
    assert run(list(lone.values()), BOOK / "notebooks") == []
    away = run(list(lone.values()), tmp_path)
    # Those that read the book's data say so too, when they are not beside them.
    assert len(away) == sum("open(" in cell.source for cell in lone.values()) >= 2
    first = nbformat.read(SITE / "downloads" / "01_data_generation.ipynb", as_version=4)
    outputs = run(first.cells, tmp_path)
    assert outputs and not [out for out in outputs if out.output_type == "error"]


def unpack(archive: Path, folder: Path) -> Path:
    with ZipFile(archive) as packed:
        assert packed.testzip() is None
        packed.extractall(folder)
    return folder / archive.stem


def test_the_site_has_the_whole_book() -> None:
    assert f'href="{ARCHIVE}" download' in (SITE / "index.html").read_text(encoding="utf-8")
    with ZipFile(SITE / ARCHIVE) as packed:
        names = {name.partition("/")[2] for name in packed.namelist()}
    pages = {str(next(BOOK.glob(f"{name}.*")).relative_to(BOOK)) for name in PAGES}
    students = {name.replace("/exercises/", "/students/") for name in pages}
    assert names >= pages | students
    assert names >= {
        "Makefile",
        "README.md",
        "uv.lock",
        "requirements.txt",
        ".ci/run",
    }
    assert names >= {"pyproject.toml", "data/london_exam.csv", "helpers/__init__.py"}
    assert names >= {"teaching/slides/lesson_1.md", "bench/results.json", "tests/test_site.py"}
    assert not [name for name in names if re.match(r"\.venv|_build|\.git/|.*__pycache__", name)]


def test_the_archive_is_the_same_whenever_and_wherever_it_is_made(tmp_path: Path) -> None:
    target = tmp_path / ARCHIVE
    write_archive(BOOK, target)
    packed = target.read_bytes()
    book = unpack(target, tmp_path / "outer")
    for name in ("_build/html/index.html", ".venv/bin/python", "helpers/__pycache__/a.pyc"):
        book.joinpath(name).parent.mkdir(parents=True)
        book.joinpath(name).touch()
    subprocess.run(["git", "init", "-q", book.parent], check=True)  # of somebody else
    write_archive(book, target)
    assert target.read_bytes() == packed
    assert book_files(BOOK) == book_files(book)


def test_students_get_what_they_need_and_no_solution(tmp_path: Path) -> None:
    assert (SITE / STUDENTS).exists()
    write_archive(BOOK, tmp_path / STUDENTS, FOR_STUDENTS)
    book = unpack(tmp_path / STUDENTS, tmp_path)
    given = {file.relative_to(book).as_posix() for file in book.rglob("*") if file.is_file()}
    students = {path.name for path in BOOK.glob("teaching/students/*.ipynb")}
    assert {name for name in given if name.endswith(".ipynb")} == {
        f"teaching/students/{name}" for name in students
    }
    # The package is whole, though the chapters' part of it finds no PyMC.
    here = "import os, sys; sys.path[:0] = [os.getcwd(), 'teaching']; "
    code = here + "import checks, helpers; print(checks.__file__, helpers.__file__)"
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, cwd=book, capture_output=True, encoding="utf-8", check=True)
    assert found.stdout.count(str(book)) == 2
    for name in ("requirements-exercises.txt", "teaching/setup.csv", "tools/ready.py", "uv.lock"):
        assert name in given


def test_the_book_of_the_archive_names_only_files_that_it_holds() -> None:
    """`make instructors` is this archive, and the site in its place."""
    with ZipFile(SITE / ARCHIVE) as packed:
        names = {name.partition("/")[2] for name in packed.namelist()}
    folders = {str(folder) for name in names for folder in Path(name).parents}
    for name in sorted(names):
        if not name.endswith((".md", ".ipynb")) or name.startswith(("tests/", "notebooks/temp")):
            continue
        text = BOOK.joinpath(name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)\s#:]+\.(?:md|ipynb|html|csv|png|cff))[)#]", text):
            inner = urllib.parse.unquote(target)
            place = Path(name).parent.joinpath(inner)
            whole = str(BOOK.joinpath(place).resolve().relative_to(BOOK))
            assert whole in names | folders, f"{name}: {target}"


@pytest.mark.parametrize("name", ["notebooks/10_real_schools", "teaching/students/derivation"])
def test_a_lone_notebook_fetches_its_book_once_it_has_an_address(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    import helpers

    (tmp_path / "site").mkdir()
    write_archive(BOOK, tmp_path / "site" / ARCHIVE)
    notebook = nbformat.read(BOOK / f"{name}.ipynb", as_version=4)
    site = f"{(tmp_path / 'site').as_uri()}/"
    code = next(c for c in guard(notebook, site, name).cells if c.cell_type == "code").source
    monkeypatch.chdir(tmp_path)

    def remove() -> None:
        for module in ("helpers", "helpers.schools"):
            monkeypatch.setitem(sys.modules, module, None)

    asked = []

    def install(command: list[str], **_: object) -> None:
        asked.append(command[-1])
        assert Path(command[-1].partition("[")[0], "pyproject.toml").exists()
        monkeypatch.setitem(sys.modules, "helpers", helpers)
        monkeypatch.delitem(sys.modules, "helpers.schools")

    monkeypatch.setattr(subprocess, "run", install)
    remove()
    exec(code, {})
    extra = "[chapters]" if name.startswith("notebooks") else ""
    assert asked == [f"./partial-pooling{extra}"]
    assert Path.cwd() == tmp_path / "partial-pooling" / Path(name).parent
    assert capsys.readouterr().out.count("\n") == 1
    # What fails on the way ends in the sentence: pip, or the network.
    for fault in (subprocess.CalledProcessError(1, "pip"), OSError("no network")):

        def fail(*_: object, fault: Exception = fault, **__: object) -> None:
            raise fault

        monkeypatch.setattr(subprocess, "run", fail)
        remove()
        with pytest.raises(
            Exception, match=r"^This notebook needs the rest of its book: "
        ) as alone:
            exec(code, {})
        assert alone.value._render_traceback_() == [str(alone.value)]


ADDRESS = "https://github.com/Ann/book"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of four pages, built with the address set."""
    book = tmp_path_factory.mktemp("book")
    chapters = ["notebooks/01_data_generation", EXERCISES[0], "glossary"]
    for folder in ("_ext", "assets", "teaching/students"):
        shutil.copytree(BOOK / folder, book / folder)
    files = [f"{chapters[0]}.ipynb", f"{chapters[1]}.ipynb", "glossary.md", "intro.md"]
    for name in [*files, "references.bib", ".gitignore"]:
        book.joinpath(name).parent.mkdir(exist_ok=True, parents=True)
        shutil.copyfile(BOOK / name, book / name)
    config = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))
    config["repository"]["url"] = ADDRESS
    config["execute"]["execute_notebooks"] = "off"
    contents = {"format": "jb-book", "root": "intro", "chapters": [{"file": c} for c in chapters]}
    (book / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (book / "_toc.yml").write_text(yaml.safe_dump(contents), encoding="utf-8")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", book]
    subprocess.run(command, check=True, capture_output=True)
    return book / "_build" / "html"


@pytest.mark.parametrize("state", ["as it is", "published"])
def test_what_an_address_changes(state: str, request: pytest.FixtureRequest) -> None:
    site = SITE if state == "as it is" else request.getfixturevalue("published")
    url = REPOSITORY["url"] if state == "as it is" else ADDRESS
    home = address(url)
    pages = {
        page.relative_to(site).as_posix(): page.read_text(encoding="utf-8")
        for page in site.rglob("*.html")
        if not {"_static", "slides"} & {*page.relative_to(site).parts}
    }
    places = site / "sitemap.xml"
    if home:
        listed = set(re.findall("<loc>([^<]*)</loc>", places.read_text(encoding="utf-8")))
        assert listed == {
            home + name for name in pages.keys() - {"404.html", "search.html", "index.html"}
        }
    else:
        assert not places.exists()
    for name, page in pages.items():
        own = "intro.html" if name == "index.html" else name
        assert re.findall(r'rel="canonical" href="([^"]*)"', page) == ([home + own] if home else [])
        cards = re.findall(r'<meta property="og:image" content="([^"]+)"', page)
        shared = home and name not in ("404.html", "search.html")
        assert cards == ([f"{home}_static/main_figure.png"] if shared else [])
        assert not cards or (site / "_static" / "main_figure.png").exists()
        assert "colab.research" not in page
        launch = re.findall(r'href="https://mybinder.org/v2/gh/([^"]*)"', page)
        runs = name.startswith(("notebooks/", "teaching/exercises/"))
        path = name.replace("/exercises/", "/students/").replace(".html", ".ipynb")
        owner = url.removeprefix("https://github.com/")
        link = f"{owner}/{REPOSITORY['branch']}?urlpath=lab/tree/{path}"
        assert launch == ([link] if home and runs else [])
        assert not launch or (BOOK / path).exists()
    # The page for a lost visitor is shown in any folder: its links must be whole.
    lost = re.findall(r'<a [^>]*href="([^"#][^"]*)"', pages["404.html"])
    assert lost and all(link.startswith(home) for link in lost)


def test_binder_finds_what_it_installs() -> None:
    assert "-e ." in (BOOK / "requirements.txt").read_text(encoding="utf-8").splitlines()
    (version,) = re.findall(r"^python-(.+)$", (BOOK / "runtime.txt").read_text(encoding="utf-8"))
    assert version == (BOOK / ".python-version").read_text(encoding="utf-8").split()[0]
