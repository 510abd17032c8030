"""Posterior predictive checks: what in the data would data from the fitted model hardly show?"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from helpers.own_data.words import Words

LEVEL = 0.01  # of data from the model that lie beyond each end
LARGEST_ERROR = 1e-4  # that `helpers.exact.exact_posterior` lets pass, in posterior sds
ROWS = 100_000  # that the check on extreme values looks at


def check_model(
    schools: pd.DataFrame,
    codes: NDArray,
    values: NDArray,
    parameters: pd.DataFrame,
    draws: tuple[NDArray, NDArray, NDArray],
    error: float,
    words: Words,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Compare the data with data that the fitted model makes.

    Parameters
    ----------
    schools : DataFrame
        ``n``, ``mean`` and ``ss``.
    codes, values : ndarray, shape (pupils,)
        Each pupil's school, as a whole number from 0, and score; both empty if not known: then
        the check on extreme values is left out.
    parameters : DataFrame
        Posterior ``mean`` and ``sd`` of ``global_mean``, ``global_sigma`` and ``sigma_y``.
    draws : tuple of ndarray
        Posterior draws of μ, σ_α and σ_y.
    error : float
        The numerical error of the posterior.
    words : Words
        The caller's words.
    rng : Generator
        Source of the random numbers.

    Returns
    -------
    DataFrame
        As `helpers.own_data.analysis.Analysis.checks`.
    """
    centre, *_ = parameters["mean"]
    n, mean = schools["n"].to_numpy(), schools["mean"].to_numpy() - centre
    replicas = _replicas(n.size)
    picked = rng.choice(len(draws[0]), replicas)
    mu, sigma_alpha, sigma_y = (one[picked] for one in draws)
    mu = mu - centre
    _, between, within = parameters["mean"] ** 2 + parameters["sd"] ** 2
    standing = np.sqrt(between + within / n)
    measured = (n >= 5) & (schools["ss"].to_numpy() > 0)
    freedom = n[measured] - 1
    tied = _tied_to(n)

    def of_means(means: NDArray) -> tuple[float, float]:
        return (np.abs(means) / standing).max(), tied(means)

    def of_spread(squares: NDArray) -> float:
        return np.log(squares / freedom).std() / 2 if freedom.size > 1 else np.nan

    # Deviations from a school's own mean: one pupil alone has none.
    codes, values = codes[:ROWS], values[:ROWS] - centre
    several = np.bincount(codes)[codes] > 1
    school = np.unique(codes[several], return_inverse=True)[1]
    sizes = np.bincount(school)
    in_order = np.repeat(np.arange(sizes.size), np.sort(sizes))  # whatever the order of the rows

    def of_pupils(pupils: NDArray, school: NDArray) -> float:
        if not pupils.size:
            return np.nan
        squares = (pupils - (np.bincount(school, pupils) / np.bincount(school))[school]) ** 2
        return (squares @ squares) * squares.size / squares.sum() ** 2 - 3

    with np.errstate(divide="ignore", invalid="ignore"):
        observed = [
            of_pupils(values[several], school),
            of_spread(schools["ss"].to_numpy()[measured]),
            *of_means(mean),
        ]
        replicated = [
            (
                of_pupils(rng.normal(size=school.size), in_order),
                of_spread(rng.chisquare(freedom)),
                *of_means(rng.normal(mu[i], np.sqrt(sigma_alpha[i] ** 2 + sigma_y[i] ** 2 / n))),
            )
            for i in range(replicas)
        ]
    kinds = [
        (
            f"extreme values within {words.groups} (excess kurtosis)",
            "fewer extreme values than the model allows",
            "more extreme values than the model allows",
        ),
        (
            f"spread within {words.groups} (sd of the log sds)",
            f"{words.groups} more alike in spread than the model allows",
            f"{words.groups} that differ more in spread than the model allows",
        ),
        _farthest(words),
        (
            f"size and mean of {words.groups} (rank correlation)",
            f"larger {words.groups} have the lower means",
            f"larger {words.groups} have the higher means",
        ),
    ]
    return _judge(kinds, observed, replicated, error)


