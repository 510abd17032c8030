"""What must hold of every committed chapter, beside what nbval compares."""

import ast
import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pymc as pm
import pytest
from compare import SAMPLED, tags
from jupyter_client.manager import start_new_kernel
from nbconvert import HTMLExporter

from check_notebooks import code_cells, faults
from execute import FIGURE, changed, main_figure
from helpers import models
from helpers.integrated import integrated_model
from helpers.schools import simulate_city
from helpers.summaries import summarise_schools

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXERCISES = sorted((ROOT / "teaching" / "exercises").glob("*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"
chapters = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


notebooks = pytest.mark.parametrize(
    "path", [*CHAPTERS, *EXERCISES], ids=lambda path: f"{path.parent.name}/{path.stem}"
)


def test_outputs_were_made_from_what_is_here():
    assert [path.stem for path in changed()] == []


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
    command = [sys.executable, ROOT / "tools" / "check_notebooks.py", CHAPTERS[0]]
    assert subprocess.run(command).returncode == 0
    found = subprocess.run(
        [*command, tmp_path / "bad.ipynb"], capture_output=True, encoding="utf-8"
    )
    assert found.returncode == 1
    assert "bad.ipynb: not executed in order" in found.stderr


@pytest.mark.parametrize("path", CHAPTERS[:2], ids=lambda path: path.stem)
def test_alternative_texts_reach_viewers_of_notebooks(path):
    """Such as nbconvert's classic page, which names each PNG."""
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
    assert len(compared) >= 2


def test_nbval_sees_a_changed_digit_and_a_sampled_number_that_is_too_far(tmp_path):
    notebook = nbformat.v4.new_notebook()
    for committed, tag in [("62.8", []), ("62.9", []), ("62.9", [SAMPLED]), ("63.8", [SAMPLED])]:
        cell = nbformat.v4.new_code_cell("print(62.8)", metadata={"tags": tag}, execution_count=1)
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{committed}\n")]
        notebook.cells.append(cell)
    nbformat.write(notebook, tmp_path / "sampled.ipynb")
    shutil.copy(ROOT / "conftest.py", tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-c", "pyproject.toml"]
    found = subprocess.run([*command, tmp_path], cwd=ROOT, capture_output=True, encoding="utf-8")
    assert re.findall(r"^FAILED .*::(Cell \d)", found.stdout, flags=re.MULTILINE) == [
        "Cell 1",
        "Cell 3",
    ], found.stdout


LISTS = {
    "_toc.yml": r"- file: {folder}/{stem}$",
    "intro.md": r"^\| \[.*\]\({folder}/{stem}\.ipynb\) .*\|$",
    "teaching/guide.md": r'label="{number}\. ',  # the map of chapters
    "teaching/measured.csv": r"^{stem},",  # the guide's table of times
}
LISTED = [
    (name, path)
    for name in LISTS
    for path in ([*CHAPTERS, *EXERCISES] if name == "_toc.yml" else CHAPTERS)
]


@pytest.mark.parametrize(("name", "path"), LISTED, ids=lambda x: getattr(x, "stem", x))
def test_no_notebook_is_left_out_in_silence(name, path):
    folder = path.parent.relative_to(ROOT).as_posix()
    number = path.stem[:2].lstrip("0")
    pattern = re.compile(LISTS[name].format(folder=folder, stem=path.stem, number=number))
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if pattern.search(line)]) == 1


def test_the_main_figure_of_the_readme_is_that_of_its_chapter():
    chapter = nbformat.read(ROOT / "notebooks" / "04_comparison.ipynb", as_version=4)
    assert FIGURE.read_bytes() == main_figure(chapter), "renew it with `make notebooks`"


SHOWN = [
    ("02_unpooled_model", "unpooled", models.unpooled_model),
    ("02_unpooled_model", "completely_pooled", models.completely_pooled_model),
    ("03_partially_pooled_model", "partially_pooled", models.partially_pooled_model),
    (
        "12_many_pupils",
        "summarised",
        lambda scores: models.partially_pooled_model(summarise_schools(scores)),
    ),
    ("12_many_pupils", "integrated", lambda scores: integrated_model(summarise_schools(scores))),
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


def cells_with(chapter, *words):
    """The cells in the reader's sight that hold each of the words, in the words' order."""
    cells = [c for c in code_cells(ROOT / "notebooks" / f"{chapter}.ipynb") if not tags(c)]
    return [next(c.source for c in cells if word in c.source) for word in words]


@pytest.mark.parametrize("chapter", ["02_unpooled_model", "03_partially_pooled_model"])
def test_fit_is_the_call_that_the_chapters_show(chapter, monkeypatch):
    (source,) = cells_with(chapter, "pm.sample(")
    (shown,) = [
        {word.arg: ast.literal_eval(word.value) for word in call.keywords}
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pm.sample"
    ]
    called = {}
    monkeypatch.setattr(pm, "sample", lambda **words: called.update(words))
    with pm.Model() as model:
        pm.Normal("x")
    models.fit(model, seed=shown["random_seed"])
    assert {name: called[name] for name in shown} == shown
    # What else `fit` sets is how many at a time, by which program, and who checks: not what.
    others = {"cores", "nuts_sampler", "compute_convergence_checks"}
    assert set(called) == set(shown) | others


def test_what_a_page_teaches_runs_with_pymc_alone():
    page = (ROOT / "intro.md").read_text(encoding="utf-8")
    model = "pm.Model(coords=coords)"
    pieces = [
        "import sys; sys.modules['helpers'] = None",
        re.search(r"```python\n(.*?)```", page, flags=re.DOTALL)[1],
        "import pandas as pd",
        *cells_with("01_data_generation", "default_rng(42)"),
        *cells_with("02_unpooled_model", model, "pm.sample(", "as completely_pooled"),
        *cells_with("03_partially_pooled_model", model, "pm.sample("),
        "schools = scores.groupby('school')['score'].agg(n='size', mean='mean')",
        "posterior = draws.posterior.to_dataset()",
        *cells_with("03_partially_pooled_model", "weight = "),
        "assert len(formula) == 50",
    ]
    code = re.sub(r"(draws|tune)=\d+,", "", "\n".join(pieces))
    code = code.replace("pm.sample(", "pm.sample(draws=20, tune=20, progressbar=False, ")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr


FIT = """
import numpy as np, pymc as pm
from helpers.models import fit
with pm.Model() as model:
    pm.Normal("x")
draws = fit(model, seed=1, draws=50, tune=50)
"""


@pytest.mark.parametrize("attended", [True, False])
def test_a_progress_bar_is_for_readers_only(attended):
    manager, client = start_new_kernel(startup_timeout=600)
    seen = []
    try:
        reply = client.execute_interactive(
            FIT,
            allow_stdin=attended,
            output_hook=lambda message: seen.append(message["msg_type"]),
            timeout=1200,
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert reply["content"]["status"] == "ok"
    assert any(kind in ("display_data", "stream") for kind in seen) == attended
