r"""The appendix on the exact posterior, equation by equation; `equations.py` says how.

In each test `printed` is the right-hand side as on the page. What it is compared with comes another
way: the joint normal density of all the scores of a small city, SymPy, numerical integrals (on
other scales and by another rule than the page's), or the book's PyMC model. Where the code computes
the same thing, it is compared too.
"""

import inspect
from itertools import pairwise, product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pymc as pm
import pytest
import sympy as sp
from equations import Page, is_of, of, same
from scipy import integrate, optimize
from scipy.special import logsumexp
from scipy.stats import chi2, expon, gamma, norm

from helpers.exact import exact_posterior, quadrature, ratios
from helpers.models import partially_pooled_model
from helpers.pooling import partially_pooled_sd, pooling_weight
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

PAGE = Page("exact_posterior.md")


# --- The page and this file belong together ------------------------------------------------------


def test_every_displayed_equation_is_a_single_labelled_one():
    assert not PAGE.unfit_equations(label=r"eq-exact(-[a-z]+)+")


def test_every_label_has_a_test_and_every_test_a_label():
    assert not PAGE.without_partner(Path(__file__))


@pytest.mark.parametrize(("label", "latex"), PAGE.equations, ids=PAGE.labels)
def test_an_equation_is_the_one_that_its_test_checks(label, latex):
    assert is_of(globals()["test_" + label.replace("-", "_")], latex)


def test_references_between_equations_and_sections_lead_somewhere():
    assert not PAGE.dangling_references()


# --- A small city, as one joint normal distribution of mu, the true means and the scores ----------

M0, S0, A, B = 58.0, 8.0, 3.0, 5.0  # the priors
RNG = np.random.default_rng(11)
SIZES = np.array([1, 2, 4])
J, PUPILS = len(SIZES), SIZES.sum()
SCHOOL = np.repeat(np.arange(J), SIZES)
Y = RNG.normal(np.array([54.0, 62.0, 66.0])[SCHOOL], 5)
SCORES = pd.DataFrame({"school": SCHOOL, "score": Y})
MINE = np.equal.outer(np.arange(J), SCHOOL)  # by school, whether a pupil is one of its own
MEANS = np.array([Y[MINE[j]].mean() for j in range(J)])
SS = np.array([SIZES[j] * Y[MINE[j]].var() for j in range(J)])
# Everything is a sum of independent parts: mu, what each school adds, what each pupil adds.
OF_MU, *_PARTS = np.eye(1 + J + PUPILS)
OF_ALPHA = OF_MU + _PARTS[:J]
OF_SCORE = OF_ALPHA[SCHOOL] + _PARTS[J:]
# Random values of everything unknown, where functions are compared.
CASES = [
    SimpleNamespace(mu=mu, sa=sa, sy=sy, alphas=RNG.normal(60, 6, size=J))
    for mu, sa, sy in zip(*RNG.uniform([[50], [1], [2]], [[70], [12], [12]], (3, 5)), strict=True)
]


def covariance(rows, sa, sy, s0=S0):
    sa, sy = np.broadcast_arrays(sa, sy)
    parts = np.stack([np.full(sa.shape, s0**2), *J * [sa**2], *PUPILS * [sy**2]], axis=-1)
    return rows * parts[..., None, :] @ rows.T


def log_density(rows, x, sa, sy, mu=None):
    """Of sums of parts, given the scales; and given mu, if there is one."""
    cov = covariance(rows, sa, sy, S0 if mu is None else 0)
    off = x - (M0 if mu is None else mu)
    squares = np.linalg.solve(cov, np.broadcast_to(off, cov.shape[:-1])[..., None])[..., 0] @ off
    return -(len(x) * np.log(2 * np.pi) + np.linalg.slogdet(cov)[1] + squares) / 2


def condition(row, case):
    """Mean and variance of a sum of parts, given the scales and all scores."""
    cov = covariance(np.vstack([row, OF_SCORE]), case.sa, case.sy)
    gain = np.linalg.solve(cov[1:, 1:], cov[1:, 0])
    return M0 + gain @ (Y - M0), cov[0, 0] - gain @ cov[1:, 0]


def log_scales(sa, sy):
    """Log posterior of the scales, up to a constant."""
    prior = expon.logpdf(sa, scale=A) + expon.logpdf(sy, scale=B)
    return prior + log_density(OF_SCORE, Y, sa, sy)


def log_joint(case):
    """Log posterior of all unknowns, up to a constant."""
    return (
        norm.logpdf(Y, case.alphas[SCHOOL], case.sy).sum()
        + norm.logpdf(case.alphas, case.mu, case.sa).sum()
        + norm.logpdf(case.mu, M0, S0)
        + expon.logpdf(case.sa, scale=A)
        + expon.logpdf(case.sy, scale=B)
    )


