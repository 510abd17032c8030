"""The book's whole analysis of one table, in one call: numbers, checks and words."""

import warnings
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from numpy.typing import NDArray

from helpers.choices import PROB
from helpers.exact import ExactPosterior, exact_posterior
from helpers.exact.effects import EffectsPosterior, effects_posterior
from helpers.exact.passes import PassesPosterior, passes_posterior
from helpers.likelihood import maximum_likelihood
from helpers.own_data.analysis_input import (
    choose_kind,
    name_subject,
    read_groups,
    read_rows,
    refuse_groups,
    refuse_without_spread,
    refuse_yes_and_no,
)
from helpers.own_data.cautions import cautions, group_cautions
from helpers.own_data.derived import TAILS, Means, outcome_of, ratio_summaries, table_of_groups
from helpers.own_data.model_checks import check_effects, check_model, check_passes
from helpers.own_data.report import write_report
from helpers.own_data.words import Labels, Words
from helpers.summaries import summarise_schools

CELLS = 20_000_000  # draws times schools; of a table with a row a school, a fifth


@dataclass(frozen=True, repr=False)
class Analysis:
    """What `analyse` found; printed, it is the report in words.

    It is the same for all kinds of table. What is said of means holds for effects with known
    standard errors and for rates of passes too; where these differ, it is said.

    Attributes
    ----------
    parameters : DataFrame
        For ``global_mean``, ``global_sigma``, ``sigma_y`` and ``share_between`` (the share of the
        variance that lies between schools): exact posterior ``mean``, ``sd``, ``lower`` and
        ``upper`` (94%, equal-tailed), and ``mixed_model``, the estimate by restricted maximum
        likelihood that mixed-model programs report. Effects and rates have the first two rows
        alone (μ and τ; the mean and the sd of the rates), and no ``mixed_model``.
    half_weight : Series
        The number of pupils (trials) at which a school's estimate lies midway between its own mean
        and μ: ``median``, ``lower`` and ``upper``. (Its posterior mean is infinite.) For effects
        it is the standard error at which this is so.
    schools : DataFrame
        A row a school, highest estimate first. ``n`` (trials; for effects ``se`` instead);
        ``raw`` mean; ``raw_lower`` and ``raw_upper``, an interval around it: with one σ_y for
        all, with the known standard error, or Wilson's interval for a rate; the completely pooled
        mean, ``complete`` (of effects the precision-weighted mean, of rates all passes over all
        trials); the partially pooled ``mean``, ``sd``, ``lower`` and ``upper``; ``weight``,
        ``weight_lower`` and ``weight_upper``, the share of its own mean that it keeps; ``rank``,
        ``rank_lower`` and ``rank_upper``, whole numbers; ``above``, the probability that it lies
        above the mean of the other schools in the table, and ``above_population``, above μ. All
        is exact but the ends of ranks, and ``above`` of rates: these are from draws.
    checks : DataFrame
        A row a check: what was ``observed``, the ``lower`` and ``upper`` end of the middle 98% of
        the replicated data sets, the ``chance`` that data from the model fail it, the ``fault``
        in words, and whether it ``passed``. The first row is the numerical error.
    posterior : ExactPosterior, EffectsPosterior or PassesPosterior
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
    posterior: ExactPosterior | EffectsPosterior | PassesPosterior
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
        difference = outcome_of(self.posterior).compare(first, second)
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
            A row for the school's true mean and a row for a new pupil in it: ``mean of school A``
            and ``new pupil in school A``, or ``mean of a new school`` and ``new pupil in a new
            school``; exact ``mean``, ``sd``, ``lower`` and ``upper`` (94%).

            Without a label there is a third row, ``the average school``: μ itself, the mean of
            the population. Its interval is narrower than that of a new school, which is one draw
            from the population and may lie anywhere in it.

            Effects have the rows ``effect of study A``, or ``effect of a new study`` and ``the
            average study``: nothing is known of their units. Rates have ``rate of school A`` and
            so on; a new pupil passes or not, so its ``mean`` is the probability to pass, its
            ``sd`` follows from that, and it has no interval (NaN).

        Raises
        ------
        ValueError
            If the label is not there.
        """
        outcome, place = outcome_of(self.posterior), None
        where = f"a new {self.words.group}"
        if group is not None:
            place = self._labels.find(group, self.words)
            where = f"{self.words.group} {self._labels.name(group)}"
        names = f"{outcome.what} of {where}", f"new {self.words.unit} in {where}"
        rows = dict(zip(names, outcome.predict(place), strict=False))
        if group is None:
            rows[f"the average {self.words.group}"] = self.parameters.loc["global_mean"]
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
            what = outcome_of(self.posterior).what
            words = {"group": self.words.group, "units": self.words.units, "what": what}
            plot_poolings(self.schools, **words)
            plt.savefig(figure, dpi=150)
            plt.close()
        for written in (report, table, figure):
            print(f"Wrote {written}")
        return [report, table, figure]

    @property
    def _labels(self) -> Labels:
        return Labels(outcome_of(self.posterior).labels)


