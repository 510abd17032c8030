"""`analyse`: its numbers against other ways to them, its words against its numbers."""

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.stats import norm, rankdata

from helpers.exact import exact_posterior
from helpers.own_data.analysis import analyse
from helpers.own_data.model_checks import check_model
from helpers.own_data.report import count, percent
from helpers.own_data.words import Words, plural
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

BOOK = Path(__file__).parents[1]
HOSPITALS = {"group": "hospital", "unit": "patient"}


def city(seed: int = 1, **settings) -> pd.DataFrame:
    return simulate_city(seed, **settings).scores


def table_of(groups: dict) -> pd.DataFrame:
    return pd.DataFrame(
        [(name, value) for name, values in groups.items() for value in values],
        columns=["school", "score"],
    )


def two_arms(apart: float) -> pd.DataFrame:
    z = np.linspace(-2.5, 2.5, 200)
    return table_of({"control": 10 + z, "treated": 10 + apart + z})


class Witness:
    """The posterior of a few schools on a plain grid of the two sds, by conditioning normals.

    Given the sds, (α_1, ..., α_J, μ) and the raw means are jointly normal: no shrinkage formula.
    """

    def __init__(self, scores: pd.DataFrame, points: int = 160) -> None:
        summaries = scores.groupby("school")["score"].agg(["size", "mean", "var"])
        n, raw = summaries["size"].to_numpy(), summaries["mean"].to_numpy()
        squares = (summaries["var"].fillna(0) * (n - 1)).sum()
        centre, scale = scores["score"].mean(), scores["score"].std()
        grid = np.geomspace(1e-4, 30, points) * scale, np.geomspace(0.05, 20, points) * scale
        self.sigma_alpha, self.sigma_y = (a.ravel() for a in np.meshgrid(*grid))
        size, wide = n.size, (2.5 * scale) ** 2
        between = self.sigma_alpha[:, None, None] ** 2 * np.eye(size)
        cov_alpha = between + wide
        cov = cov_alpha + self.sigma_y[:, None, None] ** 2 * np.diag(1 / n)
        apart = raw - centre
        log = -0.5 * np.linalg.slogdet(cov)[1]
        log -= 0.5 * np.einsum("j,gjk,k->g", apart, np.linalg.inv(cov), apart)
        log -= (n.sum() - size) * np.log(self.sigma_y) + squares / (2 * self.sigma_y**2)
        # Exponential priors, and the grid's steps in logs.
        log -= (self.sigma_alpha + self.sigma_y) / scale
        log += np.log(self.sigma_alpha * self.sigma_y)
        self.weight = np.exp(log - log.max())
        self.weight /= self.weight.sum()
        joint = np.full((self.weight.size, size + 1, size), wide)
        joint[:, :size] = cov_alpha
        gain = joint @ np.linalg.inv(cov)
        prior = np.full((self.weight.size, size + 1, size + 1), wide)
        prior[:, :size, :size] = cov_alpha
        self.mean = centre + gain @ apart
        self.cov = prior - gain @ joint.transpose(0, 2, 1)

    def ask(self, times: np.ndarray, extra: np.ndarray | float = 0.0) -> dict[str, float]:
        """Mean and sd of a sum of α and μ, its 3% and 97% points, and how often it is positive."""
        mean = self.mean @ times
        sd = np.sqrt(np.einsum("j,gjk,k->g", times, self.cov, times) + extra)
        average = self.weight @ mean
        total = np.sqrt(self.weight @ (sd**2 + (mean - average) ** 2))
        low, high = np.full(2, average - 9 * total), np.full(2, average + 9 * total)
        for _ in range(40):
            x = (low + high) / 2
            cdf = [self.weight @ norm.cdf((one - mean) / sd) for one in x]
            low = np.where(np.less(cdf, [0.03, 0.97]), x, low)
            high = np.where(np.less(cdf, [0.03, 0.97]), high, x)
        lower, upper = low
        above = self.weight @ norm.cdf(mean / sd)
        return {"mean": average, "sd": total, "lower": lower, "upper": upper, "above": above}

    def quantiles(self, values: np.ndarray, p: list[float]) -> np.ndarray:
        order = values.argsort(kind="stable")
        rising = np.cumsum(self.weight[order]) - self.weight[order] / 2
        return np.interp(p, rising, values[order])


SMALL = {
    "four schools": city(3, sizes=[3, 5, 20, 9], global_sigma=6),
    "no difference": city(4, sizes=[4, 4, 4, 4, 4], global_sigma=0.1),
    "two arms": two_arms(2.0),
    "one pupil alone": city(5, sizes=[1, 2, 7], global_sigma=8),
}