def constant(printed, other):
    """Whether two functions, each at several points, are equal up to a constant."""
    printed, other = np.array(printed), np.array(other)
    assert np.ptp(other) > 1e-3  # not flat, which would be too easy
    return np.ptp(printed - other) < 1e-7 * (1 + np.abs(other).max())


def area(function, low=-150, high=250, points=(55, 60, 65)):
    return integrate.quad(function, low, high, points=points, epsabs=0, epsrel=1e-9, limit=400)[0]


@pytest.fixture(scope="module")
def exact():
    """The posterior of the scales by Gauss's rule, on the scales themselves."""
    x, weight = np.polynomial.legendre.leggauss(120)
    sigma, weight = 45 * (x + 1), 45 * weight
    sa, sy = (grid.ravel() for grid in np.meshgrid(sigma, sigma))
    mass = np.outer(weight, weight).ravel() * np.exp(log_scales(sa, sy))
    return SimpleNamespace(sa=sa, sy=sy, total=mass.sum(), chance=mass / mass.sum())


# The page's own pieces.


def v(sa, sy):
    return np.asarray(sa)[..., None] ** 2 + np.asarray(sy)[..., None] ** 2 / SIZES


def pieces(sa, sy):
    w = 1 / v(sa, sy)
    P = 1 / S0**2 + w.sum(axis=-1)
    M = (M0 / S0**2 + w @ MEANS) / P
    Q = (w * (MEANS - M[..., None]) ** 2).sum(axis=-1) + (M - M0) ** 2 / S0**2
    return P, M, Q


def printed_log_scales(sa, sy):
    P, _, Q = pieces(sa, sy)
    return (
        (-sa / A - sy / B)
        + (-(PUPILS - J) * np.log(sy) - SS.sum() / (2 * sy**2))
        - np.log(v(sa, sy)).sum(axis=-1) / 2
        + (-np.log(P) / 2 - Q / 2)
    )


def sums(t, n=SIZES, means=MEANS):
    """D, S, the schools' own estimate of mu, and B."""
    odds = n * np.exp(np.asarray(t))[..., None]
    r = n / (1 + odds)
    S = r.sum(axis=-1)
    center = 1 / S * (r * means).sum(axis=-1)
    return np.log(1 + odds).sum(axis=-1), S, center, (r * (means - center[..., None]) ** 2).sum(-1)


def printed_log_ratio(t, u):
    D, S, center, scatter = sums(t)
    z = np.exp(2 * u) / (S0**2 * S)
    return (
        (t / 2 - D / 2 - np.log(S) / 2)
        + (-(PUPILS - 3) * u - (SS.sum() + scatter) / 2 * np.exp(-2 * u))
        + (-(1 / B + np.exp(t / 2) / A) * np.exp(u) - np.log(1 + z) / 2)
        - (center - M0) ** 2 / (2 * S0**2 * (1 + z))
    )


def small_ratios():
    return ratios.Ratios(summarise_schools(SCORES), M0, S0, A, B)


def make_table(step):
    """Nodes, where the code places them, and weights as section 8 has them."""
    code, t = small_ratios(), np.arange(-45, 12, step)
    windows, _ = code.columns(t, code.sums(t))
    u, h = np.log(code.unit) + windows.peak + windows.table()[0], windows.step
    volume = h * np.exp(printed_log_ratio(t := t[windows.column], u))
    parts = np.broadcast_arrays(t, u, h, volume / volume.sum())
    t, u, h, weight = (part.ravel() for part in parts)
    table = SimpleNamespace(t=t, u=u, h=h, weight=weight, sa=np.exp(u + t / 2), sy=np.exp(u))
    table.P, table.M, _ = pieces(table.sa, table.sy)
    return table


@pytest.fixture(scope="module")
def table():
    return make_table(0.5)


@pytest.fixture(params=["mu", "alpha of the smallest", "alpha of the largest"])
def theta(request, table):
    """A parameter's centre and deviation at each node, and its density by the mixture."""
    if request.param == "mu":
        row, c, d = OF_MU, table.M, table.P**-0.5
    else:
        j = 0 if "smallest" in request.param else J - 1
        row, share = OF_ALPHA[j], pooling_weight(SIZES[j], table.sy, table.sa)
        s = partially_pooled_sd(SIZES[j], table.sy, table.sa)
        c = share * MEANS[j] + (1 - share) * table.M
        d = np.sqrt(s**2 + (1 - share) ** 2 / table.P)
    x = np.linspace(-60, 180, 6001)
    density = np.array([np.sum(table.weight * norm.pdf(place, c, d)) for place in x])
    return SimpleNamespace(row=row, c=c, d=d, x=x, density=density)


