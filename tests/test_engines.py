"""One table of inputs, summarised by every engine: the same summary, or the same refusal.

Held against rational arithmetic.
"""

import datetime as dt
import uuid
from decimal import Decimal
from fractions import Fraction
from functools import partial

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from helpers.exact import exact_posterior
from helpers.integrated import integrated_model
from helpers.models import fit, partially_pooled_model
from helpers.schools import merge_summaries, summarise_schools


def keep(part, rows):
    return rows if part < 4 else rows.iloc[:0]


def partitions(scores):
    """A Dask table of several partitions, the last ones empty."""
    pieces = [scores.iloc[i::4] for i in range(4)] + [scores.iloc[:0]] * 2
    return dd.concat([dd.from_pandas(piece, npartitions=1, sort=False) for piece in pieces])


def arrow(scores):
    return pa.Table.from_pandas(scores, preserve_index=False)


ENGINES = {
    "pandas": lambda scores: scores,
    "pandas, Arrow types": lambda scores: scores.convert_dtypes(dtype_backend="pyarrow"),
    "polars": lambda scores: pl.from_arrow(arrow(scores)),
    "polars, lazy": lambda scores: pl.from_arrow(arrow(scores)).lazy(),
    "pyarrow": arrow,
    "duckdb": lambda scores: duckdb.from_arrow(arrow(scores)),
    "dask": partitions,
}
every_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)

PLAIN = [60.0, 64.0, 50.0, 57.0, 71.5, 66.0]
BERLIN = [pd.Timestamp(f"2024-0{m}-01 00:30", tz="Europe/Berlin") for m in (7, 1, 3)]
MONTHS = [dt.date(2024, 7, 1), dt.date(2024, 1, 1), dt.date(1623, 3, 1)]
STAMPS = [dt.datetime(2024, 7, 1, 12), dt.datetime(2024, 1, 1), dt.datetime(2024, 7, 1)]
SPANS = pd.to_timedelta(["1 day 2 hours", "3 s", "-1 day"])
FINE = pd.to_datetime(["2024-01-01 00:00:00.000000001", "2024-01-01", "2024-01-01 00:00:00.001"])


def twice(labels, dtype=None):
    return pd.Series(list(labels) * 2, dtype=dtype)


def moments(labels):
    return [pd.Timestamp(label) for label in labels]


# Of each kind of label: a column of three schools, every one twice, and what the index must hold.
LABELS = {
    "text": (twice(["b", "a", "c"]), list("abc")),
    "text as objects": (twice(["b", "a", "c"], object), list("abc")),
    "whole numbers": (twice([3, -1, 2]), [-1, 2, 3]),
    "small whole numbers": (twice([100, -100, 27], "int8"), [-100, 27, 100]),
    "whole numbers as objects": (twice([3, -1, 2], object), [-1, 2, 3]),
    "64-bit numbers": (twice([2**53, 2**53 + 1, 2**62]), [2**53, 2**53 + 1, 2**62]),
    "beyond 63 bits": (twice([2**64 - 1, 2**64 - 2, 1], "uint64"), [1, 2**64 - 2, 2**64 - 1]),
    "fractions": (twice([2.5, 1.0, -0.5]), [-0.5, 1.0, 2.5]),
    "short fractions": (twice([2.5, 0.5, -0.5], "float32"), [-0.5, 0.5, 2.5]),
    "numbers as objects": (twice([1, 2.5, 3], object), [1.0, 2.5, 3.0]),
    "two zeros": (pd.Series([0.0, 1.0, 2.0, -0.0, 1.0, 2.0]), [0.0, 1.0, 2.0]),
    "categories": (twice(pd.Categorical(list("bac"), categories=list("xcab"))), list("abc")),
    "ordered": (twice(pd.Categorical(list("bac"), list("cab"), ordered=True)), list("abc")),
    "dates": (twice(MONTHS, object), moments(sorted(MONTHS))),
    "timestamps": (twice(STAMPS), moments(sorted(STAMPS))),
    "nanoseconds": (twice(FINE), sorted(FINE)),
    "a time zone": (twice(BERLIN), [moment.tz_convert("UTC") for moment in sorted(BERLIN)]),
    "a time zone, as objects": (
        twice(BERLIN, object),
        [moment.tz_convert("UTC") for moment in sorted(BERLIN)],
    ),
    "durations": (twice(SPANS), sorted(SPANS)),
    "times of day": (twice([dt.time(9), dt.time(8), dt.time(10)]), [dt.time(h) for h in (8, 9, 10)]),
    "decimals": (twice([Decimal("1.5"), Decimal("1.25"), Decimal(2)]), [1.25, 1.5, 2]),
    "bytes": (twice([b"b", b"a", b"c"]), [b"a", b"b", b"c"]),
    "spaces": (twice(["a ", "", "a"]), ["", "a", "a "]),
    "accents written in two ways": (twice(["e\u0301", "\u00e9", "e"]), ["e", "e\u0301", "\u00e9"]),
    "long": (twice(["x" * 10_000 + end for end in "bac"]), ["x" * 10_000 + end for end in "abc"]),
    "look like others": (twice(["01", "1", "1.0"]), ["01", "1", "1.0"]),
    "words for nothing": (twice(["nan", "None", "NA"]), ["NA", "None", "nan"]),
}
LABELS["categories of numbers"] = (twice(pd.Categorical([10, 9, 100])), [9, 10, 100])
for name in ("categories", "ordered", "categories of numbers"):
    column, found = LABELS[name]
    LABELS[name] = (column.astype(pd.CategoricalDtype([*sorted(found, reverse=True)])), found)

KINDS = {"b": bool, "i": int, "u": int, "f": float, "M": pd.Timestamp, "m": pd.Timedelta}


@every_engine
@pytest.mark.parametrize("kind", LABELS)
def test_a_label_of_every_kind_is_the_same_label(engine, kind):
    column, expected = LABELS[kind]
    table = pd.DataFrame({"where": column, "points": PLAIN})
    found = summarise_schools(engine(table), "where", "points")
    assert found.index.tolist() == expected
    assert {type(label) for label in found.index.tolist()} <= {type(label) for label in expected} | {
        Decimal
    }
    assert found.index.dtype == summarise_schools(table, "where", "points").index.dtype
    by_label = {label: [] for label in expected}
    order = pd.factorize(column, sort=False)[0]
    of = dict(zip(order, (sorted_label(label, expected) for label in column), strict=True))
    for code, score in zip(order, PLAIN, strict=True):
        by_label[of[code]].append(score)
    exact(found, [by_label[label] for label in expected])
