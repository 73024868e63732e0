"""Both fits on all people, generic and personalized: bopstats beside other libraries.

Run as ``python benchmarks/fits.py [people ...]``, by default 10,000, 100,000 and 1,000,000.
Binomial, 20 numbers, sex * race * agegrp: 21 and 36 columns. "design" tells whether the time
includes what turns the data frame into columns; where it does not, memory lacks it too. "off" is
the largest difference of a coefficient from statsmodels', in standard errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from measured import GENERIC, PERSONAL, PERSONALIZED, invented, measure, numbers, show

import bopstats as bop
from bopstats.crossfit import CrossFit
from bopstats.splitting import make_plan

Coefficients = list[dict[str, float]]
TOLERANCE = 1e-8


def _named(names: Any, values: Any) -> dict[str, float]:
    return dict(zip(names, np.asarray(values).ravel().tolist(), strict=True))


def bopstats_way(rows: int, counted: bool) -> Callable[[], Coefficients]:
    data = invented(rows)
    formula = f"y ~ {GENERIC} | {PERSONAL}"
    given = None if counted else bop.glm(formula, data, "binomial")

    def run() -> Coefficients:
        model = bop.glm(formula, data, "binomial") if given is None else given
        run = CrossFit(model.design, model.family, False, (), 0.5, None)
        pair = run.full_fit(make_plan(model.design, None, 1, "hash", np.random.default_rng(0)))
        found = (pair.generic, pair.personalized)
        return [_named(each.matrix.names, each.params) for each in found]

    return run


def statsmodels_formula(rows: int) -> Callable[[], Coefficients]:
    """Its answer has the standard errors of both models besides."""
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    data = invented(rows)

    def run() -> Coefficients:
        found = []
        for right in (GENERIC, PERSONALIZED):
            fit = smf.glm(f"y ~ {right}", data, family=sm.families.Binomial()).fit()
            found += [dict(fit.params), dict(fit.bse)]
        return [*found[::2], *found[1::2]]

    return run


def _columns(data: pd.DataFrame) -> list[pd.DataFrame]:
    import patsy

    return [
        patsy.dmatrix(right, data, return_type="dataframe") for right in (GENERIC, PERSONALIZED)
    ]


def statsmodels_arrays(rows: int) -> Callable[[], Coefficients]:
    import statsmodels.api as sm

    data = invented(rows)
    y, designs = data["y"].to_numpy(float), _columns(data)
    arrays = [np.ascontiguousarray(each.to_numpy()) for each in designs]

    def run() -> Coefficients:
        fits = [sm.GLM(y, x, family=sm.families.Binomial()).fit() for x in arrays]
        return [_named(x.columns, f.params) for x, f in zip(designs, fits, strict=True)]

    return run


def glum_way(rows: int, counted: bool) -> Callable[[], Coefficients]:
    import tabmat
    from glum import GeneralizedLinearRegressor

    data = invented(rows)
    y = data["y"].to_numpy(float)

    def design(right: str) -> Any:
        return tabmat.from_formula(right, data, ensure_full_rank=True, include_intercept=True)

    given = [] if counted else [design(GENERIC), design(PERSONALIZED)]

    def run() -> Coefficients:
        found = []
        for x in given or map(design, (GENERIC, PERSONALIZED)):
            model = GeneralizedLinearRegressor(
                alpha=0, family="binomial", fit_intercept=False, gradient_tol=TOLERANCE
            ).fit(x, y)
            # glum writes sex[male] where patsy writes sex[T.male]
            names = [name.replace("[", "[T.") for name in x.get_names("column")]
            found.append(_named(["Intercept", *names[1:]], model.coef_))
        return found

    return run


def sklearn_way(rows: int) -> Callable[[], Coefficients]:
    from sklearn.linear_model import LogisticRegression

    data = invented(rows)
    y, designs = data["y"].to_numpy(), _columns(data)
    arrays = [np.ascontiguousarray(each.to_numpy()[:, 1:]) for each in designs]

    def run() -> Coefficients:
        found = []
        for x, design in zip(arrays, designs, strict=True):
            model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=TOLERANCE).fit(x, y)
            found.append(_named(design.columns, np.append(model.intercept_, model.coef_)))
        return found

    return run


def off(found: Coefficients, answer: Coefficients) -> float:
    """The largest difference in standard errors; the names must be the same."""
    worst = 0.0
    for mine, theirs, errors in zip(found, answer[:2], answer[2:], strict=True):
        assert mine.keys() == theirs.keys()
        worst = max(worst, *(abs(mine[k] - theirs[k]) / errors[k] for k in theirs))
    return worst


WAYS: tuple[tuple[str, str, Callable[..., Any], tuple[Any, ...]], ...] = (
    ("bopstats", "no", bopstats_way, (False,)),
    ("bopstats", "yes", bopstats_way, (True,)),
    ("statsmodels, formula", "yes", statsmodels_formula, ()),
    ("statsmodels, arrays", "no", statsmodels_arrays, ()),
    ("glum, tabmat", "no", glum_way, (False,)),
    ("glum, tabmat", "yes", glum_way, (True,)),
    ("scikit-learn, newton-cholesky", "no", sklearn_way, ()),
)


def main() -> None:
    for rows in numbers([10_000, 100_000, 1_000_000]):
        found = [measure(way, rows, *args) for _, _, way, args in WAYS]
        ours = {"no": found[0].seconds, "yes": found[1].seconds}
        answer = found[2].answer
        print(f"{rows:,} people; ratio: theirs over ours, design counted in both or in neither\n")
        lines = [
            (
                name,
                counted,
                each.told,
                f"{each.seconds / ours[counted]:.2f}",
                f"{each.mib:.0f}",
                f"{off(each.answer[:2], answer):.1e}",
            )
            for (name, counted, _, _), each in zip(WAYS, found, strict=True)
        ]
        show(("way", "design", "seconds", "ratio", "MiB", "off"), lines)


if __name__ == "__main__":
    main()
