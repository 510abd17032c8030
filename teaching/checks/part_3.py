"""Answers to the exercises of Part III, computed; the usual wrong ones, and what leads to them."""

import numpy as np

from checks.grading import Answer, Choice, Function, Number
from helpers.pooling import pooling_weight


def part_3() -> dict[str, Answer]:
    """Chapters 10 to 12."""
    return {
        "10.1": Number(
            lambda: float(pooling_weight(10, 0.92, 0.42)),
            "Half weight is at 0.92² / 0.42², about 5 pupils: schools of this file differ more, "
            "compared with their pupils, than those of the city.",
            (
                "A school of 5 keeps about half, and one of 15 about three quarters.",
                "λ = n / (n + σ_y²/σ_α²), with the two spreads of the file.",
            ),
            (
                (lambda: 10 / 35, "That is for the city, where half weight is at 25 pupils."),
                (
                    lambda: 10 / (10 + 0.92 / 0.42),
                    "You took the ratio of the standard deviations. It is that of the variances.",
                ),
                (
                    lambda: float(1 - pooling_weight(10, 0.92, 0.42)),
                    "That is the weight of μ. The school keeps the rest.",
                ),
                (lambda: float(pooling_weight(10, 0.42, 0.92)), "σ_y and σ_α are exchanged."),
                (
                    lambda: 100 * float(pooling_weight(10, 0.92, 0.42)),
                    "That is in percent. Give it as a share between 0 and 1.",
                ),
            ),
        ),
        "10.2": Function(
            lambda sigma_alpha, sigma_y: sigma_alpha**2 / (sigma_alpha**2 + sigma_y**2),
            ((2.0, 10.0), (0.42, 0.92), (np.array([1.0, 3.0]), np.array([1.0, 4.0]))),
            "It is called the intraclass correlation: that of two pupils of one school.",
            (
                "The two variances add up to that of a pupil of the population.",
                "σ_α² / (σ_α² + σ_y²).",
            ),
            (
                (lambda a, y: a / (a + y), "Standard deviations do not add up. Variances do."),
                (lambda a, y: a**2 / y**2, "Below the line belongs the sum of both variances."),
                (lambda a, y: y**2 / (a**2 + y**2), "That is the share within the schools."),
                (lambda a, y: 100 * a**2 / (a**2 + y**2), "That is in percent. A share goes to 1."),
            ),
        ),
        "10.3": Choice(
            "b",
            {
                "a": "As a guess it is the better of the two. As a statement it is wrong for one "
                "in four of such pairs.",
                "b": "The order is a guess. And a difference that intake does not explain may have "
                "other causes than the school.",
                "c": "Two intervals that overlap can belong to schools whose order is quite sure. "
                "And little evidence for a difference is none for equality.",
                "d": "The difference is what intake does not explain. Whether the school made it "
                "is another question, which no interval answers.",
            },
        ),
        "11.1": Number(
            lambda: 0.55 + 0.2 * (0.9 - 0.55),
            "The weight of the raw slope is 0.12² / (0.12² + 0.24²), or one fifth.",
            (
                "The raw slope is known less well than slopes differ: it keeps less than half.",
                "λ = σ_β² / (σ_β² + se²), for the raw slope; 1 − λ for the mean slope.",
            ),
            (
                (lambda: 0.9, "That is the raw slope. The mean slope of the schools counts too."),
                (lambda: 0.55, "That is the mean slope. The school's own pupils count too."),
                (
                    lambda: 0.55 + (0.9 - 0.55) / 3,
                    "You took the ratio of standard deviations, not of variances.",
                ),
                (lambda: 0.83, "The weights are exchanged: a raw slope known badly counts less."),
                (lambda: 0.2, "That is the weight. Weigh the two slopes with it."),
                (lambda: 0.18, "That is the raw slope's part. Add that of the mean slope."),
            ),
            tolerance=0.006,
        ),
        "11.2": Function(
            lambda z, slope, sigma_slope, rho: slope + rho * sigma_slope * z,
            (
                (1.0, 0.55, 0.12, 0.35),
                (-2.0, 0.5, 0.2, 0.5),
                (np.array([-1.0, 0.0, 2.0]), 0.55, 0.12, -0.4),
            ),
            "A school's mean tells something of its slope, if the two are correlated.",
            (
                "At z = 0 the school's mean is as expected, and so is its slope.",
                "One unit of z is worth ρ units of σ_β.",
            ),
            (
                (lambda z, b, s, r: b + s * z, "ρ is missing: without correlation z says nothing."),
                (lambda z, b, s, r: b + r * z, "σ_β is missing: the slope has another unit."),
                (lambda z, b, s, r: r * s * z, "That is the distance from the mean slope. Add it."),
                (lambda z, b, s, r: b + r**2 * s * z, "The mean moves by ρ, not by its square."),
            ),
        ),
        "11.3": Choice(
            "c",
            {
                "a": "A spread can be known while none of its members is: many small signs, none "
                "of which is convincing, add up.",
                "b": "At 50% each slope is called steeper or flatter, and many calls are wrong.",
                "c": "The spread is estimated from all schools together, each slope mainly from "
                "the pupils of its own school.",
                "d": "The model knows how far raw slopes stray by chance, and subtracts it: the "
                "spread that is left is that of the true slopes.",
            },
        ),
        "12.1": Number(
            lambda: 400 + 1200 + 10 * 30 / 40 * (64 - 60) ** 2,
            "The two sums of squares, and n₁ n₂ / (n₁ + n₂) times the squared difference of the "
            "means.",
            (
                "Each sum is of squared distances from its own part's mean. The question is about "
                "those from the common mean.",
                "Each part's mean lies off the mean of all 40, which is 63. Add n times the square "
                "of that distance, for both.",
            ),
            (
                (lambda: 1600, "The parts have different means: that adds to the squares."),
                (lambda: 1616, "You added the squared difference of the means once, unweighted."),
                (
                    lambda: 1760,
                    "Either you took 62 as the common mean: the larger part counts more, it is 63. "
                    "Or you measured the 10 pupils from 64: measure both parts from 63.",
                ),
                (lambda: 1880, "You took 61 as the common mean: the weights are exchanged."),
                (
                    lambda: 1600 + 30 * 4**2,
                    "You measured the 30 pupils from 60: measure both parts from the common mean.",
                ),
                (
                    lambda: 1600 + 40 * 4**2,
                    "The parts lie 3 and 1 off the mean of all, not 4.",
                ),
            ),
            tolerance=0.5,
        ),
        "12.2": Function(
            lambda n1, mean1, n2, mean2: (n1 * mean1 + n2 * mean2) / (n1 + n2),
            (
                (10, 60.0, 30, 64.0),
                (2, 70.0, 98, 60.0),
                (np.array([1.0, 5.0]), np.array([50.0, 60.0]), np.array([3.0, 5.0]), 70.0),
            ),
            "So the parts can be summarised apart, in any order, and merged.",
            (
                "The larger part counts more.",
                "Multiply each mean by its pupils, add, and divide by all pupils.",
            ),
            (
                (lambda n, a, m, b: (a + b) / 2, "The parts have different sizes: weigh them."),
                (
                    lambda n, a, m, b: (m * a + n * b) / (n + m),
                    "The weights are exchanged: each mean belongs to its own number of pupils.",
                ),
                (
                    lambda n, a, m, b: (n * a + m * b) / 2,
                    "Divide by all pupils, not by the number of parts.",
                ),
            ),
        ),
        "12.3": Choice(
            "b",
            {
                "a": "A pupil is added to the three numbers of a school, and is then forgotten.",
                "b": "Each thread keeps a row for every group that it has met. Pupils are added to "
                "them, and forgotten.",
                "c": "The parts of a school are merged. In how many files they are does not "
                "change the number of groups.",
                "d": "A school's row holds three numbers, whatever the size of its scores.",
            },
        ),
        "13.1": Number(
            lambda: (4 + 30 * 0.08) / (10 + 30),
            "The weight is 10 / (10 + 30), or one quarter.",
            (
                "It lies between 8% and 40%, the raw rate.",
                "λ = n / (n + κ), for the raw rate; 1 − λ for the mean of all.",
            ),
            (
                (lambda: 0.4, "That is the raw rate. The other hospitals count too."),
                (lambda: 0.08, "That is the mean of all. The hospital's own operations count too."),
                (lambda: 0.32, "The weights are exchanged: with 10 operations λ is one quarter."),
                (lambda: 0.4 / 3 + 0.08 * 2 / 3, "Below the line of λ belongs n + κ, not κ."),
                (lambda: 5.4 / 38, "That is the mode of the posterior. The estimate is its mean."),
                (lambda: 16.0, "That is in percent. A rate goes from 0 to 1."),
            ),
            tolerance=0.005,
        ),
        "13.2": Function(
            lambda effect, se, mu, tau: (tau**2 * effect + se**2 * mu) / (tau**2 + se**2),
            (
                (28.0, 15.0, 8.0, 6.0),
                (-3.0, 4.0, 8.0, 8.0),
                (np.array([28.0, 8.0, -3.0]), np.array([15.0, 10.0, 16.0]), 8.0, 10.0),
            ),
            "It is the estimate of a school, with the standard error in place of σ_y / √n.",
            (
                "λ = τ² / (τ² + se²), for the study's own effect.",
                "Where τ is 0, the estimate is μ. Where the standard error is 0, it is the effect.",
            ),
            (
                (
                    lambda y, s, m, t: (s**2 * y + t**2 * m) / (t**2 + s**2),
                    "The weights are exchanged: a small standard error keeps more of the effect.",
                ),
                (
                    lambda y, s, m, t: (t * y + s * m) / (t + s),
                    "You took the ratio of standard deviations, not of variances.",
                ),
                (lambda y, s, m, t: y, "That is the study's own effect: μ is missing."),
                (
                    lambda y, s, m, t: t**2 * y / (t**2 + s**2),
                    "The rest of the weight belongs to μ.",
                ),
                (
                    lambda y, s, m, t: (y / s**2 + m) / (1 / s**2 + 1),
                    "μ counts by 1 / τ², not by 1.",
                ),
            ),
        ),
        "13.3": Choice(
            "b",
            {
                "a": "That is the mean of the population. One hospital may lie far from it.",
                "b": "Nothing is known of it but its kind: its rate is a draw from the population.",
                "c": "That hospital's own operations say how good it is, not how good others are.",
                "d": "It treats all hospitals as one. That they differ is left out.",
            },
        ),
    }
