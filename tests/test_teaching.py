"""The exercises: every solution passes, no stub does, and a wrong answer hears why."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from checks.answers import ANSWERS, check
from checks.grading import Choice, Function, NotYetError, Number

BOOK = Path(__file__).parents[1]
SOLVED = sorted((BOOK / "teaching" / "exercises").glob("*.ipynb"))
STUDENTS = BOOK / "teaching" / "students"
GUIDE = (BOOK / "teaching" / "guide.md").read_text(encoding="utf-8")
pages = pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
of_kind = {
    kind: [number for number, answer in ANSWERS.items() if isinstance(answer, kind)]
    for kind in (Number, Function, Choice)
}


def code_cells(path: Path, tag: str = "") -> list:
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    return [cell for cell in cells if not tag or tag in cell.metadata.get("tags", [])]


@pages
def test_no_stub_passes_its_check(path: Path) -> None:
    room: dict = {}
    refused = 0
    for cell in code_cells(STUDENTS / path.name):
        if "check" in cell.metadata.get("tags", []):
            with pytest.raises(NotYetError, match=r"dots still stand|returns nothing yet"):
                exec(cell.source, room)
            refused += 1
        else:
            exec(cell.source, room)
    assert refused == len(code_cells(path, "check")) >= 3


@pages
def test_each_exercise_has_a_time_a_stub_a_solution_and_a_check(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    numbers = re.findall(r"^## Exercise (\S+)\. ", text, flags=re.M)
    minutes = [int(m) for m in re.findall(r"About (\d+) minutes\.\*$", text, flags=re.M)]
    assert f"{len(numbers)} exercises, about {sum(minutes)} minutes" in text
    assert 3 <= len(numbers) == len(minutes) <= 5
    for tag in ("stub", "solution", "check"):
        assert len(code_cells(path, tag)) == len(numbers)
    checked = [re.search(r'check\("(.+?)"', c.source).group(1) for c in code_cells(path, "check")]
    assert checked == numbers
    assert set(numbers) <= set(ANSWERS)


def test_every_answer_belongs_to_an_exercise_that_chapter_and_guide_name() -> None:
    asked = []
    for path in SOLVED:
        asked += [re.search(r'"(.+?)"', c.source).group(1) for c in code_cells(path, "check")]
        chapter = BOOK / "notebooks" / path.name
        if not chapter.exists():
            derivation = (BOOK / f"{path.stem}.md").read_text(encoding="utf-8")
            assert f"](teaching/exercises/{path.name})" in derivation
            continue
        page = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
        minutes = sum(int(m) for m in re.findall(r"About (\d+) minutes\.\*$", page, flags=re.M))
        link = f"to {asked[-1]}](../teaching/exercises/{path.name}), about {minutes} minutes"
        text = chapter.read_text(encoding="utf-8").replace("\xa0", " ")
        assert link in text, f"{chapter.name} has to say: {link}"
    assert sorted(asked) == sorted(ANSWERS)
    assert [number for number in ANSWERS if number not in GUIDE] == []


@pytest.mark.parametrize("lesson", [1, 2])
def test_guide_and_speaker_notes_keep_the_same_time(lesson: int) -> None:
    slides = (BOOK / "teaching" / "slides" / f"lesson_{lesson}.md").read_text(encoding="utf-8")
    plan = GUIDE.split(f"## Lesson {lesson}: ")[1].split("\n## ")[0]
    noted = re.findall(r"^Minutes (\d+) to", slides, flags=re.M)
    assert re.findall(r"^- \*\*Minute (\d+), slide \d", plan, flags=re.M) == noted


def test_students_notebooks_are_made_from_the_solutions(tmp_path: Path) -> None:
    recipe = re.search(
        r"^students:.*\n((?:\t.*\n)+)", (BOOK / "Makefile").read_text(encoding="utf-8"), flags=re.M
    )
    command = recipe.group(1).replace("\\\n", " ").replace("$(python)", shlex.quote(sys.executable))
    command = command.replace("teaching/students", shlex.quote(str(tmp_path)))
    subprocess.run(shlex.split(command), check=True, cwd=BOOK, capture_output=True)
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.ipynb")}
    kept = {path.name: path.read_text(encoding="utf-8") for path in STUDENTS.glob("*.ipynb")}
    assert set(made) == {path.name for path in SOLVED}
    assert made == kept, "out of date: run make students"


@pages
def test_students_notebooks_hold_no_solution_and_no_output(path: Path) -> None:
    student = code_cells(STUDENTS / path.name)
    assert not any(cell.outputs or cell.execution_count for cell in student)
    text = json.dumps([cell.source for cell in student])
    for cell in code_cells(path, "solution"):
        last = cell.source.splitlines()[-1].strip()
        assert json.dumps(last)[1:-1] not in text


def said_of_the_right(number: str, capsys) -> str:
    answer = ANSWERS[number]
    check(number, answer.right() if isinstance(answer, Number) else answer.right)
    said = capsys.readouterr().out
    assert said.startswith("Right. ")
    assert max(map(len, said.splitlines())) <= 76
    return " ".join(said.split())


@pytest.mark.parametrize("number", of_kind[Number])
def test_a_right_number_hears_the_number_and_why(number: str, capsys) -> None:
    answer, said = ANSWERS[number], said_of_the_right(number, capsys)
    told = float(re.match(r"Right\. It is (-?[\d.]+)\. ", said).group(1))
    assert abs(told - answer.right()) <= answer.tolerance
    assert said.endswith(" ".join(answer.why.split()))


@pytest.mark.parametrize("number", of_kind[Function])
def test_a_right_function_hears_a_value_and_why(number: str, capsys) -> None:
    answer, said = ANSWERS[number], said_of_the_right(number, capsys)
    told = float(re.search(r" it gives (-?[\d.]+)\. ", said).group(1))
    assert told == pytest.approx(float(answer.right(*answer.cases[0])), abs=1e-4)
    assert said.endswith(" ".join(answer.why.split()))


@pytest.mark.parametrize("number", of_kind[Choice])
def test_a_right_choice_hears_what_is_wrong_with_each_other(number: str, capsys) -> None:
    answer, said = ANSWERS[number], said_of_the_right(number, capsys)
    for letter, reason in answer.said.items():
        assert (f"Not {letter}: {reason}" in said) == (letter != answer.right)


@pytest.mark.parametrize("number", of_kind[Number])
def test_a_wrong_number_hears_what_led_to_it(number: str) -> None:
    answer = ANSWERS[number]
    for slip, reason in answer.slips:
        with pytest.raises(NotYetError, match=re.escape(reason)):
            check(number, slip())
    right = answer.right()
    for factor in (-3, 0.31, 0.77, 1.37, 2.9):
        with pytest.raises(NotYetError, match="too small" if factor < 1 else "too large"):
            check(number, right * factor)
    for nonsense in ("5", None, [right], np.nan, np.inf):
        with pytest.raises(NotYetError):
            check(number, nonsense)
    check(number, np.float64(right))


@pytest.mark.parametrize("number", of_kind[Function])
def test_a_wrong_function_hears_what_led_to_it(number: str) -> None:
    answer = ANSWERS[number]
    for slip, reason in answer.slips:
        with pytest.raises(NotYetError, match=re.escape(reason)):
            check(number, slip)
    with pytest.raises(NotYetError, match="it should be"):
        check(number, lambda *values: answer.right(*values) + 1)
    with pytest.raises(NotYetError, match="returns nothing"):
        check(number, lambda *values: None)
    with pytest.raises(NotYetError, match="stops"):
        check(number, lambda: 1)
    with pytest.raises(NotYetError, match="a function"):
        check(number, 3)


@pytest.mark.parametrize("number", of_kind[Choice])
def test_each_choice_hears_its_own_reason(number: str, capsys) -> None:
    answer = ANSWERS[number]
    assert len(set(answer.said.values())) == len(answer.said) == 4
    for letter, reason in answer.said.items():
        for written in (letter, letter.upper(), f" {letter}. "):
            if letter == answer.right:
                check(number, written)
            else:
                with pytest.raises(NotYetError, match=re.escape(reason)):
                    check(number, written)
    for nonsense in ("e", "", 1, None, "ab"):
        with pytest.raises(NotYetError, match="Choose one of a, b, c, d"):
            check(number, nonsense)


def test_an_unknown_exercise_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no exercise '9\.9'"):
        check("9.9", 1)
