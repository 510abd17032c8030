"""The check of the day before, in broken environments; and the exercises on their own packages."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import namedtuple
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
import pytest

import ready

BOOK = Path(__file__).parents[1]
PROJECT = tomllib.loads((BOOK / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEAVY = [
    "arviz",
    "dask",
    "duckdb",
    "graphviz",
    "joblib",
    "matplotlib",
    "nutpie",
    "pymc",
    "pytensor",
]
Memory = namedtuple("Memory", "available")


def installed(without: str = "", older: str = ""):
    """A stand-in for what tells the version of a package."""

    def tell(name: str) -> str:
        if name == without:
            raise PackageNotFoundError(name)
        return "0.9" if name == older else version(name)

    return tell


@pytest.mark.parametrize("whole", [False, True], ids=["exercises", "book"])
def test_a_whole_environment_is_ready(whole: bool) -> None:
    command = [sys.executable, BOOK / "tools" / "ready.py", *(["--book"] if whole else [])]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=BOOK.parent)
    assert (done.stdout, done.stderr, done.returncode) == (f"{ready.READY}\n", "", 0)


@pytest.mark.parametrize("minor", [8, 9, 11])
def test_an_old_python_is_told_so(minor: int) -> None:
    said = ready.lacking(False, python=(3, minor, 1))
    assert said == f"Python 3.12 or later is needed; this is 3.{minor}."


def test_the_check_starts_on_an_old_python() -> None:
    tree = ast.parse(Path(ready.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
    first = {n.names[0].name for n in tree.body if isinstance(n, ast.Import)}
    assert first <= {"csv", "re", "sys", "tempfile"}
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Match)]


@pytest.mark.parametrize(
    ("whole", "without", "older", "sentence"),
    [
        (False, "scipy", "", "What is missing: scipy; to mend it: "),
        (False, "jupyterlab", "", "What is missing: jupyterlab; "),
        (False, PROJECT["name"], "", f"What is missing: {PROJECT['name']}; "),
        (True, "nutpie", "", "What is missing: nutpie; "),
        (True, "", "pymc", "pymc 6.4 or later is needed, and this is 0.9; "),
        (False, "pymc", "", None),  # which exercises don't need
    ],
)
def test_a_missing_package_is_named(whole, without, older, sentence, monkeypatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", installed(without, older))
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    said = ready.lacking(whole)
    if sentence is None:
        assert said is None
    else:
        assert said.startswith(sentence)
        assert said.endswith("requirements.txt" if whole else "requirements-exercises.txt")


def test_a_hub_may_keep_jupyterlab_elsewhere(monkeypatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", installed("jupyterlab"))
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    assert ready.lacking(False) is None


@pytest.mark.parametrize("module", ["numpy", "helpers", "checks", "scipy.stats"])
def test_a_package_that_does_not_load_is_named(module: str, tmp_path: Path) -> None:
    block = f"import sys; sys.modules[{module!r}] = None"
    (tmp_path / "sitecustomize.py").write_text(block, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, BOOK / "tools" / "ready.py"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
    )
    (said,) = done.stdout.splitlines()
    assert said.startswith("Something is installed and does not work: ") and module in said
    assert (done.stderr, done.returncode) == ("", 1)


@pytest.mark.parametrize(("whole", "free"), [(False, 100), (True, 600)])
def test_too_little_memory_is_said(whole: bool, free: int, monkeypatch) -> None:
    monkeypatch.setattr(ready, "failing", lambda whole: None)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(free * 2**20))
    assert f" MiB of memory are needed, and {free} MiB are free" in ready.lacking(whole)


def test_a_folder_that_can_not_be_written_to_is_said(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "teaching/setup.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((BOOK / name).read_bytes())
    (tmp_path / "teaching" / "students").touch()  # no folder: nobody can write into it
    said = ready.lacking(False, book=tmp_path)
    assert said.startswith("Your work could not be saved in ")


def test_a_check_that_stands_alone_says_so(tmp_path: Path) -> None:
    assert ready.lacking(False, book=tmp_path).startswith("This file has left its book: ")


@pytest.mark.parametrize(
    "path", sorted(BOOK.glob("teaching/exercises/*.ipynb")), ids=lambda path: path.stem
)
def test_an_exercise_runs_on_the_packages_of_the_exercises(path: Path) -> None:
    """What the chapters need beside them is made to fail."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    block = f"import sys\nfor name in {HEAVY}: sys.modules[name] = None\n"
    program = block + f"room = {{}}\nfor code in {code!r}: exec(code, room)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=path.parent, capture_output=True, encoding="utf-8"
    )
    # The stubs' own checks come after their solutions: nothing stops.
    assert done.returncode == 0, done.stderr[-500:]
    asked = " ".join(PROJECT["dependencies"])
    assert not [name for name in HEAVY if name in asked]


SETUP = (BOOK / "teaching" / "setup.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("system", ["Windows", "macOS", "No network in the room"])
def test_the_weekly_run_tries_the_lines_of_the_page(system: str) -> None:
    weekly = (BOOK / ".github" / "workflows" / "weekly.yml").read_text(encoding="utf-8")
    section = SETUP.split(f"\n## {system}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```(?:bash|powershell)\n(.*?)```", section, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    tried = [line for line in lines if "jupyter lab " not in line and line != "make wheels"]
    assert len(tried) >= 3
    for line in tried:
        assert f"          {line}\n" in weekly, line
