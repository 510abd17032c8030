"""The exercises' checks: right answers, computed, and the usual wrong ones with their reasons."""

import textwrap
from functools import cache

import numpy as np

from checks.grading import Choice, Function, NotYetError, Number
from helpers.exact import exact_posterior
from helpers.pooling import (
    partially_pooled_mean,
    partially_pooled_sd,
    pooling_weight,
    precision_weighted_mean,
)
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools


@cache
def _city():
    city = simulate_city(seed=42)
    schools = summarise_schools(city.scores)
    pooled = partially_pooled_mean(schools["n"], schools["mean"], 63, 10, 2)
    return city.true_school_means.to_numpy(), schools, pooled


def _moved_away() -> int:
    truth, schools, pooled = _city()
    return int((abs(pooled - truth) > abs(schools["mean"] - truth)).sum())


def _top_five_found(values) -> int:
    chosen, true = (set(np.argsort(v, kind="stable")[-5:]) for v in (values, _city()[0]))
    return len(chosen & true)


def _wide_spread_probability() -> float:
    draws = exact_posterior(_city()[1]).sample(25_000, seed=0)
    return float((draws.posterior["global_sigma"] > 2).mean())


def _pull(n, mean):
    return (n * mean + 50) / (n + 1)


def _rmse(estimate, truth):
    return np.sqrt(np.mean((np.asarray(estimate) - truth) ** 2))