def analyse(
    scores: IntoFrame,
    school: str = "school",
    score: str = "score",
    *,
    n: str | None = None,
    mean: str | None = None,
    sd: str | None = None,
    effect: str | None = None,
    se: str | None = None,
    passes: str | None = None,
    trials: str | None = None,
    group: str = "school",
    unit: str = "pupil",
    groups: str | None = None,
    units: str | None = None,
    seed: int = 0,
) -> Analysis:
    """Fit the three poolings, check them, rank the schools, and say it in words.

    The table has a row a pupil, with its `score`; or a row a school, with `n`, `mean` and `sd`,
    with `effect` and `se`, or with `passes` and `trials`. The posterior is exact: no sampler,
    whatever the scale and however many schools. The report states the priors.

    - Scores, or `n`, `mean` and `sd`: the priors follow the scores, μ ~ N(their mean, 2.5 sd),
      and σ_α and σ_y exponential with mean sd, where sd is the standard deviation of all scores.
    - `effect` and `se`: the priors follow the effects, μ ~ N(their mean, 2.5 sd), and τ, the sd of
      the true effects, exponential with mean sd, where sd is the standard deviation of the
      effects (`helpers.exact.effects.effects_posterior`).
    - `passes` and `trials`: rates have a beta distribution; the priors are uniform and the same
      for all data (`helpers.exact.passes.passes_posterior`).

    Parameters
    ----------
    scores : DataFrame, or any other table that narwhals knows
        One row a pupil, as `read_scores` returns it, or any table with two such columns; or one
        row a school.
    school, score : str
        The columns that hold the school's label and the pupil's score.
    n, mean, sd : str, optional
        The columns that hold a school's number of pupils, and the mean and the standard deviation
        (divisor n - 1) of their scores. A school of one pupil has no sd: it is left empty.
    effect, se : str, optional
        The columns that hold an effect and its standard error, which is taken as known.
    passes, trials : str, optional
        The columns that hold how many trials passed, and how many there were: whole numbers.
    group, unit : str
        What schools and pupils (trials) are called in the report: ``group="hospital",
        unit="patient"``.
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
        If columns of two kinds of table are given, or not all of one kind; if there is one school
        alone, or several rows of one school in a table with a row a school; if a number is
        impossible; if all scores are equal, no school has two pupils, all pupils of each school
        have the same score; or `helpers.summaries.summarise_schools` or the function that
        computes the posterior objects.
    """
    words = Words.of(group, unit, groups, units)
    columns = {"n": n, "mean": mean, "sd": sd, "effect": effect, "se": se}
    kind, columns = choose_kind(score, {**columns, "passes": passes, "trials": trials})
    if kind == "units":
        found, values, priors, cautious = _of_units(scores, school, score, words, seed)
    else:
        table = read_groups(scores, school, columns, words)
        refuse_groups(kind, table, words)
        of_kind = {"means": _of_means, "effects": _of_effects, "passes": _of_passes}[kind]
        found, values, priors, cautious = of_kind(table, words, seed)
        cautious += group_cautions(kind, table, words)
    subject, label = name_subject(scores, school, score, columns)
    found = replace(found, schools=found.schools.rename_axis(index=label or words.group))
    report = write_report(found, values, priors, subject, cautious, of_units=kind == "units")
    return replace(found, report=report)


