"""What must hold of every committed chapter, beside what nbval compares."""

import html
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from check_notebooks import code_cells, faults, texts
from jupyter_cache import get_cache
from jupyter_client.manager import start_new_kernel
from main_figure import FIGURE, main_figure
from nbconvert import HTMLExporter

from helpers import models
from helpers.integrated import integrated_model
from helpers.schools import simulate_city, summarise_schools

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXERCISES = sorted((ROOT / "teaching" / "exercises").glob("*.ipynb"))
SAMPLED = "nbval-ignore-output"
FAILS = "fit-that-fails"
TIMED = "timing"
WIDGET = "application/vnd.jupyter.widget-view+json"
chapters = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def tags(cell):
    return cell.metadata.get("tags", [])


notebooks = pytest.mark.parametrize(
    "path", [*CHAPTERS, *EXERCISES], ids=lambda path: f"{path.parent.name}/{path.stem}"
)


@notebooks
def test_executed_in_order_with_clean_outputs(path):
    assert not faults(path)


def broken(cell, **changes):
    for key, value in changes.items():
        setattr(cell, key, value)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda nb: nb.cells.reverse(), "not executed in order"),
        (lambda nb: [broken(c, outputs=[]) for c in nb.cells if c.cell_type == "code"], "without"),
        (lambda nb: add(nb, "stream", name="stdout", text="see /home/me/x"), "local path"),
        (lambda nb: add(nb, "stream", name="stdout", text="FutureWarning: x"), "a warning"),
        (lambda nb: add(nb, "stream", name="stdout", text=" 40%|####"), "progress bar"),
        (lambda nb: add(nb, "stream", name="stderr", text="oh"), "stderr"),
        (lambda nb: add(nb, "error", ename="E", evalue="e", traceback=[]), "ends with an error"),
        (lambda nb: add(nb, "display_data", data={"image/png": "x"}), "alternative text"),
        (lambda nb: figure(nb).metadata["mystnb"]["image"].update(alt="A" * 50), "not reached"),
        (lambda nb: figure(nb).outputs[-1].metadata.clear(), "not reached"),
        (lambda nb: first_code(nb).metadata.update(execution={}), "clock times"),
        (lambda nb: add(nb, "display_data", data={WIDGET: {"model_id": "x"}}), "a widget"),
        (lambda nb: broken(first_code(nb), source="x = 1\n" * 26), "longer than 25 lines"),
    ],
)
def test_each_fault_of_a_notebook_is_found(change, fault, tmp_path):
    notebook = nbformat.read(CHAPTERS[0], as_version=4)
    change(notebook)
    path = tmp_path / "chapter.ipynb"
    nbformat.write(notebook, path)
    assert any(fault in found for found in faults(path))


def test_the_program_that_checks_a_commit_refuses_and_says_why(tmp_path):
    notebook = nbformat.read(CHAPTERS[0], as_version=4)
    notebook.cells.reverse()
    nbformat.write(notebook, tmp_path / "bad.ipynb")
    command = [sys.executable, ROOT / "tests" / "check_notebooks.py", CHAPTERS[0]]
    assert subprocess.run(command).returncode == 0
    found = subprocess.run(
        [*command, tmp_path / "bad.ipynb"], capture_output=True, encoding="utf-8"
    )
    assert found.returncode == 1
    assert "bad.ipynb: not executed in order" in found.stderr


@pytest.mark.parametrize("path", [CHAPTERS[1], CHAPTERS[2]], ids=lambda path: path.stem)
def test_alternative_texts_reach_viewers_of_notebooks(path):
    """Such as nbconvert's classic page, which names each PNG, those of live charts among them."""
    notebook = nbformat.read(path, as_version=4)
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    expected = [
        cell.metadata["mystnb"]["image"]["alt"]
        for cell in notebook.cells
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
    ]
    found = re.findall(r'<img[^>]*alt="([^"]*)"[^>]* src="data:image/png', page)
    assert len(expected) >= 2 and [html.unescape(alt) for alt in found] == expected


def first_code(notebook):
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


def figure(notebook):
    return next(cell for cell in notebook.cells if "image" in cell.metadata.get("mystnb", {}))


def add(notebook, kind, **content):
    first_code(notebook).outputs.append(nbformat.v4.new_output(kind, **content))


@chapters
def test_only_fits_and_their_numbers_go_uncompared(path):
    cells = code_cells(path)
    compared = [cell for cell in cells if cell.outputs and SAMPLED not in tags(cell)]
    assert len(compared) >= 3


def nbval(path):
    command = [sys.executable, "-m", "pytest", "-q", "-c", "pyproject.toml", str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")


def test_a_changed_digit_turns_nbval_red(tmp_path):
    notebook = nbformat.read(CHAPTERS[0], as_version=4)
    printing = next(
        place for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and any(o.output_type == "stream" for o in cell.outputs)
    )  # fmt: skip
    notebook.cells = notebook.cells[: printing + 1]
    path = tmp_path / "chapter.ipynb"
    nbformat.write(notebook, path)
    green = nbval(path)
    assert green.returncode == 0, green.stdout

    stream = next(o for o in notebook.cells[-1].outputs if o.output_type == "stream")
    stream.text = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), stream.text, count=1)
    nbformat.write(notebook, path)
    red = nbval(path)
    assert red.returncode == 1
    assert "1 failed" in red.stdout


NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*")


