"""Exercises on the website: every answer hears, word for word, what the notebook's check says."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from reader import BOOK, SITE, audit

from checks.answers import ANSWERS
from checks.grading import Answer, Choice, NotYetError, Number
from exercises import TITLE, cases, told

ASKED = {}  # the exercises of each page
for path in sorted((BOOK / "teaching" / "exercises").glob("*.ipynb")):
    ASKED[path.stem] = re.findall(rf"## {TITLE.pattern}", path.read_text(encoding="utf-8"))


def verdict(answer: Answer, given: object, tries: int) -> str:
    try:
        return f"Right. {answer.check(given, tries)}"
    except NotYetError as words:
        return f"Not yet. {words}"


def tries(answer: Answer) -> list[tuple[list[str], object]]:
    """What is typed, and the same for the notebook's check."""
    if isinstance(answer, Choice):
        return [([letter], letter) for letter in answer.said]
    if isinstance(answer, Number):
        right, most = answer.right(), answer.tolerance
        numbers = [right, right + 0.9 * most, right - 0.9 * most, right + 50 * most]
        numbers += [-1e7, 1e-9, 1e7]
        slips = [slip() for slip, _ in answer.slips]
        numbers += [x + part * answer.reach(x) for x in slips for part in (0, 0.4, -0.9)]
        return [([repr(float(x))], float(x)) for x in numbers]
    some = [case for _, case in cases(answer)]

    def off(*case: object) -> object:
        return answer.right(*case) + 1

    functions = [answer.right, *(slip for slip, _ in answer.slips), off]
    return [([repr(float(f(*c))) for c in some], f) for f in functions]


def answer_to(page: Page, number: str, given: list[str]) -> str:
    form = page.locator(f'form[data-exercise="{number}"]')
    if form.locator("fieldset").count():
        form.locator(f'input[value="{given[0]}"]').check()
    else:
        for field, text in zip(form.locator("input").all(), given, strict=True):
            field.fill(text)
    form.get_by_role("button", name="Check").click()
    return " ".join(form.get_by_role("status").locator("p").all_inner_texts())


@pytest.mark.parametrize("name", ASKED)
def test_the_page_says_what_the_check_says(name, visit) -> None:
    page, problems = visit(f"teaching/exercises/{name}")
    assert page.locator("form.answer").count() == len(ASKED[name]) >= 3
    for number in ASKED[name]:
        wrong = 0
        for typed, given in tries(ANSWERS[number]):
            words = verdict(ANSWERS[number], given, wrong).replace("\n", " ")
            assert answer_to(page, number, typed) == words, (number, typed)
            wrong += words.startswith("Not yet")
    assert not problems


def test_every_exercise_is_asked_on_a_page_and_in_its_chapter() -> None:
    assert sorted(number for numbers in ASKED.values() for number in numbers) == sorted(ANSWERS)
    for name, numbers in ASKED.items():
        chapter = f"{name if name == 'derivation' else f'notebooks/{name}'}.html"
        for page in (f"teaching/exercises/{name}.html", chapter):
            text = (SITE / page).read_text(encoding="utf-8")
            assert re.findall(r'data-exercise="(.*?)"', text) == numbers, page
            assert text.count("answer.js") == 1
    others = [page for page in SITE.glob("*.html") if page.stem not in ASKED]
    assert not any("answer.js" in page.read_text(encoding="utf-8") for page in others)


@pytest.mark.parametrize("number", [n for n, a in ANSWERS.items() if not isinstance(a, Choice)])
def test_the_numbers_that_a_page_asks_for_tell_right_from_wrong(number) -> None:
    said = told(ANSWERS[number])
    for slip, reason, _ in said["slips"]:
        apart = np.abs(np.array(slip) - said["right"]).max()
        assert apart > 2 * said["tolerance"], reason


def test_a_verdict_is_on_what_was_checked(visit) -> None:
    page, _ = visit("teaching/exercises/01_data_generation")
    form = page.locator('form[data-exercise="1.3"]')
    form.locator("[value=b]").check()
    form.get_by_role("button", name="Check").click()
    expect(form.locator("strong").last).to_have_text("Right.")
    form.locator("[value=c]").check()
    expect(form.get_by_role("status")).to_be_empty()
    page.get_by_role("button", name="Forget all my answers").click()
    assert not form.locator("[value=c]").is_checked()


def test_what_is_no_answer_is_said_and_a_comma_is_a_point(visit) -> None:
    page, _ = visit("teaching/exercises/07_trusting_the_sampler")
    assert answer_to(page, "7.1", [" 0,1 "]).startswith("Right. ")
    assert answer_to(page, "7.1", [""]) == "Not yet. Type a number first."
    for nonsense in ("ten", "1.2.3", "1e999", "nan"):
        words = f"Not yet. The answer has to be one number, not '{nonsense}'."
        assert answer_to(page, "7.1", [nonsense]) == words
    page.locator('form[data-exercise="7.3"]').get_by_role("button", name="Check").click()
    status = page.locator('form[data-exercise="7.3"]').get_by_role("status")
    expect(status).to_have_text("Not yet. Choose one.")


def test_hints_come_one_at_a_time(visit) -> None:
    page, _ = visit("teaching/exercises/05_does_pooling_help")
    form = page.locator('form[data-exercise="5.3"]')
    said = ANSWERS["5.3"].said
    for shown, last in enumerate(("Not b", "Not c", "Not d", "The solution is below."), 1):
        form.get_by_role("button", name="Hint").click()
        lines = form.get_by_role("status").locator("p").all_inner_texts()
        assert len(lines) == shown and lines[-1].startswith(last)
    assert lines[0] == f"Not b: {said['b']}"


def test_answers_stay_in_this_browser_until_they_are_forgotten(visit) -> None:
    page, problems = visit("teaching/exercises/01_data_generation")
    words = answer_to(page, "1.1", ["2.5"])
    answer_to(page, "1.3", ["b"])
    kept = json.loads(page.evaluate("JSON.stringify({ ...localStorage })"))
    assert len([key for key in kept if "exercise" in key]) == 2
    page.goto(f"{SITE.as_uri()}/notebooks/01_data_generation.html")
    page.locator("details.exercise > summary").first.click()
    form = page.locator('form[data-exercise="1.1"]')
    expect(form.locator("input")).to_have_value("2.5")
    expect(form.get_by_role("status")).to_have_text(words)
    assert page.locator('form[data-exercise="1.3"] input[value="b"]').is_checked()
    assert not audit(page)
    page.get_by_role("button", name="Forget all my answers").click()
    expect(form.locator("input")).to_have_value("")
    expect(form.get_by_role("status")).to_be_empty()
    page.reload()
    expect(form.locator("input")).to_have_value("")
    assert not page.locator('form[data-exercise="1.3"] input[value="b"]').is_checked()
    assert not problems
