"""A city of schools: its simulation, and the few numbers that summarise a school."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from helpers.engines import summarise
from helpers.summaries import add


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


def summarise_schools(
    scores: IntoFrame, school: str = "school", score: str = "score"
) -> pd.DataFrame:
    """Reduce a table of pupils to three numbers a school.

    A lazy table is summarised where it is: only a row a school comes to Python. It is read once;
    or twice, if a school's scores are so far from 0 that one reading would lose digits of ``ss``.

    The same table gives the same summary, whatever engine and types hold it. Labels come back as
    the values that they stand for, in their order: categories as text or numbers, dates as
    timestamps at midnight, timestamps with a time zone as moments in UTC. Spaces and letters that
    only look the same keep two schools apart; 0.0 and -0.0 are one.

    Parameters
    ----------
    scores : DataFrame, or any other table that narwhals knows
        One row a pupil: pandas, Polars, PyArrow, a DuckDB relation, Dask, Spark.
    school, score : str
        The columns that hold the school's label (any kind) and the pupil's score.

    Returns
    -------
    DataFrame
        One row a school, in the order of the labels: ``n`` (pupils), ``mean`` (in the score's
        unit) and ``ss`` (sum of squared deviations from that mean, in its unit squared).

    Raises
    ------
    ValueError
        If a column is missing or there twice; there are no rows; labels are of several kinds, as
        1 and "1"; a label is missing; a score is no number, missing, infinite, or beyond ±1e140;
        or 64-bit floats can't tell a school's scores apart. Also if a table that has to be read
        twice holds other rows the second time.
    """
    return summarise(scores, school, score)


def merge_summaries(*parts: pd.DataFrame) -> pd.DataFrame:
    """Add up summaries of different pupils, who may go to the same schools.

    Parameters
    ----------
    *parts : DataFrame
        As `summarise_schools` returns them, each of other pupils.

    Returns
    -------
    DataFrame
        What `summarise_schools` would have returned for all the pupils together, up to rounding.

    Raises
    ------
    ValueError
        If there is no part, or one lacks a column or holds an impossible number.
    """
    if not parts:
        raise ValueError("there are no summaries to merge")
    return add(parts)
