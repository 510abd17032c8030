"""What follows from the exact posterior: shares, weights, differences, predictions.

Given the two standard deviations the schools' means and μ are normal together. So every sum of
them is a mixture of normal distributions, whose mean, sd, quantiles and probabilities are known.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import rankdata

from helpers.exact import ExactPosterior
from helpers.exact.by_size import for_all_schools
from helpers.exact.quadrature import moments, normal_quantiles

CHUNK = 1_000_000  # numbers in memory at a time


def ratio_summaries(
    posterior: ExactPosterior, tails: NDArray
) -> tuple[pd.Series, pd.Series, pd.DataFrame]:
    """What depends on the ratio of the two spreads alone.

    Parameters
    ----------
    posterior : ExactPosterior
    tails : ndarray, shape (2,)
        Probabilities below the two ends of an interval.

    Returns
    -------
    share : Series
        σ_α² / (σ_α² + σ_y²): ``mean``, ``sd``, ``lower``, ``upper``.
    half_weight : Series
        σ_y² / σ_α², the number of pupils at which a school keeps half of its own mean:
        ``median``, ``lower``, ``upper``. (Its mean is infinite, whatever the data: the density
        of σ_α at 0 is not 0.)
    weights : DataFrame
        λ, a row a school: ``weight`` (the posterior mean), ``weight_lower``, ``weight_upper``.
    """
    nodes, n = posterior.nodes, posterior.ratios.n
    ratio, place = np.unique(nodes.ratio, return_inverse=True)
    mass = np.bincount(place.ravel(), nodes.weight)
    low, median, high = np.exp(posterior.log_ratio(np.array([tails[0], 0.5, tails[1]])))

    (mean,), (sd,) = moments(mass, (ratio / (1 + ratio))[:, None], np.zeros((ratio.size, 1)))
    share = {"mean": mean, "sd": sd, "lower": low / (1 + low), "upper": high / (1 + high)}
    half_weight = {"median": 1 / median, "lower": 1 / high, "upper": 1 / low}

    size, place = np.unique(n, return_inverse=True)  # schools of one size enter together
    average = np.empty(size.size)
    step = max(1, CHUNK // ratio.size)
    for part in (slice(i, i + step) for i in range(0, size.size, step)):
        average[part] = mass @ (1 - 1 / (1 + ratio[:, None] * size[part]))
    ends = [1 - 1 / (1 + one * n) for one in (low, high)]
    weights = {"weight": average[place], "weight_lower": ends[0], "weight_upper": ends[1]}
    return pd.Series(share), pd.Series(half_weight), pd.DataFrame(weights)


def above(posterior: ExactPosterior) -> tuple[NDArray, NDArray]:
    """Probability of each school's mean to lie above μ, and above the other schools' mean.

    The mean of the others is the plain mean of their true means, each school counted once.
    """
    nodes, r, some = posterior.nodes, posterior.ratios, posterior.nodes.common
    weight = nodes.weight[some] / nodes.weight[some].sum()
    ratio, mu, mu_sd = nodes.ratio[some], nodes.mu[some], nodes.mu_sd[some]
    within = nodes.sigma_y[some] * np.sqrt(ratio)
    size, step = r.n.size, max(1, CHUNK // weight.size)
    sums = np.zeros((2, weight.size, 1))
    for part in (slice(i, i + step) for i in range(0, size, step)):
        share = 1 / (1 + r.n[part] * ratio)  # of μ in the estimate
        sums[0] += share.sum(axis=1, keepdims=True)
        sums[1] += (share * (mu - r.mean[part]) + r.mean[part]).sum(axis=1, keepdims=True)
    share_all, mean_all = sums / size

    def some_schools(n: NDArray, mean: NDArray) -> NDArray:
        share = 1 / (1 + n * ratio)
        sd = np.hypot(within * np.sqrt(share), (1 - share) * mu_sd)
        over_mu = weight @ ndtr((1 - share) * (mean - mu) / sd)
        # A school lies above the others' mean if and only if above the mean of all, its own too.
        own = share * (1 - 2 / size) + share_all / size
        sd = np.hypot(within * np.sqrt(own), (share - share_all) * mu_sd)
        over_others = weight @ ndtr((mean + share * (mu - mean) - mean_all) / sd)
        return np.column_stack([over_mu, over_others])

    found = for_all_schools(r.n, r.mean, some_schools, lambda rows: 1.0, weight.size)
    return tuple(np.clip(found, 0, 1).T)


def combination(
    posterior: ExactPosterior,
    tails: NDArray,
    schools: dict[int, float],
    *,
    mu: float = 0.0,
    groups: float = 0.0,
    units: float = 0.0,
) -> pd.Series:
    """Summarise a sum of schools' means, of μ, and of what is new.

    Parameters
    ----------
    posterior : ExactPosterior
    tails : ndarray
        Probabilities below the two ends of the interval.
    schools : dict
        What each school's mean, by its place in the table, is multiplied by.
    mu : float
        What μ is multiplied by.
    groups, units : float
        How many new deviations are added, with the standard deviation σ_α and σ_y.

    Returns
    -------
    Series
        ``mean``, ``sd``, ``lower``, ``upper``, and ``above``, the probability to be positive.
    """
    nodes, r = posterior.nodes, posterior.ratios
    places, times = np.array(list(schools), dtype=int), np.array(list(schools.values()))
    share = 1 / (1 + r.n[places] * nodes.ratio)
    shift = (times.sum() + mu) * r.centre
    mean = (r.mean[places] + share * (nodes.mu - r.mean[places])) @ times[:, None] + mu * nodes.mu
    spread = nodes.ratio * (share @ times[:, None] ** 2 + groups) + units
    loading = share @ times[:, None] + mu
    sd = np.hypot(nodes.sigma_y * np.sqrt(spread), loading * nodes.mu_sd)

    common, (average,), (total,) = nodes.common, *moments(nodes.weight, mean, sd)
    weight = nodes.weight[common] / nodes.weight[common].sum()
    lower, upper = normal_quantiles(weight, mean[common], sd[common], tails)[:, 0] + shift
    positive = (nodes.weight @ ndtr((mean + shift) / sd))[0]
    values = {"mean": average + shift, "sd": total, "lower": lower, "upper": upper}
    return pd.Series({**values, "above": min(positive, 1.0)})


def within_interval(posterior: ExactPosterior, tails: NDArray) -> NDArray:
    """Where a school's raw mean lies around its true mean, times √n, σ_y being uncertain."""
    nodes = posterior.nodes
    sd = nodes.sigma_y[nodes.common]
    weight = nodes.weight[nodes.common]
    return normal_quantiles(weight / weight.sum(), np.zeros_like(sd), sd, tails)[:, 0]


