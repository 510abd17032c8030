"""Maximum likelihood: the settings as programs for mixed models report them."""

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar


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

    References
    ----------
    Harville (1977), "Maximum likelihood approaches to variance component estimation and to
    related problems", Journal of the American Statistical Association 72, 320-338.
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
