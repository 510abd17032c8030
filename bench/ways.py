"""The ways to fit that `bench/run.py` times: the book's, and its peers'.

Each takes the pupils' scores, a seed and what the sampler is told (draws, tuning, how short its
steps are; nothing for its defaults), runs four chains on all cores, and returns draws of the three
shared parameters and the school means, under the book's names and priors.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import joblib
import pandas as pd
import xarray as xr

from helpers.choices import DRAWS, TUNE

CORES = joblib.cpu_count()
EQUAL = {"draws": DRAWS, "tune": TUNE}  # of each chain
PEERS_TARGET_ACCEPT = 0.8  # their default
FIT_TARGET_ACCEPT = 0.95  # not to be chosen: `helpers.models.fit` sets it


class Way(NamedTuple):
    """A way to fit: the function, what it imports, and the settings of its equal run."""

    draw: Callable[..., xr.DataTree]
    imports: str
    equal: dict[str, Any]


def pymc_with(sampler: str, **keywords: bool) -> Callable:
    """PyMC's own call with one of the samplers that it can use."""

    def draw(scores: pd.DataFrame, seed: int, **told: Any) -> xr.DataTree:
        import pymc as pm

        from helpers.models import partially_pooled_model

        with partially_pooled_model(scores, **keywords):
            return pm.sample(
                chains=4,
                cores=CORES,
                random_seed=seed,
                nuts_sampler=sampler,
                progressbar=False,
                compute_convergence_checks=False,
                **told,
            )

    return draw


def bambi(scores: pd.DataFrame, seed: int, **told: Any) -> xr.DataTree:
    import bambi as bmb

    spread = bmb.Prior("Normal", mu=0, sigma=bmb.Prior("Exponential", lam=1))
    priors = {
        "Intercept": bmb.Prior("Normal", mu=50, sigma=10),
        "1|school": spread,
        "sigma": bmb.Prior("Exponential", lam=1),
    }
    model = bmb.Model("score ~ 1 + (1|school)", scores, priors=priors)
    fitted = model.fit(chains=4, cores=CORES, random_seed=seed, progressbar=False, **told)
    posterior = fitted.posterior.to_dataset().rename(
        {"Intercept": "global_mean", "1|school_sigma": "global_sigma", "sigma": "sigma_y"}
    )
    posterior["school_means"] = posterior["global_mean"] + posterior["1|school"]
    return xr.DataTree.from_dict({"posterior": posterior})


def book(data: str, **keywords: bool) -> Callable:
    """The book's own `fit`, of rows, of summaries, or with the school means integrated out."""

    def draw(scores: pd.DataFrame, seed: int, **told: Any) -> xr.DataTree:
        from helpers.integrated import complete_draws, integrated_model
        from helpers.models import fit, partially_pooled_model
        from helpers.summaries import summarise_schools

        if data == "rows":
            return fit(partially_pooled_model(scores, **keywords), seed=seed, **told)
        schools = summarise_schools(scores)
        if data == "summaries":
            return fit(partially_pooled_model(schools, **keywords), seed=seed, **told)
        shared = fit(integrated_model(schools), seed=seed, **told)
        return complete_draws(shared, schools, seed=seed)

    return draw


def exact(scores: pd.DataFrame, seed: int, draws: int) -> xr.DataTree:
    from helpers.exact import exact_posterior
    from helpers.summaries import summarise_schools

    return exact_posterior(summarise_schools(scores)).sample(draws, seed=seed)


PEER = EQUAL | {"target_accept": PEERS_TARGET_ACCEPT}
WAYS = {
    "PyMC, rows": Way(pymc_with("pymc"), "pymc", PEER),
    "nutpie, rows": Way(pymc_with("nutpie"), "nutpie", PEER),
    "NumPyro, rows": Way(pymc_with("numpyro"), "pymc.sampling.jax", PEER),
    "fit, rows": Way(book("rows"), "nutpie", EQUAL),
    "PyMC, rows, not centred": Way(pymc_with("pymc", centred=False), "pymc", PEER),
    "nutpie, rows, not centred": Way(pymc_with("nutpie", centred=False), "nutpie", PEER),
    "Bambi, rows, not centred": Way(bambi, "bambi", PEER),
    "fit, rows, not centred": Way(book("rows", centred=False), "nutpie", EQUAL),
    "fit, summaries": Way(book("summaries"), "nutpie", EQUAL),
    "fit, summaries, not centred": Way(book("summaries", centred=False), "nutpie", EQUAL),
    "fit, integrated": Way(book("integrated"), "nutpie", EQUAL),
    "exact": Way(exact, "helpers.exact", {"draws": EQUAL["draws"]}),
}
DEFAULT = ["PyMC, rows", "nutpie, rows", "NumPyro, rows", "Bambi, rows, not centred"]
