"""Time the ways to fit the partially pooled model, in turn, each in a process of its own.

`make bench` runs this file. It writes every run into ``bench/results.json``, which chapter 12
reads. Each process starts without anything compiled. ``--rounds`` says how often each way is raced.
"""

import argparse
import datetime
import importlib
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
from ways import CORES, DEFAULT, FIT_TARGET_ACCEPT, PEERS_TARGET_ACCEPT, WAYS

RESULTS = Path(__file__).with_name("results.json")
PARAMETERS = ["global_mean", "global_sigma", "sigma_y", "school_means"]
SCALED = {  # and the largest that a few minutes allow
    "fit, rows": {"pupils": 10**6, "schools": 10**3},
    "fit, summaries": {"pupils": 10**7, "schools": 10**4},
    "fit, integrated": {"pupils": 10**7, "schools": 10**5},
    "exact": {"pupils": 10**7, "schools": 10**5},
}


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

    from helpers.summaries import summarise_schools

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

    way = WAYS[task["way"]]
    importlib.import_module(way.imports)
    # What xarray and SciPy import at their first use: Dask, and a peer's JAX.
    az.from_dict({"posterior": {"x": np.zeros((4, 10))}})
    logsumexp(np.zeros(2))
    scores = city(task)
    before = time.perf_counter()
    posterior = way.draw(scores, task["seed"], **task["told"]).posterior
    seconds = time.perf_counter() - before
    worst = az.ess(posterior.to_dataset()[PARAMETERS]).min().to_dataarray().min()
    found = {
        "draws": posterior.sizes["draw"],
        "tune": int(posterior.attrs.get("tuning_steps", 0)),
        "seconds": seconds,
        "sampling": posterior.attrs.get("sampling_time", seconds),
        "ess": float(worst),
        "MiB": peak_memory(),
    }
    print(json.dumps(found))


def run(**task: object) -> dict:
    """One run, in a new process with empty caches; its workers' memory counts too."""
    with tempfile.TemporaryDirectory() as folder:
        flags = {"PYTENSOR_FLAGS": f"base_compiledir={folder}", "NUMBA_CACHE_DIR": folder}
        # NumPyro runs chains side by side only where it sees a device for each.
        flags["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"
        command = [sys.executable, __file__, "--task", json.dumps(task)]
        process = subprocess.Popen(
            command, env=os.environ | flags, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(0.5)
        printed = process.stdout.read().decode().strip()
    if process.returncode:
        raise RuntimeError(f"{task} failed")
    found = json.loads(printed.splitlines()[-1]) if printed else {"MiB": 0.0}
    found["MiB"] = max(found["MiB"], peak)
    print(task, {key: round(value, 1) for key, value in found.items()}, flush=True)
    return {key: value for key, value in task.items() if key != "told"} | found


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


def race(names: list[str], rounds: int, *, equal: bool) -> list[dict]:
    """Runs in turn, of equally many draws or of each way's defaults, sorted by way."""
    runs = []
    for seed in range(rounds):
        turn = seed % len(names)
        for name in names[turn:] + names[:turn]:  # nobody has the same neighbour's heat each time
            runs.append(run(way=name, seed=seed, told=WAYS[name].equal if equal else {}))
    return sorted(runs, key=lambda one: names.index(one["way"]))


def scaling(key: str, sizes: list[int]) -> list[dict]:
    """One run of each size that a way can do in a few minutes."""
    return [
        run(way=way, seed=1, told={"draws": 500}, **{key: size})
        for size in sizes
        for way, largest in SCALED.items()
        if size <= largest[key]
    ]


def from_a_file(pupils: int, schools: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "pupils.parquet"))
        run(file=file, write=pupils, schools=schools)
        found = run(file=file)
        found["file MiB"] = Path(found.pop("file")).stat().st_size / 2**20
    return found


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
    versions = ["pymc", "nutpie", "numpyro", "bambi", "numpy"]
    results = {
        "date": datetime.date.today().isoformat(),
        "machine": f"{processor()}, {CORES} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB",
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in versions},
        "cores": CORES,
        "target_accept": {"fit": FIT_TARGET_ACCEPT, "others": PEERS_TARGET_ACCEPT},
        "race": race(list(WAYS), arguments.rounds, equal=True),
        "defaults": race(DEFAULT, arguments.rounds, equal=False),
        "file": from_a_file(pupils=10**8, schools=10**5),
        "pupils": scaling("pupils", [10**power for power in range(3, 8)]),
        "schools": scaling("schools", [10**power for power in range(1, 6)]),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    runs = pd.DataFrame(results["race"])
    rates = (runs["ess"] / runs["seconds"]).groupby(runs["way"], sort=False)
    print(rates.agg(["median", "min", "max"]).round().to_string())


if __name__ == "__main__":
    main()
