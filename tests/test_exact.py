"""The exact posterior, against answers that were found another way."""

import tracemalloc

import arviz as az
import numpy as np
import pandas as pd
import pytest
from make_long_run import LONG_RUN
from scipy import stats

from helpers.exact import exact_posterior
from helpers.models import check_fit, fit, partially_pooled_model
from helpers.schools import simulate_city, summarise_schools

CITY = simulate_city(seed=42)
SCHOOLS = summarise_schools(CITY.scores)


def city_of(sizes, **settings):
    return summarise_schools(simulate_city(seed=1, sizes=sizes, **settings).scores)


def brute_force(scores, priors):
    """Every parameter's mean and sd, by adding up the pupils' densities on a plain grid.

    Nothing is integrated by hand: the school means and μ have grids like the two scales.
    """
    prior_mean, prior_sd, alpha_mean, y_mean = priors
    groups = [group.to_numpy() for _, group in scores.groupby("school")["score"]]
    everything = scores.score
    mu = np.linspace(prior_mean - 9 * prior_sd, prior_mean + 9 * prior_sd, 81)
    sigma_alpha = np.geomspace(1e-5 * alpha_mean, 60 * alpha_mean, 90)
    sigma_y = np.geomspace(everything.std() / 40, 60 * (y_mean + everything.std()), 70)
    alpha = np.linspace(everything.min() - 90, everything.max() + 90, 2401)
    # One axis each: mu, sigma_alpha, sigma_y.
    log = (
        stats.norm.logpdf(mu, prior_mean, prior_sd)[:, None, None]
        + (stats.expon.logpdf(sigma_alpha, scale=alpha_mean) + np.log(sigma_alpha))[:, None]
        + stats.expon.logpdf(sigma_y, scale=y_mean)
        + np.log(sigma_y)
    )
    moments = []
    for pupils in groups:
        # From pupils' densities to the integral over alpha at each (mu, sigma_alpha, sigma_y).
        likelihood = stats.norm.logpdf(pupils[:, None, None], alpha[:, None], sigma_y).sum(0)
        top = likelihood.max()
        likelihood = np.exp(likelihood - top)
        powers = np.empty((3, mu.size, sigma_alpha.size, sigma_y.size))
        for i, sd in enumerate(sigma_alpha):
            if sd < 3 * (alpha[1] - alpha[0]):  # a spike between two grid points: take the limit
                at_mu = [np.interp(mu, alpha, column) for column in likelihood.T]
                powers[:, :, i] = np.stack([mu[:, None] ** k * np.array(at_mu).T for k in range(3)])
            else:
                prior = stats.norm.pdf(alpha, mu[:, None], sd) * (alpha[1] - alpha[0])
                powers[:, :, i] = [prior * alpha**k @ likelihood for k in range(3)]
        log = log + np.log(np.maximum(powers[0], 1e-300)) + top
        moments.append(powers[1:] / np.maximum(powers[0], 1e-300))
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    rows = {}
    for name, values in {
        "global_mean": mu[:, None, None],
        "global_sigma": sigma_alpha[:, None],
        "sigma_y": sigma_y,
    }.items():
        mean = (weight * values).sum()
        rows[name] = mean, np.sqrt((weight * (values - mean) ** 2).sum())
    for school, (first, second) in enumerate(moments):
        mean = (weight * first).sum()
        rows[f"school_means[{school}]"] = mean, np.sqrt((weight * second).sum() - mean**2)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "sd"])


@pytest.mark.parametrize(
    ("sizes", "priors"),
    [([2, 3], (50, 10, 1, 1)), ([3, 1, 2], (60, 4, 5, 8)), ([4, 2], (55, 6, 3, 2))],
)
def test_tiny_cities_against_brute_force(sizes, priors):
    scores = simulate_city(seed=3, sizes=sizes, global_mean=56, sigma_y=5).scores
    names = ["prior_mean", "prior_sd", "sigma_alpha_prior_mean", "sigma_y_prior_mean"]
    keywords = dict(zip(names, priors, strict=True))
    found = exact_posterior(summarise_schools(scores), **keywords).summary()[["mean", "sd"]]
    expected = brute_force(scores, priors)
    # The brute force has coarse steps of its own; its error is well below this.
    np.testing.assert_allclose(found, expected.loc[found.index], rtol=2e-3)


