"""Kinds of answers that an exercise can ask for; each says what is wrong with one, and why."""

import reprlib
import textwrap
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from inspect import signature

import numpy as np
from numpy.typing import ArrayLike

Variant = tuple[Callable, str]
DOTS = "The dots still stand there: put your answer in their place."


class NotYetError(AssertionError):
    """An answer that is not right yet; its message says what to look at."""

    def _render_traceback_(self) -> list[str]:  # what Jupyter shows in the place of a traceback
        return textwrap.wrap(f"Not yet. {self}", 76, break_on_hyphens=False)


@dataclass(frozen=True)
class Number:
    """A number is asked for.

    Attributes
    ----------
    right : Callable
        Computes the right number.
    why : str
        Said when it is met.
    hints : tuple of str
        Said to other wrong numbers: the first to the first, the next to the next.
    slips : tuple of (Callable, str)
        Typical wrong numbers, computed, and what leads to each.
    tolerance : float
        How far from right is still right, in the answer's unit: a number rounded to two decimals,
        and one that was simulated where the exercise lets it be.
    """

    right: Callable[[], float]
    why: str
    hints: tuple[str, ...]
    slips: tuple[Variant, ...] = ()
    tolerance: float = 0.01

    def check(self, answer: object, tries: int = 0) -> str:
        given, right = _one_number(answer), self.right()
        if abs(given - right) <= self.tolerance:
            digits = max(0, int(np.ceil(-np.log10(self.tolerance))))
            return f"It is {np.round(right, digits):g}. {self.why}"
        slips = [(slip(), reason) for slip, reason in self.slips]
        near = [(abs(given - x), reason) for x, reason in slips if abs(given - x) <= self.reach(x)]
        if near:
            raise NotYetError(min(near, key=lambda one: one[0])[1])
        hint = self.hints[min(tries, len(self.hints) - 1)]
        if not np.isfinite(given):
            raise NotYetError(f"{given} is not a finite number. {hint}")
        raise NotYetError(f"{given:g} is too {'small' if given < right else 'large'}. {hint}")

    def reach(self, slip: float) -> float:
        """How far from a slip it is still known: further where it is larger, as in percent."""
        scaled = self.tolerance * abs(slip) / abs(self.right())
        return max(self.tolerance, min(scaled, abs(slip) / 10))


def _one_number(answer: object) -> float:
    """A number, whether Python's, NumPy's or a table's of one entry."""
    asked = "The answer has to be one number"
    if isinstance(answer, str):
        bare = answer.strip().replace(".", "", 1).lstrip("-").isdecimal()
        raise NotYetError(f"{asked}, not {answer!r}{': leave out the quotes' if bare else ''}.")
    if isinstance(answer, tuple) and len(answer) == 2:
        raise NotYetError(f"{asked}, not two: the decimal point is a point.")
    if isinstance(answer, list | tuple) and len(answer) > 1:
        raise NotYetError(f"{asked}, not {len(answer)} of them.")
    try:
        if isinstance(answer, bool | np.bool_ | list | tuple | None) or np.iscomplexobj(answer):
            raise TypeError
        values = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise NotYetError(f"{asked}, not {reprlib.repr(answer)}.") from None
    if values.size != 1:
        raise NotYetError(f"{asked}, not {values.size} of them.")
    return float(values.item())


@dataclass(frozen=True)
class Function:
    """A function is asked for.

    Attributes
    ----------
    right : Callable
        What it should compute.
    cases : tuple of tuple
        The arguments that it is tried with.
    why, hints, slips
        As for `Number`; the slips are functions of the same arguments.
    """

    right: Callable
    cases: tuple[tuple, ...]
    why: str
    hints: tuple[str, ...]
    slips: tuple[Variant, ...] = ()
    tolerance = Number.tolerance

    def check(self, answer: object, tries: int = 0) -> str:
        if not callable(answer):
            raise NotYetError(f"The answer has to be a function, not {reprlib.repr(answer)}.")
        names = signature(self.right).parameters
        tried = []
        for case in self.cases:
            given = ", ".join(f"{name}={value}" for name, value in zip(names, case, strict=True))
            tried.append((case, given, _result(answer, case, given)))

        def computed_by(function: Callable, slip: bool) -> bool:
            return all(self._same(result, function(*case), slip) for case, _, result in tried)

        if computed_by(self.right, slip=False):
            case, given, _ = tried[0]
            return f"With {given} it gives {np.round(self.right(*case), 4)}. {self.why}"
        for slip, reason in self.slips:
            if computed_by(slip, slip=True):
                raise NotYetError(reason)
        given, result, target = next(
            (given, result, target)
            for case, given, result in tried
            if not self._same(result, target := self.right(*case))
        )
        if result.size != np.size(target):
            count = f"{np.size(target)} number{'s' * (np.size(target) > 1)}"
            raise NotYetError(
                f"With {given} it should give {count}, and yours gives {result.size}."
            )
        hint = self.hints[min(tries, len(self.hints) - 1)]
        raise NotYetError(
            f"With {given} it should be {np.round(target, 4)}, and yours gives "
            f"{np.round(result, 4)}. {hint}"
        )

    def _same(self, result: np.ndarray, target: ArrayLike, slip: bool = False) -> bool:
        """Whether all numbers are the same; of a slip one number may stand for all of an array."""
        result, target = np.ravel(result), np.ravel(target)
        fits = result.size == target.size or (slip and 1 in (result.size, target.size))
        return fits and np.allclose(result, target, 1e-9, self.tolerance)


def _result(answer: Callable, case: tuple, given: str) -> np.ndarray:
    """What a function gives. Its arguments are copies, since it may change them."""
    try:
        result = answer(*deepcopy(case))
    except Exception as fault:
        inside = fault.__traceback__.tb_next  # nothing, where the arguments do not fit
        arrays = inside and any(np.ndim(value) for value in case)
        said = f"With {given} your function stops: {str(fault) or type(fault).__name__}."
        if arrays and isinstance(fault, TypeError | ValueError):
            said += " It got an array: compute with NumPy, as in np.sqrt."
        raise NotYetError(said) from None
    if result is ...:
        raise NotYetError(DOTS)
    if result is None:
        raise NotYetError("Your function returns nothing yet: it needs a `return`.")
    kind = f"a {type(result).__name__}"
    try:
        if np.asarray(result).dtype.kind not in "US":
            return np.asarray(result, dtype=float)
        kind = "text"
    except (TypeError, ValueError):
        pass
    raise NotYetError(f"With {given} your function gives {kind}, not a number.")


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

    def check(self, answer: object, tries: int = 0) -> str:
        letter = str(answer).strip(" .:*()").lower()
        if letter not in self.said:
            letters = ", ".join(self.said)
            raise NotYetError(
                f"Choose one of {letters}, in quotes, the letter alone; {reprlib.repr(answer)} is "
                "none of them."
            )
        if letter != self.right:
            raise NotYetError(self.said[letter])
        others = [f"Not {other}: {why}" for other, why in self.said.items() if other != letter]
        return "\n".join([self.said[letter], *others])


Answer = Number | Function | Choice
