"""The report of an analysis in words; every number in it is one of the analysis's tables."""

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.choices import PROB
from helpers.own_data.cautions import FEW_GROUPS
from helpers.own_data.derived import outcome_of
from helpers.own_data.words import Labels, Words

if TYPE_CHECKING:
    from helpers.own_data.analysis import Analysis

WIDTH = 76


def percent(share: float) -> str:
    """A share with two digits of it, or of what it lacks of all."""
    rest = 100 * min(share, 1 - share)
    digits = int(np.clip(1 - np.floor(np.log10(max(rest, 1e-9))), 0, 8))
    shown = f"{100 * share:.{digits}f}"
    return f"{shown.rstrip('0').rstrip('.') if digits else shown}%"


def count(value: float) -> str:
    """A number of units that need not be whole: 0.27, 5.8, 51, 7,781, 2.4e+09."""
    if value < 0.95 or value >= 1e7:
        return f"{value:.2g}"
    return f"{value:,.1f}" if value < 99.95 else f"{value:,.0f}"


class Numbers:
    """Print values with the digits that matter beside the smaller spread, whatever the scale."""

    def __init__(self, sigma_alpha: float, sigma_y: float, values: NDArray) -> None:
        least = max(min(sigma_alpha, sigma_y), 1e-3 * sigma_y)
        self.digits = 2 - int(np.floor(np.log10(least)))
        self.whole = bool((values % 1 == 0).all() and np.abs(values).max() < 1e15)

    def __call__(self, value: float) -> str:
        if not -12 < self.digits < 7:
            return f"{value:.4g}"
        return f"{round(value, self.digits) + 0.0:,.{max(self.digits, 0)}f}"

    def seen(self, value: float) -> str:
        """A value of the file: whole where all are."""
        return f"{value:,.0f}" if self.whole else self(value)

    def spread(self, value: float) -> str:
        """A spread: 0 only where it is."""
        if not value:
            return "0"
        rounded = abs(round(value, self.digits))
        return self(value) if rounded else f"{value:.2g}"

    def interval(self, row: pd.Series, spread: bool = False) -> str:
        show = self.spread if spread else self
        return f"({PROB:.0%}: {show(row['lower'])} to {show(row['upper'])})"


def write_report(
    found: "Analysis",
    values: NDArray,
    priors: dict,
    subject: str,
    cautions: list[str],
    *,
    of_units: bool = True,
) -> str:
    """Say in words what was read, assumed, found and checked.

    Parameters
    ----------
    found : Analysis
        With all but its report.
    values : ndarray
        All scores; or each group's mean, effect or rate.
    priors : dict
        As the function that computes the posterior takes them.
    subject : str
        The file and the columns, or nothing.
    cautions : list of str
    of_units : bool
        Whether each unit's score is known.

    Returns
    -------
    str
    """
    words, settings = found.words, found.parameters["mean"]
    what = outcome_of(found.posterior).what
    within = {
        "mean": lambda: settings["sigma_y"],
        "effect": lambda: found.schools["se"].median(),
        "rate": lambda: np.sqrt(settings["global_mean"] * (1 - settings["global_mean"])),
    }
    number = Numbers(settings["global_sigma"], within[what](), values)
    labels = Labels(found.schools.index)
    span = f"from {number.seen(values.min())} to {number.seen(values.max())}"
    opening = {"mean": _of_means, "effect": _of_effects, "rate": _of_rates}[what]
    lines = [
        *([subject] if subject else []),
        *opening(found, number, span, priors, of_units),
        "",
        f"WHAT WAS FOUND (exact posterior, without a sampler: mean and {PROB:.0%} interval)",
        *_settings(found, number),
        *_weights(found, number, labels),
        "",
        *_ranking(found, number, labels),
        "",
        *_checks(found.checks, words, 5 if of_units else 4),
        *_unknown(what, words, of_units),
        *(f"  CAUTION: {caution}" for caution in cautions),
    ]
    # Neither a number nor a label is broken at its end of line.
    how = {"subsequent_indent": "    ", "break_on_hyphens": False, "break_long_words": False}
    return "\n".join(textwrap.fill(line, WIDTH, **how) for line in lines)


def _sizes(n: pd.Series, words: Words) -> str:
    sizes = f"{n.min():,} to {n.max():,} {words.units} per {words.group}, median {n.median():,.10g}"
    if n.min() == n.max():
        sizes = f"{words.count_units(n.min())} per {words.group}"
    return f"{words.count_groups(len(n))}, {words.count_units(n.sum())}: {sizes}."


