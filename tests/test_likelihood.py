"""Maximum likelihood, against closed forms, the pupils' joint density, and another optimiser.

And the planner, against simulated studies.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from helpers import likelihood
from helpers.likelihood import maximum_likelihood, plan
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools


def balanced(n, means, within):
    """Schools of one size whose pooled standard deviation within is known."""
    return pd.DataFrame({"n": n, "mean": means, "ss": (n - 1) * within**2})


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("spread", [0.0, 1e-5, 0.05, 1.0, 1e4, 1e9, 1e15])
@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_of_equal_sizes_it_is_the_closed_form(restricted, spread, offset):
    """Mean squares: within estimates σ_y², between estimates σ_y² + n σ_α²."""
    n, shape = 7, np.array([-1.5, -0.5, 0.25, 0.75, 1.0])
    if offset and spread > 1e4:
        offset = 0.0  # the sum would be the spread, rounded
    schools = balanced(n, offset + spread * shape, 0.1)
    means = schools["mean"] - offset
    between = n * means.var(ddof=0) * 5 / (5 - restricted)
    found = maximum_likelihood(schools, restricted=restricted)
    if between <= 0.1**2:
        assert found["global_sigma"] == 0
        total = n * means.var(ddof=0) * 5 + schools["ss"].sum()
        np.testing.assert_allclose(found["sigma_y"] ** 2, total / (5 * n - restricted), rtol=1e-10)
    else:
        np.testing.assert_allclose(found["sigma_y"], 0.1, rtol=1e-10)
        expected = ((between - 0.1**2) / n) ** 0.5
        np.testing.assert_allclose(found["global_sigma"], expected, rtol=1e-10)
    assert found["global_mean"] - offset == pytest.approx(means.mean(), abs=1e-6)


def test_a_ratio_just_above_nothing_is_found():
    shape = np.array([-1.0, 0.0, 1.0])
    for excess in (1e-3, 1e-6, 1e-9):
        schools = balanced(4, shape * (1 + excess) / 2, 1.0)
        expected = (schools["mean"].var() - 1 / 4) ** 0.5
        found = maximum_likelihood(schools, restricted=True)["global_sigma"]
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        less = balanced(4, shape * (1 - excess) / 2, 1.0)
        assert maximum_likelihood(less, restricted=True)["global_sigma"] == 0


def deviance(schools, restricted):
    """Twice the negative log likelihood of the schools' n, mean and ss, from the two log sds."""
    n, mean, ss = schools.to_numpy(float).T

    def at(logs):
        alpha, y = np.exp(2 * np.asarray(logs))
        variance = alpha + y / n
        mu = np.average(mean, weights=1 / variance)
        terms = np.log(variance) + (mean - mu) ** 2 / variance
        within = (n.sum() - n.size) * np.log(y) + ss.sum() / y
        return terms.sum() + within + restricted * np.log((1 / variance).sum())

    return at


@given(
    st.lists(
        st.tuples(st.integers(1, 400), st.floats(-4, 4), st.floats(0, 10)), min_size=2, max_size=9
    ),
    st.sampled_from([1e-3, 0.1, 1.0, 30.0, 1e4]),
    st.booleans(),
)
def test_no_place_is_lower_whoever_looks(rows, scale, restricted):
    """Another optimiser, over both spreads, from many starts."""
    n, mean, square = map(np.array, zip(*rows, strict=True))
    schools = pd.DataFrame({"n": n + 1, "mean": mean * scale, "ss": n * (square + 0.01)})
    found = maximum_likelihood(schools, restricted=restricted)
    height = deviance(schools, restricted)
    with np.errstate(divide="ignore"):
        ours = height(np.log(found[["global_sigma", "sigma_y"]].to_numpy()))
    starts = [(a, y) for a in np.log([1e-6, 0.1, scale, 4 * scale]) for y in (-1, 2)]
    for start in starts:
        other = minimize(height, start, method="L-BFGS-B", bounds=[(-30, 30), (-30, 30)])
        assert ours <= other.fun + 1e-9 * (1 + abs(other.fun))


def test_of_two_valleys_it_takes_the_lower():
    """Many small schools that agree, two large ones that don't: and the other way round."""
    lower = []
    for apart in np.linspace(2, 6, 41):
        n = np.r_[np.full(2, 100), np.full(60, 2)]
        mean = np.r_[-apart, apart, np.tile([-1e-3, 1e-3], 30)]
        schools = pd.DataFrame({"n": n, "mean": mean, "ss": (n - 1) * 1.0})
        height = deviance(schools, False)
        found = maximum_likelihood(schools)
        with np.errstate(divide="ignore"):
            ours = height(np.log(found[["global_sigma", "sigma_y"]].to_numpy()))
        for ratio in np.r_[1e-12, np.geomspace(1e-6, 1e3, 400)]:
            weight = n / (1 + n * ratio)
            mu = np.average(mean, weights=weight)
            variance = (schools["ss"].sum() + weight @ (mean - mu) ** 2) / n.sum()
            assert ours <= height(np.log([ratio * variance, variance]) / 2) + 1e-8
        lower.append(found["global_sigma"])
    assert np.ptp(lower) > 0.1


