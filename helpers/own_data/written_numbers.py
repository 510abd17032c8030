"""Numbers as people write them: which mark is the decimal one is given, guessed aloud, or asked."""

import re
import unicodedata
from collections.abc import Sequence

# What other programs write for a missing score. In a column of labels these words are labels.
MISSING = {"na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "null", "none"}
MISSING |= {"-", "--", "–", "—", ".", "..", "?"}
# Marks that are written in several ways, and look the same.
ALIKE = {" ": " \u00a0\u2007\u2009\u202f", "'": "'\u2019"}
THOUSANDS = (",", ".", " ", "'")


def _pattern(decimal: str, thousands: str) -> re.Pattern:
    """A number, in groups of three digits if there is a mark for thousands."""
    point = re.escape(decimal)
    number = rf"(?:\d+(?:{point}\d*)?|{point}\d+)(?:e[+-]?\d+)?"
    if thousands:
        gap = f"[{re.escape(ALIKE.get(thousands, thousands))}]"
        groups = rf"[1-9]\d{{0,2}}(?:{gap}\d{{3}})+"
        if thousands == ",":  # as in India: 12,34,567
            groups += r"|[1-9]\d?(?:,\d{2})+,\d{3}"
        number = rf"(?:(?:{groups})(?:{point}\d*)?|{number})"
    return re.compile(rf"[+-]?{number}", re.ASCII | re.IGNORECASE)


def _value(text: str, decimal: str, thousands: str) -> float:
    if thousands:
        text = re.sub(f"[{re.escape(ALIKE.get(thousands, thousands))}]", "", text)
    return float(text.replace(decimal, "."))


def check_marks(decimal: str | None, thousands: str | None) -> None:
    """Raise a ``ValueError`` unless these two can be told apart in a number."""
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal= must be '.' or ',', not {decimal!r}")
    if thousands not in (None, *THOUSANDS, *"".join(ALIKE.values())):
        raise ValueError(
            f"thousands= must be ',', '.', a space or an apostrophe, not {thousands!r}"
        )
    if decimal and decimal == thousands:
        raise ValueError(f"decimal= and thousands= can't both be {decimal!r}")


def read_numbers(
    texts: list[str],
    counts: Sequence[int],
    decimal: str | None,
    thousands: str | None,
    english: bool,
) -> tuple[list[float | None], dict[int, str]]:
    """Read the distinct texts of a column: their numbers, and what is wrong with those that aren't.

    All have to fit one way to write numbers. Where two ways fit and differ ("1.250"), the English
    one is taken if the file is `english` (its columns are separated by commas), and said; in any
    other file that is refused.
    """
    texts = [text.strip().replace("\u2212", "-") for text in texts]
    words = {i for i, text in enumerate(texts) if not text or text.casefold() in MISSING}
    infinite = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
    faults = {i: "is infinite" for i, text in enumerate(texts) if infinite.fullmatch(text)}
    written = {i: text for i, text in enumerate(texts) if i not in words and i not in faults}

    marks = set("".join(written.values()))
    thousands = next((mark for mark, like in ALIKE.items() if thousands in [*like]), thousands)
    groups = [m for m in THOUSANDS if not marks.isdisjoint(ALIKE.get(m, m))]
    ways = [
        (point, gap)
        for point in ([decimal] if decimal else [".", ","])
        for gap in ([thousands] if thousands else ["", *groups])
        if point != gap
    ]
    bad = {}
    for way in ways:
        fits = _pattern(*way).fullmatch
        bad[way] = [i for i, text in written.items() if not fits(text)]
    way = min(ways, key=lambda way: len(bad[way]))  # the first of the best
    faults |= dict.fromkeys(bad[way], "is not a number")
    numbers = [
        None if i in words or i in faults else _value(texts[i], *way) for i in range(len(texts))
    ]
    faults |= {
        i: "is infinite" for i, x in enumerate(numbers) if x in (float("inf"), -float("inf"))
    }
    if shown := [f"{texts[i]!r} ({counts[i]:,})" for i in sorted(words) if texts[i]]:
        print(f"Taken for a missing score: {', '.join(shown)}.")
    if not faults:
        _say_or_ask(written, numbers, way, [w for w in ways if not bad[w]], english)
    return numbers, faults


def _say_or_ask(written, numbers, way, fitting, english) -> None:
    for other in fitting:
        for i, text in written.items():
            if (value := _value(text, *other)) != numbers[i]:
                if not english:
                    points = sorted([(way[0], numbers[i]), (other[0], value)], reverse=True)
                    choice = " or ".join(f"decimal={p!r} to read {x:.15g}" for p, x in points)
                    raise ValueError(f"the score {text!r} can be read in two ways: give {choice}")
                print(
                    f"Scores with three digits after a mark: {text!r} is read as "
                    f"{numbers[i]:.15g}. If it is {value:.15g}, give decimal={other[0]!r}."
                )
                return
    point, gap = way
    if way != (".", ""):
        between = f", {gap!r} between thousands" if gap else ""
        marks = {*ALIKE.get(gap, gap)} or {point}
        for i, text in written.items():
            if marks & {*text}:
                print(
                    f"Scores are read with the decimal mark {point!r}{between}: {text!r} is "
                    f"{numbers[i]:.15g}."
                )
                return


def advice(texts: list[str]) -> str:
    """What to do about scores that are no numbers."""
    text = "".join(texts)
    if "%" in text or any(unicodedata.category(mark) == "Sc" for mark in text):
        return "Take signs of per cent and of currency off: scores are plain numbers"
    if any(any(c.isdigit() for c in t) and any(c in t for c in ",.'\u2019") for t in texts):
        return (
            "Write all numbers in one way, and if it is not guessed, name it with decimal= and "
            "thousands="
        )
    return "Leave missing scores empty, and write numbers with digits and a decimal point"
