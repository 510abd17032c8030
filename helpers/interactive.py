"""Charts that the reader can move: live in JupyterLab and on the website, a picture elsewhere."""

from typing import Any

import altair as alt
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
