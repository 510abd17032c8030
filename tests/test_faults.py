"""What can go wrong on a reader's machine, tried on a book of two pages."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import build
import jupyter_cache
import nbformat
import pytest

BOOK = Path(__file__).parents[1]


def needs_make() -> None:
    if os.name == "nt":
        pytest.skip("Windows has neither make nor a POSIX shell")


def page(seconds: float) -> nbformat.NotebookNode:
    """A notebook that takes its time, and leaves a line in a file each time it is executed."""
    code = f"""
import time
from pathlib import Path
time.sleep({seconds})
name = "quick" if {seconds} < 1 else "slow"
with open(name + ".log", "a") as log:
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
    for folder in ("_ext", "notebooks"):
        (home / folder).mkdir(parents=True)
    shutil.copy(BOOK / "_ext" / "build.py", home / "_ext")
    config = "title: Small\nexecute: {execute_notebooks: cache}\n"
    toc = "format: jb-book\nroot: notebooks/quick\nchapters: [{file: notebooks/slow}]\n"
    (home / "_config.yml").write_text(config, encoding="utf-8")
    (home / "_toc.yml").write_text(toc, encoding="utf-8")
    nbformat.write(page(0.1), home / "notebooks" / "quick.ipynb")
    nbformat.write(page(3), home / "notebooks" / "slow.ipynb")
    return home


def start(book: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, book / "_ext" / "build.py"],
        # No locale, and hardly any other variable.
        env={"PATH": os.environ["PATH"], "HOME": str(book.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )


def finish(process: subprocess.Popen) -> str:
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0, printed
    return printed


def executed(book: Path, name: str) -> int:
    log = book / "notebooks" / f"{name}.log"
    return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0


def test_no_locale_and_a_path_beyond_ascii(book):
    finish(start(book))
    assert "é" in (book / "_build/html/notebooks/slow.html").read_text(encoding="utf-8")


def test_two_builds_at_once_take_turns(book):
    one, other = start(book), start(book)
    printed = finish(one) + finish(other)
    assert printed.count("waits for it") == 1
    assert (executed(book, "quick"), executed(book, "slow")) == (1, 1)


def test_after_an_interruption_the_build_goes_on(book):
    process = start(book)
    while not executed(book, "quick") and process.poll() is None:
        time.sleep(0.05)
    time.sleep(1)  # its result is stored; the slow page is on its way
    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "goes on from here" in printed
    assert executed(book, "slow") == 0
    finish(start(book))
    assert (executed(book, "quick"), executed(book, "slow")) == (1, 1)


@pytest.mark.parametrize("damaged", ["global.db", "*.ipynb"])
def test_a_damaged_cache_is_made_anew(damaged, tmp_path, monkeypatch, capsys):
    path = tmp_path / "page.ipynb"
    nbformat.write(page(0), path)
    for name, value in {"ROOT": tmp_path, "CACHE": tmp_path / "cache"}.items():
        monkeypatch.setattr(build, name, value)
    build.forget_what_is_stale()
    cache = jupyter_cache.get_cache(build.CACHE)
    cache.cache_notebook_file(path, check_validity=False)
    cache.db.dispose()
    build.forget_what_is_stale()
    assert jupyter_cache.get_cache(build.CACHE).list_cache_records()  # nothing to complain of
    for stored in build.CACHE.rglob(damaged):
        stored.write_bytes(b"{ not what it was" * 100)
    build.forget_what_is_stale()
    assert "can't be read" in capsys.readouterr().out
    assert not jupyter_cache.get_cache(build.CACHE).list_cache_records()


def test_other_versions_and_other_helpers_mean_other_results(tmp_path, monkeypatch, capsys):
    for name, value in {"ROOT": tmp_path, "CACHE": tmp_path / "cache"}.items():
        monkeypatch.setattr(build, name, value)
    build.forget_what_is_stale()
    build.forget_what_is_stale()
    assert "changed" not in capsys.readouterr().out
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "new.py").touch()
    build.forget_what_is_stale()
    assert "changed" in capsys.readouterr().out
    monkeypatch.setattr(build, "distributions", list)
    build.forget_what_is_stale()
    assert "changed" in capsys.readouterr().out


def test_a_full_disk_is_said(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(build.shutil, "disk_usage", lambda _: usage(2**40, 2**40, 7 * 2**20))
    with pytest.raises(SystemExit, match=r"No space left: .* has 7 MiB free"):
        build.ask_for_room()


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


FAKE_UV = """#!/bin/sh
echo "$1 $2" >> calls.log
case "$1" in
    venv) [ -e no-python ] && exit 2; sleep 1; for folder; do :; done; mkdir -p "$folder" ;;
esac
"""


@pytest.fixture
def empty(tmp_path):
    """A folder to set up, with a stand-in for uv that only notes what it is asked."""
    needs_make()
    folder = tmp_path / "a clone"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "uv").write_text(FAKE_UV, encoding="utf-8")
    (folder / "bin" / "uv").chmod(0o755)
    for name in ("requirements.lock", "pyproject.toml"):
        (folder / name).touch()
    return folder


def set_up(folder):
    return subprocess.Popen(
        ["sh", BOOK / "_ext" / "setup.sh", ".venv", ">=3.12", "requirements.lock"],
        cwd=folder,
        env={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def test_two_set_ups_at_once_take_turns(empty):
    both = [set_up(empty), set_up(empty)]
    printed = "".join(process.communicate(timeout=30)[1] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert "waiting for it" in printed
    calls = (empty / "calls.log").read_text(encoding="utf-8").split("\n")
    assert sum(call.startswith("venv") for call in calls) == 1
    assert not (empty / ".venv.lock").exists()


def test_a_set_up_without_python_says_what_is_missing(empty):
    (empty / "no-python").touch()
    process = set_up(empty)
    assert "needs Python 3.12 or later" in process.communicate(timeout=30)[1]
    assert process.returncode == 1
    assert not (empty / ".venv.lock").exists()
