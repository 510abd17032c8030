"""What the page "Your own data" needs from Python: three examples, and the charts' look."""

import html
import json
from pathlib import Path

import numpy as np
import pandas as pd
from sphinx.application import Sphinx

from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

BOOK = Path(__file__).parents[1]
PAGE = "own_data"


def examples() -> list[dict[str, str]]:
    """The book's city, real schools, and one of another field in another country's notation."""
    city = simulate_city(seed=42).scores[["school", "score"]].round(1)
    london = pd.read_csv(BOOK / "data" / "london_exam.csv")
    summary = summarise_schools(london, "school", "exam_score")
    sd = np.sqrt(summary["ss"] / (summary["n"] - 1))
    groups = pd.DataFrame({"n": summary["n"], "mean": summary["mean"], "sd": sd}).round(4)
    sizes = [3, 4, 4, 5, 6, 8, 9, 11, 12, 15, 18, 24]
    clinics = simulate_city(
        seed=7, sizes=sizes, global_mean=40.0, global_sigma=6.0, sigma_y=15.0
    ).scores[["school", "score"]]
    clinics.columns = ["clinic", "waiting (minutes)"]
    clinics["clinic"] = [f"clinic {chr(65 + label)}" for label in clinics["clinic"]]
    clinics.loc[clinics.index[::29], "waiting (minutes)"] = np.nan
    return [
        {
            "name": "The book's city",
            "group": "school",
            "unit": "pupil",
            "text": city.to_csv(None, index=False),
        },
        {
            "name": "65 London schools",
            "group": "school",
            "unit": "pupil",
            "text": groups.to_csv(None, index_label="name"),
        },
        {
            "name": "Waiting in clinics (simulated)",
            "group": "clinic",
            "unit": "patient",
            "text": clinics.round(1).to_csv(None, index=False, sep=";", decimal=","),
        },
    ]


def furnish(app: Sphinx, name: str, template: str, context: dict, doctree: object) -> None:
    """Put the examples and the charts' look into the page, and load its scripts."""
    if name != PAGE:
        return
    look = (BOOK / "helpers" / "charts.css").read_text(encoding="utf-8")
    data = html.escape(json.dumps(examples(), ensure_ascii=False))
    context["body"] = context["body"].replace(
        '<div id="own-data"',
        f'<style>\n{look}</style>\n<div id="own-data" data-examples="{data}"',
        1,
    )
    for script in (
        "posterior.js",
        "reader.js",
        "own_cautions.js",
        "own_charts.js",
        "own_results.js",
        "own_data.js",
    ):
        app.add_js_file(script, loading_method="defer")
