"""What slides and guide say of the book's city, computed; and the lessons' plans, from notes."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from helpers.choices import PROB
from helpers.exact import exact_posterior
from helpers.pooling import partially_pooled_mean, partially_pooled_sd, pooling_weight
from helpers.schools import City, simulate_city
from helpers.summaries import summarise_schools

SIZES = ((2, 9), (10, 49), (50, 99))
GROUPS = {f"{low} to {high} pupils": (low, high) for low, high in SIZES} | {"all": (2, 99)}
HERE = Path(__file__).parent
BOOK = HERE.parents[1]
Z = norm.ppf((1 + PROB) / 2)  # an interval's half-length, in standard errors
SECOND_CITY = 184  # small schools stand at both of its ends; a test holds that


@cache
def city() -> tuple[City, pd.DataFrame, pd.DataFrame]:
    """The book's city; its schools, a row each; and the exact posterior of all parameters."""
    one = simulate_city(seed=42)
    schools = summarise_schools(one.scores)
    posterior = exact_posterior(schools).summary()
    partial = posterior.filter(like="school_means", axis="index").set_axis(schools.index)
    schools["within"] = np.sqrt(schools.ss.sum() / (schools.n - 1).sum())
    schools["standard_error"] = schools.within / np.sqrt(schools.n)
    schools["lower"] = schools["mean"] - Z * schools.standard_error
    schools["upper"] = schools["mean"] + Z * schools.standard_error
    schools["everyone"] = np.average(schools["mean"], weights=schools.n)
    schools["distance"] = (schools["mean"] - schools.everyone) / schools.standard_error
    schools["truth"] = one.true_school_means
    return one, schools.join(partial.add_prefix("pooled_")), posterior["mean"]


def ranked(seed: int) -> pd.DataFrame:
    """A city's schools, from the highest raw mean to the lowest."""
    schools = summarise_schools(simulate_city(seed).scores)
    return schools.sort_values("mean", ascending=False, kind="stable")


def errors() -> pd.DataFrame:
    """Root mean square errors in the book's city, by size: a row a group, in points."""
    _, schools, _ = city()
    methods = schools[["mean", "everyone", "pooled_mean"]]
    squared = methods.sub(schools.truth, axis="index") ** 2
    rows = {name: squared[schools.n.between(*ends)].mean() for name, ends in GROUPS.items()}
    return np.sqrt(pd.DataFrame(rows).T)


def said(chapter: str, pattern: str) -> str:
    """What a chapter's committed output says, where the pattern has its group."""
    text = (BOOK / "notebooks" / f"{chapter}.ipynb").read_text(encoding="utf-8")
    outputs = [out for cell in json.loads(text)["cells"] for out in cell.get("outputs", [])]
    lines = "".join("".join(out.get("text", [])) for out in outputs)
    return re.search(pattern, lines).group(1)


