"""The exact posterior, against answers that were found another way."""

import tracemalloc
import warnings

import arviz as az
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from witness import Witness

from helpers.choices import PROB
from helpers.exact import exact_posterior
from helpers.exact.ratios import STRETCH, Ratios
from helpers.models import check_fit, fit, partially_pooled_model
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

CITY = simulate_city(seed=42)
SCHOOLS = summarise_schools(CITY.scores)


def city_of(sizes, **settings):
    return summarise_schools(simulate_city(seed=1, sizes=sizes, **settings).scores)


TAILS = (1 - PROB) / 2, (1 + PROB) / 2


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


@pytest.mark.parametrize(("centred", "seed"), [(True, 1), (True, 2), (False, 1), (False, 2)])
def test_the_sampler_against_the_exact_posterior(centred, seed):
    draws = fit(partially_pooled_model(CITY.scores, centred=centred), seed=seed)
    assert check_fit(draws).passed.all()
    posterior = draws.posterior.to_dataset()
    exact = exact_posterior(SCHOOLS).summary()
    for name in ["global_mean", "global_sigma", "sigma_y", "school_means"]:
        values = posterior[name]
        rows = exact[exact.index.str.startswith(name)]
        over = ("chain", "draw")
        for column, sampled, how in [
            ("mean", values.mean(over), {"method": "mean"}),
            ("sd", values.std(over), {"method": "sd"}),
            *(
                (end, values.quantile(prob, over), {"method": "quantile", "prob": prob})
                for end, prob in zip(("lower", "upper"), TAILS, strict=True)
            ),
        ]:
            distance = (sampled - rows[column].to_numpy().squeeze()) / az.mcse(values, **how)
            assert np.abs(distance).max() < 4.5, (name, column)


ONE_PUPIL_EACH = np.array([2] + [1] * 60)
MILLIONS = pd.DataFrame(
    {"n": [1_000_000, 5, 2_000_000, 30], "mean": [63.0, 60, 65, 64], "ss": [1e8, 500, 2e8, 3000]}
)
STANDARDISED = {"prior_mean": 0, "prior_sd": 1}
DEFAULT = {
    "prior_mean": 50, "prior_sd": 10, "sigma_alpha_prior_mean": 1, "sigma_y_prior_mean": 1
}  # fmt: skip
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


# Of every kind that is hard, and each has been wrong once.
HARD = CASES | {
    "two modes": (city_of([2] + [1] * 10, global_mean=500), {}),
    "one mode far from where the other was": (city_of([2] + [1] * 10, global_mean=1000), {}),
    "the data at 400 prior sds": (city_of([2] + [1] * 10, global_mean=20_000), {}),
    "ends on a flat tail": (summarise_schools(simulate_city(3, sizes=[2] + [1] * 80).scores), {}),
    "priors wider than the data": (
        city_of([20, 30, 25]),
        {"prior_sd": 1e4, "sigma_alpha_prior_mean": 1e4},
    ),
    "a tail as long as the prior": (city_of([5, 8]), {"sigma_alpha_prior_mean": 1e6}),
    "priors far too narrow": (
        city_of([40, 50, 60] * 5),
        {"prior_sd": 1e-5, "sigma_alpha_prior_mean": 1e-5, "sigma_y_prior_mean": 1e-5},
    ),
    "hardly any spread within": (city_of([10] * 20).assign(ss=1e-9), {}),
    "10^12 pupils in a school": (MILLIONS.assign(n=MILLIONS.n * 10**6, ss=MILLIONS.ss * 10**6), {}),
}


def errors(schools, priors, **some):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # these priors contradict these data
        posterior = exact_posterior(schools, **priors)
    assert posterior.error < 1e-4
    table = posterior.summary()
    assert (table["lower"] < table["upper"]).all()
    return Witness(schools, **priors).errors(table, **some)


@pytest.mark.parametrize("case", [name for name in HARD if name != "ten thousand schools"])
def test_hard_posteriors_against_cubature(case):
    found = errors(*HARD[case])
    assert found["mean"] < 1e-5 and found["sd"] < 1e-5 and found["below"] < 1e-5, found
    assert not found["scales"]


