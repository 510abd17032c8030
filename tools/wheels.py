"""Fill a folder with wheels, for a room without a network: `wheels.py FOLDER`.

By default those of the exercises, for Windows, macOS and Linux and the book's Python. `--book` adds
what the chapters need, `--python 3.13` asks for another Python, `--system` for one system alone.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BOOK = Path(__file__).parents[1]
# As uv calls a system, and as its wheels do, the newest name first.
SYSTEMS = {
    "windows": ("x86_64-pc-windows-msvc", ["win_amd64"]),
    "macos": ("aarch64-apple-darwin", [f"macosx_{v}_0_arm64" for v in (14, 13, 12, 11)]),
    "linux": (
        "x86_64-unknown-linux-gnu",
        ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    ),
}


def download(folder: Path, uv: str, system: str, python: str, whole: bool) -> None:
    """Fetch the locked wheels of one system, whichever this one is."""
    triple, names = SYSTEMS[system]
    chosen = ["--no-dev", "--group", "exercises", *(["--extra", "chapters"] if whole else [])]
    export = [uv, "export", "--quiet", "--locked", "--no-hashes", "--no-emit-project", *chosen]
    locked = subprocess.run(export, cwd=BOOK, check=True, capture_output=True, encoding="utf-8")
    # pip would ask this system which of the list is for another one; uv asks that one.
    compile_ = [uv, "pip", "compile", "--quiet", "--no-deps", "--python-platform", triple]
    listed = subprocess.run(
        [*compile_, "--python-version", python, "-"],
        input=locked.stdout,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "requirements.txt")
        file.write_text(listed.stdout, encoding="utf-8")
        pip = [uv, "tool", "run", "--quiet", "pip", "download", "--quiet", "--no-deps"]
        asked = ["--only-binary", ":all:", "--python-version", python, "--dest", folder, "-r", file]
        for name in names:
            asked += ["--platform", name]
        subprocess.run([*pip, *asked], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--book", action="store_true", help="what the chapters need, too")
    parser.add_argument("--python", default="3.12")
    parser.add_argument("--system", choices=SYSTEMS, action="append")
    parser.add_argument("--uv", default=shutil.which("uv") or BOOK / ".tools" / "bin" / "uv")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for system in asked.system or SYSTEMS:
        download(asked.folder, str(asked.uv), system, asked.python, asked.book)
    # The book's own two packages, helpers and checks.
    build = [str(asked.uv), "build", "--quiet", "--wheel", "--out-dir", asked.folder, BOOK]
    subprocess.run(build, check=True)
    size = sum(file.stat().st_size for file in asked.folder.glob("*.whl"))
    print(f"{asked.folder}: {round(size / 1e6)} MB")


if __name__ == "__main__":
    sys.exit(main())