@pytest.mark.parametrize("name", SMALL)
def test_every_number_is_that_of_a_plain_grid(name: str) -> None:
    scores = SMALL[name]
    found, witness = analyse(scores), Witness(scores)
    schools = found.schools.sort_index()
    size, sd = len(schools), found.parameters["sd"]
    ratio = (witness.sigma_alpha / witness.sigma_y) ** 2

    share = found.parameters.loc["share_between"]
    assert share["mean"] == pytest.approx(witness.weight @ (ratio / (1 + ratio)), abs=2e-4)
    ends = witness.quantiles(ratio / (1 + ratio), [0.03, 0.97])
    np.testing.assert_allclose(share[["lower", "upper"]], ends, atol=0.01)
    logs = np.log(found.half_weight[["lower", "median", "upper"]].astype(float))
    # The grid's own steps are 0.08 of a log.
    np.testing.assert_allclose(
        logs, witness.quantiles(-np.log(ratio), [0.03, 0.5, 0.97]), atol=0.05
    )
    for place, (_, school) in enumerate(schools.iterrows()):
        odds = school["n"] * ratio
        assert school["weight"] == pytest.approx(witness.weight @ (odds / (1 + odds)), abs=2e-4)
        ends = witness.quantiles(odds / (1 + odds), [0.03, 0.97])
        np.testing.assert_allclose(school[["weight_lower", "weight_upper"]], ends, atol=0.01)
        one = np.eye(size + 1)[place]
        over = witness.ask(one - np.eye(size + 1)[size])["above"]
        assert school["above_population"] == pytest.approx(over, abs=2e-4)
        others = (1 - np.eye(size + 1)[place]) / (size - 1)
        others[size] = 0
        assert school["above"] == pytest.approx(witness.ask(one - others)["above"], abs=2e-4)

    a, b = schools.index[[0, 1]]
    times = np.zeros(size + 1)
    times[[0, 1]] = 1, -1
    asked = {"compare": (found.compare(a, b), witness.ask(times))}
    new, unit = np.eye(size + 1)[size], witness.sigma_y**2
    predicted = found.predict()
    asked["new school"] = predicted.iloc[0], witness.ask(new, witness.sigma_alpha**2)
    asked["average school"] = predicted.iloc[2], witness.ask(new)
    asked["new pupil"] = predicted.iloc[1], witness.ask(new, witness.sigma_alpha**2 + unit)
    known = found.predict(a)
    asked["known school"] = known.iloc[0], witness.ask(np.eye(size + 1)[0])
    asked["pupil there"] = known.iloc[1], witness.ask(np.eye(size + 1)[0], unit)
    for what, (ours, theirs) in asked.items():
        for key in ours.index:
            error = 5e-4 if key in ("above", "mean", "sd") else 4e-3
            unit_of_it = 1 if key == "above" else theirs["sd"]
            assert abs(ours[key] - theirs[key]) < error * unit_of_it, (what, key)
    np.testing.assert_allclose(known.iloc[0], schools.loc[a, known.columns].astype(float))
    assert (sd > 0).all()


def test_predictions_and_comparisons_are_those_of_draws() -> None:
    """40,000 draws; 4.5 Monte Carlo errors."""
    found = analyse(city(6, n_schools=12))
    drawn = found.posterior.sample(10_000, seed=3).posterior
    means = drawn["school_means"].to_numpy().reshape(40_000, 12)
    mu, alpha, y = (
        drawn[name].to_numpy().ravel() for name in ("global_mean", "global_sigma", "sigma_y")
    )
    rng = np.random.default_rng(1)
    new = rng.normal(mu, alpha)
    rows = [
        (found.compare(3, 7), means[:, 3] - means[:, 7]),
        (found.predict().iloc[0], new),
        (found.predict().iloc[1], rng.normal(new, y)),
        (found.predict().iloc[2], mu),
        (found.predict(5).iloc[1], rng.normal(means[:, 5], y)),
    ]
    for ours, draws in rows:
        error = draws.std() / 200
        assert abs(ours["mean"] - draws.mean()) < 4.5 * error
        for key, p in (("lower", 0.03), ("upper", 0.97)):
            below = (draws < ours[key]).mean()
            assert abs(below - p) < 4.5 * np.sqrt(0.03 * 0.97 / 40_000), key
    assert abs(rows[0][0]["above"] - (rows[0][1] > 0).mean()) < 4.5 * 0.5 / 200


