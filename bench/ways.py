"""The ways to fit that `bench/run.py` times: the book's, and its peers'.

Each takes the pupils' scores, a seed and the number of draws of each of four chains, and returns
draws of the three shared parameters and the school means, under the book's names and priors.
"""

import os
from collections.abc import Callable

import pandas as pd
import xarray as xr

BASELINE = "PyMC, rows"
CORES = os.cpu_count()


def pymc_with(sampler: str) -> Callable:
    """PyMC's own call with one of the samplers that it can use."""

    def draw(scores: pd.DataFrame, seed: int, draws: int) -> xr.DataTree:
        import pymc as pm

        from helpers.models import partially_pooled_model

        with partially_pooled_model(scores):
            return pm.sample(
                draws,
                chains=4,
                cores=CORES,
                random_seed=seed,
                nuts_sampler=sampler,
                progressbar=False,
                compute_convergence_checks=False,
            )

    return draw


def bambi(scores: pd.DataFrame, seed: int, draws: int) -> xr.DataTree:
    import bambi as bmb

    spread = bmb.Prior("Normal", mu=0, sigma=bmb.Prior("Exponential", lam=1))
    priors = {
        "Intercept": bmb.Prior("Normal", mu=50, sigma=10),
        "1|school": spread,
        "sigma": bmb.Prior("Exponential", lam=1),
    }
    model = bmb.Model("score ~ 1 + (1|school)", scores, priors=priors)
    fitted = model.fit(draws, chains=4, cores=CORES, random_seed=seed, progressbar=False)
    posterior = fitted.posterior.to_dataset().rename(
        {"Intercept": "global_mean", "1|school_sigma": "global_sigma", "sigma": "sigma_y"}
    )
    posterior["school_means"] = posterior["global_mean"] + posterior["1|school"]
    return xr.DataTree.from_dict({"posterior": posterior})


def book(data: str, **keywords: bool) -> Callable:
    """The book's own `fit`, of rows, of summaries, or with the school means integrated out."""

    def draw(scores: pd.DataFrame, seed: int, draws: int) -> xr.DataTree:
        from helpers.integrated import complete_draws, integrated_model
        from helpers.models import fit, partially_pooled_model
        from helpers.schools import summarise_schools

        if data == "rows":
            return fit(partially_pooled_model(scores, **keywords), seed=seed, draws=draws)
        schools = summarise_schools(scores)
        if data == "summaries":
            return fit(partially_pooled_model(schools, **keywords), seed=seed, draws=draws)
        shared = fit(integrated_model(schools), seed=seed, draws=draws)
        return complete_draws(shared, schools, seed=seed)

    return draw


def exact(scores: pd.DataFrame, seed: int, draws: int) -> xr.DataTree:
    from helpers.exact import exact_posterior
    from helpers.schools import summarise_schools

    return exact_posterior(summarise_schools(scores)).sample(draws, seed=seed)


# Each with the number of draws, of each of four chains, that it makes unless told otherwise.
WAYS = {
    BASELINE: (pymc_with("pymc"), 1000),
    "nutpie, rows": (pymc_with("nutpie"), 1000),
    "NumPyro, rows": (pymc_with("numpyro"), 1000),
    "Bambi, rows": (bambi, 1000),
    "fit, rows": (book("rows"), 4000),
    "fit, rows, not centred": (book("rows", centred=False), 4000),
    "fit, summaries": (book("summaries"), 4000),
    "fit, summaries, not centred": (book("summaries", centred=False), 4000),
    "fit, integrated": (book("integrated"), 4000),
    "exact": (exact, 4000),
}