def _of_means(
    found: "Analysis", number: Numbers, span: str, priors: dict, of_units: bool
) -> list[str]:
    """The lines on the sizes and the values, and on the priors."""
    words, scale = found.words, number.spread(priors["sigma_y_prior_mean"])
    centre = number(priors["prior_mean"])
    values = f"Values {span}, mean {centre}, sd {scale}."
    if not of_units:
        values = f"Means {span}; all {words.units}: mean {centre}, sd {scale}."
    return [
        f"{_sizes(found.schools['n'], words)} {values}",
        "",
        f"PRIORS, set from the scale of these values: μ ~ N({centre}, "
        f"{number.spread(priors['prior_sd'])}), σ_α and σ_y ~ exponential with mean {scale}.",
    ]


def _of_effects(found: "Analysis", number: Numbers, span: str, priors: dict, _: bool) -> list[str]:
    words, se, scale = found.words, found.schools["se"], number.spread(priors["tau_prior_mean"])
    centre, ends = number(priors["prior_mean"]), f"{se.min():.4g} to {se.max():.4g}"
    return [
        f"{words.count_groups(len(se))}, an effect each with its standard error, which is taken as "
        f"known. Effects {span}, mean {centre}, sd {scale}; standard errors from {ends}, median "
        f"{se.median():.4g}.",
        "",
        f"PRIORS, set from the scale of these effects: μ ~ N({centre}, "
        f"{number.spread(priors['prior_sd'])}), τ ~ exponential with mean {scale}.",
    ]


def _of_rates(found: "Analysis", number: Numbers, span: str, priors: dict, _: bool) -> list[str]:
    words, table = found.words, found.schools
    passed = (table["raw"] * table["n"]).sum()
    return [
        f"{_sizes(table['n'], words)} A trial is one {words.unit}, and passes or not: "
        f"{passed:,.0f} passed. Rates {span}.",
        "",
        "PRIORS, the same for all data: rates ~ beta(mκ, (1-m)κ); m and 1/√(1+κ) are "
        "uniform on 0 to 1. The last is the sd of the rates, σ, as a share of the largest that m "
        "allows.",
    ]


def _settings(found: "Analysis", number: Numbers) -> list[str]:
    words, table, outcome = found.words, found.parameters, outcome_of(found.posterior)
    half = found.half_weight
    told = {
        "global_mean": f"mean of the population of {words.groups}, {outcome.mu}",
        "global_sigma": f"spread (sd) of the {outcome.what}s of {words.groups}, {outcome.spread}",
        "sigma_y": f"spread (sd) of {words.units} within {words.groups}, σ_y",
    }
    lines = []
    for name, row in table.iloc[:3].iterrows():
        spread = name != "global_mean"
        show = number.spread if spread else number
        lines.append(f"  {told[name]}: {show(row['mean'])} {number.interval(row, spread)}.")
    if outcome.what == "mean":
        share = table.loc["share_between"]
        lines.append(
            f"  Share of the variance that lies between {words.groups}: {percent(share['mean'])} "
            f"({PROB:.0%}: {percent(share['lower'])} to {percent(share['upper'])})."
        )
    else:
        lines.append(
            f"  Complete pooling gives all {words.groups} one {outcome.what}: "
            f"{number(found.schools['complete'].iloc[0])}."
        )
    with_ = f"{count(half['median'])} {words.units}", count
    if outcome.what == "effect":
        with_ = f"a standard error of {number.spread(half['median'])}", number.spread
    lines.append(
        f"  Half weight: with {with_[0]} (posterior median; {PROB:.0%}: {with_[1](half['lower'])} "
        f"to {with_[1](half['upper'])}) an estimate lies midway between the own {outcome.what} of "
        f"its {words.group} and {outcome.mu}."
    )
    return lines + (_mixed_model(found, number) if outcome.what == "mean" else [])


def _mixed_model(found: "Analysis", number: Numbers) -> list[str]:
    table, reml = found.parameters, found.parameters["mixed_model"]
    lines = []
    text = (
        f"  Mixed-model programs report (REML): μ {number(reml['global_mean'])}, σ_α "
        f"{number.spread(reml['global_sigma'])}, σ_y {number.spread(reml['sigma_y'])}."
    )
    outside = [
        symbol
        for name, symbol in {"global_mean": "μ", "global_sigma": "σ_α", "sigma_y": "σ_y"}.items()
        if not table["lower"][name] <= reml[name] <= table["upper"][name]
    ]
    if outside:
        text += (
            f" Of these, {' and '.join(outside)} lie{'s' * (len(outside) == 1)} outside the "
            "interval above: they are the best single values, without a prior"
        )
        zero = reml["global_sigma"] == 0
        text += ", and the best can be 0, which no interval of a spread holds." if zero else "."
    lines.append(text)
    if reml["global_sigma"] == 0 and len(found.schools) >= FEW_GROUPS:
        lines.append(
            f"  These data agree with no difference between the {found.words.groups} at all: σ_α "
            f"may be as large as {number.spread(table['upper']['global_sigma'])}, and as small as "
            "0."
        )
    return lines


