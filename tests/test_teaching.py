"""The exercises: every solution passes, no stub does, and a wrong answer hears why."""

import json
import math
import operator
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from nbclient import NotebookClient

from checks import check, solved
from checks.answers import ANSWERS, answers
from checks.grading import Choice, Function, NotYetError, Number
from helpers import simulate_city, summarise_schools

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
    for cell in code_cells(path):  # what is folded says what it is
        folded = any(tag.startswith("hide-") for tag in cell.metadata.get("tags", []))
        assert folded == ("code_prompt_show" in cell.metadata.get("mystnb", {})), cell.source
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


def test_the_guides_longer_and_shorter_lessons_and_its_sessions_fill_their_time() -> None:
    for lesson in (1, 2):
        part = GUIDE.split(f"## Lesson {lesson}: ")[1].split("\n## ")[0]
        assert f"Markdown(plan({lesson}))" in part  # the plan itself: the slides' notes
        for length, word in ((45, "leave out"), (90, "add")):
            rows = part.split(f"for {length} minutes, {word}")[1].split("\n\n")[0]
            minutes = [int(m) for m in re.findall(r"\| (\d+) \|$", rows, flags=re.M)]
            assert sum(minutes) == abs(length - 50)
    for session in (3, 4, 5):
        part = GUIDE.split(f"### Session {session}: ")[1].split("\n### ")[0].split("\n## ")[0]
        ends = re.findall(r"^- \*\*Minutes (\d+) to (\d+): ", part, flags=re.M)
        starts, stops = zip(*(map(int, pair) for pair in ends), strict=True)
        assert starts == (0, *stops[:-1]) and stops[-1] == 90


def test_what_the_guide_says_pairs_get_wrong_is_wrong() -> None:
    rows = re.findall(r"^\| (\w\.\d) \| ([\d.]+|[a-d]) \| ", GUIDE, flags=re.M)
    assert len(rows) > 25
    for number, answer in rows:
        with pytest.raises(NotYetError):
            check(number, answer if answer.isalpha() else float(answer))


def test_reading_takes_the_time_that_the_guide_says() -> None:
    pages = [*(BOOK / "notebooks").glob("0[1-4]_*.ipynb"), BOOK / "derivation.md"]
    found = [
        re.search(
            r"Time[:.]\*\* About (\d+)|Time:\*\* about (\d+)", page.read_text(encoding="utf-8")
        )
        for page in pages
    ]
    minutes = sum(int(one[1] or one[2]) for one in found)
    assert f"about {minutes} minutes" in GUIDE


def test_the_cheat_sheets_code_runs_as_it_stands() -> None:
    sheet = (BOOK / "teaching" / "cheat_sheet.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", sheet, flags=re.S)
    assert "helpers" not in code
    room: dict = {}
    exec(code, room)
    assert room["estimate"].shape == room["by_hand"].shape == (8,)
    spread = room["draws"].posterior["sigma_alpha"].mean().item()
    assert abs(room["estimate"] - room["by_hand"]).max() < 2 * spread
    assert np.corrcoef(room["estimate"], room["by_hand"])[0, 1] > 0.9


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
    answer, right = ANSWERS[number], ANSWERS[number].right()
    for slip, _ in answer.slips:
        # Two slips can lead to the same number: then the first is said, and speaks of both.
        same = [reason for other, reason in answer.slips if other() == slip()]
        with pytest.raises(NotYetError, match=re.escape(same[0])):
            check(number, slip())
    near, slips = 3 * answer.tolerance, [slip() for slip, _ in answer.slips]
    others = [right - 2 * near, right - near, right + near, right + 2 * near, -1e9]
    others = [x for x in others if all(abs(x - slip) > answer.reach(slip) for slip in slips)]
    for wrong in others:
        for tries, hint in enumerate([*answer.hints, answer.hints[-1]]):
            words = f"too {'small' if wrong < right else 'large'}. {hint}"
            with pytest.raises(NotYetError, match=re.escape(words)):
                answer.check(wrong, tries)
    refused = ["five", None, [right], (right,), {right}, np.nan, np.inf, True, 1j, right + 1j]
    many = [np.array([right, right]), pd.Series([right] * 50), [right] * 4000, {*range(4000)}]
    for nonsense in [*refused, *many, abs]:
        with pytest.raises(NotYetError) as said:
            check(number, nonsense)
        assert len(str(said.value)) < 250
    with pytest.raises(NotYetError, match="leave out the quotes"):
        check(number, f"{right:.3f}")
    with pytest.raises(NotYetError, match="decimal point is a point"):
        check(number, (5, 0))