def differences(committed, regenerated):
    """Where two outputs of sampled numbers differ by more than Monte Carlo error can.

    The book prints only digits that the Monte Carlo error supports. So another sample may change
    the last printed digit by a few units; a count by two; an effective sample size by half.
    """
    words = [" ".join(NUMBER.sub("#", text).split()) for text in (committed, regenerated)]
    if words[0] != words[1]:
        return [tuple(words)]
    found = []
    for old, new in zip(NUMBER.findall(committed), NUMBER.findall(regenerated), strict=True):
        decimals = len(old.rpartition(".")[2]) if "." in old else 0
        a, b = (float(text.replace(",", "")) for text in (old, new))
        allowed = 5 * 10**-decimals if decimals else 0.5 * abs(a) if abs(a) >= 400 else 2
        if abs(a - b) > allowed * (1 + 1e-9):
            found.append((old, new))
    return found


@chapters
def test_sampled_numbers_are_regenerated_within_their_monte_carlo_error(path):
    cache = ROOT / "_build" / ".jupyter_cache"
    assert cache.exists(), "the chapters are executed by `make book`, which `make test` runs first"
    _, regenerated = get_cache(cache).merge_match_into_file(path)
    fresh = [cell for cell in regenerated.cells if cell.cell_type == "code"]
    for old, new in zip(code_cells(path), fresh, strict=True):
        if FAILS in tags(old):  # differently on each processor; the page asserts that it does
            assert "assert not checks.passed.all()" in old.source
        elif TIMED in tags(old):  # seconds differ; the words around them don't
            for pair in zip(texts(old), texts(new), strict=True):
                assert len({" ".join(NUMBER.sub("#", text).split()) for text in pair}) == 1
        elif SAMPLED in tags(old):
            pairs = zip(texts(old), texts(new), strict=True)
            assert not [row for pair in pairs for row in differences(*pair)], old.source


@pytest.mark.parametrize(
    ("committed", "regenerated", "differ"),
    [
        ("mean 62.8, 94% HDI", "mean 62.9, 94% HDI", False),
        ("mean 62.8, 94% HDI", "mean 63.8, 94% HDI", True),
        ("ESS 2,640", "ESS 3,100", False),
        ("ESS 2,640", "ESS 264", True),
        ("held by 45 of 50", "held by 46 of 50", False),
        ("held by 45 of 50", "held by 54 of 50", True),
        ("passed True", "passed False", True),
    ],
)
def test_the_comparison_of_sampled_numbers_can_fail(committed, regenerated, differ):
    assert bool(differences(committed, regenerated)) == differ


def test_the_main_figure_of_the_readme_is_that_of_its_chapter():
    assert FIGURE.read_bytes() == main_figure(), "renew it with `make notebooks`"


SHOWN = [
    ("02_unpooled_model", "unpooled", models.unpooled_model),
    ("02_unpooled_model", "completely_pooled", models.completely_pooled_model),
    ("03_partially_pooled_model", "partially_pooled", models.partially_pooled_model),
    (
        "09_many_pupils",
        "summarised",
        lambda scores: models.partially_pooled_model(summarise_schools(scores)),
    ),
    ("09_many_pupils", "integrated", lambda scores: integrated_model(summarise_schools(scores))),
]


def model_in_chapter(chapter, name):
    """Run the only two cells that the model named so needs: the first one, and its own."""
    cells = code_cells(ROOT / "notebooks" / f"{chapter}.ipynb")
    (own,) = [cell for cell in cells if f" as {name}:" in cell.source]
    namespace = {}
    for cell in (cells[0], own):
        exec(compile(cell.source, chapter, "exec"), namespace)
    return namespace[name]


@pytest.mark.parametrize(("chapter", "name", "build"), SHOWN)
def test_the_model_that_a_chapter_shows_is_the_one_in_helpers(chapter, name, build):
    shown, ours = model_in_chapter(chapter, name), build(simulate_city(seed=42).scores)
    for kind in ("free_RVs", "observed_RVs", "deterministics"):
        assert [v.name for v in getattr(shown, kind)] == [v.name for v in getattr(ours, kind)]
    assert shown.named_vars_to_dims == ours.named_vars_to_dims
    for dim in ours.coords:
        np.testing.assert_array_equal(shown.coords[dim], ours.coords[dim])
    densities = [model.compile_logp() for model in (shown, ours)]
    rng = np.random.default_rng(17)
    for _ in range(5):
        point = {
            key: value + rng.normal(size=np.shape(value))
            for key, value in ours.initial_point().items()
        }
        assert densities[0](point) == pytest.approx(densities[1](point), rel=1e-12)


def test_a_different_model_would_be_noticed():
    scores = simulate_city(seed=42).scores
    point = models.unpooled_model(scores).initial_point()
    densities = [
        models.unpooled_model(scores, prior_sd=sd).compile_logp()(point) for sd in (10, 10.01)
    ]
    assert densities[0] != pytest.approx(densities[1], rel=1e-12)


FIT = """
import numpy as np, pymc as pm
from helpers.models import fit
with pm.Model() as model:
    pm.Normal("x")
draws = fit(model, seed=1, draws=50, tune=50)
"""


@pytest.mark.parametrize("attended", [True, False])
def test_a_progress_bar_is_for_readers_only(attended):
    manager, client = start_new_kernel()
    seen = []
    try:
        reply = client.execute_interactive(
            FIT,
            allow_stdin=attended,
            output_hook=lambda message: seen.append(message["msg_type"]),
            timeout=120,
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert reply["content"]["status"] == "ok"
    assert any(kind in ("display_data", "stream") for kind in seen) == attended
