"""`check`, which the exercises call, and what it remembers of a session."""

import textwrap
from collections import Counter

from IPython import get_ipython

from checks.answers import answers
from checks.grading import NotYetError

solved: dict[str, bool] = {}  # each exercise that was checked, and whether its last answer is right
_wrong = Counter()


def check(exercise: str, answer: object, seed: int = 42) -> None:
    """Print why an answer is right, or say what is wrong with it.

    Parameters
    ----------
    exercise : str
        Its number, as ``"1.2"``.
    answer : object
        What the exercise asks for: a number, a function, or a letter.
    seed : int
        The city that the exercise is about, where it is about one.

    Raises
    ------
    NotYetError
        If the answer is not right. The message says what to look at.
    """
    known = answers(seed)
    if exercise not in known:
        raise ValueError(f"no exercise {exercise!r}; there are {', '.join(known)}")
    solved[exercise] = False
    if answer is ... or (isinstance(answer, str) and answer == "..."):
        raise NotYetError("The dots still stand there: put your answer in their place.")
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
    if fault.name in tuple("abcdABCD"):
        said = f'Not yet. A letter goes in quotes: "{fault.name}".'
        fault._render_traceback_ = lambda: [said]
    shell.showtraceback((kind, fault, traceback), tb_offset=tb_offset)


if shell := get_ipython():
    shell.set_custom_exc((NameError,), _explain_bare_letters)
