"""What `analyse` takes from any table before it begins: its rows, its names, its refusals."""

from collections.abc import Hashable

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from numpy.typing import ArrayLike, NDArray

from helpers.own_data.words import Labels, Words
from helpers.summaries import summarise_schools

# The columns of a table with a row a group, by what is known of each.
KINDS = {
    "means": ("n", "mean", "sd"),
    "effects": ("effect", "se"),
    "passes": ("passes", "trials"),
}
OTHER_CALLS = (
    "n=, mean= and sd=; effect= and se= (also for a mean and its standard error); or passes= and "
    "trials="
)


def choose_kind(score: Hashable, columns: dict[str, Hashable | None]) -> tuple[str, dict]:
    """Which kind of table these columns make: "units" if none is given; or a ``ValueError``."""
    given = {name: column for name, column in columns.items() if column is not None}
    if not given:
        return "units", {}
    if score != "score":
        raise ValueError(
            f"a score of each unit ({score!r}) and {_listed(given)} are two kinds of table: give "
            "one of them"
        )
    if len(set(given.values())) < len(given):
        raise ValueError(f"{_listed(given)} need a column each, not one column for two")
    touched = {kind: names for kind, names in KINDS.items() if given.keys() & set(names)}
    missing = [
        f"{_listed(n for n in names if n in given)} lacks {_listed(lacking)}"
        for names in touched.values()
        if (lacking := [name for name in names if name not in given])
    ]
    if not missing and len(touched) == 1:
        return touched.popitem()[0], given
    problem = "; ".join(missing) or f"{_listed(given)} are two kinds of table"
    raise ValueError(f"{problem}. Give one kind: {OTHER_CALLS}")


def _listed(names: ArrayLike) -> str:
    *first, last = (f"{name}=" for name in names)
    return f"{', '.join(first)} and {last}" if first else last


def read_rows(scores: IntoFrame, school: str, score: str) -> tuple[NDArray, NDArray]:
    """Each row's group, numbered from 0, and its value."""
    table = scores
    if nw.dependencies.is_dask_dataframe(scores):
        table = scores[[school, score]].compute()
    elif not isinstance(scores, pd.DataFrame):
        columns = nw.col(school), nw.col(score).cast(nw.Float64)
        table = nw.from_native(scores).lazy().select(*columns).collect().to_pandas()
    return pd.factorize(table[school])[0], table[score].to_numpy(dtype=float)


def read_groups(
    scores: IntoFrame, school: str, columns: dict[str, Hashable], words: Words
) -> pd.DataFrame:
    """The numbers of each group, by its label in the labels' order; columns named as in `KINDS`."""
    if school in columns.values():
        raise ValueError(f"the labels need a column of their own, not {school!r}")
    table = _in_memory(scores, [school, *columns.values()])
    found = {}
    for name, column in columns.items():
        if name == "sd":  # of one unit there is none
            none = table[column].isna() & (table[columns["n"]].astype(float) == 1)
            table = pd.DataFrame({school: table[school], column: table[column].mask(none, 0)})
        with words.speaking():
            rows = summarise_schools(table, school, column)
        twice = rows.index[rows["n"] > 1]
        if len(twice):
            add = f"Add up passes and trials of each {words.group} first. " * (name == "passes")
            raise ValueError(
                f"a row is {words.a_group} here, and these {words.groups} have several rows: "
                f"{Labels(rows.index).list(twice, 5)}. {add}Where a row is {words.a_unit} with "
                f"a score, call analyse(table, {school!r}, score) with the column of the score"
            )
        found[name] = rows["mean"]
    groups = pd.DataFrame(found)
    if len(groups) < 2:
        raise ValueError(
            f"the spread between {words.groups} needs two {words.groups} or more, not "
            f"{groups.index.tolist()}"
        )
    return groups


def _in_memory(scores: IntoFrame, wanted: list[Hashable]) -> pd.DataFrame:
    dask = nw.dependencies.is_dask_dataframe(scores)
    known = dask or isinstance(scores, pd.DataFrame)
    names = list(scores.columns) if known else nw.from_native(scores).collect_schema().names()
    for name in wanted:
        if names.count(name) != 1:
            problem = "two columns are called" if name in names else "no column"
            raise ValueError(f"{problem} {name!r}; the columns are {names}")
    if known:
        return scores[wanted].compute() if dask else scores[wanted]
    return nw.from_native(scores).lazy().select(*wanted).collect().to_pandas()


