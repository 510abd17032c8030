"""The partially pooled model with its school means integrated out, and put back afterwards.

Its sampler moves three parameters, however many schools there are.
"""

import numpy as np
import pandas as pd
import pymc as pm
from xarray import DataTree

from helpers.models import observe_within
from helpers.pooling import draw_school_means
from helpers.summaries import check_spreads, check_summaries, summarise_schools
from helpers.summaries.labels import plain

CHUNK = 1_000_000  # numbers in memory at a time, beside the result


def integrated_model(
    schools: pd.DataFrame,
    *,
    prior_mean: float = 50.0,
    prior_sd: float = 10.0,
    sigma_alpha_prior_mean: float = 1.0,
    sigma_y_prior_mean: float = 1.0,
) -> pm.Model:
    """The partially pooled model of the three parameters that schools share.

    Parameters
    ----------
    schools : DataFrame
        One row a school, as `helpers.summaries.summarise_schools` returns it.
    prior_mean, prior_sd, sigma_alpha_prior_mean, sigma_y_prior_mean : float
        As in `helpers.models.partially_pooled_model`, in points.

    Returns
    -------
    pymc.Model
        With ``global_mean``, ``global_sigma`` and ``sigma_y``. Observed are, of all schools of one
        ``size`` together, the ``mean`` of their means and, where there are several, the
        ``scatter`` of their means; and ``ss``.

    Raises
    ------
    ValueError
        As `helpers.models.partially_pooled_model`.
    """
    schools = check_summaries(schools)
    check_spreads(schools["n"], between=True)
    # Schools of one size are alike to this model: their means can be summarised once more.
    sizes = summarise_schools(schools, school="n", score="mean")
    several = np.flatnonzero(sizes["n"] > 1)
    with pm.Model(coords={"size": sizes.index, "repeated_size": sizes.index[several]}) as model:
        global_mean = pm.Normal("global_mean", prior_mean, prior_sd)
        global_sigma = pm.Exponential("global_sigma", scale=sigma_alpha_prior_mean)
        sigma_y = pm.Exponential("sigma_y", scale=sigma_y_prior_mean)
        variance = global_sigma**2 + sigma_y**2 / sizes.index.to_numpy()
        count, mean, scatter = sizes.to_numpy().T
        pm.Normal("mean", global_mean, np.sqrt(variance / count), observed=mean, dims="size")
        if several.size:
            pm.Gamma(
                "scatter",
                alpha=(count[several] - 1) / 2,
                beta=1 / (2 * variance[several]),
                # The density of a scatter of 0 is a constant too, but not a finite one.
                observed=scatter[several].clip(min=np.finfo(float).tiny),
                dims="repeated_size",
            )
        observe_within(schools, sigma_y)
    return model


def complete_draws(draws: DataTree, schools: pd.DataFrame, *, seed: int) -> DataTree:
    """Draw the school means that belong to draws of the integrated model.

    Given the three parameters, a school's true mean is normal: its draws are exact.

    Parameters
    ----------
    draws : DataTree
        What `helpers.models.fit` returned for the `integrated_model` of these schools.
    schools : DataFrame
        The same schools.
    seed : int
        Seed of ``numpy.random.default_rng``.

    Returns
    -------
    DataTree
        As `draws`, with ``school_means`` (by ``school``) added to its ``posterior``.
    """
    rng = np.random.default_rng(seed)
    posterior = draws.posterior.to_dataset()
    n, mean = schools["n"].to_numpy(), schools["mean"].to_numpy()
    shape = posterior["sigma_y"].shape
    mu, sigma_y, sigma_alpha = (
        posterior[name].to_numpy().reshape(-1, 1)
        for name in ("global_mean", "sigma_y", "global_sigma")
    )
    school_means = np.empty((mu.size, n.size))
    step = max(1, CHUNK // n.size)
    for part in (slice(i, i + step) for i in range(0, mu.size, step)):
        school_means[part] = draw_school_means(
            rng, n, mean, mu[part], sigma_y[part], sigma_alpha[part]
        )
    posterior = posterior.assign_coords(school=plain(schools.index))
    posterior["school_means"] = ("chain", "draw", "school"), school_means.reshape(*shape, n.size)
    completed = draws.copy()
    completed["posterior"] = DataTree(posterior)
    return completed
