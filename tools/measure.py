"""Measure what a chapter needs of one machine, for the instructor's guide."""

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BOOK = Path(__file__).parents[1]


def measure(notebook: Path) -> dict[str, object]:
    """Execute a notebook; its seconds, and the peak of its largest process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "nbconvert", "--to", "notebook"]
        # Nothing is compiled yet, as when a student first opens the chapter.
        flags = {"PYTENSOR_FLAGS": f"base_compiledir={folder}"}
        flags["NUMBA_CACHE_DIR"] = folder
        start = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--execute", "--output-dir", folder, str(notebook)],
            env=os.environ | flags,
            stderr=subprocess.DEVNULL,
        )
        # nbconvert waits for its child, the kernel, whose peak counts so.
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{notebook.name} did not run")
    seconds = time.perf_counter() - start
    return {
        "chapter": notebook.stem,
        "seconds": round(seconds),
        "peak memory, MiB": round(usage.ru_maxrss / 1024),
    }


if __name__ == "__main__":
    rows = [measure(path) for path in sorted((BOOK / "notebooks").glob("*.ipynb"))]
    with open(BOOK / "teaching" / "measured.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
