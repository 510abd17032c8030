"""`analyse` where a row is a group: n, mean and sd; effects and their errors; passes of trials."""

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import test_effects
import test_passes
from scipy.special import betainc
from scipy.stats import betabinom, norm

from helpers.exact.effects import EffectsPosterior, effects_posterior
from helpers.exact.passes import PassesPosterior, _beta_quantiles, beta_below, passes_posterior
from helpers.own_data.analysis import analyse
from helpers.own_data.derived import outcome_of
from helpers.own_data.model_checks import LARGEST_ERROR, check_effects, check_passes
from helpers.own_data.words import Words
from helpers.schools import simulate_city

MEANS = {"n": "n", "mean": "mean", "sd": "sd"}
EFFECTS = {"effect": "effect", "se": "se"}
PASSES = {"passes": "passes", "trials": "trials"}
HOSPITALS = {"group": "hospital", "unit": "patient"}
NUMBERS = ["mean", "sd", "lower", "upper"]


def means_of(scores: pd.DataFrame) -> pd.DataFrame:
    table = scores.groupby("school")["score"].agg(["size", "mean", "std"]).reset_index()
    return table.set_axis(["school", "n", "mean", "sd"], axis=1)


def studies(seed: int, size: int, tau: float = 1.0, centre: float = 2.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    se = np.exp(rng.normal(0, 0.6, size))
    effect = rng.normal(centre, np.hypot(se, tau))
    return pd.DataFrame({"school": np.arange(size), "effect": effect, "se": se})


def counted(seed: int, size: int, m: float = 0.2, kappa: float = 30, most: int = 200):
    rng = np.random.default_rng(seed)
    trials = rng.integers(5, most, size)
    passes = rng.binomial(trials, rng.beta(m * kappa, (1 - m) * kappa, size))
    return pd.DataFrame({"school": np.arange(size), "passes": passes, "trials": trials})


def labelled(table: pd.DataFrame) -> pd.DataFrame:
    """A table of `test_effects` or `test_passes`, its labels in a column."""
    return table.rename_axis("school").reset_index()


EIGHT, TUMOURS = labelled(test_effects.EIGHT), labelled(test_passes.TUMOURS)
KINDS = {
    "means": (means_of(simulate_city(1, n_schools=12).scores), MEANS),
    "effects": (studies(1, 12), EFFECTS),
    "passes": (counted(1, 12), PASSES),
}


def flat(found) -> str:
    return " ".join(str(found).split())


@pytest.mark.parametrize(
    "scores",
    [
        simulate_city(42).scores,
        simulate_city(3, sizes=[1, 1, 2, 7, 30, 5], global_sigma=8).scores,
        simulate_city(4, n_schools=9, global_mean=-500, sigma_y=3).scores,
    ],
)
def test_n_mean_and_sd_give_what_the_scores_give(scores):
    units, groups = analyse(scores), analyse(means_of(scores), **MEANS)
    sd = units.parameters["sd"].iloc[:3]
    a, b = units.schools.index[[0, -1]]
    for ours, theirs in (
        (groups.parameters.iloc[:3], units.parameters.iloc[:3]),
        (groups.schools, units.schools),
        (groups.predict(), units.predict()),
        (groups.predict(a), units.predict(a)),
        (groups.compare(a, b), units.compare(a, b)),
        (groups.half_weight, units.half_weight),
    ):
        assert ours.index.equals(theirs.index)
        # The ends of intervals are found by steps, to within 0.002 sds.
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-7 * sd.max())
        exact = (ours[["mean", "sd"]], theirs[["mean", "sd"]]) if "mean" in ours else (0, 0)
        np.testing.assert_allclose(*exact, rtol=1e-9, atol=1e-9 * sd.max())
    # The opening and the checks differ; what was found is the same to the letter.
    ours, theirs = (
        str(one).partition("WHAT WAS")[2].partition("CHECKS") for one in (groups, units)
    )
    assert ours[0] == theirs[0] != ""
    assert "PRIORS" in str(groups)


