"""`assets/posterior.js`, in a browser: its numbers are those of `helpers.exact`."""

import re
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page
from reader import BOOK, compute

from helpers.exact import exact_posterior
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

NAMES = {"mean": "prior_mean", "sd": "prior_sd"}
NAMES |= {"sigmaAlphaMean": "sigma_alpha_prior_mean", "sigmaYMean": "sigma_y_prior_mean"}
BOOKS = {"mean": 50.0, "sd": 10.0, "sigmaAlphaMean": 1.0, "sigmaYMean": 1.0}
PARTS = ("posterior_windows", "posterior_ratios", "posterior_mixture", "posterior")
DRAWS = 4000


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    one = browser.new_page()
    for script in ("normal", *PARTS):
        one.add_script_tag(path=BOOK / "assets" / f"{script}.js")
    yield one
    one.close()


def of_schools(page: Page, schools: pd.DataFrame, priors: dict, draws: int = 0) -> dict | str:
    table = {name: schools[name].tolist() for name in ("n", "mean", "ss")}
    table["label"] = schools.index.tolist()
    return compute(page, "partialPooling.exactPosterior", table, priors, draws)


def python(schools: pd.DataFrame, priors: dict):
    return exact_posterior(schools, **{NAMES[name]: value for name, value in priors.items()})


def of_scores(schools: pd.DataFrame) -> dict:
    """Priors from the scale of the scores, as `analyse` sets them."""
    n, mean = schools["n"], schools["mean"]
    centre = np.average(mean, weights=n)
    sd = np.sqrt((schools["ss"].sum() + (n * (mean - centre) ** 2).sum()) / (n.sum() - 1))
    return {"mean": centre, "sd": 2.5 * sd, "sigmaAlphaMean": sd, "sigmaYMean": sd}


def city(seed: int, **how: object) -> pd.DataFrame:
    return summarise_schools(simulate_city(seed=seed, **how).scores)


def changed(schools: pd.DataFrame, shift: float, scale: float) -> pd.DataFrame:
    mean, ss = schools["mean"] * scale + shift, schools["ss"] * scale**2
    return schools.assign(mean=mean, ss=ss)


def hard() -> Iterator[tuple[str, pd.DataFrame, dict]]:
    tables = {
        "two and three pupils": city(1, sizes=[2, 3]),
        "500 schools": city(2, n_schools=500),
        "schools far apart": city(3, n_schools=30, global_sigma=40),
        "schools alike": city(4, global_sigma=1e-9),
        "five of three": city(5, sizes=[3] * 5),
        "one very large": city(6, sizes=[2] * 20 + [100_000]),
        "around a million": changed(city(7), 1e6, 1),
        "tiny": changed(city(8), 0, 1e-3),
        "all of one size": city(11, sizes=[20] * 40),
        "one pupil alone, but for one": city(12, sizes=[1] * 30 + [2]),
        "the least of all": city(14, sizes=[2, 1]),
    }
    for name, schools in tables.items():
        yield name, schools, of_scores(schools)
    for name in ("schools far apart", "schools alike", "around a million"):
        yield f"{name}, the book's priors", tables[name], BOOKS
    yield (
        "two peaks",
        city(109, sizes=[3, 2, 5, 3]),
        {
            "mean": 37.70566850092739,
            "sd": 1.5794512972431516,
            "sigmaAlphaMean": 0.059979791119950956,
            "sigmaYMean": 0.04034331200446402,
        },
    )
    for seed in range(60):  # sizes and priors of every kind
        rng = np.random.default_rng(seed)
        sizes = np.exp(rng.uniform(0, rng.choice([2, 8]), rng.choice([2, 3, 5, 20]))).astype(int)
        sizes[0] = max(sizes[0], 2)
        schools = city(seed, sizes=sizes.tolist(), global_sigma=10 ** rng.uniform(-2, 2))
        priors = {"mean": 63 + 20 * rng.normal(), "sd": 10 ** rng.uniform(-1, 1)}
        priors |= {name: 10 ** rng.uniform(-2, 2) for name in ("sigmaAlphaMean", "sigmaYMean")}
        yield f"seed {seed}", schools, priors