def table(heads: str, rows: list) -> str:
    """A table in Markdown."""
    rule = "|" + "---|" * (heads.count("|") - 1)
    return "\n".join([heads, rule, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


@cache
def facts() -> dict[str, str]:
    """Each number that a slide or its notes say, as it is to be printed."""
    _, schools, fitted = city()
    top = ranked(42).head(5)
    first, largest = top.index[0], schools.n.idxmax()
    sigma_alpha, sigma_y = fitted[["global_sigma", "sigma_y"]]
    off = errors()
    away = (schools.pooled_mean - schools.truth).abs() > (schools["mean"] - schools.truth).abs()
    recipe = {n: pooling_weight(n, 10, 2).item() for n in (2, 25, 99)}
    kept = [pooling_weight(n, sigma_y, sigma_alpha).item() for n in schools.n[[first, largest]]]
    numbers = [
        (n, f"{pooling_weight(n, 10, 2):.2f}", f"{partially_pooled_sd(n, 10, 2):.1f}")
        for n in (0, 2, 25, 99)
    ]
    misses = [
        [f"{schools.n.between(*GROUPS[name]).sum()} schools, {name}", *row.round(1)]
        for name, row in off.iterrows()
    ]
    return {
        "league": table(
            "| place | school | pupils | raw mean |",
            [
                (i, j, f"{s.n:.0f}", f"{s['mean']:.1f}")
                for i, (j, s) in enumerate(top.iterrows(), 1)
            ],
        ),
        "schools": str(len(schools)),
        "pupils": f"{schools.n.sum():,}",
        "first": str(first),
        "first_n": str(schools.n[first]),
        "first_mean": f"{schools['mean'][first]:.1f}",
        "everyone": f"{schools.everyone[first]:.1f}",
        "last_n": str(ranked(42).n.iloc[-1]),
        "se_nine": f"{10 / np.sqrt(9):.1f}",
        "small_share": said("01_data_generation", r"(\d+%) of all schools"),
        "small_first": said("01_data_generation", r"(\d+%) of first places"),
        "outside": str((schools.distance.abs() > 2.5).sum()),
        "one_in": f"{round(1 / (2 * norm.sf(2.5)), -1):.0f}",
        "misses": table(
            "| root mean square error, points | each alone | all as one |",
            [row[:3] for row in misses],
        ),
        "raw_error": f"{off['mean']['all']:.1f}",
        "complete_error": f"{off['everyone']['all']:.1f}",
        "partial_error": f"{off['pooled_mean']['all']:.1f}",
        "away": str(away.sum()),
        "nearer": str((~away).sum()),
        "numbers": table("| pupils, $n$ | weight $\\lambda$ | sd, points |", numbers),
        "hill_2": f"{10 / np.sqrt(2):.1f}",
        "hill_99": f"{10 / np.sqrt(99):.1f}",
        "keep_2": f"{recipe[2]:.2f}",
        "keep_25": f"{recipe[25]:.2f}",
        "keep_99": f"{recipe[99]:.2f}",
        "share_2": f"{recipe[2]:.0%}",
        "share_99": f"{recipe[99]:.0%}",
        "above": f"{schools['mean'][first] - 63:.1f}",
        "first_pooled": f"{partially_pooled_mean(2, schools['mean'][first], 63, 10, 2):.1f}",
        "first_large": f"{partially_pooled_mean(99, schools['mean'][first], 63, 10, 2):.1f}",
        "sigma_alpha": f"{sigma_alpha:.1f}",
        "sigma_y": f"{sigma_y:.1f}",
        "half": f"{(sigma_y / sigma_alpha) ** 2:.0f}",
        "fitted_2": f"{kept[0]:.0%}",
        "fitted_99": f"{kept[1]:.0%}",
    }


def notes(lesson: int) -> list[tuple[str, str]]:
    """Title and notes of each slide of a lesson, the title's too, with their numbers."""
    text = (HERE / f"lesson_{lesson}.md").read_text(encoding="utf-8")
    slides = re.split(r"^##? ", text, flags=re.M)[1:]
    found = []
    for slide in slides:
        note = re.search(r"```\{revealjs-notes\}\n(.*?)```", slide, flags=re.S).group(1)
        filled = re.sub(r"\{\{ (\w+) \}\}", lambda name: facts()[name[1]], note)
        found.append((slide.partition("\n")[0], filled.strip()))
    return found


def plan(lesson: int) -> str:
    """A lesson's minutes, from the notes of its slides, as a list in Markdown."""
    items = []
    for number, (title, note) in enumerate(notes(lesson), 1):
        when, _, rest = note.partition(". ")
        rest = rest.replace("\n\n", "\n")
        rest = re.sub(r"^(Ask|Expect|Reply|Do):", r"*\1:*", rest, flags=re.M)
        rest = "\n".join(f"  {line}  " for line in rest.splitlines())
        items.append(f"- **{when}, slide {number}: {title}**  \n{rest.rstrip()}")
    return "\n".join(items)