def test_the_eight_schools_are_those_of_an_integral_over_tau():
    found = analyse(EIGHT, **EFFECTS)
    y = EIGHT["effect"]
    priors = {"prior_mean": y.mean(), "prior_sd": 2.5 * y.std(), "tau_prior_mean": y.std()}
    mean, sd = test_effects.witness(test_effects.EIGHT, **priors)  # τ, μ, the effects
    schools = found.schools.sort_index()
    np.testing.assert_allclose(schools["mean"], mean[2:], atol=1e-5)
    np.testing.assert_allclose(schools["sd"], sd[2:], rtol=1e-5)
    settings = found.parameters
    np.testing.assert_allclose(settings["mean"], [mean[1], mean[0]], rtol=1e-5)
    np.testing.assert_allclose(settings["sd"], [sd[1], sd[0]], rtol=1e-5)
    table = effects_posterior(test_effects.EIGHT, **priors).summary()
    pd.testing.assert_frame_equal(settings, table.iloc[:2])
    np.testing.assert_array_equal(schools[NUMBERS], table.iloc[2:])
    weights = EIGHT["se"].to_numpy() ** -2.0
    assert schools["complete"].iloc[0] == pytest.approx((weights @ y) / weights.sum())
    np.testing.assert_allclose(
        schools[["raw_lower", "raw_upper"]],
        np.transpose(norm.interval(0.94, y, EIGHT["se"])),
    )


def test_the_tumours_are_those_of_an_integral_over_the_plane():
    found = analyse(TUMOURS, **PASSES)
    mean, sd = test_passes.witness(test_passes.TUMOURS, "proper")
    schools = found.schools.loc[TUMOURS["school"]]
    np.testing.assert_allclose(schools["mean"], mean[2:], atol=1e-6)
    np.testing.assert_allclose(schools["sd"], sd[2:], rtol=1e-5)
    np.testing.assert_allclose(found.parameters[["mean", "sd"]], np.c_[mean, sd][:2], rtol=1e-5)
    table = passes_posterior(test_passes.TUMOURS).summary()
    np.testing.assert_allclose(schools[NUMBERS], table.iloc[2:], rtol=1e-9)
    assert schools["complete"].iloc[0] == TUMOURS["passes"].sum() / TUMOURS["trials"].sum()
    # Wilson's interval: at its ends the rate is just rejected.
    y, n = TUMOURS["passes"].to_numpy(), TUMOURS["trials"].to_numpy()
    for end in ("raw_lower", "raw_upper"):
        p = schools[end].to_numpy()
        np.testing.assert_allclose(
            (y - n * p) ** 2, norm.ppf(0.97) ** 2 * n * p * (1 - p), 1e-6, 1e-9
        )


HARD = {
    "effects": (studies(2, 12), EFFECTS),
    "two effects": (studies(3, 2), EFFECTS),
    "effects that agree": (studies(4, 9, 0.0, 1e4), EFFECTS),
    "passes": (counted(2, 12), PASSES),
    "passes that agree": (counted(3, 9, kappa=1e9), PASSES),
    "rare passes": (counted(4, 6, 0.01, 100, 60), PASSES),
    "two rates": (counted(5, 2), PASSES),
}


