"""The exact posterior of the partially pooled model, without a sampler.

Given the two standard deviations, every other parameter is normal. So only those two are handled
numerically: their ratio, and then σ_y given the ratio. The book's appendix on the exact posterior
derives each formula.
"""

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import logsumexp
from scipy.stats import t as student

from helpers.choices import PROB
from helpers.exact.by_size import for_all_schools
from helpers.exact.mixture import Nodes, draw_y, slopes
from helpers.exact.quadrature import cell_quantiles, summary_frame, two_tails
from helpers.exact.ratios import Ratios
from helpers.pooling import draw_school_means
from helpers.summaries import check_spreads, check_summaries

GOLDEN = (5**0.5 - 1) / 2
CHUNK = 1_000_000  # numbers in memory at a time


def exact_posterior(
    schools: pd.DataFrame,
    *,
    prior_mean: float = 50.0,
    prior_sd: float = 10.0,
    sigma_alpha_prior_mean: float = 1.0,
    sigma_y_prior_mean: float = 1.0,
) -> "ExactPosterior":
    """Compute the posterior of the partially pooled model by quadrature.

    Time and memory depend on the schools, not on their pupils.

    Parameters
    ----------
    schools : DataFrame
        One row a school, as `helpers.summaries.summarise_schools` returns it: ``n``, ``mean`` and
        ``ss``.
    prior_mean, prior_sd, sigma_alpha_prior_mean, sigma_y_prior_mean : float
        The priors' parameters, as in `helpers.models.partially_pooled_model`, in points.

    Returns
    -------
    ExactPosterior

    Warns
    -----
    UserWarning
        If the priors contradict the data: the posterior is exact then too, but a compromise
        between two statements of which one must be wrong.

    Raises
    ------
    ValueError
        If a column is missing or holds an impossible number, a prior's standard deviation or mean
        is not positive, there are fewer than two schools, no school has two pupils, all pupils
        of each school have the same score, or the posterior can't be computed to the accuracy
        that `ExactPosterior.error` promises.
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
    ratios = Ratios(schools, prior_mean, prior_sd, sigma_alpha_prior_mean, sigma_y_prior_mean)
    with np.errstate(all="ignore"):
        posterior = ExactPosterior(schools, ratios, *ratios.solve())
        posterior._check()
    return posterior


@dataclass(frozen=True)
class ExactPosterior:
    """The posterior as a mixture: of every parameter but two, of normal distributions.

    Attributes
    ----------
    schools : DataFrame
        The schools' ``n``, ``mean`` and ``ss``.
    ratios : Ratios
        What the data and the priors say of each ratio σ_α² / σ_y².
    t : ndarray
        Logs of ratios, at distances of `step`. Every second one is enough for the mixture; the
        others show how much is enough.
    sums : ndarray, shape (4, t.size)
        The sums over schools there.
    step : float
    outside : float
        A bound of the share of the probability that was left out, and of the second moments.
    """

    schools: pd.DataFrame
    ratios: Ratios
    t: NDArray
    sums: NDArray
    step: float
    outside: float

    @cached_property
    def nodes(self) -> Nodes:
        return self._every_second(0)

    def _every_second(self, first: int) -> Nodes:
        place = np.round((self.t - self.t[0]) / self.step).astype(np.int64)
        some = place % 2 == first
        return Nodes(self.ratios, self.t[some], self.sums[:, some])

    @cached_property
    def error(self) -> float:
        """The numerical error of means and standard deviations, in posterior sds.

        The largest of three: what the ratios in between would give instead, for the settings and
        the schools of smallest and largest size and mean; a bound of what was left out; and
        rounding. The ends of intervals are found to within 0.002 sds.
        """
        r = self.ratios
        some = np.unique([r.n.argmin(), r.n.argmax(), r.mean.argmin(), r.mean.argmax()])
        ours, others = (
            np.vstack([nodes.settings(), nodes.schools(r.n[some], r.mean[some])]).T
            for nodes in (self.nodes, self._every_second(1))
        )
        sd = ours[1]
        apart = np.abs(ours - others) / sd
        # What is stored of a large mean is less exact than what is known of it.
        rounding = np.spacing(np.abs(r.mean[some] + r.centre).max()) / sd.min()
        return float(max(np.max(apart), self.outside, rounding))

    def _check(self) -> None:
        if not self.error < 1e-4:
            raise ValueError(
                "the posterior of these schools can't be computed: 64-bit numbers hold too few "
                f"digits (error {self.error:.0e} of a posterior sd). Scores nearer to 0 may help"
            )
        r = self.ratios
        # Four prior sds away, and further than the schools' own scatter explains.
        scatter = student.ppf(1 - 5e-5, r.n.size - 1) * r.mean.std(ddof=1) / np.sqrt(r.n.size)
        if abs(r.mean.mean() - r.prior_mean) > np.hypot(4 * r.prior_sd, scatter):
            warnings.warn(
                f"the prior of the schools' mean, N({r.prior_mean + r.centre:g}, {r.prior_sd:g}), "
                f"contradicts these schools, whose means lie around {r.mean.mean() + r.centre:g}: "
                "set the priors to the scale of the scores",
                stacklevel=3,
            )
        elif self.nodes.peaks() > 1:
            warnings.warn(
                "the posterior has two peaks: prior and data contradict each other, and a mean or "
                "an interval describes neither peak",
                stacklevel=3,
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
            One row a parameter: ``mean``, ``sd``, and ``lower`` and ``upper`` ends of the interval.

        Raises
        ------
        ValueError
            If `prob` does not lie between 0 and 1.
        """
        tails = two_tails(prob)
        r, nodes = self.ratios, self.nodes
        # A quantile adds up what lies below it: parts far from each other would leave steps.
        dense = nodes if nodes.jump < 1 else Nodes(r, *self._fine[:2])
        table = np.empty((3 + r.n.size, 4))
        with np.errstate(over="ignore", under="ignore"):
            table[:3, :2] = nodes.settings()
            table[0, 2:] = dense.global_ends(tails)
            for row, alpha in ((1, True), (2, False)):
                table[row, 2:] = r.unit * np.exp(self._scale_quantiles(alpha, tails))

            def some(n: NDArray, mean: NDArray) -> NDArray:
                return np.hstack([nodes.schools(n, mean), dense.ends(n, mean, tails)])

            def least_sd(rows: NDArray) -> float:
                return rows[:, 1].min()

            table[3:] = for_all_schools(r.n, r.mean, some, least_sd, dense.weight.size)
        table[np.ix_(np.r_[0, 3 : 3 + r.n.size], [0, 2, 3])] += r.centre
        settings = ["global_mean", "global_sigma", "sigma_y"]
        return summary_frame(table, settings, "school_means", self.schools.index)

    @cached_property
    def _fine(self) -> tuple[NDArray, NDArray, float]:
        """Many more ratios: for what is not smooth, an interval's end and a draw.

        The sums over schools change so little from one ratio to the next that a spline has them.
        """
        log = self.ratios.masses((self.t, self.sums))[0]
        some = log - logsumexp(log) > -21
        t, sums, times = [], [], max(4, -(-800 // some.sum()))
        for run in _runs(self.t[some], self.step):
            known, at = self.t[some][run], self.sums[:, some][:, run]
            t.append(np.linspace(known[0], known[-1], times * (known.size - 1) + 1))
            spline = CubicSpline(known, at.T) if known.size > 3 else lambda x: self.ratios.sums(x).T
            sums.append(spline(t[-1]).T)
        return np.concatenate(t), np.hstack(sums), self.step / times

    @cached_property
    def _cells(self) -> tuple[NDArray, ...]:
        """The plane of t and y in cells: y, σ's slope along t, weight, height, and t."""
        t, sums, step = self._fine
        windows, log = self.ratios.columns(t, sums)
        column = windows.column
        # Nodes of neighbours that stand at different heights: their errors cancel.
        delta, above = windows.table(fine=8, offset=np.arange(column.size) * GOLDEN % 1 - 0.5)
        log = log + np.log(windows.step) + above
        weight = np.exp(log - log.max())
        # Spread over its cell, a density is a little too wide: a 24th of its bend mends that.
        weight[1:-1] -= np.diff(weight, 2, axis=0) / 24
        mass = np.bincount(column, weight.sum(axis=0), minlength=t.size)
        bend = np.zeros_like(mass)
        even = np.abs(np.diff(t, 2)) < step / 2
        bend[1:-1][even] = np.diff(mass, 2)[even] / 24
        weight = weight * (1 - bend / np.maximum(mass, 1e-300))[column]
        place = windows.peak
        slope = slopes(column, place, t.size, step)
        return place + delta, slope, np.maximum(weight, 0), windows.step / 8, t[column]

    def _scale_quantiles(self, alpha: bool, tails: NDArray) -> NDArray:
        y, slope, weight, height, t = self._cells
        keep = weight > 1e-9 * weight.max()
        value = y + t / 2 if alpha else y
        width = np.abs(slope + self._fine[2] / 2 * alpha)
        width, height = (np.broadcast_to(one, y.shape)[keep] for one in (width, height))
        return cell_quantiles(weight[keep] / weight[keep].sum(), value[keep], width, height, tails)

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
        size, r = draws * chains, self.ratios
        t = self.log_ratio(rng.random(size))
        means = np.empty((size, 3)), np.empty((size, r.n.size))
        step = max(1, min(500, CHUNK // r.n.size))
        with np.errstate(over="ignore", under="ignore"):
            for part in (slice(i, i + step) for i in range(0, size, step)):
                sums = r.sums(t[part])
                y = draw_y(rng, t[part].size, *r.columns(t[part], sums))
                sigma_y, (total, mean) = r.unit * np.exp(y), sums[1:3]
                sigma_alpha = sigma_y * np.exp(t[part] / 2)
                z = (sigma_y / r.prior_sd) ** 2 / total
                mu = rng.normal(
                    mean + (r.prior_mean - mean) * z / (1 + z), sigma_y / np.sqrt(total * (1 + z))
                )
                means[0][part] = np.column_stack([mu + r.centre, sigma_alpha, sigma_y])
                scales = mu[:, None], sigma_y[:, None], sigma_alpha[:, None]
                means[1][part] = draw_school_means(rng, r.n, r.mean, *scales) + r.centre
        names, shape = ["global_mean", "global_sigma", "sigma_y"], (chains, draws)
        columns = zip(names, means[0].T, strict=True)
        posterior = {name: (("chain", "draw"), column.reshape(shape)) for name, column in columns}
        by_school = means[1].reshape(*shape, r.n.size)
        posterior["school_means"] = ("chain", "draw", "school"), by_school
        labels = self.schools.index.to_numpy()
        coords = {"chain": np.arange(chains), "draw": np.arange(draws), "school": labels}
        return xr.DataTree.from_dict({"posterior": xr.Dataset(posterior, coords)})

    def log_ratio(self, p: NDArray) -> NDArray:
        """Quantiles of log(σ_α² / σ_y²)."""
        t, sums, step = self._fine
        log = self.ratios.masses((t, sums))[0]
        edges, heights = [], []
        for run in _runs(t, step):
            fine = np.linspace(t[run[0]], t[run[-1]], 16 * (run.size - 1) + 1)
            spline = CubicSpline(t[run], log[run] - log.max()) if run.size > 1 else np.zeros_like
            edges.append(fine)
            heights.append(np.exp(spline(fine)))
        rising = [
            np.r_[0, np.cumsum(np.diff(x) * (h[1:] + h[:-1]))]
            for x, h in zip(edges, heights, strict=True)
        ]
        starts = np.cumsum([0, *(run[-1] for run in rising)])
        cdf = np.concatenate([run + start for run, start in zip(rising, starts, strict=False)])
        return np.interp(p * cdf[-1], cdf, np.concatenate(edges))


def _runs(t: NDArray, step: float) -> list[NDArray]:
    """The places of `t`, apart where it leaves steps out."""
    return np.split(np.arange(t.size), np.flatnonzero(np.diff(t) > 1.5 * step) + 1)
