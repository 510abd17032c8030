"""The closed form: what partial pooling does when the spread at both levels is known.

Every equation is derived in the book's derivation page. Arrays broadcast.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


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


def draw_school_means(
    rng: np.random.Generator,
    n: ArrayLike,
    mean: ArrayLike,
    mu: ArrayLike,
    sigma_y: ArrayLike,
    sigma_alpha: ArrayLike,
) -> NDArray:
    """Draw schools' true means *given* μ, σ_y and σ_α.

    Parameters
    ----------
    rng : Generator
        Source of the random numbers.
    n, mean, mu, sigma_y, sigma_alpha : array_like
        As in `partially_pooled_mean`.

    Returns
    -------
    ndarray
        One draw for each place of the broadcast arguments, in points.

    Raises
    ------
    ValueError
        As `partially_pooled_mean`.
    """
    centre = partially_pooled_mean(n, mean, mu, sigma_y, sigma_alpha)
    return rng.normal(centre, partially_pooled_sd(n, sigma_y, sigma_alpha))


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
