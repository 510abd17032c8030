"""Effects, and passes of trials, in a browser: the numbers are those of `helpers.exact`."""

import io
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import test_effects
import test_passes
from playwright.sync_api import Browser, Page, expect
from reader import BOOK, COLOURS, READERS, audit, compute
from scipy.stats import binom, binomtest
from test_own_data import BATTERS, EIGHT, bring, computed, saved

from helpers.exact.effects import effects_posterior
from helpers.exact.passes import passes_posterior

NUMBERS = ("normal", "effects", "beta", "passes_plane", "passes_cells", "passes")
DRAWS = 4000


@pytest.fixture(scope="module")
def scripts(browser: Browser) -> Iterator[Page]:
    one = browser.new_page()
    for script in NUMBERS:
        one.add_script_tag(path=BOOK / "assets" / f"{script}.js")
    yield one
    one.close()


def ours_and_theirs(found: dict, settings: list[str], groups: str, table: pd.DataFrame) -> None:
    """Means and sds within 1e-6 posterior sds, ends within 0.002."""
    for column in table:
        values = [found[part][column] for part in settings] + found[groups][column]
        off = np.abs(np.array(values) - table[column]) / table["sd"]
        assert off.max() < (1e-6 if column in ("mean", "sd") else 0.002), (column, off)


def of_effects(page: Page, studies: pd.DataFrame, priors: dict, draws: int = 0) -> dict | str:
    names = {"prior_mean": "mean", "prior_sd": "sd", "tau_prior_mean": "tauMean"}
    plain = {"mean": 0.0, "sd": np.inf, "tauMean": np.inf}
    given = plain | {names[name]: float(value) for name, value in priors.items()}
    table = {name: studies[name].tolist() for name in ("effect", "se")}
    table["label"] = studies.index.tolist()
    return compute(page, "knownErrors.effectsPosterior", table, given, draws)


@pytest.mark.parametrize("name", test_effects.HARD)
def test_effects_are_those_of_python(name: str, scripts: Page) -> None:
    studies, priors = test_effects.HARD[name]
    found = of_effects(scripts, studies, priors, DRAWS)
    posterior = effects_posterior(studies, **priors)
    ours_and_theirs(found, ["mu", "tau"], "effects", posterior.summary())
    assert found["error"] < 1e-9
    first, last = studies.index[[0, -1]]
    above, under = found["above"]
    assert abs(above - posterior.combine({first: 1, last: -1})["above"]) < 1e-9
    assert abs(above + under - 1) < 1e-9
    table, drawn = posterior.summary()[2:], np.array([one["effects"] for one in found["drawn"]])
    for end, share in (("lower", 0.03), ("upper", 0.97)):
        below = (drawn < table[end].to_numpy()).mean(axis=0)
        assert np.abs(below - share).max() < 4.5 * np.sqrt(0.03 * 0.97 / DRAWS) + 0.001


@pytest.mark.parametrize(
    ("change", "priors"),
    [
        ({"se": 0.0}, {}),
        ({"se": np.inf}, {}),
        ({"effect": np.nan}, {}),
        ({}, {"prior_sd": 0.0}),
        ({}, {"tau_prior_mean": -1.0}),
        ({}, {"prior_mean": np.nan}),
    ],
)
def test_effects_that_python_refuses_are_refused_too(change, priors, scripts: Page) -> None:
    studies = test_effects.EIGHT.astype(float)
    studies.loc["C", list(change)] = list(change.values())
    with pytest.raises(ValueError) as problem:
        effects_posterior(studies, **priors)
    assert of_effects(scripts, studies, priors) == str(problem.value)


@pytest.mark.parametrize(("size", "priors"), [(4, {}), (1, test_effects.PROPER)])
def test_too_few_effects_are_refused(size: int, priors: dict, scripts: Page) -> None:
    with pytest.raises(ValueError) as problem:
        effects_posterior(test_effects.EIGHT[:size], **priors)
    assert of_effects(scripts, test_effects.EIGHT[:size], priors) == str(problem.value)


def of_passes(page: Page, groups: pd.DataFrame, prior: str, draws: int = 0) -> dict | str:
    table = {name: groups[name].tolist() for name in ("passes", "trials")}
    table["label"] = groups.index.tolist()
    return compute(page, "passesOfTrials.passesPosterior", table, {"prior": prior}, draws)


