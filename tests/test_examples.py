"""Every example runs and says what it promises; the experiments' figures, by plain statsmodels."""

import contextlib
import io
import math
import re
import runpy
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import statsmodels.api as sm
from experiments_page import PAGE, block
from recompute import partition_costs
from scipy import optimize, stats

FOLDER = Path(__file__).resolve().parents[1] / "examples"
EXPERIMENTS = {  # argument and file or folder beside the repository, and number of analyses
    "length_of_stay_mimic3": ("--mimic", "mimic3_demo", 4),
    "length_of_stay_support2": ("--data", "support2_small.parquet", 4),
    "hsls_mathematics": ("--data", "hsls.parquet", 2),
    "adult_income": ("--data", "adult.parquet", 3),
    "student_grades": ("--data", "student_por.parquet", 2),
}
BUDGET = "attribute_budget_of_mankind"
OTHERS = sorted(
    path.stem
    for path in FOLDER.glob("*.py")
    if path.stem not in {*EXPERIMENTS, BUDGET} and not path.stem.startswith(("_", "plot_"))
)
PERSONAL = 3  # blocks of three costs in the experiments' first table


def run(name, *arguments):
    """Run an example as a script; gives what it prints, the names it leaves, its analyses."""
    shown, printed = [], io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr(sys, "argv", [name, *map(str, arguments)])
        patch.syspath_prepend(str(FOLDER))
        import _paper

        show = _paper.show
        patch.setattr(_paper, "show", lambda *each: (shown.append(each), show(*each)))
        names = runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
    return printed.getvalue(), names, shown


@pytest.fixture(scope="module")
def experiment(shared):
    """Run an experiment with one partition, as `run`, once; ``again=True`` runs it anew."""
    found = {}

    def script(name, *, again=False):
        argument, file, _ = EXPERIMENTS[name]
        path = shared / "data" / file
        if not path.exists():
            pytest.skip(f"no {file} among the shared data")
        if again or name not in found:
            found[name] = run(name, argument, path, "--repeats", 1)
        return found[name]

    return script


@pytest.fixture(scope="module")
def mankind():
    """What the budget of mankind prints, and the names that it leaves."""
    return run(BUDGET)[:2]


@pytest.mark.parametrize("name", [path.stem for path in sorted(FOLDER.glob("plot_*.py"))])
def test_an_example_of_the_gallery_draws(name):
    plt.switch_backend("agg")
    run(name)
    assert plt.get_fignums()
    plt.close("all")


@pytest.mark.parametrize("name", OTHERS)
def test_an_example_runs_and_says_something(name):
    assert "Verdicts" in run(name)[0]


def group_figures(section):
    """The numbers of a section's first table: group to n and three costs a block."""
    lines = section.split("\n\n")[1].splitlines()[2:]
    found = {}
    for line in lines:
        cells = line.split()
        found[" ".join(cells[: -1 - 3 * PERSONAL])] = [float(x) for x in cells[-1 - 3 * PERSONAL :]]
    return found


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_prints_the_tables_it_promises(name, experiment):
    printed, _, shown = experiment(name)
    assert len(shown) == EXPERIMENTS[name][2]
    assert "not neural nets" in printed
    for title, res, effects in shown:
        section = printed.split(f"\n{title}\n{'=' * len(title)}\n")[1]
        figures = group_figures(section)
        frame = res.frame()
        assert [*figures] == [*res.frame(frame["cost"].iloc[0])["group"]]
        for group, (n, *costs) in figures.items():
            assert n == frame.loc[frame["group"] == group, "n"].iloc[0]
            generic, personalized, benefit = np.reshape(costs, (PERSONAL, 3)).T
            assert benefit == pytest.approx(generic - personalized, abs=1.6e-4)
        for cost in effects:
            lines = [each for each in section.split("\n\n")[2].splitlines() if f"{cost} " in each]
            assert lines[0].endswith(res.test(cost, effect=effects[cost]).verdict)


