"""The closed form, against answers that were found another way."""

import numpy as np
import pytest
from scipy import optimize, stats

from helpers.pooling import (
    partially_pooled_mean,
    partially_pooled_sd,
    pooling_weight,
    precision_weighted_mean,
)

RNG = np.random.default_rng(11)
CASES = [
    (int(RNG.integers(1, 60)), RNG.uniform(-50, 80), RNG.uniform(0.5, 12), RNG.uniform(0.3, 9))
    for _ in range(8)
]


@pytest.mark.parametrize(("n", "mu", "sigma_y", "sigma_alpha"), CASES)
def test_closed_form_is_the_top_and_the_width_of_the_conditional_posterior(
    n, mu, sigma_y, sigma_alpha
):
    scores = np.random.default_rng(n).normal(mu + 3, sigma_y, size=n)

    def minus_log_posterior(alpha):
        prior = stats.norm.logpdf(alpha, mu, sigma_alpha)
        return -(prior + stats.norm.logpdf(scores, alpha, sigma_y).sum())

    top = optimize.minimize_scalar(minus_log_posterior, bracket=(mu - 5, mu + 5), tol=1e-10).x
    found = partially_pooled_mean(n, scores.mean(), mu, sigma_y, sigma_alpha)
    assert found == pytest.approx(top, abs=1e-5)

    # For a normal density the second difference of its log gives the variance, whatever the step.
    sd = partially_pooled_sd(n, sigma_y, sigma_alpha)
    drop = minus_log_posterior(found + sd) + minus_log_posterior(found - sd)
    assert drop - 2 * minus_log_posterior(found) == pytest.approx(1, rel=1e-6)


def test_known_answers():
    assert pooling_weight(25, 10, 2) == pytest.approx(0.5)
    assert pooling_weight(99, 10, 2) == pytest.approx(99 / 124)
    assert pooling_weight(0, 10, 2) == 0
    assert partially_pooled_mean(25, 70, 60, 10, 2) == pytest.approx(65)
    assert partially_pooled_sd(0, 10, 2) == pytest.approx(2)
    assert partially_pooled_sd(75, 10, 2) == pytest.approx(1)


def test_limits_of_the_dial():
    n, mean = np.array([2, 99]), np.array([77.0, 64.0])
    np.testing.assert_allclose(partially_pooled_mean(n, mean, 63, 10, 1e-8), 63)
    np.testing.assert_allclose(partially_pooled_mean(n, mean, 63, 10, 1e8), mean)
    np.testing.assert_allclose(partially_pooled_sd(n, 10, 1e8), 10 / np.sqrt(n))


def test_arrays_broadcast_and_an_unseen_school_is_the_city():
    weights = pooling_weight(np.array([[1], [50], [100]]), 10, np.array([1.0, 2.0]))
    assert weights.shape == (3, 2)
    assert (np.diff(weights, axis=0) > 0).all()
    assert (np.diff(weights, axis=1) > 0).all()
    np.testing.assert_allclose(partially_pooled_mean([0, 25], [np.nan, 70], 60, 10, 2), [60, 65])


def test_precision_weighted_mean_maximises_the_likelihood_of_mu():
    n, mean = np.array([2, 30, 7, 99]), np.array([77.0, 60.0, 66.0, 63.0])
    sd = np.sqrt(3.0**2 + 10.0**2 / n)
    top = optimize.minimize_scalar(
        lambda mu: -stats.norm.logpdf(mean, mu, sd).sum(), bracket=(50, 80), tol=1e-10
    ).x
    assert precision_weighted_mean(n, mean, 10, 3) == pytest.approx(top, abs=1e-5)


@pytest.mark.parametrize("sigma_y", [1e-3, 1.0, 40.0])
def test_precision_weighted_mean_lies_between_its_two_limits(sigma_y):
    n, mean = np.array([2, 30, 7, 99]), np.array([77.0, 60.0, 66.0, 63.0])
    by_pupil, by_school = np.average(mean, weights=n), mean.mean()
    tiny, huge = sigma_y * 1e-9, sigma_y * 1e9
    assert precision_weighted_mean(n, mean, sigma_y, tiny) == pytest.approx(by_pupil)
    assert precision_weighted_mean(n, mean, sigma_y, huge) == pytest.approx(by_school)
    assert by_pupil < precision_weighted_mean(n, mean, sigma_y, sigma_y / 5) < by_school


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pooling_weight(5, 0, 2), "sigma_y must be positive"),
        (lambda: pooling_weight(5, 10, -2), "sigma_alpha must be positive"),
        (lambda: partially_pooled_sd(5, np.nan, 2), "sigma_y must be positive"),
        (lambda: partially_pooled_sd([5, -1], 10, 2), "n must be 0 or more"),
        (lambda: partially_pooled_mean([5, 6], [60, np.nan], 63, 10, 2), r"positions \[1\]"),
        (lambda: partially_pooled_mean(5, 60, np.inf, 10, 2), "mu is missing or infinite"),
        (lambda: precision_weighted_mean([], [], 10, 2), "must be a school"),
        (lambda: precision_weighted_mean([3, 0], [60, 61], 10, 2), "at least one pupil"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
