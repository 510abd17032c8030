"""Passes of trials: the exact posterior of the beta-binomial model, without a sampler.

A group's rate is θ_j ~ Beta(m κ, (1 - m) κ), and y_j of its n_j trials are passes. Given m and κ
every rate has a beta distribution again. So two numbers are integrated numerically, by the
trapezoid rule: u = -log(κ) / 2, and the logit of m, which has a window of its own for each u.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator, RectBivariateSpline
from scipy.optimize import brentq
from scipy.special import (
    betainc,
    betaincinv,
    betaln,
    digamma,
    expit,
    gammaln,
    logit,
    ndtr,
    ndtri,
)

from helpers.choices import PROB
from helpers.exact.quadrature import CUT, cell_quantiles, moments, summary_frame, two_tails

PRIORS = ("proper", "power")
LARGE = 1e3  # both parameters of a beta distribution that is all but normal
HALVES = ((0, 0), (1, 0), (0, 1))  # of the nodes: which columns, which rows


def passes_posterior(groups: pd.DataFrame, *, prior: str = "proper") -> "PassesPosterior":
    """Compute the posterior of groups' rates from their passes and trials.

    Parameters
    ----------
    groups : DataFrame
        One row a group: ``passes`` (y_j) and ``trials`` (n_j), whole numbers.
    prior : {"proper", "power"}
        m is uniform on (0, 1). "proper": 1 / √(1 + κ) is uniform on (0, 1); it is the sd of the
        rates as a share of the largest that their mean allows. "power": 1 / √κ is uniform on
        (0, ∞), or the density of α = m κ and β = (1 - m) κ is (α + β)^(-5/2).

    Returns
    -------
    PassesPosterior

    Raises
    ------
    ValueError
        If a column is missing; a number is not whole, or there are more passes than trials, or no
        trials; there are fewer than two groups; a label is there twice; or the prior is "power"
        and no group has both a pass and a failure: then the posterior would not be proper.

    Notes
    -----
    Source: Gelman and others (2013), section 5.3, equations 5.8 and 5.9.
    """
    for name in ("passes", "trials"):
        if name not in groups.columns:
            raise ValueError(f"no column {name!r}; the columns are {list(groups.columns)}")
    if not groups.index.is_unique:
        raise ValueError("two groups have the same label")
    y, n = groups["passes"].to_numpy(float), groups["trials"].to_numpy(float)
    bad = groups.index[~((y % 1 == 0) & (n % 1 == 0) & (y >= 0) & (n >= 1) & (y <= n))]
    if len(bad):
        raise ValueError(
            "passes and trials must be whole numbers, with at least one trial and no more passes "
            f"than trials: look at {list(bad[:5])}"
        )
    if y.size < 2:
        raise ValueError("the spread between groups needs two groups or more")
    if prior not in PRIORS:
        raise ValueError(f"prior must be one of {PRIORS}, not {prior!r}")
    if prior == "power" and not ((y > 0) & (y < n)).any():
        raise ValueError("this prior needs a group with both passes and failures")
    return PassesPosterior(groups, *_nodes(y, n, prior))


class _Data:
    """The counts, each different number once, with how often it occurs."""

    def __init__(self, y: NDArray, n: NDArray) -> None:
        self.counts = [np.unique(k[k > 0], return_counts=True) for k in (y, n - y, n)]
        self.total, self.low, self.high = n.sum(), *np.quantile((y + 0.5) / (n + 1), [0, 1])

    def log(self, u: NDArray, x: NDArray) -> NDArray:
        """Log likelihood of u and logit m; `u` and `x` have one shape."""
        kappa = np.exp(-2 * u)
        parts = (kappa * expit(x), 1), (kappa * expit(-x), 1), (kappa, -1)
        out = np.zeros_like(x)
        for (a, sign), (k, times) in zip(parts, self.counts, strict=True):
            step = max(1, 500_000 // a.size)
            for i in range(0, k.size, step):
                some = slice(i, i + step)
                out += sign * (_log_rising(a[..., None], k[some]) @ times[some])
        return out

    def centre(self, u: NDArray) -> tuple[NDArray, NDArray]:
        """For each u the peak of logit m, its uniform prior included, and about its sd."""
        kappa = np.exp(-2 * np.maximum(u, -12))
        low = np.full_like(u, logit(self.low) - 2)
        high = np.full_like(u, logit(self.high) + 2)
        for _ in range(40):
            x = (low + high) / 2
            rises = self._slope(kappa, x) > 0
            low, high = np.where(rises, x, low), np.where(rises, high, x)
            if (high - low < 1e-4).all():
                break
        bend = (self._slope(kappa, x - 0.01) - self._slope(kappa, x + 0.01)) / 0.02
        return x, 1 / np.sqrt(np.maximum(bend, 0.1))

    def _slope(self, kappa: NDArray, x: NDArray) -> NDArray:
        m = expit(x)
        total = 1 - 2 * m  # of the Jacobian m (1 - m)
        for share, sign, (k, times) in zip((m, 1 - m), (1, -1), self.counts, strict=False):
            a = (kappa * share)[:, None]
            rise = (digamma(a + k) - digamma(a)) @ times
            total = total + sign * kappa * m * (1 - m) * rise
        return total


def _log_rising(a: NDArray, k: NDArray) -> NDArray:
    """log Γ(a + k) - log Γ(a), without the loss of digits where a is large."""
    large = np.maximum(a, 16)
    stirling = (large - 0.5) * np.log1p(k / large) + k * np.log(large + k) - k
    for power, factor in ((1, 1 / 12), (3, -1 / 360), (5, 1 / 1260), (7, -1 / 1680)):
        stirling += factor * ((large + k) ** -power - large**-power)
    if (a >= 16).all():
        return stirling
    small = np.minimum(a, 16)
    return np.where(a >= 16, stirling, gammaln(small + k) - gammaln(small))


def _nodes(y: NDArray, n: NDArray, prior: str) -> tuple[NDArray, NDArray, NDArray]:
    """Values of u, windows of logit m around each, and the log density of both."""
    data = _Data(y, n)

    def given(u: NDArray, x: NDArray) -> NDArray:
        """Log density of u and logit m. The Jacobian of m is m (1 - m)."""
        flat = -1.5 * np.logaddexp(0, 2 * u) if prior == "proper" else 0.0
        jacobian = -np.logaddexp(0, x) - np.logaddexp(0, -x)
        return data.log(np.broadcast_to(u, x.shape), x) + jacobian + u + flat

    low, high, size = -np.log(data.total) - CUT, CUT + 1, 65
    for _ in range(60):  # closer, until a good part of the table counts
        u = np.linspace(low, high, size)
        x, sd = data.centre(u)
        log = given(u, x) + np.log(sd)
        kept = np.flatnonzero(log > log.max() - CUT)
        low, high = u[max(kept[0] - 1, 0)], u[min(kept[-1] + 1, u.size - 1)]
        if kept.size > 12:
            break
        size = 25
    peak, spread = PchipInterpolator(u, x), PchipInterpolator(u, 3 * sd)
    middle, high_enough = u[log.argmax()], u[log > log.max() - 2]
    wide = max(np.ptp(high_enough), u[1] - u[0])
    columns, density = 24, 2.7
    while columns < 2000 and density < 200:
        # Hyperbolic sines put the nodes close where the density is high, far in its tails.
        ends = np.arcsinh((np.array([low, high]) - middle) / wide)
        u = middle + wide * np.sinh(np.linspace(*ends, columns + 1))
        ends = _window(given, u, peak(u), spread(u))
        rows = 2 * int(np.ceil((ends[1] - ends[0]) * density))
        x = peak(u) + spread(u) * np.sinh(np.linspace(*ends, rows + 1))[:, None]
        log = given(u, x)
        # The error of half the nodes: that of all of them is about its square.
        enough = [error < 1e-4 for error in _errors(u, x, log, y, n)]
        if all(enough):
            return u, x, log
        columns, density = columns * (2 - enough[0]), density * (2 - enough[1])
    raise ValueError("the posterior of these passes can't be computed")


def _window(given: Callable, u: NDArray, peak: NDArray, spread: NDArray) -> list[float]:
    """Where logit m starts and ends to count, at any u: an inverse hyperbolic sine."""
    top, ends = given(u, peak), []
    for sign in (-1, 1):
        far = sign * np.arcsinh(2.5)
        while (given(u, peak + spread * np.sinh(far)) > top - CUT).any() and abs(far) < 10:
            far += sign * 0.2
        ends.append(far)
    return ends


def _errors(u: NDArray, x: NDArray, log: NDArray, y: NDArray, n: NDArray) -> list[float]:
    """How far two halves of the columns, and of the rows, are apart, in posterior sds."""
    some = np.unique([(y / n).argmin(), (y / n).argmax(), n.argmin(), n.argmax()])
    ours, *others = (
        _moments(u[i::2], x[j::2, i::2], log[j::2, i::2], y[some], n[some]) for i, j in HALVES
    )
    return [float((np.abs(ours - left) / ours[1]).max()) for left in others]


def _weights(u: NDArray, x: NDArray, log: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Nodes that count: their probability, α and β."""
    # A hyperbolic sine's differences are its slope, times the same number at every node.
    weight = np.exp(log - log.max()) * np.gradient(x, axis=0) * np.gradient(u)
    keep = weight > 1e-15 * weight.max()
    kappa = np.exp(-2 * np.broadcast_to(u, x.shape)[keep])
    return weight[keep] / weight[keep].sum(), kappa * expit(x[keep]), kappa * expit(-x[keep])


