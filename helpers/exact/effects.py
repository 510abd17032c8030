"""Effects with known standard errors: their exact posterior, without a sampler.

Given τ, the sd of the true effects, all else is normal. So one number alone is integrated
numerically: the logarithm of τ, by the trapezoid rule.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import ndtr

from helpers.choices import PROB
from helpers.exact.quadrature import CUT, moments, normal_quantiles, summary_frame, two_tails

MOST = 20_000  # nodes


def effects_posterior(
    studies: pd.DataFrame,
    *,
    prior_mean: float = 0.0,
    prior_sd: float = np.inf,
    tau_prior_mean: float = np.inf,
) -> "EffectsPosterior":
    """Compute the posterior of effects that were measured with known standard errors.

    An effect is y_j ~ N(θ_j, s_j), where the true effects are θ_j ~ N(μ, τ).

    Parameters
    ----------
    studies : DataFrame
        One row a study: ``effect`` (y_j) and ``se`` (s_j, its standard error), in the same unit.
    prior_mean, prior_sd : float
        Of the normal prior of μ; infinite `prior_sd` means uniform.
    tau_prior_mean : float
        Of the exponential prior of τ; infinite means uniform on (0, ∞).

    Returns
    -------
    EffectsPosterior

    Raises
    ------
    ValueError
        If a column is missing, an effect is no finite number, a standard error is not positive,
        a prior is impossible, there are too few studies for τ to have a standard deviation (five
        where its prior is uniform, two otherwise), or a label is there twice.

    Notes
    -----
    Source: Gelman and others (2013), section 5.4, equations 5.20 and 5.21.
    """
    for name in ("effect", "se"):
        if name not in studies.columns:
            raise ValueError(f"no column {name!r}; the columns are {list(studies.columns)}")
    if not studies.index.is_unique:
        raise ValueError("two studies have the same label")
    y, s = studies["effect"].to_numpy(float), studies["se"].to_numpy(float)
    bad = studies.index[~np.isfinite(y) | ~(np.isfinite(s) & (s > 0))]
    if len(bad):
        raise ValueError(
            "an effect must be a finite number, and its standard error positive and finite: "
            f"look at {list(bad[:5])}"
        )
    if not (prior_sd > 0 and tau_prior_mean > 0 and np.isfinite(prior_mean)):
        raise ValueError("prior_mean must be finite, prior_sd and tau_prior_mean positive")
    least = 2 if np.isfinite(tau_prior_mean) else 5
    if y.size < least:
        raise ValueError(f"with these priors {least} studies are needed, not {y.size}")
    return EffectsPosterior(studies, *_nodes(y, s, prior_mean, prior_sd, tau_prior_mean))


def _given(t: NDArray, y: NDArray, s: NDArray, prior_mean: float, prior_sd: float) -> tuple:
    """For each log τ: mean and sd of μ, and the log likelihood."""
    v = s**2 + np.exp(2 * t)[:, None]
    precision = (1 / v).sum(axis=1) + prior_sd**-2
    apart = y - prior_mean
    mean = (apart / v).sum(axis=1) / precision
    squares = ((apart - mean[:, None]) ** 2 / v).sum(axis=1) + (mean / prior_sd) ** 2
    log = -(np.log(v).sum(axis=1) + np.log(precision) + squares) / 2
    return mean + prior_mean, precision**-0.5, log


def _nodes(
    y: NDArray, s: NDArray, prior_mean: float, prior_sd: float, tau_prior_mean: float
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Equally spaced log τ where the density counts; mean and sd of μ there; log density."""

    def density(t: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        step = max(1, 4_000_000 // y.size)
        parts = [
            _given(t[i : i + step], y, s, prior_mean, prior_sd) for i in range(0, t.size, step)
        ]
        mean, sd, log = (np.concatenate(part) for part in zip(*parts, strict=True))
        return mean, sd, log + t - np.exp(t) / tau_prior_mean

    scale = np.log(max(s.max(), np.ptp(y)))
    low, high = min(np.log(s.min()), scale) - CUT, scale + 3 * CUT / max(y.size - 4, 0.5)
    t = np.linspace(low, high, 400)
    for _ in range(60):  # closer, until a good part of the table counts
        log = density(t)[2]
        tail = log + 2 * np.maximum(t - t[log.argmax()], 0)  # of τ's second moment
        kept = np.flatnonzero(tail > log.max() - CUT)
        low, high = t[max(kept[0] - 1, 0)], t[min(kept[-1] + 1, t.size - 1)]
        if kept.size > 12:
            break
        t = np.linspace(low, high, 33)
    size = 33
    while True:
        t = np.linspace(low, high, size)
        mean, sd, log = density(t)
        found = _error(np.exp(log - log.max()), t, mean, sd, y, s)
        if found < 1e-6:  # of half the nodes: that of all is about its square
            return t, mean, sd, log
        if size > MOST:
            raise ValueError("the posterior of these effects can't be computed")
        size = 2 * size - 1


def _error(
    weight: NDArray, t: NDArray, mean: NDArray, sd: NDArray, y: NDArray, s: NDArray
) -> float:
    """How far two halves of the nodes are apart, in posterior sds."""
    some = np.unique([y.argmin(), y.argmax(), s.argmin(), s.argmax()])
    ours = [
        _moments(weight[i::2] / weight[i::2].sum(), t[i::2], mean[i::2], sd[i::2], y[some], s[some])
        for i in (0, 1)
    ]
    return float(np.nanmax(np.abs(ours[0] - ours[1]) / ours[0][1]))


def _moments(weight: NDArray, t: NDArray, mu: NDArray, mu_sd: NDArray, y: NDArray, s: NDArray):
    """Mean and sd (rows) of μ, τ and the effects (columns)."""
    tau = np.exp(t)
    settings = moments(weight, np.column_stack([mu, tau]), np.column_stack([mu_sd, 0 * tau]))
    effects = moments(weight, *_effects(tau, mu, mu_sd, y, s))
    return np.hstack([settings, effects])


def _effects(tau: NDArray, mu: NDArray, mu_sd: NDArray, y: NDArray, s: NDArray) -> tuple:
    """Mean and sd of each true effect, given each τ (rows)."""
    keep = 1 / (1 + (s / tau[:, None]) ** 2)  # the share of its own effect that a study keeps
    mean = keep * y + (1 - keep) * mu[:, None]
    return mean, np.hypot(s * np.sqrt(keep), (1 - keep) * mu_sd[:, None])


@dataclass(frozen=True)
class EffectsPosterior:
    """The posterior as a mixture of normal distributions, a part for each τ.

    Attributes
    ----------
    studies : DataFrame
        ``effect`` and ``se``, a row a study.
    t : ndarray
        Logs of τ, equally spaced.
    mu, mu_sd : ndarray
        Mean and sd of μ given each.
    log : ndarray
        Log posterior density of log τ, up to a constant.
    """

    studies: pd.DataFrame
    t: NDArray
    mu: NDArray
    mu_sd: NDArray
    log: NDArray

    @cached_property
    def weight(self) -> NDArray:
        weight = np.exp(self.log - self.log.max())
        return weight / weight.sum()

    @cached_property
    def error(self) -> float:
        """A bound of the numerical error of means and sds, in posterior sds.

        What half of the nodes would give less what the other half would: more than the error of
        all. For μ, τ, and the effects that are smallest and largest, best and least known.
        """
        return _error(self.weight, self.t, self.mu, self.mu_sd, *self._data)

    @cached_property
    def _common(self) -> NDArray:
        """Nodes that are enough for a quantile: every second one, where it counts."""
        some = np.arange(0, self.t.size, 2)
        return some[self.weight[some] > 1e-9 * self.weight.max()]

    @property
    def _data(self) -> tuple[NDArray, NDArray]:
        return self.studies["effect"].to_numpy(float), self.studies["se"].to_numpy(float)

    def quantile_of_tau(self, p: NDArray) -> NDArray:
        """Quantiles of τ; `p` are probabilities."""
        fine = np.linspace(self.t[0], self.t[-1], 20 * (self.t.size - 1) + 1)
        density = np.exp(CubicSpline(self.t, self.log - self.log.max())(fine))
        rising = np.r_[0, np.cumsum((density[1:] + density[:-1]) / 2)]
        return np.exp(np.interp(p, rising / rising[-1], fine))

    def summary(self, prob: float = PROB) -> pd.DataFrame:
        """Summarise every parameter.

        Parameters
        ----------
        prob : float
            Probability of the equal-tailed intervals.

        Returns
        -------
        DataFrame
            Rows ``global_mean`` (μ), ``global_sigma`` (τ), and ``effects[label]``; ``mean``,
            ``sd``, ``lower`` and ``upper``, in the effects' unit.

        Raises
        ------
        ValueError
            If `prob` does not lie between 0 and 1.
        """
        tails, some = two_tails(prob), self._common
        both = _moments(self.weight, self.t, self.mu, self.mu_sd, *self._data)
        weight = self.weight[some] / self.weight[some].sum()
        mean, sd = _effects(np.exp(self.t[some]), self.mu[some], self.mu_sd[some], *self._data)
        mean = np.column_stack([self.mu[some], mean])
        ends = normal_quantiles(weight, mean, np.column_stack([self.mu_sd[some], sd]), tails)
        ends = np.insert(ends, 1, self.quantile_of_tau(tails), axis=1)
        rows, settings = np.vstack([both, ends]).T, ["global_mean", "global_sigma"]
        return summary_frame(rows, settings, "effects", self.studies.index)

    def combine(self, times: dict, *, mu: float = 0.0, new: float = 0.0) -> pd.Series:
        """Summarise a sum of true effects, of μ, and of new studies' deviations from μ.

        Parameters
        ----------
        times : dict
            What the true effect of each study, by its label, is multiplied by.
        mu, new : float
            What μ is multiplied by, and how many new deviations with sd τ are added.

        Returns
        -------
        Series
            ``mean``, ``sd``, ``lower``, ``upper`` (94%), and ``above``, the probability to be
            positive. ``combine({"A": 1, "B": -1})`` compares two studies, ``combine({}, mu=1)``
            is the average effect, ``combine({}, mu=1, new=1)`` a new study's true effect.
        """
        y, s = self._data
        places = [self.studies.index.get_loc(label) for label in times]
        by = np.array(list(times.values()), dtype=float)
        tau = np.exp(self.t)[:, None]
        keep = 1 / (1 + (s[places] / tau) ** 2)
        loading = ((1 - keep) @ by + mu)[:, None]
        # Effects are measured from one of them: what is added and taken away keeps its digits.
        base = y[places[0]] if places else 0.0
        shift = base * (by.sum() + mu)
        mean = (keep * (y[places] - base)) @ by[:, None] + loading * (self.mu[:, None] - base)
        spread = (s[places] ** 2 * keep) @ by[:, None] ** 2 + new * tau**2
        sd = np.hypot(np.sqrt(spread), loading * self.mu_sd[:, None])
        (average,), (total,) = moments(self.weight, mean, sd)
        weight, some = self.weight, self._common
        ends = normal_quantiles(
            weight[some] / weight[some].sum(), mean[some], sd[some], two_tails()
        )
        above = float(weight @ ndtr((mean + shift) / sd)[:, 0])
        values = [average + shift, total, *(ends[:, 0] + shift), above]
        return pd.Series(values, ["mean", "sd", "lower", "upper", "above"])

    def sample(self, draws: int = 1000, chains: int = 4, *, seed: int) -> xr.DataTree:
        """Draw independently: ``global_mean``, ``global_sigma``, and ``effects`` by ``study``."""
        rng = np.random.default_rng(seed)
        t = np.log(self.quantile_of_tau(rng.random(chains * draws)))
        mu = rng.normal(np.interp(t, self.t, self.mu), np.interp(t, self.t, self.mu_sd))
        effects = np.empty((t.size, len(self.studies)))
        step = max(1, 1_000_000 // len(self.studies))
        for some in (slice(i, i + step) for i in range(0, t.size, step)):
            given = np.exp(t[some]), mu[some], np.zeros_like(mu[some])
            effects[some] = rng.normal(*_effects(*given, *self._data))
        shape = chains, draws
        posterior = {
            "global_mean": (("chain", "draw"), mu.reshape(shape)),
            "global_sigma": (("chain", "draw"), np.exp(t).reshape(shape)),
            "effects": (("chain", "draw", "study"), effects.reshape(*shape, -1)),
        }
        labels = {"study": self.studies.index.to_numpy()}
        return xr.DataTree.from_dict({"posterior": xr.Dataset(posterior, labels)})
