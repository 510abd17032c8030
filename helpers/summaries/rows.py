"""How summaries of schools are made of rows, merged and checked.

`engines` brings the rows, or what an engine made of them. Whatever held a table, it becomes parts,
and all parts are merged and checked in one way.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from helpers.summaries.labels import EXACT, encode, join, refuse_look_alikes

LARGEST = 1e140  # the squares of so many, all added up, are still 64-bit floats


@dataclass(frozen=True)
class Part:
    """Rows of a table, summarised.

    ``numbers`` has a row a label: ``n``; how many of the scores are missing or infinite (``bad``)
    or ``huge``; the mean as ``base`` + ``apart``, for the digits' sake; ``ss``; and ``low`` and
    ``high``, the least and the greatest score as exactly as they came.
    """

    labels: pd.Index
    numbers: pd.DataFrame
    unlabelled: int = 0


def check_summaries(schools: pd.DataFrame, *, whole: bool = True) -> pd.DataFrame:
    """Raise a ``ValueError`` that names the problem unless every row can summarise a school.

    Return n, mean and ss as NumPy holds them. If they are not the `whole` (parts yet to be
    merged), a school may have several rows.
    """
    for column in ("n", "mean", "ss"):
        if column not in schools.columns:
            raise ValueError(f"no column {column!r}; the columns are {list(schools.columns)}")
    n, mean, ss = (schools[name].to_numpy(float, na_value=np.nan) for name in ("n", "mean", "ss"))
    for problem, bad in {
        "n is not a whole number from 1 upwards": ~((n >= 1) & (n % 1 == 0)),
        "the mean is missing or infinite": ~np.isfinite(mean),
        "ss is negative, missing or infinite": ~(np.isfinite(ss) & (ss >= 0)),
    }.items():
        if bad.any():
            raise ValueError(f"{problem} in schools {schools.index[bad].tolist()[:5]}")
    if whole:
        refuse_look_alikes(schools.index)
    numbers = {"n": n.astype("int64"), "mean": mean, "ss": ss}
    return pd.DataFrame(numbers, index=schools.index)


def check_spreads(n: pd.Series, *, between: bool) -> None:
    """Raise a ``ValueError`` if schools of these sizes can't tell the spread within or between."""
    if between and len(n) < 2:
        raise ValueError(
            f"the spread between schools needs two schools or more, not {n.index.tolist()}"
        )
    if n.max() < 2:
        raise ValueError("the spread within a school needs a school with two pupils or more")


def summarise_rows(labels: pd.Series, scores: pd.Series, name: str) -> Part:
    """Summarise rows that are in memory."""
    codes, index = encode(labels)
    known = codes >= 0
    values, native = _numbers(scores, name)
    codes, values, native = codes[known], values[known], native[known]
    good = np.isfinite(values)
    n = np.bincount(codes, minlength=len(index))
    huge = np.bincount(codes[np.isinf(values)], minlength=len(index))
    bad = n - huge - np.bincount(codes[good], minlength=len(index))
    found = {"n": n, "bad": bad, "huge": huge}
    codes, values, native = codes[good], values[good], native[good]

    def mean_of(numbers: NDArray) -> NDArray:
        return np.bincount(codes, numbers, len(index)) / np.maximum(n, 1)

    base, low, high = np.zeros(len(index)), *np.zeros((2, len(index)), native.dtype)
    base[codes] = values  # any of the school's scores: distances from it keep their digits
    apart = values - base[codes]
    centre = mean_of(apart)
    apart -= centre[codes]
    rest = mean_of(apart)  # what rounding left
    squares = np.bincount(codes, (apart - rest[codes]) ** 2, len(index))
    low[codes] = high[codes] = native
    np.minimum.at(low, codes, native)
    np.maximum.at(high, codes, native)
    found |= {"base": base, "apart": centre + rest, "ss": squares, "low": low, "high": high}
    return Part(index, pd.DataFrame(found), int((~known).sum()))


def _numbers(scores: pd.Series, name: str) -> tuple[NDArray, NDArray]:
    """Scores as floats (NaN if missing or infinite, inf if huge); and as exactly as they came."""
    if isinstance(scores.dtype, pd.SparseDtype):
        scores = scores.sparse.to_dense()
    if scores.dtype == object:
        scores = scores.infer_objects()
    try:
        values = pa.array(scores, from_pandas=True)
    except OverflowError:
        raise ValueError(f"column {name!r} has numbers of more than 64 bits") from None
    except (pa.ArrowException, TypeError, UnicodeError):
        raise ValueError(f"column {name!r} must hold numbers, not {scores.dtype}") from None
    kind, is_a = values.type, pa.types
    exact = is_a.is_integer(kind) or is_a.is_decimal(kind)
    if not (exact or is_a.is_floating(kind) or is_a.is_null(kind)):
        raise ValueError(f"column {name!r} must hold numbers, not {kind}")
    floats = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    floats = np.where(np.isfinite(floats), floats, np.nan)
    floats[np.abs(floats) > LARGEST] = np.inf
    if is_a.is_decimal(kind) or (exact and np.nanmax(np.abs(floats), initial=0) >= EXACT):
        return floats, np.array(values.to_pylist(), dtype=object)
    return floats, floats


