"""Maximum likelihood: the settings as programs for mixed models report them."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq

from helpers.summaries import check_summaries

STEP = 0.4  # of the logarithm of the ratio
CHUNK = 200_000  # numbers in memory at a time


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
