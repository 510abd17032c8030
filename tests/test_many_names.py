"""The published numbers of chapter 14, each by another way than the chapter's."""

import ast
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from docutils.nodes import make_id
from scipy.optimize import minimize
from scipy.stats import norm

from helpers.pooling import partially_pooled_mean, precision_weighted_mean
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

BOOK = Path(__file__).parents[1]
PAGE = BOOK / "notebooks" / "14_one_idea_many_names.ipynb"
CELLS = nbformat.read(PAGE, as_version=4).cells
TEXT = "\n".join(cell.source for cell in CELLS if cell.cell_type == "markdown")

NAMES = [
    "random effect",
    "mixed model",
    "BLUP",
    "empirical Bayes",
    "James–Stein",
    "Stein's paradox",
    "Kelley's true score",
    "Bühlmann",
    "credibility",
    "small-area estimation",
    "borrowing strength",
    "meta-analysis",
    "regression to the mean",
    "ridge",
    "hierarchical model",
    "multilevel model",
    "variance components",
    "shrinkage estimator",
    "random intercept",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_and_the_glossary_know_each_name(name):
    glossary = (BOOK / "glossary.md").read_text(encoding="utf-8")
    for text in (TEXT, glossary):
        assert re.search(re.escape(name), text, flags=re.IGNORECASE)


def test_a_link_of_the_table_leads_to_a_heading():
    headings = {make_id(title) for title in re.findall(r"^## (.+)$", TEXT, flags=re.MULTILINE)}
    links = re.findall(r'href="#([^"]+)"', TEXT)
    assert len(links) == 9 and set(links) <= headings


def data_of(name):
    """What a cell of the page defines under a name, and what stands before that in the cell."""
    source = next(cell.source for cell in CELLS if f"\n{name} = " in f"\n{cell.source}")
    namespace = {"np": np}
    for statement in ast.parse(source).body:
        exec(ast.unparse(statement), namespace)
        if name in namespace:
            return namespace[name]


def minus_log_reml(y, x, covariance):
    """Minus twice the restricted log-likelihood, of any covariance, but for a constant."""
    root = np.linalg.cholesky(covariance)
    fixed, observed = np.linalg.solve(root, x), np.linalg.solve(root, y)
    q, r = np.linalg.qr(fixed)
    logs = np.log(np.diag(root)).sum() + np.log(np.abs(np.diag(r))).sum()
    return 2 * logs + ((observed - q @ (q.T @ observed)) ** 2).sum()


def test_sleepstudy_by_the_likelihood_of_all_180_observations():
    sleep = pd.read_csv(BOOK / "data" / "sleepstudy.csv")
    assert len(sleep) == 180 and sleep.subject.nunique() == 18
    x = np.column_stack([np.ones(180), sleep.day])
    same = sleep.subject.to_numpy()[:, None] == sleep.subject.to_numpy()

    def covariance(theta):
        start, slope, rho, residual = theta
        spread = [[start**2, rho * start * slope], [rho * start * slope, slope**2]]
        return same * (x @ spread @ x.T) + residual**2 * np.eye(180)

    y = sleep.reaction_ms.to_numpy()
    best = minimize(
        lambda theta: minus_log_reml(y, x, covariance(theta)),
        [20, 5, 0.1, 30],
        method="L-BFGS-B",
        bounds=[(1, 100), (0.1, 50), (-0.9, 0.9), (5, 100)],
    )
    # lme4's print-out, and Bates and others (2015).
    assert [round(value, 2) for value in best.x] == [24.74, 5.92, 0.07, 25.59]
    # More digits from lme4 1.1-31; statsmodels 0.15.0 agrees (24.7404, 5.9221, 0.0656, 25.5918).
    np.testing.assert_allclose(best.x, [24.7407, 5.9221, 0.0656, 25.5918], rtol=2e-4, atol=2e-4)
    assert best.fun + 178 * np.log(2 * np.pi) == pytest.approx(1743.6, abs=0.05)
    weight = np.linalg.inv(covariance(best.x))
    line = np.linalg.solve(x.T @ weight @ x, x.T @ weight @ y)
    assert [round(value, 3) for value in line] == [251.405, 10.467]

    # lme4's coef() of person 308: by conditioning on all observations, not by weights.
    own = np.column_stack([np.where(sleep.subject == 308, column, 0) for column in x.T])
    start, slope, rho, _ = best.x
    spread = [[start**2, rho * start * slope], [rho * start * slope, slope**2]]
    predicted = line + spread @ own.T @ weight @ (y - x @ line)
    np.testing.assert_allclose(predicted, [253.6637, 19.6663], atol=0.003)


def test_robbins_and_the_line_by_moments():
    owners = data_of("owners")
    people = np.repeat(np.arange(8), owners)
    found = [(x + 1) * (people == x + 1).sum() / (people == x).sum() for x in range(7)]
    assert [f"{value:.3g}" for value in found[:5]] == ["0.168", "0.363", "0.527", "1.33", "1.43"]
    assert found[5:] == [6, 1.75]
    # A gamma prior with these moments has the line as its posterior mean.
    mean, excess = people.mean(), people.var() - people.mean()
    shape, rate = mean**2 / excess, mean / excess
    line = partially_pooled_mean(1, np.arange(8), mean, np.sqrt(mean), np.sqrt(excess))
    np.testing.assert_allclose(line, (shape + np.arange(8)) / (rate + 1))


def test_efron_and_morris_by_the_shares_of_hits():
    hits = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, *5 * [10], 9, 8, 7])
    batters = pd.read_csv(BOOK / "data" / "batters.csv")
    assert list(batters.hits) == list(hits)
    # In hits out of 45: a binomial variance, and a sum of squares from the raw moments.
    mean = hits.sum() / 18
    noise = mean * (1 - mean / 45)
    weight = 1 - 15 * noise / ((hits**2).sum() - 18 * mean**2)
    assert f"{weight:.3f}" == "0.212" and f"{mean / 45:.3f}" == "0.265"
    assert f"{(weight * 18 + (1 - weight) * mean) / 45:.3f}" == "0.294"


