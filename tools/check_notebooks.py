"""What must hold of every committed notebook, as a program: `check_notebooks.py FILE...`.

pre-commit and `make lint` run it. It prints a line for each fault, with how to mend it.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from execute import alt_text

EXECUTE = "`make notebooks ONLY=` and its path, then commit its outputs"
LEAKS = r"(?i)warning|(?<!\w)/(home|root|tmp|Users|work)/|\w:\\"


def code_cells(path: Path) -> list[NotebookNode]:
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def texts(cell: NotebookNode) -> Iterator[str]:
    """What a cell prints, and then the text of each of its other outputs."""
    # Printed text comes in one part or in several, as the clock has it.
    yield "".join(output.text for output in cell.outputs if output.output_type == "stream")
    for output in cell.outputs:
        if output.output_type != "stream":
            yield output.data.get("text/plain", "")


def faults(path: Path) -> list[str]:
    """Everything that is wrong with a notebook, in words."""
    cells = code_cells(path)
    found = []
    if [cell.execution_count for cell in cells] != list(range(1, len(cells) + 1)):
        found.append(f"not executed in order from the first cell on: {EXECUTE}")
    if not any(cell.outputs for cell in cells):
        found.append(f"without any output, so that nothing can be compared: {EXECUTE}")
    for number, cell in enumerate(cells, start=1):
        found += [f"cell {number}: {fault}" for fault in cell_faults(cell)]
    return found


def cell_faults(cell: NotebookNode) -> Iterator[str]:
    if any(output.output_type == "error" for output in cell.outputs):
        yield "ends with an error: mend the cell, then " + EXECUTE
        return
    for output in cell.outputs:
        if output.get("name") == "stderr":
            yield f"writes to stderr ({output.text[:60]!r}): mend what it complains of"
        if "widget" in " ".join(output.get("data", {})):
            yield "holds a widget, which nobody sees on the site: show a figure instead"
    for text in texts(cell):
        if leak := re.search(LEAKS, text):
            yield f"an output holds a warning or a local path ({leak[0]!r}): don't print it"
        if re.search(r"\d+%\|", text):
            yield "an output holds a progress bar: show it only where `somebody_watches`"
    alt = alt_text(cell)
    in_outputs = [
        output.metadata.get(kind, {}).get("alt")
        for output in cell.outputs
        for kind in output.get("data", {})
        if kind.startswith("image/")
    ]
    if in_outputs and len(alt) < 40:
        yield "a figure without alternative text: say what is seen, in the cell's metadata, as " \
            '{"mystnb": {"image": {"alt": "..."}}}'  # fmt: skip
    elif set(in_outputs) - {alt}:
        yield f"the alternative text has not reached the figure's output: {EXECUTE}"
    if "execution" in cell.metadata:
        yield f"holds the clock times of one run: {EXECUTE}"
    if len(cell.source.splitlines()) > 25:
        yield "longer than 25 lines: split it, one point a cell"


if __name__ == "__main__":
    bad = [f"{path}: {fault}" for path in map(Path, sys.argv[1:]) for fault in faults(path)]
    sys.exit("\n".join(bad) or None)