@pytest.mark.parametrize("name", ["student_grades", "length_of_stay_mimic3"])
def test_the_figures_are_those_of_plain_statsmodels(name, experiment):
    printed, names, shown = experiment(name)
    frame = names["pupils" if name == "student_grades" else "stays"]
    for title, res, effects in shown:
        section = printed.split(f"\n{title}\n{'=' * len(title)}\n")[1]
        binomial = "zero_one" in effects
        family = sm.families.Binomial() if binomial else sm.families.Gaussian()
        formula = res.evaluation.settings.formula
        formulas = (formula.partition("|")[0].strip(), formula.replace("|", "+"))
        columns = [name for name in frame if re.search(rf"\b{name}\b", formula)]
        used = frame[columns].dropna().reset_index(drop=True)
        (rows,) = res.evaluation.rows
        costs = partition_costs(used, formulas, family, rows.fold)
        wanted = [next(iter(effects)), "sufficiency", "incomprehensiveness"]
        for g, (n, *found) in enumerate(group_figures(section).values()):
            inside = rows.group == g if g < res.evaluation.groups.n_groups else rows.group >= 0
            assert n == inside.sum()
            mean = np.array([costs[cost][:, inside].mean(axis=1) for cost in wanted])
            expected = np.column_stack([mean, mean[:, 0] - mean[:, 1]])
            assert np.reshape(found, (PERSONAL, 3)) == pytest.approx(expected, abs=5.1e-5)


def test_bounds_are_the_same_for_prediction_and_explanation_in_classification_only(experiment):
    _, _, ((yes_no, *_), (grade, *_)) = experiment("student_grades")
    printed = experiment("student_grades")[0].split(f"\n{grade}\n=")
    assert yes_no in printed[0]
    for section, law, count in zip(
        printed, ("bounded (cert", "gaussian (plug"), (1, 3), strict=True
    ):
        lines = [line.split() for line in section.splitlines() if law in line]
        lines = [line for line in lines if line[1] != "0.001"]
        assert len(lines) == 3
        assert len({at_least for _, _, _, _, at_least, *_ in lines}) == count


def test_in_support2_a_class_changes_by_masking_wherever_the_rarer_one_was_predicted(experiment):
    """What docs/experiments.md says of incomprehensiveness as a change of the class."""
    _, _, shown = experiment("length_of_stay_support2")
    for _, res, _ in shown[::2]:
        (rows,) = res.evaluation.rows
        frame = res.frame("incomprehensiveness")
        for g, label in enumerate(res.evaluation.groups.labels):
            rarer = [
                np.mean(mu[rows.group == g] < 0.5) for mu in (rows.mu_generic, rows.mu_personalized)
            ]
            costs = frame.loc[frame["group"] == label, ["cost_generic", "cost_personalized"]]
            assert costs.to_numpy()[0] == pytest.approx(np.negative(rarer), abs=1e-12)


def test_days_in_hospital_are_predicted_from_labs_alone(shared):
    demo = shared / "data" / "mimic3_demo"
    printed, _, shown = run(
        "length_of_stay_mimic3", "--mimic", demo, "--unit", "admission", "--repeats", 1
    )
    assert len(shown) == 4
    assert "heart_rate" not in printed + shown[0][1].evaluation.settings.formula


def test_the_same_call_prints_the_same(experiment):
    assert experiment("student_grades")[0] == experiment("student_grades", again=True)[0]


N, EFFECT, SD = 8e9, 0.01, 0.1
T = EFFECT / (SD / math.sqrt(2))
MOMENTS = {  # logarithms of the moment of one person: as published, and in the test's direction
    "classification, 0-1 loss": (math.log1p(4 * EFFECT**2), -math.log1p(-(EFFECT**2))),
    "regression, Gaussian": ((EFFECT / SD) ** 2, (EFFECT / SD) ** 2),
    "regression, Laplace": (T, math.log(2 / 3 * math.exp(T) + math.exp(-2 * T) / 3)),
}


