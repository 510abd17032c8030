"""Answers to the exercises of Part II, computed; the usual wrong ones, and what leads to them."""

import numpy as np

from checks.city import City
from checks.grading import Answer, Choice, Function, Number
from helpers.pooling import partially_pooled_sd


def _rmse(estimate, truth):
    return np.sqrt(np.mean((estimate - truth) ** 2))


def part_2(city: City) -> dict[str, Answer]:
    """Chapters 5 to 9."""
    return {
        "5.1": Function(
            _rmse,
            (
                (np.array([1.0, 2.0]), np.array([1.0, 4.0])),
                (np.array([63.0, 60.0, 58.0]), np.array([61.0, 61.0, 61.0])),
            ),
            f"Square, average, and only then the root. One error of 4 counts {4**2}, two errors of "
            f"2 count {2 * 2**2} together: yes, it punishes the large one more.",
            (
                "Errors of 2 and of −2 give 2, not 0.",
                "Square the errors, take their mean, then the square root.",
            ),
            (
                (lambda a, b: np.mean((a - b) ** 2), "The square root is missing."),
                (lambda a, b: np.mean(np.abs(a - b)), "That is the mean absolute error."),
                (lambda a, b: abs(np.mean(a - b)), "Errors cancel: square them first."),
                (lambda a, b: np.mean(a - b), "Errors cancel: square them first."),
                (lambda a, b: np.std(a - b), "np.std takes the mean error off first."),
                (lambda a, b: np.sqrt(np.sum((a - b) ** 2)), "Take the mean, not the sum."),
            ),
        ),
        "5.2": Number(
            lambda: float(partially_pooled_sd(25, 10, 2)),
            "The posterior sd, 10 / √(25 + 25). The raw mean's error is 2: the gain is a factor of "
            "√2.",
            (
                "It is less than the raw mean's 2, but more than half of it.",
                "With known settings the error is the posterior sd: 1 / √(n/σ_y² + 1/σ_α²).",
            ),
            (
                (
                    lambda: 2,
                    "That is the raw mean's error, 10/√25. It is σ_α, too, and the variance of "
                    "the right answer.",
                ),
                (lambda: 1, "You halved the error. Half weight halves the variance, not the sd."),
                (
                    lambda: 0.5,
                    "That is the weight. It is one over the variance, too: turn that over, and "
                    "take the root.",
                ),
            ),
            tolerance=0.07,  # three standard errors of 2,000 simulated schools
        ),
        "5.3": Choice(
            "a",
            {
                "a": "Coverage is an average over schools. Schools far out are pulled in, and "
                "their intervals hold the truth less often; those in the middle more often.",
                "b": "The 94% are an average over schools as the model draws them, no promise to "
                "each.",
                "c": "With known settings it is 94% on average, however small the schools are.",
                "d": "The intervals are right on average. Wider ones would cover too often.",
            },
        ),
        "7.1": Number(
            lambda: 2 / np.sqrt(400),
            "The sd divided by √ESS.",
            (
                "The draws are related. How many independent ones are they worth?",
                "A mean of independent draws strays by sd / √(their number); ESS counts them.",
            ),
            (
                (lambda: 2 / 400, "You divided by the ESS, not by its square root."),
                (lambda: 4 / 400, "That is the variance of the mean. Take its square root."),
                (lambda: 2 / np.sqrt(16_000), "You used all 16,000 draws. They are worth 400."),
                (lambda: 2, "That is the posterior sd. More draws do not shrink it; they find it."),
            ),
            tolerance=0.005,  # three standard errors of 2,000 simulated means
        ),
        "7.2": Number(
            lambda: city.wide_spread_probability,
            "The city was drawn with 2. But the true means of one city vary by more or less than "
            "that, as it happens: take their `.std()`.",
            (
                "Each draw is above 2, or it is not.",
                "Take the share of the draws of global_sigma that are above 2.",
            ),
            (
                (lambda: 1 - city.wide_spread_probability, "That is the share below 2."),
                (
                    lambda: 100 * city.wide_spread_probability,
                    "That is in percent. A probability lies between 0 and 1.",
                ),
                (
                    lambda: city.posterior.summary()["mean"]["global_sigma"],
                    "That is the posterior mean of σ_α. Take the share of draws above 2.",
                ),
            ),
            tolerance=0.008,  # five standard errors of the 16,000 draws asked for
        ),
        "7.3": Choice(
            "c",
            {
                "a": "R-hat compares the chains with each other. All of them can miss the same "
                "place.",
                "b": "A large ESS says that the draws are many, not that they are everywhere.",
                "c": "A divergence marks a place that the steps could not follow. The draws may be "
                "missing from it.",
                "d": "More draws of the same kind leave out the same place. Change the form of the "
                "model, or its steps.",
            },
        ),
        "8.1": Number(
            lambda: np.exp(-1.5),
            "e^(−15/10). With the recommended prior of σ_α, of mean 5, it would be e^(−3).",
            (
                "The probability of more than x falls to 1/e of its value where x grows by 10.",
                "An exponential with mean m leaves e^(−x/m) above x.",
            ),
            (
                (
                    lambda: np.exp(-15),
                    "That is next to nothing. Divide 15 by the prior's mean, 10.",
                ),
                (lambda: 1 - np.exp(-1.5), "That is the share below 15."),
                (lambda: 100 * np.exp(-1.5), "That is in percent. Give it between 0 and 1."),
                (lambda: np.exp(-1.5) / 10, "That is the density at 15. Ask for the area above."),
                (lambda: 10**-1.5, "You took a power of 10. The base is e."),
            ),
            tolerance=0.012,  # three standard errors of 10,000 draws
        ),
        "8.2": Function(
            lambda observed, replicated: np.mean(replicated >= observed),
            (
                (2.5, np.array([1.7, 2.2, 2.5, 3.1])),
                (0.0, np.array([-1.0, -2])),
                (9.0, np.arange(100.0)),
            ),
            "Near 0 or near 1 means: the model rarely makes data like these.",
            (
                "Compare each replicated statistic with the observed one: that gives trues and "
                "falses.",
                "Take the share of replicated statistics that are at least the observed one.",
            ),
            (
                (
                    lambda o, r: np.mean(r <= o),
                    "That is the share below. At least as large counts.",
                ),
                (lambda o, r: np.mean(r < o), "That is the share below. At least as large counts."),
                (lambda o, r: np.mean(r > o), "Ties count too: use >=."),
                (lambda o, r: np.sum(r >= o), "That is a count. Divide by the number of replicas."),
                (lambda o, r: 100 * np.mean(r >= o), "That is in percent. A share goes to 1."),
            ),
        ),
        "8.3": Choice(
            "d",
            {
                "a": "The estimate is near the mean because two pupils say little, not because the "
                "school does little. Its interval is almost as wide as that of a school never "
                "seen.",
                "b": "The data do not show that it is average. They show hardly anything: look at "
                "the interval.",
                "c": "Shrinkage is no verdict about schools that are small; large ones with few "
                "tested pupils shrink the same.",
                "d": "Small sample, little evidence: the estimate stays near what we knew before, "
                "and the interval says how little that is.",
            },
        ),
    }
