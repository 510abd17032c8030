"""The small package behind *A Gentle Introduction to Partial Pooling*."""

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

# The stub beside this file lists what the package offers, for editors and for this file alike.
_STUB = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
_ROOMS = {line.names[0].name: line.module for line in _STUB.body}
__all__ = list(_ROOMS)


def __getattr__(name: str) -> object:
    """Load a function on its first use: PyMC takes seconds, and few functions need it."""
    if name in _ROOMS:
        found = getattr(import_module(_ROOMS[name]), name)
    elif find_spec(f"{__name__}.{name}"):
        found = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