def test_the_books_city_against_a_very_long_run():
    long_run = pd.read_csv(LONG_RUN, index_col="parameter")
    found = exact_posterior(SCHOOLS).summary(prob=0.94)
    assert set(found.index) == set(long_run.index)
    for column in ["mean", "sd", "lower", "upper"]:
        errors = (found[column] - long_run[column]) / long_run[f"{column}_error"]
        assert errors.abs().max() < 4.5, errors.abs().nlargest(3)  # 212 comparisons


@pytest.mark.parametrize(("centred", "seed"), [(True, 1), (True, 2), (False, 1), (False, 2)])
def test_the_sampler_against_the_exact_posterior(centred, seed):
    draws = fit(partially_pooled_model(CITY.scores, centred=centred), seed=seed)
    assert check_fit(draws).passed.all()
    posterior = draws.posterior.to_dataset()
    exact = exact_posterior(SCHOOLS).summary()
    for name in ["global_mean", "global_sigma", "sigma_y", "school_means"]:
        values = posterior[name]
        rows = exact[exact.index.str.startswith(name)]
        mean_error, sd_error = az.mcse(values), az.mcse(values, method="sd")
        distance = (values.mean(("chain", "draw")) - rows["mean"].to_numpy().squeeze()) / mean_error
        assert np.abs(distance).max() < 4.5
        distance = (values.std(("chain", "draw")) - rows["sd"].to_numpy().squeeze()) / sd_error
        assert np.abs(distance).max() < 4.5


