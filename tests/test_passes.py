"""Passes of trials, against an integral over m and the sd itself, draws, and published tables."""

import numpy as np
import pandas as pd
import pytest
import sympy
from scipy.special import expit

from helpers.exact.passes import _log_rising, passes_posterior


def counts(passes: list[int], trials: list[int] | int) -> pd.DataFrame:
    return pd.DataFrame({"passes": passes, "trials": trials}).rename("g{}".format)


def made(seed: int, groups: int, m: float, kappa: float, most: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    trials = rng.integers(1, most, groups)
    return counts(rng.binomial(trials, rng.beta(m * kappa, (1 - m) * kappa, groups)), trials)


# Tarone (1982), by way of Gelman and others (2013), table 5.1: rats with a tumour.
TUMOURS = counts(
    [0] * 14 + [1] * 8 + [2] * 9 + [1, 5, 2, 5, 3, 2, 7, 7, 3, 3, 2, 9, 10] + [4] * 7
    + [10, 4, 4, 4, 5, 11, 12, 5, 5, 6, 5, 6, 6, 6, 6, 16, 15, 15, 9, 4],
    [20] * 7 + [19] * 4 + [18] * 2 + [17] + [20] * 4 + [19] * 2 + [18] * 2 + [25, 24, 23]
    + [20] * 6 + [10, 49, 19, 46, 27, 17, 49, 47, 20, 20, 13, 48, 50] + [20] * 7
    + [48, 19, 19, 19, 22, 46, 49, 20, 20, 23, 19, 22, 20, 20, 20, 52, 46, 47, 24, 14],
)  # fmt: skip
HARD = {
    "two of one trial": (counts([1, 0], 1), "proper"),
    "no pass at all": (counts([0, 0, 0], [5, 20, 60]), "proper"),
    "all passed": (counts([4, 9], [4, 9]), "proper"),
    "all or nothing": (counts([0, 30, 0, 25], [20, 30, 25, 25]), "proper"),
    "one mixed group": (counts([3, 0, 7], [9, 4, 7]), "power"),
    "alike": (made(1, 8, 0.3, 1e9, 60), "proper"),
    "alike, power": (made(1, 8, 0.3, 1e9, 60), "power"),
    "rare": (counts([0, 1, 0, 2, 0], [90, 70, 40, 120, 3]), "proper"),
    "apart": (made(2, 6, 0.5, 0.5, 40), "proper"),
    "many trials": (counts([310, 295, 307], [1000, 980, 1010]), "proper"),
    "tumours": (TUMOURS, "power"),
}


def witness(groups: pd.DataFrame, prior: str) -> tuple[np.ndarray, np.ndarray]:
    """Means and sds by Gauss and Legendre's rule over the sd's share and logit m, in panels."""
    y, n = groups["passes"].to_numpy(float), groups["trials"].to_numpy(float)
    s, ds = panels(np.r_[0, np.geomspace(1e-7, 1, 40), np.geomspace(1, 1e9, 30)[1:]], 10)
    if prior == "proper":
        s, ds = s[s < 1], ds[s < 1]
    kappa = 1 / s**2 - (prior == "proper")
    rough = (y.sum() + 0.5) / (n.sum() + 1)
    far = np.geomspace(1e-3, 60, 40)
    x, dx = panels(np.log(rough / (1 - rough)) + np.r_[-far[::-1], 0, far], 8)
    m, rest = expit(x)[:, None], expit(-x)[:, None]
    a = m * kappa
    log = np.log(m) + np.log(rest) + np.zeros_like(a)
    # Product after product, divided by κ so that nothing is lost where κ is large.
    for i in range(int(n.max())):
        log += (y > i).sum() * np.log(m + i / kappa) - (n > i).sum() * np.log1p(i / kappa)
        log += (n - y > i).sum() * np.log(rest + i / kappa)
    weight = np.exp(log - log.max()) * ds * dx[:, None]
    weight /= weight.sum()
    values = [m + 0 * a, np.sqrt(m * rest / (1 + kappa))]
    variances = [0, 0]
    for passes, trials in zip(y, n, strict=True):
        rate = (a + passes) / (kappa + trials)
        values.append(rate)
        variances.append(rate * (1 - rate) / (kappa + trials + 1))
    mean = np.array([(weight * v).sum() for v in values])
    pairs = zip(values, variances, mean, strict=True)
    return mean, np.sqrt([(weight * (w + (v - c) ** 2)).sum() for v, w, c in pairs])


def panels(edges: np.ndarray, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    at, mass = np.polynomial.legendre.leggauss(nodes)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (at + 1)).ravel(), (half * mass).ravel()


@pytest.mark.parametrize("name", HARD)
def test_means_and_sds_are_those_of_an_integral_over_the_plane(name):
    groups, prior = HARD[name]
    found = passes_posterior(groups, prior=prior).summary()
    mean, sd = witness(groups, prior)
    assert (np.abs(found["mean"] - mean) < 1e-5 * sd).all()
    assert (np.abs(found["sd"] / sd - 1) < 1e-5).all()


@pytest.mark.parametrize("name", HARD)
def test_ends_and_comparisons_are_those_of_draws(name):
    groups, prior = HARD[name]
    posterior = passes_posterior(groups, prior=prior)
    drawn = posterior.sample(50_000, 4, seed=1).posterior
    rates = drawn["rates"].to_numpy().reshape(-1, len(groups))
    first, last = groups.index[[0, -1]]
    table = posterior.summary()
    pairs = [
        (posterior.compare(first, last), rates[:, 0] - rates[:, -1]),
        (table.loc["global_mean"], drawn["global_mean"].to_numpy().ravel()),
        (table.loc["global_sigma"], drawn["global_sigma"].to_numpy().ravel()),
        (table.loc[f"rates[{first}]"], rates[:, 0]),
        (table.loc[f"rates[{last}]"], rates[:, -1]),
    ]
    size = len(rates)
    noise = 4.5 * np.sqrt(0.03 * 0.97 / size)
    for said, draws in pairs:
        for end, p in (("lower", 0.03), ("upper", 0.97)):  # found to within 0.002 sds
            near = 0.002 * said["sd"]
            assert (draws < said[end] - near).mean() < p + noise, said.name
            assert (draws < said[end] + near).mean() > p - noise, said.name
        if "above" in said:
            p = said["above"]
            assert abs((draws > 0).mean() - p) < 4.5 * np.sqrt(p * (1 - p) / size) + 1e-6


def test_the_hyperparameters_of_the_rats_are_those_of_the_textbook():
    """Gelman and others (2013), p. 113: over the grid of figure 5.3, E(α) 2.4 and E(β) 14.3."""
    weight, a, b = passes_posterior(TUMOURS, prior="power").nodes
    grid = (np.abs(np.log(a / b) + 1.8) < 0.5) & (np.abs(np.log(a + b) - 3) < 2)
    weight = weight * grid / weight[grid].sum()
    assert round(weight @ a, 1) == 2.4
    assert round(weight @ b, 1) == 14.3


def test_passes_and_failures_may_change_places():
    for groups, prior in HARD.values():
        table = passes_posterior(groups, prior=prior).summary()
        turned = groups.assign(passes=groups["trials"] - groups["passes"])
        other = passes_posterior(turned, prior=prior).summary()
        other = (1 - other[["mean", "upper", "lower"]]).set_axis(["mean", "lower", "upper"], axis=1)
        apart = (other - table[["mean", "lower", "upper"]]).div(table["sd"], axis=0).abs()
        apart = apart.drop(index="global_sigma")
        assert apart["mean"].max() < 1e-5
        assert apart[["lower", "upper"]].max(axis=None) < 0.002


def test_a_new_group_is_a_draw_from_the_population():
    drawn = passes_posterior(TUMOURS).sample(50_000, 4, seed=1).posterior
    m, sigma = (drawn[name].to_numpy().ravel() for name in ("global_mean", "global_sigma"))
    kappa = m * (1 - m) / sigma**2 - 1
    new = np.random.default_rng(2).beta(m * kappa, (1 - m) * kappa)
    said = passes_posterior(TUMOURS).new_group()
    assert abs(new.mean() - said["mean"]) < 4.5 * said["sd"] / np.sqrt(new.size)
    for end, p in (("lower", 0.03), ("upper", 0.97)):
        assert abs((new < said[end]).mean() - p) < 4.5 * np.sqrt(0.03 * 0.97 / new.size)


def test_the_rising_factorial_keeps_its_digits():
    for a in (1e-20, 0.3, 15.9, 16.0, 100.0, 1e6, 1e12, 1e20):
        for k in (1.0, 3.0, 1e3, 1e6):
            start = sympy.Float(a, 60)
            exact = (sympy.loggamma(start + k) - sympy.loggamma(start)).evalf(60)
            found = _log_rising(np.array([a]), np.array([k]))[0]
            assert abs(found - float(exact)) < 1e-13 * max(1, abs(float(exact)))


@pytest.mark.parametrize(
    ("passes", "trials", "words"),
    [
        ([1, 2.5], [5, 5], "whole numbers.*g1"),
        ([1, 6], [5, 5], "no more passes than trials.*g1"),
        ([0, -1], [5, 5], "g1"),
        ([0, 0], [5, 0], "at least one trial.*g1"),
        ([0, np.nan], [5, 5], "g1"),
        ([1], [2], "two groups or more"),
    ],
)
def test_impossible_counts_are_refused(passes, trials, words):
    with pytest.raises(ValueError, match=words):
        passes_posterior(counts(passes, trials))


def test_bad_tables_and_priors_are_refused():
    with pytest.raises(ValueError, match="no column 'trials'"):
        passes_posterior(TUMOURS[["passes"]])
    with pytest.raises(ValueError, match="same label"):
        passes_posterior(pd.concat([TUMOURS, TUMOURS]))
    with pytest.raises(ValueError, match="both passes and failures"):
        passes_posterior(counts([0, 3], [2, 3]), prior="power")
    with pytest.raises(ValueError, match="must be one of"):
        passes_posterior(TUMOURS, prior="flat")