def k_max(moment):
    """Where c^(N/d) = 1 + d, so that both bounds are an error of 0.5, in attributes."""

    def equation(k):
        exponent = N * moment * 2.0**-k
        return exponent + np.log(-np.expm1(-exponent)) - k * math.log(2)

    return optimize.brentq(equation, 10, 40)


def test_the_budget_of_mankind_by_solving_the_equation_once_more(mankind):
    table = mankind[1]["budgets"]()
    for name, moments in MOMENTS.items():
        expected = [k_max(moment) for moment in moments]
        assert [*table.loc[name, ["published", "chi2"]]] == pytest.approx(expected, abs=1e-5)
    assert [*table["published"]] == pytest.approx([17.97, 22.30, 25.91], abs=0.005)
    assert [*table["the paper rounds to"]] == [18, 22, 26]


def test_the_budget_of_mankind_is_that_of_the_theory(mankind, shared):
    headline = (shared / "design" / "theory.md").read_text(encoding="utf-8")
    headline = headline.partition("**Headline numbers**")[2].splitlines()
    table = mankind[1]["budgets"]()
    for name, start in zip(table.index, ("| 0–1 loss", "| Gaussian", "| Laplace"), strict=True):
        (line,) = [each for each in headline if each.startswith(start)]
        published, valid, necessary, achievable = (
            cell.replace("*", "").split()[0] for cell in line.strip("|").split("|")[1:]
        )
        row = table.loc[name]
        assert row["published"] == pytest.approx(float(published), abs=0.005)
        assert row["chi2"] == pytest.approx(float(valid), abs=5e-5)
        if name != "regression, Laplace":
            assert row["best"] == math.floor(float(necessary))
            assert row["reached"] == math.floor(float(achievable))
    assert [*table["best"]][:2] == [*table["reached"]][:2] == [15, 21]


def test_the_error_that_is_reached_for_gaussian_benefits(mankind):
    k = range(18, 24)
    found = mankind[1]["errors"](k)["regression, Gaussian"]
    z = np.linspace(-6, 12, 300_001)
    for each in k:
        delta = EFFECT / SD * math.sqrt(N / 2.0**each)
        miss = -np.expm1(2.0**each * stats.norm.logcdf(delta - z))
        assert found["reached"][each] == pytest.approx((stats.norm.sf(z) + miss).min(), rel=1e-6)
        assert found["published"][each] <= found["at least"][each] <= found["reached"][each]
    assert found["reached"][21] <= 0.5 < found["at least"][22]


def test_the_figure_of_mankind_is_drawn(mankind, tmp_path):
    path = tmp_path / "mankind.png"
    mankind[1]["draw"](path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_page_holds_what_the_budget_of_mankind_prints(mankind):
    shown = block(BUDGET, PAGE.read_text(encoding="utf-8")).split("```")[1].removeprefix("text\n")
    assert shown.split() == mankind[0].split()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_page_holds_what_an_experiment_prints_with_all_partitions(name, experiment):
    printed, _, shown = experiment(name)
    page = block(name, PAGE.read_text(encoding="utf-8"))
    assert name in page
    for title, res, _ in shown:
        section, here = (text.split(f"\n{title}\n=")[1] for text in (page, printed))
        assert group_figures(section).keys() == group_figures(here).keys()
        for group, (n, *costs) in group_figures(section).items():
            frame = res.frame()
            frame = frame[frame["group"] == group]
            assert n == frame["n"].iloc[0]
            spread = 5 * frame["std_err"].max() + 1e-3
            generic, personalized, benefit = np.reshape(costs, (PERSONAL, 3)).T
            assert benefit == pytest.approx(generic - personalized, abs=1.6e-4)
            assert benefit == pytest.approx(group_figures(here)[group][3::3], abs=spread)
