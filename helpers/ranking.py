"""A ranking that moves: in each draw of the schools' true means the table is another one."""

import html

import numpy as np
import pandas as pd

from helpers.choices import POOLED, PROB, RAW
from helpers.interactive import LiveChart, slider

WAYS = {"without pooling": RAW, "partial pooling": POOLED}


def moving_ranks(
    unpooled: pd.DataFrame,
    pooled: pd.DataFrame,
    n: pd.Series,
    *,
    named: object,
    draws: int = 60,
    rows: int = 10,
) -> LiveChart:
    """Rank schools anew in each draw of their true means, without pooling and with it.

    Parameters
    ----------
    unpooled, pooled : DataFrame
        One row a draw, one column a school: true means that the scores allow, in points.
    n : Series
        Pupils, by school.
    named : label
        The school that the words follow.
    draws : int
        How many of the draws can be looked at one by one, the first ones.
    rows : int
        Rows of the table: its places from the first.

    Returns
    -------
    LiveChart
        At first with all draws at once: the schools by their expected place, each with the 94%
        interval (equal-tailed) of its place.

    Raises
    ------
    ValueError
        If there is no such school.
    """
    if named not in n.index:
        raise ValueError(f"there is no school {named!r}")
    labels, here = [str(label) for label in n.index], n.index.get_loc(named)
    orders, still, leaders, cells = [], [], [], []
    for means in (unpooled, pooled):
        order = np.argsort(-means[n.index].to_numpy(), axis=1, kind="stable")
        place = order.argsort(axis=1, kind="stable") + 1
        tails = [(1 - PROB) / 2, (1 + PROB) / 2]
        low, high = np.quantile(place, tails, axis=0, method="nearest")
        sorted_ = place.mean(axis=0).argsort(kind="stable")
        ends = [sorted({int(low[j]), int(high[j])}) for j in sorted_[:rows]]
        notes = [" to ".join(map(str, pair)) for pair in ends]  # one place, where both are equal
        orders.append(order[:draws].tolist())
        still.append({"order": sorted_.tolist(), "notes": notes})
        leaders.append(len(np.unique(order[:draws, 0])))
        cells.append([*zip(still[-1]["order"], notes, strict=False)])
    first = f"the first {draws} draws" if draws > 1 else "the first draw"
    lead = "1 school leads" if leaders[0] == 1 else f"{leaders[0]} different schools lead"
    words = (
        f"All draws at once, with the {PROB:.0%} interval of each place. In {first} {lead} "
        f"without pooling, {leaders[1]} with it."
    )
    heads = "".join(
        f'<th scope="col" style="border-bottom: 3px solid {colour}">{way}: school (pupils)</th>'
        for way, colour in WAYS.items()
    )
    body = ""
    for place, pair in enumerate(zip(*cells, strict=True), 1):
        body += f'<tr><th scope="row">{place}</th>'
        for j, note in pair:
            own = ' class="named"' * (j == here)
            who = html.escape(f"{labels[j]} ({n.iloc[j]:.0f})")
            body += f"<td{own}><span>{who}</span> <small>{note}</small></td>"
        body += "</tr>\n"
    controls = [
        slider("draw", "Draw", "all at once", (0, draws, 1, 0)),
        '<button type="button" value="play">Play</button>',
        '<button type="button" value="step">Next draw</button>',
    ]
    return LiveChart(
        "ranks",
        f"A table of the first {rows} places, without pooling and with it, drawn anew from draw "
        "to draw. At first it has all draws at once, with an interval for each place.",
        words,
        controls,
        [],
        {
            "label": labels,
            "n": n.astype(int).tolist(),
            "orders": orders,
            "still": still,
            "named": here,
            "all": words,
        },
        table=(
            f'<table class="live-chart-table"><thead><tr><th scope="col">place</th>{heads}</tr>'
            f"</thead><tbody>\n{body}</tbody></table>"
        ),
    )