# 1. The model


@pytest.fixture(scope="module")
def model():
    return partially_pooled_model(
        SCORES,
        prior_mean=M0,
        prior_sd=S0,
        sigma_alpha_prior_mean=A,
        sigma_y_prior_mean=B,
    )


@of("7cff4721")
def test_eq_exact_priors(model):
    case = CASES[0]
    printed = {
        "global_mean": (case.mu, norm.pdf(case.mu, M0, S0)),
        "global_sigma": (case.sa, 1 / A * np.exp(-case.sa / A)),
        "sigma_y": (case.sy, 1 / B * np.exp(-case.sy / B)),
    }
    for name, (value, density) in printed.items():
        assert np.log(density) == pytest.approx(pm.logp(model[name], value).eval())
    for a in (A, B):  # "with means a and b"
        mean, _ = integrate.quad(lambda sigma, a=a: sigma / a * np.exp(-sigma / a), 0, np.inf)
        assert mean == pytest.approx(a)


@of("c7bb762e")
def test_eq_exact_joint(model):
    of_model = model.compile_logp(jacobian=False)
    printed, other = [], []
    for case in CASES:
        density = norm.pdf(case.mu, M0, S0) * expon.pdf(case.sa, scale=A)
        density *= expon.pdf(case.sy, scale=B)
        for j in range(J):
            density *= np.prod(norm.pdf(Y[MINE[j]], case.alphas[j], case.sy))
            density *= norm.pdf(case.alphas[j], case.mu, case.sa)
        printed.append(np.log(density))
        names = {"global_mean": case.mu, "school_means": case.alphas}
        values = {**names, "global_sigma_log__": np.log(case.sa), "sigma_y_log__": np.log(case.sy)}
        other.append(of_model(values))
    assert constant(printed, other)


@of("81fa1527")
def test_eq_exact_school():
    for case in CASES:
        for j in range(J):
            mine = MINE[j]
            printed = area(
                lambda alpha, case=case, mine=mine: (
                    np.prod(norm.pdf(Y[mine], alpha, case.sy)) * norm.pdf(alpha, case.mu, case.sa)
                )
            )
            joint = log_density(OF_SCORE[mine], Y[mine], case.sa, case.sy, case.mu)
            assert np.log(printed) == pytest.approx(joint)


@of("4813194c")
def test_eq_exact_plan():
    def integrand(mu, case):
        schools = [
            log_density(OF_SCORE[MINE[j]], Y[MINE[j]], case.sa, case.sy, mu) for j in range(J)
        ]
        return norm.pdf(mu, M0, S0) * np.exp(np.sum(schools))

    printed = [
        np.log(
            expon.pdf(case.sa, scale=A)
            * expon.pdf(case.sy, scale=B)
            * area(lambda mu, case=case: integrand(mu, case))
        )
        for case in CASES
    ]
    assert constant(printed, [log_scales(case.sa, case.sy) for case in CASES])


# 2. Three numbers a school. In symbols, for a school of four.

FOUR = sp.symbols("y1:5", real=True)
BAR = sum(FOUR) / 4
alpha = sp.Symbol("alpha", real=True)


@of("fa457aab")
def test_eq_exact_ss():
    printed = [np.sum((Y[MINE[j]] - MEANS[j]) ** 2) for j in range(J)]
    assert printed == pytest.approx(SS)
    assert printed == pytest.approx(summarise_schools(SCORES)["ss"].to_numpy())


@of("a9a8f098")
def test_eq_exact_squares():
    printed = sum((y - BAR) ** 2 for y in FOUR) + 4 * (BAR - alpha) ** 2
    assert same(printed, sum((y - alpha) ** 2 for y in FOUR))


@of("c19749f1")
def test_eq_exact_likelihood():
    for case in CASES:
        for j, n in enumerate(SIZES):
            printed = (
                ((2 * np.pi) ** (-n / 2) * case.sy**-n)
                * np.exp(-SS[j] / (2 * case.sy**2))
                * np.exp(-n * (MEANS[j] - case.alphas[j]) ** 2 / (2 * case.sy**2))
            )
            one_by_one = norm.logpdf(Y[MINE[j]], case.alphas[j], case.sy).sum()
            assert np.log(printed) == pytest.approx(one_by_one)


# 3. Average over a school's true mean


@of("c62bbe52")
def test_eq_exact_bell():
    for case in CASES:
        error = case.sy / np.sqrt(SIZES)
        printed = np.sqrt(2 * np.pi) * error * norm.pdf(MEANS, case.alphas, error)
        left = np.exp(-SIZES * (MEANS - case.alphas) ** 2 / (2 * case.sy**2))
        assert printed == pytest.approx(left)