def test_dudek_by_conditioning_on_a_grid():
    true = np.linspace(-500, 1500, 200_001)
    for observed, published in ((700, 680), (400, 410)):
        density = norm.pdf(true, 500, 100 * 0.9**0.5) * norm.pdf(observed, true, 100 * 0.1**0.5)
        mean = np.average(true, weights=density)
        assert mean == pytest.approx(published, abs=1e-6)
        variance = np.average((true - mean) ** 2, weights=density)
        assert np.sqrt(variance) == pytest.approx(30, abs=1e-6)


def test_hachemeister_by_the_analysis_of_variance():
    """Printed by cm of actuar, also of its version 3.3-2: 1671.017, 72310.02, 46040.47."""
    claims = data_of("claim_means")
    total = ((claims - claims.mean()) ** 2).sum()
    among = 12 * ((claims.mean(axis=1) - claims.mean()) ** 2).sum()
    within, between = (total - among) / 55, among / 4
    found = claims.mean(), (between - within) / 12, within
    np.testing.assert_allclose(found, [1671.017, 72310.02, 46040.47], rtol=1e-6)


def test_milk_by_the_likelihood_of_contrasts():
    """The manual of saens has these effects; the tests of samplics the first three areas."""
    (y, s), larger = data_of("milk").T, data_of("larger")
    x = (larger[:, None] == [1, 2, 3, 4]).astype(float)
    x[:, 0] = 1
    contrasts = np.linalg.svd(x)[0][:, 4:]  # what is left when the effects are averaged over

    def minus_log_likelihood(log_variance):
        covariance = contrasts.T @ np.diag(np.exp(log_variance[0]) + s**2) @ contrasts
        rest = contrasts.T @ y
        return np.linalg.slogdet(covariance)[1] + rest @ np.linalg.solve(covariance, rest)

    best = minimize(minus_log_likelihood, [-3], method="Nelder-Mead", options={"xatol": 1e-8})
    variance = np.exp(best.x[0])
    root = 1 / np.sqrt(variance + s**2)
    effects = np.linalg.lstsq(root[:, None] * x, root * y)[0]
    np.testing.assert_allclose(effects, [0.968189, 0.132780, 0.226946, -0.241301], atol=1e-6)
    pooled = x @ effects + variance / (variance + s**2) * (y - x @ effects)
    np.testing.assert_allclose(pooled[:3], [1.0219703, 1.0476018, 1.0679513], atol=2e-6)


def test_eight_schools_by_pairs():
    """R's metafor 3.8-1 prints 7.6856 (4.0719), Q = 4.7071 and tau^2 = 0 (method DL)."""
    y, s = np.array([28, 8, -3, 7, -1, 1, 18, 12]), np.array([15, 10, 16, 11, 9, 11, 10, 18])
    w = 1 / s**2
    q = (np.outer(w, w) * (y[:, None] - y) ** 2).sum() / (2 * w.sum())
    assert q == pytest.approx(4.7071, abs=1e-4) and q < 7
    assert f"{w @ y / w.sum():.1f} ({w.sum() ** -0.5:.1f})" == "7.7 (4.1)"


def test_galton_child_by_child():
    """Its margins are those that Galton prints, and the slope is near his two thirds."""
    counts = data_of("counts")
    assert list(counts.sum(axis=1)) == [4, 19, 43, 68, 183, 219, 211, 78, 66, 23, 14]
    columns = [5, 7, 32, 59, 48, 117, 138, 120, 167, 99, 64, 41, 17, 14]
    assert list(counts.sum(axis=0)) == columns
    rows, cells = np.nonzero(counts)
    many = counts[rows, cells]
    parents = np.repeat(data_of("parent_inches")[rows], many)
    children = np.repeat(data_of("child_inches")[cells], many)
    slope = np.cov(parents, children)[0, 1] / parents.var(ddof=1)
    assert len(children) == 928 and f"{slope:.3f}" == "0.646"
    # Both have the same spread in a population that stays as it is: then slope is correlation.
    assert np.corrcoef(parents, children)[0, 1] < slope < 2 / 3


def test_ridge_by_least_squares_with_rows_for_the_penalty():
    scores = simulate_city(seed=7).scores
    schools = summarise_schools(scores)
    labels = schools.index.to_numpy()
    columns = np.column_stack([np.ones(len(scores)), scores.school.to_numpy()[:, None] == labels])
    penalty = np.column_stack([np.zeros(len(labels)), 5 * np.eye(len(labels))])
    y = np.append(scores.score, np.zeros(len(labels)))
    m, *a = np.linalg.lstsq(np.vstack([columns, penalty]), y)[0]
    mu = precision_weighted_mean(schools.n, schools["mean"], 10, 2)
    book = partially_pooled_mean(schools.n, schools["mean"], mu, 10, 2)
    np.testing.assert_allclose(m + np.array(a), book, atol=1e-10)
