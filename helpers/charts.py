"""The charts that a reader can move. Each says in its title what its sliders have done."""

import math

import altair as alt
import pandas as pd

from helpers.choices import COMPLETE, POOLED, RAW

LINE = "#666666"


def _finish(chart: alt.LayerChart, parameters: list[alt.Parameter], readout: str) -> alt.LayerChart:
    """Give a chart its sliders; `readout`, an expression, says in words what they have done.

    The title shows these words, and `assets/charts.js` gives them to screen readers.
    """
    return (
        chart.add_params(*parameters, alt.param(name="readout", expr=readout))
        .properties(width=480, height=320, title=alt.Title(alt.expr("split(readout, '; ')")))
        .configure_axis(labelFontSize=12, titleFontSize=12, titleFontWeight="normal")
        .configure_axisX(grid=False)
        .configure_legend(labelFontSize=12)
        .configure_title(anchor="start", fontSize=13, fontWeight="normal")
        .configure_view(stroke=None)
    )


def _check(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be positive and finite, not {value}")


def pooling_dial(
    schools: pd.DataFrame, mu: float, sigma_y: float, fitted_sigma_alpha: float
) -> alt.LayerChart:
    """Slide every school from complete pooling to none, by moving σ_α.

    Parameters
    ----------
    schools : DataFrame
        One row a school: ``n`` (pupils) and ``mean`` (their observed mean, in points).
    mu, sigma_y : float
        Mean of the schools' means, and standard deviation of pupils within a school, in points.
    fitted_sigma_alpha : float
        Where the dial starts, in points.

    Returns
    -------
    altair.LayerChart
        Its slider moves the logarithm of σ_α over three decades around the fitted value.

    Raises
    ------
    ValueError
        If a standard deviation is not positive and finite, or `mu` is missing or infinite.
    """
    _check(sigma_y=sigma_y, fitted_sigma_alpha=fitted_sigma_alpha)
    if not math.isfinite(mu):
        raise ValueError(f"mu must be finite, not {mu}")
    rows = schools[["n", "mean"]].round(3).rename_axis("school").reset_index()
    mu, sigma_y, start = round(mu, 3), round(sigma_y, 3), round(math.log10(fitted_sigma_alpha), 3)
    median = rows["n"].quantile(interpolation="lower")  # a school's own size, never a half pupil

    low = math.floor(start) - 1
    bind = alt.binding_range(min=low, max=low + 3, step=0.02, name="log₁₀ of σ_α")
    parameters = [
        alt.param(name="log_sigma_alpha", value=start, bind=bind),
        alt.param(name="sigma_alpha", expr="pow(10, log_sigma_alpha)"),
        alt.param(name="variance_ratio", expr=f"pow({sigma_y} / sigma_alpha, 2)"),
    ]
    readout = (
        f"'σ_α = ' + format(sigma_alpha, '.2r') + ' points (fitted: ' + "
        f"format({fitted_sigma_alpha:.3g}, '.2r') + '); the median school ({median} pupils) "
        f"keeps ' + format({median} / ({median} + variance_ratio), '.0%') + ' of its own mean'"
    )
    base = (
        alt.Chart(rows)
        .transform_calculate(kept="datum.n / (datum.n + variance_ratio)")
        .transform_calculate(pooled=f"datum.kept * datum.mean + (1 - datum.kept) * {mu}")
        .encode(
            x=alt.X("n:Q", title="pupils in the school", axis=alt.Axis(tickCount=5)),
            y=alt.Y("mean:Q", title="average score (points)", scale=alt.Scale(zero=False)),
            tooltip=[
                alt.Tooltip("school:N"),
                alt.Tooltip("n:Q", title="pupils"),
                alt.Tooltip("mean:Q", title="raw mean", format=".1f"),
                alt.Tooltip("pooled:Q", title="partially pooled", format=".1f"),
                alt.Tooltip("kept:Q", title="keeps of its raw mean", format=".0%"),
            ],
        )
    )
    common = alt.Chart().encode(y=alt.datum(mu))
    line = common.mark_rule(color=LINE)
    name = common.mark_text(align="left", dx=5, fontSize=13).encode(
        x=alt.value("width"), text=alt.value("μ")
    )
    moves = base.mark_rule(color=LINE, opacity=0.5).encode(y2="pooled:Q")
    key = alt.Legend(title=None, orient="bottom", symbolType="circle")
    # A constant has a legend of its own only as a field.
    rings = base.transform_calculate(label="'raw mean'")
    raw = rings.mark_point(size=40, strokeWidth=1.3, opacity=0.9).encode(
        stroke=alt.Stroke("label:N", scale=alt.Scale(range=[RAW]), legend=key)
    )
    dots = base.transform_calculate(label="'partially pooled'")
    pooled = dots.mark_point(size=40, stroke=None, opacity=1).encode(
        y="pooled:Q", fill=alt.Fill("label:N", scale=alt.Scale(range=[POOLED]), legend=key)
    )
    return _finish(alt.layer(line, name, moves, raw, pooled), parameters, readout)


def school_microscope(
    n: int, mean: float, mu: float, sigma_y: float, sigma_alpha: float
) -> alt.LayerChart:
    """One school: what its city says, what its pupils say, and both together.

    Parameters
    ----------
    n, mean : int, float
        Number of pupils, and their observed mean in points. Where the sliders start.
    mu : float
        Mean of the schools' means, in points. It has no slider.
    sigma_y, sigma_alpha : float
        Standard deviations of pupils and of schools, in points. Where the sliders start.

    Returns
    -------
    altair.LayerChart
        Prior, likelihood (as a density) and posterior of the school's true mean, given the rest.

    Raises
    ------
    ValueError
        If `n` or a standard deviation is not positive and finite.
    """
    _check(n=n, sigma_y=sigma_y, sigma_alpha=sigma_alpha)
    mu, mean = round(mu, 1), round(mean, 1)

    def slider(name: str, value: float, label: str, low: float, high: float, step: float):
        bind = alt.binding_range(min=low, max=high, step=step, name=label)
        return alt.param(name=name, value=round(value, 1), bind=bind)

    parameters = [
        slider("n", n, "pupils, n", 1, 99, 1),
        slider("ybar", mean, "raw mean (points)", mu - 15, mu + 15, 0.5),
        slider("sigma_y", sigma_y, "σ_y, pupils' sd (points)", 1, 20, 0.5),
        slider("sigma_alpha", sigma_alpha, "σ_α, schools' sd (points)", 0.5, 10, 0.1),
        alt.param(name="se", expr="sigma_y / sqrt(n)"),
        alt.param(name="weight", expr="n / (n + pow(sigma_y / sigma_alpha, 2))"),
        alt.param(name="pooled", expr=f"weight * ybar + (1 - weight) * {mu}"),
        alt.param(name="pooled_sd", expr="1 / sqrt(1 / pow(se, 2) + 1 / pow(sigma_alpha, 2))"),
    ]
    readout = (
        "'λ = ' + format(weight, '.2f') + ': the school keeps ' + format(weight, '.0%') "
        f"+ ' of its own mean; estimate ' + format(weight, '.2f') + ' × ' + "
        f"format(ybar, '.1f') + ' + ' + format(1 - weight, '.2f') + ' × {mu} = ' + "
        "format(pooled, '.1f') + ' points, sd ' + format(pooled_sd, '.1f')"
    )
    curves = {  # label: (mean, sd, colour, dash)
        "prior: the city": (str(mu), "sigma_alpha", COMPLETE, [6, 3]),
        "likelihood: its pupils": ("ybar", "se", RAW, [2, 2]),
        "posterior: both": ("pooled", "pooled_sd", POOLED, [1, 0]),
    }
    chart = alt.Chart(alt.sequence(mu - 20, mu + 20, 0.1, as_="x"))
    for label, (centre, sd, _, _) in curves.items():
        chart = chart.transform_calculate(**{label: f"densityNormal(datum.x, {centre}, {sd})"})
    scales = {
        "color": alt.Scale(domain=list(curves), range=[c[2] for c in curves.values()]),
        "strokeDash": alt.Scale(domain=list(curves), range=[c[3] for c in curves.values()]),
    }
    legend = alt.Legend(title=None, orient="bottom", symbolType="stroke", columns=1)
    lines = (
        chart.transform_fold(list(curves), as_=["curve", "density"])
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("x:Q", title="the school's true mean (points)", scale=alt.Scale(zero=False)),
            y=alt.Y("density:Q", title="density"),
            color=alt.Color("curve:N", scale=scales["color"], legend=legend),
            strokeDash=alt.StrokeDash("curve:N", scale=scales["strokeDash"], legend=legend),
        )
    )
    return _finish(alt.layer(lines), parameters, readout)


