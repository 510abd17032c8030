"""Summaries from every kind of table, on one machine and on a cluster, and their merging."""

import os
import signal
import time
from fractions import Fraction
from threading import Thread

import dask
import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from dask.distributed import Client, LocalCluster
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.schools import simulate_city
from helpers.summaries import merge_summaries, summarise_schools

CITY = simulate_city(seed=3, sizes=[1, 2, 3, 40, 400]).scores


def exact_squares(scores):
    """Sum of squared deviations, in rational arithmetic."""
    values = [Fraction(score) for score in scores]
    mean = sum(values) / len(values)
    return float(sum((value - mean) ** 2 for value in values))


def parquet(scores, folder):
    path = folder / "scores.parquet"
    scores.to_parquet(path, row_group_size=50)
    return path


TABLES = {
    "pandas": lambda scores, folder: scores,
    "polars": lambda scores, folder: pl.from_pandas(scores),
    "polars, lazy": lambda scores, folder: pl.scan_parquet(parquet(scores, folder)),
    "pyarrow": lambda scores, folder: pa.Table.from_pandas(scores),
    "duckdb": lambda scores, folder: duckdb.read_parquet(str(parquet(scores, folder))),
    "dask": lambda scores, folder: dd.from_pandas(scores, npartitions=9, sort=False),
}
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


@every_table
@pytest.mark.parametrize("offset", [0.0, 1e9])
@pytest.mark.parametrize("labels", [int, str])
def test_every_table_gives_the_exact_summary(table, offset, labels, tmp_path):
    scores = pd.DataFrame({"where": CITY.school.map(labels), "points": CITY.score + offset})
    scores.loc[scores["where"] == labels(2), "points"] = offset + 7.0  # all of them alike
    found = summarise_schools(table(scores, tmp_path), "where", "points")
    grouped = scores.groupby("where")["points"]
    assert found.index.name == "where"
    assert found.index.tolist() == [labels(school) for school in range(5)]
    assert found.columns.tolist() == ["n", "mean", "ss"]
    assert found["n"].tolist() == [1, 2, 3, 40, 400]
    np.testing.assert_allclose(found["mean"], grouped.mean(), rtol=1e-14)
    exact = grouped.apply(exact_squares)
    np.testing.assert_allclose(np.sqrt(found["ss"]), np.sqrt(exact), rtol=1e-9, atol=0)


@every_table
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": [1.0, None, 3.0]}, "'score' is missing or infinite in (schools|rows)"),
        ({"score": [1.0, 2.0, np.inf]}, "'score' is missing or infinite in (schools|rows)"),
        ({"school": ["a", "a", None]}, "'school' is missing"),
        ({"score": ["x", "y", "z"]}, "must hold numbers"),
        ({"score": []}, "no rows"),
        ({"points": [1.0, 2.0, 3.0]}, "no column 'score'"),
    ],
)
def test_every_bad_table_is_refused_by_name(table, change, message, tmp_path):
    columns = {"school": ["a", "a", "b"], "score": [1.0, 2.0, 3.0]} | change
    if "points" in change:
        del columns["score"]
    if not columns.get("score", True):
        columns["school"] = []
    types = {"school": "str"} | ({"score": float} if columns.get("score") == [] else {})
    bad = table(pd.DataFrame(columns).astype(types), tmp_path)
    with pytest.raises(ValueError, match=message):
        summarise_schools(bad)


def readings(scores, change=lambda table, _: table):
    """A lazy table, and a list that grows whenever an engine reads it."""
    seen = []

    def read(table):
        seen.append(len(table))
        return change(table, len(seen))

    lazy = pl.from_pandas(scores).lazy()
    return lazy.map_batches(read, schema=lazy.collect_schema()), seen


def test_a_lazy_table_is_read_once_unless_digits_would_be_lost():
    near, seen = readings(CITY)
    summarise_schools(near)
    assert len(seen) == 1
    far, seen = readings(CITY.assign(score=CITY.score + 1e9))
    summarise_schools(far)
    assert len(seen) > 1


def test_a_table_that_changes_between_two_readings_is_refused():
    far = CITY.assign(score=CITY.score + 1e9)
    table, _ = readings(far, change=lambda table, reading: table.head(440 if reading == 1 else 430))
    with pytest.raises(ValueError, match="other rows"):
        summarise_schools(table)


