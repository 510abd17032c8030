"""A function of a school's size and mean, for so many schools that those of one size share it."""

from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

KNOTS = 64
# The polynomial's last coefficients, in units of the function's own scale: what it leaves out.
TOLERANCE = 1e-5
CHUNK = 1_000_000  # numbers in memory at a time


def for_all_schools(
    n: NDArray,
    mean: NDArray,
    function: Callable[[NDArray, NDArray], NDArray],
    scale: Callable[[NDArray], float],
    parts: int,
) -> NDArray:
    """Evaluate a function, smooth in the mean, by a polynomial where many schools have one size.

    Given the posterior of the two spreads, schools of one size differ in their means alone, and
    what follows for them changes over steps of about the sd of these means. Where a polynomial
    through 64 points has not settled, every school is computed on its own.

    Parameters
    ----------
    n, mean : ndarray, shape (schools,)
    function : callable
        Takes some sizes and means; gives a row each.
    scale : callable
        Takes such rows; gives the size that an error has to be small beside.
    parts : int
        How many numbers the function holds in memory for each school.

    Returns
    -------
    ndarray
        A row a school.
    """
    angle = np.pi * (np.arange(KNOTS) + 0.5) / KNOTS
    basis = np.cos(np.arange(KNOTS)[:, None] * angle) * 2 / KNOTS
    basis[0] /= 2
    shared = []
    alone = np.ones(n.size, dtype=bool)
    sizes, place, count = np.unique(n, return_inverse=True, return_counts=True)
    for i in np.flatnonzero(count > 8 * KNOTS):
        members = np.flatnonzero(place == i)
        # The outermost few would stretch the polynomial: they are computed on their own.
        low, high = np.sort(mean[members])[[KNOTS // 2, -KNOTS // 2]]
        if not low < high:
            continue
        inner = members[(mean[members] >= low) & (mean[members] <= high)]
        knots = low + (high - low) * (1 + np.cos(angle)) / 2
        values = function(np.full(KNOTS, sizes[i]), knots)
        coefficients = basis @ values
        if np.abs(coefficients[-KNOTS // 8 :]).max() < TOLERANCE * scale(values):
            at = 2 * (mean[inner] - low) / (high - low) - 1
            shared.append((inner, chebyshev.chebval(at, coefficients).T))
            alone[inner] = False
    rest, step = np.flatnonzero(alone), max(1, CHUNK // parts)
    chunks = [rest[i : i + step] for i in range(0, rest.size, step)]
    shared += [(some, function(n[some], mean[some])) for some in chunks]
    table = np.empty((n.size, shared[0][1].shape[1]))
    for some, values in shared:
        table[some] = values
    return table
