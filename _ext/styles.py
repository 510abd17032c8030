"""Cut a site's styles to those that a page uses, and its icon font to the icons in use."""

import base64
import io
import logging
import re
from functools import cache
from pathlib import Path

import pydata_sphinx_theme
import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont

logging.getLogger("fontTools").setLevel(logging.WARNING)
FONTS = Path(pydata_sphinx_theme.__file__).parent.joinpath(
    "theme", "pydata_sphinx_theme", "static", "vendor", "fontawesome", "webfonts"
)


@cache
def parse(file: Path) -> list:
    """The rules of a style sheet: a selector list and a body, a nested list, or plain text."""
    return rules_of(file.read_text(encoding="utf-8"))


def rules_of(css: str) -> list:
    rules = []
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            prelude = tinycss2.serialize(rule.prelude)
            selectors = [
                (s, set(re.findall(r"\.([\w-]+)", re.sub(r":not\([^)]*\)", "", s))))
                for s in re.split(r",(?![^(]*\))", prelude)
            ]
            rules.append(("rule", selectors, tinycss2.serialize(rule.content)))
        elif rule.lower_at_keyword in ("media", "supports"):
            prelude = f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}"
            rules.append(("nested", prelude, rules_of(tinycss2.serialize(rule.content))))
        elif rule.lower_at_keyword not in ("font-face", "charset", "import"):
            rules.append(("text", "", rule.serialize()))
    return rules


def cut(rules: list, used: set[str]) -> str:
    """Leave out the rules for classes that are not used."""
    kept = []
    for kind, prelude, body in rules:
        if kind == "rule":
            mine = [selector for selector, classes in prelude if classes <= used]
            kept += [f"{','.join(mine)}{{{body}}}"] if mine else []
        elif kind == "nested":
            inner = cut(body, used)
            kept += [f"{prelude}{{{inner}}}"] if inner else []
        else:
            kept.append(body)
    return re.sub(r"\s+", " ", "".join(kept))


def icon_font(css: str) -> str:
    """A font of only the icons that the rules ask for, within a rule of its own."""
    font = TTFont(FONTS / "fa-solid-900.woff2", recalcTimestamp=False)
    cutter = subset.Subsetter()
    cutter.populate(text="".join(re.findall('"([\ue000-\uf8ff])"', css)))
    cutter.subset(font)
    file = io.BytesIO()
    font.save(file)
    data = base64.b64encode(file.getvalue()).decode()
    return (
        '@font-face{font-family:"Font Awesome 6 Free";font-weight:900;font-display:block;'
        f"src:url(data:font/woff2;base64,{data})}}"
    )