@of("2ca3b45b")
def test_eq_exact_school_variance():
    for case in CASES:
        printed = case.sa**2 + case.sy**2 / SIZES
        means = np.array([OF_SCORE[MINE[j]].mean(axis=0) for j in range(J)])
        cov = covariance(means, case.sa, case.sy, s0=0)
        assert printed == pytest.approx(np.diag(cov))
        assert 1 / printed == pytest.approx(np.diag(np.linalg.inv(cov)))
        assert v(case.sa, case.sy) == pytest.approx(printed)


@of("d9d70e33")
def test_eq_exact_convolution():
    for case in CASES:
        for j, n in enumerate(SIZES):
            left = area(
                lambda alpha, case=case, j=j, n=n: (
                    norm.pdf(MEANS[j], alpha, case.sy / np.sqrt(n))
                    * norm.pdf(alpha, case.mu, case.sa)
                )
            )
            printed = norm.pdf(MEANS[j], case.mu, np.sqrt(case.sa**2 + case.sy**2 / n))
            assert printed == pytest.approx(left)


@of("deb195ec")
def test_eq_exact_school_likelihood():
    for j, n in enumerate(SIZES):
        printed = [
            np.log(case.sy ** -(n - 1.0) * np.exp(-SS[j] / (2 * case.sy**2)))
            + norm.logpdf(MEANS[j], case.mu, np.sqrt(v(case.sa, case.sy)[j]))
            for case in CASES
        ]
        rows, scores = OF_SCORE[MINE[j]], Y[MINE[j]]
        other = [log_density(rows, scores, case.sa, case.sy, case.mu) for case in CASES]
        assert constant(printed, other)


# 4. Average over the mean of the schools. Three schools in symbols.

mu, m0 = sp.symbols("mu m0", real=True)
s0 = sp.Symbol("s0", positive=True)
WS = sp.symbols("w1:4", positive=True)
BARS = sp.symbols("m1:4", real=True)
P_OF = 1 / s0**2 + sum(WS)
M_OF = (m0 / s0**2 + sum(w * bar for w, bar in zip(WS, BARS, strict=True))) / P_OF


def squares(center):
    schools = sum(w * (bar - center) ** 2 for w, bar in zip(WS, BARS, strict=True))
    return schools + (center - m0) ** 2 / s0**2


@of("01893b21")
def test_eq_exact_mu_terms():
    printed, other = [], []
    for case in CASES:
        variance = v(case.sa, case.sy)
        printed.append(
            -1 / 2 * np.sum((MEANS - case.mu) ** 2 / variance)
            - (case.mu - M0) ** 2 / (2 * S0**2)
            - 1 / 2 * np.sum(np.log(variance))
        )
        schools = norm.logpdf(MEANS, case.mu, np.sqrt(variance)).sum()
        other.append(norm.logpdf(case.mu, M0, S0) + schools)
    assert constant(printed, other)


@of("1f8c08e3")
def test_eq_exact_centre():
    for case in CASES:
        w = 1 / v(case.sa, case.sy)
        P = 1 / S0**2 + np.sum(w)
        M = 1 / P * (M0 / S0**2 + np.sum(w * MEANS))
        printed = M, 1 / P
        assert printed == pytest.approx(condition(OF_MU, case))


@of("d7f9bc86")
def test_eq_exact_one_square():
    assert same(P_OF * (mu - M_OF) ** 2 + squares(M_OF), squares(mu))


@of("6288517c")
def test_eq_exact_mu_integral():
    printed, other = [], []
    for case in CASES:
        P, _, Q = pieces(case.sa, case.sy)
        variance = v(case.sa, case.sy)
        printed.append(np.log(np.prod(variance**-0.5) * P**-0.5 * np.exp(-Q / 2)))
        integral = area(
            lambda mu, variance=variance: (
                norm.pdf(mu, M0, S0) * np.prod(norm.pdf(MEANS, mu, np.sqrt(variance)))
            )
        )
        other.append(np.log(integral))
    assert constant(printed, other)


# 5. and 6. Two unknowns, and no spike


@of("afb94c74")
def test_eq_exact_log_scales():
    sa, sy = np.meshgrid(np.logspace(-6, 1.5, 9), np.logspace(0, 1.5, 7))
    assert constant(printed_log_scales(sa, sy), log_scales(sa, sy))


