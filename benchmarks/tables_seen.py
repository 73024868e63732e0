"""Write all tables of an analysis in every format into a folder, to be looked at.

    python benchmarks/tables_seen.py FOLDER

FOLDER then holds, for NHANES (12 groups) and invented people in 60 groups with long labels: a Word
file a table (``soffice --headless --convert-to pdf``), one LaTeX document (``pdflatex``) and one
page (a browser).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import bopstats as bop
from bopstats.results.tabled import TABLES

PREAMBLE = (
    "\\documentclass{article}\n\\usepackage[a4paper,margin=2cm]{geometry}\n"
    "\\usepackage{array,booktabs,graphicx,longtable}\n\\begin{document}\n"
)


def nhanes():
    formula = "high_bp ~ bmi + total_chol + hdl_chol + hba1c + sleep_hours | sex * race_ethnicity"
    return bop.glm(formula, bop.datasets.load_nhanes()).fit(rng=1)


def sixty():
    rng = np.random.default_rng(0)
    regions = [f"Region {i:02d} of the provinces & islands, <coast> $x_{i}$" for i in range(20)]
    status = [
        "insured by an employer | family plan",
        "=insured publicly (any)",
        "@not 😀 \\input{x}",
    ]
    people = pd.DataFrame(
        {
            "x": rng.normal(size=6000),
            "region": rng.choice(regions, 6000),
            "status": rng.choice(status, 6000, p=[0.6, 0.37, 0.03]),
        }
    )
    people["y"] = (rng.random(6000) < 1 / (1 + np.exp(-people["x"]))).astype(int)
    return bop.glm("y ~ x | region + status", people).fit(rng=1, repeats=1)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, result, suppress in (("nhanes", nhanes(), None), ("sixty", sixty(), "cms")):
        documents = {
            which: result.table(which, effect=0.01, suppress=suppress, exponentiate=True)
            for which in TABLES
        }
        documents["summary"] = result.summary(effect=0.01, suppress=suppress)
        documents["several"] = bop.summary_table([result, result], suppress=suppress)
        for which, document in documents.items():
            document.to_docx(folder / f"{name}_{which}.docx")
        latex = "\n".join(document.as_latex() for document in documents.values())
        (folder / f"{name}.tex").write_text(f"{PREAMBLE}{latex}\\end{{document}}\n")
        html = "\n".join(document.as_html() for document in documents.values())
        (folder / f"{name}.html").write_text(f"<!doctype html><meta charset=utf-8>\n{html}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
