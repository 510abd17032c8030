"""Time the ways to fit the partially pooled model, in turn, each in a process of its own.

`make bench` runs this file. It prints a table and writes ``bench/results.json``, which chapter 9
and the README read. Each process starts without anything compiled.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from scipy.special import logsumexp
from ways import BASELINE, CORES, WAYS

RESULTS = Path(__file__).with_name("results.json")
README = Path(__file__).parents[1] / "README.md"
MARKS = "<!-- bench -->", "<!-- /bench -->"
PATIENCE = 300  # seconds for one run
PARAMETERS = ["global_mean", "global_sigma", "sigma_y", "school_means"]
SCALED = ["fit, rows", "fit, summaries", "fit, integrated", "exact"]


def city(task: dict) -> pd.DataFrame:
    from helpers.schools import simulate_city

    if "pupils" in task:
        return simulate_city(seed=42, sizes=[task["pupils"] // 50] * 50, global_sigma=5).scores
    if "schools" in task:
        return simulate_city(seed=42, n_schools=task["schools"], global_sigma=5).scores
    return simulate_city(seed=42).scores


def summarise(task: dict) -> None:
    """Write a Parquet file of many pupils, and summarise it in a process that did not write it."""
    import duckdb

    from helpers.schools import summarise_schools

    if "write" in task:
        score = "63 + 10 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())"
        duckdb.sql(
            f"copy (select cast(floor(random() * {task['schools']}) as integer) as school, "
            f"{score} as score from range({task['write']})) to '{task['file']}'"
        )
        return
    before = time.perf_counter()
    schools = summarise_schools(duckdb.read_parquet(task["file"]))
    seconds = time.perf_counter() - before
    found = {"pupils": int(schools["n"].sum()), "schools": len(schools), "seconds": seconds}
    print(json.dumps(found | {"MiB": peak_memory()}))


def peak_memory() -> float:
    import resource  # which Windows has not

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(task: dict) -> None:
    """One run, in this process: what it took, as JSON, on the last line of the output."""
    if "file" in task:
        return summarise(task)
    import arviz as az
    import pymc  # noqa: F401  no way has to pay for an import

    import helpers.exact
    import helpers.integrated  # noqa: F401

    # What xarray and SciPy import at their first use: Dask, and a peer's JAX.
    az.from_dict({"posterior": {"x": np.zeros((4, 10))}})
    logsumexp(np.zeros(2))
    way, draws = WAYS[task["way"]]
    scores = city(task)
    before = time.perf_counter()
    posterior = way(scores, task["seed"], task.get("draws", draws)).posterior
    seconds = time.perf_counter() - before
    sampled = posterior.attrs.get("sampling_time", seconds)
    worst = az.ess(posterior.to_dataset()[PARAMETERS]).min().to_dataarray().min()
    found = {"seconds": seconds, "sampling": sampled, "ess": float(worst)}
    print(json.dumps(found | {"MiB": peak_memory()}))


def run(**task: object) -> dict:
    """One run, in a new process with empty caches; its workers' memory counts too."""
    with tempfile.TemporaryDirectory() as folder:
        flags = {"PYTENSOR_FLAGS": f"base_compiledir={folder}", "NUMBA_CACHE_DIR": folder}
        command = [sys.executable, __file__, "--task", json.dumps(task)]
        process = subprocess.Popen(
            command, env=os.environ | flags, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        start, peak = time.monotonic(), 0.0
        while process.poll() is None and time.monotonic() - start < PATIENCE:
            peak = max(peak, memory(process.pid))
            time.sleep(0.5)
        if process.poll() is None:
            for one in [*psutil.Process(process.pid).children(recursive=True), process]:
                one.kill()
            print(f"{task}: stopped after {PATIENCE} s", flush=True)
            return task | {"seconds": None}
        printed = process.stdout.read().decode().strip()
    if process.returncode:
        raise RuntimeError(f"{task} failed")
    found = json.loads(printed.splitlines()[-1]) if printed else {"MiB": 0.0}
    found["MiB"] = max(found["MiB"], peak)
    print(task, {key: round(value, 1) for key, value in found.items()}, flush=True)
    return task | found


def memory(pid: int) -> float:
    """Memory of a process and its workers in MiB; what they share counts once."""
    total = 0
    try:
        parent = psutil.Process(pid)
        for process in [parent, *parent.children(recursive=True)]:
            total += process.memory_full_info().pss
    except psutil.NoSuchProcess:
        pass
    return total / 2**20


def scaling(key: str, sizes: list[int]) -> list[dict]:
    runs, slow = [], set()
    for size in sizes:
        for way in SCALED:
            if way not in slow:
                runs.append(run(way=way, seed=1, draws=500, **{key: size}))
                if runs[-1]["seconds"] is None:
                    slow.add(way)
    return runs


def from_a_file(pupils: int, schools: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "pupils.parquet"))
        run(file=file, write=pupils, schools=schools)
        found = run(file=file)
        found["file MiB"] = Path(found.pop("file")).stat().st_size / 2**20
    return found


def table(race: list[dict]) -> pd.DataFrame:
    """Medians over the rounds, and ratios to the baseline of the same round."""
    runs = pd.DataFrame(race)
    runs["ESS/s"] = runs["ess"] / runs["seconds"]
    runs["without compiling"] = runs["ess"] / runs["sampling"]
    base = runs[runs["way"] == BASELINE].set_index("seed")["ESS/s"]
    runs["ratio"] = runs["ESS/s"] / runs["seed"].map(base)
    columns = ["seconds", "ess", "ESS/s", "ratio", "without compiling", "MiB"]
    return runs.groupby("way", sort=False)[columns].median()


def in_readme(text: str, results: dict) -> str:
    """The README, with the table of these results between its two marks."""
    shown = table(results["race"])[["ESS/s", "ratio", "without compiling", "MiB"]]
    lines = [
        f"| {way} | {row['ESS/s']:,.0f} | {row['ratio']:,.1f} | {row['without compiling']:,.0f} "
        f"| {row['MiB']:,.0f} |"
        for way, row in shown.iterrows()
    ]
    head = [
        f"Measured on {results['date']}: {results['machine']}.",
        "",
        "| way to fit | ESS/s | times the first | ESS/s, sampling alone | peak memory, MiB |",
        "|---|--:|--:|--:|--:|",
    ]
    before, _, rest = text.partition(MARKS[0])
    return "\n".join([before + MARKS[0], *head, *lines, MARKS[1] + rest.partition(MARKS[1])[2]])


def processor() -> str:
    lines = (
        Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if sys.platform == "linux"
        else []
    )
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", help="one run, for this program's own use")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.task:
        return child(json.loads(arguments.task))
    ways = list(WAYS)
    race = []
    for seed in range(arguments.rounds):
        turn = ways[seed:] + ways[:seed]  # nobody has the same neighbour's heat each time
        race += [run(way=way, seed=seed) for way in turn]
    race.sort(key=lambda one: ways.index(one["way"]))
    versions = ["pymc", "nutpie", "numpyro", "bambi", "numpy"]
    results = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{processor()}, {CORES} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB",
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in versions},
        "patience": PATIENCE,
        "file": from_a_file(pupils=10**8, schools=10**5),
        "race": race,
        "pupils": scaling("pupils", [10**power for power in range(3, 8)]),
        "schools": scaling("schools", [10**power for power in range(1, 6)]),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    README.write_text(in_readme(README.read_text(encoding="utf-8"), results), encoding="utf-8")
    print(table(race).to_string(float_format="{:,.1f}".format))


if __name__ == "__main__":
    main()
