"""Both models side by side: coefficients or ratios with intervals and p-values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from bopstats._validation import fail
from bopstats.tables.content import number, pvalue, ranges
from bopstats.tables.document import Table
from bopstats.tables.findings import Findings
from bopstats.tables.footnotes import abbreviations, general
from bopstats.tables.grid import Column, Grid, Row
from bopstats.tables.labels import level_label
from bopstats.tables.options import Options
from bopstats.tables.suppression import MASK, small
from bopstats.tables.terms import heading, parts_of, row_label
from bopstats.tables.wording import association_words

INTERCEPT = "Intercept"
MODELS = ("generic", "personalized")
_RATIO_DECIMALS = 2
_RATIOS: Mapping[tuple[str, str], str] = {
    ("binomial", "logit"): "OR",
    ("binomial", "log"): "RR",
    ("binomial", "cloglog"): "HR",
    ("poisson", "log"): "IRR",
    ("negative_binomial", "log"): "IRR",
}


@dataclass(frozen=True)
class Fits:
    """Both models on all used rows.

    `references` has the reference level of each categorical variable, `unknown` the names of
    coefficients that have no estimate, a set a model.
    """

    generic: Any
    personalized: Any
    references: Mapping[str, object] = field(default_factory=dict)
    unknown: Mapping[str, frozenset[str]] = field(default_factory=dict)


def ratio_name(family: str, link: str) -> str:
    """Return what exp(coefficient) is called.

    Examples
    --------
    >>> ratio_name("binomial", "logit"), ratio_name("gamma", "log")
    ('OR', 'Ratio of means')
    """
    if (family, link) in _RATIOS:
        return _RATIOS[family, link]
    if link == "log":
        return "Ratio of means"
    known = "a log or logit link (binomial also cloglog)"
    fail("exponentiate", f"True with the {link} link of the {family} family", known)


def coefficient_frame(fits: Fits, alpha: float) -> pd.DataFrame:
    """Return one row a model and coefficient: model, term, estimate, std_error, limits, p_value."""
    parts = []
    for name in MODELS:
        fit = getattr(fits, name)
        limits = np.asarray(fit.conf_int(alpha))
        frame = pd.DataFrame(
            {
                "model": name,
                "term": list(fit.params.index),
                "estimate": np.asarray(fit.params, dtype=np.float64),
                "std_error": np.asarray(fit.bse, dtype=np.float64),
                "conf_low": limits[:, 0],
                "conf_high": limits[:, 1],
                "p_value": np.asarray(fit.pvalues, dtype=np.float64),
            }
        )
        lost = frame["term"].isin(fits.unknown.get(name, frozenset()))
        frame.loc[lost, ["estimate", "std_error", "conf_low", "conf_high", "p_value"]] = np.nan
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def models_table(findings: Findings, fits: Fits, options: Options) -> Table:
    """Return both models side by side; see `BoPResults.table`."""
    settings = findings.evaluation.settings
    frame = coefficient_frame(fits, findings.alpha)
    what = "Coefficient"
    if options.exponentiate:
        what = ratio_name(settings.family, settings.link)
        # The ends of the interval are transformed; a standard error of a ratio would mislead.
        frame[["estimate", "conf_low", "conf_high"]] = np.exp(
            frame[["estimate", "conf_low", "conf_high"]]
        )
        frame = frame.drop(columns="std_error")
    hidden = _hidden(frame, fits, findings.masks.k, findings.masks.any)
    figures = [name for name in frame.columns if name not in ("model", "term")]
    frame.loc[hidden, figures] = np.nan
    texts = {
        name: _texts(frame[rows], hidden[rows], options)
        for name in MODELS
        for rows in [frame["model"] == name]
    }
    level = f"{100 * (1 - findings.alpha):g}% CI"
    columns = [Column("Term", numeric=False)]
    for name in MODELS:
        over = f"{name.capitalize()} model"
        columns += [Column(f"{what} ({level})", over), Column("p", over)]
    terms = list(dict.fromkeys(frame["term"]))
    rows = _rows(sorted(terms, key=lambda term: term == INTERCEPT), texts, fits, options)
    caption = f"Generic and personalized model of {settings.outcome}"
    notes = _notes(findings, fits, what, options, bool(hidden.any()))
    return Table.of(caption, Grid(tuple(columns), tuple(rows)), tuple(notes), frame)


def _texts(frame: pd.DataFrame, hidden: pd.Series[bool], options: Options) -> dict[str, Any]:
    """Return a term's cells: the estimate with its interval, and p."""
    cells: dict[str, tuple[str, str]] = {}
    for row, hide in zip(frame.to_dict("records"), hidden, strict=True):
        if hide:
            cells[row["term"]] = (MASK, MASK)
        elif np.isnan(row["estimate"]):
            cells[row["term"]] = ("not estimable", "–")
        else:
            digits = _digits(row, options)

            def show(value: float, digits: int = digits) -> str:
                return number(value, digits)

            limits = ranges([row["conf_low"]], [row["conf_high"]], show)[0]
            cells[row["term"]] = (f"{show(row['estimate'])} ({limits})", pvalue(row["p_value"]))
    return cells


def _digits(row: dict[Any, Any], options: Options) -> int:
    """Return decimals: two for ratios, more where a ratio a unit is near 1; else as wide as SE."""
    if options.decimals is not None:
        return options.decimals
    half = (row["conf_high"] - row["conf_low"]) / 4
    if not np.isfinite(half) or half <= 0:
        return _RATIO_DECIMALS
    needed = int(np.clip(np.ceil(-np.log10(half)) + 1, 0, 6))
    if not options.exponentiate:
        return needed
    leading = int(np.clip(np.ceil(-np.log10(row["estimate"])) + 1, 0, 6))
    return max(_RATIO_DECIMALS, needed - 1, leading)