def _moments(u: NDArray, x: NDArray, log: NDArray, y: NDArray, n: NDArray) -> NDArray:
    """Mean and sd (rows) of m, of the sd of the rates, and of each group's rate (columns)."""
    weight, a, b = _weights(u, x, log)
    m, kappa = a / (a + b), a + b
    sigma = np.sqrt(m * (1 - m) / (1 + kappa))
    settings = moments(weight, np.column_stack([m, sigma]), np.zeros((m.size, 2)))
    found = [settings]
    step = max(1, 2_000_000 // m.size)
    for i in range(0, y.size, step):
        some = slice(i, i + step)
        mean = (a[:, None] + y[some]) / (kappa[:, None] + n[some])
        sd = np.sqrt(mean * (1 - mean) / (1 + kappa[:, None] + n[some]))
        found.append(moments(weight, mean, sd))
    return np.hstack(found)


def updated(a: NDArray, b: NDArray, y: ArrayLike, n: ArrayLike) -> tuple[NDArray, NDArray]:
    """A beta distribution's parameters, once y of n trials have passed."""
    return a + y, b + (n - y)  # in this order a small b is not lost


def _mean_sd(a: NDArray, b: NDArray) -> tuple[NDArray, NDArray]:
    """Of beta distributions."""
    return a / (a + b), np.sqrt(a * b / (a + b + 1)) / (a + b)


def _cumulants(a: NDArray, b: NDArray) -> tuple[NDArray, ...]:
    """Of beta distributions: mean, sd, skewness and excess kurtosis."""
    k = a + b
    skewness = 2 * (b - a) * np.sqrt(k + 1) / ((k + 2) * np.sqrt(a * b))
    flat = 6 * ((a - b) ** 2 * (k + 1) / (a * b) - k - 2) / ((k + 2) * (k + 3))
    return *_mean_sd(a, b), skewness, flat


def beta_below(a: NDArray, b: NDArray, x: NDArray) -> NDArray:
    """Probability of beta variables to lie below `x`, to within 2e-6.

    SciPy takes a tenth of a millisecond for one with a large a and b: Edgeworth's series is used.
    """
    a, b, x = np.broadcast_arrays(a, b, x)
    large = np.minimum(a, b) > LARGE
    below = betainc(np.where(large, 1, a), np.where(large, 1, b), x)
    mean, sd, skewness, flat = _cumulants(a[large], b[large])
    z = (x[large] - mean) / sd
    two = z * z  # powers would take longer than all else
    series = skewness / 6 * (two - 1) + flat / 24 * z * (two - 3)
    series += skewness**2 / 72 * z * (two * (two - 10) + 15)
    below[large] = np.clip(ndtr(z) - np.exp(-two / 2) / np.sqrt(2 * np.pi) * series, 0, 1)
    return below


def _beta_quantiles(a: NDArray, b: NDArray, p: NDArray) -> NDArray:
    """Quantiles of beta distributions; of large a and b by Cornish and Fisher's series."""
    a, b, p = np.broadcast_arrays(a, b, p)
    large = np.minimum(a, b) > LARGE
    x = betaincinv(np.where(large, 1, a), np.where(large, 1, b), p)
    mean, sd, skewness, flat = _cumulants(a[large], b[large])
    z = ndtri(p[large])
    series = skewness / 6 * (z**2 - 1) + flat / 24 * (z**3 - 3 * z)
    x[large] = mean + sd * (z + series - skewness**2 / 36 * (2 * z**3 - 5 * z))
    return x


def _quantiles(weight: NDArray, a: NDArray, b: NDArray, tails: NDArray) -> NDArray:
    """Quantiles (rows) of mixtures of beta distributions (columns of `a` and `b`)."""
    mean, sd = moments(weight, *_mean_sd(a, b))
    size = mean * (1 - mean) / sd**2 - 1
    quantiles = []
    for p in tails:
        # From one beta distribution of the same moments, by Newton's method within a bracket.
        z = logit(np.clip(betaincinv(mean * size, (1 - mean) * size, p), 1e-300, 1 - 1e-16))
        low, high = np.full_like(z, -745.0), np.full_like(z, 40.0)
        for _ in range(200):
            x = expit(z)
            below = weight @ beta_below(a, b, x)
            low, high = np.where(below < p, z, low), np.where(below < p, high, z)
            with np.errstate(all="ignore"):  # at 0 and 1 the bracket is halved instead
                log = a * np.log(x) + b * np.log1p(-x) - betaln(a, b)
                step = (p - below) / (weight @ np.exp(log))
            inside = (z + step >= low) & (z + step <= high)
            near = np.abs(p - below) < 1e-4 * min(p, 1 - p)  # after one more step, its square
            z = np.where(inside, z + step, (low + high) / 2)
            if (near | (expit(high) - expit(low) < 1e-9)).all():
                break
        quantiles.append(expit(z))
    return np.array(quantiles)


@dataclass(frozen=True)
class PassesPosterior:
    """The posterior as a mixture of beta distributions, a part for each pair of m and κ.

    Attributes
    ----------
    groups : DataFrame
        ``passes`` and ``trials``, a row a group.
    u : ndarray, shape (columns,)
        -log(κ) / 2. Its distance from one value, and so that of `x` in each column, is a
        hyperbolic sine of equally spaced numbers.
    x : ndarray, shape (rows, columns)
        Logits of m.
    log : ndarray, shape (rows, columns)
        Log posterior density of u and logit m, up to a constant.
    """

    groups: pd.DataFrame
    u: NDArray
    x: NDArray
    log: NDArray

    @property
    def _data(self) -> tuple[NDArray, NDArray]:
        return tuple(self.groups[name].to_numpy(float) for name in ("passes", "trials"))

    @cached_property
    def nodes(self) -> tuple[NDArray, NDArray, NDArray]:
        """Probability, α = m κ and β = (1 - m) κ of each node."""
        return _weights(self.u, self.x, self.log)

    @cached_property
    def error(self) -> float:
        """A bound of the numerical error of means and sds, in posterior sds.

        What half of the nodes would give less what the other half would: more than the error of
        all. For m, the sd of the rates, and the groups of extreme rates and numbers of trials.
        """
        return max(_errors(self.u, self.x, self.log, *self._data))

    @cached_property
    def _mixture(self) -> tuple[NDArray, NDArray, NDArray]:
        """Nodes for quantiles: probability, and α and β as columns."""
        _, x, log = self._finer(8, 1)
        every = np.where(np.arange(self.u.size) % 2 == 0, 16, 0)  # of the columns every second
        # Where rates all but equal m, and m is uncertain, parts far apart would leave steps.
        row = log.argmax(axis=0), np.arange(self.u.size)
        kappa, m = np.minimum(np.exp(-2 * self.u), 1e12), expit(x[row])
        jump = every * np.gradient(x, axis=0)[row]
        jump *= np.sqrt(m * (1 - m) * (1 + kappa + self._data[1].min()))
        every //= 2 ** np.clip(np.ceil(np.log2(np.maximum(jump, 1))), 0, 3).astype(int)
        some = (every > 0) & (np.arange(len(x))[:, None] % np.maximum(every, 1) == 0)
        weight = np.exp(log - log.max()) * np.gradient(x, axis=0) * np.gradient(self.u) * every
        order = np.argsort(np.where(some, weight, 0), axis=None, kind="stable")
        rare = np.cumsum(weight.ravel()[order] * some.ravel()[order])
        keep = np.sort(order[rare > 1e-6 * rare[-1]])
        weight, x = weight.ravel()[keep], x.ravel()[keep, None]
        kappa = np.broadcast_to(kappa, log.shape).ravel()[keep, None]
        return weight / weight.sum(), kappa * expit(x), kappa * expit(-x)

    def _finer(self, rows: int, columns: int) -> tuple[NDArray, NDArray, NDArray]:
        """The same density at more nodes, so many times as many each way."""
        old = [np.arange(size) for size in self.x.shape]
        ends = zip(old, (rows, columns), strict=True)
        new = [np.linspace(0, k[-1], times * k[-1] + 1) for k, times in ends]
        x, log = (RectBivariateSpline(*old, table, s=0)(*new) for table in (self.x, self.log))
        return CubicSpline(old[1], self.u)(new[1]), x, log

    @cached_property
    def _cells(self) -> tuple[NDArray, ...]:
        """Small cells of the plane: probability, u, logit m, width, lean and height."""
        u, x, log = self._finer(8, 8)
        lean, height, wide = np.gradient(x, axis=1), np.gradient(x, axis=0), np.gradient(u)
        weight = np.exp(log - log.max()) * height * wide
        keep = weight > 1e-9 * weight.max()
        parts = weight / weight[keep].sum(), u, x, wide, lean, height
        return tuple(np.broadcast_to(part, x.shape)[keep] for part in parts)

    def _settings_quantiles(self, tails: NDArray) -> NDArray:
        """Of m and of the sd of the rates, a column each."""
        weight, u, x, wide, lean, height = self._cells
        m = expit(x)
        bend = m * (1 - m)
        sigma = np.sqrt(bend / (1 + np.exp(-2 * u)))
        # By how much each changes from a cell's side to the other, and from bottom to top.
        slope = sigma * (1 - 2 * m) / 2
        sides = slope * lean + sigma * wide / (1 + np.exp(2 * u))
        pairs = (m, bend * lean, bend * height), (sigma, sides, slope * height)
        return np.column_stack(
            [cell_quantiles(weight, v, np.abs(w), np.abs(h), tails) for v, w, h in pairs]
        )

    def summary(self, prob: float = PROB) -> pd.DataFrame:
        """Summarise every parameter.

        Parameters
        ----------
        prob : float
            Probability of the equal-tailed intervals.

        Returns
        -------
        DataFrame
            Rows ``global_mean`` (m), ``global_sigma`` (the sd of the rates,
            √(m (1 - m) / (1 + κ))), and ``rates[label]``; ``mean``, ``sd``, ``lower`` and
            ``upper``, all between 0 and 1.

        Raises
        ------
        ValueError
            If `prob` does not lie between 0 and 1.
        """
        tails = two_tails(prob)
        y, n = self._data
        both = _moments(self.u, self.x, self.log, y, n)
        # Groups of the same counts have the same rate.
        counts, place = np.unique(np.column_stack([y, n]), axis=0, return_inverse=True)
        weight, a, b = self._mixture
        step = max(1, 300_000 // weight.size)
        ends = [
            _quantiles(weight, *updated(a, b, *some.T), tails)
            for some in np.split(counts, range(step, len(counts), step))
        ]
        ends = np.hstack([self._settings_quantiles(tails), np.hstack(ends)[:, place.ravel()]])
        rows, settings = np.vstack([both, ends]).T, ["global_mean", "global_sigma"]
        return summary_frame(rows, settings, "rates", self.groups.index)

    def _rate(self, label: Hashable) -> tuple[NDArray, NDArray, NDArray]:
        weight, a, b = self._mixture
        return weight, *updated(a, b, *self.groups.loc[label, ["passes", "trials"]])

    def new_group(self) -> pd.Series:
        """The rate of a new group of the same population: ``mean``, ``sd``, 94% interval."""
        return self._summary_of(*self._mixture)

    def known_group(self, label: Hashable) -> pd.Series:
        """The rate of a group, by its label in `groups`: ``mean``, ``sd``, 94% interval."""
        return self._summary_of(*self._rate(label))

    def _summary_of(self, weight: NDArray, a: NDArray, b: NDArray) -> pd.Series:
        found = moments(weight, *_mean_sd(a, b))
        ends = _quantiles(weight, a, b, two_tails())
        return pd.Series(np.vstack([*found, ends])[:, 0], ["mean", "sd", "lower", "upper"])

    def compare(self, first: Hashable, second: Hashable) -> pd.Series:
        """Compare two groups' rates.

        Parameters
        ----------
        first, second : label
            As in the index of `groups`.

        Returns
        -------
        Series
            Of the difference, first minus second: ``mean``, ``sd``, ``lower``, ``upper`` (94%),
            and ``above``, the probability to be positive. Two rates nearer to 0 or 1 than 64 bits
            can tell count as equal.
        """
        weight, a, b = self._rate(first)
        _, c, d = self._rate(second)
        (one, one_sd), (two, two_sd) = _mean_sd(a, b), _mean_sd(c, d)
        (average,), (sd,) = moments(weight, one - two, np.hypot(one_sd, two_sd))
        at, mass = np.polynomial.legendre.leggauss(64)
        other = _beta_quantiles(c, d, (at + 1) / 2)
        other = np.where(np.isnan(other), c > d, other)  # what 64 bits can't tell from 0 or 1

        def below(difference: float, p: float) -> float:
            x = np.clip(other + difference, 0, 1)
            return float(weight @ beta_below(a, b, x) @ mass / 2) - p

        # No more than 1 / (1 + 6²) lies further than 6 sds on one side (Cantelli).
        near = average - 6 * sd, average + 6 * sd
        ends = [brentq(below, *near, (p,), xtol=1e-5 * sd) for p in two_tails()]
        values = [average, sd, *ends, float(np.clip(1 - below(0, 0), 0, 1))]
        return pd.Series(values, ["mean", "sd", "lower", "upper", "above"])

    def sample(self, draws: int = 1000, chains: int = 4, *, seed: int) -> xr.DataTree:
        """Draw independently: ``global_mean``, ``global_sigma``, and ``rates`` by ``group``."""
        rng, size = np.random.default_rng(seed), chains * draws
        weight, u, x, wide, lean, height = self._cells
        some = rng.choice(weight.size, size, p=weight)
        across, up = rng.uniform(-0.5, 0.5, (2, size))
        u = u[some] + across * wide[some]
        x = x[some] + across * lean[some] + up * height[some]
        kappa, m = np.exp(-2 * u)[:, None], expit(x)[:, None]
        y, n = self._data
        rates = rng.beta(*updated(kappa * m, kappa * (1 - m), y, n))
        sigma = np.sqrt(m * (1 - m) / (1 + kappa))
        posterior = {
            "global_mean": (("chain", "draw"), m.reshape(chains, draws)),
            "global_sigma": (("chain", "draw"), sigma.reshape(chains, draws)),
            "rates": (("chain", "draw", "group"), rates.reshape(chains, draws, -1)),
        }
        labels = {"group": self.groups.index.to_numpy()}
        return xr.DataTree.from_dict({"posterior": xr.Dataset(posterior, labels)})
