"""The closed form's arrays and refusals; `test_derivation.py` has its values."""

import numpy as np
import pytest

from helpers.pooling import (
    partially_pooled_mean,
    partially_pooled_sd,
    pooling_weight,
    precision_weighted_mean,
)


def test_arrays_broadcast_and_an_unseen_school_is_the_city():
    weights = pooling_weight(np.array([[1], [50], [100]]), 10, np.array([1.0, 2.0]))
    assert weights.shape == (3, 2)
    assert (np.diff(weights, axis=0) > 0).all()
    assert (np.diff(weights, axis=1) > 0).all()
    np.testing.assert_allclose(partially_pooled_mean([0, 25], [np.nan, 70], 60, 10, 2), [60, 65])


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
