"""The slides' figures: the chapters' colours, in letters that the last row can read.

Each function draws one, and returns it with what it shows, in words.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

from helpers.choices import COMPLETE, INK, MUTED, POOLED, RAW
from helpers.plots import plot_estimates
from helpers.pooling import partially_pooled_mean, partially_pooled_sd
from slides.facts import Z, city, errors, facts

WIDTH, HEIGHT = 1180, 400  # on the slide, in CSS pixels
POINTS = 18  # the smallest letters: 25 CSS pixels
# The chapters' style must not reach the slides.
STYLE = [
    "default",
    {
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.labelsize": POINTS,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": POINTS + 2,
        "figure.constrained_layout.use": True,
        "figure.dpi": 100,
        "font.size": POINTS,
        "grid.color": "#E5E5E5",
        "legend.frameon": False,
        "lines.markersize": 9,
        "svg.hashsalt": "slides",  # the same picture in each build
    },
]
Drawn = tuple[Figure, str]


def canvas(columns: int = 1, height: int = HEIGHT, **options: object) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(WIDTH / 100, height / 100))
    return figure, list(figure.subplots(1, columns, squeeze=False, **options)[0])


def against_size(ax: Axes, height: bool = True) -> None:
    ax.set_xlabel("pupils in the school")
    ax.set_xticks([2, 25, 50, 75, 99])
    if height:
        ax.set_ylabel("mean (points)")


def rings(ax: Axes, label: str = "raw mean") -> None:
    _, schools, _ = city()
    ax.plot(schools.n, schools["mean"], "o", color=RAW, mfc="none", mew=2, label=label)


def every_school_alone(ax: Axes) -> None:
    _, schools, _ = city()
    plot_estimates(ax, schools.n, schools[["mean", "lower", "upper"]], colour=RAW)


def name_the_first(ax: Axes) -> None:
    _, schools, _ = city()
    first = schools["mean"].idxmax()
    ax.text(schools.n[first] + 2, schools["mean"][first], f"school {first}", va="center")


def spread() -> Drawn:
    figure, (ax,) = canvas(height=280)
    line = np.linspace(30, 96, 400)
    for n, colour, dashes, label in (
        (1, MUTED, "--", "one pupil"),
        (9, RAW, "-", "mean of nine"),
    ):
        sd = 10 / np.sqrt(n)
        ax.plot(line, norm.pdf(line, 63, sd), color=colour, linestyle=dashes, linewidth=4)
        place = 63 + 1.1 * sd, norm.pdf(1.1) / sd
        ax.text(*place, f"  {label}: sd {sd:.{n > 1:d}f}", color=colour)
    ax.set(xlabel="points", ylim=0, yticks=[])
    said = f"sd 10; that of means of nine, sd {facts()['se_nine']}, is three times as narrow."
    return (
        figure,
        f"Two bell curves around a true mean of 63 points. That of single pupils has {said}",
    )


def funnel() -> Drawn:
    figure, (ax,) = canvas()
    line = np.linspace(1.5, 100, 400)
    reach = norm.ppf(0.975) * np.hypot(2, 10 / np.sqrt(line))
    ax.fill_between(line, 63 - reach, 63 + reach, color=MUTED, alpha=0.2, lw=0)
    ax.axhline(63, color=MUTED, linestyle="--", linewidth=2)
    rings(ax)
    name_the_first(ax)
    against_size(ax)
    ax.set_ylim(46, 80)
    return figure, (
        "Raw means of 50 schools against their number of pupils, and a grey band like a funnel: "
        "wide for few pupils, narrow for many. School 46, with two pupils, is the highest by far."
    )


def alone() -> Drawn:
    figure, (ax,) = canvas()
    every_school_alone(ax)
    name_the_first(ax)
    against_size(ax)
    return figure, (
        "Raw means of 50 schools with their 94% intervals, against the number of pupils. The "
        "intervals of the smallest schools are over twenty points long, those of the largest four."
    )


def as_one() -> Drawn:
    _, schools, _ = city()
    figure, (ax,) = canvas()
    line, far = np.linspace(1.5, 100, 400), schools.distance.abs() > 2.5
    mean, sd = schools.everyone.iloc[0], schools.within.iloc[0]
    half = Z * sd / np.sqrt(schools.n.sum())
    ax.axhspan(mean - half, mean + half, color=COMPLETE, alpha=0.4, lw=0)
    ax.axhline(mean, color=COMPLETE, linewidth=2)
    for sign in (-1, 1):
        ends = mean + sign * 2.5 * sd / np.sqrt(line)
        ax.plot(line, ends, color=MUTED, linestyle="--", linewidth=2)
    rings(ax)
    ax.plot(schools.n[far], schools["mean"][far], "o", color=RAW, mew=2)
    against_size(ax)
    ax.set_ylim(46, 80)
    return figure, (
        "Raw means of 50 schools against the number of pupils. A green line with a very narrow "
        "band is the mean of all pupils. Two dashed lines, 2.5 standard errors from it, come "
        f"closer to it with more pupils. {far.sum()} schools, filled, lie outside; most are large."
    )


def dial() -> Drawn:
    _, schools, fitted = city()
    mu, sigma_y, found = fitted[["global_mean", "sigma_y", "global_sigma"]]
    figure, axes = canvas(3, sharex=True, sharey=True)
    stops = {"all alike": 1e-6, f"sd of {found:.1f} points": found, "nothing in common": 1e6}
    for ax, (title, spread) in zip(axes, stops.items(), strict=True):
        estimate = partially_pooled_mean(schools.n, schools["mean"], mu, sigma_y, spread)
        ax.axhline(mu, color=COMPLETE, linewidth=2)
        ax.vlines(schools.n, schools["mean"], estimate, color=MUTED, alpha=0.5)
        rings(ax)
        ax.plot(schools.n, estimate, "o", color=POOLED, ms=6, label="estimate")
        ax.set_title(title)
        against_size(ax, height=ax is axes[0])
    axes[1].set_xlabel("pupils in the school")
    axes[0].legend(loc="upper right", handletextpad=0.1)
    return figure, (
        "Three panels, raw means as rings and estimates as dots. Left, schools all alike: all dots "
        "lie on the city's mean. Right, nothing in common: each dot lies in its ring. Middle: dots "
        "of small schools lie near the line, those of large schools nearer to their rings."
    )


def hills(product: bool = False) -> Drawn:
    _, schools, _ = city()
    mean = schools["mean"].max()
    figure, axes = canvas(2, height=310, sharex=True, sharey=True)
    line = np.linspace(50, 92, 500)
    for ax, n, title in zip(axes, (2, 99), ("2 pupils", "if it had 99 pupils"), strict=True):
        peak, sd = partially_pooled_mean(n, mean, 63, 10, 2), partially_pooled_sd(n, 10, 2)
        curves = [
            ("schools", 63, 2, COMPLETE, "--"),
            ("scores", mean, 10 / np.sqrt(n), RAW, ":"),
            ("product", peak, sd, POOLED, "-"),
        ]
        for label, middle, width, colour, dashes in curves[: 2 + product]:
            hill = norm.pdf(line, middle, width)
            ax.plot(line, hill, color=colour, linestyle=dashes, linewidth=4, label=label)
        ax.set(title=title, xlabel="true mean (points)", yticks=[], ylim=(0, 0.46))
    axes[1].legend(loc="upper left", borderpad=0)
    said = (
        "Two panels, two pupils and 99. In both the hill of the schools, dashed green, stands at "
        f"63 points. The hill of the scores, dotted orange, stands at {mean:.1f}: low and wide for "
        "two pupils, tall and narrow for 99."
    )
    peaks = f"{facts()['first_pooled']} points, and at {facts()['first_large']} for 99."
    return figure, said + f" Their product, blue, peaks at {peaks}" * product


def product() -> Drawn:
    return hills(product=True)


def fitted() -> Drawn:
    _, schools, found = city()
    pooled = schools.filter(like="pooled_").rename(columns=lambda name: name[7:])
    figure, axes = canvas(2, height=290, sharex=True, sharey=True)
    every_school_alone(axes[0])
    plot_estimates(axes[1], schools.n, pooled, colour=POOLED)
    for ax, title in zip(axes, ("each alone", "partial pooling"), strict=True):
        ax.axhline(found["global_mean"], color=COMPLETE, linewidth=2)
        ax.set_title(title)
        against_size(ax, height=ax is axes[0])
    return figure, (
        "Two panels that share their axes, estimates with 94% intervals against the number of "
        "pupils. Left, each school alone: intervals of small schools are over twenty points long. "
        "Right, partial pooling: all are short, and small schools' dots lie near the city's mean."
    )


def arrows() -> Drawn:
    _, schools, found = city()
    figure, (ax,) = canvas(height=430)
    ax.axhline(found["global_mean"], color=COMPLETE, linewidth=2)
    rings(ax)
    for n, raw, pooled in schools[["n", "mean", "pooled_mean"]].itertuples(index=False):
        arrow = {"arrowstyle": "-|>", "color": POOLED, "linewidth": 2, "shrinkB": 0}
        ax.annotate("", (n, pooled), (n, raw), arrowprops=arrow)
    name_the_first(ax)
    against_size(ax)
    return figure, (
        "Fifty arrows against the number of pupils, from each raw mean to the partially pooled "
        "estimate. All point to the green line of the city's mean. School 46's is the longest."
    )


def envelope() -> Drawn:
    _, schools, _ = city()
    few = schools.nsmallest(12, "n")
    figure = Figure(figsize=(WIDTH / 100, 5))
    left, right = figure.subplots(1, 2, width_ratios=[2, 1])
    rows = np.arange(len(few))
    left.hlines(rows, few["mean"], few.pooled_mean, color=MUTED, alpha=0.5)
    left.plot(few["mean"], rows, "o", color=RAW, mfc="none", mew=2, label="raw mean")
    left.plot(few.pooled_mean, rows, "o", color=POOLED, label="pooled")
    left.plot(few.truth, rows, "|", color=INK, markersize=22, mew=4, label="truth")
    left.set_yticks(rows, [f"{label} ({n} pupils)" for label, n in few.n.items()])
    left.set(xlabel="mean (points)", title="the twelve smallest schools")
    left.invert_yaxis()
    left.legend(loc="lower right", handletextpad=0.1)
    off = errors().loc["all"]
    right.bar(["alone", "as one", "partial"], off, color=[RAW, COMPLETE, POOLED])
    for place, error in enumerate(off):
        right.text(place, error + 0.05, f"{error:.1f}", ha="center")
    right.set(title="error, all 50 (points)", yticks=[], ylim=(0, 1.15 * off.max()))
    return figure, (
        "Left, the twelve smallest schools, a row each: in most rows the pooled estimate is nearer "
        "to the truth than the raw mean, for school 46 by more than ten points. Right, root mean "
        f"square errors of all 50: alone {off.iloc[0]:.1f} points, as one {off.iloc[1]:.1f}, "
        f"partial pooling {off.iloc[2]:.1f}."
    )


FIGURES: list[Callable[[], Drawn]] = [
    spread, funnel, alone, as_one, dial, hills, product, fitted, arrows, envelope,
]  # fmt: skip


def draw(folder: Path) -> dict[str, str]:
    """Write each figure as SVG into a folder, and give the alternative texts by name."""
    words = {}
    with style.context(STYLE):
        for function in FIGURES:
            figure, words[function.__name__] = function()
            figure.savefig(folder / f"{function.__name__}.svg", metadata={"Date": None})
    return words
