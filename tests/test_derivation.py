r"""The derivation and what goes beyond it, equation by equation.

`derivation.md` and `beyond_the_formula.md` label each equation. The test of `eq-slope` is
`test_eq_slope`, and `of` ties it to the equation as the page prints it. An equation without a test
fails, a test without an equation fails, and so does an equation that has changed: whoever changes
one is led to its test.

In each test `printed` is the right-hand side as on the page. What it is compared with comes another
way: SymPy's or SciPy's normal densities, SymPy's derivatives and limits, a numerical optimiser or
integral, or linear algebra with the joint normal distribution of everything.
"""

import inspect
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp
from equations import BOOK, Page, is_of, log_normal, of, same
from scipy import integrate, optimize
from scipy.stats import expon, kstest, multivariate_normal, norm

from helpers.exact import exact_posterior
from helpers.likelihood import maximum_likelihood
from helpers.pooling import (
    partially_pooled_mean,
    partially_pooled_sd,
    pooling_weight,
    precision_weighted_mean,
)
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

PAGE = Page("derivation.md", "beyond_the_formula.md")


# --- The page and this file belong together ------------------------------------------------------


def test_every_displayed_equation_is_a_single_labelled_one():
    assert not PAGE.unfit_equations(label=r"eq(-[a-z]+)+")


def test_every_label_has_a_test_and_every_test_a_label():
    assert not PAGE.without_partner(Path(__file__))


@pytest.mark.parametrize(("label", "latex"), PAGE.equations, ids=PAGE.labels)
def test_an_equation_is_the_one_that_its_test_checks(label, latex):
    assert is_of(globals()["test_" + label.replace("-", "_")], latex)


def test_references_between_equations_and_sections_lead_somewhere():
    assert not PAGE.dangling_references()


# --- One school: at random values, and in symbols -------------------------------------------------


@pytest.fixture(params=range(3))
def case(request):
    """One school at random: its scores, the three fixed numbers, and its exact posterior."""
    rng = np.random.default_rng(request.param)
    n = int(rng.integers(2, 9))
    mu, alpha = rng.normal(60, 5, size=2)
    sigma_alpha, sigma_y = rng.uniform(1, 12, size=2)
    y = rng.normal(alpha, sigma_y, size=n)
    # (alpha_j, y_j) is one joint normal distribution. Its covariance follows from the two levels.
    cov = np.full((n + 1, n + 1), sigma_alpha**2)
    cov[1:, 1:] += sigma_y**2 * np.eye(n)

    def posterior_mean(y=y, mu=mu):
        return mu + cov[0, 1:] @ np.linalg.solve(cov[1:, 1:], y - mu)

    def log_posterior(alpha):
        """Up to a constant, from SciPy's densities."""
        return norm.logpdf(y, alpha, sigma_y).sum() + norm.logpdf(alpha, mu, sigma_alpha)

    return SimpleNamespace(
        y=y,
        n=n,
        mean=y.mean(),
        alpha=alpha,
        mu=mu,
        sigma_alpha=sigma_alpha,
        sigma_y=sigma_y,
        alphas=rng.normal(60, 10, size=6),  # where curves are compared
        log_posterior=log_posterior,
        posterior_mean=posterior_mean,
        posterior_sd=np.sqrt(cov[0, 0] - cov[0, 1:] @ np.linalg.solve(cov[1:, 1:], cov[1:, 0])),
        log_evidence=multivariate_normal(np.full(n, mu), cov[1:, 1:]).logpdf(y),
    )


# Symbols. `Y` are the scores of a school of four, where a number of pupils must be spelled out.
alpha, mu, ybar = sp.symbols("alpha mu ybar", real=True)
sigma_y, sigma_alpha, n = sp.symbols("sigma_y sigma_alpha n", positive=True)
Y = sp.symbols("y1:5", real=True)
OF_FOUR = {n: len(Y), ybar: sum(Y) / len(Y)}
LAMBDA = n / (n + sigma_y**2 / sigma_alpha**2)  # as in eq-weight
ALPHA_HAT = LAMBDA * ybar + (1 - LAMBDA) * mu  # as in eq-weighted-form


LOG_POSTERIOR = sum(log_normal(y, alpha, sigma_y) for y in Y) + log_normal(alpha, mu, sigma_alpha)


def constant(values):
    """Whether values differ by rounding only: two curves that are equal up to a constant."""
    return np.ptp(values) < 1e-9 * (1 + np.abs(values).max())


def differs(values):
    """The opposite, with a margin: guards a comparison of curves against comparing flat ones."""
    return np.ptp(values) > 1e-3


# Two levels


@of("dc62c629")
def test_eq_pupil_level():
    city = simulate_city(seed=3, sizes=[400] * 50)
    standardised = (
        city.scores["score"] - city.scores["school"].map(city.true_school_means)
    ) / city.sigma_y
    assert kstest(standardised, "norm").pvalue > 0.01
    assert kstest(1.05 * standardised, "norm").pvalue < 0.01  # enough pupils to tell


@of("8c6ae28c")
def test_eq_school_level():
    city = simulate_city(seed=3, sizes=[1] * 20_000)
    standardised = (city.true_school_means - city.global_mean) / city.global_sigma
    assert kstest(standardised, "norm").pvalue > 0.01
    assert kstest(1.05 * standardised, "norm").pvalue < 0.01  # enough schools to tell


# The likelihood


@of("3d4c72ce")
def test_eq_score_density(case):
    for y in case.y:
        printed = (
            1
            / (np.sqrt(2 * np.pi) * case.sigma_y)
            * np.exp(-((y - case.alpha) ** 2) / (2 * case.sigma_y**2))
        )
        assert printed == pytest.approx(norm.pdf(y, case.alpha, case.sigma_y))


@of("4db9f40e")
def test_eq_log_score(case):
    for y in case.y:
        printed = -np.log(np.sqrt(2 * np.pi) * case.sigma_y) - (y - case.alpha) ** 2 / (
            2 * case.sigma_y**2
        )
        assert printed == pytest.approx(norm.logpdf(y, case.alpha, case.sigma_y))


