"""What explanations of any model cost beside the model's own predictions, in time and memory.

Run as ``python benchmarks/any_model.py``. 50,000 people and 20 columns, logistic regressions of
scikit-learn, which predict faster than most models. "time" is the processor time of
`compare_models` over that of asking both models for as many bare predictions in batches of the
same size; "memory" the peak of NumPy's allocations beyond the input, over the size of the input.
"""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

import bopstats as bop

N, COLUMNS, GENERIC, BATCH = 50_000, 20, 15, 8192


def people() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, COLUMNS))
    return X, (X[:, 0] + rng.normal(size=N) > 0).astype(int)


def bare(models: list[Any], tables: list[Any], asked: list[int]) -> float:
    """Processor seconds for so many predictions of every row by each model."""
    start = time.process_time()
    for model, table, times in zip(models, tables, asked, strict=True):
        for at in range(0, N, BATCH):
            chunk = table[at : at + BATCH]
            for _ in range(times):
                model.predict_proba(chunk)
    return time.process_time() - start


def main() -> None:
    X, y = people()
    bop.compare(y[:100], X[:100, 0], X[:100, 1], y[:100], family="gaussian")  # loads libraries
    print(f"{N:,} people, {GENERIC} and {COLUMNS} columns\n")
    print("input      attribution   seconds     time   memory")
    for kind, whole in (("array", X), ("DataFrame", pd.DataFrame(X).add_prefix("c"))):
        tables = [whole[:, :GENERIC] if kind == "array" else whole.iloc[:, :GENERIC], whole]
        models = [LogisticRegression().fit(table[:2000], y[:2000]) for table in tables]
        groups = np.arange(N) % 4
        for attribution, steps in (("occlusion", lambda m: m), ("shapley", lambda m: 8 * m - 7)):
            options = {"attribution": attribution, "permutations": 8, "batch": BATCH}
            start = time.process_time()
            bop.compare_models(*models, *tables, y, groups, **options)
            seconds = time.process_time() - start
            ratio = seconds / bare(models, tables, [steps(m) + 3 for m in (GENERIC, COLUMNS)])
            tracemalloc.start()
            if attribution == "occlusion":
                bop.compare_models(*models, *tables, y, groups, **options)
            peak = tracemalloc.get_traced_memory()[1] / X.nbytes
            tracemalloc.stop()
            memory = f"{peak:8.2f}" if attribution == "occlusion" else "       –"
            print(f"{kind:10s} {attribution:12s} {seconds:8.1f} {ratio:8.2f} {memory}")


if __name__ == "__main__":
    main()
