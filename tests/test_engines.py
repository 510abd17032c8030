"""One table of inputs, summarised by every engine: the same summary, or the same refusal.

Held against rational arithmetic.
"""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from helpers.exact import exact_posterior
from helpers.integrated import complete_draws, integrated_model
from helpers.models import fit, partially_pooled_model
from helpers.summaries import merge_summaries, summarise_schools


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


def exact(found, groups):
    """The summary is that of rational arithmetic: n and a spread of 0 exactly."""
    assert found.columns.tolist() == ["n", "mean", "ss"]
    assert found.dtypes.tolist() == [np.int64, np.float64, np.float64]
    assert found["n"].tolist() == [len(group) for group in groups]
    for (_, row), group in zip(found.iterrows(), groups, strict=True):
        values = [Fraction(value) for value in group]
        mean = sum(values) / len(values)
        squares = sum((value - mean) ** 2 for value in values)
        # Each score may have been rounded once, and so may the mean.
        digit = np.spacing(float(max(map(abs, values))))
        assert abs(Fraction(row["mean"]) - mean) <= 2 * digit
        assert (row["ss"] == 0) == (squares == 0)
        root = float(squares) ** 0.5
        assert abs(row["ss"] ** 0.5 - root) <= 1e-12 * root + 2 * digit * (squares > 0) + 2e-154


ORDER = [2, 0, 1, 2, 0, 1]
POINTS = [60.0, 64.0, 50.0, 57.0, 71.5, 66.0]
GROUPS = [[64.0, 71.5], [50.0, 66.0], [60.0, 57.0]]


def column(labels, dtype=None):
    """Labels that are given in their order, in another order, and every one twice."""
    return pd.Series([labels[i] for i in ORDER], dtype=dtype)


def stamps(*texts, **zone):
    return [pd.Timestamp(text, **zone) for text in texts]


DATES = [dt.date(1623, 3, 1), dt.date(2024, 1, 1), dt.date(2024, 7, 1)]
SUMMER = stamps("2023-12-31 23:30", "2024-02-29 23:30", "2024-06-30 22:30", tz="UTC")
SPANS = [pd.Timedelta(text) for text in ("-1 day", "3 s", "1 day 2 hours")]
FINE = stamps("2024-01-01", "2024-01-01 00:00:00.000000001", "2024-01-01 00:00:00.001")
DECIMALS = [Decimal("1.25"), Decimal("1.50"), Decimal("2.00")]
DOUBLE = pd.Series([1.0, -0.0, 0.5, 1.0, 0.0, 0.5])

# Of each kind of label: a column, and its three labels in their order.
LABELS = {
    "text": (column(list("abc")), list("abc")),
    "text as objects": (column(list("abc"), object), list("abc")),
    "whole numbers": (column([-1, 2, 10]), [-1, 2, 10]),
    "bytes of numbers": (column([-100, 27, 100], "int8"), [-100, 27, 100]),
    "whole numbers as objects": (column([-1, 2, 10], object), [-1, 2, 10]),
    "64 bits": (column([2**53, 2**53 + 1, 2**62]), [2**53, 2**53 + 1, 2**62]),
    "beyond 63 bits": (column([1, 2**64 - 2, 2**64 - 1], "uint64"), [1, 2**64 - 2, 2**64 - 1]),
    "fractions": (column([-0.5, 1.0, 2.5]), [-0.5, 1.0, 2.5]),
    "short fractions": (column([-0.5, 1.0, 2.5], "float32"), [-0.5, 1.0, 2.5]),
    "numbers as objects": (column([1, 2.5, 3], object), [1.0, 2.5, 3.0]),
    "two zeros": (DOUBLE, [0.0, 0.5, 1.0]),
    "categories": (column(list("abc"), pd.CategoricalDtype(list("xcba"))), list("abc")),
    "ordered": (column(list("abc"), pd.CategoricalDtype(list("cab"), True)), list("abc")),
    "categories of numbers": (
        column([9, 10, 100], pd.CategoricalDtype([100, 9, 10])),
        [9, 10, 100],
    ),
    "dates": (column(DATES, object), stamps("1623-03-01", "2024-01-01", "2024-07-01")),
    "timestamps": (column(stamps(*DATES)), stamps(*DATES)),
    "datetimes": (column([dt.datetime(2024, m, 1) for m in (1, 2, 3)], object), None),
    "nanoseconds": (column(FINE), FINE),
    "a time zone": (column([t.tz_convert("Europe/Berlin") for t in SUMMER]), SUMMER),
    "a zone, as objects": (column([t.tz_convert("Asia/Tokyo") for t in SUMMER], object), SUMMER),
    "durations": (column(SPANS), SPANS),
    "times of day": (column([dt.time(8), dt.time(9), dt.time(10)]), None),
    "decimals": (column(DECIMALS), DECIMALS),
    "bytes": (column([b"a", b"b", b"c"]), [b"a", b"b", b"c"]),
    "spaces": (column(["", "a", "a "]), ["", "a", "a "]),
    "accents in two ways": (column(["e", "e\u0301", "\u00e9"]), ["e", "e\u0301", "\u00e9"]),
    "long": (column(["x" * 10_000 + end for end in "abc"]), ["x" * 10_000 + end for end in "abc"]),
    "look like numbers": (column(["01", "1", "1.0"]), ["01", "1", "1.0"]),
    "words for nothing": (column(["NA", "None", "nan"]), ["NA", "None", "nan"]),
}
LABELS["datetimes"] = LABELS["datetimes"][0], stamps("2024-01-01", "2024-02-01", "2024-03-01")
LABELS["times of day"] = LABELS["times of day"][0], [dt.time(8), dt.time(9), dt.time(10)]


