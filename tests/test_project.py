"""What the files around the book promise each other: locks, encodings, word lists."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[1]
MAKEFILE = (BOOK / "Makefile").read_text(encoding="utf-8")


def versions(name: str) -> dict[str, str]:
    text = (BOOK / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][\w.-]*)==([^\s;]+)", text, flags=re.MULTILINE))


def test_the_two_forms_of_the_lock_agree_and_one_has_hashes():
    locked = versions("requirements.lock")
    assert locked == versions("requirements.txt") != {}
    text = (BOOK / "requirements.lock").read_text(encoding="utf-8")
    for block in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block, block
    assert versions("bench/requirements.lock").items() >= locked.items()


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
    rooms = ["_ext", "bench", "helpers", "teaching", "tests", "tools"]
    files = [path for room in rooms for path in (BOOK / room).rglob("*.py")]
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
