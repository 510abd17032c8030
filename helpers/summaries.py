"""How summaries of schools are made and merged, in memory or where a large table is.

`helpers.schools.summarise_schools` and `merge_summaries` are the doors to this room.
"""

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame


def _check_columns(scores: IntoFrame, school: str, score: str) -> None:
    """Raise a ``ValueError`` unless both columns are there and the score's holds numbers."""
    schema = nw.from_native(scores).collect_schema()
    for column in (school, score):
        if column not in schema:
            raise ValueError(f"no column {column!r}; the columns are {list(schema)}")
    if not schema[score].is_numeric():
        raise ValueError(f"column {score!r} must hold numbers, not {schema[score]}")


def check_scores(scores: pd.DataFrame, school: str = "school", score: str = "score") -> None:
    """Raise a ``ValueError`` that names the problem unless every row has a school and a score."""
    for column in (school, score):
        if column not in scores.columns:
            raise ValueError(f"no column {column!r}; the columns are {list(scores.columns)}")
    if scores.empty:
        raise ValueError("the table has no rows")
    if not pd.api.types.is_numeric_dtype(scores[score]):
        raise ValueError(f"column {score!r} must hold numbers, not {scores[score].dtype}")
    for column, bad in {
        school: scores[school].isna(),
        score: ~np.isfinite(scores[score].to_numpy(dtype=float, na_value=np.nan)),
    }.items():
        rows = scores.index[bad].tolist()
        if rows:
            more = "" if len(rows) <= 5 else f" and {len(rows) - 5} more"
            raise ValueError(f"column {column!r} is missing or infinite in rows {rows[:5]}{more}")


def check_summaries(schools: pd.DataFrame) -> None:
    """Raise a ``ValueError`` that names the problem unless every row can summarise a school."""
    for column in ("n", "mean", "ss"):
        if column not in schools.columns:
            raise ValueError(f"no column {column!r}; the columns are {list(schools.columns)}")
    n, mean, ss = (schools[column].astype(float) for column in ("n", "mean", "ss"))
    for problem, bad in {
        "n is not a whole number from 1 upwards": ~((n >= 1) & (n % 1 == 0)),
        "the mean is missing or infinite": ~np.isfinite(mean),
        "ss is negative, missing or infinite": ~(np.isfinite(ss) & (ss >= 0)),
    }.items():
        if bad.any():
            raise ValueError(f"{problem} in schools {schools.index[bad].tolist()[:5]}")


def check_spreads(n: pd.Series, *, between: bool) -> None:
    """Raise a ``ValueError`` if schools of these sizes can't tell the spread within or between."""
    if between and len(n) < 2:
        raise ValueError(
            f"the spread between schools needs two schools or more, not {n.index.tolist()}"
        )
    if n.max() < 2:
        raise ValueError("the spread within a school needs a school with two pupils or more")


def summarise_rows(scores: pd.DataFrame, school: str, score: str) -> pd.DataFrame:
    """Summarise a table that is in memory, with the deviations from the means themselves."""
    check_scores(scores, school, score)
    schools = scores.groupby(school, observed=True)[score].agg(n="count", mean="mean")
    deviation = scores[score] - scores[school].map(schools["mean"]).astype(float)
    schools["ss"] = (deviation**2).groupby(scores[school], observed=True).sum()
    return schools


def summarise_where_it_is(scores: IntoFrame, school: str, score: str) -> pd.DataFrame:
    """Let the engine that holds the table (DuckDB, Polars, Spark, Dask) do the work."""
    if nw.dependencies.is_dask_dataframe(scores):
        _check_columns(scores._meta, school, score)
        read, deviations = _read_partitions, _dask_deviations
    else:
        _check_columns(scores, school, score)
        scores = nw.from_native(scores).lazy().with_columns(nw.col(score).cast(nw.Float64))
        read, deviations = _read, _deviations
    found = read(scores, school, score)
    if found.empty:
        raise ValueError("the table has no rows")
    # The squares of large scores leave few digits for the differences between them.
    if ((found["ss"] > 0) & (found["ss"] < found["n"] * (found["mean"] / 1000) ** 2)).any():
        again = read(deviations(scores, school, score, found["mean"]), school, score)
        if not again["n"].equals(found["n"]):
            raise ValueError(
                "scores so far from 0 have to be read twice, and the second time the table held "
                "other rows: write it to a file first"
            )
        found = again.assign(mean=found["mean"] + again["mean"])
    return found


def _read(scores: nw.LazyFrame, school: str, score: str) -> pd.DataFrame:
    value = nw.col("score")
    found = (
        scores.select(school=nw.col(school), score=nw.col(score))
        .group_by("school")
        .agg(
            n=nw.len(),
            known=value.count(),
            mean=value.mean(),
            variance=value.var(ddof=0),
            low=value.min(),
            high=value.max(),
        )
        .collect()
        .to_pandas()
        .astype({"n": "int64"})
    )
    unknown = found["school"].isna()
    if unknown.any():
        raise ValueError(f"column {school!r} is missing in {found['n'][unknown].sum()} rows")
    found = found.set_index("school").rename_axis(index=school).sort_index()
    bad = (found["known"] < found["n"]) | ~np.isfinite(found["mean"].astype(float))
    if bad.any():
        schools = found.index[bad].tolist()[:5]
        raise ValueError(f"column {score!r} is missing or infinite in schools {schools}")
    # Rounding may leave nothing, or less, of a variance that is not 0.
    found["ss"] = (found["n"] * found["variance"]).clip(lower=np.finfo(float).tiny)
    found.loc[found["low"] == found["high"], "ss"] = 0.0
    return found[["n", "mean", "ss"]]


def _deviations(scores: nw.LazyFrame, school: str, score: str, _: pd.Series) -> nw.LazyFrame:
    # The means are computed once more, where the scores are: not every engine takes a table.
    means = scores.group_by(school).agg(nw.col(score).mean().alias("mean of school"))
    deviation = nw.col(score) - nw.col("mean of school")
    return scores.join(means, on=school).with_columns(deviation.alias(score))


def _read_partitions(scores: Any, school: str, score: str) -> pd.DataFrame:
    """Let Dask's workers summarise their partitions and merge the summaries, a few at a time."""
    meta = {"n": "int64", "mean": float, "ss": float}
    parts = scores[[school, score]].reduction(
        _read_partition, aggregate=merge, meta=meta, chunk_kwargs={"school": school, "score": score}
    )
    return parts.compute()


def _read_partition(scores: pd.DataFrame, school: str, score: str) -> pd.DataFrame:
    if scores.empty:
        return pd.DataFrame({"n": [], "mean": [], "ss": []}).rename_axis(index=school)
    return summarise_rows(scores, school, score)


def _dask_deviations(scores: Any, school: str, score: str, means: pd.Series) -> Any:
    return scores.assign(**{score: scores[score] - scores[school].map(means, meta=(school, float))})


def merge(parts: pd.DataFrame) -> pd.DataFrame:
    """Make one row of all the rows that a school has."""
    # Means as distances from one of them: a sum of large means would lose digits.
    label = parts.index
    first = parts["mean"].groupby(level=0, observed=True).first()
    apart = parts["mean"] - first.reindex(label)
    n = _total(parts["n"])
    shift = _total(parts["n"] * apart) / n
    between = _total(parts["n"] * (apart - shift.reindex(label)) ** 2)
    merged = {"n": n.astype("int64"), "mean": first + shift, "ss": _total(parts["ss"]) + between}
    return pd.DataFrame(merged)


def _total(column: pd.Series) -> pd.Series:
    return column.groupby(level=0, observed=True).sum()