def _rows(
    terms: list[str], texts: dict[str, dict[str, tuple[str, str]]], fits: Fits, options: Options
) -> list[Row]:
    rows: list[Row] = []
    labels = options.labels

    def cells(term: str) -> tuple[str, ...]:
        return tuple(cell for name in MODELS for cell in texts[name].get(term, ("", "")))

    def variables(term: str) -> tuple[tuple[str, bool], ...]:
        return tuple((part.variable, part.level is None) for part in parts_of(term))

    for about, group in groupby(terms, key=variables):
        several = list(group)
        if all(numeric for _, numeric in about):
            rows += [Row((row_label(parts_of(term), labels), *cells(term))) for term in several]
            continue
        rows.append(Row((heading(parts_of(several[0]), labels),), "head"))
        variable = about[0][0]
        if len(about) == 1 and variable in fits.references:
            level = str(level_label(labels, variable, fits.references[variable]))
            shown = [
                each
                for name in MODELS
                for each in (("reference", "") if several[0] in texts[name] else ("", ""))
            ]
            rows.append(Row((level, *shown), level=1))
        rows += [Row((row_label(parts_of(t), labels), *cells(t)), level=1) for t in several]
    return rows


def _hidden(frame: pd.DataFrame, fits: Fits, k: int | None, groups: bool) -> pd.Series[bool]:
    """Tell which coefficients would give a small count away.

    A saturated part of a model is its cells: intercept and effects with their errors give back the
    cells' sizes and events. So where groups are masked, so are the personalized model's intercept
    and personal coefficients; where a level of a categorical variable has few people, events or
    non-events, so are this variable's coefficients and the intercepts.
    """
    hidden = pd.Series(False, index=frame.index)
    if k is None:
        return hidden
    term, intercept = frame["term"], frame["term"] == INTERCEPT
    if groups:
        generic = set(fits.generic.params.index) - {INTERCEPT}
        hidden |= (frame["model"] == "personalized") & ~term.isin(generic)
    sparse = _sparse(fits.personalized, k)
    about = [{p.variable for p in parts_of(each) if p.level is not None} for each in term]
    hidden |= pd.Series([bool(each & sparse) for each in about], index=frame.index)
    if sparse:
        hidden |= intercept
    return hidden


def fewest(fit: Any) -> dict[str, float]:
    """Return the fewest people, events or non-events of a level, of each categorical variable.

    Levels without any do not count. 1 where there are no rows to count.
    """
    names = list(fit.params.index)
    columns: dict[str, list[int]] = {}
    for j, name in enumerate(names):
        parts = parts_of(name)
        if len(parts) == 1 and parts[0].level is not None:
            columns.setdefault(parts[0].variable, []).append(j)
    model = getattr(fit, "model", None)
    if model is None:
        return dict.fromkeys(columns, 1.0)
    x, y = np.asarray(model.exog), np.asarray(model.endog)
    binary = bool(np.isin(y, (0.0, 1.0)).all())
    found = {}
    for variable, where in columns.items():
        levels = [x[:, j] == 1 for j in where]
        levels.append(~np.any(levels, axis=0))
        counts = [level.sum() for level in levels]
        if binary:
            counts += [y[level].sum() for level in levels]
            counts += [(1 - y[level]).sum() for level in levels]
        found[variable] = min((float(each) for each in counts if each > 0), default=np.inf)
    return found


def _sparse(fit: Any, k: int) -> set[str]:
    """Return the categorical variables with a level of few people, events or non-events."""
    counts = getattr(fit, "fewest", None)  # of a loaded model
    counts = fewest(fit) if counts is None else counts
    return {variable for variable, count in counts.items() if small(count, k).any()}


def _notes(findings: Findings, fits: Fits, what: str, options: Options, hidden: bool) -> list[str]:
    settings = findings.evaluation.settings
    known = [name for name in (what,) if name in ("OR", "RR", "IRR", "HR")]
    lines = [abbreviations(["CI", *known])]
    kind = str(getattr(fits.personalized, "cov_type", "nonrobust"))
    errors = {"nonrobust": "the model's", "cluster": "cluster-robust"}.get(kind, f"robust ({kind})")
    lines.append(
        f"{settings.family.capitalize()} GLM, {settings.link} link, fitted on all "
        f"{findings.evaluation.n_used if not _few(findings) else MASK} used rows; p two-sided, by "
        f"Wald's test; standard errors: {errors}."
        + (" Ends of intervals are exponentiated." if options.exponentiate else "")
    )
    generic, personalized = (_criterion(getattr(fits, name), "aic") for name in MODELS)
    if findings.masks.any and settings.n_terms == 0:
        personalized = MASK  # a function of the groups' counts alone
    lines.append(f"AIC: generic {generic}, personalized {personalized}.")
    if findings.association is not None:
        lines.append(
            f"Association of the personal terms: {association_words(findings.association)} "
            "(another question than benefit)."
        )
    if any(fits.unknown.values()):
        lines.append("Not estimable: redundant, or running to infinity (separation).")
    if hidden:
        lines.append(
            f"{MASK}: coefficients that would give back counts of people, events or non-events "
            "that are too small to be shown."
        )
    return lines + general(findings, options.prespecified)


def _few(findings: Findings) -> bool:
    k = findings.masks.k
    return k is not None and bool(small(findings.evaluation.n_used, k))


def _criterion(fit: Any, name: str) -> str:
    value = getattr(fit, name, np.nan)
    return number(float(value), 1)
