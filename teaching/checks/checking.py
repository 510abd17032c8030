"""`check`, which the exercises call, and what it remembers of a session."""

import re
import textwrap
from collections import Counter
from traceback import extract_tb

from IPython import get_ipython

from checks.answers import answers
from checks.grading import DOTS, NotYetError

solved: dict[str, bool] = {}  # each exercise that was checked, and whether its last answer is right
_wrong = Counter()


def check(exercise: str, answer: object, seed: int = 42) -> None:
    """Print why an answer is right, or say what is wrong with it.

    Parameters
    ----------
    exercise : str
        Its number, as ``"1.2"`` or ``"D.1"``.
    answer : object
        What the exercise asks for: a number, a function, or a letter.
    seed : int
        The city that the exercise is about, where it is about one.

    Raises
    ------
    NotYetError
        If the answer is not right. The message says what to look at.
    """
    if not isinstance(exercise, str):
        raise NotYetError(f'The number of an exercise goes in quotes: "{exercise}".')
    known, exercise = answers(seed), exercise.strip().upper()
    if exercise not in known:
        raise ValueError(f"no exercise {exercise!r}; there are {', '.join(known)}")
    solved[exercise] = False
    if answer is ... or (isinstance(answer, str) and answer == "..."):
        raise NotYetError(DOTS)
    try:
        said = known[exercise].check(answer, _wrong[exercise])
    except NotYetError:
        _wrong[exercise] += 1
        raise
    solved[exercise] = True
    for line in f"Right. {said}".splitlines():
        print(textwrap.fill(line, 76, break_on_hyphens=False))


def _explain_bare_letters(shell, kind, fault, traceback, tb_offset=None) -> None:
    """A letter without quotes is a name to Python, which it does not know."""
    line = extract_tb(traceback)[-1].line or ""
    if re.fullmatch(r"(\w+ *=|check\(\S+,) *[a-dA-D] *\)? *(#.*)?", line):
        said = f'Not yet. A letter goes in quotes: "{fault.name}".'
        fault._render_traceback_ = lambda: [said]
    shell.showtraceback((kind, fault, traceback), tb_offset=tb_offset)


if shell := get_ipython():
    shell.set_custom_exc((NameError,), _explain_bare_letters)
