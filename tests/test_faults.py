"""What can go wrong on a reader's machine, tried on a book of two pages."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

import execute

BOOK = Path(__file__).parents[1]
PATIENCE = 1200  # seconds; whoever waits for so long waits in vain, however busy the machine


def needs_make() -> None:
    if os.name == "nt":
        pytest.skip("Windows has neither make nor a POSIX shell")


def wait_until(happened: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def page(name: str) -> nbformat.NotebookNode:
    """A notebook that notes in a file that it was executed. The slow one waits for a sign."""
    code = f"""
import os
import time
from pathlib import Path
builder = os.getppid()
while {name == "slow"} and not Path("go").exists():
    time.sleep(0.05)
    if os.getppid() != builder:  # it was killed
        os._exit(1)
with open("{name}.log", "a") as log:
    log.write("executed\\n")
print("é")
"""
    cells = [nbformat.v4.new_markdown_cell("# A page"), nbformat.v4.new_code_cell(code)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A small book, in a folder with a space and letters beyond ASCII, with our build."""
    needs_make()
    home = tmp_path / "Ein Büchlein über Schüler"
    for folder in ("tools", "notebooks"):
        (home / folder).mkdir(parents=True)
    for name in ("build", "execute"):
        shutil.copy(BOOK / "tools" / f"{name}.py", home / "tools")
    config = "title: Small\nexecute: {execute_notebooks: 'off'}\n"
    toc = "format: jb-book\nroot: notebooks/quick\nchapters: [{file: notebooks/slow}]\n"
    (home / "_config.yml").write_text(config, encoding="utf-8")
    (home / "_toc.yml").write_text(toc, encoding="utf-8")
    for name in ("quick", "slow"):
        nbformat.write(page(name), home / "notebooks" / f"{name}.ipynb")
    return home


def start(book: Path, log: str = "build.log") -> subprocess.Popen:
    with open(book / log, "w", encoding="utf-8") as out:
        return subprocess.Popen(
            [sys.executable, book / "tools" / "build.py", "--execute"],
            # No locale, and hardly any other variable.
            env={"PATH": os.environ["PATH"], "HOME": str(book.parent)},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def go_on(book: Path) -> None:
    """Let the slow page come to its end."""
    (book / "notebooks" / "go").touch()


def printed(book: Path, log: str = "build.log") -> str:
    return (book / log).read_text(encoding="utf-8")


def finish(process: subprocess.Popen, book: Path) -> None:
    process.wait(PATIENCE)
    assert process.returncode == 0, printed(book)


def executed(book: Path, name: str) -> int:
    log = book / "notebooks" / f"{name}.log"
    return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0


def test_no_locale_and_a_path_beyond_ascii(book):
    go_on(book)
    finish(start(book), book)
    assert "é" in (book / "_build/html/notebooks/slow.html").read_text(encoding="utf-8")


def test_two_builds_at_once_take_turns(book):
    logs = ["one.log", "other.log"]
    both = [start(book, log) for log in logs]
    wait_until(lambda: any("waits for it" in printed(book, log) for log in logs))
    go_on(book)
    for process in both:
        finish(process, book)
    assert "".join(printed(book, log) for log in logs).count("waits for it") == 1
    assert (executed(book, "quick"), executed(book, "slow")) == (1, 1)


def test_after_an_interruption_the_build_goes_on(book):
    process = start(book)
    stored = book / "notebooks" / "quick.ipynb"
    wait_until(lambda: "made_from" in stored.read_text(encoding="utf-8") or process.poll())
    os.killpg(process.pid, signal.SIGINT)
    process.wait(PATIENCE)
    assert process.returncode != 0
    assert "goes on from here" in printed(book)
    assert (executed(book, "quick"), executed(book, "slow")) == (1, 0)
    go_on(book)
    finish(start(book), book)
    assert (executed(book, "quick"), executed(book, "slow")) == (1, 1)


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        ("notebooks/a.ipynb: text", []),
        ("notebooks/a.ipynb: code", ["a"]),
        ("helpers/inner/x.py", ["a", "b"]),
        ("data/x.csv", ["a", "b"]),
        ("teaching/checks/x.py", ["b"]),
        ("elsewhere/x.py", []),
        ("helpers/__pycache__/x.cpython-312.pyc", []),
    ],
)
def test_a_change_makes_stale_what_was_made_from_it(change, stale, tmp_path, monkeypatch):
    monkeypatch.setattr(execute, "ROOT", tmp_path)
    paths = [tmp_path / "notebooks" / "a.ipynb", tmp_path / "teaching" / "exercises" / "b.ipynb"]
    for path in paths:
        path.parent.mkdir(parents=True)
        notebook = page("quick")
        notebook.metadata[execute.KEY] = execute.fingerprint(path, notebook)
        nbformat.write(notebook, path)
    assert execute.changed() == []
    name, _, kind = change.partition(": ")
    if kind:
        notebook = nbformat.read(tmp_path / name, as_version=4)
        notebook.cells[kind == "code"].source += "\n"
        nbformat.write(notebook, tmp_path / name)
    else:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    assert [path.stem for path in execute.changed()] == stale


def run(code: str, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | variables,
        capture_output=True,
        encoding="utf-8",
    )


def test_one_core_draws_what_two_draw():
    code = """
import os, sys
if {alone}:
    os.sched_setaffinity(0, {{0}})
sys.path.insert(0, {tests!r})
from test_models import SMALL
from helpers.models import fit, partially_pooled_model
draws = fit(partially_pooled_model(SMALL), seed=8, draws=50, tune=100)
print(draws.posterior["sigma_y"].to_numpy().tobytes().hex())
"""
    if not hasattr(os, "sched_setaffinity"):  # macOS has no such call, and Linux CI does
        return
    tests = str(Path(__file__).parent)
    alone, together = (run(code.format(alone=alone, tests=tests)) for alone in (True, False))
    assert alone.returncode == 0, alone.stderr
    assert alone.stdout == together.stdout != ""


def make(text: str, **variables: str) -> str:
    needs_make()
    # Without the settings of the make that runs these tests.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "-s", "-f", "Makefile", "-f", "-", "probe"]
    return subprocess.run(
        command,
        cwd=BOOK,
        input=text,
        env=outside | variables,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout.strip()


def test_a_home_that_cannot_be_written_to_gets_a_stand_in(tmp_path):
    probe = "probe:\n\t@echo $$HOME\n"
    assert make(probe, HOME=str(tmp_path)) == str(tmp_path)
    assert make(probe, HOME="/proc/no-home") == str(BOOK / "_build" / "home")


def test_a_locale_without_accents_gets_a_stand_in():
    probe = "probe:\n\t@echo $$LC_ALL\n"
    assert make(probe, LC_ALL="C") == make(probe, LC_ALL="POSIX") == "C.UTF-8"
    assert make(probe, LC_ALL="C.UTF-8") == "C.UTF-8"


def test_make_processor_switches_the_vector_instructions_off():
    code = (
        "from numpy._core._multiarray_umath import __cpu_dispatch__ as all, __cpu_features__ as on"
    )
    probe = f"""
python := {sys.executable}
probe:
	@$(older) $(python) -c '{code}; import math; print([n for n in all if on[n]], math.exp(0.7))'
"""
    assert make(probe).startswith("[] 2.01")
