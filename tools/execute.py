"""Execute notebooks in place: `execute.py FILE...`, or, without a file, those that changed.

Each then holds its outputs and, in its metadata, a fingerprint of all that they were made from. The
site is built from these outputs, and a test executes every notebook anew and compares.
"""

import base64
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ("notebooks/*.ipynb", "teaching/exercises/*.ipynb")
READ = (
    "helpers/**/*.py",
    "helpers/**/*.pyi",
    "helpers/charts.[cj]s*",
    "data/*.csv",
    "bench/results.json",
)
CHECKS = "teaching/checks/*.py"  # which the exercises read
KEY = "made_from"
FIGURE = ROOT / "assets" / "main_figure.png"  # for README.md and the landing page


def fingerprint(path: Path, notebook: NotebookNode) -> str:
    """Of a notebook's code, and of what it imports and reads. Its text may change."""
    read = [*READ, *([CHECKS] if path.parent.name == "exercises" else [])]
    files = sorted(file for pattern in read for file in ROOT.glob(pattern) if file.is_file())
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    parts = [*code, *(file.read_text(encoding="utf-8") for file in files)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def changed() -> list[Path]:
    """The notebooks whose outputs were made from something else than what is there now."""
    found = []
    for path in sorted(path for pattern in NOTEBOOKS for path in ROOT.glob(pattern)):
        notebook = nbformat.read(path, as_version=4)
        if notebook.metadata.get(KEY) != fingerprint(path, notebook):
            found.append(path)
    return found


def alt_text(cell: NotebookNode) -> str:
    """What a cell says of the figure that it draws."""
    return cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")


def tidy(notebook: NotebookNode) -> None:
    """Copy alternative texts to the outputs, where viewers of notebooks look for them."""
    for cell in notebook.cells:
        alt = alt_text(cell)
        for output in cell.get("outputs", []) if alt else []:
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    output.metadata.setdefault(kind, {})["alt"] = alt


def main_figure(notebook: NotebookNode) -> bytes | None:
    """The PNG of the cell that is tagged so, if one is."""
    for cell in notebook.cells:
        if "main-figure" in cell.metadata.get("tags", []):
            (png,) = [output.data["image/png"] for output in cell.outputs if "data" in output]
            return base64.b64decode(png)
    return None


def client(notebook: NotebookNode, folder: Path) -> NotebookClient:
    """What executes a notebook as if it were opened in its folder."""
    return NotebookClient(
        notebook,
        timeout=None,  # the machine may be busy
        startup_timeout=600,
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=40"],  # not that the kernel talks over TCP
        resources={"metadata": {"path": folder}},
    )


def execute(path: Path) -> None:
    """Execute one notebook, and write it when it is done."""
    notebook = nbformat.read(path, as_version=4)
    client(notebook, path.parent).execute()
    tidy(notebook)
    notebook.metadata[KEY] = fingerprint(path, notebook)
    if png := main_figure(notebook):
        FIGURE.write_bytes(png)
    beside = path.with_suffix(".new")  # so that an interruption leaves a whole file
    nbformat.write(notebook, beside)
    beside.replace(path)


def execute_all(paths: list[Path]) -> bool:
    """Execute notebooks, as many at a time as there are cores; whether all came to their end."""
    if not paths:
        return True
    print(f"Executing {len(paths)} notebooks: some minutes.", flush=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            # In processes of their own: an interruption ends them too.
            commands = [[sys.executable, __file__, path] for path in paths]
            return not any(list(pool.map(subprocess.call, commands)))  # each of them
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise


if __name__ == "__main__":
    named = [Path(name).resolve() for name in sys.argv[1:]]
    try:
        if len(named) == 1:
            execute(named[0])
        elif not execute_all(named or changed()):
            sys.exit(1)
    except CellExecutionError as error:
        sys.exit(f"{named[0]}: {error}")
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. The notebooks that came to their end hold their outputs.")