SIZES = np.array([1.0, 4.0, 25.0, 100.0])
ANSWERS = {
    "1.1": Number(
        lambda: 10 / np.sqrt(4),
        "The spread of pupils, 10, divided by the square root of 4.",
        "Divide the standard deviation of pupils by the square root of their number.",
        (
            (lambda: 10 / 4, "You divided by n. A mean of n pupils varies by σ_y / √n."),
            (lambda: 10, "That is how far one pupil strays. The mean of four strays less."),
            (lambda: 100 / 4, "That is the variance of the mean. Take its square root."),
        ),
    ),
    "1.2": Function(
        lambda n, sigma_y: sigma_y / np.sqrt(n),
        ((4, 10), (25, 10), (SIZES, 8.0)),
        "It works for a whole array of schools at once, too.",
        "The standard error of a mean is σ_y / √n.",
        (
            (lambda n, sigma_y: sigma_y / n, "You divided by n, not by its square root."),
            (lambda n, sigma_y: sigma_y**2 / n, "That is the variance. Take its square root."),
            (lambda n, sigma_y: sigma_y * np.sqrt(n), "More pupils must make it smaller: divide."),
        ),
    ),
    "1.3": Choice(
        "b",
        {
            "a": "It may be, but the table does not show it: a mean of three strays by 10/√3, "
            "about 6 points, and true means by 2. Luck of that size tops many a table.",
            "b": "Means of few pupils stray furthest, up and down. So the ends of a table of raw "
            "means attract small schools.",
            "c": "In this city size and true mean have nothing to do with each other: it was "
            "simulated so. And over many such cities small schools "
            "crowd the bottom of the table as much as the top.",
            "d": "A mean does not grow with fewer pupils; it strays more, to both sides.",
        },
    ),
    "2.1": Number(
        lambda: _pull(2, 63),
        "(2 · 63 + 50) / 3: with σ_y = 10 the prior N(50, 10) counts as one pupil who scored 50.",
        "With σ_y = 10 the prior weighs as much as one pupil with a score of 50.",
        (
            (lambda: 63, "That is the raw mean. The prior N(50, 10) pulls it towards 50."),
            (
                lambda: 56.5,
                "You gave prior and data equal weight. There are two pupils, one prior.",
            ),
            (lambda: 50, "That is the prior alone: the pupils' scores count too."),
        ),
        tolerance=0.05,
    ),
    "2.2": Function(
        _pull,
        ((2, 63.0), (50, 63.0), (SIZES, 70.0)),
        "The more pupils, the less the prior counts.",
        "Count the prior as one more pupil, who scored 50.",
        (
            (lambda n, mean: mean + 0 * n, "You return the raw mean: the prior is missing."),
            (
                lambda n, mean: (mean + 50 * n) / (n + 1),
                "The weights are exchanged: n belongs to the school's own mean.",
            ),
            (lambda n, mean: (n * mean + 50) / n, "Divide by all the pupils: the prior's one too."),
        ),
    ),
    "2.3": Choice(
        "c",
        {
            "a": "The interval is narrow because it is about the mean of all pupils. It says "
            "nothing of how far a school is from that mean.",
            "b": "The number of pupils makes it narrow, whether the schools are alike or not.",
            "c": "Complete pooling has many pupils for one number, and is sure of that number. It "
            "never asked whether the schools differ.",
            "d": "Nothing is wrong with the sampler. The model leaves the schools out.",
        },
    ),
    "D.1": Number(
        lambda: (8 / 2) ** 2,
        "Half weight is at n = σ_y² / σ_α².",
        "Set n / (n + σ_y²/σ_α²) to one half.",
        (
            (lambda: 4, "You took the ratio of the standard deviations. It is that of variances."),
            (lambda: 1 / 16, "The ratio is upside down: σ_y² stands above."),
            (lambda: 25, "That is for σ_y = 10 and σ_α = 2. Here σ_y is 8."),
        ),
    ),
    "D.2": Function(
        partially_pooled_mean,
        ((2, 70.0, 63.0, 10.0, 2.0), (25, 55.0, 60.0, 10.0, 2.0), (SIZES, 70.0, 63.0, 8.0, 4.0)),
        "This one line is partial pooling.",
        "Weight λ = n / (n + σ_y²/σ_α²) for the school's mean, and 1 − λ for μ.",
        (
            (
                lambda n, mean, mu, sy, sa: (
                    pooling_weight(n, sy, sa) * mu + (1 - pooling_weight(n, sy, sa)) * mean
                ),
                "The weights are exchanged: λ belongs to the school's own mean.",
            ),
            (
                lambda n, mean, mu, sy, sa: (n * mean + sy / sa * mu) / (n + sy / sa),
                "You took the ratio of the standard deviations. It is that of the variances.",
            ),
            (
                lambda n, mean, mu, sy, sa: partially_pooled_mean(n, mean, mu, sa, sy),
                "σ_y and σ_α are exchanged: noisy pupils must pull a school towards μ.",
            ),
        ),
    ),
    "D.3": Choice(
        "c",
        {
            "a": "That is the limit for σ_α → 0. If schools differ, a large school is still one "
            "school, and should not count fifty times as much as a school of two.",
            "b": "That is the limit for σ_α → ∞. With noisy pupils a school of two says less about "
            "μ than a school of 99.",
            "c": "A school's mean misses μ for two reasons: schools differ, and pupils differ. So "
            "it counts by 1 / (σ_α² + σ_y²/n).",
            "d": "However many pupils it has, it is one school, and its true mean misses μ by as "
            "much as any other's. The other schools say something of μ too.",
        },
    ),
    "D.4": Choice(
        "d",
        {
            "a": "Only given μ, σ_α and σ_y, where the posterior of α_j is normal. The joint "
            "density of the α_j, μ, σ_α and σ_y has no peak: it grows without bound as σ_α → 0.",
            "b": "With the α_j as unknowns there is none, as the density is unbounded for σ_α → 0. "
            "Non-centred there is one, with σ_α several times too large for the book's city.",
            "c": "The book's prior of σ_α does not help: the density of equal means outgrows it.",
            "d": "Given the three settings mode and mean are one. A joint mode depends on the "
            "coordinates: with the α_j as unknowns there is none, non-centred it is far off.",
        },
    ),
    "3.1": Number(
        lambda: 9 * 25,
        "λ = n / (n + 25) is 0.9 at n = 225: more than twice the largest school of the city.",
        "Solve n / (n + 25) = 0.9 for n.",
        (
            (lambda: 25, "At 25 pupils a school keeps half."),
            (lambda: 22.5, "0.9 · 25 is not the solution: n stands above and below the line."),
            (lambda: 250, "You divided 25 by 0.1. It is 25 · 0.9 / 0.1."),
        ),
        tolerance=0.5,
    ),
    "3.2": Number(
        lambda: precision_weighted_mean(_city()[1]["n"], _city()[1]["mean"], 10, 2),
        "It lies between the pupil-weighted and the school-weighted mean.",
        "Weight each school's mean by 1 / (2² + 10²/n), and divide by the sum of the weights.",
        (
            (
                lambda: np.average(_city()[1]["mean"], weights=_city()[1]["n"]),
                "That is the mean of all pupils: the weights are n. Use 1 / (2² + 10²/n).",
            ),
            (
                lambda: _city()[1]["mean"].mean(),
                "That gives every school the same weight. Use 1 / (2² + 10²/n).",
            ),
            (lambda: 63, "That is the truth. The exercise asks for the estimate from the scores."),
        ),
        tolerance=0.002,
    ),
    "3.3": Choice(
        "b",
        {
            "a": "That is the interval of the school's true mean. A pupil strays around it by σ_y.",
            "b": "A pupil's score has both: what we don't know of the school's mean, and how "
            "pupils stray around it, √(sd² + σ_y²).",
            "c": "It would be, if the school's mean were known. It is not.",
            "d": "The spread of schools is already in the interval of this school's mean.",
        },
    ),
    "4.1": Number(
        _moved_away,
        "These schools pay the price. The others, far more of them, gain.",
        "Count the schools whose pooled estimate is further from the truth than the raw mean.",
        (
            (lambda: 50 - _moved_away(), "Those are the schools that moved closer."),
            (lambda: _moved_away() / 50, "That is the share. Count the schools."),
        ),
        tolerance=0.001,
    ),
    "4.2": Choice(
        "b",
        {
            "a": "It is biased, for a given true mean. But the error is bias and noise together, "
            "and on average over the schools the noise shrinks by more than the bias adds.",
            "b": "A little bias buys a large cut in noise. The average squared error falls, though "
            "some schools are moved the wrong way.",
            "c": "The true mean of a school is one number and keeps its place. What is pulled is "
            "our estimate.",
            "d": "It helps on average over schools. Single schools can lose, and do.",
        },
    ),
    "4.3": Number(
        lambda: _top_five_found(_city()[2]),
        "The raw means find even fewer of the five: try them too.",
        "Take the five highest of each list, and count the schools that are in both.",
        ((lambda: 5, "That would be a perfect list. Compare the labels, not the lengths."),),
        tolerance=0.001,
    ),
    "5.1": Function(
        _rmse,
        (([1.0, 2.0], [1.0, 4.0]), ([63.0, 60.0, 58.0], [61.0, 61.0, 61.0])),
        f"Square, average, and only then the root. One error of 4 counts {4**2}, two errors of 2 "
        f"count {2 * 2**2} together: yes, it punishes the large one more.",
        "Square the errors, take their mean, then the square root.",
        (
            (lambda a, b: np.mean((np.array(a) - b) ** 2), "The square root is missing."),
            (lambda a, b: np.mean(np.abs(np.array(a) - b)), "That is the mean absolute error."),
            (lambda a, b: abs(np.mean(np.array(a) - b)), "Errors cancel: square them first."),
            (lambda a, b: np.sqrt(np.sum((np.array(a) - b) ** 2)), "Take the mean, not the sum."),
        ),
    ),
    "5.2": Number(
        lambda: float(partially_pooled_sd(25, 10, 2)),
        "The posterior sd, 10 / √(25 + 25). The raw mean's error is 2: the gain is a factor of √2.",
        "With known settings the error is the posterior sd: 1 / √(n/σ_y² + 1/σ_α²).",
        (
            (lambda: 2, "That is the raw mean's error, 10/√25 (and also σ_α)."),
            (lambda: 1, "You halved the error. Half weight halves the variance, not the sd."),
        ),
    ),
    "5.3": Choice(
        "a",
        {
            "a": "Coverage is an average over schools. Schools far out are pulled in, and their "
            "intervals hold the truth less often; those in the middle more often.",
            "b": "The 94% are an average over schools as the model draws them, no promise to each.",
            "c": "With known settings it is 94% on average, however small the schools are.",
            "d": "The intervals are right on average. Wider ones would cover too often.",
        },
    ),
    "7.1": Number(
        lambda: 2 / np.sqrt(400),
        "The sd divided by √ESS.",
        "A mean of independent draws strays by sd / √(their number); ESS counts them.",
        (
            (lambda: 2 / 400, "You divided by the ESS, not by its square root."),
            (lambda: 2 / np.sqrt(16_000), "You used all 16,000 draws. They are worth 400."),
            (lambda: 2, "That is the posterior sd. More draws do not shrink it; they find it."),
        ),
        tolerance=0.001,
    ),
    "7.2": Number(
        _wide_spread_probability,
        "The setting was 2, and the posterior finds more than 2 unlikely. No fault: the true means "
        "that were drawn for this city happen to vary by less (take their `.std()`).",
        "Take the share of the draws of global_sigma that are above 2.",
        (
            (lambda: 1 - _wide_spread_probability(), "That is the share below 2."),
            (
                lambda: exact_posterior(_city()[1]).summary()["mean"]["global_sigma"],
                "That is the posterior mean of σ_α. Take the share of draws above 2.",
            ),
        ),
        tolerance=0.006,  # four standard errors of the 16,000 draws asked for
    ),
    "7.3": Choice(
        "c",
        {
            "a": "R-hat compares the chains with each other. All of them can miss the same place.",
            "b": "A large ESS says that the draws are many, not that they are everywhere.",
            "c": "A divergence marks a place that the steps could not follow. The draws may be "
            "missing from it.",
            "d": "More draws of the same kind leave out the same place. Change the form of the "
            "model, or its steps.",
        },
    ),
    "8.1": Number(
        lambda: np.exp(-1.5),
        "e^(−15/10). With the book's prior of mean 1 it would be e^(−15).",
        "An exponential with mean m leaves e^(−x/m) above x.",
        (
            (lambda: np.exp(-15), "That is for a prior with mean 1. Here the mean is 10."),
            (lambda: 1 - np.exp(-1.5), "That is the share below 15."),
        ),
        tolerance=0.005,
    ),
    "8.2": Function(
        lambda observed, replicated: np.mean(np.asarray(replicated) >= observed),
        ((3.0, np.array([1.0, 2, 3, 4])), (0.0, np.array([-1.0, -2])), (9.0, np.arange(100.0))),
        "Near 0 or near 1 means: the model rarely makes data like these.",
        "Take the share of replicated statistics that are at least the observed one.",
        (
            (lambda o, r: np.mean(r <= o), "That is the share below. At least as large is asked."),
            (lambda o, r: np.mean(r > o), "Ties count too: use >=."),
            (lambda o, r: np.sum(r >= o), "That is a count. Divide by the number of replicas."),
        ),
    ),
    "8.3": Choice(
        "d",
        {
            "a": "The estimate is near the mean because two pupils say little, not because the "
            "school does little. Its interval is almost as wide as that of a school never seen.",
            "b": "The data do not show that it is average. They show hardly anything: look at the "
            "interval.",
            "c": "Shrinkage is no verdict about schools that are small; large ones with few tested "
            "pupils shrink the same.",
            "d": "Small sample, little evidence: the estimate stays near what we knew before, and "
            "the interval says how little that is.",
        },
    ),
}


def check(exercise: str, answer: object) -> None:
    """Print why an answer is right, or say what is wrong with it.

    Parameters
    ----------
    exercise : str
        Its number, as ``"1.2"``.
    answer : object
        What the exercise asks for: a number, a function, or a letter.

    Raises
    ------
    NotYetError
        If the answer is not right. The message says what to look at.
    """
    if exercise not in ANSWERS:
        raise ValueError(f"no exercise {exercise!r}; there are {', '.join(ANSWERS)}")
    if answer is ...:
        raise NotYetError("The dots still stand there: put your answer in their place.")
    for line in f"Right. {ANSWERS[exercise].check(answer)}".splitlines():
        print(textwrap.fill(line, 76, break_on_hyphens=False))
