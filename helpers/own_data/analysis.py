"""The book's whole analysis of one table of scores, in one call: numbers, checks and words."""

import warnings
from collections.abc import Hashable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from helpers.choices import PROB
from helpers.exact import ExactPosterior, exact_posterior
from helpers.likelihood import maximum_likelihood
from helpers.own_data.analysis_input import (
    name_subject,
    read_rows,
    refuse_without_spread,
    refuse_yes_and_no,
)
from helpers.own_data.cautions import cautions
from helpers.own_data.derived import combination, ratio_summaries, table_of_schools
from helpers.own_data.model_checks import check_model
from helpers.own_data.report import write_report
from helpers.own_data.words import Labels, Words
from helpers.summaries import summarise_schools

TAILS = np.array([(1 - PROB) / 2, (1 + PROB) / 2])
CELLS = 20_000_000  # draws times schools


@dataclass(frozen=True, repr=False)
class Analysis:
    """What `analyse` found; printed, it is the report in words.

    Attributes
    ----------
    parameters : DataFrame
        For ``global_mean``, ``global_sigma``, ``sigma_y`` and ``share_between`` (the share of the
        variance that lies between schools): exact posterior ``mean``, ``sd``, ``lower`` and
        ``upper`` (94%, equal-tailed), and ``mixed_model``, the estimate by restricted maximum
        likelihood that mixed-model programs report.
    half_weight : Series
        The number of pupils at which a school's estimate lies midway between its own mean and μ:
        ``median``, ``lower`` and ``upper``. (Its posterior mean is infinite.)
    schools : DataFrame
        A row a school, highest estimate first. ``n``; ``raw`` mean; ``raw_lower`` and
        ``raw_upper``, an interval around it with one σ_y for all; the completely pooled mean,
        ``complete``; the partially pooled ``mean``, ``sd``, ``lower`` and ``upper``; ``weight``,
        ``weight_lower`` and ``weight_upper``, the share of its own mean that it keeps; ``rank``,
        ``rank_lower`` and ``rank_upper``, whole numbers; ``above``, the probability that it lies
        above the mean of the other schools in the table, and ``above_population``, above μ.
    checks : DataFrame
        A row a check: what was ``observed``, the ``lower`` and ``upper`` end of the middle 98% of
        the replicated data sets, the ``chance`` that data from the model fail it, the ``fault``
        in words, and whether it ``passed``. The first row is the numerical error.
    posterior : ExactPosterior
        The posterior itself, to be drawn from: ``found.posterior.sample(seed=1)``.
    words : Words
        What groups and units are called.
    report : str
        All of it in words.
    """

    parameters: pd.DataFrame
    half_weight: pd.Series
    schools: pd.DataFrame
    checks: pd.DataFrame
    posterior: ExactPosterior
    words: Words
    report: str = ""

    def __str__(self) -> str:
        return self.report

    __repr__ = __str__

    def compare(self, a: Hashable, b: Hashable) -> pd.Series:
        """Compare two schools' true means.

        Parameters
        ----------
        a, b : label
            As in the index of `schools`.

        Returns
        -------
        Series
            Of the difference, a's mean minus b's: exact posterior ``mean``, ``sd``, ``lower`` and
            ``upper`` (94%), and ``above``, the probability that a's mean is above b's.

        Raises
        ------
        ValueError
            If a label is not there, or both are the same.
        """
        first, second = (self._labels.find(label, self.words) for label in (a, b))
        if first == second:
            raise ValueError(f"two {self.words.groups} are needed, not {a!r} twice")
        names = (self._labels.name(label) for label in (a, b))
        difference = combination(self.posterior, TAILS, {first: 1.0, second: -1.0})
        return difference.rename(" minus ".join(names))

    def predict(self, group: Hashable | None = None) -> pd.DataFrame:
        """Predict a mean, and the score of one pupil more.

        Parameters
        ----------
        group : label, optional
            As in the index of `schools`. Without it: a new school of the same population.

        Returns
        -------
        DataFrame
            A row for the school's true mean and a row for a new pupil in it: exact ``mean``,
            ``sd``, ``lower`` and ``upper`` (94%).

        Raises
        ------
        ValueError
            If the label is not there.
        """
        if group is None:
            where, schools, new = f"a new {self.words.group}", {}, {"mu": 1.0, "groups": 1.0}
        else:
            place = self._labels.find(group, self.words)
            where = f"{self.words.group} {self._labels.name(group)}"
            schools, new = {place: 1.0}, {}
        rows = {
            f"mean of {where}": combination(self.posterior, TAILS, schools, **new),
            f"new {self.words.unit} in {where}": combination(
                self.posterior, TAILS, schools, **new, units=1.0
            ),
        }
        return pd.DataFrame(rows).T[["mean", "sd", "lower", "upper"]]

    def save(self, where: str | Path) -> list[Path]:
        """Write the report (text), the table of schools (CSV) and the figure (PNG).

        Parameters
        ----------
        where : str or Path
            A folder that is there, or that ends in a slash; or the beginning of the three names,
            as ``results/london`` for ``results/london_report.txt``. Files of these names are
            replaced. Folders on the way are made.

        Returns
        -------
        list of Path
            What was written; it is printed too.
        """
        import matplotlib.pyplot as plt  # only who saves a figure waits for it

        from helpers.plots import plot_poolings

        path = Path(where).expanduser()
        folder = path.is_dir() or str(where).endswith(("/", "\\"))
        start = path / "analysis" if folder else path
        start.parent.mkdir(parents=True, exist_ok=True)
        report, table, figure = (
            start.with_name(f"{start.name}_{end}")
            for end in ("report.txt", "table.csv", "figure.png")
        )
        report.write_text(f"{self.report}\n", encoding="utf-8", newline="\n")
        named = self.schools.rename(index=self._labels.name)  # as in the report
        named.to_csv(table, encoding="utf-8", lineterminator="\n")
        with plt.rc_context({"figure.constrained_layout.use": True}), plt.ioff():
            plot_poolings(self.schools, group=self.words.group, units=self.words.units)
            plt.savefig(figure, dpi=150)
            plt.close()
        for written in (report, table, figure):
            print(f"Wrote {written}")
        return [report, table, figure]

    @property
    def _labels(self) -> Labels:
        return Labels(self.posterior.schools.index)


