"""Tables of every engine, summarised by one set of rules.

Rows in memory are summarised here, partitions by Dask's workers, and what DuckDB, lazy Polars or
Spark holds by their own queries.
"""

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
from narwhals.typing import IntoFrame

from helpers.summaries.labels import EXACT, to_pandas, unfit
from helpers.summaries.rows import LARGEST, Part, finish, merge, merge_rows, summarise_rows


def summarise_schools(
    scores: IntoFrame, school: str = "school", score: str = "score"
) -> pd.DataFrame:
    """Reduce a table of pupils to three numbers a school.

    A lazy table is summarised where it is: only a row a school comes to Python. It is read once;
    or twice, if a school's scores are so far from 0 that one reading would lose digits of ``ss``.

    The same table gives the same summary, whatever engine and types hold it. Labels come back as
    the values that they stand for, in their order: categories as text or numbers, dates as
    timestamps at midnight, timestamps with a time zone as moments in UTC. Spaces and letters that
    only look the same keep two schools apart; 0.0 and -0.0 are one.

    Parameters
    ----------
    scores : DataFrame, or any other table that narwhals knows
        One row a pupil: pandas, Polars, PyArrow, a DuckDB relation, Dask, Spark.
    school, score : str
        The columns that hold the school's label (any kind) and the pupil's score.

    Returns
    -------
    DataFrame
        One row a school, in the order of the labels: ``n`` (pupils), ``mean`` (in the score's
        unit) and ``ss`` (sum of squared deviations from that mean, in its unit squared).

    Raises
    ------
    ValueError
        If a column is missing or there twice; there are no rows; labels are of several kinds, as
        1 and "1"; a label is missing; a score is no number, missing, infinite, or beyond ±1e140;
        or 64-bit floats can't tell a school's scores apart. Also if a table that has to be read
        twice holds other rows the second time.
    """
    if school == score:
        raise ValueError(f"label and score need a column each, not {school!r} for both")
    if nw.dependencies.is_pandas_dataframe(scores):
        _check_columns(list(scores.columns), school, score)
        part = summarise_rows(scores[school], scores[score], score)
    elif nw.dependencies.is_dask_dataframe(scores):
        part = _of_partitions(scores, school, score)
    elif nw.dependencies.is_pyarrow_table(scores):
        _check_columns(scores.column_names, school, score)
        part = summarise_rows(to_pandas(scores[school]), to_pandas(scores[score]), score)
    else:
        frame = nw.from_native(scores)
        relation = nw.dependencies.is_duckdb_relation(scores)
        names = scores.columns if relation else frame.collect_schema().names()
        _check_columns(names, school, score)
        if frame.collect_schema()[school] == nw.Object:  # of which Polars gives away the addresses
            raise ValueError(unfit("Python objects"))
        if isinstance(frame, nw.DataFrame):
            table = frame.select(school, score).to_arrow()
            part = summarise_rows(to_pandas(table[school]), to_pandas(table[score]), score)
        else:
            part = _where_it_is(frame, school, score)
    return finish(part, school, score)


def _check_columns(names: list, *wanted: str) -> None:
    for name in wanted:
        if names.count(name) != 1:
            problem = "two columns are called" if name in names else "no column"
            raise ValueError(f"{problem} {name!r}; the columns are {names}")


def _of_partitions(scores: Any, school: str, score: str) -> Part:
    """Let Dask's workers summarise their partitions and merge the parts, a few at a time."""
    import dask
    from dask.dataframe.dask_expr import new_collection
    from dask.dataframe.dask_expr.io import FromPandas

    _check_columns(list(scores.columns), school, score)
    table = scores[[school, score]].expr
    for source in table.find_operations(FromPandas):  # Dask would make one text of 1 and "1"
        as_it_is = source.substitute_parameters({"pyarrow_strings_enabled": False})
        table = table.substitute(source, as_it_is)

    @dask.delayed
    def part(rows: pd.DataFrame) -> Part:
        return summarise_rows(rows[school], rows[score], score)

    parts = [part(rows) for rows in new_collection(table).to_delayed()]
    while len(parts) > 1:
        parts = [dask.delayed(merge)(parts[i : i + 8]) for i in range(0, len(parts), 8)]
    return parts[0].compute()


