"""What shortens a wait and what shows it: every core, and a progress bar."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from IPython import get_ipython
from IPython.display import ProgressBar
from joblib import Parallel, delayed


def repeat(function: Callable[[int], Any], seeds: Iterable[int]) -> list:
    """Call a function once for each seed.

    The results don't depend on the number of cores, as long as the function has no other source
    of randomness than its seed.

    Parameters
    ----------
    function : callable
        Takes a seed. It may be defined in a notebook's cell.
    seeds : iterable of int

    Returns
    -------
    list
        What the function returned, in the order of the seeds.
    """
    seeds = list(seeds)
    results = Parallel(n_jobs=-1, return_as="generator")(delayed(function)(s) for s in seeds)
    return list(progress(results, total=len(seeds)))


def progress(items: Iterable, total: int) -> Iterator:
    """Yield each item, and move a progress bar where somebody watches.

    Parameters
    ----------
    items : iterable
    total : int
        How many items there will be.
    """
    if not somebody_watches():
        yield from items
        return
    bar = ProgressBar(total)
    bar.display()
    for done, item in enumerate(items, start=1):
        yield item
        bar.progress = done


def somebody_watches() -> bool:
    """Whether a person is there to see a progress bar.

    A front end that runs a notebook for its reader can ask them for input; a program that
    executes it (nbconvert, nbval, Jupyter Book) can't.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    return kernel._allow_stdin if kernel else sys.stderr.isatty()
