"""Many schools of one size share a polynomial; where it would not do, they don't."""

import numpy as np
import pytest

from helpers.exact import by_size, exact_posterior
from helpers.own_data.derived import above
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

RNG = np.random.default_rng(1)
MEANS = {
    "normal": RNG.normal(size=2_000),
    "far outliers": np.r_[RNG.normal(size=1_990), RNG.normal(0, 1e6, 10)],
    "equal": np.zeros(2_000),
    "two values": np.repeat([0.0, 1.0], 1_000),
}
FUNCTIONS = {
    "smooth": lambda n, x: np.column_stack([np.tanh(x) * n, np.sqrt(1 + x**2)]),
    "a step": lambda n, x: np.column_stack([x > 0.1, n]).astype(float),
    "a bend": lambda n, x: np.abs(x)[:, None],
}


@pytest.mark.parametrize("means", MEANS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_school_gets_its_value(means: str, function: str) -> None:
    mean, calls = MEANS[means], []
    n = np.where(np.arange(mean.size) < 30, 7.0, 2.0)

    def counted(n, mean):
        calls.append(n.size)
        return FUNCTIONS[function](n, mean)

    found = by_size.for_all_schools(n, mean, counted, lambda rows: 1.0, 10)
    np.testing.assert_allclose(found, FUNCTIONS[function](n, mean), atol=1e-4)
    if (means, function) == ("normal", "smooth"):
        assert sum(calls) < 200


@pytest.mark.parametrize(
    "settings",
    [
        {"n_schools": 3_000, "max_size": 3, "global_sigma": 1.0},
        {"n_schools": 2_000, "min_size": 1, "max_size": 2, "global_sigma": 0.1},
        {"n_schools": 3_000, "max_size": 4, "global_sigma": 30.0},
    ],
)
def test_the_posterior_is_that_of_every_school_on_its_own(settings, monkeypatch) -> None:
    schools = summarise_schools(simulate_city(2, **settings).scores)
    schools.loc[5, "mean"] += 500
    priors = {"prior_mean": 63, "sigma_alpha_prior_mean": 10, "sigma_y_prior_mean": 10}
    posterior = exact_posterior(schools, **priors)
    shared, shared_above = posterior.summary(), above(posterior)
    monkeypatch.setattr(by_size, "TOLERANCE", -1.0)
    alone = posterior.summary()
    apart = (shared - alone).abs().div(alone["sd"], axis=0)
    assert (apart.max() < 1e-5).all()
    np.testing.assert_allclose(shared_above, above(posterior), atol=1e-5)
