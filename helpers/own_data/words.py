"""The caller's own words for groups and units, and the labels of the groups in sentences."""

import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches

LISTED = 12  # labels in one sentence
IRREGULAR = {"child": "children", "man": "men", "person": "people", "woman": "women"}


def plural(word: str) -> str:
    """The plural of an English noun, by a small rule: hospital, city, class, person, species."""
    start, last = re.fullmatch(r"(.*?)(\w*)", word, flags=re.DOTALL).groups()
    if last.lower() in IRREGULAR:
        return start + IRREGULAR[last.lower()]
    if last.endswith("ies"):
        return word
    if re.search(r"[^aeiou]y$", last):
        return f"{word[:-1]}ies"
    return word + ("es" if re.search(r"(s|x|z|ch|sh)$", last) else "s")


def with_article(word: str) -> str:
    """A noun after "a" or "an"."""
    return f"a{'n' if word[0].lower() in 'aeio' else ''} {word}"


@dataclass(frozen=True)
class Words:
    """What the caller calls a group and a unit, in singular and plural."""

    group: str
    groups: str
    unit: str
    units: str

    @classmethod
    def of(cls, group: str, unit: str, groups: str | None, units: str | None) -> "Words":
        """Fill in the plurals that are not given; refuse what is no word."""
        given = {"group": group, "unit": unit, "groups": groups, "units": units}
        for name, word in given.items():
            if word is not None and not (isinstance(word, str) and word.strip()):
                raise ValueError(f"{name} must be a word, as in {name}='hospital', not {word!r}")
        if group == unit:
            raise ValueError(f"group and unit need a word each, not {group!r} for both")
        return cls(group, groups or plural(group), unit, units or plural(unit))

    @property
    def a_group(self) -> str:
        return with_article(self.group)

    @property
    def a_unit(self) -> str:
        return with_article(self.unit)

    def count_units(self, count: int) -> str:
        return f"{count:,} {self.unit if count == 1 else self.units}"

    def count_groups(self, count: int) -> str:
        return f"{count:,} {self.group if count == 1 else self.groups}"

    def translate(self, message: str) -> str:
        """Put these words into a message on schools and pupils; spare what it quotes."""
        mine = {
            "school": self.group,
            "schools": self.groups,
            "pupil": self.unit,
            "pupils": self.units,
        }
        pattern = r"""(?<!\w)'[^']*'|"[^"]*"|\b(a )?(schools?|pupils?)\b"""

        def said(found: re.Match) -> str:
            word = mine.get(found[2], found[0])
            return with_article(word) if found[1] else word

        return re.sub(pattern, said, message)

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Refusals from within come in these words."""
        try:
            yield
        except ValueError as problem:
            raise ValueError(self.translate(str(problem))) from problem


class Labels:
    """The labels of the groups: told apart in sentences, and found again.

    Parameters
    ----------
    labels : iterable
        All different; in the order of the table.
    """

    def __init__(self, labels: Iterable[Hashable]) -> None:
        self.place = {label: i for i, label in enumerate(labels)}
        seen = Counter(map(_looks, self.place))
        self._names = {
            label: ascii(label) if seen[_looks(label)] > 1 else str(label) for label in self.place
        }

    def name(self, label: Hashable) -> str:
        """The label as it is printed; as code would write it where another looks the same."""
        return self._names[label]

    def list(self, labels: Iterable[Hashable], most: int = LISTED) -> str:
        """Some names in a row: at most so many, and how many more."""
        names = [self.name(label) for label in labels]
        more = f", and {len(names) - most:,} more" if len(names) > most else ""
        return ", ".join(names[:most]) + more

    def find(self, label: Hashable, words: Words) -> int:
        """The place of a label in the table, or a ``ValueError`` that names those nearest."""
        try:
            return self.place[label]
        except (KeyError, TypeError):
            texts = {str(one): one for one in self.place}
            near = get_close_matches(str(label), texts, n=3, cutoff=0.5)
            shown = ", ".join(repr(texts[text]) for text in near or list(texts)[:3])
            raise ValueError(
                f"no {words.group} is called {label!r}; "
                f"{'the nearest labels' if near else 'the first labels'}: {shown}"
            ) from None


def _looks(label: Hashable) -> str:
    text = str(label)
    if not text.isascii():
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", text).split())