def comparison_chart(schools: pd.DataFrame, start: int) -> alt.LayerChart:
    """Pick a school, and see its raw mean, its pooled mean and the truth.

    Parameters
    ----------
    schools : DataFrame
        One row a school: ``n`` (pupils), and ``raw``, ``pooled`` and ``truth`` in points.
    start : label
        The school that is picked at first.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    ValueError
        If `start` is not a school.
    """
    if start not in schools.index:
        raise ValueError(f"there is no school {start!r}")
    rows = schools[["n", "raw", "pooled", "truth"]].round(1).rename_axis("school").reset_index()
    rows["words"] = [
        f"School {row.school}: {row.n:.0f} pupils; raw mean {row.raw:.1f}, pooled "
        f"{row.pooled:.1f}, truth {row.truth:.1f}"
        for row in rows.itertuples()
    ]
    labels = rows["school"].astype(str).tolist()  # a page's menu gives back text
    bind = alt.binding_select(options=labels, name="school")
    parameters = [
        alt.param(name="picked", value=str(start), bind=bind),
    ]
    readout = f"{rows['words'].tolist()}[indexof({labels}, picked)]"
    base = alt.Chart(rows).encode(
        x=alt.X("n:Q", title="pupils in the school"),
        tooltip=[
            alt.Tooltip("school:N"),
            alt.Tooltip("n:Q", title="pupils"),
            alt.Tooltip("raw:Q", title="raw mean", format=".1f"),
            alt.Tooltip("pooled:Q", title="partially pooled", format=".1f"),
            alt.Tooltip("truth:Q", title="truth", format=".1f"),
        ],
    )
    mine = base.transform_filter("toString(datum.school) == picked")
    marks = {"raw": ("raw mean", RAW, "circle"), "pooled": ("partially pooled", POOLED, "circle")}
    marks["truth"] = ("truth", "#000000", "stroke")
    scale = alt.Scale(
        domain=[label for label, _, _ in marks.values()],
        range=[colour for _, colour, _ in marks.values()],
    )
    legend = alt.Legend(title=None, orient="bottom")
    layers = [mine.mark_rule(color=LINE).encode(y="raw:Q", y2="pooled:Q")]
    for column, (label, _, shape) in marks.items():
        y = alt.Y(f"{column}:Q", title="points", scale=alt.Scale(zero=False))
        for part, size, opacity in ((base, 25, 0.35), (mine, 170, 1)):
            dots = part.transform_calculate(kind=f"'{label}'").mark_point(
                filled=shape == "circle", shape=shape, size=size, strokeWidth=3, opacity=opacity
            )
            colour = alt.Color("kind:N", scale=scale, legend=legend)
            layers.append(dots.encode(y=y, color=colour))
    return _finish(alt.layer(*layers), parameters, readout)