def _of_units(scores: IntoFrame, school: str, score: str, words: Words, seed: int) -> tuple:
    refuse_yes_and_no(scores, score, words)
    with words.speaking():
        summaries = summarise_schools(scores, school, score)
    codes, values = read_rows(scores, school, score)
    refuse_without_spread(summaries, codes, values, words)
    # Fewer draws of many schools: 200 of 100,000.
    draws = int(np.clip(CELLS / 4 / len(summaries), 50, 1000))
    centre, scale = values.mean(), values.std(ddof=1)
    found, priors, cautious = _normal(summaries, codes, values, centre, scale, words, draws, seed)
    return found, values, priors, cautious + cautions(values, summaries["n"], words)


def _of_means(table: pd.DataFrame, words: Words, seed: int) -> tuple:
    n, mean = table["n"], table["mean"]
    summaries = pd.DataFrame({"n": n.astype(int), "mean": mean, "ss": (n - 1) * table["sd"] ** 2})
    centre = np.average(mean - mean.iloc[0], weights=n) + mean.iloc[0]
    squares = summaries["ss"].sum() + n @ (mean - centre) ** 2
    nobody = np.array([], dtype=int), np.array([])
    scale = np.sqrt(squares / (n.sum() - 1))
    draws = _draws(len(table))
    found, priors, cautious = _normal(summaries, *nobody, centre, scale, words, draws, seed)
    return found, mean.to_numpy(), priors, cautious


def _normal(
    summaries: pd.DataFrame,
    codes: NDArray,
    values: NDArray,
    centre: float,
    scale: float,
    words: Words,
    draws: int,
    seed: int,
) -> tuple[Analysis, dict, list[str]]:
    """The analysis of means, without its report; the priors; and what the posterior warns of."""
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

    settings, means = _drawn(posterior, table.index[:3], draws, seed)
    over = Means(posterior).above(means)
    raw, scale = Means(posterior).raw(), table["mean"]["sigma_y"]
    schools = table_of_groups(raw, centre, table.iloc[3:], weights, means, scale, over)
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
    found = Analysis(parameters, half_weight, schools, checks, posterior, words)
    return found, priors, [f"{words.translate(warning)}." for warning in warned]


def _of_effects(table: pd.DataFrame, words: Words, seed: int) -> tuple:
    centre, scale = table["effect"].mean(), table["effect"].std()
    priors = {"prior_mean": centre, "prior_sd": 2.5 * scale, "tau_prior_mean": scale}
    posterior = effects_posterior(table, **priors)
    return _known_spread(posterior, table, check_effects, words, seed), table["effect"], priors, []


def _of_passes(table: pd.DataFrame, words: Words, seed: int) -> tuple:
    posterior = passes_posterior(table)
    found = _known_spread(posterior, table, check_passes, words, seed)
    return found, table["passes"] / table["trials"], {}, []


def _known_spread(
    posterior: EffectsPosterior | PassesPosterior,
    table: pd.DataFrame,
    check: Callable,
    words: Words,
    seed: int,
) -> Analysis:
    """The analysis where the spread within groups is known, without its report."""
    outcome, summary = outcome_of(posterior), posterior.summary(PROB)
    parameters, estimates = summary.iloc[:2].copy(), summary.iloc[2:]
    settings, drawn = _drawn(posterior, parameters.index, _draws(len(table)), seed)
    half_weight, weights = outcome.shares()
    schools = table_of_groups(
        outcome.raw(),
        outcome.complete,
        estimates,
        weights,
        drawn,
        parameters["mean"]["global_sigma"],
        outcome.above((*settings, drawn)),
    )
    rng = np.random.default_rng(seed)
    checks = check(table, parameters, settings, posterior.error, words, rng)
    return Analysis(parameters, half_weight, schools, checks, posterior, words)


def _draws(size: int) -> int:
    return int(np.clip(CELLS / 20 / size, 50, 1000))


def _drawn(posterior, names: pd.Index, draws: int, seed: int) -> tuple[tuple, NDArray]:
    """Draws of the population's parameters, and of each group's number."""
    drawn = posterior.sample(draws, seed=seed).posterior
    settings = tuple(drawn[name].to_numpy().ravel() for name in names)
    return settings, drawn[outcome_of(posterior).drawn].to_numpy().reshape(4 * draws, -1)
