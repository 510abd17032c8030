"""What a report has to warn of: values that ask for another model, and data that say little."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import skew

from helpers.own_data.words import Words

FEW_GROUPS = 8
FEW_DIFFERENCES = 10  # then σ_y is uncertain by a quarter or so
FEW_VALUES = 10


def cautions(values: NDArray, n: pd.Series, words: Words) -> list[str]:
    """Say what these values and these sizes call for.

    Parameters
    ----------
    values : ndarray
        All scores.
    n : Series
        Units of each group.
    words : Words
        The caller's words.

    Returns
    -------
    list of str
        A sentence or two each.
    """
    kind = _kind(values, words)
    return [*([kind] if kind else []), *_little(n, words)]


def _kind(values: NDArray, words: Words) -> str | None:
    different = np.unique(values)
    low, high = different[[0, -1]]
    whole = bool((different % 1 == 0).all())
    repeats = values.size >= 3 * different.size
    by = f"with an effect of each {words.group}"
    leave = "intervals here may leave {:g} to {:g}"
    if different.size == 2:
        return (
            f"the values are {low:g} and {high:g} only. A binomial model (logistic regression) "
            f"{by} suits them; {leave.format(low, high)}."
        )
    ordered = (
        f"codes or ordered answers, a model for ordered categories (cumulative logit) {by} suits "
        "them, or for unordered ones (multinomial)"
    )
    counted = f"counts, a Poisson or a negative binomial model {by} suits them"
    near_zero = whole and low >= 0 and np.median(values) <= 100 and skew(values) > 0.2
    if whole and repeats and different.size <= FEW_VALUES:
        shown = ", ".join(f"{value:g}" for value in different)
        either = f"; if they are {counted}" if near_zero else ""
        return (
            f"only {different.size} different values, all whole ({shown}). If they are {ordered}"
            f"{either}."
        )
    if near_zero and values.mean() < 4 * values.std():
        return (
            f"the values are whole numbers from {low:g}, with a tail to {high:g}. If they are "
            f"{counted}; intervals here may fall below 0."
        )
    if low >= 0 and high <= 1:
        top, name = 1, "proportions"
    elif low >= 0 and 1 < high <= 100 and repeats:
        top, name = 100, "percentages"
    else:
        return None
    return (
        f"all values lie between 0 and {top}. If they are {name} of a number of trials, a binomial "
        f"model (logistic regression) of the trials {by} suits them, if not of trials, a beta "
        f"regression; {leave.format(0, top)}."
    )


def _little(n: pd.Series, words: Words) -> list[str]:
    found = []
    if len(n) < FEW_GROUPS:
        found.append(
            f"{words.count_groups(len(n))} say little of how widely {words.groups} spread: the "
            "prior of σ_α matters."
        )
    several = int((n > 1).sum())
    freedom = int(n.sum()) - len(n)
    if freedom < FEW_DIFFERENCES or (several <= 2 and several < len(n)):
        differences = f"{freedom:,} difference{'s' if freedom > 1 else ''}"
        found.append(
            f"σ_y rests on {differences} within {words.count_groups(several)} with two "
            f"{words.units} or more. So do the weights, and what share of the variance lies "
            f"between {words.groups}."
        )
    return found
