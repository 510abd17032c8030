"""What holds for every test: no deadlines, and sampled numbers are compared within their error."""

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no fault of the code.
settings.register_profile("book", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("book")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if hasattr(item, "output_timeout"):  # nbval's seconds for a cell's last message
            item.output_timeout = 600


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    """Compare what nbval ignores, in a cell that shows sampled numbers or times."""
    from compare import SAMPLED, compare, tags  # pytest knows the way to it by now

    yield
    if not hasattr(item, "test_outputs") or SAMPLED not in tags(item.cell):
        return
    if found := compare(item.cell, item.test_outputs):
        item.raise_cell_error("Sampled numbers differ by more than their error", str(found))