def _where_it_is(frame: nw.LazyFrame, school: str, score: str) -> Part:
    """Let the engine that holds the table (DuckDB, Polars, Spark) do the work."""
    kinds = frame.collect_schema()
    nothing = kinds[score] == nw.Unknown and pa.types.is_null(
        frame.select(score).head(0).collect("pyarrow").to_native().schema.types[0]
    )
    if not (kinds[score].is_numeric() or nothing):
        raise ValueError(f"column {score!r} must hold numbers, not {kinds[score]}")
    label, raw = nw.col(school), nw.col(score)
    label = label + 0.0 if kinds[school].is_float() else label  # -0.0 is 0.0
    rows = frame.select(school=label, raw=raw, value=raw.cast(nw.Float64))
    value = nw.col("value")
    huge = (value.abs() > LARGEST) & (value.abs() <= np.finfo(float).max)
    rows = rows.with_columns(
        value=nw.when(value.abs() <= LARGEST).then(value), huge=nw.when(huge).then(value)
    )
    native = "value" if kinds[score].is_float() else "raw"
    part = _read(rows, native)
    numbers = part.numbers
    if part.unlabelled or numbers[["bad", "huge"]].any(axis=None):
        return part
    # The squares of large scores leave few digits for the differences between them.
    varied = numbers["low"] < numbers["high"]
    if not (varied & (numbers["ss"] < numbers["n"] * (numbers["base"] / 1000) ** 2)).any():
        return part
    # The means are computed once more, where the scores are: not every engine takes a table.
    means = rows.group_by("school").agg(nw.col("value").mean().alias("mean"))
    again = _read(rows.join(means, on="school").with_columns(value=value - nw.col("mean")), native)
    if not (part.labels.equals(again.labels) and numbers["n"].equals(again.numbers["n"])):
        raise ValueError(
            "scores so far from 0 have to be read twice, and the second time the table held other "
            "rows: write it to a file first"
        )
    apart = again.numbers["base"] + again.numbers["apart"]
    squares = again.numbers["ss"].where(varied, 0.0)
    return Part(part.labels, numbers.assign(apart=apart.where(varied, 0.0), ss=squares))


def _read(rows: nw.LazyFrame, native: str) -> Part:
    value, native = nw.col("value"), nw.col(native)
    table = (
        rows.group_by("school")
        .agg(
            n=nw.len(),
            usable=value.count(),
            huge=nw.col("huge").count(),
            mean=value.mean(),
            variance=value.var(ddof=0),
            low=native.min(),
            high=native.max(),
        )
        .collect("pyarrow")
        .to_native()
    )
    found = table.drop(["school"]).to_pandas().astype({"n": "int64"})
    low, high = (_exactly(found[name]) for name in ("low", "high"))
    alike = low == high
    base = found["mean"].astype(float).mask(alike, low).astype(float).fillna(0.0)
    squares = found["n"] * found["variance"].astype(float)
    numbers = {"n": found["n"], "bad": found["n"] - found["usable"] - found["huge"]}
    numbers |= {"huge": found["huge"], "base": base, "apart": 0.0}
    numbers |= {"ss": squares.mask(alike, 0.0), "low": low, "high": high}
    return merge_rows(to_pandas(table["school"]), pd.DataFrame(numbers))


def _exactly(numbers: pd.Series) -> pd.Series:
    """As floats, where that loses nothing."""
    whole = pd.api.types.is_integer_dtype(numbers) and numbers.abs().max() < EXACT
    return numbers.astype(float if whole or numbers.dtype.kind == "f" else object)
