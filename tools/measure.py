"""Measure what a chapter needs of one machine, for the instructor's guide; and what a set-up takes.

`measure.py` measures both, `measure.py --setup` the second alone.
"""

import csv
import os
import platform
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

BOOK = Path(__file__).parents[1]


def measure(notebook: Path, python: Path | str = sys.executable) -> dict[str, object]:
    """Execute a notebook; its seconds, and the peak of its largest process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [python, "-m", "nbconvert", "--to", "notebook"]
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


def measure_setup(whole: bool, notebooks: list[Path]) -> dict[str, object]:
    """Fetch the wheels, install from them alone, and run notebooks on nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        wheels, home = Path(folder, "wheels"), Path(folder, "venv")
        system = {"Windows": "windows", "Darwin": "macos", "Linux": "linux"}[platform.system()]
        fetch = [sys.executable, BOOK / "tools" / "wheels.py", wheels, "--system", system]
        subprocess.run([*fetch, *(["--book"] if whole else [])], check=True)
        venv.create(home, with_pip=True)
        python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        package = "gentle-partial-pooling" + ("[chapters]" if whole else "")
        install = [python, "-m", "pip", "install", "--quiet", "--no-index", "--find-links", wheels]
        subprocess.run([*install, package, "jupyterlab"], check=True)
        files = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]
        peaks = [measure(path, python)["peak memory, MiB"] for path in notebooks]
        return {
            "packages": len(list(wheels.glob("*.whl"))),
            "download, MB": round(sum(path.stat().st_size for path in wheels.iterdir()) / 1e6),
            "installed, MB": round(sum(path.stat().st_size for path in files) / 1e6),
            "memory, MiB": max(peaks, default=0),
        }


def write(name: str, rows: list[dict[str, object]]) -> None:
    with open(BOOK / "teaching" / name, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    if "--setup" not in sys.argv:
        chapters = sorted((BOOK / "notebooks").glob("*.ipynb"))
        write("measured.csv", [measure(path) for path in chapters])
    solved = sorted((BOOK / "teaching" / "exercises").glob("*.ipynb"))
    with open(BOOK / "teaching" / "measured.csv", encoding="utf-8") as file:
        peak = max(int(row["peak memory, MiB"]) for row in csv.DictReader(file))
    exercises = {"for": "the exercises", **measure_setup(False, solved)}
    chapters = {"for": "the chapters too", **measure_setup(True, []), "memory, MiB": peak}
    write("setup.csv", [exercises, chapters])