def test_a_comparison_turned_round_is_the_same() -> None:
    found = analyse(city(2, n_schools=6))
    one, other = found.compare(1, 4), found.compare(4, 1)
    assert one["mean"] == pytest.approx(-other["mean"])
    assert one["upper"] == pytest.approx(-other["lower"], abs=1e-6)
    assert one["above"] == pytest.approx(1 - other["above"])
    assert (one.name, other.name) == ("1 minus 4", "4 minus 1")


def test_names_of_predictions_are_told_apart() -> None:
    scores = table_of({"new hospital": [1, 2, 4], "b": [3, 5], "c": [9.5, 8]})
    found = analyse(scores, **HOSPITALS)
    new, known = found.predict(), found.predict("new hospital")
    assert [*new.index, *known.index] == [
        "mean of a new hospital",
        "new patient in a new hospital",
        "the average hospital",
        "mean of hospital new hospital",
        "new patient in hospital new hospital",
    ]
    wide = new["upper"] - new["lower"]
    assert wide["the average hospital"] < wide["mean of a new hospital"]


@pytest.mark.parametrize(
    ("label", "near"), [("Sant Mary", "'Saint Mary'"), (1, "'1'"), ([1], "'1'"), ("zzz", "'1'")]
)
def test_an_unknown_label_is_refused_with_those_near_it(label, near: str) -> None:
    scores = table_of({"1": [1, 2], "Saint Mary": [3, 5], "Saint Marc": [9.5, 8]})
    found = analyse(scores, **HOSPITALS)
    for call in (lambda: found.compare(label, "1"), lambda: found.predict(label)):
        with pytest.raises(ValueError, match=f"no hospital is called .*{near}"):
            call()
    with pytest.raises(ValueError, match="two hospitals are needed"):
        found.compare("1", "1")


def test_labels_that_print_alike_are_told_apart(tmp_path: Path) -> None:
    labels = ["01", "1", "Zoë", "Zoe\u0308", "a\u200b", "a"]
    rng = np.random.default_rng(1)
    scores = pd.DataFrame(
        {
            "school": pd.Series(labels * 6, dtype=object),
            "score": rng.normal(np.tile([0, 9, 20, 40, 60, 80], 6)),
        }
    )
    found = analyse(scores)
    (listed,) = re.findall(r"Above the mean of the other .*?: 3: (.*?)\. Below", flat(found))
    assert listed.split(", ") == ["'a'", r"'a\u200b'", r"'Zoe\u0308'"]
    assert found.compare("1", "01")["mean"] > 5
    written = pd.read_csv(found.save(tmp_path / "x")[1], encoding="utf-8")
    assert written["school"].nunique() == 6


def flat(report: str) -> str:
    return " ".join(str(report).split())


def numbers(text: str) -> list[float]:
    found = re.findall(r"-?\d[\d,]*\.?\d*(?:e[+-]\d+)?(?:%)?", text)
    return [
        float(one.strip(",%").rstrip(".").replace(",", "")) / (100 if one.endswith("%") else 1)
        for one in found
    ]


REPORTED = {
    "city": city(42),
    "no difference": city(8, n_schools=12, global_sigma=0.01),
    "nearly no spread within": city(9, n_schools=9, sigma_y=0.01),
    "far from 0": city(10, n_schools=10, global_mean=1e7),
    "tiny": city(11, n_schools=10, global_mean=0, global_sigma=1e-9, sigma_y=3e-9),
    "large": city(12, n_schools=30, global_mean=3e5, global_sigma=1e4, sigma_y=4e4),
    "few": city(13, sizes=[2, 2, 3]),
}


