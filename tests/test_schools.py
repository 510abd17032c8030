"""The city and its summaries."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.schools import simulate_city
from helpers.summaries import summarise_schools


def published_sizes(filler):
    """Sizes that put pupils 314, 1224, 1697, 1730 and 1786 in schools 6, 23, 33, 35 and 35."""
    starts = {6: 300, 23: 1200, 33: 1690, 35: 1725, 36: 1790}
    sizes = np.full(50, filler)
    for first, second in zip([0, *starts], [*starts, 50], strict=True):
        if second in starts:
            pupils = starts[second] - starts.get(first, 0)
            parts = second - first
            sizes[first:second] = pupils // parts
            sizes[second - 1] += pupils % parts
    return sizes


@pytest.mark.parametrize("filler", [1, 60])
def test_seed_42_gives_the_city_that_the_story_was_first_told_with(filler):
    scores = simulate_city(seed=42, sizes=published_sizes(filler)).scores
    published = pd.DataFrame(
        {
            "school": [6, 23, 33, 35, 35],
            "score": [62.005591, 56.454934, 64.510645, 73.349892, 67.453794],
        },
        index=[314, 1224, 1697, 1730, 1786],
    )
    found = scores.loc[published.index]
    assert found.school.tolist() == published.school.tolist()
    np.testing.assert_allclose(found.score, published.score, atol=5e-7)


def test_sizes_and_truth_of_the_books_city():
    city = simulate_city(seed=42)
    sizes = summarise_schools(city.scores).n.sort_values(kind="stable").tolist()
    assert len(sizes) == 50
    assert sizes[:5] == [2, 2, 3, 8, 9]
    assert sizes[-1] == 99
    assert round(city.true_school_means.std(), 2) == 1.54


def test_the_rows_are_shuffled_and_sizes_leave_the_means_alone():
    city = simulate_city(seed=42)
    assert not city.scores.index.is_monotonic_increasing
    assert sorted(city.scores.index) == list(range(len(city.scores)))
    other = simulate_city(seed=42, sizes=[3] * 50)
    pd.testing.assert_series_equal(city.true_school_means, other.true_school_means)
    pd.testing.assert_frame_equal(city.scores, simulate_city(seed=42).scores)


def test_a_large_city_has_the_spread_that_was_asked_for():
    city = simulate_city(
        seed=1, n_schools=4000, min_size=5, max_size=9, global_mean=7, global_sigma=3, sigma_y=2
    )
    truth = city.true_school_means
    assert abs(truth.mean() - 7) < 4 * 3 / np.sqrt(len(truth))
    noise = city.scores.score - city.scores.school.map(truth)
    for values, sd in [(truth, 3), (noise, 2)]:
        low, high = stats.chi2.ppf([6e-5, 1 - 6e-5], len(values) - 1)
        assert low < (len(values) - 1) * values.var() / sd**2 < high


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"n_schools": 0}, "at least one school"),
        ({"min_size": 0}, "at least 1"),
        ({"min_size": 9, "max_size": 8}, "run upwards"),
        ({"sizes": []}, "at least one school"),
        ({"sizes": [3, 0]}, "whole numbers"),
        ({"sizes": [2.5]}, "whole numbers"),
        ({"global_sigma": 0}, "global_sigma must be positive"),
        ({"sigma_y": -1}, "sigma_y must be positive"),
        ({"sigma_y": float("nan")}, "sigma_y must be positive"),
    ],
)
def test_a_city_that_cannot_be(keywords, message):
    with pytest.raises(ValueError, match=message):
        simulate_city(seed=1, **keywords)


@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "uint32", "int64", "uint64"])
def test_sizes_of_any_integer_type_give_the_same_city(kind):
    # Counts that NumPy can't turn into its own index type without a loss, it refuses.
    expected = simulate_city(seed=1, sizes=[2, 3]).scores
    found = simulate_city(seed=1, sizes=np.array([2, 3], dtype=kind)).scores
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("labels", [[3, 1, 1, 2, 3, 3], list("cabacc"), [0, 1, 2, 3, 4, 5]])
@pytest.mark.parametrize("offset", [0, 1e6])
def test_summaries_are_those_of_pandas(labels, offset):
    values = offset + np.random.default_rng(0).normal(size=6)
    scores = pd.DataFrame({"group": labels, "value": values}, index=list("uvwxyz"))
    grouped = scores.groupby("group")["value"]
    found = summarise_schools(scores, school="group", score="value")
    assert list(found.columns) == ["n", "mean", "ss"]
    pd.testing.assert_series_equal(found.n, grouped.size(), check_names=False)
    pd.testing.assert_series_equal(found["mean"], grouped.mean(), check_names=False)
    expected = grouped.var(ddof=0) * grouped.size()
    np.testing.assert_allclose(found.ss, expected, rtol=1e-7, atol=1e-12)
    assert (found.ss[found.n == 1] == 0).all()


def test_categories_without_pupils_are_no_schools():
    scores = pd.DataFrame(
        {"school": pd.Categorical(["b", "b"], categories=["a", "b"]), "score": [1.0, 3.0]}
    )
    assert summarise_schools(scores).to_dict("index") == {"b": {"n": 2, "mean": 2.0, "ss": 2.0}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.drop(columns="score"), "no column 'score'"),
        (lambda s: s.drop(columns="school"), "no column 'school'"),
        (lambda s: s.iloc[:0], "no rows"),
        (
            lambda s: s.assign(score=[1, np.nan, 3]),
            r"'score' is missing or infinite in schools \['a'\]",
        ),
        (lambda s: s.assign(score=[1, 2, np.inf]), r"in schools \['b'\]"),
        (lambda s: s.assign(school=["a", None, None]), "'school' is missing in 2 rows"),
        (lambda s: s.assign(score=list("abc")), "must hold numbers"),
    ],
)
def test_a_bad_table_is_refused_by_name(change, message):
    scores = pd.DataFrame({"school": list("aab"), "score": [1.0, 2.0, 3.0]}, index=list("pqr"))
    with pytest.raises(ValueError, match=message):
        summarise_schools(change(scores))