@pytest.mark.parametrize("name", HARD)
def test_what_is_said_is_what_draws_say(name):
    """200,000 other draws; 4.5 Monte Carlo errors."""
    table, columns = HARD[name]
    found, size = analyse(table, **columns), 200_000
    outcome = outcome_of(found.posterior)
    drawn = found.posterior.sample(50_000, seed=7).posterior
    groups = drawn[outcome.drawn].to_numpy().reshape(size, -1)
    mu, sigma = (drawn[x].to_numpy().ravel() for x in ("global_mean", "global_sigma"))
    rng = np.random.default_rng(1)
    if outcome.what == "effect":
        new, half, known = rng.normal(mu, sigma), sigma, table["se"].to_numpy() ** 2
        keep = [(1 / (1 + s2 / sigma**2)).mean() for s2 in known]
    else:
        half = np.maximum(mu * (1 - mu) / sigma**2 - 1, 1e-9)
        new = rng.beta(mu * half, (1 - mu) * half)
        keep = [(n / (n + half)).mean() for n in table["trials"]]

    predicted, last = found.predict(), len(table) - 1
    pairs = [
        (found.compare(0, last), groups[:, 0] - groups[:, last]),
        (predicted.iloc[0], new),
        (predicted.loc["the average school"], mu),
        (found.predict(last).iloc[0], groups[:, last]),
        (found.half_weight, half),
    ]
    noise = 4.5 * np.sqrt(0.03 * 0.97 / size)
    for said, draws in pairs:
        for end, p in (("lower", 0.03), ("upper", 0.97)):
            near = 0.004 * (said["sd"] if "sd" in said else said[end])  # ends are that exact
            assert (draws < said[end] - near).mean() < p + noise, (said, end)
            assert (draws < said[end] + near).mean() > p - noise, (said, end)
        if "mean" in said:
            assert abs(draws.mean() - said["mean"]) < 4.5 * draws.std() / np.sqrt(size)
    wide = predicted["upper"] - predicted["lower"]
    assert wide["the average school"] < wide.iloc[0]

    schools = found.schools.sort_index()
    np.testing.assert_allclose(schools["weight"], keep, atol=4.5 * 0.5 / np.sqrt(size))
    others = (groups.sum(axis=1, keepdims=True) - groups) / last
    for column, level in {"above_population": mu[:, None], "above": others}.items():
        slack = 4.5 * 0.5 / np.sqrt(size)
        # Above the others' mean, rates are drawn 4,000 times: a mean of probabilities.
        slack += 4.5 * 0.5 / np.sqrt(4000) * (column == "above" and outcome.what == "rate")
        assert (np.abs((groups > level).mean(axis=0) - schools[column]) < slack).all(), column


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_have_the_same_interface(kind, tmp_path, capsys):
    table, columns = KINDS[kind]
    found = analyse(table.rename(columns={"school": "ward"}), "ward", **columns, **HOSPITALS)
    schools, size = found.schools, len(table)
    expected = """raw raw_lower raw_upper complete mean sd lower upper weight weight_lower
        weight_upper rank rank_lower rank_upper above above_population"""
    assert [*schools.columns] == ["se" if kind == "effects" else "n", *expected.split()]
    assert schools.index.name == "ward" and [*schools["rank"]] == [*range(1, size + 1)]
    assert schools["mean"].is_monotonic_decreasing and schools.notna().all(axis=None)
    inside = ("mean", "lower", "upper"), ("raw", "raw_lower", "raw_upper")
    for middle, low, high in (*inside, ("weight", "weight_lower", "weight_upper")):
        assert (schools[low] <= schools[middle]).all() and (schools[middle] <= schools[high]).all()
    for column in {"n", "rank", "rank_lower", "rank_upper"} & {*schools.columns}:
        assert pd.api.types.is_integer_dtype(schools[column])
    assert [*found.half_weight.index] == ["median", "lower", "upper"]
    assert found.checks["passed"].dtype == bool and found.words.units == "patients"
    assert "numerical error" in found.checks.index[0]

    written = found.save(tmp_path / "mine")
    assert [path.name for path in written] == [
        "mine_report.txt",
        "mine_table.csv",
        "mine_figure.png",
    ]
    assert written[0].read_text(encoding="utf-8") == f"{found}\n"
    back = pd.read_csv(written[1], index_col="ward", encoding="utf-8")
    pd.testing.assert_frame_equal(back, schools, check_dtype=False)
    assert written[2].read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.count("Wrote") == 3


PREDICTED = {
    "means": (
        ["mean of hospital 3", "new patient in hospital 3"],
        ["mean of a new hospital", "new patient in a new hospital", "the average hospital"],
    ),
    "effects": (
        ["effect of hospital 3"],
        ["effect of a new hospital", "the average hospital"],
    ),
    "passes": (
        ["rate of hospital 3", "new patient in hospital 3"],
        ["rate of a new hospital", "new patient in a new hospital", "the average hospital"],
    ),
}


@pytest.mark.parametrize("kind", PREDICTED)
def test_three_predictions_are_told_apart_by_name(kind):
    table, columns = KINDS[kind]
    found = analyse(table, **columns, **HOSPITALS)
    known, new = found.predict(3), found.predict()
    assert ([*known.index], [*new.index]) == PREDICTED[kind]
    np.testing.assert_allclose(
        known.iloc[0].astype(float), found.schools.loc[3, NUMBERS].astype(float), rtol=1e-3
    )
    np.testing.assert_array_equal(new.iloc[-1], found.parameters.loc["global_mean", NUMBERS])
    if kind == "passes":  # a patient passes or not
        for rows in (known, new):
            p = rows["mean"].iloc[0]
            assert rows["mean"].iloc[1] == p
            assert rows["sd"].iloc[1] == pytest.approx(np.sqrt(p * (1 - p)))
            assert rows[["lower", "upper"]].iloc[1].isna().all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_comparison_turned_round_and_wrong_labels(kind):
    table, columns = KINDS[kind]
    found = analyse(table, **columns, **HOSPITALS)
    one, other = found.compare(1, 4), found.compare(4, 1)
    assert one["mean"] == pytest.approx(-other["mean"])
    assert one["above"] == pytest.approx(1 - other["above"], abs=1e-5)
    assert (one.name, other.name) == ("1 minus 4", "4 minus 1")
    for call in (lambda: found.compare("x", 1), lambda: found.predict("x")):
        with pytest.raises(ValueError, match="no hospital is called 'x'"):
            call()
    with pytest.raises(ValueError, match="two hospitals are needed"):
        found.compare(1, 1)