@of("b7690911")
def test_eq_log_likelihood(case):
    for alpha in case.alphas:
        printed = -case.n * np.log(np.sqrt(2 * np.pi) * case.sigma_y) - 1 / (
            2 * case.sigma_y**2
        ) * np.sum((case.y - alpha) ** 2)
        assert printed == pytest.approx(norm.logpdf(case.y, alpha, case.sigma_y).sum())


# The log prior and the log posterior


@of("a68772e3")
def test_eq_log_prior(case):
    printed = -np.log(np.sqrt(2 * np.pi) * case.sigma_alpha) - (case.alpha - case.mu) ** 2 / (
        2 * case.sigma_alpha**2
    )
    assert printed == pytest.approx(norm.logpdf(case.alpha, case.mu, case.sigma_alpha))


@of("f24ab7e5")
def test_eq_log_posterior(case):
    printed = np.array(
        [
            -1 / (2 * case.sigma_y**2) * np.sum((case.y - alpha) ** 2)
            - (alpha - case.mu) ** 2 / (2 * case.sigma_alpha**2)
            for alpha in case.alphas
        ]
    )
    exact = norm.logpdf(case.alphas, case.posterior_mean(), case.posterior_sd)
    assert differs(exact)
    assert constant(printed - exact)


# The slope


@of("b7e67cf0")
def test_eq_slope():
    printed = 1 / sigma_y**2 * sum(y - alpha for y in Y) - (alpha - mu) / sigma_alpha**2
    assert same(printed, sp.diff(LOG_POSTERIOR, alpha))


@of("c67d12ff")
def test_eq_slope_of_mean():
    printed = n * (ybar - alpha) / sigma_y**2 - (alpha - mu) / sigma_alpha**2
    assert same(printed.subs(OF_FOUR), sp.diff(LOG_POSTERIOR, alpha))


# Set to zero, and solve


@of("d12d0941")
def test_eq_balance(case):
    alpha_hat = case.posterior_mean()
    left = case.n * (case.mean - alpha_hat) / case.sigma_y**2
    right = (alpha_hat - case.mu) / case.sigma_alpha**2
    assert left == pytest.approx(right)


@of("31c88da7")
def test_eq_gathered(case):
    alpha_hat = case.posterior_mean()
    left = alpha_hat * (case.n / case.sigma_y**2 + 1 / case.sigma_alpha**2)
    right = case.n / case.sigma_y**2 * case.mean + 1 / case.sigma_alpha**2 * case.mu
    assert left == pytest.approx(right)


@of("4f9b712a")
def test_eq_map(case):
    printed = (case.n / case.sigma_y**2 * case.mean + 1 / case.sigma_alpha**2 * case.mu) / (
        case.n / case.sigma_y**2 + 1 / case.sigma_alpha**2
    )
    highest = optimize.minimize_scalar(
        lambda alpha: -case.log_posterior(alpha), bracket=(case.mu - 20, case.mu + 20)
    )
    assert printed == pytest.approx(highest.x, abs=1e-5)
    assert printed == pytest.approx(
        partially_pooled_mean(case.n, case.mean, case.mu, case.sigma_y, case.sigma_alpha)
    )


# A maximum


@of("2d30ac6c")
def test_eq_curvature():
    printed = -n / sigma_y**2 - 1 / sigma_alpha**2
    assert same(printed.subs(OF_FOUR), sp.diff(LOG_POSTERIOR, alpha, 2))
    assert printed.is_negative  # everywhere, as the sentence after it says
    assert alpha not in printed.free_symbols


# An average, weighted by precision


@of("f880bd11")
def test_eq_weight_precision(case):
    printed = (case.n / case.sigma_y**2) / (case.n / case.sigma_y**2 + 1 / case.sigma_alpha**2)
    # If every score rises by a point, so does the school's mean; the estimate rises by its share.
    rise = case.posterior_mean(y=case.y + 1) - case.posterior_mean()
    assert printed == pytest.approx(rise)


@of("ecbba1c9")
def test_eq_weight(case):
    printed = case.n / (case.n + case.sigma_y**2 / case.sigma_alpha**2)
    rise = case.posterior_mean(y=case.y + 1) - case.posterior_mean()
    assert printed == pytest.approx(rise)
    assert printed == pytest.approx(pooling_weight(case.n, case.sigma_y, case.sigma_alpha))


@of("534872bb")
def test_eq_remaining_weight(case):
    first_line = (1 / case.sigma_alpha**2) / (case.n / case.sigma_y**2 + 1 / case.sigma_alpha**2)
    ratio = case.sigma_y**2 / case.sigma_alpha**2
    second_line = ratio / (case.n + ratio)
    rise = case.posterior_mean(mu=case.mu + 1) - case.posterior_mean()
    for printed in (first_line, second_line):
        assert printed == pytest.approx(rise)
        assert printed == pytest.approx(1 - pooling_weight(case.n, case.sigma_y, case.sigma_alpha))


@of("8a0152dd")
def test_eq_weighted_form(case):
    weight = pooling_weight(case.n, case.sigma_y, case.sigma_alpha)
    printed = weight * case.mean + (1 - weight) * case.mu
    assert printed == pytest.approx(case.posterior_mean())
    assert printed == pytest.approx(
        partially_pooled_mean(case.n, case.mean, case.mu, case.sigma_y, case.sigma_alpha)
    )


def test_half_weight():
    printed = sigma_y**2 / sigma_alpha**2
    (size,) = sp.solve(sp.Eq(LAMBDA, sp.Rational(1, 2)), n)
    assert same(printed, size)
    assert pooling_weight(7.0**2 / 3.0**2, 7.0, 3.0) == pytest.approx(0.5)


# Four limits. Symbolic, and with the code at extreme numbers.


def test_limit_large_school():
    assert sp.limit(LAMBDA, n, sp.oo) == 1
    assert sp.limit(ALPHA_HAT - ybar, n, sp.oo) == 0
    assert pooling_weight(1e12, 10, 2) == pytest.approx(1)
    assert partially_pooled_mean(1e12, 75, 63, 10, 2) == pytest.approx(75)


