"""What the tests of every page of labelled equations share.

Such a page labels each displayed equation, and the test of `eq-slope` is `test_eq_slope`, which
holds a fingerprint of the equation as printed. A page and its tests belong together in both
directions, and so do the figures in its prose and the test that computes them.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import sympy as sp
from sympy.stats import Normal, density

BOOK = Path(__file__).parents[1]
DIRECTIVE = re.compile(r"^```\{math\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LABELLED = re.compile(r":label: (\S+)\n(.*)", re.DOTALL)
# Front matter and cells.
NO_PROSE = re.compile(r"\A---\n.*?^---$|^```\{code-cell\}.*?^```$", re.M | re.DOTALL)
SECTIONS = r"[Ss]ections? (\d+)(?: (?:to|and) (\d+))?"


def squeezed(text: str) -> str:
    return " ".join(text.split())


class Page:
    """Pages of the book, read for their equations. A check returns a list of what is wrong."""

    def __init__(self, *names: str) -> None:
        texts = [(BOOK / name).read_text(encoding="utf-8") for name in names]
        self.text = NO_PROSE.sub("", "\n".join(texts))
        self.prose = squeezed(self.text)
        self.bodies = DIRECTIVE.findall(self.text)
        self.equations = [LABELLED.fullmatch(body).groups() for body in self.bodies]
        self.labels = [label for label, _ in self.equations]
        self.sections = [int(n) for n in re.findall(r"^## (\d+)\. ", self.text, re.MULTILINE)]

    def unfit_equations(self, label: str) -> list[str]:
        """Displayed equations that are not single labelled ones, or labelled unlike `label`."""
        text, count = self.text, len(self.labels)
        faults = [name for name in self.labels if not re.fullmatch(label, name)]
        faults += sorted({name for name in self.labels if self.labels.count(name) > 1})
        if not count == text.count("{math}") == text.count(":label:") > 0:
            faults.append("a displayed equation without a label, or none at all")
        # KaTeX would number align itself.
        return faults + re.findall(r"\$\$|\\begin\{(?!split\}).*", text)

    def without_partner(self, tests: Path) -> list[str]:
        """Labels without a test, tests without a label, and tests of which there are two."""
        names = re.findall(r"^def test_(eq_\w+)\(", tests.read_text(encoding="utf-8"), re.MULTILINE)
        twice = {name for name in names if names.count(name) > 1}
        return sorted(twice | ({name.replace("_", "-") for name in names} ^ set(self.labels)))

    def dangling_references(self) -> list[str]:
        """References to equations and sections that do not exist, and numbers out of order."""
        faults = sorted(set(re.findall(r"\{eq\}`([^`]+)`", self.text)) - set(self.labels))
        if self.sections != list(range(1, len(self.sections) + 1)):
            faults.append(f"sections are numbered {self.sections}")
        named = re.findall(SECTIONS, self.prose)
        faults += [
            f"section {n}" for pair in named for n in pair if n and int(n) not in self.sections
        ]
        return faults

    def strange_numbers(self, known: Iterable[str]) -> list[str]:
        """Figures outside `known` passages; 0, 1 and 2 may stand in formulas as they like."""
        prose = re.sub(
            r"^## \d+\. |^\*\*(?:Time\.|Exercise(?: \d)?\.)\*\*(?: About.*)?",
            "",
            DIRECTIVE.sub("", self.text),
            flags=re.MULTILINE,
        )
        prose = squeezed(prose)
        for passage in known:
            prose = prose.replace(passage, "")
        prose = re.sub(r"\{(?:eq|cite:p)\}`[^`]+`|\]\([^)]+\)", "", prose)
        prose = re.sub(rf"{SECTIONS}|[Cc]hapter \d", "", prose)
        return sorted(set(re.findall(r"\d+(?:\.\d+)?", prose)) - {"0", "1", "2"})


def of(fingerprint: str) -> Callable:
    """Tie a test to the equation that it checks, as the page prints it."""

    def tie(test: Callable) -> Callable:
        test.fingerprint = fingerprint
        return test

    return tie


def is_of(test: Callable, latex: str) -> bool:
    """Whether a test is tied to this equation; if not, say what to do."""
    fingerprint = hashlib.sha256(squeezed(latex).encode()).hexdigest()[:8]
    print(f"The page now prints:\n{latex}\nCheck `printed` in the test, then write")
    print(f'@of("{fingerprint}")')
    return test.fingerprint == fingerprint


def log_normal(x: sp.Expr, mean: sp.Expr, sd: sp.Expr) -> sp.Expr:
    """SymPy's own logarithm of the normal density."""
    return sp.expand_log(sp.log(density(Normal("x", mean, sd))(x)), force=True)


def same(left: sp.Expr, right: sp.Expr) -> bool:
    return sp.simplify(sp.expand(left - right)) == 0