def _weights(found: "Analysis", number: Numbers, labels: Labels) -> list[str]:
    table, words, what = found.schools, found.words, outcome_of(found.posterior).what
    size = table["n" if "n" in table else "se"]
    rows = [table.loc[size == end].iloc[0] for end in (size.min(), size.max())]
    told = [
        f"{percent(row['weight'])} ({PROB:.0%}: {percent(row['weight_lower'])} to "
        f"{percent(row['weight_upper'])}) with {_size(row, words)}"
        for row in (rows[:1] if size.min() == size.max() else rows)
    ]
    moved = int((table["mean"] - table["raw"]).abs().to_numpy().argmax())
    row = table.iloc[moved]
    return [
        f"  Weight of each {words.group}'s own {what} in its estimate: {'; '.join(told)}.",
        f"  Moved most by partial pooling: {labels.name(table.index[moved])} ({_size(row)}), from "
        f"its own {what} {number(row['raw'])} to {number(row['mean'])} {number.interval(row)}.",
    ]


def _size(row: pd.Series, words: Words | None = None) -> str:
    """What the estimate of a group rests on, as in "n = 5"; with `words` as in "5 pupils"."""
    if "n" not in row:
        return f"{'a ' if words else ''}standard error{' of' if words else ''} {row['se']:.4g}"
    return words.count_units(int(row["n"])) if words else f"n = {row['n']:,.0f}"


def _ranking(found: "Analysis", number: Numbers, labels: Labels) -> list[str]:
    table, words, symbol = found.schools, found.words, outcome_of(found.posterior).mu
    others = words.count_groups(len(table) - 1) if len(table) > 2 else words.group
    lines = [f"RANKING  (above or below with a probability over {(1 + PROB) / 2:.0%})"]
    for column, what in {
        "above": f"the mean of the other {others} listed",
        "above_population": f"the mean of the population of {words.groups}, {symbol}",
    }.items():
        sides = {
            "Above": table.index[table[column] > (1 + PROB) / 2],
            "Below": table.index[table[column] < (1 - PROB) / 2][::-1],
        }
        for side, group in sides.items():
            listed = f": {labels.list(group)}" if len(group) else ""
            lines.append(f"  {side} {what}: {len(group):,}{listed}.")
        neither = len(table) - sum(map(len, sides.values()))
        lines[-1] = f"{lines[-1][:-1]}; neither: {neither:,}."
    for place, (label, row) in {
        "Highest": (table.index[0], table.iloc[0]),
        "Lowest": (table.index[-1], table.iloc[-1]),
    }.items():
        low, high = int(row["rank_lower"]), int(row["rank_upper"])
        between = f"{low:,}" if low == high else f"between {low:,} and {high:,}"
        lines.append(
            f"  {place} estimate: {labels.name(label)} ({_size(row)}), "
            f"{number(row['mean'])} {number.interval(row)}; its rank is {between} ({PROB:.0%})."
        )
    return lines


def _checks(checks: pd.DataFrame, words: Words, possible: int) -> list[str]:
    failed = int((~checks["passed"]).sum())
    lines = [f"CHECKS  ({f'{failed} of {len(checks)} FAILED' if failed else 'all passed'})"]
    for name, row in checks.iterrows():
        if not row["chance"]:
            # Its size alone: the digits differ from one processor to another.
            power = np.ceil(np.log10(max(row["observed"], 1e-16)))
            text = f"{name}: at most 1e{power:+03.0f} (allowed: {row['upper']:.0e})"
        else:
            ends = f"{row['lower']:.2f} to {row['upper']:.2f} (98%)"
            text = f"{name}: {row['observed']:.2f}; data from the fitted model give {ends}"
        verdict = "passed" if row["passed"] else f"FAILED, {row['fault']}"
        lines.append(f"  {verdict}: {text}.")
    chance = checks["chance"].sum()
    if chance:
        lines.append(
            "  Of data that the model describes perfectly, up to "
            f"{chance:.0%} fail at least one check. A failed check says where these data differ "
            "from the model; what was found may hold all the same."
        )
    left_out = possible - len(checks)
    if left_out:
        lines.append(f"  Left out, as these data can't show it either way: {left_out} more.")
    return lines


def _unknown(what: str, words: Words, of_units: bool) -> list[str]:
    """Which checks a table with a row a group can't have, and why."""
    if of_units:
        return []
    if what == "mean":
        return [
            f"  Not checked: extreme values within {words.groups}. That needs the score of each "
            f"{words.unit}."
        ]
    if what == "effect":
        return [
            f"  Not checked: the standard errors themselves, and what lies within {words.groups}. "
            "That needs the values behind the effects."
        ]
    return [
        f"  Not checked: whether trials of one {words.group} depend on each other, and whether "
        f"their rate changes. That needs each {words.unit} in order."
    ]