def test_limit_unseen_school():
    assert sp.limit(LAMBDA, n, 0) == 0
    assert sp.limit(ALPHA_HAT, n, 0) == mu
    assert pooling_weight(0, 10, 2) == 0
    assert partially_pooled_mean(0, np.nan, 63, 10, 2) == 63
    assert partially_pooled_sd(0, 10, 2) == pytest.approx(2)


def test_limit_complete_pooling():
    for deviation, edge in ((sigma_alpha, 0), (sigma_y, sp.oo)):
        assert sp.limit(LAMBDA, deviation, edge) == 0
        assert sp.limit(ALPHA_HAT, deviation, edge) == mu
    assert pooling_weight(99, 10, 1e-6) == pytest.approx(0, abs=1e-9)
    assert partially_pooled_mean(99, 75, 63, 10, 1e-6) == pytest.approx(63)


def test_limit_no_pooling():
    for deviation, edge in ((sigma_alpha, sp.oo), (sigma_y, 0)):
        assert sp.limit(LAMBDA, deviation, edge) == 1
        assert sp.limit(ALPHA_HAT, deviation, edge) == ybar
    assert pooling_weight(1, 10, 1e6) == pytest.approx(1)
    assert partially_pooled_mean(1, 75, 63, 10, 1e6) == pytest.approx(75)


@of("c744f6d9")
def test_eq_practical():
    """The formula with the mean of all pupils, which tends to it for schools that are alike."""
    sizes, means = np.array([2, 30, 99]), np.array([75.0, 61.0, 64.0])
    everyone = np.average(means, weights=sizes)
    printed = (sizes / 10**2 * means + everyone / 2**2) / (sizes / 10**2 + 1 / 2**2)
    assert printed == pytest.approx(partially_pooled_mean(sizes, means, everyone, 10, 2))
    assert precision_weighted_mean(sizes, means, 10, 1e-6) == pytest.approx(everyone)
    assert precision_weighted_mean(sizes, means, 10, 2) != pytest.approx(everyone, abs=0.01)


# What goes beyond: the whole posterior is normal

P = n / sigma_y**2 + 1 / sigma_alpha**2  # as in eq-precision-and-pull
Q = n / sigma_y**2 * ybar + 1 / sigma_alpha**2 * mu


@of("4f38251c")
def test_eq_expanded_squares():
    printed = sum(y**2 for y in Y) - 2 * n * ybar * alpha + n * alpha**2
    assert same(printed.subs(OF_FOUR), sum((y - alpha) ** 2 for y in Y))


@of("61e26670")
def test_eq_expanded_prior():
    printed = alpha**2 - 2 * mu * alpha + mu**2
    assert same(printed, (alpha - mu) ** 2)


@of("afd368fb")
def test_eq_precision_and_pull():
    # They are the coefficients of -alpha²/2 and of alpha: derivatives at zero.
    assert same(P.subs(OF_FOUR), -sp.diff(LOG_POSTERIOR, alpha, 2))
    assert same(Q.subs(OF_FOUR), sp.diff(LOG_POSTERIOR, alpha).subs(alpha, 0))


@of("2a7a95a6")
def test_eq_quadratic():
    printed = -sp.Rational(1, 2) * P * alpha**2 + Q * alpha
    difference = sp.simplify(sp.expand(printed.subs(OF_FOUR) - LOG_POSTERIOR))
    assert alpha not in difference.free_symbols  # so it belongs to the constant


@of("88adcfed")
def test_eq_completed_square():
    p, q = sp.symbols("P Q", positive=True)
    printed = -sp.Rational(1, 2) * p * (alpha - q / p) ** 2 + q**2 / (2 * p)
    assert same(printed, -sp.Rational(1, 2) * p * alpha**2 + q * alpha)


@of("d7553fe6")
def test_eq_log_posterior_square(case):
    precision = case.n / case.sigma_y**2 + 1 / case.sigma_alpha**2
    alpha_hat = partially_pooled_mean(case.n, case.mean, case.mu, case.sigma_y, case.sigma_alpha)
    printed = -1 / 2 * precision * (case.alphas - alpha_hat) ** 2
    exact = np.array([case.log_posterior(alpha) for alpha in case.alphas])
    assert differs(exact)
    assert constant(printed - exact)


@of("62699c19")
def test_eq_posterior(case):
    alpha_hat = partially_pooled_mean(case.n, case.mean, case.mu, case.sigma_y, case.sigma_alpha)
    s = partially_pooled_sd(case.n, case.sigma_y, case.sigma_alpha)
    top = case.log_posterior(alpha_hat)

    def integral(function):
        low, high = alpha_hat - 12 * s, alpha_hat + 12 * s
        return integrate.quad(
            lambda a: function(a) * np.exp(case.log_posterior(a) - top),
            low,
            high,
            epsabs=1e-12,
            limit=200,
        )[0]

    total = integral(lambda a: 1)
    for a in alpha_hat + s * np.array([-2, -0.5, 0, 1, 3]):
        density_at_a = np.exp(case.log_posterior(a) - top) / total
        assert norm.pdf(a, alpha_hat, s) == pytest.approx(density_at_a)
    # The mean of the posterior, by integration, is its mode.
    assert integral(lambda a: a) / total == pytest.approx(alpha_hat)


@of("18e970de")
def test_eq_posterior_sd(case):
    printed = 1 / np.sqrt(case.n / case.sigma_y**2 + 1 / case.sigma_alpha**2)
    assert printed == pytest.approx(case.posterior_sd)
    assert printed == pytest.approx(partially_pooled_sd(case.n, case.sigma_y, case.sigma_alpha))


@of("98bf1319")
def test_eq_sd_from_standard_error(case):
    weight = pooling_weight(case.n, case.sigma_y, case.sigma_alpha)
    printed = np.sqrt(weight) * case.sigma_y / np.sqrt(case.n)
    assert printed == pytest.approx(case.posterior_sd)


