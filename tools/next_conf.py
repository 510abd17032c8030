"""Write the settings of `make next`: those of Jupyter Book, for Sphinx without Jupyter Book 1."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

BOOK = Path(__file__).parents[1]
# Jupyter Book itself, and what its authors pin to an old Sphinx.
GONE = {"jupyter_book", "sphinx_comments", "sphinx_jupyterbook_latex", "sphinx_multitoc_numbering"}

ADDED = f"""
# What `make next` changes.
import sys
sys.path.insert(0, {str(BOOK / "_ext")!r})
extensions = [name for name in extensions if name not in {sorted(GONE)!r}]
external_toc_path = {str(BOOK / "_toc.yml")!r}
html_static_path = [{str(BOOK / "assets")!r}]
html_favicon = {str(BOOK / "assets" / "favicon.svg")!r}
bibtex_bibfiles = [{str(BOOK / "references.bib")!r}]
"""


def main(target: Path) -> None:
    written = BOOK / "conf.py"
    command = [
        shutil.which("jupyter-book", path=sysconfig.get_path("scripts")),
        "config",
        "sphinx",
        BOOK,
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    text = written.read_text(encoding="utf-8")
    written.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text + ADDED, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