def test_where_other_programs_stop_in_the_wrong_valley():
    """Of these 34 schools, lme4 and statsmodels report σ_α = 0.798: REML is lower at 0."""
    schools = summarise_schools(
        simulate_city(5, sizes=[1] * 30 + [2] * 4, global_mean=5, global_sigma=1, sigma_y=1).scores
    )
    height = deviance(schools, True)
    found = maximum_likelihood(schools, restricted=True)
    assert found["global_sigma"] == 0
    there = minimize(height, np.log([0.798, 0.868]), method="Nelder-Mead")
    assert np.exp(there.x[0]) == pytest.approx(0.798, abs=0.01)  # a valley, but not the lowest
    assert height([-np.inf, np.log(found["sigma_y"])]) < there.fun - 0.01


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


def test_arrow_types_give_the_same():
    schools = summarise_schools(simulate_city(1).scores)
    other = schools.convert_dtypes(dtype_backend="pyarrow")
    pd.testing.assert_series_equal(maximum_likelihood(schools), maximum_likelihood(other))


def test_maximum_likelihood_refuses_what_has_no_spread() -> None:
    schools = summarise_schools(simulate_city(1).scores)
    for bad in (schools.head(1), schools.assign(ss=0.0)):
        with pytest.raises(ValueError, match="two schools are needed"):
            maximum_likelihood(bad)
    with pytest.raises(ValueError, match="ss is negative"):
        maximum_likelihood(schools.assign(ss=-1.0))


DESIGNS = [  # groups, size, sigma_y, sigma_alpha
    (2, 4, 10, 5),
    (3, 2, 1, 1),
    (5, 10, 10, 2),
    (6, 100, 10, 0.5),
    (20, 25, 10, 2),
    (50, 20, 10, 2),
    (12, 6, 3, 9),
    (100, 3, 10, 4),
]
STUDIES = 4000


def study(groups, size, sigma_y, sigma_alpha):
    """Units of many studies; their groups' true and raw means, and both mean squares."""
    rng = np.random.default_rng([groups, size])
    truth = rng.normal(63, sigma_alpha, size=(STUDIES, groups))
    units = rng.normal(truth[..., None], sigma_y, size=(STUDIES, groups, size))
    raw = units.mean(axis=2)
    between = size * raw.var(axis=1, ddof=1)
    within = units.var(axis=2, ddof=1).mean(axis=1)
    return truth, raw, between, within


@pytest.mark.parametrize("design", DESIGNS)
def test_a_plan_is_what_simulated_studies_come_to(design):
    """Each number within four of its Monte Carlo errors; studies are the independent units."""
    _, size, sigma_y, sigma_alpha = design
    truth, raw, between, within = study(*design)
    (row,) = plan(*design).to_dict("records")
    centre = raw.mean(axis=1, keepdims=True)
    known = sigma_alpha**2 / (sigma_alpha**2 + sigma_y**2 / size)
    fitted = 1 - np.minimum(1, within / between)[:, None]
    higher = raw[:, 0] > raw[:, 1]
    held = {
        "raw_rmse": ((raw - truth) ** 2).mean(axis=1),
        "pooled_rmse": ((known * raw + (1 - known) * centre - truth) ** 2).mean(axis=1),
        "fitted_rmse": ((fitted * raw + (1 - fitted) * centre - truth) ** 2).mean(axis=1),
        "zero": between <= within,
        "right_order": higher == (truth[:, 0] > truth[:, 1]),
    }
    # The variance component before it is cut at 0; its squares are the standard error's.
    component = (between - within) / size
    held["sigma_alpha_se"] = (component - sigma_alpha**2) ** 2 / (2 * sigma_alpha) ** 2
    assert set(held) == set(row) - {"groups", "size", "sigma_y", "sigma_alpha"}
    for name, values in held.items():
        expected = row[name] ** (1 if name in ("zero", "right_order") else 2)
        error = max(values.std() / STUDIES**0.5, 1 / STUDIES)
        assert abs(values.mean() - expected) < 4 * error, name


@pytest.mark.parametrize(
    ("design", "zero", "ratio"),
    [
        ((50, 25, 10, 2.5), (0, 1e-3), (0.95, 1)),
        ((30, 50, 10, 5), (0, 1e-3), (0.95, 1)),
        ((40, 5, 1, 3), (0, 1e-3), (0.95, 1)),
        ((50, 25, 10, 1.5), (0.01, 0.1), (1 - 1 / 8, 1)),
        ((50, 10, 10, 2), (0.01, 0.1), (1 - 1 / 8, 1)),
        ((20, 25, 10, 2), (0.01, 0.1), (1 - 1 / 8, 1)),
        ((6, 100, 10, 0.5), (0.3, 1), (1.5, 2)),
    ],
)
def test_the_standard_error_is_that_of_the_estimate_where_hardly_one_is_zero(design, zero, ratio):
    """As the docstring says; the ratio's own Monte Carlo error is below 0.013."""
    _, _, between, within = study(*design)
    estimate = (np.maximum(between - within, 0) / design[1]) ** 0.5
    (row,) = plan(*design).to_dict("records")
    assert zero[0] <= row["zero"] <= zero[1]
    found = row["sigma_alpha_se"] / estimate.std()
    assert ratio[0] - 3 * 0.013 < found < ratio[1] + 3 * 0.013