@of("977ce19c")
def test_eq_sd_from_spread(case):
    weight = pooling_weight(case.n, case.sigma_y, case.sigma_alpha)
    printed = np.sqrt(1 - weight) * case.sigma_alpha
    assert printed == pytest.approx(case.posterior_sd)


@of("b7b895d6")
def test_eq_sd_smaller(case):
    assert case.posterior_sd < case.sigma_y / np.sqrt(case.n)
    assert case.posterior_sd < case.sigma_alpha
    variance = 1 / (n / sigma_y**2 + 1 / sigma_alpha**2)
    assert sp.factor(sigma_y**2 / n - variance).is_positive  # whatever the numbers
    assert sp.factor(sigma_alpha**2 - variance).is_positive


# Which value to plug in


@pytest.fixture(params=range(3))
def schools(request):
    """A few schools at random, as one joint normal distribution of (mu, alphas, scores).

    Everything in it is a sum of independent normal parts: mu; what each school adds; what each
    pupil adds. `condition` gives mean and variance of any sum of them, given all the scores.
    """
    rng = np.random.default_rng(100 + request.param)
    sizes = rng.choice(np.arange(1, 15), size=4, replace=False)
    sigma_alpha, sigma_y = rng.uniform(1, 12, size=2)
    school = np.repeat(np.arange(4), sizes)
    pupils = len(school)
    y = rng.normal(rng.normal(60, sigma_alpha, size=4)[school], sigma_y)
    of_mu = np.eye(1 + 4 + pupils)[0]
    of_alpha = of_mu + np.eye(1 + 4 + pupils)[1:5]
    of_score = of_alpha[school] + np.eye(1 + 4 + pupils)[5:]
    within = (sigma_y**2 * np.eye(pupils)) + sigma_alpha**2 * (school[:, None] == school)

    def condition(what, prior_mean, prior_sd):
        start = prior_mean * of_mu
        parts = np.diag([prior_sd**2] + 4 * [sigma_alpha**2] + pupils * [sigma_y**2])
        gain = what @ parts @ of_score.T @ np.linalg.inv(of_score @ parts @ of_score.T)
        return (
            what @ start + gain @ (y - of_score @ start),
            what @ parts @ what - gain @ of_score @ parts @ what,
        )

    def log_likelihood(mu):
        """Of mu, from every single score."""
        return multivariate_normal(np.full(pupils, mu), within).logpdf(y)

    return SimpleNamespace(
        y=y,
        school=school,
        n=sizes,
        mean=np.array([y[school == j].mean() for j in range(4)]),
        sigma_alpha=sigma_alpha,
        sigma_y=sigma_y,
        w=1 / (sigma_alpha**2 + sigma_y**2 / sizes),  # as in eq-mu-weight
        mus=rng.normal(60, 10, size=6),
        of_mu=of_mu,
        of_alpha=of_alpha,
        within=within,
        condition=condition,
        log_likelihood=log_likelihood,
    )


# Three schools in symbols.
SIZES = sp.symbols("n1:4", positive=True)
MEANS = sp.symbols("m1:4", real=True)
W = [1 / (sigma_alpha**2 + sigma_y**2 / size) for size in SIZES]
MU_HAT = sum(w * mean for w, mean in zip(W, MEANS, strict=True)) / sum(W)


@of("9a24422b")
def test_eq_mean_in_parts():
    printed = mu + (alpha - mu) + (ybar - alpha)
    assert same(printed, ybar)
    # The prose: the two brackets are independent, with variances sigma_alpha² and sigma_y²/n.
    # Columns: what the school adds, and what each of four pupils adds.
    brackets = sp.Matrix([[1, 0, 0, 0, 0], [0, *[sp.Rational(1, 4)] * 4]])
    parts = sp.diag(sigma_alpha**2, *[sigma_y**2] * 4)
    assert brackets * parts * brackets.T == sp.diag(sigma_alpha**2, sigma_y**2 / 4)


@of("bef8db84")
def test_eq_marginal(case):
    printed = norm(case.mu, np.sqrt(case.sigma_alpha**2 + case.sigma_y**2 / case.n))
    standard_error = case.sigma_y / np.sqrt(case.n)
    for mean in case.mu + np.array([-8, 0, 5]):
        averaged = integrate.quad(
            lambda a, mean=mean: (
                norm.pdf(mean, a, standard_error) * norm.pdf(a, case.mu, case.sigma_alpha)
            ),
            case.mu - 12 * case.sigma_alpha,
            case.mu + 12 * case.sigma_alpha,
            points=[case.mu, mean],
            limit=200,
        )[0]
        assert printed.pdf(mean) == pytest.approx(averaged)


@of("cb55c13d")
def test_eq_mu_weight(schools):
    for j, size in enumerate(schools.n):
        printed = 1 / (schools.sigma_alpha**2 + schools.sigma_y**2 / size)
        average = (schools.school == j) / size  # the scores' share in the school's mean
        assert printed == pytest.approx(1 / (average @ schools.within @ average))


@of("575f35f7")
def test_eq_marginal_log_likelihood(schools):
    printed = np.array(
        [-1 / 2 * np.sum(schools.w * (schools.mean - mu) ** 2) for mu in schools.mus]
    )
    # From every single score, so the sentence "says nothing about mu" is tested with it.
    exact = np.array([schools.log_likelihood(mu) for mu in schools.mus])
    assert differs(exact)
    assert constant(printed - exact)


@of("cf28eac7")
def test_eq_marginal_slope():
    log_likelihood = sum(
        log_normal(mean, mu, sp.sqrt(sigma_alpha**2 + sigma_y**2 / size))
        for mean, size in zip(MEANS, SIZES, strict=True)
    )
    printed = sum(w * (mean - mu) for w, mean in zip(W, MEANS, strict=True))
    assert same(printed, sp.diff(log_likelihood, mu))
    assert same(-sum(W), sp.diff(log_likelihood, mu, 2))  # the sentence after it