@pytest.mark.parametrize("name", REPORTED)
def test_every_point_of_the_report_stands_in_its_interval_and_in_the_tables(name: str) -> None:
    scores = REPORTED[name]
    found = analyse(scores)
    text = flat(found)
    settings, table = found.parameters, found.schools
    small = max(
        settings["mean"][["global_sigma", "sigma_y"]].min(), 0.001 * settings["mean"].iloc[2]
    )
    told = {
        "mean of the population of schools, μ:": settings.loc["global_mean"],
        "spread (sd) of the means of schools, σ_α:": settings.loc["global_sigma"],
        "spread (sd) of pupils within schools, σ_y:": settings.loc["sigma_y"],
        "Share of the variance that lies between schools:": settings.loc["share_between"],
        "Half weight: with": found.half_weight.rename({"median": "mean"}),
    }
    smallest = table[table["n"] == table["n"].min()].iloc[0]
    told["own mean in its estimate:"] = smallest[
        ["weight", "weight_lower", "weight_upper"]
    ].set_axis(["mean", "lower", "upper"])
    for start, row in told.items():
        (after,) = re.findall(re.escape(start) + r"(.*?\))", text.partition("RANKING")[0])
        point, _, lower, upper = numbers(after)
        assert lower <= point <= upper
        unit = small if ("spread" in start or "μ:" in start) else 0
        for printed, exact in ((point, row["mean"]), (lower, row["lower"]), (upper, row["upper"])):
            assert printed == pytest.approx(
                exact, rel=0.051, abs=0.0051 * unit + 0.0051 * (not unit)
            )
    for place, row in (("Highest", table.iloc[0]), ("Lowest", table.iloc[-1])):
        (after,) = re.findall(rf"{place} estimate: (.*?rank is .*?) \(94%\)", text)
        label, _, mean, _, lower, upper, *ranks = numbers(after)
        assert label == row.name
        seen = np.array([mean, lower, upper])
        np.testing.assert_allclose(
            seen, row[["mean", "lower", "upper"]].astype(float), atol=0.006 * small, rtol=1e-3
        )
        assert (ranks[0], ranks[-1]) == (row["rank_lower"], row["rank_upper"])
    (printed,) = re.findall(r"numerical error \(in posterior sds\): at most (\S+) ", text)
    assert found.posterior.error <= float(printed) < 10 * max(found.posterior.error, 1e-16)
    for side, chosen in {"Above": table["above"] > 0.97, "Below": table["above"] < 0.03}.items():
        others = len(table) - 1
        (counted,) = re.findall(
            rf"{side} the mean of the other {others} schools listed: (\d+)", text
        )
        assert int(counted) == chosen.sum()


def test_the_smallest_interval_survives_seven_thousand() -> None:
    shown = {0.3: "0.3", 7781.2: "7,781", 5.83: "5.8", 51.04: "51.0", 0.0049: "0.0049"}
    assert {value: count(value) for value in shown} == shown
    assert count(3.2e9) == "3.2e+09"
    shares = {
        0.173: "17%",
        0.0149: "1.5%",
        2e-5: "0.002%",
        0.9951: "99.51%",
        0.0: "0%",
        1.0: "100%",
    }
    assert {value: percent(value) for value in shares} == shares


def test_two_arms_are_told_apart_and_from_what() -> None:
    found = analyse(two_arms(2.0), group="arm", unit="person")
    above = found.schools["above"]
    assert above["treated"] > 0.999999 and above["control"] < 1e-6
    # Two arms say little of the population that arms come from.
    assert found.schools["above_population"].between(0.03, 0.97).all()
    text = flat(found)
    assert "Above the mean of the other arm listed: 1: treated." in text
    assert "Below the mean of the other arm listed: 1: control; neither: 0." in text
    assert "Above the mean of the population of arms, μ: 0." in text
    assert "2 arms, 400 people: 200 people per arm." in text


def test_long_lists_of_groups_are_cut_and_counted() -> None:
    text = flat(analyse(city(3, sizes=[30] * 60, global_sigma=30)))
    for listed, total in re.findall(r"listed: (\d+): (.*?)[.;]", text):
        names = total.split(", ")
        assert len(names) == 13 and names[-1] == f"and {int(listed) - 12} more"


@pytest.mark.parametrize(
    ("word", "many"),
    {
        "school": "schools",
        "city": "cities",
        "day": "days",
        "class": "classes",
        "batch": "batches",
        "species": "species",
        "person": "people",
        "old woman": "old women",
        "human": "humans",
        "child": "children",
        "box": "boxes",
    }.items(),
)
def test_plurals(word: str, many: str) -> None:
    assert plural(word) == many


WORDED = {
    "city": city(42),
    "no difference": city(8, n_schools=12, global_sigma=0.01),
    "few": city(13, sizes=[1, 2, 3]),
    "binary": city(14, n_schools=9).assign(score=lambda t: (t["score"] > 63).astype(int)),
    "one pair": city(15, sizes=[2] + [1] * 30),
    "equal sizes": city(16, sizes=[11] * 11),
}


