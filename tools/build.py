"""Build the site from the outputs that the notebooks hold; `--execute` renews those first.

Two builds at once take turns, and a full disk is said in words.
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from filelock import FileLock, Timeout

from execute import changed, execute_all

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "_build"


def main() -> None:
    BUILD.mkdir(exist_ok=True)
    lock = FileLock(BUILD / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("Another build of this book is running: this one waits for it.", flush=True)
        lock.acquire()
    done = "--execute" not in sys.argv or execute_all(changed())
    if done:
        # Pages that are in the book no more would be finished a second time, and handed out.
        shutil.rmtree(BUILD / "html", ignore_errors=True)
        # Windows keeps programs elsewhere, as .exe.
        jupyter_book = shutil.which("jupyter-book", path=sysconfig.get_path("scripts"))
        command = [jupyter_book, "build", ROOT, "--all", "-W", "-n", "--keep-going"]
        done = subprocess.call(command) == 0
    if not done:
        free = shutil.disk_usage(BUILD).free // 2**20
        sys.exit(f"No space left: {BUILD} has {free} MiB free." if free < 10 else 1)
    print("\nThe book:", (BUILD / "html" / "index.html").as_uri())


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. What was executed is kept: `make book` goes on from here.")
