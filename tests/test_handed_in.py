"""What a teacher runs: who solved what, the quiz for Moodle, and the homework's answers."""

import csv
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from reader import BOOK

import homework
import quiz
from checks.answers import ANSWERS
from checks.grading import Choice
from helpers import (
    exact_posterior,
    maximum_likelihood,
    partially_pooled_mean,
    simulate_city,
    summarise_schools,
)


def test_the_table_tells_who_solved_what(tmp_path) -> None:
    """One who solved all, one who solved none, one who failed once, and a broken file."""
    name = "01_data_generation.ipynb"
    shutil.copy(BOOK / "teaching" / "exercises" / name, tmp_path / "all.ipynb")
    shutil.copy(BOOK / "teaching" / "students" / name, tmp_path / "none.ipynb")
    text = (tmp_path / "all.ipynb").read_text(encoding="utf-8")
    assert text.count("10 / np.sqrt(4)") == 1
    wrong = text.replace("10 / np.sqrt(4)", "10 / 4")
    (tmp_path / "slip.ipynb").write_text(wrong, encoding="utf-8")
    (tmp_path / "broken.ipynb").write_text("{", encoding="utf-8")
    command = [sys.executable, BOOK / "tools" / "collect.py", tmp_path]
    said = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    rows = {row["notebook"]: row for row in csv.DictReader(said.splitlines())}
    solved = {name: [row[n] for n in ("1.1", "1.2", "1.3")] for name, row in rows.items()}
    assert solved["all.ipynb"] == ["1", "1", "1"]
    assert solved["none.ipynb"] == ["0", "0", "0"]
    assert solved["slip.ipynb"] == ["0", "1", "1"]
    assert solved["broken.ipynb"] == ["", "", ""] and rows["broken.ipynb"]["problem"]
    assert {name: row["solved"] for name, row in rows.items()} == {
        "all.ipynb": "3",
        "none.ipynb": "0",
        "slip.ipynb": "2",
        "broken.ipynb": "",
    }
    assert not any(row["2.1"] for row in rows.values())


def read_gift(text: str) -> dict[str, list[tuple[str, str, str]]]:
    """A small reader of the format: titles, and of each option its mark, text and feedback."""
    questions = {}
    for block in text.split("\n\n"):
        title, _, body = block.removeprefix("::").partition("::[html]")
        inside = re.search(r"(?<!\\)\{(.*)(?<!\\)\}", body, flags=re.S)[1]
        found = []
        for part in re.split(r"\n\s+(?=[=~])", inside):
            if part.strip():
                option, _, feedback = re.sub(r"\\#", "\0", part.strip()).partition("#")
                assert not re.search(r"(?<!\\)[~=#{}:]", option[1:] + feedback)
                found.append((option[0], option[1:], feedback))
        questions[title] = found
    return questions


def test_the_quiz_has_every_choice_with_one_right_option() -> None:
    found = read_gift("\n\n".join(quiz.questions()))
    choices = {number: a for number, a in ANSWERS.items() if isinstance(a, Choice)}
    assert sorted(title.split(". ")[0] for title in found) == sorted(choices)
    for title, listed in found.items():
        answer = choices[title.split(". ")[0]]
        assert "".join(mark for mark, *_ in listed).find("=") == "abcd".index(answer.right)
        assert [mark for mark, *_ in listed].count("=") == 1
        for (_, text, feedback), said in zip(listed, answer.said.values(), strict=True):
            assert text and "$" not in text
            assert feedback == quiz.gift(said)


@pytest.mark.parametrize("seed", [42, 7, 1234])
def test_the_homeworks_answers_are_those_of_the_sheet(seed: int) -> None:
    """Computed as a student would, from the sheet."""
    given = homework.answers(seed)
    city = simulate_city(seed=seed)
    schools, truth = summarise_schools(city.scores), city.true_school_means.to_numpy()
    first = schools["mean"].idxmax()
    assert given["1 school"] == first and given["1 pupils"] == schools.n[first]
    assert given["2 standard error"] == pytest.approx(10 / schools.n[first] ** 0.5)
    pooled = partially_pooled_mean(schools.n, schools["mean"], 63, 10, 2)
    at = list(schools.index).index(first)
    assert given["3 estimate"] == pytest.approx(np.asarray(pooled)[at])
    errors = {
        "raw": schools["mean"].to_numpy() - truth,
        "complete": city.scores["score"].mean() - truth,
        "partial": np.asarray(pooled) - truth,
    }
    assert given["4 further away"] == np.sum(abs(errors["partial"]) > abs(errors["raw"]))
    for name, error in errors.items():
        assert given[f"5 {name}"] == pytest.approx(np.sqrt((error**2).mean()))
    mean = exact_posterior(schools).summary()["mean"]
    assert given["6 sigma_alpha"] == pytest.approx(mean["global_sigma"])
    ratio = mean["sigma_y"] / mean["global_sigma"]
    assert given["6 half weight"] == pytest.approx(ratio**2)
    # The posterior mean is near what another method finds.
    other = maximum_likelihood(schools)
    assert abs(mean["sigma_y"] - other["sigma_y"]) < 0.2
