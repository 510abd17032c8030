"""What the files around the book promise each other: locks, workflows, word lists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

BOOK = Path(__file__).parents[1]
WORKFLOWS = sorted((BOOK / ".github" / "workflows").glob("*.yml"))
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


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_pin_their_actions_may_do_little_and_call_make(path):
    text = path.read_text(encoding="utf-8")
    used = re.findall(r"uses: (\S+)", text)
    assert used and all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action) for action in used)
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.MULTILINE))
    for job in workflow["jobs"].values():
        lanes = job.get("strategy", {}).get("matrix", {}).get("target", [])
        assert set(lanes) <= targets
        for step in job["steps"]:
            command = step.get("run", "make lint")
            called = re.match(r"make (\$\{\{|[a-z]+)", command)
            assert called or step["if"] == "failure()", command
            assert not called or called[1] == "${{" or called[1] in targets, command


def test_misspelt_and_american_words_are_refused(tmp_path):
    # In two parts, or this file would be refused too.
    (tmp_path / "page.md").write_text("We rec" + "ieve a summ" + "arized table.")
    found = subprocess.run(
        [Path(sys.executable).with_name("codespell"), tmp_path / "page.md"],
        cwd=BOOK,
        capture_output=True,
        text=True,
    )
    assert found.returncode != 0
    assert "receive" in found.stdout and "summarised" in found.stdout


def test_every_room_that_contributing_names_is_there():
    text = (BOOK / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in re.findall(r"`([\w./-]+\.(?:md|py|toml|css|yml|bib)|[\w/]+/)`", text):
        assert (BOOK / name).exists(), name
    for target in re.findall(r"`make ([a-z]+)", text):
        assert re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE), target
