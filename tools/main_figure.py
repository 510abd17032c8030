"""Copy the book's main figure out of its executed chapter, for README.md and the landing page."""

import base64
from pathlib import Path

import nbformat

ROOT = Path(__file__).parent.parent
CHAPTER = ROOT / "notebooks" / "04_comparison.ipynb"
FIGURE = ROOT / "assets" / "main_figure.png"


def main_figure() -> bytes:
    """Return the PNG that stands in the output of the cell tagged ``main-figure``."""
    cells = nbformat.read(CHAPTER, as_version=4).cells
    (cell,) = [cell for cell in cells if "main-figure" in cell.metadata.get("tags", [])]
    (png,) = [output.data["image/png"] for output in cell.outputs if "data" in output]
    return base64.b64decode(png)


if __name__ == "__main__":
    FIGURE.write_bytes(main_figure())