def refuse_yes_and_no(scores: IntoFrame, score: str, words: Words) -> None:
    """Raise a ``ValueError`` if the scores are true or false, and say what suits them."""
    if not isinstance(scores, pd.DataFrame) or score not in scores.columns:
        return  # other tables, and a column that is not there, are refused elsewhere
    if isinstance(scores[score], pd.Series) and pd.api.types.is_bool_dtype(scores[score]):
        raise ValueError(
            f"column {score!r} holds yes and no, not numbers. A binomial model (logistic "
            f"regression) suits it: count them in each {words.group}, and give passes= and "
            "trials=; or write it as 1 and 0"
        )


def refuse_without_spread(
    summaries: pd.DataFrame, codes: NDArray, values: NDArray, words: Words
) -> None:
    """Raise a ``ValueError`` where the scores or the sizes leave no spread to be found."""
    if (values == values[0]).all():
        raise ValueError(f"all scores are equal ({values[0]:g}): there is nothing to explain")
    if len(summaries) > 1 and summaries["n"].max() < 2:
        raise ValueError(
            f"every {words.group} has one {words.unit} alone, and the spread within {words.groups} "
            f"needs one with two {words.units} or more. Where each row is {words.a_group}, give "
            f"{OTHER_CALLS}"
        )
    # From the values: a sum of squares may hold rounding noise instead of 0.
    _, first = np.unique(codes, return_index=True)
    if (values == values[first][codes]).all():
        raise ValueError(
            f"all {words.units} of each {words.group} have the same score: there is no spread "
            "within"
        )


def refuse_groups(kind: str, groups: pd.DataFrame, words: Words) -> None:
    """Raise a ``ValueError`` for numbers that no table of this kind can hold."""
    faults = {"means": _means, "effects": _effects, "passes": _passes}[kind](groups, words)
    for problem, bad in faults:
        if np.any(bad):
            whose = ""
            if np.ndim(bad):
                rows = groups.index[bad]
                named = words.group if len(rows) == 1 else words.groups
                whose = f" ({named} {Labels(groups.index).list(rows, 5)})"
            problem, _, advice = problem.partition(". ")
            raise ValueError(f"{problem}{whose}{'. ' * bool(advice)}{advice}")


def _means(groups: pd.DataFrame, words: Words) -> list[tuple[str, ArrayLike]]:
    n, sd = groups["n"], groups["sd"]
    return [
        ("n must be a whole number from 1 upwards", ~((n >= 1) & (n % 1 == 0))),
        ("an sd must not be negative", sd < 0),
        (f"one {words.unit} alone has no sd. Leave it empty there", (n == 1) & (sd > 0)),
        (
            f"every {words.group} has one {words.unit} alone, and the spread within "
            f"{words.groups} needs one with two {words.units} or more. Where the standard error "
            "of each mean is known, give effect= and se=",
            n.max() < 2,
        ),
        (f"the sd of every {words.group} is 0: there is no spread within", sd.max() == 0),
    ]


def _effects(groups: pd.DataFrame, words: Words) -> list[tuple[str, ArrayLike]]:
    effect, se = groups["effect"], groups["se"]
    shares = bool(effect.between(0, 1).all() and effect[se == 0].isin([0, 1]).all())
    return [
        (
            "a standard error must be positive"
            + ". Where effects are shares of a number of trials, give passes= and trials=" * shares,
            se <= 0,
        ),
        (
            f"all effects are equal ({effect.iloc[0]:g}): there is nothing to explain",
            (effect == effect.iloc[0]).all(),
        ),
    ]


def _passes(groups: pd.DataFrame, words: Words) -> list[tuple[str, ArrayLike]]:
    y, n = groups["passes"], groups["trials"]
    shares = y.between(0, 1).all() and (y % 1 != 0).any()
    swapped = bool((y >= n).all())
    return [
        (
            "passes are counts, and these are shares, between 0 and 1. Give how many of the "
            "trials passed: the share times the trials",
            shares,
        ),
        ("passes must be whole numbers from 0 upwards", (y % 1 != 0) | (y < 0)),
        ("trials must be whole numbers from 1 upwards", (n % 1 != 0) | (n < 1)),
        (
            "there are more passes than trials"
            + ". Perhaps passes= and trials= have changed places" * swapped,
            y > n,
        ),
    ]


def name_subject(
    scores: IntoFrame, school: str, score: str, columns: dict[str, Hashable]
) -> tuple[str, str | None]:
    """Name the file and the columns, as far as they are known, and the labels' column alone."""
    attrs = getattr(scores, "attrs", {})
    label = attrs.get("school") if school == "school" else school
    start = f"{attrs['file']}: column" if attrs.get("file") else "Column"
    if columns:
        shown = ", ".join(f"{column!r} as {name}" for name, column in columns.items())
        return f"{start}s {shown}, by {school!r}.", school
    value = attrs.get("score") if score == "score" else score
    if not (label or value or attrs.get("file")):
        return "", None
    return f"{start} {value or score!r}, by {label or school!r}.", label
