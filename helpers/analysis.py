"""The book's whole analysis of one table of scores, in one call: numbers, checks and words."""

import textwrap
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kurtosis, norm, rankdata, spearmanr

from helpers.exact import exact_posterior
from helpers.likelihood import maximum_likelihood
from helpers.pooling import pooling_weight
from helpers.schools import summarise_schools

PROB = 0.94  # of every interval
CELLS = 20_000_000  # draws times schools in memory at a time


@dataclass(frozen=True)
class Analysis:
    """What `analyse` found; printed, it is the report in words.

    Attributes
    ----------
    parameters : DataFrame
        For ``global_mean``, ``global_sigma`` and ``sigma_y``: exact posterior ``mean``, ``sd``,
        ``lower`` and ``upper`` (94%, equal-tailed), and ``mixed_model``, the estimate by
        restricted maximum likelihood that mixed-model programs report.
    schools : DataFrame
        A row a school, highest estimate first. ``n``; ``raw`` mean; ``raw_lower`` and
        ``raw_upper``; the completely pooled mean, ``complete``; the partially pooled ``mean``,
        ``sd``, ``lower`` and ``upper``; ``weight``, the share of its own mean that it keeps;
        ``rank``, ``rank_lower`` and ``rank_upper``; ``above``, the probability that it lies
        above the mean of the schools.
    checks : DataFrame
        A row a check: what was ``observed``, the ``lower`` and ``upper`` end of the middle 98% of
        the replicated data sets, and whether it ``passed``: lies between them, or below them where
        the check asks for a school too far away.
    report : str
        All of it in words.
    """

    parameters: pd.DataFrame
    schools: pd.DataFrame
    checks: pd.DataFrame
    report: str

    def __str__(self) -> str:
        return self.report


def analyse(scores: pd.DataFrame, *, seed: int = 0) -> Analysis:
    """Fit the three poolings, check them, rank the schools, and say it in words.

    The posterior is exact: no sampler, whatever the scale and however many schools. The priors
    follow the scores: μ ~ N(their mean, 2.5 sd), and σ_α and σ_y exponential with mean sd, where
    sd is the standard deviation of all scores.

    Parameters
    ----------
    scores : DataFrame
        One row a pupil: ``school`` and ``score``, as `helpers.own_file.read_scores` returns it.
    seed : int
        Of the draws behind ranks and checks.

    Returns
    -------
    Analysis

    Raises
    ------
    ValueError
        If all scores are equal, there is one school alone, no school has two pupils, all
        pupils of each school have the same score, or `helpers.schools.summarise_schools` objects.
    """
    summaries = summarise_schools(scores)
    centre, scale = scores["score"].mean(), scores["score"].std()
    if scores["score"].nunique() == 1:
        raise ValueError(f"all scores are equal ({centre:g}): there is nothing to explain")
    priors = {
        "prior_mean": centre,
        "prior_sd": 2.5 * scale,
        "sigma_alpha_prior_mean": scale,
        "sigma_y_prior_mean": scale,
    }
    posterior = exact_posterior(summaries, **priors)
    table = posterior.summary(PROB)
    finer = exact_posterior(summaries, **priors, refine=2).summary(PROB)
    error = ((finer["mean"] - table["mean"]).abs() / table["sd"]).max()

    draws = int(np.clip(CELLS / 4 / len(summaries), 100, 1000))
    sample = posterior.sample(draws, seed=seed).posterior.to_dataset()
    drawn = sample.stack(sample=("chain", "draw")).transpose("sample", ...)
    settings = [drawn[name].to_numpy() for name in ("global_mean", "global_sigma", "sigma_y")]
    parameters = table.iloc[:3].assign(mixed_model=maximum_likelihood(summaries, restricted=True))
    schools = _schools(summaries, parameters["mean"], table.iloc[3:], drawn, centre)
    checks = _checks(scores, summaries, parameters["mean"], settings, np.random.default_rng(seed))
    report = _report(scores["score"], priors, parameters, schools, checks, error)
    return Analysis(parameters, schools, checks, report)


