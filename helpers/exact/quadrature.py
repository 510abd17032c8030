"""The numerical parts of the exact posterior: peaks, windows around them, and quantiles."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from helpers.choices import PROB

CUT = 45.0  # a window ends where the log density is so far below its peak
NODES = 2_000_000  # in memory at a time; a table that needs more is refused


@dataclass(frozen=True)
class Columns:
    """Densities of one shape in y, one a column, of which each may have two peaks.

    The log density is -``power`` y - ``squares`` e⁻²ʸ / 2 - ``rate`` eʸ - log(1 + z) / 2
    - ``pull`` / (1 + z) / 2, where z = ``looseness`` e²ʸ. All it is made of changes over steps of
    about 1 in y, whatever the coefficients: so no peak can hide between close points.
    """

    power: float
    squares: NDArray
    rate: NDArray
    looseness: NDArray
    pull: NDArray

    def _slope(self, y: NDArray, column: NDArray) -> tuple[NDArray, NDArray]:
        """First derivative of the log density at y, and minus the second."""
        e = np.exp(y)
        squares, rise = self.squares[column] / e**2, self.rate[column] * e
        z, pull = self.looseness[column] * e**2, self.pull[column]
        share = z / (1 + z)
        bump = pull * share / (1 + z)
        slope = squares - self.power - rise - share + bump
        return slope, 2 * squares + rise + 2 * share / (1 + z) - 2 * bump * (1 - 2 * share)

    def windows(self) -> "Windows":
        """Find every peak, and around it all that counts."""
        low = np.log(self.squares / (2 * (self.power + 1))) / 2
        low = np.minimum(low, np.log(self.squares / (2 * self.rate)) / 3)
        most = self.squares + self.pull / self.looseness
        high = np.log(most / self.rate) / 3
        if self.power > 0:
            high = np.minimum(high, np.log(most / self.power) / 2)
        # The slope is positive at `low` and negative at `high`: peaks lie where it changes sign.
        y = low + np.linspace(0, 1, 49)[:, None] * (np.maximum(high, low) + 1e-3 - low)
        rises = self._slope(y, np.arange(low.size))[0] > 0
        rises[0], rises[-1] = True, False
        column, row = np.nonzero((rises[:-1] & ~rises[1:]).T)
        peak, sd = self._peaks(column, y[row, column], y[row + 1, column])
        valley = np.full(peak.size + 1, np.inf)  # on the right of a peak; the last has none
        valleys, row = np.nonzero((~rises[:-1] & rises[1:]).T)
        valley[:-1][np.r_[column[1:] == column[:-1], False]] = y[row, valleys]
        return self._around(column, peak, sd, valley)

    def _peaks(self, column: NDArray, low: NDArray, high: NDArray) -> tuple[NDArray, NDArray]:
        y = (low + high) / 2
        for _ in range(80):  # Newton's method, within a bracket
            slope, bend = self._slope(y, column)
            low, high = np.where(slope > 0, y, low), np.where(slope > 0, high, y)
            step = slope / np.where(bend > 0, bend, np.nan)
            inside = (y + step > low) & (y + step < high)
            last, y = y, np.where(inside, y + step, (low + high) / 2)
            if (np.abs(y - last) <= 1e-3 / np.sqrt(np.maximum(bend, 1))).all():
                break
        return y, np.maximum(self._slope(y, column)[1], 1e-9) ** -0.5

    def _around(self, column: NDArray, peak: NDArray, sd: NDArray, valley: NDArray) -> "Windows":
        e = np.exp(peak)
        at_peak = (
            self.squares[column] / e**2,
            self.rate[column] * e,
            self.looseness[column] * e**2,
            self.pull[column],
        )
        found = Windows(self.power, column, peak, sd, sd, *at_peak)
        left = np.r_[-np.inf, valley[:-2]] if peak.size else valley[:0]
        left = np.where(np.isfinite(left), left, -np.inf)
        start = peak - found.reach(-1, sd, peak - left)
        end = peak + found.reach(1, sd, valley[:-1] - peak)
        step = np.minimum(np.minimum(0.8 * sd, 0.2), (end - start) / 24)  # a peak may be flat
        meet = np.flatnonzero((end[:-1] >= valley[:-2]) | (start[1:] <= left[1:]))
        for i in meet[::-1]:  # two windows that meet in a valley become one
            end[i], step[i] = end[i + 1], min(step[i], step[i + 1])
        keep = np.setdiff1d(np.arange(peak.size), meet + 1)
        start, end, step = start[keep], end[keep], step[keep]
        nodes = int(np.ceil(((end - start) / step).max())) + 1
        if nodes * keep.size > NODES:
            raise ValueError("the posterior has peaks too narrow to be computed")
        parts = (part[keep] for part in at_peak)
        stride = np.maximum(1, np.floor(step * (nodes - 1) / (end - start))).astype(int)
        return Windows(
            self.power, column[keep], peak[keep], start - peak[keep],
            (end - start) / (nodes - 1), *parts, nodes, stride,
        )  # fmt: skip


@dataclass(frozen=True)
class Windows:
    """Equally spaced nodes around each peak: for sums, trapezoid rule.

    Attributes
    ----------
    column, peak, start, step : ndarray, shape (windows,)
        The density that a window belongs to, its highest peak, where the window starts, measured
        from there, and the distance between its nodes.
    nodes : int
        Number of nodes in each window.
    stride : ndarray, shape (windows,)
        Every how many nodes would do for a sum: one number of nodes serves the longest window.
    """

    power: float
    column: NDArray
    peak: NDArray
    start: NDArray
    step: NDArray
    squares: NDArray
    rate: NDArray
    looseness: NDArray
    pull: NDArray
    nodes: int = 0
    stride: NDArray | int = 1

    def table(self, fine: int = 1, offset: NDArray | float = 0) -> tuple[NDArray, NDArray]:
        """Nodes, measured from the peak, and the log density there less that of the peak.

        The steps are divided by `fine`, and the nodes moved by the share `offset` of one.
        """
        place = np.arange((self.nodes - 1) * fine + 1)[:, None] + offset
        delta = self.start + self.step / fine * place
        return delta, self.above_peak(delta)

    def above_peak(self, delta: NDArray) -> NDArray:
        # As differences, which keep their digits however many pupils there are.
        share = self.looseness / (1 + self.looseness)
        more = share * np.expm1(2 * delta)
        out = -self.power * delta - self.squares / 2 * np.expm1(-2 * delta)
        out -= self.rate * np.expm1(delta) + np.log1p(more) / 2
        return out + self.pull / 2 * (more / (1 + more)) / (1 + self.looseness)

    def reach(self, sign: int, sd: NDArray, limit: NDArray) -> NDArray:
        """How far from the peak the density counts, in one direction."""
        inner, outer = np.zeros_like(sd), np.minimum(8 * np.minimum(sd, 1), limit)
        for _ in range(80):
            alive = (self.above_peak(sign * outer) > -CUT) & (outer < limit)
            if not alive.any():
                break
            inner = np.where(alive, outer, inner)
            outer = np.where(alive, np.minimum(1.5 * outer, limit), outer)
        for _ in range(3):
            middle = (inner + outer) / 2
            alive = self.above_peak(sign * middle) > -CUT
            inner, outer = np.where(alive, middle, inner), np.where(alive, outer, middle)
        return outer


def two_tails(prob: float = PROB) -> NDArray:
    """Probabilities below the two ends of an equal-tailed interval; refuses what is none."""
    if not 0 < prob < 1:
        raise ValueError(f"prob must lie between 0 and 1, not {prob}")
    return np.array([(1 - prob) / 2, (1 + prob) / 2])


def summary_frame(rows: NDArray, settings: list[str], group: str, labels: Iterable) -> pd.DataFrame:
    """A posterior's summary: rows of mean, sd and ends, first of the settings, then of groups."""
    names = [*settings, *(f"{group}[{label}]" for label in labels)]
    return pd.DataFrame(rows, index=names, columns=["mean", "sd", "lower", "upper"])