@of("06eb27f2")
def test_eq_exact_bound():
    K = S0 * np.sqrt(np.prod(SIZES))  # from the three bounds in the sentences before it

    def printed(sy, sa=0, scatter=1):
        exponent = -scatter * SS.sum() / (2 * sy**2) - sy / B - sa / A
        return K * sy ** -float(PUPILS) * np.exp(exponent)

    sa, sy = np.meshgrid(np.logspace(-9, 2, 30), np.logspace(-0.3, 2, 30))
    assert (printed_log_scales(sa, sy) <= np.log(printed(sy, sa))).all()
    finite = area(printed, 0.01, 400, [1, 5, 20])
    assert finite == pytest.approx(area(printed, 0.001, 800, [1, 5, 20]))
    assert area(lambda sy: printed(sy, scatter=0), 0.001, 1, [0.1]) > 1e12 * finite  # "provided"
    # So the density of the schools' spread is finite at 0: it tends to that of complete pooling.
    curve = [
        area(lambda sy, sa=sa: np.exp(log_scales(sa, sy) + 20), 0.5, 100, [3, 6, 12])
        for sa in (1e-4, 1e-6, 0)
    ]
    assert curve[:2] == pytest.approx(2 * [curve[2]], rel=1e-4)


# 7. The ratio of the two spreads


@of("0f5c72df")
def test_eq_exact_change():
    t, u = sp.symbols("t u", real=True)
    scales = sp.Matrix([sp.exp(u + t / 2), sp.exp(u)])
    assert same(sp.log(scales[0] ** 2 / scales[1] ** 2).simplify(), t)
    stretch = sp.Abs(scales.jacobian([t, u]).det()).simplify()
    assert same(sp.expand_log(sp.log(stretch), force=True), 2 * u + t / 2 - sp.log(2))


@of("f9163f30")
def test_eq_exact_sums():
    for t in (-4.0, 0.0, 3.0):
        printed = D, S, center, scatter = sums(t)
        # Generalised least squares of the pupils' scores, in units of the spread within.
        cov = covariance(OF_SCORE, np.exp(t / 2), 1.0, s0=0)
        inverse, ones = np.linalg.inv(cov), np.ones(PUPILS)
        assert np.linalg.slogdet(cov)[1] == pytest.approx(D)
        assert ones @ inverse @ ones == pytest.approx(S)
        assert ones @ inverse @ Y / S == pytest.approx(center)
        assert (Y - center) @ inverse @ (Y - center) == pytest.approx(SS.sum() + scatter)
        of_code = small_ratios()
        found = of_code.sums(np.array([t]))[:, 0] + [0, 0, of_code.centre, 0]
        assert found == pytest.approx(printed)


@of("b8045bc8")
def test_eq_exact_split():
    for case in CASES:
        _, S, center, scatter = sums(2 * np.log(case.sa / case.sy))
        z = case.sy**2 / (S0**2 * S)
        P = S / case.sy**2 * (1 + z)
        Q = scatter / case.sy**2 + (center - M0) ** 2 / (S0**2 * (1 + z))
        assert pytest.approx(1 / condition(OF_MU, case)[1]) == P
        assert pytest.approx(pieces(case.sa, case.sy)[2]) == Q


@of("5d248108")
def test_eq_exact_ratio():
    t, u = np.meshgrid(np.linspace(-20, 4, 9), np.linspace(0.5, 4, 7))
    other = log_scales(np.exp(u + t / 2), np.exp(u)) + 2 * u + t / 2
    assert constant(printed_log_ratio(t, u), other)
    # The code's columns are the same, with u measured from the log of the pooled sd within.
    of_code, t = small_ratios(), np.linspace(-20, 4, 9)
    windows, log = of_code.columns(t, of_code.sums(t))
    delta, above = windows.table()
    u = np.log(of_code.unit) + windows.peak + delta
    assert constant(log + above, printed_log_ratio(t[windows.column], u))


def test_a_column_has_two_peaks_at_most():
    names = "s power squares rate loose pull"
    s, power, squares, rate, loose, pull = sp.symbols(names, positive=True)
    z = loose * s**2  # s is e to the u
    terms = -power * sp.log(s) - squares / (2 * s**2) - rate * s
    terms += -sp.log(1 + z) / 2 - pull / (2 * (1 + z))
    slope = sp.together(s * sp.diff(terms, s) * s**2 * (1 + z) ** 2)
    signs = [
        [c for c in (1, -1) if (c * coefficient).is_positive] or [1, -1]
        for _, coefficient in sorted(sp.Poly(sp.cancel(slope), s).terms())
    ]
    changes = [sum(one != other for one, other in pairwise(some)) for some in product(*signs)]
    assert max(changes) == 3  # by Descartes' rule of signs


# 8. A table of nodes and weights


