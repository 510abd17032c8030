"""The numerical parts of the exact posterior: where to look, and how to add up."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import ndtr, ndtri

LOG_CUTOFF = -18.0  # below this share of its top a density is taken for zero


def where_the_mass_is(
    log_density: Callable[[NDArray], NDArray], low: NDArray, high: NDArray, nodes: int
) -> NDArray:
    """Place equally spaced nodes over the range where a density counts, column by column.

    Parameters
    ----------
    log_density : callable
        Takes and returns an array of shape (nodes, columns): one density in each column.
    low, high : ndarray, shape (columns,)
        Where to look for the mass.
    nodes : int
        In each column.

    Returns
    -------
    ndarray, shape (nodes, columns)

    Raises
    ------
    RuntimeError
        If the range doesn't settle.
    """
    column = np.arange(len(low))
    for _ in range(60):
        x = np.linspace(low, high, nodes)
        log = log_density(x)
        alive = log > log.max(axis=0) + LOG_CUTOFF
        first, last = alive.argmax(axis=0), nodes - 1 - alive[::-1].argmax(axis=0)
        if (last - first > 2 / 3 * nodes).all():
            return x
        low = x[np.maximum(first - 1, 0), column]
        high = x[np.minimum(last + 1, nodes - 1), column]
    raise RuntimeError("the quadrature did not find where the mass is")


def adaptive_nodes(
    log_density: Callable[[NDArray], NDArray], low: float, high: float, panels: int
) -> tuple[NDArray, NDArray]:
    """Nodes and weights of Gauss and Legendre, in panels as narrow as the density asks for.

    Parameters
    ----------
    log_density : callable
        Takes and returns an array of shape (nodes,).
    low, high : float
        The range.
    panels : int
        To begin with. A panel is halved until halving it no longer changes the integral.

    Returns
    -------
    nodes, weights : ndarray, shape (nodes,)
        In increasing order.
    """
    unit, unit_weight = np.polynomial.legendre.leggauss(10)

    def integrate(edges: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        half = np.diff(edges, axis=1) / 2
        x, weight = edges.mean(axis=1, keepdims=True) + half * unit, half * unit_weight
        return x, weight, (np.exp(log_density(x.ravel()).reshape(x.shape) - top) * weight).sum(1)

    ends = np.linspace(low, high, panels + 1)
    edges = np.column_stack([ends[:-1], ends[1:]])
    top = log_density(ends).max()
    x, weight, mass = integrate(edges)
    done, total = [], mass.sum()
    while len(edges):
        middle = edges.mean(axis=1)
        left, right = np.column_stack([edges[:, 0], middle]), np.column_stack([middle, edges[:, 1]])
        halves = np.stack([left, right], axis=1).reshape(-1, 2)
        parts = integrate(halves)
        open_ = np.abs(parts[2].reshape(-1, 2).sum(axis=1) - mass) > 1e-9 * total
        done.append((x[~open_], weight[~open_]))
        twice = np.repeat(open_, 2)
        edges, (x, weight, mass) = halves[twice], (part[twice] for part in parts)
    x, weight = (np.concatenate([pair[i].ravel() for pair in done]) for i in (0, 1))
    order = np.argsort(x, kind="stable")
    return x[order], weight[order]


def distribution(x: NDArray, log_density: NDArray) -> tuple[NDArray, NDArray]:
    """Distribution function of one density, or several, known at the same nodes.

    Parameters
    ----------
    x : ndarray, shape (nodes,)
        Increasing nodes.
    log_density : ndarray, shape (nodes,) or (nodes, columns)
        The log density there, up to a constant.

    Returns
    -------
    fine, cdf : ndarray
        Sixty-four times as many points, and the distribution functions on them.
    """
    fine = np.interp(np.linspace(0, x.size - 1, 64 * (x.size - 1) + 1), np.arange(x.size), x)
    # The log of a density is nearer to a polynomial than the density.
    density = np.exp(CubicSpline(x, log_density - log_density.max(axis=0))(fine))
    cdf = np.zeros_like(density)
    np.cumsum((np.diff(fine) * (density[1:] + density[:-1]).T).T, axis=0, out=cdf[1:])
    return fine, cdf / cdf[-1]


def normal_mixtures(weight: NDArray, mean: NDArray, sd: NDArray, tails: NDArray) -> NDArray:
    """Mean, standard deviation and quantiles of mixtures of normal distributions.

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
    ndarray, shape (mixtures, 2 + quantiles)
    """
    average = weight @ mean
    spread = np.sqrt(weight @ (sd**2 + (mean - average) ** 2))
    columns = [average, spread]
    for z in ndtri(tails):
        x = average + z * spread
        for _ in range(100):
            # Newton's method, on a scale where a single normal would be a straight line.
            height = (x - mean) / sd
            found = ndtri(np.clip(weight @ ndtr(height), 1e-15, 1 - 1e-15))
            slope = weight @ (np.exp(-(height**2) / 2) / sd) * np.exp(found**2 / 2)
            move = np.clip((z - found) / slope, -spread, spread)
            x = x + move
            if (np.abs(move) < 1e-5 * spread).all():  # the next step would be its square
                break
        columns.append(x)
    return np.column_stack(columns)
