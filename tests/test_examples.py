import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_shows_something(path, capsys):
    plt.switch_backend("agg")
    runpy.run_path(str(path), run_name="__main__")
    if path.stem.startswith("plot_"):
        assert plt.get_fignums()
        plt.close("all")
    else:
        assert "Verdicts" in capsys.readouterr().out
