"""Build the book: `make book`.

Before Jupyter Book writes the pages, the notebooks that changed are executed, as many at a time as
there are cores. What could go wrong on a reader's machine is said in words: two builds at once, no
space left, a damaged cache, an interruption.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path

import jupyter_cache
import nbformat
from filelock import FileLock, Timeout
from jupyter_cache.executors import load_executor

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "_build"
CACHE = BUILD / ".jupyter_cache"
ROOM = 500  # MiB that a build needs at most
# What the notebooks import and read is not part of the cache's own key.
READ = ["helpers/**/*.py*", "data/*.csv", "teaching/*.csv", "bench/results.json"]


def main() -> None:
    BUILD.mkdir(exist_ok=True)
    lock = FileLock(BUILD / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("Another build of this book is running: this one waits for it.", flush=True)
        lock.acquire()
    try:
        ask_for_room()
        forget_what_is_stale()
        execute()
        command = [program("jupyter-book"), "build", ROOT]
        code = subprocess.run([*command, "--all", "-W", "-n", "--keep-going"]).returncode
        if code:
            ask_for_room(least=10)
            sys.exit(code)
    except KeyboardInterrupt:
        sys.exit(
            "\nInterrupted. What was executed is kept: the next `make book` goes on from here."
        )
    finally:
        lock.release()
    print("\nThe book:", (BUILD / "html" / "index.html").as_uri())


def ask_for_room(least: int = ROOM) -> None:
    free = shutil.disk_usage(BUILD).free // 2**20
    if free < least:
        sys.exit(
            f"No space left: {BUILD} has {free} MiB free, and the book needs about {ROOM} MiB."
        )


def forget_what_is_stale() -> None:
    """Delete the results if what the notebooks read has changed, or if the cache is damaged."""
    digest = hashlib.sha256(sys.version.encode())
    for package in sorted((one.name, one.version) for one in distributions()):
        digest.update(str(package).encode())
    for pattern in READ:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.name.encode() + path.read_bytes())
    state = digest.hexdigest().encode()
    key = CACHE / "key.txt"
    if CACHE.exists() and not (key.exists() and key.read_bytes() == state):
        print("What the chapters import or read has changed: all of them are executed anew.")
        shutil.rmtree(CACHE)
    try:
        cache = jupyter_cache.get_cache(CACHE)
        for record in cache.list_cache_records():
            cache.get_cache_bundle(record.pk)
    except Exception as error:  # whatever a damaged file can raise
        print(f"The stored results can't be read ({type(error).__name__}): they are made anew.")
        shutil.rmtree(CACHE)
    CACHE.mkdir(exist_ok=True)
    key.write_bytes(state)


def execute() -> None:
    """Execute the notebooks that changed. Those that fail are left to Jupyter Book's report."""
    cache = jupyter_cache.get_cache(CACHE)
    changed = []
    for path in sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("teaching/exercises/*.ipynb")]):
        try:
            cache.match_cache_notebook(nbformat.read(path, as_version=4))
        except KeyError:
            changed.append(cache.add_nb_to_project(str(path)).pk)
    if not changed:
        return
    print(f"Executing {len(changed)} notebooks: some minutes.", flush=True)
    # In processes of their own, which can be stopped at once: an interrupted pool would hang.
    command = [sys.executable, __file__, *map(str, changed)]
    with subprocess.Popen(command, start_new_session=True) as pool:
        try:
            pool.wait()
        except KeyboardInterrupt:
            stop(pool)
            raise


def stop(pool: subprocess.Popen) -> None:
    """End a process and all that it started."""
    if os.name == "nt":
        subprocess.run(["taskkill", "/f", "/t", "/pid", str(pool.pid)], stdout=subprocess.DEVNULL)
    else:
        os.killpg(pool.pid, signal.SIGKILL)


def program(name: str) -> str:
    """Find a program of this environment; Windows keeps them elsewhere, as .exe."""
    return shutil.which(name, path=sysconfig.get_path("scripts"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        executor = load_executor("local-parallel", jupyter_cache.get_cache(CACHE))
        executor.run_and_cache(filter_pks=[int(pk) for pk in sys.argv[1:]], timeout=-1)
    else:
        main()
