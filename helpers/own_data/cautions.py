"""What a report has to warn of: values that ask for another model, and data that say little."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2, skew

from helpers.own_data.words import Words

FEW_GROUPS = 8
FEW_DIFFERENCES = 10  # then σ_y is uncertain by a quarter or so
FEW_VALUES = 10
CHANCE = 0.001  # that a caution on errors is wrong where the model is right


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
            f"{by} suits them: count them in each {words.group}, and give passes= and trials=; "
            f"{leave.format(low, high)}."
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
        f"model (logistic regression) of the trials {by} suits them (give passes= and trials= of "
        f"each {words.group}), if not of trials, a beta regression; {leave.format(0, top)}."
    )


def group_cautions(kind: str, groups: pd.DataFrame, words: Words) -> list[str]:
    """Say what a table with a row a group calls for; `kind` is a key of `KINDS`."""
    found = {"means": _means, "effects": _effects, "passes": _passes}[kind](groups, words)
    few = _little(groups["n"], words) if kind == "means" else _few(len(groups), words)
    return [*([found] if found else []), *few]


def _means(groups: pd.DataFrame, words: Words) -> str | None:
    n, mean, sd = (groups.loc[groups["n"] > 1, name] for name in ("n", "mean", "sd"))
    of_shares = np.sqrt(np.maximum(mean * (1 - mean), 0) * n / (n - 1))
    if groups["mean"].between(0, 1).all() and np.allclose(sd, of_shares, rtol=0.01, atol=1e-9):
        return (
            "each mean and sd are those of values that are 0 and 1 only. A binomial model suits "
            "them: give passes= and trials=; intervals here may leave 0 to 1."
        )
    # If all sds are the same but for chance, their logs have the sd 1 / √(2 (n - 1)).
    some = sd > 0
    weight, x, y = 2 * (n - 1)[some], np.log(n[some]), np.log(sd[some])
    x = x - np.average(x, weights=weight)
    precision = weight @ x**2
    if precision * 0.5**2 < 16:  # four of its own sds from 0
        return None
    slope = (weight * x) @ y / precision
    if abs(slope + 0.5) < max(3 / np.sqrt(precision), 0.1):
        return (
            "the sds fall with the root of n, as standard errors do. If they are standard errors "
            f"of the means, give effect= and se=; the sd of {words.units} is that times the root "
            "of n."
        )
    return None


def _effects(groups: pd.DataFrame, words: Words) -> str | None:
    y, s = groups["effect"].to_numpy(), groups["se"].to_numpy()
    inside = (y > 0) & (y < 1)
    trials = y[inside] * (1 - y[inside]) / s[inside] ** 2
    whole = (np.abs(trials - trials.round()) < 0.02).all() and (trials < 1e6).all()
    if inside.sum() >= 3 and ((y >= 0) & (y <= 1)).all() and whole:
        return (
            "each standard error is that of a share of a whole number of trials. A binomial model "
            "suits shares, and for small numbers of trials these standard errors are wrong: give "
            "passes= and trials=."
        )
    apart = y - np.average(y, weights=s**-2)
    if chi2.cdf((apart / s) @ (apart / s), y.size - 1) < CHANCE:
        return (
            "the effects lie nearer to each other than their standard errors allow. Perhaps se= "
            "names the sds of single values: a standard error is such an sd divided by the root of "
            "n."
        )
    return None


def _passes(groups: pd.DataFrame, words: Words) -> str | None:
    if groups["trials"].max() > 1:
        return None
    return (
        f"every {words.group} has one {words.unit} alone, which says nothing of how "
        f"{words.groups} differ. If a row is {words.a_unit}, add up the passes and the trials of "
        f"each {words.group} first."
    )


def _few(count: int, words: Words, spread: str = "that spread") -> list[str]:
    if count >= FEW_GROUPS:
        return []
    return [
        f"{words.count_groups(count)} say little of how widely {words.groups} spread: the "
        f"prior of {spread} matters."
    ]


def _little(n: pd.Series, words: Words) -> list[str]:
    found = _few(len(n), words, "σ_α")
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