@pytest.mark.parametrize("number", of_kind[Number])
@pytest.mark.parametrize(
    "form",
    [
        float,
        np.float64,
        np.float32,
        np.array,  # without a dimension
        lambda x: np.array([x]),
        lambda x: pd.Series([x], index=["school"]),
        xr.DataArray,
        lambda x: xr.DataArray([x], dims="school"),
        lambda x: Decimal(repr(float(x))),
        lambda x: Fraction(float(x)),
        lambda x: round(float(x), 2),
    ],
)
def test_a_right_number_passes_in_every_form(number: str, form: Callable) -> None:
    check(number, form(ANSWERS[number].right()))
    assert solved[number]


def simulated(number: str, seed: int) -> float:
    rng = np.random.default_rng(seed)
    if number == "7.1":
        return rng.normal(0, 2, (2000, 400)).mean(axis=1).std()
    if number == "2.1":
        return rng.normal(176 / 3, 10 / 3**0.5, 10_000).mean()
    if number == "1.1":
        return rng.normal(0, 10, (2000, 4)).mean(axis=1).std()
    if number == "5.2":
        truth = rng.normal(63, 2, 2000)
        return np.sqrt(np.mean(((rng.normal(truth, 2) + 63) / 2 - truth) ** 2))
    return (rng.exponential(10, 10_000) > 15).mean()


@pytest.mark.parametrize("number", ["1.1", "2.1", "5.2", "7.1", "8.1"])
def test_a_simulated_answer_passes_where_the_text_allows_it(number: str) -> None:
    """Beyond three standard errors lies about one seed in 370: one of these 60 may."""
    right, most = ANSWERS[number].right(), ANSWERS[number].tolerance
    assert sum(abs(simulated(number, seed) - right) > most for seed in range(60)) <= 1


@pytest.mark.parametrize("number", of_kind[Function])
def test_a_wrong_function_hears_what_led_to_it(number: str) -> None:
    answer = ANSWERS[number]
    for slip, reason in answer.slips:
        with pytest.raises(NotYetError, match=re.escape(reason)):
            check(number, slip)

    def off(*values: object) -> object:
        return answer.right(*values) + 1

    for tries, hint in enumerate([*answer.hints, answer.hints[-1]]):
        with pytest.raises(NotYetError, match=f"it should be .*{re.escape(hint)}"):
            answer.check(off, tries)
    for returned, words in (
        (None, "returns nothing"),
        (..., "dots still stand"),
        ("5.0", "gives text, not a number"),
        (["5.0"], "gives text, not a number"),
        ({}, "gives a dict, not a number"),
        (abs, "gives a builtin_function_or_method, not a number"),
    ):
        with pytest.raises(NotYetError, match=words):
            check(number, lambda *values, returned=returned: returned)
    with pytest.raises(NotYetError, match="it should give 1 number, and yours gives 3"):
        check(number, lambda *values: [1, 2, 3])
    with pytest.raises(NotYetError, match=r"stops: .* given\.$"):
        check(number, lambda: 1)
    with pytest.raises(NotYetError, match="a function"):
        check(number, 3)


def in_place(right: Callable) -> Callable:
    def spoil(*case: object) -> object:
        result = right(*case)
        for value in case:
            if isinstance(value, np.ndarray):
                value *= 0
        return result

    return spoil


