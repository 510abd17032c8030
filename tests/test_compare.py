"""The comparison of sampled numbers can fail: on each number that a page shows."""

from pathlib import Path

import pytest
from compare import SAMPLED, TIMED, WHOLE, Printed, compare, differences, parts, tags
from nbformat.v4 import new_code_cell, new_output

from check_notebooks import code_cells

ROOT = Path(__file__).parent.parent
CELLS = {
    f"{path.parent.name}/{path.stem}, cell {number}": cell
    for path in sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("teaching/exercises/*.ipynb")])
    for number, cell in enumerate(code_cells(path), start=1)
    if SAMPLED in tags(cell)
}


def too_far(number: Printed, cell) -> list[float]:
    """Values that another sample, or another machine, can't have given."""
    if number.decimals and TIMED in tags(cell):
        return [20 * max(number.value, 0.1)]
    if "ESS" in number.label:
        return [2.5 * number.value, number.value / 2.5]
    if number.decimals:
        far = 3 * 10**-number.decimals
    else:
        far = 1 + max(
            (f for name, f in cell.metadata.get(WHOLE, {}).items() if name in number.label),
            default=0,
        )
    return [number.value + far, number.value - far]


@pytest.mark.parametrize("name", CELLS)
def test_each_number_that_is_changed_by_more_than_its_error_is_seen(name):
    cell = CELLS[name]
    shown = parts(cell.outputs)
    assert any(isinstance(part, Printed) for part in shown), "nothing sampled: no tag is needed"
    assert not compare(cell, cell.outputs)
    for place, number in enumerate(shown):
        others = too_far(number, cell) if isinstance(number, Printed) else [f"{number} not"]
        for other in others:
            if isinstance(number, Printed):
                other = Printed(f"{other:,.{number.decimals}f}", number.label)
            changed = [*shown[:place], other, *shown[place + 1 :]]
            assert differences(shown, changed, cell), (number, other)


def test_every_chapter_that_samples_is_among_them():
    assert len({name.split(",")[0] for name in CELLS}) >= 7


@pytest.mark.parametrize("name", [name for name in CELLS if WHOLE in CELLS[name].metadata])
def test_a_whole_number_that_is_said_to_be_sampled_is_there_and_moves_little(name):
    shown = [part for part in parts(CELLS[name].outputs) if isinstance(part, Printed)]
    for label, far in CELLS[name].metadata[WHOLE].items():
        values = [n.value for n in shown if label in n.label and not n.decimals]
        assert values, label
        assert 1 <= far <= max(2, 0.1 * max(map(abs, values)))


CHECKS = """<table><thead><tr><th></th><th>worst</th><th>limit</th><th>passed</th></tr></thead>
<tbody><tr><th>smallest bulk ESS</th><td>{}</td><td>above 400</td><td>{}</td></tr>
<tr><th>divergences</th><td>{}</td><td>none</td><td>True</td></tr></tbody></table>"""


@pytest.mark.parametrize(
    ("committed", "regenerated", "differ"),
    [
        ("50 schools, 2,645 pupils", "50 schools, 1,400 pupils", True),
        ("50 schools, 2,645 pupils", "50 schools, 2,644 pupils", True),
        ("σ_α 1.2", "σ_α 1.7", True),
        ("σ_α 1.2", "σ_α 1.4", False),
        ("σ_α 0.2", "σ_α -0.2", True),
        ("3 of 4", "1 of 4", True),
        ("held by 45 of 50", "held by 46 of 50", False),  # as the cell says
        ("held by 45 of 50", "held by 47 of 50", True),
        ("held by 45 of 50", "held by 45 of 49", True),
        ("mean 62.8, 94% HDI", "mean 62.9, 94% HDI", False),
        ("mean 62.8, 94% HDI", "mean 62.8, 93% HDI", True),
        ("mean 62.8", "mean 62.8\nmean 62.8", True),
        ("ESS 2,640 of 16,000", "ESS 3,100 of 16,000", False),
        ("ESS 2,640 of 16,000", "ESS 264 of 16,000", True),
        ("ESS 2,640 of 16,000", "ESS 2,640 of 8,000", True),
        ("passed True", "passed False", True),
        (CHECKS.format(2640, True, 0), CHECKS.format(3100, True, 0), False),
        (CHECKS.format(2640, True, 0), CHECKS.format(264, True, 0), True),
        (CHECKS.format(2640, True, 0), CHECKS.format(2640, False, 0), True),
        (CHECKS.format(2640, True, 0), CHECKS.format(2640, True, 2), True),
        (CHECKS.format(2640, True, 0), CHECKS.format(2640, True, 0).replace("400", "40"), True),
    ],
)
def test_the_comparison_of_sampled_numbers_can_fail(committed, regenerated, differ):
    kind = "text/html" if "<table" in committed else "text/plain"
    old, new = (
        [new_output("display_data", data={kind: text})] for text in (committed, regenerated)
    )
    cell = new_code_cell("", outputs=old, metadata={WHOLE: {"held by": 1}})
    assert bool(compare(cell, new)) == differ


@pytest.mark.parametrize(("seconds", "differ"), [(9.3, False), (25.0, True), (0.1, True)])
def test_seconds_are_compared_by_their_order_of_magnitude(seconds, differ):
    cell = new_code_cell("", metadata={"tags": [TIMED]})
    cell.outputs = [new_output("stream", text="a fit: 2.1 seconds")]
    assert bool(compare(cell, [new_output("stream", text=f"a fit: {seconds} seconds")])) == differ
