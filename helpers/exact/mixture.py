"""The posterior as a mixture: pairs of standard deviations, and what follows from each pair."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks
from scipy.special import logsumexp

from helpers.exact.quadrature import Windows, moments, normal_quantiles
from helpers.exact.ratios import Ratios


class Nodes:
    """Weights of pairs of standard deviations, and what follows for every other parameter."""

    def __init__(self, ratios: Ratios, t: NDArray, sums: NDArray) -> None:
        self.ratios = ratios
        windows, log = ratios.columns(t, sums)
        delta, above = windows.table()
        log = log + np.log(windows.step) + above
        weight = np.exp(log - logsumexp(log))
        weight *= windows.stride * (np.arange(windows.nodes)[:, None] % windows.stride == 0)
        y = windows.peak + delta
        self.runs = t, windows, weight.sum(axis=0)
        # What adds to no second moment is left out.
        t = t[windows.column]
        size = weight * (1 + np.exp(2 * y) * (1 + np.exp(t)))
        keep = (weight > 1e-12 * weight.max()) | (size > 1e-12 * size.max())
        column = np.nonzero(keep)[1]
        self.weight = weight[keep] / weight[keep].sum()
        self.sigma_y = ratios.unit * np.exp(y[keep])[:, None]
        self.ratio = np.exp(t[column])[:, None]
        total, mean = sums[1:3, windows.column[column], None]
        z = (self.sigma_y / ratios.prior_sd) ** 2 / total
        self.mu = mean + (ratios.prior_mean - mean) * z / (1 + z)
        self.mu_sd = self.sigma_y / np.sqrt(total * (1 + z))
        # How far μ moves from one ratio to the next, in its sds: far, and a quantile needs more.
        counts = self.runs[2] > 1e-6
        peak = ratios.unit * np.exp(windows.peak[counts])
        total, mean = sums[1:3, windows.column[counts]]
        z = (peak / ratios.prior_sd) ** 2 / total
        mu = mean + (ratios.prior_mean - mean) * z / (1 + z)
        self.jump = np.abs(np.diff(mu) / (peak / np.sqrt(total * (1 + z)))[1:]).max(initial=0)
        order = np.argsort(self.weight, kind="stable")
        rare = np.cumsum(self.weight[order]) < 1e-6
        self.common = np.sort(order[~rare])  # enough for quantiles

    def _mixture(self, n: NDArray, mean: NDArray, some: NDArray | slice) -> tuple[NDArray, NDArray]:
        """Mean and sd of each school's mean, at each of some nodes."""
        ratio, mu = self.ratio[some], self.mu[some]
        share = 1 / (1 + n * ratio)  # of μ in the estimate
        sd = np.hypot(self.sigma_y[some] * np.sqrt(ratio * share), share * self.mu_sd[some])
        return mean + share * (mu - mean), sd

    def ends(self, n: NDArray, mean: NDArray, tails: NDArray) -> NDArray:
        """Quantiles of the means of schools of these sizes and raw means, a row a school."""
        weight = self.weight[self.common]
        parts = self._mixture(n, mean, self.common)
        return normal_quantiles(weight / weight.sum(), *parts, tails).T

    def global_ends(self, tails: NDArray) -> NDArray:
        """Quantiles of μ."""
        weight = self.weight[self.common]
        parts = self.mu[self.common], self.mu_sd[self.common]
        return normal_quantiles(weight / weight.sum(), *parts, tails)[:, 0]

    def settings(self) -> NDArray:
        """Mean and sd of μ, σ_α and σ_y, a row each."""
        scales = self.sigma_y * np.hstack([np.sqrt(self.ratio), np.ones_like(self.ratio)])
        values = np.hstack([self.mu, scales])
        sds = np.hstack([self.mu_sd, np.zeros_like(scales)])
        return np.column_stack(moments(self.weight, values, sds))

    def schools(self, n: NDArray, mean: NDArray) -> NDArray:
        """Mean and sd of the means of such schools, a row a school."""
        return np.column_stack(moments(self.weight, *self._mixture(n, mean, slice(None))))

    def peaks(self) -> int:
        """How many peaks, a tenth deep valley between them, reach a hundredth of the highest."""
        t, windows, mass = self.runs
        first = np.r_[True, windows.column[1:] != windows.column[:-1]]
        seconds = mass[~first].sum() > 0.01
        log = np.log(np.bincount(windows.column, mass, minlength=t.size))
        log = np.pad(log - log.max(), 1, constant_values=-50)
        return len(find_peaks(log, height=-np.log(100), prominence=np.log(10))[0]) + seconds


def slopes(column: NDArray, place: NDArray, columns: int, step: float) -> NDArray:
    """By how much a window moves from one column to the next, where it goes on there."""
    table = np.full((column.size and np.bincount(column).max(), columns + 2), np.nan)
    order = np.arange(column.size) - np.searchsorted(column, column)
    table[order, column + 1] = place
    moves = np.concatenate([table[:, column + 2] - place, place - table[:, column]])
    moves = np.where(np.isnan(moves), np.inf, moves)
    nearest = moves[np.abs(moves).argmin(axis=0), np.arange(column.size)]
    return np.where(np.abs(nearest) < 2 * step, nearest, 0.0)


def draw_y(rng: np.random.Generator, size: int, windows: Windows, log: NDArray) -> NDArray:
    """One y for each column."""
    delta, above = windows.table(fine=8)
    density = np.exp(above)
    rising = np.zeros_like(density)
    np.cumsum((density[1:] + density[:-1]) / 2, axis=0, out=rising[1:])
    column = windows.column
    log = log + np.log(rising[-1] * windows.step)
    top = np.full(size, -np.inf)
    np.maximum.at(top, column, log)
    mass = np.exp(log - top[column])
    mass /= np.bincount(column, mass)[column]
    # Each column's windows end where the next column's begin.
    ends = column + np.cumsum(mass) - np.cumsum(mass)[np.searchsorted(column, column)]
    ends += mass[np.searchsorted(column, column)]
    target = np.arange(size) + rng.random(size)
    found = np.minimum(np.searchsorted(ends, target), column.size - 1)
    p = rng.random(size) * rising[-1, found]
    row = np.minimum((rising[:, found] < p).sum(axis=0), len(rising) - 1)
    row = np.maximum(row, 1)
    low, high = rising[row - 1, found], rising[row, found]
    part = (p - low) / np.where(high > low, high - low, 1)
    return windows.peak[found] + delta[row - 1, found] + part * windows.step[found] / 8
