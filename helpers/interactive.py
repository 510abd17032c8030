"""What the charts that a reader can move are made of: controls, marks, axes and a sentence.

Horizontal places are shares of the width, so that a chart is as wide as its column and its text
stays as large. `charts.css` sets the text, and `charts.js` moves the marks.
"""

import html
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers.choices import COMPLETE, INK, MUTED

HEIGHT = 230  # of the plot, in CSS pixels
ABOVE, BELOW = 54, 44  # for the key and the title, and for the axis


class LiveChart:
    """A picture, its controls, and the sentence that says what it shows.

    Parameters
    ----------
    kind : str
        The function of `charts.js` that moves it.
    alt : str
        What it shows, for a reader who cannot see it.
    words : str
        The sentence below the picture, at first.
    controls, marks : iterable of str
        HTML, and SVG.
    values : dict
        What `charts.js` needs to know.
    table : str
        HTML of the table that stands in the picture's place.
    """

    def __init__(
        self,
        kind: str,
        alt: str,
        words: str,
        controls: Iterable[str],
        marks: Iterable[str],
        values: dict[str, object],
        table: str = "",
    ) -> None:
        self.alt = alt
        data = html.escape(json.dumps({"height": HEIGHT, **values}, ensure_ascii=False))
        picture = table or (
            '<div class="live-chart-plot">'
            f'<svg role="img" aria-label="{html.escape(alt)}" width="100%" '
            f'height="{ABOVE + HEIGHT + BELOW}"><svg y="{ABOVE}" overflow="visible">\n'
            f"{'\n'.join(marks)}\n</svg></svg></div>"
        )
        self.figure = (
            f'<figure class="live-chart" data-kind="{kind}" data-values="{data}">\n'
            f'<form class="live-chart-controls">{"".join(controls)}'
            f'<button type="reset">Start again</button></form>\n{picture}\n'
            f'<p class="live-chart-words" aria-live="polite">{words}</p>\n</figure>'
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        style, script = (
            Path(__file__).with_name(f"charts.{kind}").read_text(encoding="utf-8")
            for kind in ("css", "js")
        )
        page = f"<style>\n{style}</style>\n{self.figure}\n<script>\n{script}</script>"
        return {"text/html": page, "text/plain": self.alt}


@dataclass(frozen=True)
class Scale:
    """From a value to its place: a share of the width, or pixels from the top of the plot."""

    low: float
    high: float
    upward: bool = False
    root: bool = False

    @property
    def ends(self) -> list[float]:
        return [self.low, self.high]

    def at(self, value: float) -> str:
        ends = [self.low, value, self.high]
        low, value, high = map(math.sqrt, ends) if self.root else ends
        share = (value - low) / (high - low)
        return f"{HEIGHT * (1 - share):.1f}" if self.upward else f"{100 * share:.2f}%"


def points(values: Iterable[float]) -> Scale:
    """The vertical scale that holds all values."""
    values = list(values)
    return Scale(math.floor(min(values) - 1), math.ceil(max(values) + 1), upward=True)


def sizes(n: pd.Series) -> Scale:
    """The horizontal scale of numbers of pupils; a square root gives small schools room."""
    return Scale(0, n.max() * 1.02, root=True)


def axes(
    up: Scale, across: Scale, title: str, bottom: str = "pupils in the school"
) -> Iterable[str]:
    """Both axes of a chart that sets schools' means against their number of pupils."""
    size = 10 ** max(0, math.floor(math.log10((up.high - up.low) / 6)))
    step = next(size * s for s in (1, 2, 5, 10) if (up.high - up.low) / (size * s) <= 6)
    for value in range(math.ceil(up.low / step) * step, math.floor(up.high) + 1, step):
        y = up.at(value)
        yield f'<line x1="0" x2="100%" y1="{y}" y2="{y}" stroke="#e2e2e0"/>'
        yield f'<text x="-8" y="{y}" dy="4" text-anchor="end">{value}</text>'
    yield f'<text x="-30" y="-14">{title}</text>'
    ticks: dict[float, str] = {}
    last = -math.inf
    for size in (2, 10, 25, 50, 75, 100, 200, 500, 1000):
        share = math.sqrt(size / across.high)
        if share <= 1 and share - last >= 0.09:  # on a phone, room for three digits
            ticks[size], last = across.at(size), share
    yield from bottom_axis(ticks, bottom)


def bottom_axis(ticks: dict[float, str], title: str) -> Iterable[str]:
    """An axis with its numbers and its title below the plot."""
    yield f'<line x1="0" x2="100%" y1="{HEIGHT}" y2="{HEIGHT}" stroke="{MUTED}"/>'
    for value, place in ticks.items():
        yield f'<text x="{place}" y="{HEIGHT + 18}" text-anchor="middle">{value}</text>'
    yield f'<text x="100%" y="{HEIGHT + 38}" text-anchor="end">{title}</text>'


def key(*entries: tuple[str, str]) -> str:
    """What each mark means, in a row above the plot: words, and SVG centred on 0."""
    places = [f"{100 * i / len(entries):.0f}%" for i in range(len(entries))]
    return "".join(
        f'<svg x="{place}" y="-42" overflow="visible"><g transform="translate(-20 0)">{mark}</g>'
        f'<text x="-4" dy="4">{words}</text></svg>'
        for place, (words, mark) in zip(places, entries, strict=True)
    )


def ring(x: str | float, y: str | float, colour: str, r: float = 4.5) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{r}" fill="none" stroke="{colour}" stroke-width="1.6"/>'


def dot(x: str | float, y: str | float, colour: str, r: float = 4) -> str:
    return f'<circle class="dot" cx="{x}" cy="{y}" r="{r}" fill="{colour}"/>'


def tick(x: str | float, y: str | float, half: float = 6, thick: float = 2.5) -> str:
    path = f'<path d="M-{half} 0h{2 * half}" stroke="{INK}" stroke-width="{thick}"/>'
    return f'<svg class="tick" x="{x}" y="{y}" overflow="visible">{path}</svg>'


def stroke(colour: str, dashes: str) -> str:
    return f'<path d="M-12 0h20" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"/>'


def city(y: str, word: str = "city") -> str:
    """The mean of all: a line across, named at its end."""
    line = f'<line x1="0" x2="100%" y1="{y}" y2="{y}" stroke="{COMPLETE}" stroke-width="2"/>'
    return f'{line}<text x="100%" y="{y}" dx="6" dy="4">{word}</text>'


def name(x: str, y: str, words: str) -> str:
    return f'<text class="name" x="{x}" y="{y}" dx="12" dy="4">{html.escape(words)}</text>'


def slider(
    control: str,
    label: str,
    value: str,
    steps: tuple[float, float, float, float],
    ends: tuple[str, str] = ("", ""),
) -> str:
    """A range from low to high in steps, with where it starts; its value is in words beside it."""
    low, high, step, start = steps
    words = [f'<span class="end">{end}</span>' if end else "" for end in ends]
    return (
        f'<label><span class="label">{label}</span> <span class="value">{value}</span>'
        f'<span class="track">{words[0]}<input type="range" name="{control}" '
        f'aria-label="{label}" min="{low:g}" max="{high:g}" step="{step:g}" value="{start:g}">'
        f"{words[1]}</span></label>"
    )