pupils = st.tuples(st.sampled_from("abc"), st.floats(-1000, 1000), st.integers(0, 3))


def test_no_example_has_a_deadline():
    assert settings().deadline is None


@given(st.lists(pupils, min_size=1, max_size=40))
def test_merged_summaries_are_those_of_all_pupils(rows):
    table = pd.DataFrame(rows, columns=["school", "score", "part"])
    merged = merge_summaries(*(summarise_schools(part) for _, part in table.groupby("part")))
    whole = summarise_schools(table)
    # Each of a few hundred operations rounds, on squares of at most 2,000.
    limit = 300 * np.finfo(float).eps * 2000**2
    pd.testing.assert_frame_equal(merged, whole, rtol=1e-12, atol=limit)


def test_merging_keeps_the_digits_of_scores_far_from_zero():
    far = CITY.assign(score=CITY.score + 1e6)
    halves = summarise_schools(far.iloc[::2]), summarise_schools(far.iloc[1::2])
    exact = far.groupby("school")["score"].apply(exact_squares)
    np.testing.assert_allclose(merge_summaries(*halves)["ss"], exact, rtol=1e-9, atol=1e-12)


def test_nothing_and_no_summary_are_refused():
    with pytest.raises(ValueError, match="no summaries"):
        merge_summaries()
    with pytest.raises(ValueError, match="no column 'n'"):
        merge_summaries(CITY)
    with pytest.raises(ValueError, match="n is not a whole number"):
        merge_summaries(summarise_schools(CITY).assign(n=0))


@pytest.fixture(scope="module")
def cluster():
    patience = {"distributed.comm.timeouts.connect": "600s"}  # the machine may be busy
    with (
        dask.config.set(patience),
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as workers,
        Client(workers) as client,
    ):
        client.wait_for_workers(2)
        yield client


def slow_part(part, folder):
    """A few pupils of the city; which worker read them is written down."""
    with open(folder / f"{os.getpid()}", "a", encoding="utf-8") as log:
        log.write(f"{part}\n")
    # Until all workers are at it.
    while len(list(folder.iterdir())) < 2 or (folder.parent / "hold").exists():
        time.sleep(0.02)
    return CITY.iloc[part::20]


def on_the_cluster(folder):
    folder = folder / "read"
    folder.mkdir()
    return dd.from_map(slow_part, range(20), folder=folder, meta=CITY.iloc[:0]), folder


def test_a_cluster_gives_the_same_summary(cluster, tmp_path):
    scores, log = on_the_cluster(tmp_path)
    found = summarise_schools(scores)
    workers = {int(path.name) for path in log.iterdir()}
    assert len(workers) == 2
    assert os.getpid() not in workers
    pd.testing.assert_frame_equal(found, summarise_schools(CITY))


def test_a_worker_killed_in_the_middle_changes_nothing(cluster, tmp_path):
    scores, log = on_the_cluster(tmp_path)
    (tmp_path / "hold").touch()
    found = []
    run = Thread(target=lambda: found.append(summarise_schools(scores)))
    run.start()
    while run.is_alive() and len(list(log.iterdir())) < 2:
        time.sleep(0.02)
    killed = int(min(path.name for path in log.iterdir()))
    os.kill(killed, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    (tmp_path / "hold").unlink()
    run.join(timeout=1200)
    read = [len(path.read_text(encoding="utf-8").split()) for path in log.iterdir()]
    assert sum(read) > 20  # what the killed worker had read was read again
    pd.testing.assert_frame_equal(found[0], summarise_schools(CITY))


def test_without_any_worker_the_call_ends_as_soon_as_the_reader_said():
    soon = {"distributed.scheduler.no-workers-timeout": "1s"}
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None}
    with (
        dask.config.set(soon),
        LocalCluster(processes=False, **options) as workers,
        Client(workers) as client,
    ):
        client.wait_for_workers(1)
        workers.scale(0)
        while client.scheduler_info()["workers"]:
            time.sleep(0.02)
        with pytest.raises(Exception, match="without any running workers"):
            summarise_schools(dd.from_pandas(CITY, npartitions=3))
