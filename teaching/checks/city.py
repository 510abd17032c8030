"""The city that an exercise is about, and what is asked of it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from helpers.exact import ExactPosterior, exact_posterior
from helpers.pooling import partially_pooled_mean
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools


@dataclass(frozen=True)
class City:
    """A simulated city; each student may have one, by its seed."""

    seed: int

    @cached_property
    def _simulated(self) -> tuple[pd.DataFrame, np.ndarray]:
        city = simulate_city(seed=self.seed)
        return summarise_schools(city.scores), city.true_school_means.to_numpy()

    @property
    def schools(self) -> pd.DataFrame:
        return self._simulated[0]

    @property
    def truth(self) -> np.ndarray:
        return self._simulated[1]

    @cached_property
    def pooled(self) -> np.ndarray:
        """Partially pooled with the settings that drew the city."""
        return partially_pooled_mean(self.schools["n"], self.schools["mean"], 63, 10, 2)

    @cached_property
    def posterior(self) -> ExactPosterior:
        return exact_posterior(self.schools)

    def moved_away(self, signed: bool = False) -> int:
        """Count the schools that pooling takes further from the truth."""
        distance = (lambda error: error) if signed else np.abs
        raw = self.schools["mean"].to_numpy()
        return int((distance(self.pooled - self.truth) > distance(raw - self.truth)).sum())

    def top_five_found(self) -> int:
        highest = [set(np.argsort(v, kind="stable")[-5:]) for v in (self.pooled, self.truth)]
        return len(highest[0] & highest[1])

    @cached_property
    def wide_spread_probability(self) -> float:
        draws = self.posterior.sample(25_000, seed=0)
        return float((draws.posterior["global_sigma"] > 2).mean())