ALIKE = ["01", "1", "Zoë", "Zoe\u0308", "a\u200b", "a"]


@pytest.mark.parametrize("kind", KINDS)
def test_labels_that_look_alike_are_told_apart(kind, tmp_path: Path):
    table, columns = KINDS[kind]
    table = table.iloc[:6].assign(school=pd.Series(ALIKE, dtype=object))
    spread = {"mean": [0, 9, 20, 40, 60, 80], "effect": [0, 9, 20, 40, 60, 80], "trials": 400}
    spread["passes"] = [4, 80, 120, 200, 290, 370]
    found = analyse(
        table.assign(**{name: spread[name] for name in {*spread} & {*table}}), **columns
    )
    (listed,) = re.findall(r"Above the mean of the other .*?: 3: (.*?)\. Below", flat(found))
    assert listed.split(", ") == ["'a'", r"'a\u200b'", r"'Zoe\u0308'"]
    assert found.compare("1", "01")["mean"] > 0
    assert found.predict("a\u200b").index[0].endswith(r"'a\u200b'")
    back = pd.read_csv(found.save(tmp_path / "x")[1], encoding="utf-8")
    assert back["school"].nunique() == 6


@pytest.mark.parametrize("kind", KINDS)
def test_school_and_pupil_appear_nowhere_when_other_words_are_given(kind, tmp_path):
    table, columns = KINDS[kind]
    for rows in (table, table.iloc[:4]):
        found = analyse(
            rows.rename(columns={"school": "where"}),
            "where",
            **columns,
            group="ward",
            unit="mouse",
            units="mice",
        )
        said = [str(found), found.predict().to_string(), found.compare(0, 1).to_string()]
        said += found.checks["fault"].tolist() + found.checks.index.tolist()
        said += [path.read_text(encoding="utf-8") for path in found.save(tmp_path / "x")[:2]]
        assert not re.search("school|pupil", "\n".join(said), flags=re.IGNORECASE)
        assert "mouses" not in str(found) and "ward" in str(found)
    for name, column in columns.items():
        assert f"'{column}' as {name}" in str(found).splitlines()[0]
    assert "by 'where'." in flat(found)


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_says_what_was_assumed_and_what_is_not_checked(kind):
    table, columns = KINDS[kind]
    found = analyse(table, **columns, **HOSPITALS)
    text = flat(found)
    told = {
        "means": ["all patients: mean", "σ_α and σ_y ~ exponential", "extreme values within"],
        "effects": [
            "taken as known",
            "τ ~ exponential with mean",
            "the standard errors themselves",
        ],
        "passes": ["A trial is one patient", "uniform on 0 to 1", "depend on each other"],
    }[kind]
    for words in [*told, "PRIORS", "Half weight", "RANKING", "CHECKS", "Not checked"]:
        assert words in text, words
    if kind == "effects":
        y = table["effect"]
        numbers = re.findall(r"μ ~ N\((\S+), (\S+)\), τ ~ exponential with mean (\S+)\.", text)
        np.testing.assert_allclose(
            np.array(numbers, dtype=float)[0], [y.mean(), 2.5 * y.std(), y.std()], atol=0.006
        )
    if kind != "means":
        complete = re.findall(r"gives all hospitals one \w+: (\S+)\.", text)[0]
        assert float(complete) == pytest.approx(found.schools["complete"].iloc[0], abs=0.006)
    for start, name in {"mean of the population of": 0, "spread (sd) of the": 1}.items():
        row = found.parameters.iloc[name]
        (after,) = re.findall(re.escape(f"  {start}") + r"[^:]*: (.*?)\)\.", str(found), re.DOTALL)
        said = [float(x) for x in re.findall(r"-?\d+\.\d+", after)]
        np.testing.assert_allclose(said, row[["mean", "lower", "upper"]], atol=0.006)


