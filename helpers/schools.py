"""A simulated city of schools, and the truth about it that an analyst does not see."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class City:
    """A simulated city: what an analyst sees, and the truth that is kept aside.

    Attributes
    ----------
    scores : DataFrame
        One row a pupil, shuffled. Columns ``school`` (int) and ``score`` (points); the index
        numbers the pupils from 0, school after school, as they were before the shuffle.
    true_school_means : Series
        The mean that each school's scores were drawn around, in points, by school.
    global_mean, global_sigma, sigma_y : float
        The settings: mean and standard deviation of the school means, and standard deviation
        of pupils within a school, in points.
    """

    scores: pd.DataFrame
    true_school_means: pd.Series
    global_mean: float
    global_sigma: float
    sigma_y: float


def simulate_city(
    seed: int,
    *,
    n_schools: int = 50,
    min_size: int = 2,
    max_size: int = 99,
    sizes: Sequence[int] | None = None,
    global_mean: float = 63.0,
    global_sigma: float = 2.0,
    sigma_y: float = 10.0,
) -> City:
    """Draw a city: its schools' true means, their sizes, and a score for every pupil.

    The same seed gives the same city. The school means are drawn first, then the scores in
    pupil order; sizes and the shuffle come from the generator's spawned children, so that a
    change of sizes leaves the other random numbers as they were.

    Parameters
    ----------
    seed : int
        Seed of ``numpy.random.default_rng``.
    n_schools : int
        How many schools. Ignored where `sizes` is given.
    min_size, max_size : int
        The sizes are uniform on these and every whole number between.
    sizes : sequence of int, optional
        The number of pupils in each school, instead of drawn ones.
    global_mean, global_sigma : float
        Mean and standard deviation of the schools' true means, in points.
    sigma_y : float
        Standard deviation of the pupils' scores around their school's mean, in points.

    Returns
    -------
    City

    Raises
    ------
    ValueError
        If there is no school, a size below 1, or a standard deviation that is not positive.
    """
    for name, value in {"global_sigma": global_sigma, "sigma_y": sigma_y}.items():
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be positive and finite, not {value}")
    rng = np.random.default_rng(seed)
    sizes_rng, shuffle_rng = rng.spawn(2)
    if sizes is None:
        if n_schools < 1:
            raise ValueError(f"a city needs at least one school, not {n_schools}")
        if not 1 <= min_size <= max_size:
            raise ValueError(f"sizes must run upwards from at least 1: {min_size} to {max_size}")
        sizes = sizes_rng.integers(min_size, max_size + 1, size=n_schools)
    else:
        sizes = np.asarray(sizes)
        if sizes.ndim != 1 or sizes.size == 0:
            raise ValueError("sizes must list the number of pupils of at least one school")
        if not np.issubdtype(sizes.dtype, np.integer) or (sizes < 1).any():
            raise ValueError(f"sizes must be whole numbers from 1 upwards, not {sizes.tolist()}")

    school = np.repeat(np.arange(sizes.size), sizes.astype(np.intp))
    true_school_means = rng.normal(global_mean, global_sigma, size=sizes.size)
    score = rng.normal(true_school_means[school], sigma_y)
    pupils = pd.DataFrame({"school": school, "score": score}).rename_axis("pupil")
    return City(
        scores=pupils.iloc[shuffle_rng.permutation(len(pupils))],
        true_school_means=pd.Series(true_school_means, name="true_mean").rename_axis("school"),
        global_mean=global_mean,
        global_sigma=global_sigma,
        sigma_y=sigma_y,
    )
