"""What a reader takes home: a file from each page, and the whole book as one archive."""

import json
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx

ARCHIVE = "partial-pooling.zip"
STUDENTS = "students.zip"
# What the exercises need, and no page that answers them. Their checks do hold the answers.
FOR_STUDENTS = (
    *("LICENSE", "LICENSE-CC-BY-4.0", "Makefile", "pyproject.toml", "requirements-exercises.txt"),
    *("helpers/", "teaching/checks/", "teaching/setup.", "teaching/students/"),
    *("tools/ready.py", "uv.lock"),
)
GUARD = """\
# Only the website's copy has this cell, for a copy that stands alone.
try:
    import helpers.schools
{opened}except (ImportError, OSError):

    class Alone(Exception):
        def _render_traceback_(self):  # what Jupyter shows
            return [str(self)]

"""
SAY = "    raise Alone({sentence!r}) from None\n"
FETCH = """\
    import importlib, io, os, subprocess, sys, urllib.request, zipfile

    try:
        with urllib.request.urlopen({archive!r}) as answer:
            zipfile.ZipFile(io.BytesIO(answer.read())).extractall()
        pip = [sys.executable, "-m", "pip", "install", "--quiet", {package!r}]
        subprocess.run(pip, check=True, capture_output=True)
        os.chdir({folder!r})
        importlib.invalidate_caches()
        import helpers.schools

        print("Fetched the book: this notebook now runs in", os.getcwd())
    except (ImportError, OSError, subprocess.CalledProcessError):
        raise Alone({sentence!r}) from None
"""


def offer(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object | None
) -> None:
    """Write the file of a page into the site, and let the theme's buttons lead to it."""
    if doctree is None:
        return
    source = Path(app.env.doc2path(pagename))
    launched = pagename.replace("teaching/exercises/", "teaching/students/")
    name = f"{'exercises_' if launched != pagename else ''}{source.name}"
    target = Path(app.outdir, "downloads", name)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".ipynb":
        notebook = nbformat.read(Path(app.srcdir, f"{launched}.ipynb"), as_version=4)
        text = nbformat.writes(guard(notebook, app.config.html_baseurl, launched)) + "\n"
    else:
        text = source.read_text(encoding="utf-8")
    target.write_text(text, encoding="utf-8")
    # The same for a page from disk: see save.js.
    script = f"save({json.dumps(name)}, {json.dumps(text)})"
    target.with_name(f"{name}.js").write_text(script, encoding="utf-8")
    groups = {group.get("label"): group for group in context["header_buttons"]}
    for button in groups["download-buttons"]["buttons"]:
        if button["label"] == "download-source-button":
            button["url"] = context["pathto"](f"downloads/{name}", resource=True)
    if launch := groups.get("launch-buttons"):
        for button in launch["buttons"]:
            button["url"] = button["url"].replace(pagename, launched)
        if source.suffix != ".ipynb":  # which Jupyter alone can't run
            context["header_buttons"].remove(launch)


def guard(notebook: NotebookNode, site: str, name: str) -> NotebookNode:
    """Put a cell before the first that runs, for a copy that finds no book around it.

    Where the book has an address the cell fetches it. Else it says in a sentence what is missing.

    Parameters
    ----------
    notebook
        A notebook of the book. It is changed.
    site
        The address of the website, or nothing.
    name
        Where the notebook stands in the book.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    files = {file for cell in code for file in re.findall(r'"(\.\./[\w./]+)"', cell.source)}
    place = site + ARCHIVE if site else "the first page of its website"
    sentence = (
        f"This notebook needs the rest of its book: download the book from {place}, unpack it, set "
        "it up as teaching/setup.md in it says, and open this notebook's chapter from there."
    )
    opened = "".join(f"    open({file!r}).close()\n" for file in sorted(files))
    book, home = PurePosixPath(ARCHIVE).stem, PurePosixPath(name).parent
    source = (GUARD + (FETCH if site else SAY)).format(
        opened=opened,
        archive=place,
        package=f"./{book}" + ("[chapters]" if home.name == "notebooks" else ""),
        folder=f"{book}/{home}",
        sentence=sentence,
    )
    cell = nbformat.v4.new_code_cell(
        source, id="alone", metadata={"jupyter": {"source_hidden": True}}
    )
    notebook.cells.insert(notebook.cells.index(code[0]), cell)
    return notebook


def book_files(book: Path) -> list[PurePosixPath]:
    """The files that make the book: those that git knows, or without git, all but the ignored."""
    # A book that was unpacked within somebody else's repository isn't part of that.
    if book.joinpath(".git").exists() and shutil.which("git"):
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=book, capture_output=True)
        if listed.returncode == 0:
            names = listed.stdout.decode().split("\0")
            return sorted(PurePosixPath(name) for name in names if book.joinpath(name).is_file())
    patterns = [".git", *book.joinpath(".gitignore").read_text(encoding="utf-8").split()]
    found = []
    for folder, folders, names in book.walk():
        for inner in [*folders, *names]:
            if any(fnmatch(inner, pattern.rstrip("/")) for pattern in patterns):
                (folders if inner in folders else names).remove(inner)
        found += [PurePosixPath(folder.relative_to(book), name) for name in names]
    return sorted(found)


def write_archive(book: Path, target: Path, wanted: tuple[str, ...] = ("",)) -> None:
    """Pack the book, or what of it begins so.

    The same files give the same archive, whenever and wherever it is made.
    """
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name in book_files(book):
            if not str(name).startswith(wanted):
                continue
            entry = ZipInfo(f"{target.stem}/{name}", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = ZIP_DEFLATED
            entry.create_system = 3  # Unix, whose permissions follow
            data = book.joinpath(name).read_bytes()
            entry.external_attr = (0o755 if data.startswith(b"#!") else 0o644) << 16
            archive.writestr(entry, data)


def pack(app: Sphinx, exception: Exception | None) -> None:
    """Put the whole book on its site, and what students need of it."""
    if exception is None and app.builder.format == "html":
        write_archive(Path(app.srcdir), Path(app.outdir, ARCHIVE))
        write_archive(Path(app.srcdir), Path(app.outdir, STUDENTS), FOR_STUDENTS)


def show_slides(app: Sphinx, exception: Exception | None) -> None:
    """Build the slides into the site, which pages can link to."""
    slides = Path(app.srcdir, "teaching", "slides")
    if exception is None and app.builder.format == "html" and slides.exists():
        command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "revealjs"]
        subprocess.run([*command, slides, Path(app.outdir, "slides")], check=True)