@every_engine
@pytest.mark.parametrize("kind", LABELS)
def test_a_label_of_every_kind_is_the_same_label(engine, kind):
    labels, expected = LABELS[kind]
    table = pd.DataFrame({"where": labels, "points": POINTS})
    found = summarise_schools(engine(table), "where", "points")
    assert found.index.name == "where"
    assert found.index.tolist() == expected
    assert list(map(type, found.index.tolist())) == list(map(type, expected))
    assert found.index.dtype == summarise_schools(table, "where", "points").index.dtype
    exact(found, GROUPS)


NAMES = [
    "n",
    "mean",
    "ss",
    "school",
    "score",
    "raw",
    "value",
    "mean of school",
    "low",
    "a.b",
    'q"q',
]


@every_engine
def test_columns_may_be_called_anything(engine):
    for school in NAMES:
        for score in NAMES[::-1]:
            if school == score:
                continue
            table = pd.DataFrame(dict.fromkeys(NAMES, "other"), index=range(6))
            table[school], table[score] = column(list("abc")), POINTS
            found = summarise_schools(engine(table), school, score)
            assert found.index.name == school
            exact(found, GROUPS)


BIG = 2**53
SCORES = {
    "short floats near 2^24": np.array([2**24, 2**24 + 2, 2**24 - 1, 2**24 + 4], "float32"),
    "bytes": np.array([127, 126, -128, 127], "int8"),
    "bytes without a sign": np.array([255, 254, 0, 255], "uint8"),
    "uint64": np.array([2**64 - 1, 0, 2**63, 1], "uint64"),
    "int64 beyond 2^53, far apart": np.array([2**62 + 1, 1, -(2**62), 2**61]),
    "decimals": [Decimal("0.10"), Decimal("0.30"), Decimal("0.10"), Decimal("12345.67")],
    "objects": pd.Series([1, 2.5, 3, 4], dtype=object),
    "far from 0": [1e9 + 0.1, 1e9 + 0.2, 1e9, 1e9 + 1e-3],
    "far from 0, apart": [1e9 + 0.1, 1e9 + 0.2, -1e12, -1e12 + 1e-3],
    "whole and far from 0": [BIG - 1, BIG - 2, BIG, BIG - 4],
    "large": [1e139, -1e139, 1e100, 1e99],
    "small": [1e-100, 2e-100, -1e-139, 1e-139],
    "smaller than squares can be": [1e-300, 2e-300, 5e-324, 0.0],
    "alike": [0.1, 0.1, 0.7, 0.7],
    "alike and far from 0": [1e15 + 0.1, 1e15 + 0.1, 0.3, 0.3],
    "alike decimals beyond floats": [
        Decimal(10**20 + 1),
        Decimal(10**20 + 1),
        Decimal(1),
        Decimal(1),
    ],
    "alike beyond 2^53": np.array([BIG + 1, BIG + 1, 1, 1]),
    "one step apart": [1.0, 1.0 + 2**-52, -1e9, np.nextafter(-1e9, 0)],
}