@pytest.mark.parametrize("engine", ["polars", "lazy", "pyarrow", "duckdb", "dask"])
@pytest.mark.parametrize("kind", KINDS)
def test_any_table_gives_the_same_analysis(engine, kind):
    table, columns = KINDS[kind]
    if kind == "means":
        table = table.assign(n=[1, *table["n"][1:]], sd=[np.nan, *table["sd"][1:]])
    if engine == "duckdb":
        other = pytest.importorskip("duckdb").from_df(table)
    elif engine == "dask":
        other = pytest.importorskip("dask.dataframe").from_pandas(table, npartitions=2)
    else:
        other = {
            "polars": pl.from_pandas,
            "lazy": lambda t: pl.from_pandas(t).lazy(),
            "pyarrow": lambda t: pa.Table.from_pandas(t, preserve_index=False),
        }[engine](table)
    assert str(analyse(other, **columns)) == str(analyse(table, **columns))


def test_the_order_of_the_rows_and_the_kind_of_numbers_change_nothing():
    for table, columns in KINDS.values():
        expected = str(analyse(table, **columns))
        assert str(analyse(table[::-1], **columns)) == expected
        whole = {name: "Int64" for name in ("n", "passes", "trials") if name in table}
        assert str(analyse(table.astype(whole), **columns)) == expected


CALLS = {
    "half a pair": ({"effect": "effect"}, "effect= lacks se="),
    "two of three": ({"n": "n", "sd": "sd"}, "n= and sd= lacks mean="),
    "one of two": ({"trials": "trials"}, "trials= lacks passes="),
    "two kinds": ({**MEANS, **EFFECTS}, "are two kinds of table.*Give one kind"),
    "a mean and its error": (
        {"n": "n", "mean": "mean", "se": "se"},
        "lacks sd=; se= lacks effect=.*effect= and se= .also for a mean and its standard error",
    ),
    "a score too": ({"score": "y", **EFFECTS}, "are two kinds of table"),
    "one column for two": ({"effect": "se", "se": "se"}, "a column each"),
    "the labels' column": ({"passes": "school", "trials": "trials"}, "column of their own"),
    "no such column": ({"effect": "effect", "se": "error"}, "no column 'error'.*columns are"),
}


@pytest.mark.parametrize("name", CALLS)
def test_half_a_call_is_refused_and_what_is_missing_is_named(name):
    call, words = CALLS[name]
    table = EIGHT.assign(n=5, mean=1.0, sd=1.0, passes=1, trials=2, y=1.0)
    with pytest.raises(ValueError, match=words):
        analyse(table, **call)


def rows(**columns) -> pd.DataFrame:
    return pd.DataFrame({"school": ["A", "B", "C", "D"], **columns})


