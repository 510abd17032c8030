"""What follows from the exact posterior: shares, weights, differences, predictions.

`Means`, `Effects` and `Rates` ask the posterior of each kind of outcome the same questions.

Given the two standard deviations the schools' means and μ are normal together. So every sum of
them is a mixture of normal distributions, whose mean, sd, quantiles and probabilities are known.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from helpers.exact import ExactPosterior
from helpers.exact.by_size import for_all_schools
from helpers.exact.effects import EffectsPosterior
from helpers.exact.passes import PassesPosterior, beta_below, updated
from helpers.exact.quadrature import moments, normal_quantiles, two_tails

TAILS = two_tails()
CHUNK = 1_000_000  # numbers in memory at a time


def _parts(size: int, each: int) -> Iterator[slice]:
    """Slices of so many groups that memory holds all that belongs to them."""
    step = max(1, CHUNK // each)
    return (slice(i, i + step) for i in range(0, size, step))


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
    for part in _parts(size.size, ratio.size):
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
    size, sums = r.n.size, np.zeros((2, weight.size, 1))
    for part in _parts(size, weight.size):
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


def table_of_groups(
    raw: pd.DataFrame,
    complete: float,
    estimates: pd.DataFrame,
    weights: pd.DataFrame,
    drawn: NDArray,
    scale: float,
    over: tuple[NDArray, NDArray],
) -> pd.DataFrame:
    """All there is to say of each group, as `helpers.own_data.analysis.Analysis.schools`."""
    ranks = np.empty(drawn.shape, dtype=np.int32)
    order = (-drawn).argsort(axis=1, kind="stable")
    np.put_along_axis(ranks, order, np.arange(1, drawn.shape[1] + 1, dtype=np.int32)[None], axis=1)
    lower, upper = np.quantile(ranks, TAILS, axis=0, method="nearest")
    # Schools with the same scores keep the order of the table, however a processor rounds.
    standing = ((estimates["mean"] - complete) / scale).round(9)
    columns = {
        "complete": complete,
        **{name: estimates[name].to_numpy() for name in ("mean", "sd", "lower", "upper")},
        **{name: weights[name].to_numpy() for name in weights},
        "rank": rankdata(-standing, method="ordinal").astype(int),
        "rank_lower": lower.astype(int),
        "rank_upper": upper.astype(int),
        "above": over[1],
        "above_population": over[0],
    }
    return raw.assign(**columns).sort_values("rank", kind="stable")


class Means:
    """Means of groups of which each unit, or n, mean and sd are known.

    The three classes have the same interface. Their attributes are what a group's number is
    called, the symbols of the population's mean and sd, and the name of the draws.
    """

    what, mu, spread, drawn = "mean", "μ", "σ_α", "school_means"

    def __init__(self, posterior: ExactPosterior) -> None:
        self.posterior = posterior
        self.labels = posterior.schools.index

    def raw(self) -> pd.DataFrame:
        """A group's own number and the interval around it."""
        n, mean = self.posterior.schools["n"], self.posterior.schools["mean"]
        low, high = within_interval(self.posterior, TAILS)
        ends = {"raw_lower": mean + low / np.sqrt(n), "raw_upper": mean + high / np.sqrt(n)}
        return pd.DataFrame({"n": n, "raw": mean, **ends})

    def above(self, drawn: NDArray) -> tuple[NDArray, NDArray]:
        """Probability of each group to lie above the population's mean, and above the others'."""
        return above(self.posterior)

    def compare(self, first: int, second: int) -> pd.Series:
        """The difference of two groups, by their places in the table."""
        return combination(self.posterior, TAILS, {first: 1.0, second: -1.0})

    def predict(self, place: int | None) -> list[pd.Series]:
        """The true number of a group, or of a new one; and a new unit in it, if that is known."""
        schools, new = ({}, {"mu": 1.0, "groups": 1.0}) if place is None else ({place: 1.0}, {})
        return [combination(self.posterior, TAILS, schools, **new, units=x) for x in (0.0, 1.0)]