@every_engine
@pytest.mark.parametrize("kind", SCORES)
def test_scores_of_every_kind_are_summarised_exactly(engine, kind):
    scores = pd.Series(SCORES[kind])
    table = pd.DataFrame({"school": list("bbaa"), "score": scores})
    values = scores.tolist()
    exact(summarise_schools(engine(table)), [values[2:], values[:2]])


@every_engine
@pytest.mark.parametrize("value", [0.1, 0.3, 1e9 + 0.1, -1e15 / 3])
def test_equal_scores_have_no_spread_however_many(engine, value):
    table = pd.DataFrame({"school": np.repeat([1, 2, 3], [1, 7, 1001]), "score": value})
    exact(summarise_schools(engine(table)), [[value], [value] * 7, [value] * 1001])


@every_engine
def test_many_schools_of_one_pupil(engine):
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"school": rng.permutation(10_000), "score": rng.normal(size=10_000)})
    found = summarise_schools(engine(table))
    assert found.index.tolist() == list(range(10_000))
    expected = table.sort_values("school", kind="stable")["score"]
    assert found["mean"].tolist() == expected.tolist()
    assert (found["n"] == 1).all() and (found["ss"] == 0).all()


@every_engine
def test_one_row_is_a_summary(engine):
    exact(summarise_schools(engine(pd.DataFrame({"school": ["a"], "score": [3]}))), [[3]])


TEXT = list("aabb")
REFUSED = {
    "score missing": ({"score": [1.0, None, 3.0, 4.0]}, r"'score' is missing .* schools \['a'\]$"),
    "score of whole numbers missing": (
        {"score": pd.array([1, None, 3, 4], "Int64")},
        r"'score' is missing .* schools \['a'\]$",
    ),
    "no score": ({"score": [None] * 4}, r"'score' is missing .* schools \['a', 'b'\]$"),
    "score infinite": ({"score": [1.0, 2.0, 3.0, -np.inf]}, r"infinite in schools \['b'\]$"),
    "scores opposite": ({"score": [np.inf, -np.inf, 3.0, 4.0]}, r"infinite in schools \['a'\]$"),
    "score huge": ({"score": [1.0, 2.0, 1e308, 1e308]}, r"beyond ±1e\+140 in schools \['b'\]$"),
    "yes and no": ({"score": [True, False, True, True]}, "'score' must hold numbers, not [Bb]ool"),
    "yes, no, missing": (
        {"score": [True, None, True, True]},
        "'score' must hold numbers, not [Bb]",
    ),
    "text": ({"score": list("1234")}, "'score' must hold numbers"),
    "dates": ({"score": pd.to_datetime(["2024-01-01"] * 4)}, "'score' must hold numbers"),
    "durations": ({"score": pd.to_timedelta([1, 2, 3, 4], "s")}, "'score' must hold numbers"),
    "beyond floats": ({"score": [BIG + 1, BIG + 3, 1, 2]}, r"more digits .* schools \['a'\] *\(?"),
    "decimals beyond floats": (
        {"score": [Decimal(10**20 + 1), Decimal(10**20 + 2), Decimal(1), Decimal(2)]},
        r"more digits .* schools \['a'\]",
    ),
    "label missing": ({"school": ["a", None, None, "b"]}, "'school' is missing in 2 rows$"),
    "label not a number": ({"school": [1.0, np.nan, 1.0, 2.0]}, "'school' is missing in 1 row$"),
    "no moment": (
        {"school": pd.to_datetime(["2024-01-01", None, "2024-01-01", None])},
        "'school' is missing in 2 rows$",
    ),
    "category missing": ({"school": pd.Categorical(["a", None, "b", "b"])}, "missing in 1 row$"),
    "all labels missing": ({"school": [None] * 4}, "'school' is missing in 4 rows$"),
    "pairs": ({"school": [[1, 2], [1, 2], [3], [3]]}, "the labels of the schools must be text"),
}


@every_engine
@pytest.mark.parametrize("kind", REFUSED)
def test_what_one_engine_refuses_all_refuse(engine, kind):
    change, message = REFUSED[kind]
    table = pd.DataFrame({"school": TEXT, "score": [1.0, 2.0, 3.0, 5.0]} | change)
    with pytest.raises(ValueError, match=message):
        summarise_schools(engine(table))