@of("cb8982f0")
def test_eq_precision_weighted_mean(schools):
    printed = np.sum(schools.w * schools.mean) / np.sum(schools.w)
    highest = optimize.minimize_scalar(lambda mu: -schools.log_likelihood(mu), bracket=(40, 80))
    assert printed == pytest.approx(highest.x, abs=1e-5)
    assert printed == pytest.approx(
        precision_weighted_mean(schools.n, schools.mean, schools.sigma_y, schools.sigma_alpha)
    )


@of("095c48ef")
def test_eq_mu_weight_from_lambda(schools):
    weight = pooling_weight(schools.n, schools.sigma_y, schools.sigma_alpha)
    printed = weight / schools.sigma_alpha**2
    for j, size in enumerate(schools.n):
        average = (schools.school == j) / size
        assert printed[j] == pytest.approx(1 / (average @ schools.within @ average))


@of("668259dd")
def test_eq_mu_limit_pupils(schools):
    printed = sum(size * mean for size, mean in zip(SIZES, MEANS, strict=True)) / sum(SIZES)
    assert same(sp.limit(MU_HAT, sigma_alpha, 0), printed)
    assert same(sp.limit(MU_HAT, sigma_y, sp.oo), printed)  # the ratio's limit, in the prose
    assert precision_weighted_mean(schools.n, schools.mean, 10, 1e-6) == pytest.approx(
        schools.y.mean()
    )


@of("9abe4a03")
def test_eq_mu_limit_schools(schools):
    printed = sp.Rational(1, 3) * sum(MEANS)
    assert same(sp.limit(MU_HAT, sigma_alpha, sp.oo), printed)
    assert same(sp.limit(MU_HAT, sigma_y, 0), printed)  # the ratio's limit, in the prose
    assert precision_weighted_mean(schools.n, schools.mean, 10, 1e6) == pytest.approx(
        schools.mean.mean()
    )


def test_only_the_ratio_of_the_deviations_counts_and_equal_sizes_agree():
    """Two sentences on which value to plug in."""
    scale, size = sp.symbols("scale size", positive=True)
    scaled = MU_HAT.subs(
        {sigma_alpha: scale * sigma_alpha, sigma_y: scale * sigma_y}, simultaneous=True
    )
    assert same(scaled, MU_HAT)
    assert same(MU_HAT.subs(dict.fromkeys(SIZES, size)), sum(MEANS) / 3)


# When a single school gains: expectations over its pupils, the true mean fixed.

BIAS_OF_SCORE = sp.symbols("e1:5", real=True)  # what each of four pupils adds to the true mean


def expected(expression):
    """Over independent pupils with variance σ_y² around 0: odd powers vanish."""
    expression = sp.Poly(sp.expand(expression), *BIAS_OF_SCORE)
    total = 0
    for powers, factor in expression.terms():
        assert sum(powers) <= 2
        total += factor * (1 if sum(powers) == 0 else sigma_y**2 if 2 in powers else 0)
    return total


RAW_OF_FOUR = alpha + sum(BIAS_OF_SCORE) / 4
LAMBDA_OF_FOUR = LAMBDA.subs(n, 4)
RAW_ERROR = expected((RAW_OF_FOUR - alpha) ** 2)
POOLED_ERROR = expected((LAMBDA_OF_FOUR * RAW_OF_FOUR + (1 - LAMBDA_OF_FOUR) * mu - alpha) ** 2)


@of("87cbcda4")
def test_eq_error_of_raw_mean():
    assert same(RAW_ERROR, sigma_y**2 / 4)


@of("10c1f8a3")
def test_eq_error_of_estimate():
    printed = LAMBDA_OF_FOUR**2 * sigma_y**2 / 4 + (1 - LAMBDA_OF_FOUR) ** 2 * (alpha - mu) ** 2
    assert same(POOLED_ERROR, printed)


@of("0019d8ee")
def test_eq_gain():
    printed = (1 + LAMBDA_OF_FOUR) / (1 - LAMBDA_OF_FOUR) * sigma_y**2 / 4
    gap = sp.symbols("gap", positive=True)
    gain = sp.simplify((RAW_ERROR - POOLED_ERROR).subs(alpha, mu + sp.sqrt(gap)))
    (edge,) = sp.solve(gain, gap)
    assert same(edge, printed)
    assert sp.diff(gain, gap).subs({sigma_y: 10, sigma_alpha: 2}) < 0  # nearer ones gain
    # The sentence after it, for any number of pupils.
    bound = (1 + LAMBDA) / (1 - LAMBDA) * sigma_y**2 / n
    assert same(bound, 2 * sigma_alpha**2 + sigma_y**2 / n)


# Why the formula is approximate in practice


@pytest.fixture
def uncertain(schools):
    """The first school's posterior when the three numbers are known to be one of a few triples.

    The density of its mean comes from Bayes' theorem on a fine grid, for each triple and then
    over all: `mean` and `variance` owe nothing to the closed form.
    """
    rng = np.random.default_rng(7)
    triples = np.column_stack(
        [rng.normal(60, 3, size=5), rng.uniform(1, 8, size=5), rng.uniform(5, 12, size=5)]
    )
    grid = np.linspace(-40, 160, 40_001)
    curves = []
    for mu, sigma_alpha, sigma_y in triples:
        curve = np.zeros_like(grid)
        for j in range(len(schools.n)):
            scores = schools.y[schools.school == j]
            alone = norm.logpdf(grid, mu, sigma_alpha) + norm.logpdf(
                scores[:, None], grid, sigma_y
            ).sum(axis=0)
            # The other schools count as a whole: their own true means are summed out.
            curve += alone if j == 0 else np.log(np.trapezoid(np.exp(alone), grid))
        curves.append(np.exp(curve))
    chances = np.trapezoid(curves, grid, axis=1)
    whole = np.sum(curves, axis=0) / chances.sum()
    mean = np.trapezoid(grid * whole, grid)
    mu, sigma_alpha, sigma_y = triples.T
    return SimpleNamespace(
        mean=mean,
        variance=np.trapezoid((grid - mean) ** 2 * whole, grid),
        chances=chances / chances.sum(),  # the posterior of the triples
        weight=pooling_weight(schools.n[0], sigma_y, sigma_alpha),
        mu=mu,
        ybar=schools.mean[0],
        s=partially_pooled_sd(schools.n[0], sigma_y, sigma_alpha),
    )