@pytest.mark.parametrize("name", test_passes.HARD)
def test_rates_are_those_of_python(name: str, scripts: Page) -> None:
    groups, prior = test_passes.HARD[name]
    found = of_passes(scripts, groups, prior, DRAWS)
    posterior = passes_posterior(groups, prior=prior)
    ours_and_theirs(found, ["m", "sigma"], "rates", posterior.summary())
    first, last = groups.index[[0, -1]]
    above, under = found["above"]
    # Python counts rates that 64 bits can't tell from each other, both 0 or both 1, for neither.
    assert above > posterior.compare(first, last)["above"] - 1e-4
    assert under > posterior.compare(last, first)["above"] - 1e-4
    assert abs(above + under - 1) < 1e-9
    table, drawn = posterior.summary()[2:], np.array([one["rates"] for one in found["drawn"]])
    for end, share in (("lower", 0.03), ("upper", 0.97)):
        near = 0.002 * table["sd"].to_numpy()
        noise = 4.5 * np.sqrt(0.03 * 0.97 / DRAWS) + 0.001
        assert ((drawn < table[end].to_numpy() - near).mean(axis=0) < share + noise).all()
        assert ((drawn < table[end].to_numpy() + near).mean(axis=0) > share - noise).all()


@pytest.mark.parametrize(
    ("passes", "trials", "prior"),
    [
        ([1, 2.5], [5, 5], "proper"),
        ([1, 6], [5, 5], "proper"),
        ([0, -1], [5, 5], "proper"),
        ([0, 0], [5, 0], "proper"),
        ([1], [2], "proper"),
        ([0, 3], [2, 3], "power"),
        ([1, 3], [2, 5], "flat"),
    ],
)
def test_counts_that_python_refuses_are_refused_too(passes, trials, prior, scripts) -> None:
    groups = test_passes.counts(passes, trials)
    with pytest.raises(ValueError) as problem:
        passes_posterior(groups, prior=prior)
    assert of_passes(scripts, groups, prior) == str(problem.value)


# ---- The page ----

EXACT = """([passes, trials]) => {
    const table = { label: passes.map(String), passes, trials };
    const work = ownKinds.passes.compute(table, { prior: "proper" });
    let step = work.next();
    while (!step.done) step = work.next();
    const { interval, band, middle } = step.value;
    return { interval: passes.map((_, i) => interval(i)), band: trials.map(band), m: middle.mean };
}"""


def example(page: Page, one: dict) -> pd.DataFrame:
    """Load an example; give the table to save."""
    computed(page)
    page.get_by_role("button", name=one["name"], exact=True).click()
    expect(page.locator("[data-part=group]")).to_have_value(one["group"])
    assert computed(page).startswith("Done")
    return pd.read_csv(io.StringIO(saved(page, "Save the table")), index_col=0)


def test_eight_schools_on_the_page_are_those_of_python(visit) -> None:
    page, problems = visit("own_data")
    rows = example(page, EIGHT)
    studies = test_effects.EIGHT
    mean, sd = studies["effect"].mean(), studies["effect"].std()
    posterior = effects_posterior(studies, prior_mean=mean, prior_sd=2.5 * sd, tau_prior_mean=sd)
    table = posterior.summary()[2:].set_axis(studies.index)
    rows = rows.loc[studies.index]
    assert (rows[["se", "raw"]].to_numpy() == studies[["se", "effect"]].to_numpy()).all()
    assert (np.abs(rows["mean"] - table["mean"]) < 1e-6 * table["sd"]).all()
    assert (np.abs(rows["upper"] - table["upper"]) < 0.002 * table["sd"]).all()
    assert (rows["rank"] == table["mean"].rank(ascending=False)).all()
    tau = np.exp(posterior.t)
    keeps = posterior.weight @ (1 / (1 + (studies["se"].to_numpy() / tau[:, None]) ** 2))
    assert np.abs(rows["weight"] - keeps).max() < 0.03  # from 1,000 draws
    words = page.locator("[data-part=dial] p").inner_text()
    assert "a school with a standard error of 18.0 keeps" in words
    verdict = page.locator("[data-part=pair] p").last
    page.locator("[data-part=pair] select").last.select_option(label="E")
    above = posterior.combine({"A": 1, "E": -1})["above"]
    expect(verdict).to_contain_text(f"A lies above E with a probability of {above:.0%}")
    expect(page.locator("[data-part=prior] tbody tr")).to_have_count(3)
    expect(page.locator("[data-part=unit]")).to_be_hidden()
    assert not problems


