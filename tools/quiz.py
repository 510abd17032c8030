"""The exercises with a choice, as questions that Moodle imports (GIFT): `quiz.py > quiz.gift`.

What is said to each choice comes along as its feedback.
"""

import html
import re
import sys
from pathlib import Path

import nbformat

from checks.answers import ANSWERS
from checks.grading import Choice

EXERCISES = Path(__file__).parents[1] / "teaching" / "exercises"


def gift(text: str) -> str:
    r"""Text as HTML, formulas as Moodle's \( ... \), and GIFT's own characters marked."""
    text = re.sub(r"\*(.+?)\*", r"<em>\1</em>", html.escape(" ".join(text.split()), quote=False))
    text = re.sub(r"\$(.+?)\$", r"\\(\1\\)", text)
    return re.sub(r"([\\~=#{}:])", r"\\\1", text)


def questions() -> list[str]:
    """Each choice as a question."""
    found = []
    for path in sorted(EXERCISES.glob("*.ipynb")):
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