def table_of_schools(
    posterior: ExactPosterior,
    tails: NDArray,
    table: pd.DataFrame,
    weights: pd.DataFrame,
    means: NDArray,
    complete: float,
) -> pd.DataFrame:
    """All there is to say of each school, as `helpers.own_data.analysis.Analysis.schools`."""
    summaries, estimates = posterior.schools, table.iloc[3:]
    low, high = within_interval(posterior, tails)
    root = np.sqrt(summaries["n"])
    ranks = np.empty(means.shape, dtype=np.int32)
    order = (-means).argsort(axis=1, kind="stable")
    np.put_along_axis(ranks, order, np.arange(1, means.shape[1] + 1, dtype=np.int32)[None], axis=1)
    lower, upper = np.quantile(ranks, tails, axis=0, method="nearest")
    # Schools with the same scores keep the order of the table, however a processor rounds.
    standing = ((estimates["mean"] - complete) / table["mean"]["sigma_y"]).round(9)
    over_mu, over_others = above(posterior)
    return pd.DataFrame(
        {
            "n": summaries["n"],
            "raw": summaries["mean"],
            "raw_lower": summaries["mean"] + low / root,
            "raw_upper": summaries["mean"] + high / root,
            "complete": complete,
            **{name: estimates[name].to_numpy() for name in ("mean", "sd", "lower", "upper")},
            **{name: weights[name].to_numpy() for name in weights},
            "rank": rankdata(-standing, method="ordinal").astype(int),
            "rank_lower": lower.astype(int),
            "rank_upper": upper.astype(int),
            "above": over_others,
            "above_population": over_mu,
        }
    ).sort_values("rank", kind="stable")
