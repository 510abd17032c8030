"""An independent answer to what `exact_posterior` computes: SciPy's cubature.

It works in other coordinates (log σ_α and log σ_y), with the schools one by one, and looks for
peaks in its own way: on a grid, and on finer grids where that finds something.
"""

from collections.abc import Callable, Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.integrate import cubature
from scipy.ndimage import find_objects, label
from scipy.special import ndtr

FAR = 50.0  # a density e^-50 of the highest is none


class Witness:
    """The density of the two standard deviations, and boxes that hold all of it."""

    def __init__(
        self,
        schools: pd.DataFrame,
        prior_mean: float = 50.0,
        prior_sd: float = 10.0,
        sigma_alpha_prior_mean: float = 1.0,
        sigma_y_prior_mean: float = 1.0,
    ) -> None:
        n, mean = (schools[name].to_numpy(dtype=float) for name in ("n", "mean"))
        self.centre = np.median(mean)
        self.n, self.mean = n, mean - self.centre
        self.mu_prior = prior_mean - self.centre, prior_sd
        self.prior_means = sigma_alpha_prior_mean, sigma_y_prior_mean
        self.freedom = n.sum() - n.size
        self.start = np.log(schools["ss"].sum() / self.freedom) / 2
        self.boxes = self._boxes()
        self.little = 1e-9 * max(np.prod(high - low) for low, high in self.boxes) / 1000

    def density(self, x: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Log density at points (log σ_α, log σ_y - start); mean and sd of μ there."""
        (centre, sd), (alpha, y) = self.mu_prior, self.prior_means
        u, v = x[:, 0], x[:, 1] + self.start
        variance = np.exp(2 * u[:, None]) + np.exp(2 * v[:, None]) / self.n
        precision = sd**-2 + (1 / variance).sum(axis=1)
        mu = (centre / sd**2 + (self.mean / variance).sum(axis=1)) / precision
        misfit = ((self.mean - mu[:, None]) ** 2 / variance).sum(axis=1) + ((mu - centre) / sd) ** 2
        log = -(np.log(variance).sum(axis=1) + np.log(precision) + misfit) / 2
        log += u + v - np.exp(u) / alpha - np.exp(v) / y
        within = x[:, 1] + np.expm1(-2 * x[:, 1]) / 2
        return log - self.freedom * within, mu, precision**-0.5

    def _boxes(self) -> list[tuple[NDArray, NDArray]]:
        (centre, _), (alpha, y), sd = self.mu_prior, self.prior_means, np.exp(self.start)
        far = max(np.abs(self.mean - centre).max(), sd)
        low = np.log(min(sd / self.n.max() ** 0.5, alpha)) - 22
        low = low, np.log(min(sd, (sd**2 * self.freedom * y) ** (1 / 3))) - 5 - self.start
        high = np.log(max(far * (self.n.sum() / self.freedom) ** 0.5, y)) + 6 - self.start
        boxes, done = [(np.array(low), np.array([np.log(max(far, alpha)) + 6, high]))], []
        self.top, k = -np.inf, 200
        while boxes:
            grids = []
            for low, high in boxes:
                step = (high - low) / k
                axes = [a + b * (np.arange(k) + 0.5) for a, b in zip(low, step, strict=True)]
                points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
                parts = np.array_split(points, max(1, points.size * self.n.size // 4_000_000))
                log = np.concatenate([self.density(part)[0] for part in parts])
                grids.append((low, step, log.reshape(k, k)))
                grids[-1][2][np.isnan(log.reshape(k, k))] = -np.inf
            top = max(log.max() for _, _, log in grids)  # of this level: a finer grid may miss it
            self.top = max(self.top, top)
            boxes = []
            for low, step, log in grids:
                alive = np.pad(log > top - FAR, 1)
                alive = sum(np.roll(alive, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1))
                for part in find_objects(label(alive, np.ones((3, 3)))[0]):
                    box = [low + step * [max(s.start - 1, 0) for s in part]]
                    box.append(low + step * [min(s.stop - 1, k) for s in part])
                    narrow = any(s.stop - s.start < 0.3 * k for s in part)
                    (boxes if narrow else done).append(tuple(box))
            k = 60
        return done

    def integral(self, values: Callable, end: tuple[int, float] | None = None) -> NDArray:
        """Integrals of the density, and of it times what `values` makes of points, μ and its sd.

        With `end`, an axis and a place on it, only what lies below that place is added up.
        """

        def weighted(x: NDArray) -> NDArray:
            log, mu, sd = self.density(x)
            columns = np.column_stack([np.ones_like(mu), values(x, mu, sd)])
            return np.exp(log - self.top)[:, None] * columns

        total = 0.0
        for low, high in self.boxes:
            high = high.copy()
            if end:
                high[end[0]] = np.clip(end[1], low[end[0]] + 1e-12, high[end[0]])
            edges = np.linspace(low, high, 5)  # smaller boxes, in which nothing is overlooked
            for i, j in np.ndindex(4, 4):
                corners = [edges[i, 0], edges[j, 1]], [edges[i + 1, 0], edges[j + 1, 1]]
                total = total + cubature(weighted, *corners, rtol=1e-6, atol=self.little).estimate
        return total

    def errors(
        self, table: pd.DataFrame, prob: float = 0.94, scale_ends: Collection[int] = range(4)
    ) -> dict[str, float]:
        """The largest errors of a summary, in its own sds.

        Of means and sds; of the ends for which the two normal mixtures have a distribution
        function, as what they have below them; and of the ends of σ_α and σ_y: 0, or 1 if the
        right one does not lie within 0.002 sds. There are four, of which some may do.
        """
        some = np.unique(np.linspace(0, self.n.size - 1, 5).astype(int))
        rows = table.iloc[[0, 1, 2, *(3 + some)]].to_numpy(copy=True)
        smooth = [0, *range(3, len(rows))]
        rows[np.ix_(smooth, [0, 2, 3])] -= self.centre
        mean, sd, *ends = rows.T

        def values(x: NDArray, mu: NDArray, mu_sd: NDArray) -> NDArray:
            alpha, y = np.exp(x[:, :1]), np.exp(x[:, 1:] + self.start)
            share = 1 / (1 + self.n[some] * (alpha / y) ** 2)
            estimate = self.mean[some] + share * (mu[:, None] - self.mean[some])
            spread = np.hypot(alpha * np.sqrt(share), share * mu_sd[:, None])
            means = np.column_stack([mu, alpha, y, estimate])
            sds = np.column_stack([mu_sd, 0 * alpha, 0 * y, spread])
            below = [ndtr((e[smooth] - means[:, smooth]) / sds[:, smooth]) for e in ends]
            apart = (means - mean) / sd
            return np.hstack([apart, apart**2 + (sds / sd) ** 2, *below])

        whole, *found = self.integral(values)
        first, second, below = np.split(found / whole, [len(rows), 2 * len(rows)])
        tails = np.repeat([(1 - prob) / 2, (1 + prob) / 2], len(smooth))
        wrong, slack = 0.0, 1e-5 * whole
        for which in scale_ends:
            row, end, p = 1 + which // 2, ends[which % 2], tails[[0, -1]][which % 2]
            start = self.start if row == 2 else 0.0
            low, high = (
                self.integral(
                    lambda x, *_: np.empty((len(x), 0)), (row - 1, np.log(max(x, 1e-300)) - start)
                )[0]
                for x in end[row] + 2e-3 * sd[row] * np.array([-1, 1])
            )
            wrong = max(wrong, not low - slack < p * whole < high + slack)
        return {
            "mean": np.abs(first).max(),
            "sd": np.abs(np.sqrt(second - first**2) - 1).max(),
            "below": np.abs(below - tails).max(),
            "scales": float(wrong),
        }
