"""The models, the fit, and the fit's checks."""

import os
import subprocess
import sys

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from helpers.models import (
    check_fit,
    completely_pooled_model,
    fit,
    partially_pooled_model,
    unpooled_model,
)
from helpers.schools import simulate_city

SMALL = simulate_city(seed=5, sizes=[2, 9, 30, 4, 17]).scores


def test_log_density_of_the_partially_pooled_model_is_that_of_scipy():
    model = partially_pooled_model(
        SMALL, prior_mean=60, prior_sd=7, sigma_alpha_prior_mean=3, sigma_y_prior_mean=8
    )
    means = np.array([60.0, 61.0, 65.0, 58.0, 63.0])
    mu, sigma_alpha, sigma_y = 62.0, 2.5, 9.0
    point = {
        "global_mean": mu,
        "global_sigma_log__": np.log(sigma_alpha),
        "school_means": means,
        "sigma_y_log__": np.log(sigma_y),
    }
    expected = (
        stats.norm.logpdf(mu, 60, 7)
        + stats.expon.logpdf(sigma_alpha, scale=3)
        + stats.expon.logpdf(sigma_y, scale=8)
        + stats.norm.logpdf(means, mu, sigma_alpha).sum()
        + stats.norm.logpdf(SMALL.score, means[SMALL.school], sigma_y).sum()
    )
    jacobian = np.log(sigma_alpha) + np.log(sigma_y)
    assert model.compile_logp()(point) == pytest.approx(expected + jacobian)


def test_centred_or_not_is_the_same_posterior():
    one, other = partially_pooled_model(SMALL), partially_pooled_model(SMALL, centred=False)
    differences = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        mu, sigma, offset = rng.normal(60, 5), rng.exponential(), rng.normal(size=5)
        shared = {"global_mean": mu, "global_sigma_log__": np.log(sigma), "sigma_y_log__": 2.0}
        centred = one.compile_logp()(shared | {"school_means": mu + sigma * offset})
        offsets = other.compile_logp()(shared | {"school_offset": offset})
        differences.append(centred - offsets + 5 * np.log(sigma))  # the change of variables
    np.testing.assert_allclose(differences, 0, atol=1e-8)


def test_any_labels_and_any_order_of_schools():
    scores = SMALL.assign(name=[f"school {'edcba'[s]}" for s in SMALL.school], points=SMALL.score)
    model = unpooled_model(scores, school="name", score="points")
    assert list(model.coords["school"]) == [f"school {letter}" for letter in "abcde"]
    reference = unpooled_model(SMALL)
    means = np.array([55.0, 60.0, 62.0, 65.0, 70.0])
    assert model.compile_logp()({"school_means": means, "sigma_y_log__": 2.0}) == pytest.approx(
        reference.compile_logp()({"school_means": means[::-1], "sigma_y_log__": 2.0})
    )


@pytest.mark.parametrize(
    ("model", "scores", "message"),
    [
        (partially_pooled_model, SMALL.query("school == 3"), r"two schools or more, not \[3\]"),
        (partially_pooled_model, SMALL.groupby("school").head(1), "a school with two pupils"),
        (unpooled_model, SMALL.groupby("school").head(1), "a school with two pupils"),
        (completely_pooled_model, SMALL.head(1), "two pupils or more"),
        (completely_pooled_model, SMALL.drop(columns="school"), "no column 'school'"),
        (unpooled_model, SMALL.assign(score=np.nan), "missing or infinite"),
    ],
)
def test_data_that_a_model_cannot_use_are_refused(model, scores, message):
    with pytest.raises(ValueError, match=message):
        model(scores)


DRAW = """
import sys; sys.path.insert(0, {tests!r})
from test_models import SMALL
from helpers.models import fit, partially_pooled_model
draws = fit(partially_pooled_model(SMALL), seed=8, draws=100, tune=200)
means = draws.posterior["school_means"].to_numpy()
print(len(means), means.tobytes().hex()[-96:])
"""


def test_the_same_seed_gives_the_same_draws_on_a_cold_and_on_a_warm_cache(tmp_path):
    code = DRAW.format(tests=os.path.dirname(__file__))
    environment = os.environ | {
        "PYTENSOR_FLAGS": f"base_compiledir={tmp_path / 'pytensor'}",
        "NUMBA_CACHE_DIR": str(tmp_path / "numba"),
    }
    cold, warm = (
        subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    )
    here = fit(partially_pooled_model(SMALL), seed=8, draws=100, tune=200)
    again = fit(partially_pooled_model(SMALL), seed=8, draws=100, tune=200)
    other = fit(partially_pooled_model(SMALL), seed=9, draws=100, tune=200)
    xr.testing.assert_identical(
        here.posterior.to_dataset().drop_attrs(), again.posterior.to_dataset().drop_attrs()
    )
    assert not np.array_equal(here.posterior.school_means, other.posterior.school_means)
    assert cold.startswith("4 ")  # chains
    assert cold == warm
    assert cold.split()[1] == here.posterior["school_means"].to_numpy().tobytes().hex()[-96:]


def made_up_fit(change):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4, 1000))
    diverging = np.zeros((4, 1000), dtype=bool)
    change(values, diverging)
    good = rng.normal(size=(4, 1000, 2))
    return az.from_dict(
        {"posterior": {"good": good, "theta": values}, "sample_stats": {"diverging": diverging}}
    )


def shifted_chain(values, diverging):
    values[0] += 0.5


def sticky(values, diverging):
    values[:] = np.repeat(values[:, ::20], 20, axis=1)


def one_divergence(values, diverging):
    diverging[2, 7] = True


def constant(values, diverging):
    values[:] = 1.0


@pytest.mark.parametrize(
    ("fault", "failing"),
    [
        (lambda values, diverging: None, set()),
        (shifted_chain, {"largest R-hat", "smallest bulk ESS"}),
        (sticky, {"largest R-hat", "smallest bulk ESS", "smallest tail ESS"}),
        (one_divergence, {"divergences"}),
    ],
)
def test_each_check_of_a_fit_can_fail(fault, failing):
    checks = check_fit(made_up_fit(fault))
    assert set(checks.index[~checks.passed]) == failing


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_parameter_without_diagnostics_does_not_pass():
    assert not check_fit(made_up_fit(constant)).passed["largest R-hat"]


def test_checks_are_a_table():
    assert isinstance(check_fit(made_up_fit(lambda *_: None)), pd.DataFrame)
