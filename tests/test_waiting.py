"""One function over many seeds."""

import numpy as np
import pytest

from helpers import waiting
from helpers.waiting import repeat


def mean_of_draws(seed):
    return np.random.default_rng(seed).normal(size=100).mean()


def test_results_come_in_the_order_of_the_seeds_as_from_a_loop():
    seeds = range(30, 0, -1)
    assert repeat(mean_of_draws, seeds) == [mean_of_draws(seed) for seed in seeds]


def test_functions_made_on_the_spot_travel_to_other_processes():
    shift = 7
    assert repeat(lambda seed: seed + shift, range(4)) == [7, 8, 9, 10]


def test_an_error_in_one_seed_is_raised():
    def fails_at_two(seed):
        if seed == 2:
            raise ValueError("no city has number 2")

    with pytest.raises(ValueError, match="no city has number 2"):
        repeat(fails_at_two, range(4))


@pytest.mark.parametrize("watched", [True, False])
def test_a_progress_bar_only_where_somebody_watches(watched, monkeypatch, capsys):
    monkeypatch.setattr(waiting, "somebody_watches", lambda: watched)
    assert repeat(abs, [-1, -2]) == [1, 2]
    assert ("2/2" in capsys.readouterr().out) == watched
