"""What `analyse` takes from any table before it begins: its rows, its names, its refusals."""

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from helpers.own_data.words import Words


def read_rows(scores: IntoFrame, school: str, score: str) -> tuple[NDArray, NDArray]:
    """Each row's group, numbered from 0, and its value."""
    table = scores
    if nw.dependencies.is_dask_dataframe(scores):
        table = scores[[school, score]].compute()
    elif not isinstance(scores, pd.DataFrame):
        columns = nw.col(school), nw.col(score).cast(nw.Float64)
        table = nw.from_native(scores).lazy().select(*columns).collect().to_pandas()
    return pd.factorize(table[school])[0], table[score].to_numpy(dtype=float)


def refuse_yes_and_no(scores: IntoFrame, score: str) -> None:
    """Raise a ``ValueError`` if the scores are true or false, and say what suits them."""
    if not isinstance(scores, pd.DataFrame) or score not in scores.columns:
        return  # other tables, and a column that is not there, are refused elsewhere
    if isinstance(scores[score], pd.Series) and pd.api.types.is_bool_dtype(scores[score]):
        raise ValueError(
            f"column {score!r} holds yes and no, not numbers. A binomial model (logistic "
            "regression) suits it; or write it as 1 and 0"
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
            f"needs one with two {words.units} or more. Where each row is a mean already, a model "
            "with known standard errors suits it"
        )
    # From the values: a sum of squares may hold rounding noise instead of 0.
    _, first = np.unique(codes, return_index=True)
    if (values == values[first][codes]).all():
        raise ValueError(
            f"all {words.units} of each {words.group} have the same score: there is no spread "
            "within"
        )


def name_subject(scores: IntoFrame, school: str, score: str) -> tuple[str, str | None]:
    """Name the file and the columns, as far as they are known, and the labels' column alone."""
    attrs = getattr(scores, "attrs", {})
    label = attrs.get("school") if school == "school" else school
    value = attrs.get("score") if score == "score" else score
    if not (label or value or attrs.get("file")):
        return "", None
    start = f"{attrs['file']}: column" if attrs.get("file") else "Column"
    return f"{start} {value or score!r}, by {label or school!r}.", label
