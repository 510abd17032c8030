"""Who solved what: execute a folder of students' notebooks, and print a table (CSV).

`collect.py FOLDER > table.csv` writes a row a notebook and a column an exercise: 1 where its last
check said "Right", 0 where not, and nothing where it was never checked. Each notebook is executed
anew, in a kernel of its own, and stays as it is. It is the code of other people: use an account
without your own files.
"""

import argparse
import ast
import csv
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from checks.answers import ANSWERS


def solved(path: Path) -> dict[str, bool]:
    """Which exercises of a notebook are solved, as its checks say now."""
    notebook = nbformat.read(path, as_version=4)
    ask = nbformat.v4.new_code_cell("import checks.checking\nprint(checks.checking.solved)")
    notebook.cells.append(ask)
    client = NotebookClient(notebook, allow_errors=True, kernel_name="python3", timeout=600)
    client.execute(cwd=str(path.parent))
    said = [output.text for output in ask.outputs if output.output_type == "stream"]
    return ast.literal_eval(said[-1]) if said else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="with one notebook a student and chapter")
    folder = parser.parse_args().folder
    table = csv.DictWriter(
        sys.stdout, ["notebook", *ANSWERS, "solved", "problem"], lineterminator="\n"
    )
    table.writeheader()
    for path in sorted(folder.rglob("*.ipynb")):
        row: dict[str, object] = {"notebook": path.relative_to(folder).as_posix()}
        try:
            found = {number: int(right) for number, right in solved(path).items()}
        except Exception as fault:  # one broken file must not cost the others their row
            row["problem"] = type(fault).__name__
        else:
            row |= {**found, "solved": sum(found.values())}
        table.writerow(row)


if __name__ == "__main__":
    main()