def merge(parts: list[Part]) -> Part:
    """Make one row of all the rows that a school has."""
    numbers = pd.concat([part.numbers for part in parts if len(part.labels)] or [parts[0].numbers])
    whole = merge_rows(join([part.labels for part in parts]), numbers)
    unlabelled = whole.unlabelled + sum(part.unlabelled for part in parts)
    return Part(whole.labels, whole.numbers, unlabelled)


def merge_rows(labels: pd.Series, numbers: pd.DataFrame) -> Part:
    codes, index = encode(labels)
    known = codes >= 0
    unlabelled = int(numbers["n"][~known].sum())
    codes, rows = codes[known], numbers[known]
    # Means as distances from one of them: a sum of large means would lose digits.
    first = np.unique(codes, return_index=True)[1]
    base = rows["base"].to_numpy()[first]
    grouped = rows.groupby(codes)
    found = grouped[["n", "bad", "huge"]].sum()
    apart = rows["base"].to_numpy() - base[codes] + rows["apart"].to_numpy()
    n = rows["n"].to_numpy()
    centre = np.bincount(codes, n * apart, len(index)) / found["n"].to_numpy()
    away = apart - centre[codes]
    squares = np.bincount(codes, rows["ss"] + n * away**2, len(index))
    found = found.assign(base=base, apart=centre, ss=squares)
    found["low"], found["high"] = grouped["low"].min(), grouped["high"].max()
    return Part(index, found, unlabelled)


def finish(part: Part, school: str, score: str) -> pd.DataFrame:
    """Refuse what can't be summarised; otherwise, the summary."""
    found = part.numbers.set_axis(part.labels.rename(school), axis="index")
    if part.unlabelled:
        rows = f"{part.unlabelled:,} row{'s' if part.unlabelled > 1 else ''}"
        raise ValueError(f"column {school!r} is missing in {rows}")
    if found.empty:
        raise ValueError("the table has no rows")
    _refuse(found.index[found["bad"] > 0], f"column {score!r} is missing or infinite")
    _refuse(found.index[found["huge"] > 0], f"column {score!r} lies beyond ±{LARGEST:.0e}")
    low, high = found["low"], found["high"]
    if (
        low.dtype.kind + high.dtype.kind != "ff"
    ):  # more digits than a float holds, before they became one
        lost = [_lost(a, b) for a, b in zip(low, high, strict=True)]
        problem = f"column {score!r} has more digits than 64-bit floats can tell apart"
        _refuse(found.index[lost], f"{problem} (subtract a constant first)")
    return _table(found)


def _lost(low: Any, high: Any) -> bool:
    """Whether rounding scores from `low` to `high` to floats harms the differences."""
    spread, largest = Fraction(high) - Fraction(low), max(abs(low), abs(high))
    fits = largest <= EXACT and not isinstance(low, Decimal)
    return spread > 0 and not fits and np.spacing(float(largest)) > 1e-9 * spread


def _table(numbers: pd.DataFrame) -> pd.DataFrame:
    # Rounding may leave nothing, or less, of squares that are not 0.
    least = np.where(numbers["low"] < numbers["high"], np.finfo(float).tiny, 0.0)
    squares = np.maximum(numbers["ss"], least)
    mean = numbers["base"] + numbers["apart"]
    return pd.DataFrame({"n": numbers["n"].astype("int64"), "mean": mean, "ss": squares})


def _refuse(labels: pd.Index, problem: str) -> None:
    if len(labels):
        more = f" and {len(labels) - 5:,} more" if len(labels) > 5 else ""
        raise ValueError(f"{problem} in schools {labels[:5].tolist()}{more}")


def merge_summaries(*parts: pd.DataFrame) -> pd.DataFrame:
    """Add up summaries of different pupils, who may go to the same schools.

    Parameters
    ----------
    *parts : DataFrame
        As `summarise_schools` returns them, each of other pupils.

    Returns
    -------
    DataFrame
        What `summarise_schools` would have returned for all the pupils together, up to rounding.

    Raises
    ------
    ValueError
        If there is no part, or one lacks a column or holds an impossible number.
    """
    if not parts:
        raise ValueError("there are no summaries to merge")
    opened = []
    for part in parts:
        rows = check_summaries(part, whole=False).rename(columns={"mean": "base"})
        rows = rows.assign(bad=0, huge=0, apart=0.0, low=rows["base"], high=rows["base"])
        opened.append(Part(part.index, rows))
    whole = merge(opened)
    if whole.unlabelled:
        raise ValueError("a summary has a row without a label")
    names = {part.index.name for part in parts}
    name = names.pop() if len(names) == 1 else None
    return _table(whole.numbers.set_axis(whole.labels.rename(name), axis="index"))
