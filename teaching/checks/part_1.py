"""Answers to the exercises of Part I, computed; the usual wrong ones, and what leads to them."""

import numpy as np

from checks.city import City
from checks.grading import Answer, Choice, Function, Number
from helpers.pooling import partially_pooled_mean, pooling_weight, precision_weighted_mean

SIZES = np.array([1.0, 4.0, 25.0, 100.0])


def _pull(n, mean):
    return (n * mean + 50) / (n + 1)


def _weights_exchanged(n, mean, mu, sigma_y, sigma_alpha):
    weight = pooling_weight(n, sigma_y, sigma_alpha)
    return weight * mu + (1 - weight) * mean


def _moved_away_if_fitted(city):
    fitted = city.posterior.summary()["mean"].filter(like="school_means").to_numpy()
    raw = city.schools["mean"].to_numpy()
    return int((abs(fitted - city.truth) > abs(raw - city.truth)).sum())


def part_1(city: City) -> dict[str, Answer]:
    """Chapters 1 to 4, and the derivation."""
    n, raw = city.schools["n"], city.schools["mean"]
    return {
        "1.1": Number(
            lambda: 10 / np.sqrt(4),
            "The spread of pupils, 10, divided by the square root of 4.",
            (
                "One pupil strays by 10. The mean of four strays less, but not four times less.",
                "Divide the standard deviation of pupils by the square root of their number.",
            ),
            (
                (lambda: 10 / 4, "You divided by n. A mean of n pupils varies by σ_y / √n."),
                (lambda: 10, "That is how far one pupil strays. The mean of four strays less."),
                (lambda: 10 * 2, "You multiplied by √4. The mean of four strays less: divide."),
                (lambda: 100 / 4, "That is the variance of the mean. Take its square root."),
            ),
            tolerance=0.25,  # about three standard errors of 2,000 simulated schools
        ),
        "1.2": Function(
            lambda n, sigma_y: sigma_y / np.sqrt(n),
            ((9, 12), (25, 10), (SIZES, 8.0)),
            "It works for a whole array of schools at once, too.",
            (
                "For n = 1 it is σ_y: a mean of one pupil strays as one pupil does.",
                "The standard error of a mean is σ_y / √n.",
            ),
            (
                (lambda n, s: s / n, "You divided by n, not by its square root."),
                (lambda n, s: s**2 / n, "That is the variance. Take its square root."),
                (lambda n, s: s * np.sqrt(n), "More pupils must make it smaller: divide."),
                (lambda n, s: n / np.sqrt(s), "n and σ_y are exchanged: the root is of n."),
            ),
        ),
        "1.3": Choice(
            "b",
            {
                "a": "It may be, but the table does not show it: a mean of three strays by 10/√3, "
                "about 6 points, and true means by 2. Luck of that size tops many a table.",
                "b": "Means of few pupils stray furthest, up and down. So the ends of a table of "
                "raw means attract small schools.",
                "c": "It may be so in a real city, but this table does not show it: where size and "
                "true mean are unrelated, small schools crowd both ends of the table.",
                "d": "A mean does not grow with fewer pupils; it strays more, to both sides.",
            },
        ),
        "2.1": Number(
            lambda: _pull(2, 63),
            "(2 · 63 + 50) / 3: with σ_y = 10 the prior N(50, 10) counts as one pupil who scored "
            "50.",
            (
                "It lies between the prior's 50 and the school's 63.",
                "With σ_y = 10 the prior weighs as much as one pupil with a score of 50.",
            ),
            (
                (lambda: 63, "That is the raw mean. The prior N(50, 10) pulls it towards 50."),
                (lambda: 56.5, "Prior and data have equal weight: two pupils, but one prior."),
                (lambda: 50, "That is the prior alone: the pupils' scores count too."),
                (lambda: (63 + 2 * 50) / 3, "The weights are exchanged: the pupils are two."),
                (
                    lambda: (2 * 63 / 100 + 50 / 10) / (2 / 100 + 1 / 10),
                    "You took the 10 of N(50, 10) for a variance. It is a standard deviation.",
                ),
            ),
            tolerance=0.2,  # three standard errors of 8,000 draws
        ),
        "2.2": Function(
            _pull,
            ((4, 60.0), (50, 63.0), (SIZES, 70.0)),
            "The more pupils, the less the prior counts.",
            (
                "Without pupils only the prior is left, and with very many only the raw mean.",
                "Count the prior as one more pupil, who scored 50.",
            ),
            (
                (lambda n, mean: mean, "You return the raw mean: the prior is missing."),
                (
                    lambda n, mean: (mean + 50 * n) / (n + 1),
                    "The weights are exchanged: n belongs to the school's own mean.",
                ),
                (lambda n, mean: (n * mean + 50) / n, "Divide by all: the prior counts as one."),
                (lambda n, mean: (mean + 50) / 2, "The weight has to depend on n."),
            ),
        ),
        "2.3": Choice(
            "c",
            {
                "a": "By chance it would miss 6 in 100. It misses far more, as it was made for "
                "another number: the mean of all pupils.",
                "b": "The number of pupils makes it narrow, whether the schools are alike or not.",
                "c": "Complete pooling has many pupils for one number, and is sure of that number. "
                "It never asked whether the schools differ.",
                "d": "More pupils would make it narrower still. The model leaves the schools out.",
            },
        ),
        "D.1": Number(
            lambda: (8 / 2) ** 2,
            "Half weight is at n = σ_y² / σ_α².",
            (
                "Pupils differ less than in the book's city, so fewer than its 25 are needed.",
                "Set n / (n + σ_y²/σ_α²) to one half.",
            ),
            (
                (lambda: 4, "You took the ratio of the standard deviations, not of variances."),
                (lambda: 1 / 16, "The ratio is upside down: σ_y² stands above."),
                (lambda: 25, "That is for σ_y = 10 and σ_α = 2. Here σ_y is 8."),
                (lambda: 32, "You divided 8² by 2. Both are squared."),
            ),
        ),
        "D.2": Function(
            partially_pooled_mean,
            (
                (2, 70.0, 63.0, 10.0, 2.0),
                (25, 55.0, 60.0, 10.0, 2.0),
                (SIZES, 70.0, 63.0, 8.0, 4.0),
            ),
            "This one line is partial pooling.",
            (
                "Two weights that add up to 1. A large school keeps more of its own mean.",
                "Weight λ = n / (n + σ_y²/σ_α²) for the school's mean, and 1 − λ for μ.",
            ),
            (
                (
                    _weights_exchanged,
                    "The weights are exchanged, or mean and μ: λ belongs to the school's own mean.",
                ),
                (
                    lambda n, mean, mu, sy, sa: (n * mean + sy / sa * mu) / (n + sy / sa),
                    "You took the ratio of the standard deviations. It is that of the variances.",
                ),
                (
                    lambda n, mean, mu, sy, sa: partially_pooled_mean(n, mean, mu, sa, sy),
                    "σ_y and σ_α are exchanged: noisy pupils must pull a school towards μ.",
                ),
                (
                    lambda n, mean, mu, sy, sa: pooling_weight(n, sy, sa) * mean,
                    "That is λ times the school's mean. The rest of the weight, 1 − λ, is for μ.",
                ),
                (
                    lambda n, mean, mu, sy, sa: pooling_weight(n, sy, sa),
                    "That is the weight λ. The estimate weighs the school's mean and μ with it.",
                ),
                (lambda n, mean, *_: mean, "That is the school's own mean: μ is missing."),
            ),
        ),
        "D.3": Choice(
            "c",
            {
                "a": "That is the limit for σ_α → 0. If schools differ, a large school is still "
                "one school, and should not count fifty times as much as a school of two.",
                "b": "That is the limit for σ_α → ∞. With noisy pupils a school of two says less "
                "about μ than a school of 99.",
                "c": "A school's mean misses μ for two reasons: schools differ, and pupils differ. "
                "So it counts by 1 / (σ_α² + σ_y²/n).",
                "d": "However many pupils it has, it is one school, and its true mean misses μ by "
                "as much as any other's. The other schools say something of μ too.",
            },
        ),
        "D.4": Choice(
            "d",
            {
                "a": "Only given μ, σ_α and σ_y, where the posterior of α_j is normal. The joint "
                "density of the α_j, μ, σ_α and σ_y has no peak: it grows without bound as "
                "σ_α → 0.",
                "b": "With the α_j as unknowns there is none, as the density is unbounded for "
                "σ_α → 0. Non-centred there is one, with σ_α several times too large for the "
                "book's city.",
                "c": "The book's prior of σ_α does not help: the density of equal means outgrows "
                "it.",
                "d": "Given the three settings mode and mean are one. A joint mode depends on the "
                "coordinates: with the α_j as unknowns there is none, non-centred it is far off.",
            },
        ),
        "3.1": Number(
            lambda: 9 * 25,
            "λ = n / (n + 25) is 0.9 at n = 225: more than twice the largest school of the city.",
            (
                "A school of 25 keeps half, and one of 75 keeps three quarters.",
                "Solve n / (n + 25) = 0.9 for n.",
            ),
            (
                (lambda: 25, "At 25 pupils a school keeps half."),
                (lambda: 22.5, "0.9 · 25 is not it: n stands above and below the line."),
                (lambda: 250, "You divided 25 by 0.1. It is 25 · 0.9 / 0.1."),
                (lambda: 45, "You took 10/2 = 5 for the ratio. It is that of variances, 25."),
            ),
            tolerance=1,  # the first size above 90%, too
        ),
        "3.2": Number(
            lambda: precision_weighted_mean(n, raw, 10, 2),
            "It lies between the pupil-weighted and the school-weighted mean.",
            (
                "A large school counts more than a small one, but less than by its pupils.",
                "Weight each school's mean by 1 / (2² + 10²/n), and divide by the sum of the "
                "weights.",
            ),
            (
                (
                    lambda: np.average(raw, weights=n),
                    "That is the mean of all pupils: the weights are n. Use 1 / (2² + 10²/n).",
                ),
                (
                    lambda: raw.mean(),
                    "That gives every school the same weight. Use 1 / (2² + 10²/n).",
                ),
                (
                    lambda: np.average(raw, weights=4 + 100 / n),
                    "You weighted by the variance. It is one over the variance.",
                ),
                (
                    lambda: np.average(raw, weights=1 / np.sqrt(4 + 100 / n)),
                    "You weighted by one over the standard deviation. It is over the variance.",
                ),
                (lambda: 63, "63 is the truth. Give two decimals of the estimate from the scores."),
            ),
            tolerance=0.0055,
        ),
        "3.3": Choice(
            "b",
            {
                "a": "That is the interval of the school's true mean. A pupil strays around it by "
                "σ_y.",
                "b": "A pupil's score has both: what we don't know of the school's mean, and how "
                "pupils stray around it, √(sd² + σ_y²).",
                "c": "It would be, if the school's mean were known. It is not.",
                "d": "The spread of schools is already in the interval of this school's mean.",
            },
        ),
        "4.1": Number(
            city.moved_away,
            "These schools pay the price. The others gain.",
            (
                "In each school compare two distances from the truth. A distance has no sign.",
                "Count the schools whose pooled estimate is further from the truth than the raw "
                "mean.",
            ),
            (
                (lambda: 50 - city.moved_away(), "Those are the schools that moved closer."),
                (lambda: city.moved_away() / 50, "That is the share. Count the schools."),
                (
                    lambda: city.moved_away(signed=True),
                    "Either you compared errors with their signs: take abs() of both. Or it is a "
                    "percentage: give a number of schools.",
                ),
                (
                    lambda: _moved_away_if_fitted(city),
                    "That is for the fitted weights. Here the recipe's are asked for.",
                ),
                (lambda: 2 * city.moved_away(), "That is in percent. Count the schools."),
            ),
        ),
        "4.2": Choice(
            "b",
            {
                "a": "It is biased, for a given true mean. But the error is bias and noise "
                "together, and on average over the schools the noise shrinks by more than the bias "
                "adds.",
                "b": "A little bias buys a large cut in noise. The average squared error falls, "
                "though some schools are moved the wrong way.",
                "c": "Over all schools the errors cancel. But a school that truly lies above the "
                "middle is estimated too low on average: given its true mean there is a bias.",
                "d": "It helps on average over schools. Single schools can lose, and do.",
            },
        ),
        "4.3": Number(
            city.top_five_found,
            "Try the raw means too: how many of the five do they find?",
            (
                "Which five schools are highest in truth, and which five by the estimates?",
                "Take the five highest of each list, and count the schools that are in both.",
            ),
            (
                (lambda: 5, "That would be a perfect list. Compare the labels, not the lengths."),
                (lambda: city.top_five_found() / 5, "That is the share. Count the schools."),
                (lambda: 20 * city.top_five_found(), "That is in percent. Count the schools."),
                (lambda: 5 - city.top_five_found(), "Those are the schools that were missed."),
            ),
        ),
    }
