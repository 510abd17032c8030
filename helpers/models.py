"""The book's three models, one function each, and `fit`: how the book samples.

Every model takes a table with one row a pupil, and the two that have school means also its
summary, one row a school. Its priors are keywords, in the score's unit: a normal prior for a
mean, exponential priors (given by their mean) for the standard deviations.
"""

from collections.abc import Callable

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytensor.tensor as pt
import xarray as xr
from joblib import cpu_count
from xarray import DataTree

from helpers.choices import DRAWS, TUNE
from helpers.summaries import check_spreads, check_summaries, summarise_schools
from helpers.summaries.labels import encode, plain
from helpers.waiting import somebody_watches

# Adds what was observed to a model, given its school means and σ_y.
Observe = Callable[[pt.TensorVariable, pt.TensorVariable], None]


def _of_schools(scores: pd.DataFrame, school: str, score: str, *, spread: bool) -> tuple:
    """Coordinates and likelihood for a model with school means, of rows or of summaries."""
    if {"n", "mean", "ss"}.issubset(scores.columns) and score not in scores.columns:
        schools = check_summaries(scores)
        check_spreads(schools["n"], between=spread)
        return _of_summaries(schools)
    check_spreads(summarise_schools(scores, school, score)["n"], between=spread)
    return _of_rows(scores, school, score)


def _of_rows(scores: pd.DataFrame, school: str, score: str) -> tuple[dict, Observe]:
    school_index, labels = encode(scores[school])
    observed = scores[score].to_numpy(float)

    def observe(school_means: pt.TensorVariable, sigma_y: pt.TensorVariable) -> None:
        pm.Normal("score", school_means[school_index], sigma_y, observed=observed, dims="pupil")

    return {"school": plain(labels), "pupil": plain(scores.index)}, observe


def _of_summaries(schools: pd.DataFrame) -> tuple[dict, Observe]:
    def observe(school_means: pt.TensorVariable, sigma_y: pt.TensorVariable) -> None:
        error = sigma_y / np.sqrt(schools["n"].to_numpy())
        pm.Normal("mean", school_means, error, observed=schools["mean"], dims="school")
        observe_within(schools, sigma_y)

    return {"school": plain(schools.index)}, observe


def observe_within(schools: pd.DataFrame, sigma_y: pt.TensorVariable) -> None:
    """Add the squared deviations within schools to a model: a gamma variable, all told.

    Source: appendix "The exact posterior", on sufficiency.
    """
    within = schools["ss"].sum()
    if within == 0:
        raise ValueError("all pupils of each school have the same score: there is no spread within")
    freedom = schools["n"].sum() - len(schools)
    pm.Gamma("ss", alpha=freedom / 2, beta=1 / (2 * sigma_y**2), observed=within)


def completely_pooled_model(
    scores: pd.DataFrame,
    school: str = "school",
    score: str = "score",
    *,
    prior_mean: float = 50.0,
    prior_sd: float = 10.0,
    sigma_y_prior_mean: float = 1.0,
) -> pm.Model:
    """One mean for all pupils: the schools are ignored.

    Parameters
    ----------
    scores : DataFrame
        One row a pupil.
    school, score : str
        The columns with the school's label and the pupil's score.
    prior_mean, prior_sd : float
        Of the normal prior of ``global_mean``, in points.
    sigma_y_prior_mean : float
        Of the exponential prior of ``sigma_y``, in points.

    Returns
    -------
    pymc.Model
        With ``global_mean`` and ``sigma_y``, and the observed ``score`` (by ``pupil``).

    Raises
    ------
    ValueError
        As `helpers.summaries.summarise_schools`; or with fewer than two pupils.
    """
    summarise_schools(scores, school, score)  # which refuses what is no score
    if len(scores) < 2:
        raise ValueError("the spread of the scores needs two pupils or more")
    with pm.Model(coords={"pupil": plain(scores.index)}) as model:
        global_mean = pm.Normal("global_mean", prior_mean, prior_sd)
        sigma_y = pm.Exponential("sigma_y", scale=sigma_y_prior_mean)
        observed = scores[score].to_numpy(float)
        pm.Normal("score", global_mean, sigma_y, observed=observed, dims="pupil")
    return model


def unpooled_model(
    scores: pd.DataFrame,
    school: str = "school",
    score: str = "score",
    *,
    prior_mean: float = 50.0,
    prior_sd: float = 100.0,
    sigma_y_prior_mean: float = 1.0,
) -> pm.Model:
    """A mean for every school, each on its own; the spread of pupils is shared.

    Parameters
    ----------
    scores : DataFrame
        One row a pupil; or one row a school, as `helpers.summaries.summarise_schools` returns it:
        the posterior is the same, and the cost no longer depends on the number of pupils.
    school, score, sigma_y_prior_mean
        As in `completely_pooled_model`.
    prior_mean, prior_sd : float
        Of the normal prior of each of the ``school_means``, in points. Where
        pupils' scores have an sd of 10, it pulls two pupils' mean by 1 part in 200.

    Returns
    -------
    pymc.Model
        With ``school_means`` (by ``school``) and ``sigma_y``, and the observed ``score``; or,
        of summaries, the observed ``mean`` (by ``school``) and ``ss`` (all schools' together).

    Raises
    ------
    ValueError
        As `helpers.summaries.summarise_schools`; if no school has two pupils; or for a summary
        with an impossible number or no spread within schools.
    """
    coords, observe = _of_schools(scores, school, score, spread=False)
    with pm.Model(coords=coords) as model:
        school_means = pm.Normal("school_means", prior_mean, prior_sd, dims="school")
        sigma_y = pm.Exponential("sigma_y", scale=sigma_y_prior_mean)
        observe(school_means, sigma_y)
    return model