@of("f4fe7339")
def test_eq_exact_trapezoid():
    def error(h):
        x = np.arange(-40, 5, h)  # an exponential density on the log scale: its area is one
        return abs(h * np.sum(np.exp(x - np.exp(x))) - 1)

    assert 1e-6 < error(1) < 1e-3
    assert error(0.5) < 10 * error(1) ** 2  # "with each halving ... at least doubles, or nearly"


@of("d191acf8")
def test_eq_exact_weights(table, exact):
    assert table.weight.sum() == pytest.approx(1)
    # Half of the two spreads' product is what a step of t and one of u are on their own scales.
    density = np.exp(log_scales(table.sa, table.sy)) * table.sa * table.sy / 2 / exact.total
    assert table.weight == pytest.approx(0.5 * table.h * density, rel=1e-6)


@of("914923ed")
def test_eq_exact_average(table, exact):
    finer = make_table(0.25)
    for f in (lambda sa, sy: sa, lambda sa, sy: sa**2, lambda sa, sy: sa / (1 + sy)):
        printed = np.sum(table.weight * f(table.sa, table.sy))
        assert printed == pytest.approx(np.sum(exact.chance * f(exact.sa, exact.sy)), rel=1e-5)
        assert printed == pytest.approx(np.sum(finer.weight * f(finer.sa, finer.sy)), rel=1e-5)


# 9. What is left out. Random cities; and each of the three things that may be held.

HELD = {
    "sigma_y": lambda rho: 1 + 0 * rho,  # its square, in units of that of sigma_y
    "sigma_alpha": lambda rho: rho,
    "both": lambda rho: 1 + rho,
}


def factors(city, hold, t, x):
    """Logs of the nine factors, in the page's order."""
    rho = np.exp(t)
    sy = np.exp(x) / np.sqrt(HELD[hold](rho))
    sa = np.sqrt(rho) * sy
    variance = sa[..., None] ** 2 + sy[..., None] ** 2 / city.n
    w = 1 / variance
    P = 1 / city.s0**2 + w.sum(axis=-1)
    M = (city.m0 / city.s0**2 + w @ city.means) / P
    Q = (w * (city.means - M[..., None]) ** 2).sum(axis=-1) + (M - city.m0) ** 2 / city.s0**2
    first = t / 2, 2 * np.log(sy), -sa / city.a, -sy / city.b
    pupils = -(city.n.sum() - city.n.size) * np.log(sy), -city.ss.sum() / (2 * sy**2)
    schools = -np.log(variance).sum(axis=-1) / 2, -np.log(P) / 2, -Q / 2
    return np.stack(np.broadcast_arrays(*first, *pupils, *schools))


def random_city(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 10 ** rng.integers(1, 5), rng.integers(2, 7))
    n[0] += 1
    ss, means = (n - 1) * rng.uniform(0.1, 3, n.size), rng.normal(0, 2, n.size)
    m0, s0, a, b = priors = rng.normal(0, 3), *10 ** rng.uniform(-1.5, 1.5, 3)
    code = ratios.Ratios(pd.DataFrame({"n": n, "mean": means, "ss": ss}), *priors)
    low = rng.uniform(-9, 3, 6)
    city = SimpleNamespace(n=n, means=means, ss=ss, m0=m0, s0=s0, a=a, b=b, code=code)
    return city, low, low + 10 ** rng.uniform(-2, 0.7, 6)


@of("83f832c3")
@pytest.mark.parametrize("hold", HELD)
def test_eq_exact_factors(hold):
    mine = SimpleNamespace(n=SIZES, means=MEANS, ss=SS, m0=M0, s0=S0, a=A, b=B)
    t, u = np.meshgrid(np.linspace(-20, 4, 9), np.linspace(0.5, 4, 7))
    other = log_scales(np.exp(u + t / 2), np.exp(u)) + 2 * u + t / 2
    together = np.log(np.exp(2 * u + t) + np.exp(2 * u)) / 2
    x = {"sigma_y": u, "sigma_alpha": u + t / 2, "both": together}[hold]
    assert constant(factors(mine, hold, t, x).sum(axis=0), other)
    steps = np.diff(factors(mine, hold, t, x[:, :1]), axis=2)  # "goes in one direction"
    assert ((steps > -1e-9).all(axis=(1, 2)) | (steps < 1e-9).all(axis=(1, 2))).all()