@pytest.mark.parametrize("number", of_kind[Function])
@pytest.mark.parametrize(
    "form",
    [
        in_place,
        lambda f: lambda *case: f(*(operator.imul(value, 1.0) for value in case)),
        lambda f: lambda *case: np.round(f(*case), 2),
        lambda f: lambda *case: np.atleast_1d(f(*case)),
        lambda f: lambda *case: pd.Series(np.atleast_1d(f(*case))),
        lambda f: lambda *case: np.atleast_1d(f(*case)).tolist(),
        lambda f: lambda *case: np.float32(f(*case)),
    ],
)
def test_a_right_function_passes_in_every_form(number: str, form: Callable) -> None:
    for _ in range(2):  # what it did to its arguments must not count the second time
        check(number, form(ANSWERS[number].right))


def test_a_function_for_one_number_is_sent_to_numpy() -> None:
    with pytest.raises(NotYetError, match=r"It got an array: compute with NumPy"):
        check("1.2", lambda n, sigma_y: sigma_y / math.sqrt(n))


def stop(*_: object) -> None:
    raise AssertionError


@pytest.mark.parametrize(
    "number, given, words",
    [
        ("1.1", 25.6, "the variance of the mean"),  # simulated
        ("5.2", 2.08, "raw mean's error"),
        ("5.2", 0.5, r"the weight.* one over the variance"),
        ("7.2", 3.04, "in percent"),
        ("8.1", 22, "in percent"),
        ("8.1", 10**-1.5, "a power of 10"),
        ("8.1", 0.022, "the density"),
        ("10.1", 68, "in percent"),
        ("4.1", 22, "^Either .* Or "),
        ("4.3", 40, "in percent"),
        ("11.1", 0.18, "the raw slope's part"),
        ("12.1", 1760, "it is 63"),
        ("12.1", 1880, "weights are exchanged"),
        ("12.1", 2080, "30 pupils from 60"),
        ("13.1", 0.19, "not κ"),
        ("13.1", 0.14, "the mode"),
        ("1.1", [1.0] * 4000, "not 4000 of them"),
        ("2.2", lambda n, mean: mean, "the prior is missing"),
        ("2.2", lambda n, mean: (mean + 50) / 2, "has to depend on n"),
        ("D.2", lambda n, mean, mu, sigma_y, sigma_alpha: mean, "μ is missing"),
        ("13.2", lambda effect, se, mu, tau: effect, "μ is missing"),
        ("5.1", lambda estimate, truth: np.std(estimate - truth), "np.std takes"),
        ("8.2", lambda o, r: np.mean(r > o - 1), "it should be 0.5"),
        ("8.2", lambda o, r: np.mean(r >= int(o)), "it should be 0.5"),
        ("8.2", lambda o, r: unknown, r"stops: name 'unknown' is not defined\.$"),  # noqa: F821
        ("5.1", lambda estimate: 1, r"stops: .* given\.$"),
        ("5.1", stop, r"stops: AssertionError\.$"),
        ("1.3", "b,", "the letter alone"),
        ("1.3", "option b", "the letter alone"),
        (1.1, 5, r'goes in quotes: "1\.1"'),
        ("d.1", 25, "That is for σ_y = 10"),
    ],
)
def test_a_wrong_answer_that_was_met_hears_why(number: str, given: object, words: str) -> None:
    with pytest.raises(NotYetError, match=words):
        check(number, given)


@pytest.mark.parametrize(
    "number, before", [("1.2", "1.1"), ("2.2", "2.1"), ("10.2", "10.1"), ("11.2", "11.1")]
)
def test_what_a_function_is_tried_with_does_not_tell_another_answer(number, before) -> None:
    case = ANSWERS[number].cases[0]
    assert abs(ANSWERS[number].right(*case) - ANSWERS[before].right()) > 0.02


