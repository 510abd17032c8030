"""What the figures' helpers promise beside a picture."""

import subprocess
import sys

DRAW = """
from helpers.models import partially_pooled_model
from helpers.plots import draw_graph
from helpers.schools import simulate_city
model = partially_pooled_model(simulate_city(seed=1, sizes=[2, 3]).scores, centred=False)
print(draw_graph(model).data)
"""


def test_a_models_graph_is_drawn_alike_in_each_process_without_a_graphviz_program(monkeypatch):
    pictures = set()
    for seed in "12":
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        monkeypatch.setenv("PATH", "")
        command = [sys.executable, "-c", DRAW]
        pictures.add(
            subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
        )
    (picture,) = pictures
    assert "<svg" in picture
    for name in ["global_mean", "global_sigma", "school_offset", "school_means", "sigma_y"]:
        assert f"<title>{name}</title>" in picture
    assert "school (2)" in picture
    assert "pupil (5)" in picture
    assert "<title>global_sigma-&gt;school_means</title>" in picture
