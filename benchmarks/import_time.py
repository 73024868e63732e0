"""How long imports take, and what is loaded when.

Run as ``python benchmarks/import_time.py``. Each line is the best of several fresh processes, all
of them with the files in the system's cache; a start of Python itself is not counted.
"""

from __future__ import annotations

import json
import subprocess
import sys

from measured import show

TIMES = 5
GOAL = 1.3
BARE = "import numpy, pandas"
MODEL = """
import bopstats as bop
data = bop.datasets.load_nhanes()
model = bop.glm("high_bp ~ bmi + hba1c | sex", data, "binomial")
"""
STEPS = {
    "import numpy, pandas": BARE,
    "import bopstats": "import bopstats",
    "import bopstats, numpy, pandas": f"{BARE}\nimport bopstats",
    "import and first bop.glm": MODEL,
    "import, bop.glm, fit": MODEL + "res = model.fit(rng=1)",
    "import, bop.glm, fit, summary": MODEL + "text = str(model.fit(rng=1).summary())",
    "import statsmodels.api": "import statsmodels.api",
}
HEAVY = ("numpy", "pandas", "patsy", "scipy.stats", "statsmodels", "matplotlib", "mpmath")
TIMED = """
import json, sys, time
start = time.perf_counter()
{code}
seconds = time.perf_counter() - start
print(json.dumps([seconds, [name for name in {heavy!r} if name in sys.modules]]))
"""


def timed(code: str) -> tuple[float, list[str]]:
    """Seconds and the heavy modules that are loaded after."""
    command = [sys.executable, "-W", "ignore", "-c", TIMED.format(code=code, heavy=HEAVY)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, loaded = json.loads(done.stdout)
    return float(seconds), loaded


def main() -> None:
    found = {}
    for name, code in STEPS.items():
        runs = [timed(code) for _ in range(TIMES + 1)][1:]  # the first reads the files
        found[name] = (min(seconds for seconds, _ in runs), runs[0][1])
    bare = found["import numpy, pandas"][0]
    lines = [
        (name, f"{seconds:.3f}", f"{seconds / bare:.2f}", " ".join(loaded) or "–")
        for name, (seconds, loaded) in found.items()
    ]
    show(("what", "seconds", "ratio", "loaded"), lines)
    print(f"goal: bopstats with numpy and pandas at most {GOAL} times these two alone")


if __name__ == "__main__":
    main()