@pytest.mark.parametrize("name", WORDED)
def test_school_and_pupil_appear_nowhere_when_other_words_are_given(name: str, tmp_path) -> None:
    scores = WORDED[name].rename(columns={"school": "where", "score": "stay"})
    found = analyse(scores, "where", "stay", group="ward", unit="mouse", units="mice")
    said = [str(found), repr(found), found.predict().to_string(), found.compare(0, 1).to_string()]
    said += found.checks["fault"].tolist() + found.checks.index.tolist()
    said += [path.read_text(encoding="utf-8") for path in found.save(tmp_path / "x")[:2]]
    assert not re.search("school|pupil", "\n".join(said), flags=re.IGNORECASE)
    assert "mouses" not in str(found) and "ward" in str(found)
    assert str(found).startswith("Column 'stay', by 'where'.")


@pytest.mark.parametrize(
    ("groups", "reason"),
    [
        ({"a": [1, 2, 3]}, "two wards or more"),
        ({"a": [1], "b": [2]}, "two mice or more"),
        ({"a": [1, 1], "b": [2, 2]}, "all mice of each ward have the same score"),
        ({"a": [0.1] * 3, "b": [0.3] * 3, "c": [0.7] * 3}, "there is no spread within"),
        ({"a": [1, 1], "b": [1, 1]}, "all scores are equal"),
        ({"a": [1, None], "b": [1, 1]}, "missing or infinite"),
        ({"a": [True, False], "b": [True, True]}, "yes and no"),
        ({"a": ["1", "2"], "b": ["3", "5"]}, "must hold numbers"),
        ({"a": [1e300, -1e300], "b": [0, 1e300]}, "another unit|beyond|infinite"),
    ],
)
def test_a_refusal_is_a_sentence_in_the_callers_words(groups: dict, reason: str) -> None:
    with np.errstate(over="ignore"), pytest.raises(ValueError, match=reason) as refusal:
        analyse(table_of(groups), group="ward", unit="mouse", units="mice")
    quoted = re.sub(r"'[^']*'", "", str(refusal.value))
    assert not re.search("school|pupil", quoted), quoted


def test_an_article_fits_the_callers_word() -> None:
    words = Words.of("area", "at bat", None, None)
    said = words.translate("If a row is a school, and not a pupil: 'a school'")
    assert said == "If a row is an area, and not an at bat: 'a school'"
    assert (words.a_group, Words.of("school", "unit", None, None).a_unit) == ("an area", "a unit")


@pytest.mark.parametrize(
    "words", [{"group": ""}, {"unit": 3}, {"group": "x", "unit": "x"}, {"groups": " "}]
)
def test_what_is_no_word_is_refused(words: dict) -> None:
    with pytest.raises(ValueError, match="word"):
        analyse(city(1, n_schools=3), **words)


def test_the_callers_pupils_may_be_the_groups() -> None:
    """Answers of pupils: the words are translated once, not twice."""
    with pytest.raises(ValueError, match="every pupil has one answer alone"):
        analyse(table_of({"a": [1], "b": [2]}), group="pupil", unit="answer")
    with pytest.raises(ValueError, match="two pupils or more"):
        analyse(table_of({"a": [1, 2]}), group="pupil", unit="answer")


def test_the_report_has_a_subject() -> None:
    scores = city(1, n_schools=9)
    assert "by" not in str(analyse(scores)).splitlines()[0]
    scores.attrs = {"file": "mine.csv", "school": "ward", "score": "days"}
    found = analyse(scores, **HOSPITALS)
    assert str(found).startswith("mine.csv: column 'days', by 'ward'.\n")
    assert found.schools.index.name == "ward"


@pytest.mark.parametrize("kind", ["polars", "lazy", "pyarrow", "duckdb", "dask"])
def test_any_table_gives_the_same_analysis(kind: str) -> None:
    scores = city(3, n_schools=7).rename(columns={"school": "where", "score": "stay"})
    expected = analyse(scores, "where", "stay")
    if kind == "duckdb":
        table = pytest.importorskip("duckdb").from_df(scores)
    elif kind == "dask":
        table = pytest.importorskip("dask.dataframe").from_pandas(scores, npartitions=2)
    else:
        table = {
            "polars": pl.from_pandas,
            "lazy": lambda t: pl.from_pandas(t).lazy(),
            "pyarrow": lambda t: pa.Table.from_pandas(t, preserve_index=False),
        }[kind](scores)
    assert str(analyse(table, "where", "stay")) == str(expected)


RNG = np.random.default_rng(5)


def shaped(values) -> pd.DataFrame:
    return pd.DataFrame({"school": np.arange(len(values)) % 20, "score": values})