def test_the_plans_integral_has_converged(monkeypatch):
    sides = np.meshgrid([2, 3, 4, 9, 50, 1000], [2, 3, 25, 1000], 10, [0.01, 0.5, 2, 30])
    found = plan(*sides)
    monkeypatch.setattr(likelihood, "NODES", 400)
    pd.testing.assert_frame_equal(found, plan(*sides), rtol=1e-5)
    # Sds that have to be estimated are never a help.
    assert (found["fitted_rmse"] >= found["pooled_rmse"]).all()


@pytest.mark.parametrize("groups", [2, 7, 50])
@pytest.mark.parametrize(
    "wanted",
    [
        {"raw_rmse": 2.5},
        {"pooled_rmse": 1.3},
        {"fitted_rmse": 1.4, "right_order": 0.7},
        {"right_order": 0.8},
        {"zero": 0.2},
        {"sigma_alpha_se": 2.0},
    ],
)
def test_the_smallest_design_is_the_first_that_will_do(groups, wanted):
    """Against every smaller one, asked for one by one, and both ways round."""

    def will_do(row):
        return all(
            row[name] >= value if name == "right_order" else row[name] <= value
            for name, value in wanted.items()
        )

    found = plan(groups, None, 10, 2, wanted=wanted)
    size = found["size"].item()
    assert found["groups"].item() == groups and size < 1000
    pd.testing.assert_frame_equal(found, plan(groups, size, 10, 2))
    for n in range(2, size + 1):
        (row,) = plan(groups, n, 10, 2).to_dict("records")
        assert will_do(row) == (n == size)
    fewest = plan(None, size, 10, 2, wanted=wanted)["groups"].item()
    assert fewest <= groups
    for count in range(2, fewest + 1):
        (row,) = plan(count, size, 10, 2).to_dict("records")
        assert will_do(row) == (count == fewest)


def test_a_plan_beyond_the_first_thousand_is_found():
    assert plan(50, None, 10, 2, wanted={"raw_rmse": 0.2})["size"].item() == 2500
    assert plan(None, 25, 10, 2, wanted={"sigma_alpha_se": 0.08})["groups"].item() > 1000


@pytest.mark.parametrize(
    ("arguments", "wanted", "reason"),
    [
        ((5, None, 10, 2), {"sigma_alpha_se": 0.3}, "groups = 5 .* 0.709 at best.*more groups"),
        ((None, 25, 10, 2), {"right_order": 0.8}, "size = 25 .* 0.75 at best.*larger groups"),
        ((None, 25, 10, 2), {"zero": 0.5, "raw_rmse": 1}, "raw_rmse of 1 .* 2 at best.*larger"),
        ((5, None, 10, 2), {"raw_rmse": 0.01}, "up to 10,000 it is 0.1 at best$"),
        ((5, None, 10, 2), {"raw_rmse": np.nan}, "raw_rmse of nan is out of reach"),
        ((5, None, 10, 2), {"rmse": 1}, "wanted can be raw_rmse, .*, not 'rmse'"),
        ((5, 5, 10, 2), {"raw_rmse": 1}, "either groups or size must be None"),
        ((None, None, 10, 2), {"raw_rmse": 1}, "either groups or size must be None"),
        ((5, None, 10, 2), None, "size must be whole numbers, 2 or more"),
        ((1, 5, 10, 2), None, "groups must be whole numbers, 2 or more"),
        (([5, 5.5], 5, 10, 2), None, "groups must be whole numbers"),
        ((5, 5, 0, 2), None, "sigma_y must be positive and finite"),
        ((5, 5, 10, [1, -2]), None, "sigma_alpha must be positive and finite"),
    ],
)
def test_a_plan_is_refused_with_the_reason(arguments, wanted, reason):
    with pytest.raises(ValueError, match=reason):
        plan(*arguments, wanted=wanted)


def test_plans_broadcast():
    found = plan([[5], [50]], [10, 25, 99], 10, 2)
    assert found["groups"].to_list() == [5] * 3 + [50] * 3
    assert found["size"].to_list() == [10, 25, 99] * 2
    for i, row in found.iterrows():
        one = plan(int(row["groups"]), int(row["size"]), 10, 2)
        pd.testing.assert_frame_equal(found.loc[[i]].reset_index(drop=True), one)