ONE_PUPIL_EACH = np.array([2] + [1] * 60)
MILLIONS = pd.DataFrame(
    {"n": [1_000_000, 5, 2_000_000, 30], "mean": [63.0, 60, 65, 64], "ss": [1e8, 500, 2e8, 3000]}
)
STANDARDISED = {"prior_mean": 0, "prior_sd": 1}
CASES = {
    "the book's city": (SCHOOLS, {}),
    "one pupil in every school but one": (city_of(ONE_PUPIL_EACH), {}),
    "two schools": (city_of([5, 8]), {}),
    "two schools, three pupils": (city_of([2, 1]), {}),
    "spread piled up at zero": (city_of([10] * 20, global_sigma=1e-3), {}),
    "far from the prior": (city_of([10] * 20, global_mean=500), {}),
    "very far from the prior": (city_of([10] * 8, global_mean=1e6), {}),
    "a million pupils in a school": (MILLIONS, {}),
    "standardised": (
        city_of([7, 2, 90] * 9, global_mean=0, global_sigma=0.4, sigma_y=1),
        STANDARDISED,
    ),
    "ten thousand schools": (city_of(list(range(2, 102)) * 100), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_halving_the_steps_changes_nothing(case):
    schools, priors = CASES[case]
    coarse = exact_posterior(schools, **priors).summary()
    fine = exact_posterior(schools, refine=2, **priors).summary()
    sd = fine["sd"].to_numpy()[:, None]
    assert np.isfinite(fine).all(axis=None)
    assert (np.abs(coarse["mean"] - fine["mean"]) < 1e-5 * fine["sd"]).all()
    assert (np.abs(coarse["sd"] / fine["sd"] - 1) < 1e-5).all()
    assert (np.abs(coarse - fine) < 1e-3 * sd).all(axis=None)  # the interval's ends too
    np.testing.assert_allclose(coarse[["mean", "sd"]], fine[["mean", "sd"]], rtol=1e-4, atol=1e-6)


def test_another_unit_and_another_zero_change_nothing_else():
    scale, shift = 7.0, -400.0
    moved = SCHOOLS.assign(mean=SCHOOLS["mean"] * scale + shift, ss=SCHOOLS.ss * scale**2)
    found = exact_posterior(
        moved,
        prior_mean=50 * scale + shift,
        prior_sd=10 * scale,
        sigma_alpha_prior_mean=scale,
        sigma_y_prior_mean=scale,
    ).summary()
    expected = exact_posterior(SCHOOLS).summary() * scale
    is_mean = ~expected.index.isin(["global_sigma", "sigma_y"])
    expected.loc[is_mean, ["mean", "lower", "upper"]] += shift
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_draws_are_independent_and_laid_out_like_a_fit():
    posterior = exact_posterior(SCHOOLS)
    draws = posterior.sample(draws=5000, chains=4, seed=1)
    fitted = fit(partially_pooled_model(CITY.scores), seed=1, draws=50, tune=200)
    ours, theirs = draws.posterior.to_dataset(), fitted.posterior.to_dataset()
    assert {name: v.dims for name, v in ours.items()} == {
        name: v.dims for name, v in theirs.items()
    }
    np.testing.assert_array_equal(ours.school, theirs.school)

    summary = posterior.summary(prob=0.5)
    flat = ours.stack(sample=("chain", "draw"))
    for name in ["global_mean", "global_sigma", "sigma_y"]:
        values, row = flat[name].to_numpy(), summary.loc[name]
        ordered = ours[name].to_numpy()
        assert (
            abs(np.corrcoef(ordered[:, 1:].ravel(), ordered[:, :-1].ravel())[0, 1]) < 4 / 20000**0.5
        )
        assert abs(values.mean() - row["mean"]) < 4 * row["sd"] / 20000**0.5
        for end, share in [("lower", 0.25), ("upper", 0.75)]:
            assert abs((values < row[end]).mean() - share) < 4 * (0.1875 / 20000) ** 0.5
    means = flat.school_means.transpose("sample", "school").to_numpy()
    rows = summary[summary.index.str.startswith("school_means")]
    assert np.abs((means.mean(0) - rows["mean"]) / rows["sd"]).max() < 4.5 / 20000**0.5
    assert np.abs(means.std(0) / rows["sd"] - 1).max() < 4.5 / 40000**0.5

    assert az.summary(draws).shape[0] == 53
    again = posterior.sample(draws=5000, chains=4, seed=1).posterior.to_dataset()
    assert ours.equals(again)
    assert not ours.equals(posterior.sample(draws=5000, chains=4, seed=2).posterior.to_dataset())


def test_draws_of_the_scales_keep_their_dependence():
    posterior = exact_posterior(CASES["one pupil in every school but one"][0])
    draws = posterior.sample(draws=20_000, chains=1, seed=4).posterior.to_dataset()
    total = np.hypot(draws.global_sigma, draws.sigma_y).to_numpy().ravel()
    mass = np.exp(posterior.log_mass) * posterior.step
    nodes = np.sqrt(np.exp(2 * posterior.log_alpha) + np.exp(2 * posterior.log_y))
    mean = (mass * nodes).sum()
    sd = np.sqrt((mass * (nodes - mean) ** 2).sum())
    assert abs(total.mean() - mean) < 4 * sd / total.size**0.5


def test_memory_does_not_grow_with_the_pupils():
    peaks = []
    for factor in (1, 100_000):
        grown = SCHOOLS.assign(n=SCHOOLS.n * factor, ss=SCHOOLS.ss * factor)
        tracemalloc.start()
        exact_posterior(grown).summary()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.drop(columns="ss"), "no column 'ss'"),
        (lambda s: s.iloc[:0], "two schools or more, not \\[\\]"),
        (lambda s: s.iloc[:1], "two schools or more, not \\[0\\]"),
        (lambda s: s.assign(n=1), "a school with two pupils"),
        (lambda s: s.assign(n=0), r"n is not a whole number .* schools \[0, 1, 2, 3, 4\]"),
        (lambda s: s.assign(n=2.5), "n is not a whole number"),
        (lambda s: s.assign(mean=np.nan), "the mean is missing"),
        (lambda s: s.assign(ss=-1.0), "ss is negative"),
        (lambda s: s.assign(ss=0.0), "no spread within"),
    ],
)
def test_bad_schools_are_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        exact_posterior(change(SCHOOLS))


@pytest.mark.parametrize(
    "keyword", ["prior_sd", "sigma_alpha_prior_mean", "sigma_y_prior_mean", "prior_mean"]
)
def test_bad_priors_are_refused_by_name(keyword):
    with pytest.raises(ValueError, match=keyword):
        exact_posterior(SCHOOLS, **{keyword: np.inf})
    with pytest.raises(ValueError, match="prob must lie between"):
        exact_posterior(SCHOOLS).summary(prob=1)