@of("a12ce520")
def test_eq_total_expectation(uncertain):
    alpha_hat = uncertain.weight * uncertain.ybar + (1 - uncertain.weight) * uncertain.mu
    printed = np.sum(uncertain.chances * alpha_hat)
    assert printed == pytest.approx(uncertain.mean)
    assert np.ptp(alpha_hat) > 0.1  # the triples do disagree


@of("cc990407")
def test_eq_total_variance(uncertain):
    alpha_hat = uncertain.weight * uncertain.ybar + (1 - uncertain.weight) * uncertain.mu
    first = np.sum(uncertain.chances * uncertain.s**2)
    second = np.cov(alpha_hat, aweights=uncertain.chances, ddof=0)
    printed = first + second
    assert printed == pytest.approx(uncertain.variance)
    assert first < uncertain.variance  # "on average ... a little too small"


@of("55e46fdd")
def test_eq_mu_posterior_mean(schools):
    printed = (50 / 10**2 + np.sum(schools.w * schools.mean)) / (1 / 10**2 + np.sum(schools.w))
    exact, _ = schools.condition(schools.of_mu, prior_mean=50, prior_sd=10)
    assert printed == pytest.approx(exact)


@of("7d8da80e")
def test_eq_mu_posterior_variance(schools):
    printed = 1 / (1 / 10**2 + np.sum(schools.w))
    _, exact = schools.condition(schools.of_mu, prior_mean=50, prior_sd=10)
    assert printed == pytest.approx(exact)


@of("c9811f7a")
def test_eq_variance_given_scales(schools):
    mu_mean, mu_variance = schools.condition(schools.of_mu, prior_mean=50, prior_sd=10)
    weight = pooling_weight(schools.n, schools.sigma_y, schools.sigma_alpha)
    s = partially_pooled_sd(schools.n, schools.sigma_y, schools.sigma_alpha)
    printed = s**2 + (1 - weight) ** 2 * mu_variance
    for j, of_alpha in enumerate(schools.of_alpha):
        mean, variance = schools.condition(of_alpha, prior_mean=50, prior_sd=10)
        assert printed[j] == pytest.approx(variance)
        # The sentence before it: the mean of mu may be put in mu's place.
        assert weight[j] * schools.mean[j] + (1 - weight[j]) * mu_mean == pytest.approx(mean)


# Why the joint mode is no substitute


@of("1badc1f2")
def test_eq_joint_factor():
    rng = np.random.default_rng(8)
    alphas, mu, sigma_alpha = rng.normal(60, 2, size=5), 61.0, 2.5
    printed = (1 / (np.sqrt(2 * np.pi) * sigma_alpha)) ** 5 * np.exp(
        -np.sum((alphas - mu) ** 2 / (2 * sigma_alpha**2))
    )
    assert printed == pytest.approx(np.prod(norm.pdf(alphas, mu, sigma_alpha)))


@of("e37712a2")
def test_eq_joint_log_factor():
    sigmas = np.logspace(-8, 2, num=11)
    for J in (1, 3, 50):
        printed = -J * np.log(sigmas)
        exact = np.array([norm.logpdf(np.full(J, 61.0), 61.0, s).sum() for s in sigmas])
        assert differs(exact)
        assert constant(printed - exact)


@of("ff1ae6e5")
def test_eq_joint_limit(schools):
    J = sp.Symbol("J", positive=True)
    assert sp.limit(-J * sp.log(sigma_alpha), sigma_alpha, 0) == sp.oo

    # The prose: nothing else in the whole joint density stops it. All means at mu, every prior in.
    def log_joint(sigma_alpha, mu=61.0, sigma_y=9.0):
        alphas = np.full(4, mu)
        return (
            norm.logpdf(schools.y, alphas[schools.school], sigma_y).sum()
            + norm.logpdf(alphas, mu, sigma_alpha).sum()
            + norm.logpdf(mu, 50, 10)
            + expon.logpdf(sigma_alpha)
            + expon.logpdf(sigma_y)
        )

    climb = log_joint(1e-200) - log_joint(1e-100)
    assert climb == pytest.approx(4 * 100 * np.log(10))  # J for each step of log sigma_alpha
    on_log_scale = climb + np.log(1e-200) - np.log(1e-100)
    assert on_log_scale == pytest.approx((4 - 1) * 100 * np.log(10))  # J - 1, no cure
    assert expon.pdf(1e-200) == pytest.approx(1)

    # The prose: average over the school means, and the spike is gone. What is left tends to the
    # likelihood of complete pooling.
    def averaged(sigma_alpha):
        cov = 9.0**2 * np.eye(len(schools.y)) + sigma_alpha**2 * (
            schools.school[:, None] == schools.school
        )
        return multivariate_normal(np.full(len(schools.y), 61.0), cov).logpdf(schools.y)

    complete_pooling = norm.logpdf(schools.y, 61.0, 9.0).sum()
    assert averaged(1e-4) == pytest.approx(complete_pooling, abs=1e-6)
    assert averaged(1e-8) == pytest.approx(complete_pooling, abs=1e-6)


# --- The numbers in the prose ---------------------------------------------------------------------


def minus_log_joint(point, city, offsets=None):
    """Of offsets, μ and the logs of σ_α and σ_y; the offsets are the best ones unless given."""
    mu, sigma_alpha, sigma_y = point[0], *np.exp(point[1:])
    if offsets is None:
        best = partially_pooled_mean(city["n"], city["mean"], mu, sigma_y, sigma_alpha)
        offsets = (best - mu) / sigma_alpha
    misses = city["mean"] - mu - sigma_alpha * offsets
    squares = city["ss"].sum() + (city["n"] * misses**2).sum()
    likelihood = -city["n"].sum() * np.log(sigma_y) - squares / (2 * sigma_y**2)
    priors = norm.logpdf(mu, 50, 10) + expon.logpdf(sigma_alpha) + expon.logpdf(sigma_y)
    return -(likelihood + norm.logpdf(offsets).sum() + priors)