def analyse(
    scores: IntoFrame,
    school: str = "school",
    score: str = "score",
    *,
    group: str = "school",
    unit: str = "pupil",
    groups: str | None = None,
    units: str | None = None,
    seed: int = 0,
) -> Analysis:
    """Fit the three poolings, check them, rank the schools, and say it in words.

    The posterior is exact: no sampler, whatever the scale and however many schools. The priors
    follow the scores: μ ~ N(their mean, 2.5 sd), and σ_α and σ_y exponential with mean sd, where
    sd is the standard deviation of all scores.

    Parameters
    ----------
    scores : DataFrame, or any other table that narwhals knows
        One row a pupil, as `read_scores` returns it, or any table with two such columns.
    school, score : str
        The columns that hold the school's label and the pupil's score.
    group, unit : str
        What schools and pupils are called in the report: ``group="hospital", unit="patient"``.
    groups, units : str, optional
        Their plurals, where the rule of English would not give them.
    seed : int
        Of the draws behind ranks and checks.

    Returns
    -------
    Analysis

    Raises
    ------
    ValueError
        If all scores are equal, there is one school alone, no school has two pupils, all
        pupils of each school have the same score, or `helpers.summaries.summarise_schools` or
        `helpers.exact.exact_posterior` objects.
    """
    words = Words.of(group, unit, groups, units)
    refuse_yes_and_no(scores, score)
    with words.speaking():
        summaries = summarise_schools(scores, school, score)
    codes, values = read_rows(scores, school, score)
    refuse_without_spread(summaries, codes, values, words)
    centre, scale = values.mean(), values.std(ddof=1)
    priors = {
        "prior_mean": centre,
        "prior_sd": 2.5 * scale,
        "sigma_alpha_prior_mean": scale,
        "sigma_y_prior_mean": scale,
    }
    with warnings.catch_warnings(record=True) as caught, words.speaking():
        warnings.simplefilter("always")
        posterior = exact_posterior(summaries, **priors)
    warned = [str(one.message) for one in caught if issubclass(one.category, UserWarning)]

    table = posterior.summary(PROB)
    share, half_weight, weights = ratio_summaries(posterior, TAILS)
    reml = maximum_likelihood(summaries, restricted=True)
    between, within = reml["global_sigma"] ** 2, reml["sigma_y"] ** 2
    reml["share_between"] = between / (between + within)
    parameters = table.iloc[:3].copy()
    parameters.loc["share_between"] = share
    parameters["mixed_model"] = reml

    # Fewer draws of many schools: 200 of 100,000.
    draws = int(np.clip(CELLS / 4 / len(summaries), 50, 1000))
    drawn = posterior.sample(draws, seed=seed).posterior
    settings = tuple(drawn[name].to_numpy().ravel() for name in table.index[:3])
    means = drawn["school_means"].to_numpy().reshape(4 * draws, -1)
    schools = table_of_schools(posterior, TAILS, table, weights, means, centre)
    checks = check_model(
        summaries,
        codes,
        values,
        table.iloc[:3],
        settings,
        posterior.error,
        words,
        np.random.default_rng(seed),
    )
    subject, label = name_subject(scores, school, score)
    schools = schools.rename_axis(index=label or words.group)
    found = Analysis(parameters, half_weight, schools, checks, posterior, words)
    cautious = [f"{words.translate(warning)}." for warning in warned]
    cautious += cautions(values, summaries["n"], words)
    return replace(found, report=write_report(found, values, priors, subject, cautious))
