"""The checks behind the book's exercises: they say what is wrong with an answer, and why."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import signature

import numpy as np

Variant = tuple[Callable, str]


class NotYetError(AssertionError):
    """An answer that is not right yet; its message says what to look at."""


@dataclass(frozen=True)
class Number:
    """A number is asked for.

    Attributes
    ----------
    right : Callable
        Computes the right number.
    why : str
        Said when it is met.
    slips : tuple of (Callable, str)
        Typical wrong numbers, computed, and what leads to each.
    advice : str
        Said to any other wrong number.
    tolerance : float
        How far from right is still right, in the answer's unit.
    """

    right: Callable[[], float]
    why: str
    advice: str
    slips: tuple[Variant, ...] = ()
    tolerance: float = 0.01

    def check(self, answer: object) -> str:
        if isinstance(answer, str) or not np.isscalar(answer) or not np.isreal(answer):
            raise NotYetError(f"The answer has to be one number, not {answer!r}.")
        right = self.right()
        if abs(answer - right) <= self.tolerance:
            return self.why
        for slip, reason in self.slips:
            if abs(answer - slip()) <= self.tolerance:
                raise NotYetError(reason)
        if not np.isfinite(answer):
            raise NotYetError(f"{answer} is not a finite number. {self.advice}")
        size = "small" if answer < right else "large"
        raise NotYetError(f"{answer:g} is too {size}. {self.advice}")


@dataclass(frozen=True)
class Function:
    """A function is asked for.

    Attributes
    ----------
    right : Callable
        What it should compute.
    cases : tuple of tuple
        The arguments that it is tried with.
    why, slips, advice
        As for `Number`; the slips are functions of the same arguments.
    """

    right: Callable
    cases: tuple[tuple, ...]
    why: str
    advice: str
    slips: tuple[Variant, ...] = field(default=())

    def check(self, answer: object) -> str:
        if not callable(answer):
            raise NotYetError(f"The answer has to be a function, not {answer!r}.")
        wanted = list(signature(self.right).parameters)
        results = []
        for case in self.cases:
            given = ", ".join(f"{name}={value}" for name, value in zip(wanted, case, strict=True))
            try:
                result = answer(*case)
                empty = result is None or result is ...
                result = None if empty else np.asarray(result, dtype=float)
            except Exception as fault:
                raise NotYetError(f"With {given} your function stops: {fault}.") from fault
            if empty:
                raise NotYetError("Your function returns nothing yet: it needs a `return`.")
            results.append((given, result, self.right(*case)))
        if all(np.shape(r) == np.shape(t) and np.allclose(r, t) for _, r, t in results):
            return self.why
        for slip, reason in self.slips:
            tried = [(r, slip(*case)) for (_, r, _), case in zip(results, self.cases, strict=True)]
            if all(np.shape(r) == np.shape(t) and np.allclose(r, t) for r, t in tried):
                raise NotYetError(reason)
        for given, result, target in results:
            if np.shape(result) != np.shape(target):
                raise NotYetError(
                    f"With {given} the result has shape {np.shape(result)}, not {np.shape(target)}."
                )
            if not np.allclose(result, target):
                raise NotYetError(
                    f"With {given} it should be {np.round(target, 4)}, and yours gives "
                    f"{np.round(result, 4)}. {self.advice}"
                )
        raise AssertionError("a wrong result has to differ somewhere")


@dataclass(frozen=True)
class Choice:
    """A letter is asked for.

    Attributes
    ----------
    right : str
        The right letter.
    said : dict of str to str
        For each letter, what is said to whoever chooses it.
    """

    right: str
    said: dict[str, str]

    def check(self, answer: object) -> str:
        letter = str(answer).strip(" .()").lower()
        if letter not in self.said:
            raise NotYetError(f"Choose one of {', '.join(self.said)}; {answer!r} is none of them.")
        if letter != self.right:
            raise NotYetError(self.said[letter])
        return self.said[letter]


def check(exercise: str, answer: object) -> None:
    """Print why an answer is right, or say what is wrong with it.

    Parameters
    ----------
    exercise : str
        Its number, as ``"1.2"``.
    answer : object
        What the exercise asks for: a number, a function, or a letter.

    Raises
    ------
    NotYetError
        If the answer is not right. The message says what to look at.
    """
    from helpers.answers import ANSWERS  # needs the classes above

    if exercise not in ANSWERS:
        raise ValueError(f"no exercise {exercise!r}; there are {', '.join(ANSWERS)}")
    if answer is ...:
        raise NotYetError("The dots still stand there: put your answer in their place.")
    print(textwrap.fill(f"Right. {ANSWERS[exercise].check(answer)}", 76))
