"""The closed form: what partial pooling does when the spread at both levels is known.

Every equation is derived in the book's derivation page. Arrays broadcast.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar


def _positive(**values: ArrayLike) -> list[NDArray]:
    arrays = [np.asarray(value, dtype=float) for value in values.values()]
    for name, array in zip(values, arrays, strict=True):
        if not (np.isfinite(array) & (array > 0)).all():
            raise ValueError(f"{name} must be positive and finite, not {values[name]}")
    return arrays


def _finite(**values: ArrayLike) -> list[NDArray]:
    arrays = [np.asarray(value, dtype=float) for value in values.values()]
    for name, array in zip(values, arrays, strict=True):
        if not np.isfinite(array).all():
            where = np.flatnonzero(~np.isfinite(array)).tolist()
            raise ValueError(f"{name} is missing or infinite at positions {where}")
    return arrays


def _sizes(n: ArrayLike) -> NDArray:
    n = np.asarray(n, dtype=float)
    if not (np.isfinite(n) & (n >= 0)).all():
        raise ValueError(f"n must be 0 or more, and finite, not {n}")
    return n


def pooling_weight(n: ArrayLike, sigma_y: ArrayLike, sigma_alpha: ArrayLike) -> NDArray:
    """Share of its own mean that a school keeps, λ = n / (n + σ_y² / σ_α²).

    Parameters
    ----------
    n : array_like
        Number of pupils in the school, 0 or more.
    sigma_y, sigma_alpha : array_like
        Standard deviations of pupils within a school and of the schools' means, in points.

    Returns
    -------
    ndarray
        Between 0 (complete pooling) and 1 (no pooling); no unit.

    Raises
    ------
    ValueError
        If a standard deviation is not positive and finite, or `n` is negative.
    """
    n = _sizes(n)
    sigma_y, sigma_alpha = _positive(sigma_y=sigma_y, sigma_alpha=sigma_alpha)
    return n / (n + (sigma_y / sigma_alpha) ** 2)


def partially_pooled_mean(
    n: ArrayLike, mean: ArrayLike, mu: ArrayLike, sigma_y: ArrayLike, sigma_alpha: ArrayLike
) -> NDArray:
    """Posterior mean (and mode) of a school's mean *given* μ, σ_y and σ_α.

    Parameters
    ----------
    n, mean : array_like
        Number of pupils in the school, and their observed mean in points. Where `n` is 0 the
        school has no mean, and whatever stands there is ignored.
    mu : array_like
        Mean of the schools' means, in points.
    sigma_y, sigma_alpha : array_like
        Standard deviations of pupils within a school and of the schools' means, in points.

    Returns
    -------
    ndarray
        λ · mean + (1 - λ) · μ, in points, with λ from `pooling_weight`.

    Raises
    ------
    ValueError
        If a standard deviation is not positive and finite, `n` is negative, or a mean or `mu`
        is missing or infinite.
    """
    weight = pooling_weight(n, sigma_y, sigma_alpha)
    (mu,) = _finite(mu=mu)
    (mean,) = _finite(mean=np.where(_sizes(n) > 0, mean, mu))
    return weight * mean + (1 - weight) * mu


def partially_pooled_sd(n: ArrayLike, sigma_y: ArrayLike, sigma_alpha: ArrayLike) -> NDArray:
    """Posterior standard deviation of a school's mean *given* μ, σ_y and σ_α.

    Parameters
    ----------
    n : array_like
        Number of pupils in the school, 0 or more.
    sigma_y, sigma_alpha : array_like
        Standard deviations of pupils within a school and of the schools' means, in points.

    Returns
    -------
    ndarray
        1 / √(n / σ_y² + 1 / σ_α²), in points.

    Raises
    ------
    ValueError
        As `pooling_weight`.
    """
    n = _sizes(n)
    sigma_y, sigma_alpha = _positive(sigma_y=sigma_y, sigma_alpha=sigma_alpha)
    return sigma_y / np.sqrt(n + (sigma_y / sigma_alpha) ** 2)


def precision_weighted_mean(
    n: ArrayLike, mean: ArrayLike, sigma_y: float, sigma_alpha: float
) -> float:
    """Estimate of μ from the schools' means, each weighted by 1 / (σ_α² + σ_y² / n).

    This is the value of μ that makes the observed means most probable. The pupil-weighted mean
    is its limit for σ_α → 0, the school-weighted one its limit for σ_α → ∞.

    Parameters
    ----------
    n, mean : array_like
        Number of pupils (1 or more) and observed mean in points, of each school.
    sigma_y, sigma_alpha : float
        Standard deviations of pupils within a school and of the schools' means, in points.

    Returns
    -------
    float
        In points.

    Raises
    ------
    ValueError
        If there is no school, `n` is below 1, a mean is missing, or a standard deviation is not
        positive and finite.
    """
    n, mean = np.broadcast_arrays(_sizes(n), *_finite(mean=mean))
    if n.size == 0 or (n < 1).any():
        raise ValueError("every school needs at least one pupil, and there must be a school")
    sigma_y, sigma_alpha = _positive(sigma_y=sigma_y, sigma_alpha=sigma_alpha)
    # The weights times σ_y²: they stay in range when σ_α is tiny or huge.
    return float(np.average(mean, weights=n / (1 + n * (sigma_alpha / sigma_y) ** 2)))


def maximum_likelihood(schools: pd.DataFrame, *, restricted: bool = False) -> pd.Series:
    """The settings under which the observed scores are most probable.

    This is what mixed-model programs report, and no Bayesian estimate: no prior, no interval.
    Given the ratio σ_α² / σ_y², the best μ and σ_y have a closed form; the ratio is searched.

    Parameters
    ----------
    schools : DataFrame
        One row a school: ``n``, ``mean`` and ``ss``, as `helpers.schools.summarise_schools`
        returns them.
    restricted : bool
        Whether to average over μ instead of taking its best value (REML). That corrects the
        estimates of the spreads for μ having been estimated too.

    Returns
    -------
    Series
        ``global_mean``, ``global_sigma`` (which can be 0) and ``sigma_y``, in points.

    Raises
    ------
    ValueError
        If there are fewer than two schools, or no spread within any school.
    """
    if len(schools) < 2 or not schools["ss"].sum() > 0:
        raise ValueError("two schools are needed, and a spread of scores within one")
    n, mean, ss = (schools[column].to_numpy(dtype=float) for column in ("n", "mean", "ss"))
    freedom = n.sum() - restricted

    def best(ratio: float) -> tuple[float, float, float]:
        """Deviance (up to a constant), μ and σ_y, given σ_α² / σ_y²."""
        weight = n / (1 + n * ratio)
        mu = np.average(mean, weights=weight)
        variance = (ss.sum() + weight @ (mean - mu) ** 2) / freedom
        spread = np.log1p(n * ratio).sum() + restricted * np.log(weight.sum())
        return freedom * np.log(variance) + spread, mu, np.sqrt(variance)

    # The deviance can have two valleys: look everywhere first, then near the lowest place.
    ratios = np.concatenate([[0], np.logspace(-8, 8, 321)])
    lowest = int(np.argmin([best(ratio)[0] for ratio in ratios]))
    near = ratios[max(lowest - 1, 0)], ratios[min(lowest + 1, len(ratios) - 1)]
    found = minimize_scalar(lambda x: best(x)[0], bounds=near, options={"xatol": 1e-10 * near[1]})
    ratio = found.x if lowest and found.fun < best(0)[0] else 0.0
    _, mu, sigma_y = best(ratio)
    return pd.Series(
        {"global_mean": mu, "global_sigma": np.sqrt(ratio) * sigma_y, "sigma_y": sigma_y}
    )