def partially_pooled_model(
    scores: pd.DataFrame,
    school: str = "school",
    score: str = "score",
    *,
    centred: bool = True,
    prior_mean: float = 50.0,
    prior_sd: float = 10.0,
    sigma_alpha_prior_mean: float = 1.0,
    sigma_y_prior_mean: float = 1.0,
) -> pm.Model:
    """School means that are themselves a sample: how widely they spread is estimated too.

    Parameters
    ----------
    scores : DataFrame
        As in `unpooled_model`.
    school, score, sigma_y_prior_mean
        As in `completely_pooled_model`.
    centred : bool
        Whether the sampler moves the school means themselves, or (not centred) their distance
        from the global mean in units of ``global_sigma``. The posterior is the same.
    prior_mean, prior_sd : float
        Of the normal prior of ``global_mean``, in points.
    sigma_alpha_prior_mean : float
        Of the exponential prior of ``global_sigma``, in points.

    Returns
    -------
    pymc.Model
        With ``global_mean``, ``global_sigma``, ``school_means`` (by ``school``) and ``sigma_y``,
        and observed variables as in `unpooled_model`; with ``school_offset`` too where not
        centred.

    Raises
    ------
    ValueError
        As `unpooled_model`; or with a single school.
    """
    coords, observe = _of_schools(scores, school, score, spread=True)
    with pm.Model(coords=coords) as model:
        global_mean = pm.Normal("global_mean", prior_mean, prior_sd)
        global_sigma = pm.Exponential("global_sigma", scale=sigma_alpha_prior_mean)
        if centred:
            school_means = pm.Normal("school_means", global_mean, global_sigma, dims="school")
        else:
            school_offset = pm.Normal("school_offset", 0, 1, dims="school")
            school_means = pm.Deterministic(
                "school_means", global_mean + global_sigma * school_offset, dims="school"
            )
        sigma_y = pm.Exponential("sigma_y", scale=sigma_y_prior_mean)
        observe(school_means, sigma_y)
    return model


def fit(model: pm.Model, *, seed: int, draws: int = DRAWS, tune: int = TUNE) -> DataTree:
    """Sample a model's posterior: four chains of nutpie's NUTS, on any machine.

    The same seed gives the same draws, in a fresh process, with a cold or a warm compilation
    cache, and on any number of cores. Another kind of processor may round differently, and then
    gives other draws from the same posterior.

    Parameters
    ----------
    model : pymc.Model
        Any PyMC model with continuous parameters.
    seed : int
        Seed of the sampler's random numbers.
    draws, tune : int
        Draws kept, and draws spent on tuning before them, of each chain.

    Returns
    -------
    DataTree
        With groups ``posterior``, ``sample_stats`` and ``observed_data``.
    """
    # With fast maths the compiler may reorder sums, differently from a cold and a warm cache.
    with model, pytensor.config.change_flags(numba__fastmath=False):
        return pm.sample(
            draws=draws,
            tune=tune,
            chains=4,
            cores=min(4, cpu_count()),  # PyMC itself would take half of the machine's
            target_accept=0.95,  # short steps: σ_α has a narrow neck near 0
            random_seed=seed,
            nuts_sampler="nutpie",
            quiet=not somebody_watches(),
            compute_convergence_checks=False,  # check_fit does that
        )


def check_fit(draws: DataTree) -> pd.DataFrame:
    """Hold a fit's worst diagnostics against what the book demands of every fit.

    Parameters
    ----------
    draws : DataTree
        What `fit` returned.

    Returns
    -------
    DataFrame
        A row a check: the ``worst`` value over all parameters, the ``limit`` it has to keep
        (R̂ below 1.01, effective sample sizes above 400, no divergence), and whether it
        ``passed``. A diagnostic that can't be computed fails.
    """
    posterior = draws.posterior.to_dataset()
    rhat = _extreme(az.rhat(posterior), max)
    bulk = _extreme(az.ess(posterior, method="bulk"), min)
    tail = _extreme(az.ess(posterior, method="tail"), min)
    divergences = int(draws.sample_stats["diverging"].sum())
    rows = {
        "largest R-hat": (round(rhat, 3), "below 1.01", rhat < 1.01),
        "smallest bulk ESS": (round(bulk), "above 400", bulk > 400),
        "smallest tail ESS": (round(tail), "above 400", tail > 400),
        "divergences": (divergences, "none", divergences == 0),
    }
    # As objects, so that counts stay whole beside the R̂.
    checks = pd.DataFrame(rows, index=["worst", "limit", "passed"], dtype=object).T
    return checks.astype({"passed": bool})


def _extreme(diagnostic: xr.Dataset, pick: Callable) -> float:
    # NaN has to win, or a parameter without a diagnostic would pass.
    values = np.concatenate([np.ravel(variable) for variable in diagnostic.values()])
    return float("nan") if np.isnan(values).any() else float(pick(values))