class Effects:
    """Effects with known standard errors."""

    what, mu, spread, drawn = "effect", "μ", "τ", "effects"

    def __init__(self, posterior: EffectsPosterior) -> None:
        self.posterior = posterior
        self.labels = posterior.studies.index
        self.y, self.s = (posterior.studies[x].to_numpy(float) for x in ("effect", "se"))

    @property
    def complete(self) -> float:
        """The precision-weighted mean."""
        return float(np.average(self.y, weights=self.s**-2))

    def raw(self) -> pd.DataFrame:
        low, high = self.y + ndtri(TAILS)[:, None] * self.s
        columns = {"se": self.s, "raw": self.y, "raw_lower": low, "raw_upper": high}
        return pd.DataFrame(columns, index=self.labels)

    def shares(self) -> tuple[pd.Series, pd.DataFrame]:
        """The standard error at which an estimate lies midway: τ; and each study's weight."""
        low, median, high = self.posterior.quantile_of_tau(np.array([TAILS[0], 0.5, TAILS[1]]))
        ends = {"lower": low, "upper": high}
        weights = {f"weight_{end}": 1 / (1 + (self.s / tau) ** 2) for end, tau in ends.items()}
        tau = np.exp(self.posterior.t)[:, None]
        average = [
            self.posterior.weight @ (1 / (1 + (self.s[part] / tau) ** 2))
            for part in _parts(self.s.size, tau.size)
        ]
        weights = pd.DataFrame({"weight": np.concatenate(average), **weights})
        return pd.Series({"median": median, **ends}), weights

    def above(self, drawn: NDArray) -> tuple[NDArray, NDArray]:
        p, size, centre = self.posterior, self.y.size, np.median(self.y)
        tau, mu, mu_sd = np.exp(p.t)[:, None], p.mu[:, None] - centre, p.mu_sd[:, None]

        def given(part: slice) -> tuple[NDArray, NDArray, NDArray]:
            """Mean of the effects given τ, their variance given μ too, and the share they keep."""
            y, s = self.y[part] - centre, self.s[part]
            keep = 1 / (1 + (s / tau) ** 2)
            return mu + keep * (y - mu), s**2 * keep, keep

        parts = list(_parts(size, tau.size))
        totals = [[one.sum(axis=1, keepdims=True) for one in given(part)] for part in parts]
        mean_all, variance_all, keep_all = (sum(one) / size for one in zip(*totals, strict=True))
        found = []
        for part in parts:
            mean, variance, keep = given(part)
            over_mu = (mean - mu) / np.hypot(np.sqrt(variance), keep * mu_sd)
            # A study lies above the others' mean if and only if above the mean of all.
            own = variance * (1 - 2 / size) + variance_all / size
            over_others = (mean - mean_all) / np.hypot(np.sqrt(own), (keep - keep_all) * mu_sd)
            found.append([p.weight @ ndtr(one) for one in (over_mu, over_others)])
        return tuple(np.clip(np.hstack(found), 0, 1))

    def compare(self, first: int, second: int) -> pd.Series:
        return self.posterior.combine({self.labels[first]: 1.0, self.labels[second]: -1.0})

    def predict(self, place: int | None) -> list[pd.Series]:
        if place is None:
            return [self.posterior.combine({}, mu=1.0, new=1.0)]
        return [self.posterior.combine({self.labels[place]: 1.0})]