@pytest.mark.parametrize("number", of_kind[Choice])
def test_each_choice_hears_its_own_reason(number: str, capsys) -> None:
    answer = ANSWERS[number]
    assert len(set(answer.said.values())) == len(answer.said) == 4
    for letter, reason in answer.said.items():
        for written in (letter, letter.upper(), f" {letter}. ", f"{letter}:", f"**{letter}**"):
            if letter == answer.right:
                check(number, written)
            else:
                with pytest.raises(NotYetError, match=re.escape(reason)):
                    check(number, written)
    for nonsense in ("e", "", 1, None, "ab"):
        with pytest.raises(NotYetError, match="Choose one of a, b, c, d, in quotes"):
            check(number, nonsense)


def options(path: Path) -> dict[str, dict[str, str]]:
    """What each choice offers, as it is read."""
    found = {}
    for cell in nbformat.read(path, as_version=4).cells:
        listed = re.findall(r"^- \*\*(\w)\.\*\* (.+)$", cell.source, flags=re.M)
        if listed:
            number = re.match(r"## Exercise (\S+)\. ", cell.source).group(1)
            plain = {k: re.sub(r"\\(\w)\w*|[$\\{}_^]", r"\1", text) for k, text in listed}
            found[number] = plain
    return found


def test_neither_length_nor_a_strong_word_gives_a_choice_away() -> None:
    """The longest option is right no more often than chance, and so is the shortest."""
    found = {number: o for path in SOLVED for number, o in options(path).items()}
    assert sorted(found) == sorted(of_kind[Choice])
    for order in (max, min):
        hits = [order(o, key=lambda k: len(o[k])) == ANSWERS[n].right for n, o in found.items()]
        assert sum(hits) <= len(hits) / 4 + 1, [
            n for n, hit in zip(found, hits, strict=True) if hit
        ]
    for listed in found.values():
        assert not re.search(r"\b(always|never|every single)\b", " ".join(listed.values()))


@pages
def test_no_two_exercises_share_a_variable(path: Path) -> None:
    names = [re.search(r", (\w+)[,)]", c.source).group(1) for c in code_cells(path, "check")]
    assert len(set(names)) == len(names)
    for stub, solution, name in zip(
        code_cells(path, "stub"), code_cells(path, "solution"), names, strict=True
    ):
        assert name in stub.source and name in solution.source


@pytest.mark.parametrize("seed", [1, 7, 2026])
def test_another_seed_asks_of_another_city(seed: int) -> None:
    other = answers(seed)
    for number in ("3.2", "7.2"):
        right = other[number].right()
        assert right != ANSWERS[number].right()
        check(number, right, seed=seed)
    city = simulate_city(seed=seed)
    schools = summarise_schools(city.scores)
    weight = (schools.n / (schools.n + 25)).to_numpy()
    pooled = weight * schools["mean"].to_numpy() + (1 - weight) * 63
    raw, truth = schools["mean"].to_numpy(), city.true_school_means.to_numpy()
    assert other["4.1"].right() == (abs(pooled - truth) > abs(raw - truth)).sum()
    assert other["1.1"].right() == ANSWERS["1.1"].right()


def test_a_message_stands_alone_and_a_letter_without_quotes_hears_so() -> None:
    cells = ["from checks import check", 'check("1.1", 7)', "choice = b", 'check("1.3", "b")', "e"]
    cells += ["double = 2 * a", 'check("1.3", b)']
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    client = NotebookClient(notebook, allow_errors=True, kernel_name="python3", timeout=None)
    client.execute(cwd=str(BOOK))
    _, number, letter, right, *unknown, asked = [cell.outputs for cell in notebook.cells]
    said = " ".join(number[0].traceback)
    assert said == f"Not yet. 7 is too large. {ANSWERS['1.1'].hints[0]}"
    assert letter[0].traceback == ['Not yet. A letter goes in quotes: "b".'] == asked[0].traceback
    assert right[0].text.startswith("Right. ")
    for other in unknown:  # any other name has Python's own words, and so has a formula
        assert len(other[0].traceback) > 1


def test_an_unknown_exercise_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no exercise '9\.9'"):
        check("9.9", 1)