def _schools(summaries, setting, estimates, drawn, centre) -> pd.DataFrame:
    half = norm.ppf((1 + PROB) / 2) * setting["sigma_y"] / np.sqrt(summaries["n"])
    means = drawn["school_means"].to_numpy()
    ranks = rankdata(-means, axis=1)
    lower, upper = np.quantile(ranks, [(1 - PROB) / 2, (1 + PROB) / 2], axis=0, method="nearest")
    # Schools with the same scores keep the order of the table, however a processor rounds.
    standing = ((estimates["mean"] - centre) / setting["sigma_y"]).round(9)
    return pd.DataFrame(
        {
            "n": summaries["n"],
            "raw": summaries["mean"],
            "raw_lower": summaries["mean"] - half,
            "raw_upper": summaries["mean"] + half,
            "complete": centre,
            **{name: estimates[name].to_numpy() for name in ("mean", "sd", "lower", "upper")},
            "weight": pooling_weight(summaries["n"], setting["sigma_y"], setting["global_sigma"]),
            "rank": rankdata(-standing, method="ordinal"),
            "rank_lower": lower.astype(int),
            "rank_upper": upper.astype(int),
            "above": (means > drawn["global_mean"].to_numpy()[:, None]).mean(axis=0),
        }
    ).sort_values("rank", kind="stable")


def _checks(scores, summaries, setting, settings, rng, replicas=400) -> pd.DataFrame:
    """Compare the data with data that the fitted model makes: posterior predictive checks."""
    n, mean = summaries["n"].to_numpy(), summaries["mean"].to_numpy()
    picked = rng.choice(len(settings[0]), replicas)
    mu, sigma_alpha, sigma_y = (values[picked, None] for values in settings)
    standing = np.sqrt(setting["global_sigma"] ** 2 + setting["sigma_y"] ** 2 / n)
    measured = (n >= 5) & (summaries["ss"].to_numpy() > 0)
    freedom = n[measured] - 1

    def of_means(means: NDArray) -> tuple[float, float]:
        far = np.abs(means - setting["global_mean"]) / standing
        return far.max(), spearmanr(n, means).statistic if np.ptp(n) else np.nan

    def of_spread(squares: NDArray) -> float:
        return np.log(squares / freedom).std() / 2 if measured.sum() > 1 else np.nan

    # Deviations from a school's own mean do not depend on where that mean is.
    school = pd.factorize(scores["school"])[0][:100_000]
    sizes = np.bincount(school)

    def of_pupils(pupils: NDArray) -> float:
        return kurtosis(pupils - (np.bincount(school, pupils) / sizes)[school])

    observed = [
        of_pupils(scores["score"].to_numpy(dtype=float)[: len(school)] - setting["global_mean"]),
        of_spread(summaries["ss"].to_numpy()[measured]),
        *of_means(mean),
    ]
    replicated = [
        (
            of_pupils(rng.normal(size=len(school))),
            of_spread(rng.chisquare(freedom)),
            *of_means(rng.normal(mu[i], np.sqrt(sigma_alpha[i] ** 2 + sigma_y[i] ** 2 / n))),
        )
        for i in range(replicas)
    ]
    lower, upper = np.quantile(replicated, [0.01, 0.99], axis=0)
    rows = [
        "pupils with extreme scores (excess kurtosis within schools)",
        "schools that differ in spread (sd of their log sd)",
        "a school far from all others (in sd)",
        "size tied to the mean (rank correlation)",
    ]
    checks = pd.DataFrame({"observed": observed, "lower": lower, "upper": upper}, index=rows)
    checks = checks.dropna()  # a statistic that these schools do not have
    may_be_low = checks.index == rows[2]  # no school far away is no fault
    low_enough, high_enough = (
        checks["observed"] <= checks["upper"],
        checks["observed"] >= checks["lower"],
    )
    return checks.assign(passed=low_enough & (high_enough | may_be_low))