def moments(weight: NDArray, mean: NDArray, sd: NDArray) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation of mixtures: one weight a part, one column a mixture."""
    average = weight @ mean
    return average, np.sqrt(weight @ (sd**2 + (mean - average) ** 2))


def normal_quantiles(weight: NDArray, mean: NDArray, sd: NDArray, tails: NDArray) -> NDArray:
    """Quantiles of mixtures of normal distributions.

    Parameters
    ----------
    weight : ndarray, shape (parts,)
        Of the parts; they add up to one.
    mean, sd : ndarray, shape (parts, mixtures)
        Of each part.
    tails : ndarray, shape (quantiles,)
        Probabilities.

    Returns
    -------
    ndarray, shape (quantiles, mixtures)
    """
    average, spread = moments(weight, mean, sd)
    apart = mean - average
    skew = weight @ (apart**3 + 3 * apart * sd**2) / spread**3
    quantiles = []
    for p, z in zip(tails, ndtri(tails), strict=True):
        # Cornish and Fisher's first correction; then Newton's method, within a bracket, on a scale
        # where a single normal would be a straight line.
        ends = mean + z * sd
        low, high = ends.min(axis=0), ends.max(axis=0)
        x = np.clip(average + spread * (z + (z**2 - 1) / 6 * skew), low, high)
        for _ in range(200):
            height = (x - mean) / sd
            below = weight @ ndtr(height)
            low, high = np.where(below < p, x, low), np.where(below < p, high, x)
            found = ndtri(np.clip(below, 1e-300, 1 - 1e-16))
            slope = weight @ (np.exp(-(height**2) / 2) / sd) * np.exp(found**2 / 2)
            step = (z - found) / np.where(slope > 0, slope, np.nan)
            inside = (x + step >= low) & (x + step <= high)
            x = np.where(inside, x + step, (low + high) / 2)
            if (np.abs(z - found) < 1e-3).all():  # after one more step, its square
                break
        quantiles.append(x)
    return np.array(quantiles)


def cell_quantiles(
    weight: NDArray, centre: NDArray, width: NDArray, height: NDArray, tails: NDArray
) -> NDArray:
    """Quantiles of a quantity that is known at the centres of the cells of a plane.

    Parameters
    ----------
    weight, centre : ndarray
        A cell's probability, and the quantity in its middle.
    width, height : ndarray, of the same shape
        By how much the quantity differs between a cell's sides, and between its top and bottom.
    tails : ndarray
        Probabilities.

    Returns
    -------
    ndarray, shape (quantiles,)
    """
    least = 1e-3 * np.maximum(width, height)
    width, height = np.maximum(width, least), np.maximum(height, least)
    half = (width + height) / 2
    order = np.argsort(centre, kind="stable")
    rising = np.cumsum(weight[order])
    quantiles = []
    for p in tails * rising[-1]:
        middle = centre[order[min(np.searchsorted(rising, p), order.size - 1)]]
        low, high = middle - 2 * half.max(), middle + 2 * half.max()
        near = (centre + half > low) & (centre - half < high)
        before = weight[centre + half <= low].sum()
        w, c, a, b = weight[near], centre[near], width[near], height[near]
        for _ in range(30):
            x = (low + high) / 2
            corners = ((a + b) / 2, 1), ((a - b) / 2, -1), ((b - a) / 2, -1), (-(a + b) / 2, 1)
            area = sum(sign * np.maximum(x - c + at, 0) ** 2 for at, sign in corners) / (2 * a * b)
            low, high = (x, high) if before + w @ area < p else (low, x)
        quantiles.append((low + high) / 2)
    return np.array(quantiles)
