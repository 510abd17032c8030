"""Compare the outputs of two runs of a cell whose numbers are sampled, or are times.

What is not sampled has to be the same. Of what is, only digits are printed that the Monte Carlo
error supports: the book's own rule. So another sample may change the last one by two, and no more.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

from nbformat import NotebookNode

NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?")
UNITS = 2  # of the last printed digit
FACTOR = 2  # between two effective sample sizes
SLOWER = 10  # one machine than another; less than a tenth of a second counts as a tenth
SAMPLED, TIMED, FAILS = "nbval-ignore-output", "timing", "fit-that-fails"
WHOLE = "monte_carlo_error"  # in a cell's metadata: sampled whole numbers, and how far they move


class Printed(NamedTuple):
    """A number as it is printed, and what is said of it."""

    text: str
    label: str  # the words since the number before it on its line; in a table, column and row

    @property
    def value(self) -> float:
        return float(self.text.replace(",", ""))

    @property
    def decimals(self) -> int:
        return len(self.text.partition(".")[2])


Parts = list[str | Printed]


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def parts(outputs: list[NotebookNode]) -> Parts:
    """All that a cell shows as text: words, and between them numbers."""
    # Printed text comes in one part or in several, as the clock has it.
    found = list(_of_text("".join(output.get("text", "") for output in outputs)))
    for data in (output.get("data", {}) for output in outputs):
        table = re.search(r"<table.*</table>", data.get("text/html", ""), flags=re.DOTALL)
        found += _of_table(table[0]) if table else _of_text(data.get("text/plain", ""))
    return found


def _of_text(text: str) -> Iterator[str | Printed]:
    for line in text.splitlines():
        end = 0
        for number in NUMBER.finditer(line):
            label = " ".join(line[end : number.start()].split())
            yield from (label, Printed(number[0], label))
            end = number.end()
        yield " ".join(line[end:].split())


def _of_table(html: str) -> Iterator[str | Printed]:
    """A table's labels are words, also where they are numbers."""
    table = ElementTree.fromstring(html)
    columns = [cell.text or "" for cell in max(table.findall("thead/tr"), key=len)]
    for row in table.iter("tr"):
        labels = " ".join(cell.text or "" for cell in row.findall("th"))
        yield labels
        cells = row.findall("td")
        for column, cell in zip(columns[len(columns) - len(cells) :], cells, strict=True):
            text = cell.text or ""
            yield Printed(text, f"{column}: {labels}") if NUMBER.fullmatch(text) else text


def allowed(old: Printed, new: Printed, cell: NotebookNode) -> float:
    """How far two printed numbers may be from each other."""
    decimals = max(old.decimals, new.decimals)
    if decimals and TIMED in tags(cell):
        return (SLOWER - 1) * max(min(old.value, new.value), 0.1)
    if "ESS" in old.label:
        return (FACTOR - 1) * min(old.value, new.value)
    if decimals:
        return UNITS * 10**-decimals
    whole = cell.metadata.get(WHOLE, {})
    return max((far for label, far in whole.items() if label in old.label), default=0)


def differences(committed: Parts, regenerated: Parts, cell: NotebookNode) -> list:
    """Where two outputs of a cell differ by more than they may."""
    if len(committed) != len(regenerated):
        return [(committed, regenerated)]
    found = []
    for old, new in zip(committed, regenerated, strict=True):
        if isinstance(old, Printed) and isinstance(new, Printed):
            if abs(old.value - new.value) > allowed(old, new, cell) * (1 + 1e-9):
                found.append((f"{old.label} {old.text}", new.text))
        elif old != new:
            found.append((old, new))
    return found


def compare(cell: NotebookNode, outputs: list[NotebookNode]) -> list:
    """Hold new outputs of a cell against the committed ones; what differs too much."""
    committed, regenerated = parts(cell.outputs), parts(outputs)
    if FAILS in tags(cell):  # differently on each processor; the cell asserts that it does
        assert "assert not checks.passed.all()" in cell.source
        committed, regenerated = (
            [part for part in each if isinstance(part, str) and part not in ("True", "False")]
            for each in (committed, regenerated)
        )
    return differences(committed, regenerated, cell)