def test_batters_on_the_page_are_those_of_python(visit) -> None:
    page, problems = visit("own_data")
    rows = example(page, BATTERS)
    batters = pd.read_csv(BOOK / "data" / "batters.csv", index_col=0)
    groups = pd.DataFrame({"passes": batters["hits"], "trials": batters["at_bats"]})
    table = passes_posterior(groups).summary()[2:].set_axis(groups.index)
    rows = rows.loc[groups.index]
    assert (rows[["passes", "trials"]] == groups).all(axis=None)
    assert (np.abs(rows["mean"] - table["mean"]) < 1e-6 * table["sd"]).all()
    assert (np.abs(rows["lower"] - table["lower"]) < 0.002 * table["sd"]).all()
    expect(page.locator("[data-part=prior] tbody tr")).to_have_count(2)
    # All have 45 trials: then the charts show them in their order.
    expect(page.locator("[data-part=panels] svg svg").first).to_contain_text("all batters of 45")
    figure = ET.fromstring(saved(page, "Save the figure"))
    assert len(list(figure.iter("{http://www.w3.org/2000/svg}circle"))) == 2 * 19
    assert not problems


def test_intervals_of_raw_rates_and_the_band_of_luck(visit) -> None:
    page, _ = visit("own_data")
    passes, trials = [0, 3, 9, 45, 2, 700], [4, 9, 9, 90, 300, 1000]
    found = page.evaluate(EXACT, [passes, trials])
    for y, n, ours in zip(passes, trials, found["interval"], strict=True):
        theirs = binomtest(y, n).proportion_ci(0.94, method="wilson")
        np.testing.assert_allclose(ours, theirs, atol=1e-9)
    for n, ends in zip(trials, found["band"], strict=True):
        for p, end in zip((0.03, 0.97), ends, strict=True):
            low = np.ceil(end * n - 1e-9) - 1  # so many at most is rarer, one more is not
            assert binom.cdf(low, n, found["m"]) <= p + 1e-6
            assert binom.cdf(low + 1, n, found["m"]) >= p - 1e-6


def test_the_kind_of_row_is_guessed_and_can_be_chosen_by_keyboard(visit) -> None:
    page, problems = visit("own_data", **READERS["laptop-light"])
    table = "study,y1,y2\na,12,30\nb,8,25\nc,15,40\nd,3,22\n"
    bring(page, table)
    pickers = page.locator("[data-part=columns] select")
    rows = page.get_by_role("radio", name="One case")
    expect(rows).to_be_checked()
    rows.press("ArrowUp")  # from the first round to the last
    passes = page.get_by_role("radio", name="how many passed")
    expect(passes).to_be_checked()
    expect(pickers).to_have_count(3)
    assert [one.input_value() for one in pickers.all()] == ["study", "y1", "y2"]
    expect(page.locator("[data-part=status]")).to_contain_text("117 pupils")
    passes.press("ArrowUp")
    expect(page.get_by_role("radio", name="standard error")).to_be_checked()
    expect(page.locator("[data-part=status]")).to_contain_text("Done: 4 schools. τ is")
    # What was chosen stays, unless the columns of another table say something else.
    bring(page, table.replace("y1", "x"))
    expect(page.get_by_role("radio", name="standard error")).to_be_checked()
    bring(page, "ward,deaths,patients\na,3,20\nb,1,31\n")
    expect(passes).to_be_checked()
    page.locator("[data-part=trials]").select_option("deaths")
    expect(page.locator("[data-part=status]")).to_contain_text("need a column each, not 'deaths'")
    assert not problems


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("effect", "label,effect,se\na,1,1\na,2,1\n", "choose that kind of row"),
        (
            "effect",
            "label,effect,se\na,1,0\nb,2,1\n",
            "standard error is not positive in wards",
        ),
        ("effect", "label,effect,se\na,2,1\nb,2,3\n", "all effects are equal"),
        ("effect", "label,effect,se\na,2,1\nb,,3\n", "two wards or more"),
        (
            "effect",
            "label,effect\na,2\nb,3\n",
            "a column of labels, and columns for effect and",
        ),
        ("passed", "label,passes,trials\na,.2,10\nb,.3,20\n", "a rate is not a number of passes"),
        (
            "passed",
            "label,passes,trials\na,3,10\nb,30,20\n",
            "more passes than trials in wards",
        ),
        (
            "passed",
            "label,passes,trials\na,3,10\nb,0,0\n",
            "trials are not positive in wards",
        ),
        ("passed", "label,passes,trials\na,3,10\n", "two wards or more"),
        ("passed", "label,passes,trials\na,x,10\nb,1,2\n", "a number in column 'passes or trials'"),
        ("deviation", "name,n,mean,sd\na,2,1,1\na,3,1,1\n", "there are two rows in wards ['a']"),
        ("One case", "label,value\na,1\nb,2\n", "choose another kind of row at the top"),
    ],
)
def test_a_table_of_another_kind_is_refused(kind: str, text: str, words: str, visit) -> None:
    page, problems = visit("own_data")
    computed(page)
    page.get_by_role("radio", name=kind).check()
    said = bring(page, text, "ward", "patient")
    assert said.startswith("Not yet: ")
    assert words in said
    expect(page.locator("[data-part=ranks] table")).to_have_count(0)
    assert not problems