@every_engine
def test_the_two_columns_are_there_once_and_not_the_same(engine):
    table = pd.DataFrame({"school": TEXT, "score": [1.0, 2.0, 3.0, 5.0]})
    with pytest.raises(ValueError, match="a column each"):
        summarise_schools(engine(table), "score", "score")
    with pytest.raises(
        ValueError, match=r"no column 'points'; the columns are \['school', 'score'\]"
    ):
        summarise_schools(engine(table), "school", "points")
    for kinds in ({"school": "str", "score": float}, {"school": "int64", "score": "int64"}):
        with pytest.raises(ValueError, match="the table has no rows"):
            summarise_schools(engine(table.iloc[:0].astype(kinds)))


def test_two_columns_of_one_name_are_refused_if_they_are_asked_for():
    arrays = [pa.array(values) for values in (TEXT, TEXT, [1.0, 2.0, 3.0, 5.0])]
    table = pa.Table.from_arrays(arrays, ["school", "other", "score"])
    doubled = table.rename_columns(["school", "school", "score"])
    for bad in (doubled, doubled.to_pandas(), dd.from_pandas(doubled.to_pandas(), npartitions=1)):
        with pytest.raises(ValueError, match="two columns are called 'school'"):
            summarise_schools(bad)
    several = table.rename_columns(["school", "other", "score"]).append_column("other", arrays[1])
    exact(summarise_schools(several), [[1.0, 2.0], [3.0, 5.0]])
    exact(summarise_schools(several.to_pandas()), [[1.0, 2.0], [3.0, 5.0]])


MIXED = {
    "numbers and text": [1, "1", "b", "b"],
    "numbers and other text": [1, 1, "b", "b"],
    "yes and one": [True, 1, 2, 2],
    "with and without a zone": [*SUMMER[:2], *stamps("2024-01-01", "2024-01-02")],
    "text and bytes": ["a", b"a", "b", b"b"],
    "large and fractions": [2**53 + 1, 2**53, 0.5, 0.5],
}
MESSAGE = "are of several kinds|too large to stand beside"


@every_engine
@pytest.mark.parametrize("dtype", [bool, object])
def test_yes_and_no_are_labels(engine, dtype):
    answers = pd.Series([True, False, False, True, False, True], dtype=dtype)
    found = summarise_schools(engine(pd.DataFrame({"school": answers, "score": POINTS})))
    assert found.index.tolist() == [False, True]
    exact(found, [[64.0, 50.0, 71.5], [60.0, 57.0, 66.0]])


@pytest.mark.parametrize("engine", ["pandas", "dask"])
@pytest.mark.parametrize("kind", MIXED)
def test_labels_of_several_kinds_are_refused(engine, kind):
    labels = pd.Series(MIXED[kind], dtype=object)
    table = pd.DataFrame({"school": labels, "score": [1.0, 2.0, 3.0, 5.0]})
    with pytest.raises(ValueError, match=MESSAGE):
        summarise_schools(ENGINES[engine](table))
    if engine == "pandas":
        with pytest.raises(ValueError, match=MESSAGE):
            partially_pooled_model(table)


def test_objects_of_polars_are_no_labels():
    labels = pl.Series([1, "1", "b", "b"], dtype=pl.Object)
    table = pl.DataFrame({"school": labels, "score": [1.0, 2.0, 3.0, 5.0]})
    for of in (table, table.lazy()):
        with pytest.raises(ValueError, match="not Python objects"):
            summarise_schools(of)


def test_sparse_columns_are_columns():
    labels = pd.arrays.SparseArray([0, 0, 3, 3])
    scores = pd.arrays.SparseArray([0.0, 1.0, 0.0, 0.0], fill_value=0.0)
    exact(summarise_schools(pd.DataFrame({"school": labels, "score": scores})), [[0, 1], [0, 0]])


@pytest.mark.parametrize("engine", ["pandas", "dask"])
def test_dates_may_stand_beside_timestamps(engine):
    table = pd.DataFrame({"school": [*DATES, *stamps(*DATES)], "score": POINTS}, dtype=object)
    found = summarise_schools(ENGINES[engine](table.astype({"score": float})))
    assert found.index.tolist() == stamps(*DATES)
    exact(found, [POINTS[i::3] for i in range(3)])


