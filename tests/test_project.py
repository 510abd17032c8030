"""What the files around the book promise each other: locks, encodings, word lists."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[1]
ROOMS = ["_ext", "bench", "helpers", "teaching", "tests", "tools"]
MAKEFILE = (BOOK / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("requirements.txt", []),
        ("requirements-exercises.txt", ["--no-dev", "--group", "exercises"]),
    ],
)
def test_the_locked_lists_are_those_of_the_short_ones(name, groups, tmp_path):
    """`uv export` refuses a lock that no longer fits pyproject.toml."""
    uv = shutil.which("uv") or BOOK / ".tools" / "bin" / "uv"
    command = [uv, "export", "--quiet", "--locked", "--no-hashes", *groups, "--output-file"]
    subprocess.run([*command, tmp_path / name], cwd=BOOK, check=True)
    made, kept = (
        (folder / name).read_text(encoding="utf-8").splitlines()[2:] for folder in (tmp_path, BOOK)
    )
    assert made == kept, "renew it with `make lock`"


def imported(paths: Iterable[Path]) -> set[str]:
    """The packages outside Python and the book that files import."""
    found = set()
    for path in paths:
        code = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(code)["cells"]
            code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                found |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.partition(".")[0])
    ours = {path.stem for room in ROOMS for path in (BOOK / room).glob("*")} | {"checks", "helpers"}
    return found - sys.stdlib_module_names - ours


@pytest.mark.parametrize(
    ("patterns", "groups"),
    [
        (
            ["helpers/**/*.py", "notebooks/*.ipynb", "teaching/**/*.ipynb", "teaching/checks/*.py"],
            [],
        ),
        (["_ext/*.py", "tools/*.py", "tests/*.py", "teaching/slides/*.py"], ["dev"]),
        (["_ext/*.py"], ["next"]),
        (["bench/*.py"], ["bench"]),
    ],
)
def test_what_is_imported_is_asked_for(patterns, groups):
    project = tomllib.loads((BOOK / "pyproject.toml").read_text(encoding="utf-8"))
    asked, groups = [*project["project"]["dependencies"]], [*groups]
    asked += project["project"]["optional-dependencies"]["chapters"]
    for group in groups:  # it grows
        for one in project["dependency-groups"][group]:
            (asked if isinstance(one, str) else groups).append(
                one if isinstance(one, str) else one["include-group"]
            )
    names = {re.match(r"[\w-]+", one)[0].lower() for one in asked}
    packages = packages_distributions()
    for module in imported(path for pattern in patterns for path in BOOK.glob(pattern)):
        made_by = {name.lower().replace("_", "-") for name in packages.get(module, [module])}
        assert made_by & names, f"{module} is imported and not asked for"


def without_encoding(code: str) -> list[str]:
    """The calls that leave it to the system how text becomes bytes."""
    found = []
    for call in (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)):
        keywords = {word.arg for word in call.keywords}
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        as_text = "text" in keywords and name in ("run", "Popen", "check_output")
        as_text |= name in ("read_text", "write_text") or ast.unparse(call.func) == "open"
        if as_text and "encoding" not in keywords:
            found.append(ast.unparse(call))
    return found


def test_no_text_is_read_or_written_in_the_encoding_of_the_system():
    files = [path for room in ROOMS for path in (BOOK / room).rglob("*.py")]
    assert len(files) > 30
    for path in files:
        assert without_encoding(path.read_text(encoding="utf-8")) == [], path


@pytest.mark.parametrize(
    ("code", "faults"),
    [
        ("path.read_text()", 1),
        ("path.write_text('x')", 1),
        ("open(path)", 1),
        ("run(['ls'], text=True)", 1),
        ("path.read_text(encoding='utf-8')", 0),
        ("os.open(path)", 0),
    ],
)
def test_a_missing_encoding_is_found(code, faults):
    assert len(without_encoding(code)) == faults


def test_misspelt_and_american_words_are_refused(tmp_path):
    # In two parts, or this file would be refused too.
    (tmp_path / "page.md").write_text("We rec" + "ieve a summ" + "arized table.", encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-m", "codespell_lib", tmp_path / "page.md"],
        cwd=BOOK,
        capture_output=True,
        encoding="utf-8",
    )
    assert found.returncode != 0
    assert "receive" in found.stdout and "summarised" in found.stdout


def test_every_room_that_contributing_names_is_there():
    text = (BOOK / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in re.findall(r"`([\w./-]+\.(?:md|py|toml|css|yml|bib)|[\w/]+/)`", text):
        assert (BOOK / name).exists(), name
    for target in re.findall(r"`make ([a-z]+)", text):
        assert re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE), target