def sds(n: list[int], sd: list[float], mean: float) -> str:
    rows = zip(n, sd, strict=True)
    return "name,n,mean,sd\n" + "".join(f"g{i},{a},{mean},{b}\n" for i, (a, b) in enumerate(rows))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("g,y\n" + "a,0\na,1\nb,0\nb,1\nb,1\n", "if 1 is a pass, count them"),
        (sds([4, 9, 25, 100, 400], [5, 3.3, 2, 1, 0.5], 60), "The sds fall as the groups grow"),
        (sds([5, 10, 20], [0.4472, 0.4216, 0.4104], 0.2), "values that are 0 or 1 only"),
        ("g,effect,se\na,3,10\nb,4,12\nc,1,9\n", "If they are passes and trials"),
        ("g,effect,se\na,3.5,1\nb,4,1\n", "2 wards say little of how widely wards spread"),
        ("g,passes,trials\na,1,1\nb,0,1\nc,1,1\n", "every ward has one trial"),
    ],
)
def test_columns_that_look_like_another_kind_are_named(text: str, words: str, visit) -> None:
    page, problems = visit("own_data")
    assert bring(page, text, "ward", "patient").startswith("Done")
    assert words.lower() in page.locator("[data-part=cautions]").inner_text().lower()
    assert not problems


def test_noughts_and_ones_are_counted(visit) -> None:
    page, problems = visit("own_data")
    rows = ['"a ""1""",0', '"a ""1""",1', "b,1", "b,1", "b,0", "b,0", "c,1"]
    bring(page, "\n".join(["ward,ill", *rows]) + "\n", "ward", "patient")
    page.get_by_role("button", name="Count passes and trials").click()
    expect(page.locator("[data-part=status]")).to_contain_text("Done: 3 wards, 7 patients. σ is")
    table = pd.read_csv(io.StringIO(saved(page, "Save the table")), index_col=0).sort_index()
    assert table[["passes", "trials"]].to_numpy().tolist() == [[1, 2], [2, 4], [1, 1]]
    assert table.index[0] == 'a "1"'
    assert not problems


def test_a_row_that_lacks_a_number_is_dropped_and_said(visit) -> None:
    page, problems = visit("own_data")
    bring(page, "trial,effect,se\na,1,1\nb,NA,2\nc,3,\nd,2,1\ne,5,2\n", "trial")
    said = page.locator("[data-part=read]").inner_text()
    assert "3 trials." in said
    assert "5 rows read, 2 dropped." in said
    assert "Dropped for want of a number: 'b', 'c'." in said
    assert "Taken for a missing number: 'NA' (1)." in said
    assert not problems


@pytest.mark.parametrize("reader", READERS)
def test_the_page_is_sound_with_each_kind(reader: str, visit) -> None:
    page, problems = visit("own_data", **READERS[reader])
    for one in (EIGHT, BATTERS):
        example(page, one)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert not audit(page, None if reader == "phone-light" else COLOURS)
    assert not problems
