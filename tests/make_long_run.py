"""Run the book's model for a very long time, and store what comes out, with its errors.

`test_exact.py` holds the exact posterior against it. Renew with
`.venv/bin/python tests/make_long_run.py`; it takes a minute or two.
"""

from pathlib import Path

import arviz as az
import pandas as pd

from helpers.models import check_fit, fit, partially_pooled_model
from helpers.schools import simulate_city

LONG_RUN = Path(__file__).with_name("long_run.csv")
METHODS = {
    "mean": {"method": "mean"},
    "sd": {"method": "sd"},
    "lower": {"method": "quantile", "prob": 0.03},
    "upper": {"method": "quantile", "prob": 0.97},
}

if __name__ == "__main__":
    model = partially_pooled_model(simulate_city(seed=42).scores, centred=False)
    draws = fit(model, seed=20, draws=50_000)
    assert check_fit(draws).passed.all()
    posterior = draws.posterior.to_dataset().drop_vars("school_offset")
    summaries = {
        "mean": posterior.mean(["chain", "draw"]),
        "sd": posterior.std(["chain", "draw"], ddof=1),
        "lower": posterior.quantile(0.03, ["chain", "draw"]).drop_vars("quantile"),
        "upper": posterior.quantile(0.97, ["chain", "draw"]).drop_vars("quantile"),
    }
    columns = {}
    for name, values in summaries.items():
        error = az.mcse(posterior, **METHODS[name])
        for column, dataset in {name: values, f"{name}_error": error}.items():
            rows = {}
            for variable, array in dataset.items():
                if array.ndim:
                    labels = array.school.to_numpy()
                    rows |= {f"{variable}[{s}]": float(array.sel(school=s)) for s in labels}
                else:
                    rows[variable] = float(array)
            columns[column] = pd.Series(rows)
    pd.DataFrame(columns).rename_axis("parameter").to_csv(LONG_RUN, float_format="%.6g")
