"""Finish what a run has left in notebooks: `tidy_notebooks.py FILE...`, as `make notebooks` does.

The alternative text of a figure is written once, in the metadata of its cell, where MyST-NB reads
it. Viewers of notebooks see only the metadata of the output: the text is copied there, under the
key that IPython and nbconvert use. The clock times of a run go: they change with each one.
"""

import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode


def alt_text(cell: NotebookNode) -> str:
    """Return what a cell says of the figure that it draws."""
    return cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")


def tidy(notebook: NotebookNode) -> None:
    """Copy alternative texts to the outputs, and drop the clock times, in place."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        alt = alt_text(cell)
        for output in cell.get("outputs", []) if alt else []:
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    output.metadata.setdefault(kind, {})["alt"] = alt


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        notebook = nbformat.read(path, as_version=4)
        tidy(notebook)
        nbformat.write(notebook, path)
