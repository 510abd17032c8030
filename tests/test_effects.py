"""Effects with known errors, against an integral over τ itself and a published table."""

import numpy as np
import pandas as pd
import pytest

from helpers.exact.effects import effects_posterior

# Rubin (1981): effects of coaching in eight schools, and their standard errors.
EIGHT = pd.DataFrame(
    {"effect": [28, 8, -3, 7, -1, 1, 18, 12], "se": [15, 10, 16, 11, 9, 11, 10, 18]},
    index=list("ABCDEFGH"),
)
UNIFORM = {}
PROPER = {"prior_mean": 1.0, "prior_sd": 4.0, "tau_prior_mean": 3.0}


def made(seed: int, studies: int, tau: float, scale: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    se = scale * np.exp(rng.normal(0, 1, studies))
    return pd.DataFrame({"effect": rng.normal(2 * scale, np.hypot(se, tau * scale)), "se": se})


HARD = {
    "eight schools": (EIGHT, UNIFORM),
    "eight schools, proper": (EIGHT, PROPER),
    "five that agree": (made(1, 5, 0.0), UNIFORM),
    "six that don't": (made(2, 6, 30.0), UNIFORM),
    "two": (made(3, 2, 1.0), PROPER),
    "one far better known": (EIGHT.assign(se=[0.01, *[10.0] * 7]), UNIFORM),
    "forty": (made(4, 40, 0.5), PROPER),
    "far from the prior": (made(5, 12, 1.0) + {"effect": 60, "se": 0}, PROPER),
}


def witness(studies: pd.DataFrame, *, prior_mean=0.0, prior_sd=np.inf, tau_prior_mean=np.inf):
    """Means and sds by Gauss and Legendre's rule over τ; given τ, by whole precision matrices."""
    y, s = studies["effect"].to_numpy(float), studies["se"].to_numpy(float)
    ends = np.r_[0, np.geomspace(1e-4, 1e9, 160)] * (np.ptp(y) + s.max())
    at, mass = np.polynomial.legendre.leggauss(24)
    tau = ((ends[1:, None] - ends[:-1, None]) * (at + 1) / 2 + ends[:-1, None]).ravel()
    mass = (np.diff(ends)[:, None] / 2 * mass).ravel()
    # Of μ and the true effects together: they are normal, with a sparse precision matrix.
    precision = np.zeros((tau.size, y.size + 1, y.size + 1))
    precision[:, 0, 0] = y.size / tau**2 + prior_sd**-2
    precision[:, 0, 1:] = precision[:, 1:, 0] = -1 / tau[:, None] ** 2
    own = np.arange(1, y.size + 1)
    precision[:, own, own] = s**-2 + 1 / tau[:, None] ** 2
    cover = np.linalg.inv(precision)
    mean = cover @ np.r_[prior_mean / prior_sd**2, y / s**2]
    # p(τ | y) by Bayes' rule at θ = 0, μ = 0: what is constant in τ is left out.
    logs = -y.size * np.log(tau) - tau / tau_prior_mean
    logs += np.einsum("ti,tij,tj->t", mean, precision, mean) / 2
    logs += np.linalg.slogdet(cover)[1] / 2
    weight = mass * np.exp(logs - logs.max())
    weight /= weight.sum()
    values = np.column_stack([tau, mean])
    variances = np.column_stack([0 * tau, np.diagonal(cover, axis1=1, axis2=2)])
    average = weight @ values
    return average, np.sqrt(weight @ (variances + (values - average) ** 2))


@pytest.mark.parametrize("name", HARD)
def test_means_and_sds_are_those_of_an_integral_over_tau(name):
    studies, priors = HARD[name]
    found = effects_posterior(studies, **priors).summary()
    order = [1, 0, *range(2, len(found))]
    mean, sd = witness(studies, **priors)
    assert (np.abs(found["mean"].to_numpy()[order] - mean) < 1e-6 * sd).all()
    assert (np.abs(found["sd"].to_numpy()[order] / sd - 1) < 1e-6).all()


def test_eight_schools_are_those_of_the_textbook():
    """Gelman and others (2013), table 5.3: medians of 200 draws, rounded."""
    published = [10, 8, 7, 8, 5, 6, 10, 8]
    posterior = effects_posterior(EIGHT)
    table = posterior.summary(1e-9)[2:]  # its ends are the median
    noise = 1.25 * table["sd"] / np.sqrt(200)
    assert (np.abs(table["lower"] - published) < 3 * noise + 0.5).all()


@pytest.mark.parametrize("name", HARD)
def test_ends_and_combinations_are_those_of_draws(name):
    studies, priors = HARD[name]
    posterior = effects_posterior(studies, **priors)
    drawn = posterior.sample(50_000, 4, seed=1).posterior
    effects = drawn["effects"].to_numpy().reshape(-1, len(studies))
    a, b = studies.index[[0, -1]]
    mu, tau = (drawn[name].to_numpy().ravel() for name in ("global_mean", "global_sigma"))
    new = mu + tau * np.random.default_rng(2).normal(size=mu.size)
    table = posterior.summary()
    pairs = [
        (posterior.combine({a: 1, b: -1}), effects[:, 0] - effects[:, -1]),
        (posterior.combine({}, mu=1), mu),
        (posterior.combine({}, mu=1, new=1), new),
        (table.loc["global_sigma"], tau),
        (table.loc[f"effects[{a}]"], effects[:, 0]),
    ]
    for said, draws in pairs:
        below = [(draws < said["lower"]).mean(), (draws < said["upper"]).mean()]
        assert np.abs(np.array(below) - [0.03, 0.97]).max() < 4.5 * np.sqrt(
            0.03 * 0.97 / draws.size
        )
        if "above" in said:
            noise = np.sqrt(said["above"] * (1 - said["above"]) / draws.size) + 1e-9
            assert abs((draws > 0).mean() - said["above"]) < 4.5 * noise


def test_the_scale_and_the_order_of_the_studies_change_nothing():
    table = effects_posterior(EIGHT).summary()
    for factor in (1e-6, 1e6):
        other = effects_posterior(EIGHT * factor).summary() / factor
        assert np.abs((other - table).div(table["sd"], axis=0)).max(axis=None) < 1e-6
    other = effects_posterior(EIGHT[::-1]).summary().loc[table.index]
    assert np.abs((other - table).div(table["sd"], axis=0)).max(axis=None) < 1e-9


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"se": 0}, "look at"),
        ({"se": -1}, "look at"),
        ({"effect": np.nan}, "look at"),
        ({"se": np.inf}, "look at"),
    ],
)
def test_impossible_numbers_are_refused(change, words):
    studies = EIGHT.astype(float)
    studies.loc["C", list(change)] = list(change.values())
    with pytest.raises(ValueError, match=f"{words}.*C"):
        effects_posterior(studies)


def test_too_few_studies_and_bad_tables_are_refused():
    with pytest.raises(ValueError, match="5 studies are needed, not 4"):
        effects_posterior(EIGHT[:4])
    with pytest.raises(ValueError, match="2 studies are needed, not 1"):
        effects_posterior(EIGHT[:1], **PROPER)
    with pytest.raises(ValueError, match="no column 'se'"):
        effects_posterior(EIGHT[["effect"]])
    with pytest.raises(ValueError, match="same label"):
        effects_posterior(pd.concat([EIGHT, EIGHT]))
    with pytest.raises(ValueError, match="positive"):
        effects_posterior(EIGHT, prior_sd=0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        effects_posterior(EIGHT).summary(1)