def _report(score, priors, parameters, schools, checks, error) -> str:
    sigma_alpha, sigma_y = parameters["mean"][["global_sigma", "sigma_y"]]
    digits = 2 - int(np.floor(np.log10(max(min(sigma_alpha, sigma_y), 1e-3 * sigma_y))))

    def number(value: float) -> str:
        """With the digits that matter beside the smaller spread, whatever the scale."""
        if not -12 < digits < 7:
            return f"{value:.4g}"
        return f"{round(value, digits) + 0.0:,.{max(digits, 0)}f}"

    def setting(name: str) -> str:
        row = parameters.loc[name]
        return (
            f"{number(row['mean'])} (94%: {number(row['lower'])} to {number(row['upper'])}; "
            f"mixed model, REML: {number(row['mixed_model'])})"
        )

    n = schools["n"]
    moved = (schools["mean"] - schools["raw"]).abs().idxmax()
    pulled = schools.loc[moved]
    above = (schools["above"] > (1 + PROB) / 2).sum()
    below = (schools["above"] < (1 - PROB) / 2).sum()
    lines = [
        f"{len(schools):,} schools, {n.sum():,} pupils; {n.min():,} to {n.max():,} pupils a "
        f"school, median {n.median():,.0f}. Scores from {number(score.min())} to "
        f"{number(score.max())}, mean {number(score.mean())}, sd {number(score.std())}.",
        "",
        "PRIORS, set from the scale of these scores: "
        f"μ ~ N({number(priors['prior_mean'])}, {number(priors['prior_sd'])}), "
        f"σ_α and σ_y ~ exponential with mean {number(score.std())}.",
        "",
        "WHAT WAS FOUND (exact posterior, without a sampler)",
        f"  mean of the schools, μ:       {setting('global_mean')}",
        f"  spread of schools, σ_α:       {setting('global_sigma')}",
        f"  spread of pupils, σ_y:        {setting('sigma_y')}",
        f"  {sigma_alpha**2 / (sigma_alpha**2 + sigma_y**2):.0%} of the variance of scores lies "
        "between schools.",
        f"  Half weight: a school of {(sigma_y / sigma_alpha) ** 2:,.1f} pupils would end up "
        "midway between its own mean and μ.",
        f"  Moved most by partial pooling: {moved} (n = {pulled['n']:,.0f}), from "
        f"{number(pulled['raw'])} to {number(pulled['mean'])}.",
        "",
        "RANKING",
        f"  Above the mean of the schools with a probability over 97%: {above:,}; below it: "
        f"{below:,}; neither: {len(schools) - above - below:,}.",
    ]
    for place, school in [("Highest", schools.iloc[0]), ("Lowest", schools.iloc[-1])]:
        lines.append(
            f"  {place} estimate: {school.name} (n = {school['n']:,.0f}), "
            f"{number(school['mean'])}; its rank lies between {school['rank_lower']:,.0f} and "
            f"{school['rank_upper']:,.0f} (94%)."
        )
    lines += ["", f"CHECKS  ({'all' if checks['passed'].all() else 'NOT all'} passed)"]
    lines.append(
        f"  {'passed' if error < 1e-3 else 'FAILED'}: numerical error, at most {error:.0e} of a "
        "posterior sd."
    )
    for name, row in checks.iterrows():
        lines.append(
            f"  {'passed' if row['passed'] else 'FAILED'}: {name}: {row['observed']:.2f}; data "
            f"from the fitted model give {row['lower']:.2f} to {row['upper']:.2f} (98%)."
        )
    if not checks["passed"].all():
        lines.append("  A failed check says where this model differs from the data (chapter 7).")
    if len(schools) < 8:
        lines.append(
            f"  CAUTION: {len(schools)} schools say little of how widely schools spread; the prior "
            "of σ_α matters."
        )
    if score.nunique() == 2:
        lines.append("  CAUTION: the scores have two values only; a model of counts fits better.")
    return "\n".join(textwrap.fill(line, 76, subsequent_indent="    ") for line in lines)
