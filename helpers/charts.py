"""The charts that a reader can move: on the website, in JupyterLab, and from disk.

Each is drawn here as it stands at first; `charts.js` moves the same marks and says the same words.
"""

import html
import math
from collections.abc import Iterable

import numpy as np
import pandas as pd

from helpers.choices import COMPLETE, MUTED, POOLED, RAW
from helpers.interactive import (
    HEIGHT,
    LiveChart,
    Scale,
    axes,
    bottom_axis,
    city,
    dot,
    key,
    name,
    points,
    ring,
    sizes,
    slider,
    stroke,
    tick,
)
from helpers.likelihood import plan
from helpers.own_data.words import plural
from helpers.pooling import partially_pooled_mean, partially_pooled_sd, pooling_weight

KEY = {"raw mean": ring(0, 0, RAW), "estimate": dot(0, 0, POOLED), "truth": tick(0, 0)}


def _check(**values: float) -> None:
    for word, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{word} must be positive and finite, not {value}")


def _place(school: object, schools: pd.DataFrame) -> int:
    if school not in schools.index:
        raise ValueError(f"there is no school {school!r}")
    return schools.index.get_loc(school)


def _curves(*curves: tuple[Iterable[str], str, str]) -> str:
    """Lines through points, "x y" in per cent and pixels, each with its colour and dashes."""
    drawn = "".join(
        f'<path class="curve" d="M{"L".join(path)}" fill="none" stroke="{colour}" '
        f'stroke-width="2.5" stroke-dasharray="{dashes}" vector-effect="non-scaling-stroke"/>'
        for path, colour, dashes in curves
    )
    box = f'viewBox="0 0 100 {HEIGHT}" preserveAspectRatio="none" width="100%" height="{HEIGHT}"'
    return f"<svg {box}>{drawn}</svg>"