def mode_of_the_non_centred_form(city):
    """σ_α at the highest joint density, found from three starts."""
    starts = [[60, np.log(start), 2] for start in (0.1, 1.4, 20)]
    options = {"xatol": 1e-6, "fatol": 1e-9, "maxiter": 4000, "maxfev": 4000}
    found = [
        optimize.minimize(minus_log_joint, s, (city,), method="Nelder-Mead", options=options)
        for s in starts
    ]
    tops = np.exp([one.x[1] for one in found])
    np.testing.assert_allclose(tops, tops[0], rtol=1e-3)
    return tops[0]


def test_the_non_centred_joint_density_is_that_of_pymc_and_bounded():
    """So it has a mode, as the page says."""
    from helpers.models import partially_pooled_model

    scores = simulate_city(seed=42).scores
    city = summarise_schools(scores)
    logp = partially_pooled_model(scores, centred=False).compile_logp(jacobian=False)
    rng = np.random.default_rng(3)

    def height(mu, sigma_alpha, sigma_y, offsets):
        point = {"global_mean": mu, "global_sigma_log__": np.log(sigma_alpha)}
        return logp(point | {"sigma_y_log__": np.log(sigma_y), "school_offset": offsets})

    places = [(mu, a, 10.0, rng.normal(size=50)) for mu, a in ((63, 6.2), (62, 1e-3), (65, 2))]
    ours = [-minus_log_joint([mu, *np.log([a, y])], city, z) for mu, a, y, z in places]
    assert constant(np.array(ours) - [height(*place) for place in places])
    # Towards σ_α = 0 nothing grows: the best offsets tend to 0, and the density to a finite value.
    near = [minus_log_joint([63, np.log(a), np.log(10)], city) for a in (1e-3, 1e-6, 1e-12)]
    assert near[0] == pytest.approx(near[1], abs=0.01)
    assert near[1] == pytest.approx(near[2], abs=1e-6)


def sentences():
    """Each passage of the page that holds figures, with the figures computed afresh."""
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(simulate_city).parameters.items()
    }
    centre, spread, noise = (defaults[name] for name in ("global_mean", "global_sigma", "sigma_y"))
    small, large = defaults["min_size"], defaults["max_size"]
    half = noise**2 / spread**2
    weight = {size: float(pooling_weight(size, noise, spread)) for size in (small, large)}
    error = {size: noise / np.sqrt(size) for size in (small, large)}
    sd = {size: float(partially_pooled_sd(size, noise, spread)) for size in (small, large)}
    estimate = float(partially_pooled_mean(small, 75, centre, noise, spread))

    count, pupils = 50, 50
    total = count / (spread**2 + noise**2 / pupils)
    pull = centre - (50 / 10**2 + total * centre) / (1 / 10**2 + total)
    conditional = float(partially_pooled_sd(pupils, noise, spread))
    share = 1 - float(pooling_weight(pupils, noise, spread))
    unconditional = np.sqrt(conditional**2 + share**2 / (1 / 10**2 + total))

    wide = 4.0
    wide_half = noise**2 / wide**2
    wide_weight = float(pooling_weight(25, noise, wide))
    above = 75 - centre
    moves = {size: above - weight[size] * above for size in (small, large)}
    city = summarise_schools(simulate_city(seed=42).scores)
    posterior = exact_posterior(city).summary()
    estimated = posterior["mean"]
    scales = estimated["sigma_y"], estimated["global_sigma"]
    fitted = {size: float(pooling_weight(size, *scales)) for size in (small, large)}
    fitted_half = (scales[0] / scales[1]) ** 2
    mode = mode_of_the_non_centred_form(city)

    two = precision_weighted_mean([2, 98], [70.0, 60.0], noise, spread)
    two_pupils = np.average([70, 60], weights=[2, 98])
    assert two_pupils < two < np.mean([70, 60])  # "It lies between the other two."
    assert (wide / spread) ** 2 == half / wide_half == 4  # "a quarter of the pupils"

    gain = {
        size: noise / np.sqrt(size) * np.sqrt((1 + weight[size]) / (1 - weight[size]))
        for size in (small, large)
    }
    inside = {size: 1 - 2 * norm.sf(gain[size] / spread) for size in gain}
    assert inside[small] > 0.999  # "nearly every school"
    everyone = np.average(city["mean"], weights=city["n"])
    weighted = precision_weighted_mean(city["n"], city["mean"], noise, spread)
    reml = maximum_likelihood(city, restricted=True)
    plugged_in = partially_pooled_sd(city["n"], reml["sigma_y"], reml["global_sigma"])
    exact_sd = posterior["sd"].filter(like="school_means").to_numpy()
    too_large = int((plugged_in > exact_sd).sum())
    return [
        rf"Take the recipe's city: $\mu = {centre:.0f}$, $\sigma_\alpha = {spread:.0f}$ and "
        rf"$\sigma_y = {noise:.0f}$.",
        f"is ${noise:.0f}^2 / {spread:.0f}^2 = {half:g}$ pupils.",
        f"A school has {small} pupils with a raw mean of 75. Its weight is ${small} / ({small} + "
        f"{half:g}) = {small}/{small + half:g}$, about {weight[small]:.0%}.",
        f"So of the {above:.0f} points between {centre:.0f} and 75 it keeps "
        f"{weight[small] * above:.1f}, and its estimate is {estimate:.1f}.",
        f"A school of {large} pupils keeps {weight[large]:.0%}. Half weight is at {half:g} pupils",
        f"These weights ({half:g} pupils, {weight[small]:.0%}, {weight[large]:.0%}) are",
        f"there they are {fitted_half:.0f} pupils, {fitted[small]:.0%} and {fitted[large]:.0%}.",
        f"for the school of {small} pupils, and their sum",
        rf"it lies at $\sigma_\alpha = {mode:.1f}$, which is {mode / scales[1]:.1f} times the "
        "posterior mean,",
        f"a school of {small} has a standard error of {error[small]:.1f} points and a posterior "
        f"standard deviation of {sd[small]:.1f}.",
        f"A school of {large} goes from {error[large]:.2f} to {sd[large]:.2f}.",
        rf"A school never seen has $s_j = \sigma_\alpha$, which is {spread:.0f} points.",
        f"a school of {large} counts about {weight[large] / weight[small]:.0f} times as much as a "
        f"school of {small}.",
        f"By pupils alone it would count {large / small:g} times as much.",
        f"a school of {small} gains if its true mean lies within {gain[small]:.1f} points of "
        rf"$\mu$, and a school of {large} if it lies within {gain[large]:.1f} points.",
        f"That is {gain[small] / spread:.1f} and {gain[large] / spread:.1f} times "
        rf"$\sigma_\alpha$. So nearly every school of {small} gains, and about "
        f"{inside[large]:.0%} of the schools of {large}.",
        f"The mean of all its pupils is {everyone:.2f}. Its precision-weighted mean, with the "
        f"recipe's standard deviations, is {weighted:.2f}.",
        f"larger than the exact variance in {too_large} of {len(city)} schools.",
        f"Take {count} schools of {pupils} pupils each, with the recipe's standard deviations and "
        f"raw means that average {centre:.0f}.",
        rf"pulls the mean of $\mu$ from {centre:.0f} towards 50 by {pull:.3f} points.",
        f"In those {count} schools the standard deviation of an $\\alpha_j$ grows from "
        f"{conditional:.3f} to {unconditional:.3f} when $\\mu$ is unknown.",
        f"With the recipe's numbers it is one half at {half:g} pupils.",
        rf"the same $\sigma_y = {noise:.0f}$, and its schools differ twice as much: "
        rf"$\sigma_\alpha = {wide:.0f}$.",
        "What share of its raw mean does a school of 25 keep?",
        f"Half weight is at ${noise:.0f}^2 / {wide:.0f}^2 = {wide_half:g}$ pupils, a quarter of "
        "the recipe's.",
        f"A school of 25 keeps $25 / (25 + {wide_half:g})$, which is {wide_weight:.0%}.",
        f"two schools have a raw mean of 75, one with {small} pupils and one with {large}.",
        rf"Both means are {above:.0f} points above $\mu$.",
        f"The school of {small} moves down by {moves[small]:.1f} points, the school of {large} by "
        f"{moves[large]:.1f}.",
        "One has 2 pupils and a mean of 70, the other has 98 pupils and a mean of 60.",
        rf"Keep $\sigma_\alpha = {spread:.0f}$ and $\sigma_y = {noise:.0f}$.",
        rf"$(2 \times 70 + 98 \times 60) / 100 = {two_pupils:g}$.",
        f"$(70 + 60) / 2 = {np.mean([70, 60]):g}$.",
        f"$w_1 = 1 / ({spread**2:g} + {noise**2 / 2:g})$ and $w_2 = 1 / ({spread**2:g} + "
        f"{noise**2:g} / 98)$, which gives {two:.2f}.",
    ]