class Rates:
    """Rates of which passes of trials are known."""

    what, mu, spread, drawn = "rate", "m", "σ", "rates"

    def __init__(self, posterior: PassesPosterior) -> None:
        self.posterior = posterior
        self.labels = posterior.groups.index
        self.y, self.n = (posterior.groups[x].to_numpy(float) for x in ("passes", "trials"))

    @property
    def complete(self) -> float:
        """All passes over all trials."""
        return float(self.y.sum() / self.n.sum())

    def raw(self) -> pd.DataFrame:
        """Wilson's interval: all rates that a test of this one would not reject."""
        rate, z = self.y / self.n, ndtri(TAILS[1])
        middle = (self.y + z**2 / 2) / (self.n + z**2)
        half = z * np.sqrt(rate * (1 - rate) * self.n + z**2 / 4) / (self.n + z**2)
        ends = {
            "raw_lower": np.maximum(middle - half, 0),
            "raw_upper": np.minimum(middle + half, 1),
        }
        return pd.DataFrame({"n": self.n.astype(int), "raw": rate, **ends}, index=self.labels)

    def shares(self) -> tuple[pd.Series, pd.DataFrame]:
        """The number of trials at which an estimate lies midway: κ; and each group's weight."""
        high, median, low = self._kappa(np.array([TAILS[0], 0.5, TAILS[1]]))
        ends = {"lower": low, "upper": high}
        weight, a, b = self.posterior.nodes
        average = [
            weight @ (self.n[part] / (self.n[part] + (a + b)[:, None]))
            for part in _parts(self.n.size, a.size)
        ]
        # The more trials it takes, the less a group keeps.
        by_end = {"weight_lower": self.n / (self.n + high), "weight_upper": self.n / (self.n + low)}
        weights = pd.DataFrame({"weight": np.concatenate(average), **by_end})
        return pd.Series({"median": median, **ends}), weights

    def _kappa(self, p: NDArray) -> NDArray:
        """Values of κ above which so much of the probability lies."""
        u, x, log = self.posterior.u, self.posterior.x, self.posterior.log
        mass = (np.exp(log - log.max()) * np.gradient(x, axis=0)).sum(axis=0) * np.gradient(u)
        place = np.arange(u.size)
        fine = np.linspace(0, place[-1], 20 * place[-1] + 1)
        height = np.exp(CubicSpline(place, np.log(np.maximum(mass, 1e-300)))(fine))
        rising = np.r_[0, np.cumsum(height[1:] + height[:-1])]
        return np.exp(-2 * CubicSpline(place, u)(np.interp(p, rising / rising[-1], fine)))

    def above(self, drawn: NDArray) -> tuple[NDArray, NDArray]:
        """Above m exactly; above the others' mean from draws of all but the group itself."""
        weight, a, b = self.posterior.nodes
        order = weight.argsort(kind="stable")
        some = order[np.cumsum(weight[order]) > 1e-5]  # nodes that count
        weight, a, b = weight[some], a[some, None], b[some, None]
        counts, place = np.unique([self.y, self.n], axis=1, return_inverse=True)
        over_m = [
            weight @ (1 - beta_below(*updated(a, b, y, n), a / (a + b)))
            for y, n in (counts[:, part] for part in _parts(counts.shape[1], a.size))
        ]
        m, sigma, rates = (one[: max(1, CHUNK // self.n.size // 2)] for one in drawn)
        kappa = np.maximum(m * (1 - m) / sigma**2 - 1, 1e-300)
        a, b = (m * kappa)[:, None], ((1 - m) * kappa)[:, None]
        others = (rates.sum(axis=1, keepdims=True) - rates) / (self.n.size - 1)
        over_others = 1 - beta_below(*updated(a, b, self.y, self.n), others).mean(axis=0)
        return np.hstack(over_m)[place.ravel()], over_others

    def compare(self, first: int, second: int) -> pd.Series:
        return self.posterior.compare(self.labels[first], self.labels[second])

    def predict(self, place: int | None) -> list[pd.Series]:
        p = self.posterior
        rate = p.new_group() if place is None else p.known_group(self.labels[place])
        # A trial passes or not: its sd follows from the probability, and it has no interval.
        mean = rate["mean"]
        return [rate, pd.Series({"mean": mean, "sd": np.sqrt(mean * (1 - mean))})]


def outcome_of(posterior: ExactPosterior | EffectsPosterior | PassesPosterior):
    """What is asked of a posterior of this kind: `Means`, `Effects` or `Rates`."""
    kinds = {ExactPosterior: Means, EffectsPosterior: Effects, PassesPosterior: Rates}
    return kinds[type(posterior)](posterior)