GOOD = {"n": [4, 5, 6, 7], "mean": [1.0, 2.0, 3.0, 5.0], "sd": [1.0, 1.5, 1.2, 1.1]}
REFUSED = {
    "n is not whole": (MEANS, {**GOOD, "n": [4, 5.5, 6, 7]}, "n must be a whole .*hospital B"),
    "n is 0": (MEANS, {**GOOD, "n": [4, 5, 0, 0]}, "n must be a whole .*hospitals C, D"),
    "a negative sd": (MEANS, {**GOOD, "sd": [1, -1, 1, 1]}, "sd must not be negative.*hospital B"),
    "no sd": (MEANS, {**GOOD, "sd": [1, 1, np.nan, 1]}, "'sd' is missing or infinite in hospitals"),
    "an sd of one": (MEANS, {**GOOD, "n": [1, 5, 6, 7]}, "one patient alone has no sd.*hospital A"),
    "no mean": (MEANS, {**GOOD, "mean": [np.nan, 1, 2, 3]}, "'mean' is missing .* hospitals ..A"),
    "all alone": (MEANS, {**GOOD, "n": 1, "sd": np.nan}, "one patient alone.*effect= and se="),
    "no spread": (MEANS, {**GOOD, "sd": 0}, "sd of every hospital is 0"),
    "text": (MEANS, {**GOOD, "sd": list("abcd")}, "'sd' must hold numbers"),
    "text for n": (MEANS, {**GOOD, "n": list("1234")}, "'n' must hold numbers"),
    "an se of 0": (
        EFFECTS,
        {"effect": [1.0, 2, 3, 4], "se": [1, 0, 1, 1]},
        "positive .hospital B.$",
    ),
    "a negative se": (EFFECTS, {"effect": [0.1, 2, 3, 4], "se": [1, -1, 1, 1]}, "positive.*B"),
    "an se of a share": (
        EFFECTS,
        {"effect": [0.5, 0.0, 1.0, 0.3], "se": [0.1, 0, 0, 0.1]},
        "positive .hospitals B, C.*passes= and trials=",
    ),
    "an infinite effect": (
        EFFECTS,
        {"effect": [1, np.inf, 2, 3], "se": 1},
        "infinite in hospitals",
    ),
    "equal effects": (EFFECTS, {"effect": 2.5, "se": [1, 2, 3, 4]}, "all effects are equal .2.5"),
    "shares": (PASSES, {"passes": [0.5, 0.25, 1, 0], "trials": 20}, "are counts.*share times"),
    "half passes": (PASSES, {"passes": [5, 2.5, 1, 0], "trials": 20}, "whole numbers.*hospital B"),
    "fewer than none": (PASSES, {"passes": [5, -2, 1, 0], "trials": 20}, "from 0.*hospital B"),
    "no trial": (PASSES, {"passes": 0, "trials": [20, 0, 3, 4]}, "from 1 upwards.*hospital B"),
    "half a trial": (
        PASSES,
        {"passes": 0, "trials": [20, 2.5, 3, 4]},
        "trials must be.*hospital B",
    ),
    "too many": (PASSES, {"passes": [5, 30, 1, 0], "trials": 20}, "more passes.*hospital B.$"),
    "changed places": (PASSES, {"passes": 20, "trials": [9, 20, 7, 6]}, "changed places"),
    "yes and no": (PASSES, {"passes": [True, False] * 2, "trials": 1}, "must hold numbers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_number_is_refused_and_its_row_named_in_the_callers_words(name):
    columns, table, words = REFUSED[name]
    with pytest.raises(ValueError, match=words) as refusal:
        analyse(rows(**table), **columns, **HOSPITALS)
    assert not re.search("school|pupil", re.sub(r"'[^']*'", "", str(refusal.value)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_twice_names_the_other_call(kind):
    table, columns = KINDS[kind]
    twice = pd.concat([table, table.iloc[:1]])
    with pytest.raises(
        ValueError, match=r"hospitals have several rows: 0\. .*analyse\(table, 'sch"
    ):
        analyse(twice, **columns, **HOSPITALS)
    with pytest.raises(ValueError, match="needs two hospitals or more"):
        analyse(table.iloc[:1], **columns, **HOSPITALS)
    with pytest.raises(ValueError, match="column 'school' is missing in 1 row"):
        analyse(table.assign(school=[None, *table["school"][1:]]), **columns, **HOSPITALS)


def test_the_call_with_a_row_a_unit_names_the_others():
    scores = simulate_city(1, n_schools=9).scores
    with pytest.raises(
        ValueError, match=r"n=, mean= and sd=; effect= and se=.*passes= and trials="
    ):
        analyse(scores.groupby("school", as_index=False).first(), **HOSPITALS)
    yes = scores["score"] > 63
    with pytest.raises(ValueError, match="in each hospital, and give passes= and trials="):
        analyse(scores.assign(score=yes), **HOSPITALS)
    said = flat(analyse(scores.assign(score=yes.astype(int)), **HOSPITALS)).partition("CAUTION")[2]
    assert "in each hospital, and give passes= and trials=" in said
    shares = np.random.default_rng(1).binomial(20, 0.8, len(scores)) / 20
    said = flat(analyse(scores.assign(score=shares), **HOSPITALS)).partition("CAUTION")[2]
    assert "passes= and trials= of each hospital" in said


def as_errors(seed: int) -> pd.DataFrame:
    return means_of(simulate_city(seed).scores).assign(sd=lambda t: t["sd"] / np.sqrt(t["n"]))


def shares_as_effects(seed: int) -> pd.DataFrame:
    table = counted(seed, 20, 0.4)
    rate = table["passes"] / table["trials"]
    return table.assign(effect=rate, se=np.sqrt(rate * (1 - rate) / table["trials"]))


def zeros_and_ones(seed: int) -> pd.DataFrame:
    scores = simulate_city(seed).scores
    return means_of(scores.assign(score=(scores["score"] > 63).astype(float)))


CAUTIONS = {
    "standard errors as sds": (as_errors(1), MEANS, "give effect= and se=; the sd of patients"),
    "values 0 and 1": (
        zeros_and_ones(1),
        MEANS,
        "values that are 0 and 1 only.*passes= and trials=",
    ),
    "shares as effects": (shares_as_effects(1), EFFECTS, "give passes= and trials="),
    "sds as errors": (
        studies(1, 20, 0.0).assign(se=lambda t: 6 * t["se"]),
        EFFECTS,
        "nearer to each other than their standard errors allow.*sds of single values",
    ),
    "trials one by one": (
        counted(1, 20).assign(trials=1, passes=lambda t: t["passes"] % 2),
        PASSES,
        "one patient alone.*add up the passes",
    ),
    "few means": (KINDS["means"][0].iloc[:5], MEANS, "5 hospitals say little"),
    "few effects": (EIGHT.iloc[:7], EFFECTS, "7 hospitals say little"),
    "few rates": (TUMOURS.iloc[::10].iloc[:7], PASSES, "7 hospitals say little"),
    "means": (means_of(simulate_city(2).scores), MEANS, None),
    "effects": (studies(2, 20), EFFECTS, None),
    "eight schools": (EIGHT, EFFECTS, None),
    "effects between 0 and 1": (
        studies(3, 20).assign(effect=lambda t: norm.cdf(t["effect"]), se=0.2),
        EFFECTS,
        None,
    ),
    "rates": (TUMOURS, PASSES, None),
}


@pytest.mark.parametrize("name", CAUTIONS)
def test_a_caution_where_the_columns_say_that_another_call_is_meant(name):
    table, columns, words = CAUTIONS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = flat(analyse(table, **columns, **HOSPITALS)).partition("CAUTION")[2]
    assert re.search(words, said) if words else not said, said


def test_cautions_are_rare_where_there_is_no_cause():
    """30 tables of each kind that the model made."""
    from helpers.own_data.cautions import group_cautions

    words = Words.of("school", "pupil", None, None)
    for seed in range(30):
        for kind, table in {
            "means": means_of(simulate_city(seed).scores).fillna(0),
            "effects": studies(seed, 20),
            "passes": counted(seed, 20),
        }.items():
            assert group_cautions(kind, table, words) == [], (kind, seed)
        assert len(group_cautions("means", as_errors(seed).fillna(0), words)) == 1
        assert len(group_cautions("effects", shares_as_effects(seed), words)) == 1


def underdispersed() -> pd.DataFrame:
    return counted(1, 20).assign(trials=100, passes=np.arange(20) % 2 + 30)


def broken(fault: str) -> tuple[pd.DataFrame, dict]:
    made = {"effect": studies(5, 60), "rate": counted(5, 60, kappa=200)}
    size = np.arange(60)
    if fault == "effects that agree":
        return made["effect"].assign(effect=size % 2 * 0.01), EFFECTS
    if fault == "effects that differ where they are best known":
        wild = np.where(size < 5, 30.0 * (-1) ** size, 0.1 * (size % 2))
        return made["effect"].assign(effect=wild, se=np.where(size < 5, 0.1, 10.0)), EFFECTS
    if fault == "an effect far away":
        return made["effect"].assign(effect=lambda t: t["effect"] + 40 * (size == 3)), EFFECTS
    if fault == "effects with their errors":
        return made["effect"].assign(effect=lambda t: t["effect"] + 5 * t["se"]), EFFECTS
    if fault == "rates that agree":
        return underdispersed(), PASSES
    if fault == "a rate far away":
        more = {"trials": 200, "passes": np.where(size == 3, 190, 38 + size % 5)}
        return made["rate"].assign(**more), PASSES
    if fault == "rates with their sizes":
        more = {"trials": 20 + 5 * size, "passes": (20 + 5 * size) * (5 + size) // 100}
        return made["rate"].assign(**more), PASSES
    raise AssertionError(fault)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("effects that agree", "hospitals more alike than their standard errors allow"),
        ("effects that differ where they are best known", "hospitals that differ more"),
        ("an effect far away", "one hospital farther from the others than the model allows"),
        ("effects with their errors", "larger standard errors have the higher effects"),
        ("rates that agree", "hospitals more alike than chance allows"),
        ("a rate far away", "one hospital farther from the others than the model allows"),
        ("rates with their sizes", "larger hospitals have the higher rates"),
    ],
)
def test_each_check_fails_where_its_assumption_is_broken(fault, words):
    table, columns = broken(fault)
    found = analyse(table, **columns, **HOSPITALS)
    assert any(words in one for one in found.checks["fault"]), found.checks
    assert "FAILED" in flat(found)
    for _, row in found.checks.iterrows():
        assert row["passed"] == (row["fault"] == "") == (
            row["lower"] <= row["observed"] <= row["upper"]
        ) or ("farthest" in row.name and row["observed"] < row["lower"])


def test_the_numerical_error_fails_where_nodes_are_too_few():
    effects, passes = (
        analyse(*KINDS[k][:1], **KINDS[k][1]).posterior for k in ("effects", "passes")
    )
    rare = EffectsPosterior(
        effects.studies, *(x[::6] for x in (effects.t, effects.mu, effects.mu_sd, effects.log))
    )
    few = PassesPosterior(passes.groups, passes.u[::4], passes.x[::6, ::4], passes.log[::6, ::4])
    words, rng = Words.of("school", "pupil", None, None), np.random.default_rng(1)
    for posterior, coarse, check, table in (
        (effects, rare, check_effects, effects.studies),
        (passes, few, check_passes, passes.groups),
    ):
        assert posterior.error < LARGEST_ERROR < coarse.error
        summary, drawn = posterior.summary().iloc[:2], posterior.sample(100, seed=1).posterior
        draws = tuple(drawn[x].to_numpy().ravel() for x in summary.index)
        for one, passed in ((posterior, True), (coarse, False)):
            checks = check(table, summary, draws, one.error, words, rng)
            assert checks["passed"].iloc[0] == passed


def test_how_far_the_farthest_is_is_measured_in_its_own_sds():
    for kind, name in (("effects", "effect"), ("passes", "rate")):
        table, columns = KINDS[kind]
        found = analyse(table, **columns)
        m, between = found.parameters["mean"].iloc[0], (found.parameters.iloc[1, :2] ** 2).sum()
        if name == "effect":
            far = (table["effect"] - m).abs() / np.hypot(table["se"], np.sqrt(between))
        else:
            kappa = m * (1 - m) / between - 1
            sd = betabinom(table["trials"], m * kappa, (1 - m) * kappa).std()
            far = (table["passes"] - table["trials"] * m).abs() / sd
        row = found.checks[found.checks.index.str.contains("farthest")].iloc[0]
        assert row["observed"] == pytest.approx(far.max())


def test_perfect_data_fail_a_check_no_more_often_than_is_said():
    """40 tables of each kind; the bound and 3.5 Monte Carlo errors."""
    for made, columns in ((studies, EFFECTS), (counted, PASSES)):
        checks = [analyse(made(seed, 15), **columns).checks for seed in range(40)]
        said = checks[0]["chance"].sum()
        assert said == pytest.approx(0.05)
        failing = np.mean([not one["passed"].all() for one in checks])
        assert failing < said + 3.5 * np.sqrt(said * (1 - said) / 40)


def test_a_check_that_could_not_fail_is_left_out_and_said():
    found = analyse(EIGHT.assign(se=10.0), **EFFECTS)
    assert not found.checks.index.str.contains("rank correlation").any()
    assert "Left out, as these data can't show it either way: 1 more." in flat(found)


def test_large_beta_distributions_are_those_of_scipy():
    rng = np.random.default_rng(1)
    for largest in (3e4, 1e6, 1e8):
        a, b = np.exp(rng.uniform(np.log(3e3), np.log(largest), (2, 500)))
        x = a / (a + b) + rng.normal(0, 2, 500) * np.sqrt(a * b / (a + b) ** 3)
        np.testing.assert_allclose(beta_below(a, b, x), betainc(a, b, x), atol=1e-6)
        p = rng.random(500)
        np.testing.assert_allclose(betainc(a, b, _beta_quantiles(a, b, p)), p, atol=1e-6)


def test_groups_with_the_same_numbers_keep_the_order_of_the_table():
    for table, columns in KINDS.values():
        many = pd.concat([table] * 5, ignore_index=True).assign(school=np.arange(60))
        schools = analyse(many, **columns).schools
        for _, same in schools.groupby(schools.index % 12):
            assert same.index.tolist() == sorted(same.index)
