"""Kinds of answers that an exercise can ask for; each says what is wrong with one, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature

import numpy as np
from numpy.typing import ArrayLike

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
            digits = max(0, int(np.ceil(-np.log10(self.tolerance))))
            return f"It is {np.round(right, digits):g}. {self.why}"
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
    slips: tuple[Variant, ...] = ()

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
            results.append((case, given, result))

        def computed_by(function: Callable) -> bool:
            return all(_same(result, function(*case)) for case, _, result in results)

        if computed_by(self.right):
            case, given, _ = results[0]
            return f"With {given} it gives {np.round(self.right(*case), 4)}. {self.why}"
        for slip, reason in self.slips:
            if computed_by(slip):
                raise NotYetError(reason)
        given, result, target = next(
            (given, result, target)
            for case, given, result in results
            if not _same(result, target := self.right(*case))
        )
        if result.shape != np.shape(target):
            raise NotYetError(
                f"With {given} the result has shape {result.shape}, not {np.shape(target)}."
            )
        raise NotYetError(
            f"With {given} it should be {np.round(target, 4)}, and yours gives "
            f"{np.round(result, 4)}. {self.advice}"
        )


def _same(result: ArrayLike, target: ArrayLike) -> bool:
    return np.shape(result) == np.shape(target) and np.allclose(result, target)


@dataclass(frozen=True)
class Choice:
    """A letter is asked for.

    Attributes
    ----------
    right : str
        The right letter.
    said : dict of str to str
        For each letter, what is said to whoever chooses it; and, of a wrong one, to whoever
        chooses the right one.
    """

    right: str
    said: dict[str, str]

    def check(self, answer: object) -> str:
        letter = str(answer).strip(" .()").lower()
        if letter not in self.said:
            raise NotYetError(f"Choose one of {', '.join(self.said)}; {answer!r} is none of them.")
        if letter != self.right:
            raise NotYetError(self.said[letter])
        others = [f"Not {other}: {why}" for other, why in self.said.items() if other != letter]
        return "\n".join([self.said[letter], *others])
