"""The exact posterior of the partially pooled model, without a sampler.

Given the two standard deviations, every other parameter is normal. So only those two are handled
numerically, by quadrature. The book's appendix on the exact posterior derives each formula.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import logsumexp

from helpers.pooling import (
    draw_school_means,
    partially_pooled_mean,
    partially_pooled_sd,
    pooling_weight,
)
from helpers.quadrature import adaptive_nodes, distribution, normal_mixtures, where_the_mass_is
from helpers.summaries import check_spreads, check_summaries

PANELS = 8  # of log σ_α, ten nodes each, to begin with
NODES = 24  # of log σ_y, given σ_α
CHUNK = 1_000_000  # numbers in memory at a time


def exact_posterior(
    schools: pd.DataFrame,
    *,
    prior_mean: float = 50.0,
    prior_sd: float = 10.0,
    sigma_alpha_prior_mean: float = 1.0,
    sigma_y_prior_mean: float = 1.0,
    refine: int = 1,
) -> "ExactPosterior":
    """Compute the posterior of the partially pooled model by quadrature.

    Time and memory depend on the schools, not on their pupils.

    Parameters
    ----------
    schools : DataFrame
        One row a school, as `helpers.schools.summarise_schools` returns it: ``n``, ``mean`` and
        ``ss``.
    prior_mean, prior_sd, sigma_alpha_prior_mean, sigma_y_prior_mean : float
        The priors' parameters, as in `helpers.models.partially_pooled_model`, in points.
    refine : int
        Divides the steps of the quadrature. If 2 gives the same numbers as 1, they are right.

    Returns
    -------
    ExactPosterior

    Raises
    ------
    ValueError
        If a column is missing or holds an impossible number, a prior's standard deviation or mean
        is not positive, there are fewer than two schools, no school has two pupils, or all pupils
        of each school have the same score.
    """
    check_summaries(schools)
    check_spreads(schools["n"], between=True)
    if schools["ss"].sum() == 0:
        raise ValueError("all pupils of each school have the same score: there is no spread within")
    for name, value in {
        "prior_sd": prior_sd,
        "sigma_alpha_prior_mean": sigma_alpha_prior_mean,
        "sigma_y_prior_mean": sigma_y_prior_mean,
    }.items():
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be positive and finite, not {value}")
    if not np.isfinite(prior_mean):
        raise ValueError(f"prior_mean must be finite, not {prior_mean}")

    # Schools of one size enter the density together.
    by_size = schools.groupby("n")["mean"].agg(["size", "mean"])
    scatter = (schools["mean"] - schools["n"].map(by_size["mean"])) ** 2
    by_size["scatter"] = scatter.groupby(schools["n"]).sum()
    size = by_size.index.to_numpy(dtype=float)
    count, mean, scatter = by_size.to_numpy(dtype=float).T
    within, freedom = schools["ss"].sum(), schools["n"].sum() - len(schools)

    def density(log_alpha: NDArray, log_y: NDArray) -> tuple[NDArray, ...]:
        """Log density of (log σ_α, log σ_y); mean and precision of μ given the two."""
        log_alpha = np.broadcast_to(log_alpha, log_y.shape)
        variances = np.exp(2 * log_alpha.ravel()), np.exp(2 * log_y.ravel())
        out = np.empty((3, log_y.size))
        step = max(1, CHUNK // size.size)
        for part in (slice(i, i + step) for i in range(0, log_y.size, step)):
            variance = variances[0][part, None] + variances[1][part, None] / size
            mu, precision = _mu_given_scales(count / variance, mean, prior_mean, prior_sd)
            squares = (count * (mean - mu[:, None]) ** 2 + scatter) / variance
            misfit = squares.sum(axis=1) + ((mu - prior_mean) / prior_sd) ** 2
            spread = np.log(variance) @ count + np.log(precision)
            out[:, part] = -0.5 * (spread + misfit), mu, precision
        log, mu, precision = (row.reshape(log_y.shape) for row in out)
        log = log - np.exp(log_alpha) / sigma_alpha_prior_mean + log_alpha
        log += -np.exp(log_y) / sigma_y_prior_mean + (1 - freedom) * log_y
        return log - 0.5 * within * np.exp(-2 * log_y), mu, precision

    typical = np.sqrt(within / freedom)
    largest = max(typical, np.abs(schools["mean"] - prior_mean).max())
    least = min(typical / np.sqrt(size.max()), sigma_alpha_prior_mean)
    ends_y = np.log(typical) - 15, np.log(largest) + 7
    ends_alpha = np.log(least) - 25, np.log(largest) + 7

    def given_alpha(log_alpha: NDArray, nodes: int) -> tuple[NDArray, ...]:
        """Nodes for log σ_y, a column for each log σ_α; log mass, and μ there."""
        low, high = (np.full(log_alpha.size, end) for end in ends_y)
        log_y = where_the_mass_is(lambda x: density(log_alpha, x)[0], low, high, nodes)
        log, mu, precision = density(log_alpha, log_y)
        return log_y, log + np.log(log_y[1] - log_y[0]), mu, precision

    def marginal(log_alpha: NDArray) -> NDArray:
        return logsumexp(given_alpha(log_alpha.ravel(), nodes=20)[1], axis=0)

    low, high = ([end] for end in ends_alpha)
    coarse = where_the_mass_is(lambda x: marginal(x)[:, None], low, high, nodes=40)
    # Where σ_y can be is known now: the search need not start from far away each time.
    found = given_alpha(coarse[:, 0], nodes=20)[0]
    margin = np.ptp(found) / 5
    ends_y = found.min() - margin, found.max() + margin
    log_alpha, step = adaptive_nodes(marginal, *coarse[[0, -1], 0], panels=PANELS * refine)
    log_y, log, mu, precision = given_alpha(log_alpha, NODES * refine)
    log = log - logsumexp(log + np.log(step))
    return ExactPosterior(
        schools, (prior_mean, prior_sd), log_alpha, step, log_y, log, mu, precision
    )


def _mu_given_scales(
    weight: NDArray, mean: NDArray, prior_mean: float, prior_sd: float
) -> tuple[NDArray, NDArray]:
    precision = prior_sd**-2 + weight.sum(axis=1)
    return (prior_mean / prior_sd**2 + weight @ mean) / precision, precision


@dataclass(frozen=True)
class ExactPosterior:
    """The posterior as a mixture: nodes for the two scales, and their weights.

    Attributes
    ----------
    schools : DataFrame
        The schools' ``n``, ``mean`` and ``ss``.
    mu_prior : tuple of float
        Mean and standard deviation of the prior of μ.
    log_alpha, step : ndarray, shape (a,)
        Nodes for log σ_α, and the length that each stands for.
    log_y, log_mass, mu, precision : ndarray, shape (y, a)
        At each node: log σ_y; the log density of log σ_α there, times the probability of log σ_y
        given it; and mean and precision of μ given the two.
    """

    schools: pd.DataFrame
    mu_prior: tuple[float, float]
    log_alpha: NDArray
    step: NDArray
    log_y: NDArray
    log_mass: NDArray
    mu: NDArray
    precision: NDArray

    def summary(self, prob: float = 0.94) -> pd.DataFrame:
        """Summarise every parameter.

        Parameters
        ----------
        prob : float
            Probability of the equal-tailed intervals.

        Returns
        -------
        DataFrame
            One row a parameter: ``mean``, ``sd``, and ``lower`` and ``upper`` ends of the interval.

        Raises
        ------
        ValueError
            If `prob` does not lie between 0 and 1.
        """
        if not 0 < prob < 1:
            raise ValueError(f"prob must lie between 0 and 1, not {prob}")
        tails = np.array([(1 - prob) / 2, (1 + prob) / 2])
        weight = np.exp(self.log_mass) * self.step
        keep = weight > 1e-9 * weight.max()
        weight = weight[keep] / weight[keep].sum()
        sigma_alpha = np.exp(np.broadcast_to(self.log_alpha, keep.shape)[keep])[:, None]
        sigma_y, mu = np.exp(self.log_y[keep])[:, None], self.mu[keep][:, None]
        mu_sd = self.precision[keep][:, None] ** -0.5

        rows = {"global_mean": normal_mixtures(weight, mu, mu_sd, tails)[0]}
        for name, values, quantiles in [
            (
                "global_sigma",
                sigma_alpha,
                np.exp(np.interp(tails, *self._alpha_distribution()[::-1])),
            ),
            ("sigma_y", sigma_y, self._sigma_y_quantiles(tails)),
        ]:
            mean = weight @ values[:, 0]
            rows[name] = [mean, np.sqrt(weight @ (values[:, 0] - mean) ** 2), *quantiles]
        n, means = self.schools["n"].to_numpy(), self.schools["mean"].to_numpy()
        step = max(1, CHUNK // weight.size)
        for part in (slice(i, i + step) for i in range(0, n.size, step)):
            mean = partially_pooled_mean(n[part], means[part], mu, sigma_y, sigma_alpha)
            share = 1 - pooling_weight(n[part], sigma_y, sigma_alpha)
            sd = np.hypot(partially_pooled_sd(n[part], sigma_y, sigma_alpha), share * mu_sd)
            labels = (f"school_means[{label}]" for label in self.schools.index[part])
            rows |= zip(labels, normal_mixtures(weight, mean, sd, tails), strict=True)
        return pd.DataFrame.from_dict(
            rows, orient="index", columns=["mean", "sd", "lower", "upper"]
        )

    def _alpha_distribution(self) -> tuple[NDArray, NDArray]:
        return distribution(self.log_alpha, logsumexp(self.log_mass, axis=0))

    def _y_distributions(self, columns: NDArray) -> tuple[NDArray, NDArray]:
        """For each σ_α asked for: points of log σ_y, and the distribution function there."""
        place, cdf = distribution(np.arange(len(self.log_y)), self.log_mass[:, columns])
        start, step = self.log_y[0, columns], self.log_y[1, columns] - self.log_y[0, columns]
        return start + place[:, None] * step, cdf

    def _sigma_y_quantiles(self, tails: NDArray) -> NDArray:
        share = np.exp(logsumexp(self.log_mass, axis=0)) * self.step
        columns = np.flatnonzero(share > 1e-8)
        points, cdf = self._y_distributions(columns)
        log_y = np.linspace(points.min(), points.max(), 2000)
        below = sum(
            part * np.interp(log_y, *pair)
            for part, *pair in zip(share[columns], points.T, cdf.T, strict=True)
        )
        return np.exp(np.interp(tails, below, log_y))

    def sample(self, draws: int = 1000, chains: int = 4, *, seed: int) -> xr.DataTree:
        """Draw independently from the posterior.

        Parameters
        ----------
        draws, chains : int
            Draws of each chain, and chains: independent too, and there for ArviZ's sake.
        seed : int
            Seed of ``numpy.random.default_rng``.

        Returns
        -------
        DataTree
            With the group ``posterior``, laid out as that of `helpers.models.fit`.
        """
        rng = np.random.default_rng(seed)
        size = draws * chains
        log_alpha = np.interp(rng.random(size), *self._alpha_distribution()[::-1])
        # log σ_y at the same quantile of the two neighbouring columns, and in between.
        left = np.searchsorted(self.log_alpha[1:-1], log_alpha)
        p, log_y = rng.random(size), np.empty((2, size))
        columns = np.unique([left, left + 1])
        points, cdfs = self._y_distributions(columns)
        for column, x, cdf in zip(columns, points.T, cdfs.T, strict=True):
            for side in (0, 1):
                mine = left + side == column
                log_y[side, mine] = np.interp(p[mine], cdf, x)
        between = (log_alpha - self.log_alpha[left]) / np.diff(self.log_alpha)[left]
        log_y = log_y[0] + between * (log_y[1] - log_y[0])

        sigma_alpha, sigma_y = np.exp(log_alpha)[:, None], np.exp(log_y)[:, None]
        n, means = self.schools["n"].to_numpy(), self.schools["mean"].to_numpy()
        mu, school_means = np.empty_like(sigma_y), np.empty((log_y.size, n.size))
        step = max(1, CHUNK // n.size)
        for part in (slice(i, i + step) for i in range(0, log_y.size, step)):
            scales = sigma_y[part], sigma_alpha[part]
            weight = 1 / (scales[1] ** 2 + scales[0] ** 2 / n)
            center, precision = _mu_given_scales(weight, means, *self.mu_prior)
            mu[part, 0] = rng.normal(center, precision**-0.5)
            school_means[part] = draw_school_means(rng, n, means, mu[part], *scales)
        by_draw = {"global_mean": mu, "global_sigma": sigma_alpha, "sigma_y": sigma_y}
        shape = chains, draws
        posterior = {name: (("chain", "draw"), x.reshape(shape)) for name, x in by_draw.items()}
        by_school = school_means.reshape(*shape, n.size)
        posterior["school_means"] = ("chain", "draw", "school"), by_school
        labels = self.schools.index.to_numpy()
        coords = {"chain": np.arange(chains), "draw": np.arange(draws), "school": labels}
        return xr.DataTree.from_dict({"posterior": xr.Dataset(posterior, coords)})