def check_effects(
    studies: pd.DataFrame,
    parameters: pd.DataFrame,
    draws: tuple[NDArray, NDArray],
    error: float,
    words: Words,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Compare effects with effects that the fitted model makes.

    Parameters
    ----------
    studies : DataFrame
        ``effect`` and ``se``.
    parameters : DataFrame
        Posterior ``mean`` and ``sd`` of ``global_mean`` and ``global_sigma``.
    draws : tuple of ndarray
        Posterior draws of μ and τ.
    error, words, rng
        As for `check_model`.

    Returns
    -------
    DataFrame
        As `helpers.own_data.analysis.Analysis.checks`.
    """
    centre, between = parameters["mean"].iloc[0], (parameters.iloc[1, :2] ** 2).sum()
    s, tied = studies["se"].to_numpy(float), _tied_to(studies["se"])

    def statistics(effects: NDArray) -> tuple[float, float, float]:
        apart = (effects - np.average(effects, weights=s**-2)) / s
        far = np.abs(effects) / np.sqrt(between + s**2)
        return np.sqrt(apart @ apart / (s.size - 1)), far.max(), tied(effects)

    def make(mu: float, tau: float) -> NDArray:
        return rng.normal(mu - centre, np.hypot(tau, s))

    kinds = [
        (
            f"spread of the effects of {words.groups} (sd, in standard errors)",
            f"{words.groups} more alike than their standard errors allow",
            f"{words.groups} that differ more than the model allows",
        ),
        _farthest(words),
        (
            f"standard error and effect of {words.groups} (rank correlation)",
            f"{words.groups} with larger standard errors have the lower effects",
            f"{words.groups} with larger standard errors have the higher effects",
        ),
    ]
    effects = studies["effect"].to_numpy(float) - centre
    return _compare(kinds, effects, statistics, make, draws, error, rng)


def check_passes(
    groups: pd.DataFrame,
    parameters: pd.DataFrame,
    draws: tuple[NDArray, NDArray],
    error: float,
    words: Words,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Compare passes of trials with passes that the fitted model makes.

    Parameters
    ----------
    groups : DataFrame
        ``passes`` and ``trials``.
    parameters : DataFrame
        Posterior ``mean`` and ``sd`` of ``global_mean`` and ``global_sigma``.
    draws : tuple of ndarray
        Posterior draws of m and of the sd of the rates.
    error, words, rng
        As for `check_model`.

    Returns
    -------
    DataFrame
        As `helpers.own_data.analysis.Analysis.checks`.
    """
    y, n = (groups[name].to_numpy(float) for name in ("passes", "trials"))
    m, between = parameters["mean"].iloc[0], (parameters.iloc[1, :2] ** 2).sum()
    standing, tied = np.sqrt(n * m * (1 - m) + n * (n - 1) * between), _tied_to(n)

    def statistics(passes: NDArray) -> tuple[float, float, float]:
        rate = (passes.sum() + 0.5) / (n.sum() + 1)
        apart = (passes - n * rate) / np.sqrt(n * rate * (1 - rate))
        far = np.abs(passes - n * m) / standing
        return np.sqrt(apart @ apart / (n.size - 1)), far.max(), tied(passes / n)

    def make(m: float, sigma: float) -> NDArray:
        kappa = max(m * (1 - m) / sigma**2 - 1, 1e-300)
        return rng.binomial(n.astype(int), rng.beta(m * kappa, (1 - m) * kappa, n.size))

    kinds = [
        (
            f"spread of the rates of {words.groups} (in sds of chance alone)",
            f"{words.groups} more alike than chance allows",
            f"{words.groups} that differ more than the model allows",
        ),
        _farthest(words),
        (
            f"size and rate of {words.groups} (rank correlation)",
            f"larger {words.groups} have the lower rates",
            f"larger {words.groups} have the higher rates",
        ),
    ]
    return _compare(kinds, y, statistics, make, draws, error, rng)


def _compare(
    kinds: list[tuple[str, str, str]],
    data: NDArray,
    statistics: Callable[[NDArray], tuple[float, ...]],
    make: Callable[..., NDArray],
    draws: tuple[NDArray, NDArray],
    error: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The table of checks; `make` gives data like these for one draw of the parameters."""
    picked = rng.choice(len(draws[0]), _replicas(data.size, 1_000))
    with np.errstate(divide="ignore", invalid="ignore"):  # groups may all be of one size
        observed = statistics(data)
        replicated = [statistics(make(*(one[i] for one in draws))) for i in picked]
    return _judge(kinds, observed, replicated, error)


def _replicas(size: int, many: int = 10_000) -> int:
    return 399 if size <= many else 99


def _tied_to(size: ArrayLike) -> Callable[[NDArray], float]:
    """The rank correlation with these sizes."""
    size = rankdata(size) - (len(size) + 1) / 2

    def tied(values: NDArray) -> float:
        order = rankdata(values) - (size.size + 1) / 2
        return size @ order / np.sqrt((size @ size) * (order @ order))

    return tied


def _farthest(words: Words) -> tuple[str, str, str]:
    return (
        f"{words.group} farthest from the others (in sds)",
        "",  # none far away is no fault
        f"one {words.group} farther from the others than the model allows",
    )


def _judge(
    kinds: list[tuple[str, str, str]], observed: ArrayLike, replicated: ArrayLike, error: float
) -> pd.DataFrame:
    """The table of checks: `kinds` has a name and what is wrong if too low and if too high."""
    # The k-th smallest of m replicated values: below it lie k / (m + 1) of all further ones.
    beyond = 4 if len(replicated) == 399 else 1
    replicated = np.sort(replicated, axis=0)
    fault = "" if error < LARGEST_ERROR else "the numbers are not exact enough"
    rows = {"numerical error (in posterior sds)": (error, 0.0, LARGEST_ERROR, 0.0, fault)}
    for (name, low, high), seen, made in zip(kinds, observed, replicated.T, strict=True):
        # Left out: what these data do not have, or where they could not have been otherwise.
        if np.isfinite(seen) and np.ptp(made) > 1e-6 * np.abs(made).max():
            lower, upper = made[beyond - 1], made[-beyond]
            fault = high if seen > upper else low if seen < lower else ""
            rows[name] = seen, lower, upper, LEVEL * (1 + bool(low)), fault
    columns = ["observed", "lower", "upper", "chance", "fault"]
    checks = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return checks.assign(passed=checks["fault"] == "")