@of("e73d1e73")
@pytest.mark.parametrize("hold", HELD)
@pytest.mark.parametrize("seed", range(12))
def test_eq_exact_between(hold, seed):
    city, low, high = random_city(seed)
    x = np.linspace(-12, 10, 20_001)
    ends = [factors(city, hold, t[:, None], x) for t in (low, high)]
    printed = np.maximum(*ends).sum(axis=0)
    between = np.linspace(low, high, 41)
    density = factors(city, hold, between[..., None], x[::200]).sum(axis=0)
    assert (density <= printed[:, ::200] + 1e-9 * (1 + np.abs(density))).all()
    # The code's bound is the area of this one, and no mass in between is larger.
    sides = [(t, city.code.sums(t)) for t in (low, high)]
    bounds = city.code.masses(*sides, hold)
    assert constant(bounds[0], logsumexp(printed, axis=1))
    for t in between:
        assert (city.code.masses((t, city.code.sums(t))) <= bounds + 1e-9).all()


# 10. Going back down


@of("650a646a")
def test_eq_exact_mu():
    for case in CASES:
        P, M, _ = pieces(case.sa, case.sy)
        bayes = (
            log_density(OF_SCORE, Y, case.sa, case.sy, case.mu)
            + norm.logpdf(case.mu, M0, S0)
            - log_density(OF_SCORE, Y, case.sa, case.sy)
        )
        assert norm.logpdf(case.mu, M, P**-0.5) == pytest.approx(bayes)


@of("eb2f5065")
def test_eq_exact_alpha_given_mu():
    for case in CASES:
        share = pooling_weight(SIZES, case.sy, case.sa)
        alpha_hat = share * MEANS + (1 - share) * case.mu
        printed = norm.logpdf(case.alphas, alpha_hat, partially_pooled_sd(SIZES, case.sy, case.sa))
        together = norm.logpdf(Y, case.alphas[SCHOOL], case.sy).sum()
        together += norm.logpdf(case.alphas, case.mu, case.sa).sum()
        bayes = together - log_density(OF_SCORE, Y, case.sa, case.sy, case.mu)
        assert printed.sum() == pytest.approx(bayes)


@of("2392a579")
def test_eq_exact_alpha():
    for case in CASES:
        P, M, _ = pieces(case.sa, case.sy)
        share = pooling_weight(SIZES, case.sy, case.sa)
        mean = share * MEANS + (1 - share) * M
        s = partially_pooled_sd(SIZES, case.sy, case.sa)
        variance = s**2 + (1 - share) ** 2 / P
        for j in range(J):
            assert (mean[j], variance[j]) == pytest.approx(condition(OF_ALPHA[j], case))


# 11. and 12. Every parameter, and draws


@of("614be1d2")
def test_eq_exact_mixture(theta, exact):
    rows = np.vstack([theta.row, OF_SCORE])
    for place in (50.0, 60.0, 67.0):
        printed = np.interp(place, theta.x, theta.density)
        joint = log_density(rows, np.array([place, *Y]), exact.sa, exact.sy)
        alone = log_density(OF_SCORE, Y, exact.sa, exact.sy)
        assert printed == pytest.approx(np.sum(exact.chance * np.exp(joint - alone)), rel=1e-5)


@of("df63bc64")
def test_eq_exact_moments(theta, table):
    mean = np.sum(table.weight * theta.c)
    assert mean == pytest.approx(np.trapezoid(theta.x * theta.density, theta.x))
    printed = np.sum(table.weight * (theta.d**2 + theta.c**2)) - mean**2
    variance = np.trapezoid((theta.x - mean) ** 2 * theta.density, theta.x)
    assert printed == pytest.approx(variance)
    between = np.cov(theta.c, aweights=table.weight, ddof=0)
    assert printed == pytest.approx(np.sum(table.weight * theta.d**2) + between)  # "total variance"


@of("11308bef")
def test_eq_exact_cdf(theta, table):
    def printed(x):
        return np.sum(table.weight * norm.cdf((x - theta.c) / theta.d))

    ends = [optimize.brentq(lambda x, p=p: printed(x) - p, -60, 180) for p in (0.03, 0.97)]
    below = integrate.cumulative_trapezoid(theta.density, theta.x, initial=0)
    assert np.interp(ends, theta.x, below) == pytest.approx([0.03, 0.97], abs=1e-5)


@of("610d382c")
def test_eq_exact_chain():
    printed = []
    for case in CASES:
        P, M, _ = pieces(case.sa, case.sy)
        share = pooling_weight(SIZES, case.sy, case.sa)
        alpha_hat = share * MEANS + (1 - share) * case.mu
        s = partially_pooled_sd(SIZES, case.sy, case.sa)
        schools = norm.logpdf(case.alphas, alpha_hat, s).sum()
        scales = printed_log_scales(case.sa, case.sy)
        printed.append(scales + norm.logpdf(case.mu, M, P**-0.5) + schools)
    assert constant(printed, [log_joint(case) for case in CASES])


# 13. The same posterior from summaries. SciPy's gamma density; and the joint density of the scores.


def gamma_logpdf(x, shape, rate):
    return gamma.logpdf(x, shape, scale=1 / rate)


