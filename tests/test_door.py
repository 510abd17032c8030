"""The package's door: `from helpers import ...` finds every name, and loads only its part."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import helpers

BOOK = Path(__file__).parents[1]
HEAVY = {"arviz", "dask.dataframe", "duckdb", "matplotlib.pyplot", "nutpie", "pymc"}
# What may be loaded, and the names that load no more than that.
LOADS = {
    "": (
        "COMPLETE INK MUTED POOLED RAW analyse comparison_chart effects_posterior exact_posterior "
        "maximum_likelihood passes_posterior "
        "merge_summaries moving_ranks "
        "partially_pooled_mean partially_pooled_sd plan planner_chart pooling_dial pooling_weight "
        "precision_weighted_mean school_microscope "
        "read_scores repeat simulate_city summarise_schools"
    ),
    "matplotlib.pyplot": ("draw_graph plot_estimates plot_poolings use_book_style"),
    "arviz matplotlib.pyplot pymc": (
        "check_fit complete_draws completely_pooled_model fit integrated_model "
        "partially_pooled_model unpooled_model"
    ),
}


def loaded_after(code: str) -> set[str]:
    code += f"\nimport sys; print(*{HEAVY} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=BOOK, capture_output=True, encoding="utf-8", check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(("loads", "names"), LOADS.items())
def test_a_name_loads_only_what_it_needs(loads, names):
    assert loaded_after(f"from helpers import {', '.join(names.split())}") == set(loads.split())


def test_the_exact_posterior_is_drawn_from_without_the_sampler():
    code = """
from helpers import exact_posterior, simulate_city, summarise_schools
schools = summarise_schools(simulate_city(seed=1, n_schools=5).scores)
exact_posterior(schools).sample(draws=5, seed=1)
"""
    assert loaded_after(code) == set()


def imported_by_the_book() -> dict[str, set[str]]:
    """What the pages import from the package, by module."""
    code = []
    for path in [*BOOK.glob("notebooks/*.ipynb"), *BOOK.glob("teaching/exercises/*.ipynb")]:
        cells = nbformat.read(path, as_version=4).cells
        code += [cell.source for cell in cells if cell.cell_type == "code"]
    for path in [*BOOK.glob("*.md"), *BOOK.glob("teaching/*.md")]:
        blocks = r"^```(?:\{code-cell\} )?python\n(?:---\n.*?---\n|(?::.*\n)*)(.*?)^```"
        text = path.read_text(encoding="utf-8")
        code += re.findall(blocks, text, flags=re.DOTALL | re.MULTILINE)
    found = {}
    for node in (node for part in code for node in ast.walk(ast.parse(part))):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "helpers":
            found.setdefault(node.module, set()).update(alias.name for alias in node.names)
    return found


def test_the_door_has_the_names_that_the_book_imports_and_the_book_uses_the_door():
    names = imported_by_the_book()
    modules = {path.stem for path in BOOK.glob("helpers/*.py")}
    assert set(names) == {"helpers"}
    table = set(" ".join(LOADS.values()).split())
    page = (BOOK / "beyond_the_formula.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)\(", page))  # as calls, in the words of the page
    assert (names["helpers"] | named) - modules == set(helpers.__all__) == table
    # A function that had its module's name would be hidden by it, once that is loaded.
    assert not modules & set(helpers.__all__)


def test_a_name_is_the_same_at_the_door_and_in_its_room():
    for name in helpers.__all__:
        assert name in dir(helpers)
        found = getattr(helpers, name)
        if callable(found):
            assert getattr(importlib.import_module(found.__module__), name) is found


def test_rooms_open_as_ever():
    code = "import helpers; helpers.pooling.pooling_weight; from helpers import schools"
    assert loaded_after(code) == set()
    assert "pymc" in loaded_after("from helpers.models import fit; from helpers import models")


def test_a_wrong_name_is_refused_as_by_any_module():
    with pytest.raises(ImportError, match="cannot import name 'fitt' from 'helpers'"):
        from helpers import fitt  # noqa: F401
    with pytest.raises(AttributeError, match="module 'helpers' has no attribute 'fitt'"):
        _ = helpers.fitt
