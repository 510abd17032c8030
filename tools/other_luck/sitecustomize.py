"""Python runs this first where ``tools/luck.py`` asks for it: each seed gives other numbers."""

import os

import numpy as np

_default_rng = np.random.default_rng


def other_rng(seed=None):
    """What `numpy.random.default_rng` would have given, had the luck been another one."""
    if isinstance(seed, (int, np.integer)):
        seed = (int(seed),)
    if isinstance(seed, (tuple, list, np.ndarray)):
        seed = (int(os.environ["LUCK"]), *map(int, seed))
    return _default_rng(seed)


np.random.default_rng = other_rng
