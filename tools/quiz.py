"""The exercises with a choice, as questions that Moodle imports (GIFT): `quiz.py > quiz.gift`.

Canvas and others import GIFT, or convert it. What is said to each choice comes along as feedback.
"""

import html
import re
import sys
from pathlib import Path

import nbformat

BOOK = Path(__file__).parents[1]
sys.path[:0] = [str(BOOK / "teaching"), str(BOOK)]

from checks.answers import ANSWERS  # noqa: E402
from checks.grading import Choice  # noqa: E402


def gift(text: str) -> str:
    r"""Text as HTML, formulas as Moodle's \( ... \), and GIFT's own characters marked."""
    text = re.sub(r"\*(.+?)\*", r"<em>\1</em>", html.escape(" ".join(text.split()), quote=False))
    text = re.sub(r"\$(.+?)\$", r"\\(\1\\)", text)
    return re.sub(r"([\\~=#{}:])", r"\\\1", text)


def questions() -> list[str]:
    """Each choice as a question."""
    found = []
    for path in sorted((BOOK / "teaching" / "exercises").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            options = dict(re.findall(r"^- \*\*(\w)\.\*\* (.+)$", cell.source, flags=re.M))
            if not options:
                continue
            title, _, stem = cell.source.split("\n\n")[:3]
            title = title.removeprefix("## Exercise ")
            answer = ANSWERS[title.split(". ")[0]]
            assert isinstance(answer, Choice)
            lines = []
            for letter, text in options.items():
                mark = "=" if letter == answer.right else "~"
                lines.append(f"  {mark}{gift(text)}#{gift(answer.said[letter])}")
            found.append("\n".join([f"::{gift(title)}::[html]{gift(stem)} {{", *lines, "}"]))
    return found


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # whatever the system's is
    print("\n\n".join(questions()))
