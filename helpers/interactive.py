"""Charts that the reader can move: live in JupyterLab and on the website, a picture elsewhere."""

import math
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

# The newest Vega-Lite that JupyterLab draws, under the name it knows it by.
VEGA_LITE = "application/vnd.vegalite.v5+json"


class LiveChart:
    """What `show_chart` returns: a chart in every form that a notebook's viewer may want."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        # No text/html: JupyterLab would prefer it to the live chart. The picture is a PNG because
        # repository viewers and untrusted notebooks show no SVG.
        data = {
            VEGA_LITE: self.spec,
            "image/png": vl_convert.vegalite_to_png(self.spec, scale=1.5),
            "text/plain": self.spec["description"],
        }
        return data, {VEGA_LITE: {"embed_options": {"actions": False, "renderer": "svg"}}}


def show_chart(chart: alt.TopLevelMixin, alt: str) -> LiveChart:
    """Show an Altair chart, live wherever that is possible.

    Parameters
    ----------
    chart : altair chart
        Give its parameters names: Altair numbers nameless ones anew on each run of a cell.
    alt : str
        What the chart shows, for a reader who cannot see it.

    Returns
    -------
    LiveChart
        For display, as the last expression of a cell.

    Raises
    ------
    ValueError
        If `alt` is too short to say anything.
    """
    if len(alt) < 40:
        raise ValueError(f"alt must say in a sentence what the chart shows, not {alt!r}")
    spec = chart.to_dict()
    # A viewer that is older than Altair's Vega-Lite draws the chart too, unless it is told.
    del spec["$schema"]
    return LiveChart({"description": alt, **spec})


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
    for name, value in {"sigma_y": sigma_y, "fitted_sigma_alpha": fitted_sigma_alpha}.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be positive and finite, not {value}")
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
        alt.param(
            name="readout",
            expr=f"'σ_α = ' + format(sigma_alpha, '.2r') + ' points (fitted: ' + "
            f"format({fitted_sigma_alpha:.3g}, '.2r') + '); the median school ({median} pupils) "
            f"keeps ' + format({median} / ({median} + variance_ratio), '.0%') + ' of its own mean'",
        ),
    ]
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
    line = common.mark_rule(color="#666666")
    name = common.mark_text(align="left", dx=5, fontSize=13).encode(
        x=alt.value("width"), text=alt.value("μ")
    )
    moves = base.mark_rule(color="#666666", opacity=0.5).encode(y2="pooled:Q")
    key = alt.Legend(title=None, orient="bottom", symbolType="circle")
    # A constant has a legend of its own only as a field.
    rings = base.transform_calculate(label="'raw mean'")
    raw = rings.mark_point(size=40, strokeWidth=1.3, opacity=0.9).encode(
        stroke=alt.Stroke("label:N", scale=alt.Scale(range=["#D55E00"]), legend=key)
    )
    dots = base.transform_calculate(label="'partially pooled'")
    pooled = dots.mark_point(size=40, stroke=None, opacity=1).encode(
        y="pooled:Q", fill=alt.Fill("label:N", scale=alt.Scale(range=["#0072B2"]), legend=key)
    )
    title = alt.Title(alt.expr("split(readout, '; ')"))
    return (
        alt.layer(line, name, moves, raw, pooled)
        .add_params(*parameters)
        .properties(width=480, height=320, title=title)
        .configure_axis(labelFontSize=12, titleFontSize=12, titleFontWeight="normal")
        .configure_axisX(grid=False)
        .configure_legend(labelFontSize=12)
        .configure_title(anchor="start", fontSize=13, fontWeight="normal")
        .configure_view(stroke=None)
    )
