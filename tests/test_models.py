"""The models, the fit, and the fit's checks."""

import os
import subprocess
import sys
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from helpers.integrated import complete_draws, integrated_model
from helpers.models import (
    check_fit,
    completely_pooled_model,
    fit,
    partially_pooled_model,
    unpooled_model,
)
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

SMALL = simulate_city(seed=5, sizes=[2, 9, 30, 4, 17]).scores
SUMMARIES = summarise_schools(SMALL)


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


def random_point(model, seed):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(1, 0.5, size=v.shape) for name, v in model.initial_point().items()}


@pytest.mark.parametrize(
    "model",
    [
        unpooled_model,
        partially_pooled_model,
        lambda scores: partially_pooled_model(scores, centred=False, sigma_y_prior_mean=7),
    ],
)
def test_a_model_of_summaries_has_the_same_posterior(model):
    rows, summaries = model(SMALL), model(summarise_schools(SMALL))
    assert "pupil" not in summaries.coords
    assert list(summaries.coords["school"]) == list(rows.coords["school"])
    one, other = rows.compile_logp(), summaries.compile_logp()
    points = [random_point(rows, seed) for seed in range(5)]
    heights = [one(point) for point in points]
    differences = [height - other(point) for height, point in zip(heights, points, strict=True)]
    assert np.ptp(heights) > 100
    np.testing.assert_allclose(differences, differences[0], atol=1e-8)


@pytest.mark.parametrize("sizes", [[2, 9, 30, 4, 17], [3, 3, 3, 1, 1, 1, 1, 50], [2, 2]])
def test_the_integrated_model_is_the_joint_one_without_the_school_means(sizes):
    schools = summarise_schools(simulate_city(seed=6, sizes=sizes).scores)
    priors = {"prior_mean": 60, "prior_sd": 7, "sigma_alpha_prior_mean": 3, "sigma_y_prior_mean": 8}
    joint = partially_pooled_model(schools, **priors).compile_logp()
    integrated = integrated_model(schools, **priors).compile_logp()
    differences = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        mu, sigma_alpha, sigma_y = rng.normal(63, 3), rng.uniform(1, 4), rng.uniform(6, 12)
        means = rng.normal(mu, sigma_alpha, size=len(sizes))
        shared = {
            "global_mean": mu,
            "global_sigma_log__": np.log(sigma_alpha),
            "sigma_y_log__": np.log(sigma_y),
        }
        weight = schools["n"] / sigma_y**2, 1 / sigma_alpha**2
        centre = (weight[0] * schools["mean"] + weight[1] * mu) / sum(weight)
        completion = stats.norm.logpdf(means, centre, sum(weight) ** -0.5).sum()
        whole = joint(shared | {"school_means": means})
        differences.append(whole - integrated(shared) - completion)
    np.testing.assert_allclose(differences, differences[0], atol=1e-8)


def test_schools_of_one_size_share_a_term():
    sizes = integrated_model(summarise_schools(simulate_city(1, sizes=[3, 3, 7] * 9).scores))
    assert list(sizes.coords["size"]) == [3, 7]
    alike = pd.DataFrame({"n": [1, 1, 5], "mean": [60.0, 60.0, 63.0], "ss": [0.0, 0.0, 50.0]})
    model = integrated_model(alike)
    assert np.isfinite(model.compile_logp()(model.initial_point()))


def test_completed_draws_have_the_closed_forms_mean_and_sd():
    schools = summarise_schools(SMALL)
    settings = {"global_mean": 62.0, "global_sigma": 2.5, "sigma_y": 9.0}
    draws = az.from_dict({"posterior": {k: np.full((4, 2500), v) for k, v in settings.items()}})
    completed = complete_draws(draws, schools, seed=4).posterior
    assert completed["school_means"].dims == ("chain", "draw", "school")
    assert set(draws.posterior.data_vars) == set(settings)  # not changed
    found = completed["school_means"].to_dataset().to_dataarray().squeeze("variable")
    weight = schools["n"] / 9.0**2 + 1 / 2.5**2
    mean = (schools["n"] * schools["mean"] / 9.0**2 + 62.0 / 2.5**2) / weight
    error = 4 * weight**-0.5 / np.sqrt(10_000)  # four standard errors
    assert (np.abs(found.mean(["chain", "draw"]) - mean) < error).all()
    assert (np.abs(found.std(["chain", "draw"]) - weight**-0.5) < error / np.sqrt(2)).all()


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
        (unpooled_model, SUMMARIES.assign(n=1), "a school with two pupils"),
        (unpooled_model, SUMMARIES.assign(ss=0.0), "no spread within"),
        (partially_pooled_model, SUMMARIES.head(1), r"two schools or more, not \[0\]"),
        (partially_pooled_model, SUMMARIES.assign(n=1.5), "n is not a whole number"),
        (integrated_model, SUMMARIES.head(1), r"two schools or more, not \[0\]"),
        (integrated_model, SUMMARIES.assign(n=1), "a school with two pupils"),
        (integrated_model, SUMMARIES.assign(ss=-1.0), "ss is negative"),
        (integrated_model, SMALL, "no column 'n'"),
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
            encoding="utf-8",
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


def test_the_draws_do_not_depend_on_the_number_of_cores(monkeypatch):
    fits = []
    for cores in (1, 3):
        monkeypatch.setattr("helpers.models.cpu_count", lambda cores=cores: cores)
        fits.append(fit(partially_pooled_model(SMALL), seed=8, draws=100, tune=200))
    first, *others = [one.posterior.to_dataset().drop_attrs() for one in fits]
    for other in others:
        xr.testing.assert_identical(first, other)


def test_fit_has_a_core_for_each_chain_where_there_are_enough(monkeypatch):
    """And what the benchmark says of its settings is true: its equal run is a default call."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "bench")
    from ways import EQUAL, FIT_TARGET_ACCEPT

    asked = []
    monkeypatch.setattr("pymc.sample", lambda **keywords: asked.append(keywords))
    for cores in (1, 2, 3, 4, 64):
        monkeypatch.setattr("helpers.models.cpu_count", lambda cores=cores: cores)
        fit(partially_pooled_model(SMALL), seed=8)
    assert [one["cores"] for one in asked] == [1, 2, 3, 4, 4]
    assert asked[0].items() >= (EQUAL | {"target_accept": FIT_TARGET_ACCEPT}).items()


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
