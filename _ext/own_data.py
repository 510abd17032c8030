"""What the page "Your own data" needs from Python: its examples, and the charts' look."""

import html
import json
from pathlib import Path

import numpy as np
import pandas as pd
from sphinx.application import Sphinx

from helpers.choices import COMPLETE, MUTED, POOLED, RAW
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

BOOK = Path(__file__).parents[1]
PAGE = "own_data"


def examples() -> list[dict[str, str]]:
    """The book's city, real schools, another field and notation, known errors, and passes."""
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
    # Rubin (1981): effects of coaching, and their standard errors.
    effects = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]
    eight = pd.DataFrame(dict(zip(["effect", "se"], effects, strict=True)), index=list("ABCDEFGH"))
    batters = pd.read_csv(BOOK / "data" / "batters.csv")[["batter", "hits", "at_bats"]]
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
        {
            "name": "Coaching in eight schools",
            "group": "school",
            "unit": "pupil",
            "text": eight.to_csv(None, index_label="school"),
        },
        {
            "name": "18 batters",
            "group": "batter",
            "unit": "at bat",
            "text": batters.to_csv(None, index=False),
        },
    ]


def furnish(app: Sphinx, name: str, template: str, context: dict, doctree: object) -> None:
    """Put the examples and the charts' look into the page, and load its scripts."""
    if name != PAGE:
        return
    look = (BOOK / "helpers" / "charts.css").read_text(encoding="utf-8")
    colours = {"raw": RAW, "pooled": POOLED, "complete": COMPLETE, "muted": MUTED}
    given = {"examples": examples(), "colours": colours}
    data = [
        f'data-{key}="{html.escape(json.dumps(value, ensure_ascii=False))}"'
        for key, value in given.items()
    ]
    context["body"] = context["body"].replace(
        '<div id="own-data"',
        f'<style>\n{look}</style>\n<div id="own-data" {" ".join(data)}',
        1,
    )
    for script in (
        "normal.js",
        "posterior_windows.js",
        "posterior_ratios.js",
        "posterior_mixture.js",
        "posterior.js",
        "effects.js",
        "beta.js",
        "passes_plane.js",
        "passes_cells.js",
        "passes.js",
        "reader_text.js",
        "reader_rows.js",
        "reader_values.js",
        "reader_groups.js",
        "reader.js",
        "own_words.js",
        "own_kinds.js",
        "own_cautions.js",
        "own_charts.js",
        "own_files.js",
        "own_results.js",
        "own_compute.js",
        "own_prior.js",
        "own_data.js",
    ):
        app.add_js_file(script, loading_method="defer")
