"""Maximum likelihood, as programs for mixed models report it, and how to plan for its precision."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import betainc, betainccinv, betaincinv, betaln, xlog1py, xlogy
from scipy.stats import f as f_distribution

from helpers.pooling import pooling_weight
from helpers.summaries import check_summaries

STEP = 0.4  # of the logarithm of the ratio
CHUNK = 200_000  # numbers in memory at a time
LARGEST = 10_000  # groups, or units in each, that a plan looks at
NODES = 60  # of the numerical integral in a plan


def maximum_likelihood(schools: pd.DataFrame, *, restricted: bool = False) -> pd.Series:
    """The settings under which the observed scores are most probable.

    This is what mixed-model programs report, and no Bayesian estimate: no prior, no interval.
    Given the ratio σ_α² / σ_y², the best μ and σ_y have a closed form. The ratio is searched where
    the slope of the likelihood changes its sign, from 0 to where it can only fall.

    Parameters
    ----------
    schools : DataFrame
        One row a school: ``n``, ``mean`` and ``ss``, as `helpers.summaries.summarise_schools`
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
        If there are fewer than two schools, no spread within any school, or a number is impossible.

    References
    ----------
    Harville (1977), "Maximum likelihood approaches to variance component estimation and to
    related problems", Journal of the American Statistical Association 72, 320-338.
    """
    schools = check_summaries(schools)
    within = schools["ss"].sum()
    if len(schools) < 2 or not within > 0:
        raise ValueError("two schools are needed, and a spread of scores within one")
    # Schools of one size are alike, but for their means: count, mean and scatter tell all.
    n, size, count = np.unique(schools["n"], return_inverse=True, return_counts=True)
    n, centre = n.astype(float), schools["mean"].median()
    apart = (schools["mean"] - centre).to_numpy()  # large means leave few digits for differences
    scale = max(np.abs(apart).max(), np.sqrt(within / schools["n"].sum()))
    apart = apart / scale
    within = max(within / scale / scale, np.finfo(float).tiny)
    mean = np.bincount(size, apart) / count
    scatter = np.bincount(size, (apart - mean[size]) ** 2)
    freedom = n @ count - restricted

    def best(ratios: NDArray) -> tuple[NDArray, ...]:
        """μ and σ_y² given σ_α² / σ_y², and the slope of the deviance there."""
        weight = n / (1 + n * ratios[:, None])
        total = weight @ count
        mu = weight @ (count * mean) / total
        squares = count * (mean - mu[:, None]) ** 2 + scatter
        variance = (within + (weight * squares).sum(axis=1)) / freedom
        weight *= weight
        slope = total - (weight * squares).sum(axis=1) / variance
        return mu, variance, slope - restricted * (weight @ count) / total

    def deviance(ratios: NDArray) -> NDArray:
        grown = 1 + n * ratios[:, None]
        spread = np.log(grown) @ count + restricted * np.log((n / grown) @ count)
        return freedom * np.log(best(ratios)[1]) + spread

    # Beyond the last ratio the deviance rises: there the slope, times the ratio, is more than
    # (schools - 1) / 2 less the share that the schools' means have in the squares. Below the first
    # it is a straight line. In between it can have several valleys, none as narrow as a step.
    between = apart.var() * apart.size
    last = max(1 / n[0], 2 * freedom / (apart.size - 1) * (between / within))
    logs = np.arange(np.log(1e-10 / n[-1]), np.log(min(last, 1e290)) + STEP, STEP)
    ratios = np.r_[0, np.exp(logs)]
    step = max(1, CHUNK // n.size)
    parts = [best(ratios[i : i + step])[2] for i in range(0, ratios.size, step)]
    slope = np.concatenate(parts)
    bottoms = [0.0]
    for left in np.flatnonzero((slope[:-1] < 0) & (slope[1:] >= 0)):
        ends = ratios[left], ratios[left + 1]
        bottoms.append(brentq(lambda r: best(np.array([r]))[2][0], *ends, xtol=1e-300))
    # At 0 the deviance may fall, and then that is no bottom.
    bottoms = np.array(bottoms)[int(slope[0] < 0) :]
    ratio = bottoms[np.argmin(deviance(bottoms))]
    mu, variance, _ = best(ratio[None])
    sigma_y = np.sqrt(variance[0]) * scale
    return pd.Series(
        {
            "global_mean": centre + mu[0] * scale,
            "global_sigma": np.sqrt(ratio) * sigma_y,
            "sigma_y": sigma_y,
        }
    )


def plan(
    groups: ArrayLike | None,
    size: ArrayLike | None,
    sigma_y: ArrayLike,
    sigma_alpha: ArrayLike,
    *,
    wanted: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """How precise a study of groups of one size will be, before it is done.

    Parameters
    ----------
    groups, size : array_like of int
        Number of groups and of units in each group, each at least 2. With `wanted`, one of them
        is None, which is looked for, and the rest are single numbers.
    sigma_y, sigma_alpha : array_like
        Standard deviations of units within a group and of the groups' means, in points.
    wanted : mapping, optional
        Columns of the result, each with its worst value that will do: the least of
        ``right_order``, the largest of any other.

    Returns
    -------
    DataFrame
        One row a design, of the broadcast arguments; with `wanted`, the smallest that will do.
        After the arguments, over studies drawn with these sds:

        - ``raw_rmse``: root mean square error of a group's raw mean, in points;
        - ``pooled_rmse``: of its partially pooled mean, with μ estimated and both sds known;
        - ``fitted_rmse``: the same with both sds estimated (restricted likelihood);
        - ``sigma_alpha_se``: standard error of the estimated σ_α, in points, from the expected
          information and the delta method. It takes the estimate as normally distributed: it is
          up to an eighth too small where ``zero`` is a few per cent, and no guide where that is
          large, for then the estimates pile up at 0;
        - ``zero``: probability that the estimate of σ_α is 0;
        - ``right_order``: of two groups drawn at random, the probability that the one with the
          higher estimate truly has the higher mean.

    Raises
    ------
    ValueError
        If an argument is impossible, or if no number up to 10,000 brings what is wanted.

    References
    ----------
    Searle, Casella and McCulloch (1992), Variance Components, Wiley, chapter 3: the mean squares,
    ``sigma_alpha_se`` and ``zero``. Sheppard (1899), Philosophical Transactions A 192: the order.
    """
    if wanted is not None:
        return _smallest(groups, size, sigma_y, sigma_alpha, wanted)
    for name, value in {"groups": groups, "size": size}.items():
        value = np.asarray(value, dtype=float)  # None becomes NaN
        if not (np.isfinite(value) & (value >= 2) & (value % 1 == 0)).all():
            raise ValueError(f"{name} must be whole numbers, 2 or more, and known without `wanted`")
    sides = np.broadcast_arrays(groups, size, sigma_y, sigma_alpha)
    groups, size, sigma_y, sigma_alpha = (np.ravel(side).astype(float) for side in sides)
    weight = pooling_weight(size, sigma_y, sigma_alpha)
    pull, between, within = 1 - weight, groups - 1, groups * (size - 1)  # degrees of freedom
    mean = sigma_alpha**2 / weight  # variance of a raw mean, over groups too
    pooled = sigma_alpha**2 * pull + pull**2 * mean / groups
    fitted = pooled + mean / groups * _wrong_weight(pull, between, within)
    component = 2 * mean**2 / between + 2 * (sigma_y**2 / size) ** 2 / within
    return pd.DataFrame(
        {
            "groups": groups.astype(int),
            "size": size.astype(int),
            "sigma_y": sigma_y,
            "sigma_alpha": sigma_alpha,
            "raw_rmse": sigma_y / np.sqrt(size),
            "pooled_rmse": np.sqrt(pooled),
            "fitted_rmse": np.sqrt(fitted),
            "sigma_alpha_se": np.sqrt(component) / (2 * sigma_alpha),
            "zero": f_distribution.cdf(pull, between, within),
            "right_order": 0.5 + np.arcsin(np.sqrt(weight)) / np.pi,
        }
    )


def _wrong_weight(pull: NDArray, between: NDArray, within: NDArray) -> NDArray:
    """Expectation of χ² (estimated pull - pull)², where χ² has the freedom between groups.

    Pull is 1 - λ; its estimate is the ratio of the mean squares, at most 1. The share x of χ² in
    the sum of both χ² has a beta distribution, and is independent of that sum.
    """
    a, b, ratio = between / 2, within / 2, pull * between / within
    cut = ratio / (1 + ratio)  # below it the estimate is 1
    below = (1 - pull) ** 2 * a / (a + b) * betainc(a + 1, b, cut)
    # Above it Gauss's rule, along the logarithm of x; what is left out at the ends is nothing.
    low, high = np.log(np.maximum(cut, betaincinv(a, b, 1e-15))), np.log(betainccinv(a, b, 1e-15))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half = np.maximum(high - low, 0) / 2
    x = np.exp(low + half * (1 + nodes[:, None]))
    density = np.exp(xlogy(a, x) + xlog1py(b - 1, -x) - betaln(a, b))  # of log x
    above = weights @ (density * (ratio * (1 - x) / x - pull) ** 2 * x) * half
    return 2 * (a + b) * (below + above)


def _smallest(
    groups: int | None,
    size: int | None,
    sigma_y: float,
    sigma_alpha: float,
    wanted: Mapping[str, float],
) -> pd.DataFrame:
    """The first row of `plan` that has what is wanted."""
    if (groups is None) == (size is None):
        raise ValueError("either groups or size must be None: that one is looked for")
    for last in (1_000, LARGEST):  # the first ones are fast
        tried = [np.arange(2, last + 1) if side is None else side for side in (groups, size)]
        table = plan(*tried, sigma_y, sigma_alpha)
        good = table.iloc[:, 4:].assign(right_order=-table["right_order"])  # now less is better
        if unknown := [name for name in wanted if name not in good]:
            raise ValueError(f"wanted can be {', '.join(good)}, not {unknown[0]!r}")
        limit = {k: -v if k == "right_order" else v for k, v in wanted.items()}
        met = (good[list(limit)] <= pd.Series(limit)).all(axis=1)
        if met.any():
            return table.iloc[[met.argmax()]].reset_index(drop=True)
    name = next(name for name in wanted if not good[name].iloc[-1] <= limit[name])
    known, sought = ("size", "groups") if groups is None else ("groups", "size")
    more = {"size": "larger", "groups": "more"}[known]
    limited = name != "zero" and (name == "sigma_alpha_se") == (size is None)
    raise ValueError(
        f"{name} of {wanted[name]:g} is out of reach: with {known} = {table[known][0]} and "
        f"{sought} up to {LARGEST:,} it is {abs(good[name].min()):.3g} at best"
        + f"; it takes {more} groups"
        * limited
    )