@of("6d63bcb9")
def test_eq_exact_gamma():
    total, sigma_y = SS.sum(), np.array([case.sy for case in CASES])
    printed = np.log(sigma_y ** -float(PUPILS - J) * np.exp(-total / (2 * sigma_y**2)))
    # σ_y² times a chi-square number, as SciPy knows it.
    other = chi2.logpdf(total / sigma_y**2, PUPILS - J) - np.log(sigma_y**2)
    assert constant(printed, other)
    left = gamma_logpdf(total, (PUPILS - J) / 2, 1 / (2 * sigma_y**2))
    np.testing.assert_allclose(left, other)


@of("31082628")
def test_eq_exact_summaries():
    printed = [
        gamma_logpdf(SS.sum(), (PUPILS - J) / 2, 1 / (2 * case.sy**2))
        + norm.logpdf(MEANS, case.alphas, case.sy / np.sqrt(SIZES)).sum()
        for case in CASES
    ]
    other = [norm.logpdf(Y, case.alphas[SCHOOL], case.sy).sum() for case in CASES]
    assert constant(printed, other)


@of("2b9452dc")
def test_eq_exact_sizes():
    means, n = np.array([54.0, 57.0, 66.0, 61.5]), 7
    K, m = len(means), means.mean()
    T = ((means - m) ** 2).sum()
    printed, other = [], []
    for case in CASES:
        variance = case.sa**2 + case.sy**2 / n
        printed.append(
            norm.logpdf(m, case.mu, np.sqrt(variance / K))
            + gamma_logpdf(T, (K - 1) / 2, 1 / (2 * variance))
        )
        other.append(norm.logpdf(means, case.mu, np.sqrt(variance)).sum())
    assert constant(printed, other)


# --- The numbers in the prose ---------------------------------------------------------------------


def sentences():
    """Each passage of the page that holds figures, with the figures computed afresh."""
    of_model = inspect.signature(partially_pooled_model).parameters
    names = ("prior_mean", "prior_sd", "sigma_alpha_prior_mean", "sigma_y_prior_mean")
    mean, sd, a, b = (of_model[name].default for name in names)
    city = simulate_city(seed=42)
    schools = len(city.true_school_means)
    unknowns, kept = schools + 3, 3 * schools
    posterior = exact_posterior(summarise_schools(city.scores))
    columns, windows, _ = posterior.nodes.runs
    assert posterior.outside < 1e-11 < posterior.error * 100 < 1e-7
    solve, check = map(inspect.getsource, (ratios.Ratios.solve, posterior._check))
    assert "< 1e-7" in solve and "step, cost = 2.0" in solve and "< 1e-4" in check
    digits = -np.log10(2 * np.exp(-2 * np.pi**2 / 0.8**2))  # of the trapezoid rule, by its series
    assert "0.8 * sd" in inspect.getsource(quadrature.Columns)
    assert "0.002 sds" in inspect.getsource(type(posterior).error.func)
    return [
        f"The book takes $m_0 = {mean:g}$, $s_0 = {sd:g}$, $a = {a:g}$ and $b = {b:g}$.",
        *(f"`{name}`" for name in names),
        f"In the city of {schools} schools these are {unknowns} numbers.",
        f"A density of {unknowns} numbers",
        f"turns {len(city.scores)} scores into {kept} numbers. It would be {kept} numbers",
        f"Of {unknowns} unknowns, two are left.",
        f"climbed from {unknowns} unknowns to two.",
        f"in their place, {2 * schools + 1} numbers are left.",
        f"{posterior.t.size} ratios are enough: the schools are added up {posterior.t.size} times",
        rf"has fallen to $e^{{-{quadrature.CUT:g}}}$ of it.",
        f"steps of 0.8 standard deviations give the area with {digits:.0f} correct digits.",
        f"In the city the table has {columns.size} columns of {windows.nodes} nodes.",
        rf"whose bound is below $e^{{{ratios.DEAD:g}}}$ of the whole",
        "In the city that is less than one part in $10^{11}$.",
        "In the city it is less than $10^{-9}$.",
        "found to within 0.002 posterior standard deviations.",
        "Where the error is not below $10^{-4}$,",
        "With $f_1, \\ldots, f_9$ for the factors",
        "it is 3%, and the one at which it is 97%.",
        f"Between the two ends lies the {97 - 3}% equal-tailed interval.",
    ]


def test_the_numbers_in_the_prose():
    assert not [sentence for sentence in sentences() if sentence not in PAGE.prose]


def test_no_other_number_is_in_the_prose():
    """A new figure must join `sentences`."""
    assert not PAGE.strange_numbers(sentences())
