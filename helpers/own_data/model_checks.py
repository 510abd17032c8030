"""Posterior predictive checks: what in the data would data from the fitted model hardly show?"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
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
        Each pupil's school, as a whole number from 0, and score.
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
    # The k-th smallest of m replicated values: below it lie k / (m + 1) of all further ones.
    replicas, beyond = (399, 4) if n.size <= 10_000 else (99, 1)
    picked = rng.choice(len(draws[0]), replicas)
    mu, sigma_alpha, sigma_y = (one[picked] for one in draws)
    mu = mu - centre
    _, between, within = parameters["mean"] ** 2 + parameters["sd"] ** 2
    standing = np.sqrt(between + within / n)
    measured = (n >= 5) & (schools["ss"].to_numpy() > 0)
    freedom = n[measured] - 1
    size = rankdata(n) - (n.size + 1) / 2

    def of_means(means: NDArray) -> tuple[float, float]:
        order = rankdata(means) - (n.size + 1) / 2
        tied = size @ order / np.sqrt((size @ size) * (order @ order))
        return (np.abs(means) / standing).max(), tied

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
    replicated = np.sort(replicated, axis=0)
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
        (
            f"{words.group} farthest from the others (in sds)",
            "",  # none far away is no fault
            f"one {words.group} farther from the others than the model allows",
        ),
        (
            f"size and mean of {words.groups} (rank correlation)",
            f"larger {words.groups} have the lower means",
            f"larger {words.groups} have the higher means",
        ),
    ]
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
