"""The posterior of the two standard deviations: of their ratio, and of σ_y given the ratio.

Notation: t is the log of σ_α² / σ_y², and y the log of σ_y in units of the pooled sd within.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from helpers.exact.quadrature import Columns, Windows

CHUNK = 1_000_000  # numbers in memory at a time
DEAD = -30.0  # log of the share of the whole that an interval may hold and be left out
COST = 5e8  # sizes times ratios: more is refused
# What may be held while the ratio changes: the log of its square is that of σ_y², plus this.
STRETCH = {
    "sigma_y": np.zeros_like,
    "both": lambda t: np.logaddexp(0, t),
    "sigma_alpha": lambda t: t,
}


class Ratios:
    """What the data and the priors say of each ratio.

    Parameters
    ----------
    schools : DataFrame
        ``n``, ``mean`` and ``ss``.
    prior_mean, prior_sd, sigma_alpha_prior_mean, sigma_y_prior_mean : float
        As in `helpers.exact.exact_posterior`.
    """

    def __init__(self, schools, prior_mean, prior_sd, sigma_alpha_prior_mean, sigma_y_prior_mean):
        n, mean = schools["n"].to_numpy(dtype=float), schools["mean"].to_numpy(dtype=float)
        self.centre = float(np.median(mean))  # large means would cost digits
        self.n, self.mean = n, mean - self.centre
        self.prior_mean, self.prior_sd = prior_mean - self.centre, prior_sd
        self.prior_means = sigma_alpha_prior_mean, sigma_y_prior_mean
        # Schools of one size enter together.
        self.size, place = np.unique(n, return_inverse=True)
        self.count = np.bincount(place).astype(float)
        self.average = np.bincount(place, self.mean) / self.count
        self.scatter = np.bincount(place, (self.mean - self.average[place]) ** 2)
        self.within, self.freedom = float(schools["ss"].sum()), n.sum() - n.size
        self.unit = np.sqrt(self.within / self.freedom)
        if not (np.isfinite(self.within) and self.unit > 0 and np.isfinite(self.mean**2).all()):
            raise ValueError("scores so large or so small can't be computed: choose another unit")

    def ends(self) -> tuple[float, float]:
        """Ratios beyond which the posterior has nothing, whatever the data."""
        alpha, y = self.prior_means
        far = max(np.abs(self.mean - self.prior_mean).max(), self.unit)
        share = self.n.sum() / self.freedom
        largest = np.log(max(np.sqrt(far**2 * share + self.unit**2), y)) + 7
        least = min(np.log(self.unit / np.sqrt(share)), np.log(self.within * y) / 3) - 4
        last = 2 * (np.log(max(far, alpha)) + 7 - least)
        return min(-np.log(self.size.max()), 2 * (np.log(alpha) - largest)) - 70, last

    def sums(self, t: NDArray) -> NDArray:
        """The four sums over schools: log determinant, weight, weighted mean, squares."""
        out = np.empty((4, t.size))
        step = max(1, CHUNK // self.size.size)
        for part in (slice(i, i + step) for i in range(0, t.size, step)):
            odds = self.size * np.exp(t[part, None])
            weight = self.size / (1 + odds)
            total = weight @ self.count
            mean = (weight @ (self.count * self.average)) / total
            squares = self.count * (self.average - mean[:, None]) ** 2 + self.scatter
            out[:, part] = np.log1p(odds) @ self.count, total, mean, (weight * squares).sum(axis=1)
        return out

    def columns(self, t: NDArray, sums: NDArray) -> tuple[Windows, NDArray]:
        """Windows of y for each t, and the log density at their peaks."""
        windows, log, _ = self._columns((t, sums), (t, sums), "sigma_y")
        return windows, log

    def _columns(self, low: tuple, high: tuple, hold: str) -> tuple[Windows, NDArray, NDArray]:
        """As `columns`; from two different ends, a bound of the density for every t between them.

        Each term is taken at the end where it is larger. The bound is close where few terms
        change much, and that depends on what is held while t changes: σ_y, σ_α, or the sum of
        their squares. y is the log of that then: it is log σ_y plus half of `stretch`.
        """
        stretch_low, stretch_high = (STRETCH[hold](t) for t, _ in (low, high))
        # With σ_α held, a larger ratio makes the schools' means less scattered, not more.
        ends = (low[1], stretch_low), (high[1], stretch_high)
        (first, first_stretch), (last, stretch) = ends[::-1] if hold == "sigma_alpha" else ends
        determinant, (_, weight, mean, squares) = first[0], last
        with np.errstate(divide="ignore"):
            growth = np.logaddexp(stretch_low, stretch + np.log(squares / self.within))
        alpha, y = self.prior_means
        rate = np.exp(-stretch_high / 2) / y
        rate += (1 if hold == "sigma_alpha" else np.exp((low[0] - stretch_low) / 2)) / alpha
        windows = Columns(
            power=self.n.sum() - 3,
            squares=self.freedom * np.exp(growth),
            rate=self.unit * rate,
            looseness=(self.unit / self.prior_sd) ** 2 / (weight * np.exp(stretch)),
            pull=((mean - self.prior_mean) / self.prior_sd) ** 2,
        ).windows()
        log = self.n.size * first_stretch - determinant - np.log(weight) - stretch
        log += high[0] - 2 * stretch_low + self.freedom * stretch_high
        column, peak = windows.column, windows.peak
        log = log[column] / 2 - self.freedom / 2 * np.expm1(growth[column] - 2 * peak)
        log -= windows.power * peak + np.log1p(windows.looseness) / 2 + windows.rate
        return windows, log - windows.pull / (1 + windows.looseness) / 2, stretch_low

    def masses(self, low: tuple, high: tuple | None = None, hold: str = "sigma_y") -> NDArray:
        """Logs of the mass, and of it times σ_y² and σ_α², at each t; or bounds of them."""
        high = high or low
        out = np.full((3, low[0].size), -np.inf)
        for part in (slice(i, i + 1000) for i in range(0, low[0].size, 1000)):
            ends = ((t[part], sums[:, part]) for t, sums in (low, high))
            windows, log, stretch = self._columns(*ends, hold)
            delta, above = windows.table()
            log += np.log(windows.step)
            twice = above + 2 * (delta + windows.peak) - stretch[windows.column]
            mass, second = (log + logsumexp(table, axis=0) for table in (above, twice))
            for row, values in enumerate((mass, second, second + high[0][part][windows.column])):
                np.logaddexp.at(out[row, part], windows.column, values)
        return out

    def solve(self) -> tuple:
        """Ratios at equal steps that are close enough, their sums, the step, and the errors."""
        first, last = self.ends()
        step, cost = 2.0, 0.0
        place = np.arange(int((last - first) / step) + 2)  # t = first + step * place
        t = first + step * place
        sums = self.sums(t)
        logs = self.masses((t, sums))
        cells = place[:-1]  # each named by its left end
        outside, whole = np.full(3, -np.inf), np.full(3, np.inf)
        while True:
            before, whole = whole, logsumexp(logs, axis=1) + np.log(step)
            floor = whole[:, None] + DEAD
            alive = (logs + np.log(step) > floor).any(axis=0)
            left = np.searchsorted(place, cells)
            shown = alive[left] | alive[left + 1]
            ends = ((t[i], sums[:, i]) for i in (left[~shown], left[~shown] + 1))
            hidden, bound = self._bounded(*ends, step, floor)
            outside = np.logaddexp(outside, bound)
            kept = np.sort(np.concatenate([cells[shown], cells[~shown][hidden]]))
            close = np.abs(whole - before).max() < 1e-7 and step <= 1
            if close:
                bound = self._empty(t, sums, left[~shown][hidden], step, floor)
                if bound is not None:
                    outside = np.logaddexp(outside, bound)
                    return t[alive], sums[:, alive], step, np.exp(outside - whole).max()
            cost += kept.size * (self.size.size + 2000)
            if cost > COST:
                raise ValueError("the posterior of these schools can't be computed in bounded time")
            stay = np.isin(place, np.concatenate([kept, kept + 1]))
            new = first + step / 2 * (2 * kept + 1)
            new_sums = self.sums(new)
            step /= 2
            place = np.concatenate([2 * place[stay], 2 * kept + 1])
            order = np.argsort(place, kind="stable")
            place, t = place[order], np.concatenate([t[stay], new])[order]
            logs = np.hstack([logs[:, stay], self.masses((new, new_sums))])[:, order]
            sums = np.hstack([sums[:, stay], new_sums])[:, order]
            cells = np.sort(np.concatenate([2 * kept, 2 * kept + 1]))

    def _bounded(self, low, high, step, floor) -> tuple[NDArray, NDArray]:
        """Which cells could hold something, and a bound of what all the others hold."""
        bound = np.full((3, low[0].size), np.inf)
        hidden = np.ones(low[0].size, dtype=bool)
        for hold in STRETCH:
            some = np.flatnonzero(hidden)
            if not some.size:
                break
            ends = ((t[some], sums[:, some]) for t, sums in (low, high))
            bound[:, some] = np.minimum(bound[:, some], self.masses(*ends, hold) + np.log(step))
            hidden = (bound > floor).any(axis=0)
        if hidden.all():
            return hidden, np.full(3, -np.inf)
        return hidden, logsumexp(bound[:, ~hidden], axis=1)

    def _empty(self, t, sums, left, step, floor) -> NDArray | None:
        """Bound what cells hold by dividing them; None if one of them does hold something."""
        outside = np.full(3, -np.inf)
        ends = np.stack([left, left + 1])
        t, sums = t[ends].ravel(order="F"), sums[:, ends].reshape(4, -1, order="F")
        while t.size:
            if t.size * (self.size.size + 2000) > COST / 10:
                return None
            step /= 2
            middle = t[::2] + step
            found = self.sums(middle)
            if (self.masses((middle, found)) + np.log(2 * step) > floor).any():
                return None
            t = np.stack([t[::2], middle, middle, t[1::2]]).ravel(order="F")
            sums = np.stack([sums[:, ::2], found, found, sums[:, 1::2]], axis=1)
            sums = sums.reshape(4, -1, order="F")
            ends = ((t[i::2], sums[:, i::2]) for i in (0, 1))
            hidden, bound = self._bounded(*ends, step, floor)
            outside = np.logaddexp(outside, bound)
            hidden = np.repeat(hidden, 2)
            t, sums = t[hidden], sums[:, hidden]
        return outside