@st.composite
def posteriors(draw):
    """Schools of every kind, with priors from a millionth to a million times their scale."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32), label="seed"))
    count = draw(st.integers(2, 20))
    powers = draw(st.sampled_from([0.5, 2, 6, 12]))
    n = (10 ** rng.uniform(0, powers, count)).astype(np.int64)
    n[0] = max(n[0], 2)
    unit, alpha, y = 10.0 ** rng.uniform([-6, -2, -2], [6, 2, 2])
    centre = draw(st.sampled_from([0.0, 63.0, -1e3, 1e4]))
    mean = rng.normal(centre, np.sqrt(alpha**2 + y**2 / n))
    ss = y**2 * rng.chisquare(np.maximum(n - 1, 1)) * (n > 1)
    schools = pd.DataFrame({"n": n, "mean": mean * unit, "ss": ss * unit**2})
    names = ["prior_sd", "sigma_alpha_prior_mean", "sigma_y_prior_mean"]
    priors = {
        name: unit * draw(st.sampled_from([1.0, 10.0 ** rng.uniform(-6, 6)])) for name in names
    }
    return schools, priors | {"prior_mean": unit * draw(st.sampled_from([0.0, 50.0, centre]))}


@settings(max_examples=200, print_blob=True)
@given(posteriors(), st.integers(0, 3))
def test_any_posterior_against_cubature_or_a_refusal(case, which):
    try:
        found = errors(*case, scale_ends=[which])
    except ValueError as refused:
        assert "can't be computed" in str(refused)
        return
    assert found["mean"] < 1e-4 and found["sd"] < 1e-3 and found["below"] < 1e-4, found
    assert not found["scales"]


def test_a_wrong_posterior_would_be_noticed():
    """By the witness: off by a little in each column."""
    table = exact_posterior(SCHOOLS).summary()
    for column in table:
        moved = table.assign(**{column: table[column] + 0.003 * table["sd"]})
        found = Witness(SCHOOLS).errors(moved)
        assert found["scales"] or max(found["mean"], found["sd"], found["below"]) > 1e-4


def test_the_bound_is_above_the_density_wherever_it_is_taken():
    """On intervals of many lengths, for each quantity that may be held."""
    for schools, priors in HARD.values():
        ratios = Ratios(schools, **DEFAULT | priors)
        first, last = ratios.ends()
        for step in (4.0, 0.3):
            low = np.arange(first, last, 10 * step)
            inside = low + step * np.linspace(0, 1, 6)[:, None]
            with np.errstate(all="ignore"):
                ends = ((t, ratios.sums(t)) for t in (low, low + step))
                ends = tuple(ends)
                bounds = [ratios.masses(*ends, hold) for hold in STRETCH]
                t = inside.ravel()
                highest = ratios.masses((t, ratios.sums(t))).reshape(3, *inside.shape).max(axis=1)
            for bound in bounds:
                assert (bound > highest - 1e-6 * np.abs(highest) - 1e-6).all()


@pytest.mark.parametrize(
    ("schools", "priors", "says"),
    [
        (city_of([10] * 20, global_mean=500), {}, "contradicts these schools, whose means lie"),
        (city_of([2] + [1] * 10, global_mean=70), {}, None),
        (SCHOOLS, {}, None),
        (SCHOOLS, {"prior_mean": 500, "prior_sd": 1}, "contradicts these schools"),
        (city_of([5, 8]), {}, None),
    ],
)
def test_a_contradiction_of_prior_and_data_is_said(schools, priors, says):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exact_posterior(schools, **priors)
    assert [str(one.message) for one in caught if says and says in str(one.message)] or not says
    assert bool(caught) == bool(says), [str(one.message) for one in caught]


def test_what_numbers_of_64_bits_cannot_hold_is_refused():
    far = city_of([5, 10, 20, 40] * 3)
    with pytest.raises(ValueError, match="can't be computed"):
        exact_posterior(far.assign(mean=far["mean"] + 1e14), prior_mean=1e14)
    with pytest.raises(ValueError, match="so large or so small"):
        exact_posterior(far.assign(mean=far["mean"] * 1e200))


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


@pytest.mark.parametrize("case", ["one pupil in every school but one", "two modes"])
def test_draws_of_the_scales_keep_their_dependence(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        posterior = exact_posterior(HARD[case][0])
    draws = posterior.sample(draws=20_000, chains=1, seed=4).posterior.to_dataset()
    nodes = posterior.nodes
    pairs = {
        "total": (
            np.hypot(draws.global_sigma, draws.sigma_y),
            nodes.sigma_y * (1 + nodes.ratio) ** 0.5,
        ),
        "log": (np.log(draws.global_sigma), np.log(nodes.sigma_y * nodes.ratio**0.5)),
        "share": (1 / (1 + (draws.sigma_y / draws.global_sigma) ** 2), 1 / (1 + 1 / nodes.ratio)),
    }
    for drawn, known in pairs.values():
        known = known[:, 0]
        mean = nodes.weight @ known
        sd = np.sqrt(nodes.weight @ (known - mean) ** 2)
        assert abs(float(drawn.mean()) - mean) < 4.5 * sd / 20_000**0.5


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
