"""Say "You are ready.", or in one sentence what is missing.

`python tools/ready.py` asks for the exercises, `python tools/ready.py --book` for the whole book.
It has to start on an old Python to say so: syntax and first imports are those of Python 3.8.
"""

import csv
import re
import sys
import tempfile
from pathlib import Path

BOOK = Path(__file__).resolve().parents[1]
READY = "You are ready."


def lacking(whole, book=BOOK, python=sys.version_info):
    """Look for what is missing, the first thing first; a sentence, or nothing."""
    if not (book / "pyproject.toml").exists():
        return "This file has left its book: unpack the whole archive, and run it there."
    project = (book / "pyproject.toml").read_text(encoding="utf-8")
    least = re.search(r'requires-python = ">=([\d.]+)"', project).group(1)
    if tuple(python[:2]) < as_numbers(least):
        return "Python {} or later is needed; this is {}.{}.".format(least, *python[:2])
    if said := lacking_package(whole, project):
        lists = "requirements.txt" if whole else "requirements-exercises.txt"
        return f"{said}; to mend it: {sys.executable} -m pip install -r {book / lists}"
    if said := failing(whole):
        return f"Something is installed and does not work: {said}."
    return lacking_room(whole, book)


def as_numbers(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def lacking_package(whole, project):
    """Hold what is installed against the lists in pyproject.toml."""
    import tomllib  # since Python 3.11
    from importlib.metadata import PackageNotFoundError, version

    lists = tomllib.loads(project)
    asked = [lists["project"]["name"], *lists["project"]["dependencies"]]
    if whole:
        asked += lists["project"]["optional-dependencies"]["chapters"]
    if "ipykernel" not in sys.modules:  # a hub's own JupyterLab may live elsewhere
        asked += lists["dependency-groups"]["exercises"]
    missing = []
    for one in asked:
        name, least = re.match(r"([\w-]+)[^>]*(?:>=([\d.]+))?", one).groups()
        try:
            found = version(name)
        except PackageNotFoundError:
            missing.append(name)
            continue
        if least and as_numbers(found) < as_numbers(least):
            return f"{name} {least} or later is needed, and this is {found}"
    return f"What is missing: {', '.join(missing)}" if missing else None


def failing(whole):
    """Run a little of all that the pages need."""
    try:
        import checks  # noqa: F401
        from helpers import exact_posterior, simulate_city, summarise_schools

        exact_posterior(summarise_schools(simulate_city(seed=42).scores))
        if whole:
            import pymc

            pymc.draw(pymc.Normal.dist(), random_seed=42)  # compiles
    except Exception as fault:  # whatever it is
        words = str(fault).strip().rstrip(".") or "it gives no reason"
        return f"{type(fault).__name__}, {' '.join(words.split())}"
    return None


def lacking_room(whole, book):
    """Hold memory and permissions against what was measured."""
    with open(book / "teaching" / "setup.csv", encoding="utf-8") as file:
        exercises, chapters = csv.DictReader(file)
    need = int((chapters if whole else exercises)["memory, MiB"])
    free = free_memory()
    if free < need:
        return f"{need} MiB of memory are needed, and {free} MiB are free: close other programs."
    room = book / "notebooks" if whole else book / "teaching" / "students"
    try:
        with tempfile.TemporaryFile(dir=room):
            return None
    except OSError:
        return f"Your work could not be saved in {room}: copy the book to a folder of your own."


def free_memory():
    """What this machine has left, or if that is less, what a hub allows, in MiB."""
    import psutil  # comes with every Jupyter kernel

    free = psutil.virtual_memory().available
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # another system, or "max"
        return free // 2**20
    return min(free, limit) // 2**20


if __name__ == "__main__":
    said = lacking("--book" in sys.argv)
    print(said or READY)
    if said and "ipykernel" not in sys.modules:  # where `%run` would show a traceback
        sys.exit(1)
