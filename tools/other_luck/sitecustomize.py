"""Python runs this first where ``tools/luck.py`` asks for it: each seed gives other numbers."""

import os
import sys
from importlib.util import find_spec


class OtherLuck:
    """Changes `numpy.random` once it is imported: a process without NumPy stays small."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Find `numpy.random` where it is, and let it load with other luck."""
        if name != "numpy.random":
            return None
        sys.meta_path.remove(OtherLuck)
        spec = find_spec(name)
        load = spec.loader.exec_module

        def load_with_other_luck(module):
            load(module)
            module.default_rng = other(module.default_rng)

        spec.loader.exec_module = load_with_other_luck
        return spec


def other(default_rng):
    """What `numpy.random.default_rng` would have been, had the luck been another one."""

    def other_rng(seed=None):
        import numpy as np

        if isinstance(seed, (int, np.integer)):
            seed = (int(seed),)
        if isinstance(seed, (tuple, list, np.ndarray)):
            seed = (int(os.environ["LUCK"]), *map(int, seed))
        return default_rng(seed)

    return other_rng


sys.meta_path.insert(0, OtherLuck)