def pooling_dial(
    schools: pd.DataFrame,
    mu: float,
    sigma_y: float,
    sigma_alpha: float,
    *,
    named: object,
    group: str = "school",
    units: str = "pupils",
    value: str = "average score",
    all_of: str = "city",
) -> LiveChart:
    """Slide every school from complete pooling to none, by how much schools differ.

    Parameters
    ----------
    schools : DataFrame
        One row a school: ``n`` (pupils) and ``mean`` (their raw mean, in points).
    mu, sigma_y : float
        Mean of the schools' means, and standard deviation of pupils within a school, in points.
    sigma_alpha : float
        Where the slider starts, in points. It moves by the share that the school of middle size
        keeps of its own mean, from 0 to 100%, and starts at the nearest per cent between.
    named : label
        The school that the picture and the sentence name.
    group, units, value, all_of : str
        What the chart calls a school, its pupils, what is measured in points, and all schools.

    Returns
    -------
    LiveChart

    Raises
    ------
    ValueError
        If a standard deviation is not positive and finite, `mu` is missing or infinite, or there
        is no such school.
    """
    _check(sigma_y=sigma_y, sigma_alpha=sigma_alpha)
    if not math.isfinite(mu):
        raise ValueError(f"mu must be finite, not {mu}")
    here, groups = _place(named, schools), plural(group)
    n, means = schools["n"].astype(int).tolist(), schools["mean"].round(3).tolist()
    mu, sigma_y = round(mu, 2), round(sigma_y, 2)
    small, middle, large = min(n), sorted(n)[(len(n) - 1) // 2], max(n)
    position = round(100 * pooling_weight(middle, sigma_y, sigma_alpha).item())
    position = min(max(position, 1), 99)  # the ends are for the reader to find
    spread = sigma_y * math.sqrt(position / (100 - position) / middle)

    across, up = sizes(schools["n"]), points([*means, mu])
    estimates = partially_pooled_mean(n, means, mu, sigma_y, spread).tolist()
    marks = [*axes(up, across, f"{value}, points", f"{units} in the {group}")]
    marks.append(city(up.at(mu), all_of))
    marks.append(key(*list(KEY.items())[:2]))
    for size, mean, estimate in zip(n, means, estimates, strict=True):
        x, top, end = across.at(size), up.at(mean), up.at(estimate)
        stem = f'<line class="stem" x1="{x}" x2="{x}" y1="{top}" y2="{end}" stroke="{MUTED}"/>'
        marks.append(stem + ring(x, top, RAW) + dot(x, end, POOLED))
    marks.append(name(across.at(n[here]), up.at(means[here]), f"{group} {named}"))
    keeps = [pooling_weight(size, sigma_y, spread).item() for size in (small, large)]
    words = (
        f"If {groups} differ by {spread:.1f} points, a {group} of {small} keeps {keeps[0]:.0%} of "
        f"its own mean and one of {large} keeps {keeps[1]:.0%}. "
        f"{group.capitalize()} {named}: {means[here]:.1f} becomes {estimates[here]:.1f}."
    )
    steps = (0, 100, 1, position)
    ends = ("not at all", "completely")
    values = {"mu": mu, "sigma_y": sigma_y, "small": small, "middle": middle, "large": large}
    return LiveChart(
        "dial",
        f"Raw mean (ring) and estimate (dot) of {len(n)} {groups} against their number of {units}. "
        f"Small {groups}' dots lie near the mean of all, large {groups}' dots near their rings.",
        words,
        [slider("position", f"How much {groups} differ", f"{spread:.1f} points", steps, ends)],
        marks,
        {
            **values,
            "n": n,
            "mean": means,
            "here": here,
            "named": str(named),
            "up": up.ends,
            "group": group,
            "groups": groups,
        },
    )


def school_microscope(
    n: int, mean: float, mu: float, sigma_y: float, sigma_alpha: float
) -> LiveChart:
    """One school: what the prior says, what its pupils say, and both together.

    Parameters
    ----------
    n, mean : int, float
        Number of pupils, and their raw mean in points. Where two of the sliders start.
    mu, sigma_y : float
        Mean of the prior, and standard deviation of pupils, in points.
    sigma_alpha : float
        Standard deviation of the prior, in points. Where the third slider starts.

    Returns
    -------
    LiveChart
        Prior, likelihood (as a density) and posterior of the school's true mean, given the rest.

    Raises
    ------
    ValueError
        If `n` or a standard deviation is not positive and finite.
    """
    _check(n=n, sigma_y=sigma_y, sigma_alpha=sigma_alpha)
    mu, mean, sigma_y, sigma_alpha = (round(v, 1) for v in (mu, mean, sigma_y, sigma_alpha))
    low, high = round(min(mu, mean)) - 15, round(max(mu, mean)) + 15  # wherever the sliders are
    most, least = max(30, n), min(3, sigma_alpha)  # pupils, and points: where two sliders end
    top = 0.42 / partially_pooled_sd(most, sigma_y, least).item()  # no curve is as high
    weight = pooling_weight(n, sigma_y, sigma_alpha).item()
    centre = partially_pooled_mean(n, mean, mu, sigma_y, sigma_alpha).item()
    sd = partially_pooled_sd(n, sigma_y, sigma_alpha).item()
    curves = {  # colour, dashes, mean, sd
        "prior": (COMPLETE, "7 4", mu, sigma_alpha),
        "likelihood": (RAW, "2 3", mean, sigma_y / math.sqrt(n)),
        "posterior": (POOLED, "none", centre, sd),
    }
    x, drawn = np.linspace(low, high, 201), []
    for colour, dashes, middle, width in curves.values():
        density = np.exp(-(((x - middle) / width) ** 2) / 2) / (width * math.sqrt(2 * math.pi))
        heights = HEIGHT * (1 - np.minimum(density / top, 1))
        path = [f"{i / 2:g} {height:.1f}" for i, height in enumerate(heights)]
        drawn.append((path, colour, dashes))
    across = Scale(low, high)
    ticks = {value: across.at(value) for value in range(-(-low // 10) * 10, high + 1, 10)}
    marks = [
        *bottom_axis(ticks, "the school's true mean, points"),
        key(*((label, stroke(*curve[:2])) for label, curve in curves.items())),
        _curves(*drawn),
    ]
    spread = f"{sigma_alpha:.1f} points"
    return LiveChart(
        "microscope",
        "Three curves for the true mean of one school: the prior around a mean of its own, "
        "the likelihood around the raw mean, and the posterior, nearer to the narrower of the two.",
        f"The school keeps {weight:.0%} of its own mean: {weight:.2f} × {mean:.1f} + "
        f"{1 - weight:.2f} × {mu:.1f} = {centre:.1f} points, with an sd of {sd:.1f}.",
        [
            slider("n", "Pupils", f"{n}", (1, most, 1, n)),
            slider("mean", "Raw mean", f"{mean:.1f} points", (low + 5, high - 5, 0.1, mean)),
            slider("sigma_alpha", "Sd of the prior", spread, (least, 30, 0.1, sigma_alpha)),
        ],
        marks,
        {"mu": mu, "sigma_y": sigma_y, "low": low, "high": high, "top": top},
    )


def comparison_chart(schools: pd.DataFrame, named: dict[object, str]) -> LiveChart:
    """Pick a school, and see its raw mean, its pooled estimate and the truth.

    Parameters
    ----------
    schools : DataFrame
        One row a school: ``n`` (pupils), and ``raw``, ``pooled`` and ``truth`` in points.
    named : dict
        The schools that have a button, and its words. The first one is picked at first.

    Returns
    -------
    LiveChart

    Raises
    ------
    ValueError
        If one of them is not a school.
    """
    buttons = "".join(
        f'<button type="button" value="{_place(school, schools)}">{html.escape(words)}</button>'
        for school, words in named.items()
    )
    start = next(iter(named))
    here = _place(start, schools)
    n, labels = schools["n"].astype(int).tolist(), [str(label) for label in schools.index]
    raw, pooled, truth = (schools[c].round(1).tolist() for c in ("raw", "pooled", "truth"))
    up, across = points([*raw, *pooled, *truth]), sizes(schools["n"])
    x = [across.at(size) for size in n]
    y = [[up.at(value) for value in values] for values in zip(raw, pooled, truth, strict=True)]
    marks = [*axes(up, across, "school mean, points"), key(*KEY.items())]
    for place, heights in zip(x, y, strict=True):
        marks.append(ring(place, heights[0], RAW, 3) + dot(place, heights[1], POOLED, 3))
        marks.append(tick(place, heights[2], 4, 1.5))
    mine, (top, end, true) = x[here], y[here]
    marks.append(
        f'<g class="picked"><line x1="{mine}" x2="{mine}" y1="{top}" y2="{end}" stroke="{MUTED}"/>'
        f"{ring(mine, top, RAW, 8)}{dot(mine, end, POOLED, 7)}{tick(mine, true, 12, 4)}"
        f"{name(mine, top, f'school {start}')}</g>"
    )
    options = "".join(
        f'<option value="{place}"{" selected" * (place == here)}>{html.escape(label)}</option>'
        for place, label in enumerate(labels)
    )
    gain = abs(raw[here] - truth[here]) - abs(pooled[here] - truth[here])
    moved = "no nearer to" if abs(gain) < 0.05 else "nearer to" if gain > 0 else "farther from"
    return LiveChart(
        "comparison",
        f"Raw mean, estimate and true mean of {len(n)} schools against their number of pupils. "
        "Estimates lie close to the truths, the raw means of small schools far from both.",
        f"School {start}, {n[here]} pupils: raw mean {raw[here]:.1f}, estimate {pooled[here]:.1f}, "
        f"truth {truth[here]:.1f}. Pooling brought it {moved} the truth.",
        [buttons, f'<label>Any school <select name="school">{options}</select></label>'],
        marks,
        {"label": labels, "n": n, "x": x, "y": y, "raw": raw, "pooled": pooled, "truth": truth},
    )


def planner_chart(groups: int, size: int, sigma_y: float, sigma_alpha: float) -> LiveChart:
    """Plan a study: how many schools of how many pupils, and how precise that will be.

    Parameters
    ----------
    groups, size : int
        Number of schools, and of pupils in each. Where two of the sliders start.
    sigma_y : float
        Standard deviation of pupils within a school, in points.
    sigma_alpha : float
        Standard deviation of the schools' means, in points. Where the third slider starts.

    Returns
    -------
    LiveChart
        Root mean square error of a school's mean, raw and pooled, against pupils in each, with
        numbers from `helpers.likelihood.plan`: both standard deviations are taken as known.

    Raises
    ------
    ValueError
        As `helpers.likelihood.plan`.
    """
    sigma_y, sigma_alpha = round(sigma_y, 1), round(sigma_alpha, 1)
    (chosen,) = plan(groups, size, sigma_y, sigma_alpha).to_dict("records")
    most, least = max(100, size), min(0.5, sigma_alpha)  # pupils, and points: where sliders end
    table = plan(groups, np.arange(2, most + 1), sigma_y, sigma_alpha)
    across, up = sizes(table["size"]), Scale(0, math.ceil(table["raw_rmse"][0]), upward=True)
    x, (raw, pooled) = across.at(size), (chosen["raw_rmse"], chosen["pooled_rmse"])
    curves = {"raw mean": ("raw_rmse", RAW, "2 3"), "pooled mean": ("pooled_rmse", POOLED, "none")}
    places = [across.at(n).strip("%") for n in table["size"]]
    drawn = [
        ([f"{place} {up.at(v)}" for place, v in zip(places, table[error], strict=True)], *style)
        for error, *style in curves.values()
    ]
    stem = f'<line class="stem" x1="{x}" x2="{x}" y1="{up.at(raw)}" y2="{up.at(pooled)}" '
    marks = [
        *axes(up, across, "typical error of a school's mean, points"),
        key(*((label, stroke(*style)) for label, (_, *style) in curves.items())),
        _curves(*drawn),
        f'{stem}stroke="{MUTED}"/>{ring(x, up.at(raw), RAW)}{dot(x, up.at(pooled), POOLED)}',
    ]
    spread = f"{sigma_alpha:.1f} points"
    steps = (least, max(10, sigma_alpha), 0.1, sigma_alpha)
    return LiveChart(
        "planner",
        "Typical error of a school's mean against its number of pupils: it falls for raw means, "
        "and is smaller for pooled ones, much so in small schools. The chosen size is marked.",
        f"A raw mean is typically off by {raw:.2f} points, a pooled one by {pooled:.2f}. "
        f"The standard error of σ_α is {chosen['sigma_alpha_se']:.2f} points. "
        f"In {chosen['right_order']:.0%} of pairs, the school with the higher estimate "
        "is the better school.",
        [
            slider("groups", "Schools", f"{groups}", (2, max(100, groups), 1, groups)),
            slider("size", "Pupils in each", f"{size}", (2, most, 1, size)),
            slider("sigma_alpha", "Sd of schools, σ_α", spread, steps),
        ],
        marks,
        {"sigma_y": sigma_y, "most": across.high, "up": up.ends},
    )
