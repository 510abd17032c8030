"""`make luck`: a claim that rests on one seed is found, one that does not is left alone."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

import luck

CITY = "city = np.random.default_rng(42).normal(size=3)"
OWN = float(np.random.default_rng(42).normal(size=3)[0])
WORKERS = "ours = repeat(lambda seed: np.random.default_rng(seed).normal(), [42])"
SAMPLE = """import pymc as pm
with pm.Model():
    pm.Normal("x")
    draw = pm.sample(1, tune=0, chains=1, random_seed=7, progressbar=False, quiet=True)"""


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ([CITY, "assert abs(city).max() < 10"], None),
        ([CITY, f"assert city[0] == {OWN}  # luck"], "# luck"),
        ([WORKERS, f"assert ours[0] == {OWN}  # in a worker"], "# in a worker"),
        ([SAMPLE, "assert draw.posterior.x[0, 0] == DRAW  # of draws"], "# of draws"),
        (
            [CITY, ("this-city", f"assert city[0] == {OWN}"), "assert city.size == 4  # next"],
            "# next",
        ),
    ],
)
def test_a_claim_that_rests_on_one_seed_is_found(cells, found, tmp_path: Path) -> None:
    start = "import numpy as np\nfrom helpers import repeat"
    if SAMPLE in cells:
        ours = {}
        exec(SAMPLE, ours)
        start += f"\nDRAW = {float(ours['draw'].posterior['x'][0, 0])}"
    notebook = nbformat.v4.new_notebook()
    for cell in [start, *cells]:
        tag, source = cell if isinstance(cell, tuple) else ("", cell)
        notebook.cells.append(
            nbformat.v4.new_code_cell(source, metadata={"tags": [tag] * bool(tag)})
        )
    nbformat.write(notebook, tmp_path / "page.ipynb")
    said = luck.failure(tmp_path / "page.ipynb", luck=1)
    assert (said is None) if found is None else (found in said)
