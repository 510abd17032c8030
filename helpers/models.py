"""The book's three models, one function each, and `fit`: how the book samples.

Every model takes a table with one row a pupil. Its priors are keywords, in the score's unit: a
normal prior for a mean, exponential priors (given by their mean) for the standard deviations.
"""

from collections.abc import Callable

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import xarray as xr
from xarray import DataTree

from helpers.repeat import somebody_watches
from helpers.schools import check_scores


def _check(scores: pd.DataFrame, school: str, score: str, *, by_school: bool, spread: bool) -> None:
    check_scores(scores, school, score)
    pupils = scores[school].value_counts()
    if spread and len(pupils) < 2:
        raise ValueError(
            f"the spread between schools needs two schools or more, not {pupils.index.tolist()}"
        )
    if by_school and pupils.max() < 2:
        raise ValueError("the spread within a school needs a school with two pupils or more")
    if len(scores) < 2:
        raise ValueError("the spread of the scores needs two pupils or more")


def _coords(scores: pd.DataFrame, school: str) -> tuple[pd.Index, dict]:
    labels = pd.Index(scores[school]).astype("category").remove_unused_categories()
    coords = {"school": labels.categories.to_numpy(), "pupil": scores.index.to_numpy()}
    return labels.codes.astype(int), coords


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
        As `helpers.schools.summarise_schools`; or with fewer than two pupils.
    """
    _check(scores, school, score, by_school=False, spread=False)
    _, coords = _coords(scores, school)
    with pm.Model(coords={"pupil": coords["pupil"]}) as model:
        global_mean = pm.Normal("global_mean", prior_mean, prior_sd)
        sigma_y = pm.Exponential("sigma_y", scale=sigma_y_prior_mean)
        pm.Normal("score", global_mean, sigma_y, observed=scores[score], dims="pupil")
    return model


def unpooled_model(
    scores: pd.DataFrame,
    school: str = "school",
    score: str = "score",
    *,
    prior_mean: float = 50.0,
    prior_sd: float = 10.0,
    sigma_y_prior_mean: float = 1.0,
) -> pm.Model:
    """A mean for every school, each on its own; the spread of pupils is shared.

    Parameters
    ----------
    scores, school, score, prior_sd, sigma_y_prior_mean
        As in `completely_pooled_model`.
    prior_mean, prior_sd : float
        Of the normal prior of each of the ``school_means``, in points.

    Returns
    -------
    pymc.Model
        With ``school_means`` (by ``school``) and ``sigma_y``, and the observed ``score``.

    Raises
    ------
    ValueError
        As `helpers.schools.summarise_schools`; or if no school has two pupils.
    """
    _check(scores, school, score, by_school=True, spread=False)
    school_index, coords = _coords(scores, school)
    with pm.Model(coords=coords) as model:
        school_means = pm.Normal("school_means", prior_mean, prior_sd, dims="school")
        sigma_y = pm.Exponential("sigma_y", scale=sigma_y_prior_mean)
        pm.Normal(
            "score", school_means[school_index], sigma_y, observed=scores[score], dims="pupil"
        )
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
    scores, school, score, sigma_y_prior_mean
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
        and the observed ``score``; with ``school_offset`` too where not centred.

    Raises
    ------
    ValueError
        As `helpers.schools.summarise_schools`; or with a single school, or if no school has
        two pupils.
    """
    _check(scores, school, score, by_school=True, spread=True)
    school_index, coords = _coords(scores, school)
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
        pm.Normal(
            "score", school_means[school_index], sigma_y, observed=scores[score], dims="pupil"
        )
    return model


def fit(model: pm.Model, *, seed: int, draws: int = 4000, tune: int = 1000) -> DataTree:
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
