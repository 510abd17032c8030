"""Execute chapters with other luck: `luck.py [--times N] [FILE...]`, or, without a file, all.

Every random number is another one: other cities, other pupils, other draws. What a page asserts has
to hold nevertheless. A cell that speaks of one city alone carries the tag "this-city", and its
assertions may fail here. Nothing is written.
"""

import argparse
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError

from execute import client

ROOT = Path(__file__).parents[1]
THIS_CITY = "this-city"
OTHER_DRAWS = """import functools, os, pymc
_sample = pymc.sample
@functools.wraps(_sample)
def _other(*args, random_seed, **options):
    return _sample(*args, random_seed=random_seed + 1000 * int(os.environ["LUCK"]), **options)
pymc.sample = _other"""


def failure(path: Path, luck: int) -> str | None:
    """What the first assertion that fails says, with its cell; None if all hold."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if THIS_CITY in cell.metadata.get("tags", []):
            cell.metadata.tags.append("raises-exception")
    if any(re.search(r"pymc|\bfit\(", cell.source) for cell in notebook.cells):
        notebook.cells.insert(0, nbformat.v4.new_code_cell(OTHER_DRAWS))
    place = str(Path(__file__).parent / "other_luck")
    environment = os.environ | {"PYTHONPATH": place, "LUCK": str(luck)}
    try:
        client(notebook, path.parent).execute(env=environment)
    except CellExecutionError as error:
        return re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    return None


def main() -> int:
    """Try each chapter several times, and print what failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("files", nargs="*", type=Path)
    given = parser.parse_args()
    paths = given.files or sorted((ROOT / "notebooks").glob("*.ipynb"))
    tries = [(path.resolve(), luck) for path in paths for luck in range(1, given.times + 1)]
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        start = time.monotonic()
        for (path, luck), said in zip(tries, pool.map(lambda t: failure(*t), tries), strict=True):
            failed += said is not None
            print(f"{path.stem}, luck {luck}: {'holds' if said is None else said}", flush=True)
    print(f"{failed} of {len(tries)} failed, in {time.monotonic() - start:.0f} s")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
