"""The reader's own file: the chapter's cell on many shapes of data, and every bad file refused."""

import json
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from helpers.exact import exact_posterior
from helpers.likelihood import maximum_likelihood
from helpers.own_data.own_file import read_scores
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

BOOK = Path(__file__).parents[1]
LONDON = BOOK / "data" / "london_exam.csv"
CHAPTER = BOOK / "notebooks" / "10_real_schools.ipynb"


def run_cell(path: Path, school: str, score: str) -> SimpleNamespace:
    """Run the chapter's cell as its reader would: with three lines changed."""
    cells = json.loads(CHAPTER.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    (cell,) = (text for text in code if "path = " in text)
    mine = {"path": str(path), "school_column": school, "score_column": score}
    lines = cell.splitlines()
    for name, value in mine.items():
        (place,) = (i for i, line in enumerate(lines) if line.startswith(f"{name} = "))
        lines[place] = f"{name} = {value!r}"
    room: dict = {}
    with mpl.rc_context({"backend": "agg"}):
        exec("\n".join([code[0], *lines]), room)
        room["plt"].close("all")
    return SimpleNamespace(**{name: room[name] for name in ("scores", "found")})


def long_table(seed: int, sizes: list[int], mu: float, sigma_alpha: float, sigma_y: float):
    city = simulate_city(
        seed, sizes=sizes, global_mean=mu, global_sigma=sigma_alpha, sigma_y=sigma_y
    )
    return city.scores


def as_text_labels(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(school="Ward " + table["school"].astype(str))


SHAPES = {
    "whole numbers, Parquet, missing scores": (
        "a.parquet",
        lambda: long_table(1, [1, 2, 40, 7], 0, 1, 1).assign(
            score=lambda t: t["score"].where(t.index % 5 > 0)
        ),
    ),
    "text labels, semicolons": ("b.csv", lambda: as_text_labels(long_table(2, [9] * 8, 63, 2, 10))),
    "thousands of schools, many of one pupil": (
        "c.csv",
        lambda: long_table(3, [1] * 1500 + [5] * 1500, 250_000, 9_000, 40_000),
    ),
    "two schools, tabs": ("d.tsv", lambda: as_text_labels(long_table(4, [12, 20], 5, 1, 2))),
    "a billion off, Parquet": ("e.parquet", lambda: long_table(5, [30] * 10, 1e9, 0.5, 1)),
    "a billionth, CSV": ("f.csv", lambda: long_table(6, [3, 8, 12] * 5, 0, 1e-9, 2e-9)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cell_runs_on_any_long_table(shape: str, tmp_path: Path, capsys) -> None:
    name, make = SHAPES[shape]
    table = make().rename(columns={"school": "where", "score": "how much"})
    if name.endswith("parquet"):
        table.to_parquet(tmp_path / name)
    else:
        separator = {"b.csv": ";", "d.tsv": "\t"}.get(name, ",")
        table.to_csv(tmp_path / name, sep=separator, index=False)
    ran = run_cell(tmp_path / name, "where", "how much")
    said = capsys.readouterr().out

    kept = table.dropna()
    assert f"{len(table):,} rows read, {len(table) - len(kept):,} dropped" in said
    raw = kept.groupby("where")["how much"].agg(["size", "mean"])
    schools = ran.found.schools.sort_index()
    assert schools.index.tolist() == raw.index.tolist()
    assert schools["n"].tolist() == raw["size"].tolist()
    scale = kept["how much"].std()
    np.testing.assert_allclose(schools["raw"], raw["mean"], atol=1e-6 * scale)

    # In standard units the same analysis has to give the same numbers.
    standard = (kept["how much"] - kept["how much"].mean()) / scale
    priors = {"prior_mean": 0, "prior_sd": 2.5}
    summaries = summarise_schools(kept.assign(z=standard), "where", "z")
    exact = exact_posterior(summaries, **priors).summary()
    back = exact["mean"].iloc[3:].to_numpy() * scale + kept["how much"].mean()
    np.testing.assert_allclose(schools["mean"], back, atol=1e-5 * scale)
    settings = ran.found.parameters["mean"][["global_sigma", "sigma_y"]] / scale
    np.testing.assert_allclose(settings, exact["mean"].iloc[1:3], rtol=1e-4)

    ranked = ran.found.schools
    assert ranked["mean"].is_monotonic_decreasing
    assert ((ranked["rank_lower"] >= 1) & (ranked["rank_lower"] <= ranked["rank_upper"])).all()
    assert ranked["rank_upper"].max() <= len(ranked)
    for word in ("PRIORS", "WHAT WAS FOUND", "RANKING", "CHECKS"):
        assert word in said


GOOD = "school,score\na,1\na,2.5\nb,3\nb,5\n"
BAD = {
    "no such file": (None, FileNotFoundError, "is not there"),
    "empty": ("", ValueError, "is empty"),
    "header alone": ("school,score\n", ValueError, "no row has both"),
    "no such column": ("school,mark\na,1\n", ValueError, "no column is called 'score'"),
    "two such columns": ("school,score,score\na,1,2\n", ValueError, "two columns are called"),
    "text in the scores": (GOOD + "b,absent\n", ValueError, "'absent' in line 6"),
    "two decimal marks": ("school;score\na;1,5\nb;1.25\n", ValueError, "'1,5' in line 2"),
    "a comma too many": (GOOD + "b,1,5\n", ValueError, "line 6"),
    "infinite score": (GOOD + "b,inf\n", ValueError, "infinite: 'inf' in line 6"),
    "no score at all": ("school,score\na,\nb,\n", ValueError, "no row has both"),
    "a quote left open": ('school,score\na,"1\nb,2\n', ValueError, "begins in line 2"),
    "one school": ("school,score\na,1\na,2\n", ValueError, "two schools or more"),
    "all scores equal": ("school,score\na,1\na,1\nb,1\n", ValueError, "all scores are equal"),
    "equal within": ("school,score\na,1\na,1\nb,2\n", ValueError, "no spread within"),
    "one pupil a school": ("school,score\na,1\nb,2\n", ValueError, "two pupils or more"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_refused_with_the_reason(fault: str, tmp_path: Path) -> None:
    text, kind, reason = BAD[fault]
    path = tmp_path / "mine.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(kind, match=reason):
        run_cell(path, "school", "score")


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ([True, False], "yes and no"),
        (pd.to_datetime(["2020-01-01", "2021-01-01"]), "dates"),
        ([[1.0], [2.0]], "not a number"),
    ],
)
def test_a_column_that_holds_no_scores_is_refused(column, reason: str, tmp_path: Path) -> None:
    pd.DataFrame({"school": [1, 2], "score": column}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(ValueError, match=reason):
        read_scores(tmp_path / "x.parquet", school="school", score="score")


def test_london_meets_the_published_table(capsys) -> None:
    """Variances 0.169 and 0.848, mean -0.013: the note beside the data has their source."""
    schools = summarise_schools(read_scores(LONDON, school="school", score="exam_score"))
    assert (len(schools), schools["n"].sum()) == (65, 4059)
    assert (schools["n"].min(), schools["n"].max()) == (2, 198)
    found = maximum_likelihood(schools)
    assert round(found["global_sigma"] ** 2, 4) == 0.1686
    assert round(found["sigma_y"] ** 2, 4) == 0.8478
    assert round(found["global_mean"], 3) == -0.013
