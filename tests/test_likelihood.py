"""Maximum likelihood, against closed forms and the pupils' joint density."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from helpers.likelihood import maximum_likelihood
from helpers.schools import simulate_city, summarise_schools


def test_restricted_maximum_likelihood_of_equal_sizes_is_anova() -> None:
    """Mean squares: within estimates σ_y², between estimates σ_y² + n σ_α²."""
    city = simulate_city(1, sizes=[7] * 30, global_sigma=5)
    schools = summarise_schools(city.scores)
    within = schools["ss"].sum() / (30 * 6)
    between = 7 * schools["mean"].var(ddof=1)
    found = maximum_likelihood(schools, restricted=True)
    np.testing.assert_allclose(found["sigma_y"] ** 2, within, rtol=1e-6)
    np.testing.assert_allclose(found["global_sigma"] ** 2, (between - within) / 7, rtol=1e-6)
    alike = schools.assign(mean=63.0)
    assert maximum_likelihood(alike, restricted=True)["global_sigma"] == 0


def test_maximum_likelihood_is_the_top_of_the_pupils_density() -> None:
    """Against the joint normal density of all pupils, written out as a matrix."""
    scores = simulate_city(3, sizes=[2, 5, 3, 9, 4, 6], global_sigma=6).scores
    same = np.equal.outer(scores["school"].to_numpy(), scores["school"].to_numpy())

    def log_density(mu: float, sigma_alpha: float, sigma_y: float) -> float:
        covariance = sigma_alpha**2 * same + sigma_y**2 * np.eye(len(scores))
        return multivariate_normal.logpdf(scores["score"], np.full(len(scores), mu), covariance)

    top = maximum_likelihood(summarise_schools(scores)).to_numpy()
    for step in np.vstack([np.eye(3), -np.eye(3)]) * 0.01:
        assert log_density(*top) > log_density(*(top * (1 + step)))


def test_maximum_likelihood_refuses_what_has_no_spread() -> None:
    schools = summarise_schools(simulate_city(1).scores)
    for bad in (schools.head(1), schools.assign(ss=0.0)):
        with pytest.raises(ValueError, match="two schools are needed"):
            maximum_likelihood(bad)