LIKERT = RNG.choice(5, 400, p=[0.1, 0.2, 0.3, 0.3, 0.1]) + 1
KINDS = {
    "yes and no": (RNG.integers(0, 2, 400), ["binomial", "logistic", "0 to 1"]),
    "one and two": (RNG.integers(1, 3, 400), ["binomial", "1 to 2"]),
    "proportions": (RNG.binomial(20, 0.8, 400) / 20, ["proportions", "binomial", "0 to 1"]),
    "rates": (RNG.beta(2, 5, 400), ["proportions", "beta", "0 to 1"]),
    "percentages": (RNG.binomial(24, 0.8, 400) / 0.24, ["percentages", "binomial", "0 to 100"]),
    "counts": (RNG.poisson(4, 400), ["Poisson", "negative binomial"]),
    "rare counts": (RNG.poisson(0.4, 400), ["Poisson"]),
    "scattered counts": (RNG.negative_binomial(1, 0.04, 400), ["negative binomial", "below 0"]),
    "codes": (RNG.choice([0, 1, 9], 400), ["codes", "ordered categories", "(0, 1, 9)"]),
    "five answers": (LIKERT, ["ordered categories", "(1, 2, 3, 4, 5)"]),
    "measured": (RNG.normal(63, 10, 400), []),
    "measured, all positive": (RNG.normal(500, 100, 400), []),
    "standardised": (RNG.normal(0, 1, 400), []),
    "whole and large": (RNG.normal(500, 100, 400).round(), []),
    "whole with negatives": (RNG.normal(0, 30, 400).round(), []),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_caution_names_the_model_that_suits_the_values(kind: str) -> None:
    values, names = KINDS[kind]
    text = flat(analyse(shaped(values), **HOSPITALS))
    assert ("CAUTION" in text) == bool(names)
    for name in names:
        assert name in text.partition("CAUTION")[2], text


@pytest.mark.parametrize(
    ("sizes", "caution"),
    [
        ([2] + [1] * 199, "σ_y rests on 1 difference within 1 hospital with two patients or more"),
        ([2, 2, 3] + [1] * 50, "σ_y rests on 4 differences within 3 hospitals"),
        ([500] + [1] * 50, "σ_y rests on 499 differences within 1 hospital"),
        ([30] * 7, "7 hospitals say little"),
        ([30] * 8, None),
        ([2] * 10, None),
    ],
)
def test_a_caution_says_on_how_little_it_rests(sizes: list[int], caution: str | None) -> None:
    text = flat(analyse(city(2, sizes=sizes), **HOSPITALS))
    assert (caution in text) if caution else "CAUTION" not in text


def test_a_warning_of_the_posterior_is_a_caution() -> None:
    rng = np.random.default_rng(1)
    scores = pd.DataFrame(
        {
            "school": np.r_[np.zeros(10_000, int), np.arange(1, 10)],
            "score": np.r_[rng.normal(size=10_000), 1000 + rng.normal(size=9)],
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = flat(analyse(scores, **HOSPITALS))
    assert "CAUTION: the prior of the hospitals' mean" in text
    assert "contradicts these hospitals" in text


@pytest.mark.parametrize(
    ("scores", "told", "agrees"),
    [
        (city(4, sizes=[4] * 9, global_sigma=0.01, sigma_y=20), True, True),
        (city(4, sizes=[4] * 5, global_sigma=0.01, sigma_y=20), True, False),
        (city(42), False, False),
    ],
)
def test_reml_outside_the_interval_is_explained(scores, told: bool, agrees: bool) -> None:
    # Schools of which each has the same scores: no difference at all between them.
    if told:
        scores = scores.assign(score=scores.groupby("school").cumcount() * 3.0)
    found = analyse(scores, **HOSPITALS)
    reml, text = found.parameters["mixed_model"]["global_sigma"], flat(found)
    assert (reml == 0) == told
    assert ("best single values, without a prior" in text) == told
    assert ("agree with no difference between the hospitals at all" in text) == agrees


@pytest.mark.parametrize("scores", [city(16, sizes=[11] * 11), city(1, sizes=[1, 2, 2])])
def test_whole_numbers_are_whole(scores: pd.DataFrame) -> None:
    found = analyse(scores.assign(score=lambda t: t["score"].round()))
    for column in ("n", "rank", "rank_lower", "rank_upper"):
        assert pd.api.types.is_integer_dtype(found.schools[column]), column
    text = flat(found)
    low, high = scores["score"].round().agg(["min", "max"])
    assert f"Values from {low:.0f} to {high:.0f}, mean" in text
    n = found.schools["n"]
    each = (
        f"{n.min()} to {n.max()} pupils per school" if n.nunique() > 1 else "11 pupils per school"
    )
    assert each in text
    assert "1 pupils" not in text.replace("11 pupils", "").replace("121 pupils", "")


def test_the_report_the_table_and_the_figure_are_saved(tmp_path: Path, capsys) -> None:
    found = analyse(city(1, n_schools=9), **HOSPITALS)
    inside = found.save(f"{tmp_path}/new/")
    beside = found.save(tmp_path / "results" / "mine")
    again = found.save(tmp_path / "new")
    said = capsys.readouterr().out
    assert again == inside and {path.parent for path in inside} == {tmp_path / "new"}
    assert [path.name for path in beside] == [
        "mine_report.txt",
        "mine_table.csv",
        "mine_figure.png",
    ]
    for report, table, figure in (inside, beside):
        assert all(f"Wrote {path}" in said for path in (report, table, figure))
        assert report.read_text(encoding="utf-8") == f"{found}\n"
        back = pd.read_csv(table, index_col="hospital", encoding="utf-8")
        pd.testing.assert_frame_equal(back, found.schools, check_dtype=False)
        assert figure.read_bytes().startswith(b"\x89PNG")


def perfect_file(seed: int, sizes: list[int]) -> pd.DataFrame:
    scores = simulate_city(seed, sizes=sizes).scores
    summaries, values = summarise_schools(scores), scores["score"].to_numpy()
    sd = values.std(ddof=1)
    posterior = exact_posterior(
        summaries,
        prior_mean=values.mean(),
        prior_sd=2.5 * sd,
        sigma_alpha_prior_mean=sd,
        sigma_y_prior_mean=sd,
    )
    drawn = posterior.sample(100, seed=seed).posterior
    names = ["global_mean", "global_sigma", "sigma_y"]
    return check_model(
        summaries,
        scores["school"].to_numpy(),
        values,
        posterior.summary().iloc[:3],
        tuple(drawn[name].to_numpy().ravel() for name in names),
        posterior.error,
        Words.of("school", "pupil", None, None),
        np.random.default_rng(seed),
    )


def test_a_perfect_file_fails_a_check_no_more_often_than_is_said() -> None:
    """100 files of 12 schools; the bound and 3.5 Monte Carlo errors."""
    files = [perfect_file(seed, [5, 8, 12] * 4) for seed in range(100)]
    said = files[0]["chance"].sum()
    assert said == pytest.approx(0.07)  # three checks of two sides and one of one, 1% a side
    failing = np.mean([not checks["passed"].all() for checks in files])
    assert 0 < failing < said + 3.5 * np.sqrt(said * (1 - said) / 100)
    found = analyse(city(1, sizes=[5, 8, 12] * 4))
    assert found.checks["chance"].sum() == pytest.approx(said)
    assert "up to 7% fail" in flat(found)


SIDES = {
    "hospitals more alike in spread than the model allows": np.tile(
        np.array([4.5, 10.9, 28.7, 41.7, 52.7, 60.9]), 14
    )
    + 0.1 * np.repeat(np.arange(14), 6),
    "fewer extreme values than the model allows": np.random.default_rng(1).integers(0, 2, 84),
    "more extreme values than the model allows": np.random.default_rng(1).standard_t(2, 84),
    "hospitals that differ more in spread than the model allows": np.random.default_rng(1).normal(
        size=84
    )
    * np.repeat(np.exp(np.linspace(-2, 2, 14)), 6),
}


@pytest.mark.parametrize("fault", SIDES)
def test_the_side_on_which_a_check_fails_is_named(fault: str) -> None:
    scores = pd.DataFrame({"school": np.repeat(np.arange(14), 6), "score": SIDES[fault]})
    found = analyse(scores, **HOSPITALS)
    assert f"FAILED, {fault}:" in flat(found)
    assert fault in found.checks["fault"].tolist()
    for _, row in found.checks.iterrows():
        assert row["passed"] == (row["fault"] == "")
        if "more alike" in row["fault"] or "fewer" in row["fault"]:
            assert row["observed"] < row["lower"]
        elif row["fault"]:
            assert row["observed"] > row["upper"]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_side_on_which_size_goes_with_the_mean_is_named(sign: int) -> None:
    rng = np.random.default_rng(2)
    sizes = np.arange(5, 45)
    scores = table_of({int(n): rng.normal(sign * n, 5, n) for n in sizes})
    faults = analyse(scores).checks["fault"].tolist()
    assert f"larger schools have the {'higher' if sign > 0 else 'lower'} means" in faults


def test_the_numerical_error_is_one_of_the_checks() -> None:
    found = analyse(city(1, n_schools=9))
    first = found.checks.iloc[0]
    assert first["observed"] == found.posterior.error and first["passed"]
    assert "all passed" in str(found) and found.checks["passed"].all()
    assert "FAILED" not in str(found)


def test_a_check_that_could_not_fail_is_left_out_and_said() -> None:
    found = analyse(city(2, sizes=[2] + [1] * 40))
    assert not found.checks.index.str.contains("extreme values|spread within").any()
    assert "Left out, as these data can't show it either way: 2 more." in flat(found)


def test_ranks_and_probabilities_are_those_of_other_draws() -> None:
    """A hundred thousand other draws of the same posterior; 4.5 Monte Carlo errors."""
    scores = simulate_city(42).scores
    schools = analyse(scores).schools.sort_index()
    mean, sd = scores["score"].mean(), scores["score"].std()
    priors = {"sigma_alpha_prior_mean": sd, "sigma_y_prior_mean": sd}
    exact = exact_posterior(summarise_schools(scores), prior_mean=mean, prior_sd=2.5 * sd, **priors)
    drawn = exact.sample(25_000, seed=9).posterior.to_dataset()
    above = (drawn["school_means"] > drawn["global_mean"]).mean(("chain", "draw")).to_numpy()
    error = np.sqrt(above * (1 - above) / 100_000)
    assert (np.abs(schools["above_population"] - above) < 4.5 * error + 1e-4).all()
    # Each end of a rank's interval leaves 3% outside: at most that, and with the rank itself more.
    means = drawn["school_means"].stack(sample=("chain", "draw")).transpose("sample", ...)
    ranks = rankdata(-means.to_numpy()[::5], axis=1)
    slack = 4.5 * np.sqrt(0.03 * 0.97 * (1 / 4_000 + 1 / 20_000))
    assert ((ranks < schools["rank_lower"].to_numpy()).mean(axis=0) < 0.03 + slack).all()
    assert ((ranks <= schools["rank_lower"].to_numpy()).mean(axis=0) > 0.03 - slack).all()
    assert ((ranks > schools["rank_upper"].to_numpy()).mean(axis=0) < 0.03 + slack).all()
    assert ((ranks >= schools["rank_upper"].to_numpy()).mean(axis=0) > 0.03 - slack).all()
    assert schools["rank"].tolist() == rankdata(-schools["mean"]).tolist()


def broken_city(fault: str) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    sizes = rng.integers(5, 60, 60)
    school = np.repeat(np.arange(60), sizes)
    means, spread, noise = rng.normal(63, 4, 60), np.full(60, 10.0), rng.normal(size=len(school))
    if fault == "extreme values within schools":
        noise = rng.standard_t(3, len(school))
    if fault == "spread within schools":
        spread = np.exp(rng.normal(2, 0.5, 60))
    if fault == "school farthest from the others":
        means[0] += 40
    if fault == "size and mean of schools":
        means = 63 + 4 * (sizes - 32) / 16
    return pd.DataFrame({"school": school, "score": means[school] + spread[school] * noise})


def test_a_school_near_the_others_is_no_fault() -> None:
    """Means that agree better than chance would have it: only too far is asked about."""
    noise = norm.ppf((np.arange(20) + 0.5) / 20) * 10
    scores = pd.DataFrame({"school": np.repeat(np.arange(30), 20), "score": np.tile(noise, 30)})
    far = analyse(scores).checks.filter(like="farthest", axis="index").iloc[0]
    assert far["observed"] < far["lower"]
    assert far["passed"]


@pytest.mark.parametrize(
    "fault",
    [
        "extreme values within schools",
        "spread within schools",
        "school farthest from the others",
        "size and mean of schools",
    ],
)
def test_a_check_fails_where_its_assumption_is_broken(fault: str) -> None:
    sound, broken = (analyse(broken_city(kind)) for kind in ("none", fault))
    assert sound.checks["passed"].all()
    (row,) = (name for name in broken.checks.index if name.startswith(fault))
    assert not broken.checks["passed"][row]
    assert "FAILED" in str(broken)


def test_schools_with_the_same_scores_keep_their_order_however_these_are_rounded() -> None:
    rng = np.random.default_rng(3)
    kinds = rng.normal(63, 10, size=(4, 9))
    scores = pd.DataFrame(
        {"school": np.repeat(np.arange(60), 9), "score": np.tile(kinds.ravel(), 15)}
    )
    scores["score"] += rng.normal(0, 1e-13, len(scores))
    schools = analyse(scores).schools
    for _, same in schools.groupby(schools.index % 4):
        assert same.index.tolist() == sorted(same.index)