def test_the_priors_that_the_page_quotes_are_those_of_chapter_3s_model():
    from helpers.models import partially_pooled_model

    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(partially_pooled_model).parameters.items()
    }
    mean, sd, scale = (
        defaults[name] for name in ("prior_mean", "prior_sd", "sigma_alpha_prior_mean")
    )
    assert rf"$\mu$ the prior $\text{{Normal}}({mean:g}, {sd:g})$." in PAGE.prose
    assert rf"it is $\text{{Exponential}}({1 / scale:g})$" in PAGE.prose


def test_the_numbers_in_the_prose():
    missing = [sentence for sentence in sentences() if sentence not in PAGE.prose]
    assert not missing


def test_the_figure_says_in_words_where_its_sum_is_lowest():
    """Its numbers stand in a cell, which `Page` leaves out."""
    alt = re.search(r'alt: "(.*)"', (BOOK / "derivation.md").read_text(encoding="utf-8")).group(1)
    lowest = partially_pooled_mean(2, 75, 63, 10, 2)
    assert re.findall(r"\d[\d.]*\d", alt) == ["63", "75", f"{lowest:.1f}"]


@pytest.mark.parametrize(
    ("when", "edge"),
    [
        (r"$n_j \to \infty$", (n, sp.oo)),
        ("$n_j = 0$", (n, 0)),
        (r"$\sigma_\alpha \to 0$", (sigma_alpha, 0)),
        (r"$\sigma_\alpha \to \infty$", (sigma_alpha, sp.oo)),
    ],
)
def test_the_table_of_limits(when, edge):
    weight = sp.limit(LAMBDA, *edge)
    estimate = {ybar: r"$\bar y_j$", mu: r"$\mu$"}[sp.limit(ALPHA_HAT, *edge)]
    assert f"| {when} | {weight} | {estimate} |" in PAGE.text


def test_the_numbers_of_the_landing_page():
    weight = {size: float(pooling_weight(size, 10, 2)) for size in (2, 99)}
    estimate = {size: float(partially_pooled_mean(size, 75, 63, 10, 2)) for size in weight}
    page = Page("intro.md").prose
    for said in (
        r"Let $\mu = 63$, $\sigma_y = 10$ and $\sigma_\alpha = 2$. A school of two pupils with a "
        rf"mean of 75 keeps $\lambda = 2/(2 + {10**2 / 2**2:g})$, or {weight[2]:.0%}, of its own "
        f"mean. Its estimate is {estimate[2]:.1f}.",
        f"keeps {weight[99]:.0%}, and its estimate is {estimate[99]:.1f}.",
    ):
        assert said in page


def test_no_other_number_is_in_the_prose():
    """A new figure must join `sentences`."""
    known = [*sentences(), r"$\text{Normal}(50, 10)$", "$1 / 10^2$"]
    assert not PAGE.strange_numbers(known)