@pytest.mark.parametrize("engine", ["pandas", "pyarrow", "dask"])
def test_bins_are_labels_in_their_order(engine):
    bins = pd.Series(pd.cut([5, 1, 11, 5, 2, 12], [0, 3, 10, 20, 30]))
    table = pd.DataFrame({"school": bins, "score": POINTS})
    found = summarise_schools(ENGINES[engine](table))
    assert list(map(str, found.index)) == ["(0, 3]", "(3, 10]", "(10, 20]"]
    exact(found, [[64.0, 71.5], [60.0, 57.0], [50.0, 66.0]])


@pytest.mark.parametrize("index", [[0] * 6, pd.MultiIndex.from_product([[1, 2], list("abc")])])
def test_the_index_of_the_pupils_does_not_matter(index):
    table = pd.DataFrame({"school": column(list("abc")), "score": POINTS}).set_axis(index)
    exact(summarise_schools(table), GROUPS)
    partially_pooled_model(table)


@pytest.mark.parametrize("kind", LABELS)
def test_parts_of_any_two_engines_can_be_merged(kind):
    labels, expected = LABELS[kind]
    table = pd.DataFrame({"school": labels, "score": POINTS})
    halves = table.iloc[:3], table.iloc[3:]
    parts = {name: [summarise_schools(of(half)) for half in halves] for name, of in ENGINES.items()}
    for one in ENGINES:
        for other in ("pandas", "duckdb"):
            whole = merge_summaries(parts[one][0], parts[other][1])
            assert whole.index.tolist() == expected
            assert whole.index.name == "school"
            exact(whole, GROUPS)


def test_parts_whose_labels_differ_in_kind_are_not_merged():
    part = pd.DataFrame({"n": [2], "mean": [60.0], "ss": [1.0]}, index=[1])
    with pytest.raises(ValueError, match="several kinds"):
        merge_summaries(part, part.set_axis(["1"]))
    with pytest.raises(ValueError, match="without a label"):
        merge_summaries(part.set_axis([np.nan]))
    dates = part.set_axis([dt.date(2024, 1, 1)]), part.set_axis(stamps("2024-01-01"))
    assert merge_summaries(*dates)["n"].tolist() == [4]


def test_no_school_is_lost_where_two_print_alike():
    schools = pd.DataFrame({"n": 5, "mean": [60.0, 70.0], "ss": 10.0}, index=[1, "1"])
    for use in (exact_posterior, partially_pooled_model, integrated_model):
        with pytest.raises(ValueError, match="same label"):
            use(schools)


# One of each kind of coordinate.
COORDINATES = "text|fractions|dates|nanoseconds|a time zone|durations|times of day|decimals|bytes"


@pytest.mark.parametrize("kind", [*COORDINATES.split("|"), "bins", "yes and no"])
def test_models_take_every_label(kind):
    others = {
        "bins": pd.cut([5, 1, 11] * 2, [0, 3, 10, 20]),
        "yes and no": [True, False, False] * 2,
    }
    labels = pd.Series(others[kind]) if kind in others else LABELS[kind][0]
    table = pd.DataFrame({"school": labels, "score": POINTS})
    table = pd.concat([table, table.assign(score=table["score"] + 1)])  # and an index twice
    size = 2 if kind == "yes and no" else 3
    for scores in (table, schools := summarise_schools(table)):
        model = partially_pooled_model(scores)
        assert len(model.coords["school"]) == size
    draws = fit(model, seed=1, draws=10, tune=10)
    assert draws.posterior.sizes["school"] == size
    completed = complete_draws(draws, schools, seed=1)
    assert completed.posterior.sizes["school"] == size
    exactly = exact_posterior(schools, prior_mean=60)
    assert len(exactly.summary()) == 3 + size
    assert exactly.sample(5, seed=1).posterior.sizes["school"] == size


def test_models_take_arrow_types():
    table = pd.DataFrame({"school": column([1, 2, 3]), "score": POINTS})
    other = table.convert_dtypes(dtype_backend="pyarrow")
    schools = summarise_schools(table)
    for same in (other, schools.convert_dtypes(dtype_backend="pyarrow")):
        partially_pooled_model(same)
    point = integrated_model(schools).initial_point()
    for same in (summarise_schools(other), schools.convert_dtypes(dtype_backend="pyarrow")):
        height = integrated_model(same).compile_logp()(point)
        assert height == integrated_model(schools).compile_logp()(point)