@pytest.mark.parametrize(
    ("name", "schools", "priors"), list(hard()), ids=lambda x: x if isinstance(x, str) else ""
)
def test_the_numbers_are_those_of_python(name, schools, priors, page) -> None:
    found = of_schools(page, schools, priors)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours = python(schools, priors)
    table = ours.summary()
    for column in table:
        settings = [found[part][column] for part in ("mu", "sigmaAlpha", "sigmaY")]
        off = np.abs(np.array([*settings, *found["schools"][column]]) - table[column]) / table["sd"]
        # Each side's own error, which it tells; Python's ends are found to 0.002 sds.
        allowed = 1e-6 + ours.error + found["error"] if column in ("mean", "sd") else 0.004
        assert off.max() < allowed, (name, column)
    assert found["warning"] == "".join(str(one.message) for one in caught[:1])


@pytest.mark.parametrize("seed", range(5))
def test_draws_and_comparisons_are_those_of_the_posterior(seed, page) -> None:
    schools = city(seed, sizes=[2, 9, 30, 30, 80])
    priors = of_scores(schools)
    found = of_schools(page, schools, priors, DRAWS)
    table = python(schools, priors).summary().iloc[[0, 1, 2, 3, -1]]
    scales = [[one[name] for name in ("mu", "sigmaAlpha", "sigmaY")] for one in found["drawn"]]
    ends = [[one["schools"][0], one["schools"][-1]] for one in found["drawn"]]
    drawn = np.hstack([scales, ends])
    off = (drawn.mean(axis=0) - table["mean"]) / table["sd"] * np.sqrt(DRAWS)
    assert np.abs(off).max() < 4.5
    for end, share in (("lower", 0.03), ("upper", 0.97)):
        below = (drawn < table[end].to_numpy()).mean(axis=0)
        assert np.abs(below - share).max() < 4.5 * np.sqrt(0.03 * 0.97 / DRAWS) + 0.001
    above, under = found["above"]
    assert abs(above + under - 1) < 1e-12
    seen = (drawn[:, 3] > drawn[:, 4]).mean()
    assert abs(seen - above) < 4.5 * np.sqrt(above * under / DRAWS) + 1e-9


def refused() -> Iterator[tuple[pd.DataFrame, dict]]:
    schools = city(1, sizes=[2, 3, 4])
    for column, value in [("n", 0), ("n", 2.5), ("mean", np.inf), ("ss", -1.0), ("ss", np.inf)]:
        table = schools.astype(float)
        table.loc[1, column] = value
        yield table, BOOKS
    yield schools.iloc[:1], BOOKS
    yield schools.iloc[:0], BOOKS
    yield schools.assign(n=1, ss=0.0), BOOKS
    yield schools.assign(ss=0.0), BOOKS
    yield changed(schools, 0, 1e153), BOOKS
    for name in BOOKS:
        for value in (np.nan, np.inf) + ((0.0, -1.0) if name != "mean" else ()):
            yield schools, BOOKS | {name: value}
    yield changed(schools, 1e12, 1e-3), BOOKS


@pytest.mark.parametrize(("schools", "priors"), list(refused()), ids=lambda _: "")
def test_what_python_refuses_is_refused_in_the_same_words(schools, priors, page) -> None:
    with pytest.raises(ValueError) as problem, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        python(schools, priors)
    said = of_schools(page, schools, priors)
    assert isinstance(said, str)
    # A number is printed as each language does: nan and NaN, 0.0 and 0.
    same = [
        re.sub(r"(?i)\(error \S+ of|infinity|inf|nan|(?<=\d)\.0\b", "", text)
        for text in (said, str(problem.value))
    ]
    assert same[0] == same[1]
