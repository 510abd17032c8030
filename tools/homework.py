"""The answers to the homework for each student's city: `homework.py SEED [SEED...]` (CSV)."""

import csv
import sys

import numpy as np

from checks.city import City


def answers(seed: int) -> dict[str, float]:
    """What the sheet asks of the city with this seed, in its order."""
    city = City(seed)
    raw, n = city.schools["mean"].to_numpy(), city.schools["n"].to_numpy()
    first = int(raw.argmax())
    everyone = np.full(raw.size, np.average(raw, weights=n))
    estimates = {"raw": raw, "complete": everyone, "partial": city.pooled}
    fitted = city.posterior.summary()["mean"]
    return {
        "seed": seed,
        "1 school": int(city.schools.index[first]),
        "1 pupils": int(n[first]),
        "2 standard error": 10 / np.sqrt(n[first]),
        "3 estimate": float(city.pooled[first]),
        "4 further away": city.moved_away(),
        **{f"5 {k}": np.sqrt(np.mean((e - city.truth) ** 2)) for k, e in estimates.items()},
        "6 sigma_alpha": fitted["global_sigma"],
        "6 half weight": (fitted["sigma_y"] / fitted["global_sigma"]) ** 2,
    }


if __name__ == "__main__":
    rows = [answers(int(seed)) for seed in sys.argv[1:]]
    if not rows:
        sys.exit(__doc__)
    table = csv.DictWriter(sys.stdout, rows[0], lineterminator="\n")
    table.writeheader()
    table.writerows({k: f"{v:.3f}".rstrip("0").rstrip(".") for k, v in row.items()} for row in rows)
