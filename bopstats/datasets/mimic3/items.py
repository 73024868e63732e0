"""What is measured: item ids of both charting systems, units, and the values that are believed.

Item ids and limits follow the first-day concepts of the MIMIC Code Repository (Johnson et al.
2018, J Am Med Inform Assoc 25:32-39), with the arterial pressures 225309 and 225310 of its
MIMIC-IV version. Another release of MIMIC needs another list like these, nothing else here.
"""

from __future__ import annotations

from dataclasses import dataclass

_MMHG, _MEQ, _MGDL = "mmHg", "mEq/L", "mg/dL"


@dataclass(frozen=True)
class Measure:
    """One variable as recorded under some item ids.

    A recorded number is used if it is above `low` and at most `high`, both in the unit it is
    recorded in; what is used becomes ``(number - offset) / divisor``.
    """

    variable: str
    unit: str
    items: tuple[int, ...]
    low: float
    high: float
    offset: float = 0.0
    divisor: float = 1.0


VITAL_SIGNS = (
    Measure("heart_rate", "/min", (211, 220045), 0, 300),
    Measure("systolic_bp", _MMHG, (51, 442, 455, 6701, 220050, 220179, 225309), 0, 400),
    Measure("diastolic_bp", _MMHG, (8368, 8440, 8441, 8555, 220051, 220180, 225310), 0, 300),
    Measure("mean_bp", _MMHG, (52, 443, 456, 6702, 220052, 220181, 225312), 0, 300),
    Measure("respiratory_rate", "/min", (615, 618, 220210, 224690), 0, 70),
    Measure("temperature", "°C", (676, 223762, 226329, 227632, 227634), 10, 50),
    Measure("temperature", "°C", (678, 223761), 70, 120, offset=32.0, divisor=1.8),
    Measure("spo2", "%", (646, 220277), 0, 100),
    Measure(
        "charted_glucose", _MGDL, (807, 811, 1529, 3744, 3745, 220621, 225664, 226537), 0, 10000
    ),
    Measure("gcs_eye", "points", (184, 220739), 0, 4),
    Measure("gcs_motor", "points", (454, 223901), 0, 6),
    Measure("gcs_verbal", "points", (723, 223900), 0, 5),
)

LABS = (
    Measure("albumin", "g/dL", (50862,), 0, 10),
    Measure("anion_gap", _MEQ, (50868,), 0, 10000),
    Measure("bands", "%", (51144,), -1, 100),  # none at all is a finding, unlike zeros elsewhere
    Measure("bicarbonate", _MEQ, (50882,), 0, 10000),
    Measure("bilirubin", _MGDL, (50885,), 0, 150),
    Measure("bun", _MGDL, (51006,), 0, 300),
    Measure("chloride", _MEQ, (50806, 50902), 0, 10000),
    Measure("creatinine", _MGDL, (50912,), 0, 150),
    Measure("glucose", _MGDL, (50809, 50931), 0, 10000),
    Measure("hematocrit", "%", (50810, 51221), 0, 100),
    Measure("hemoglobin", "g/dL", (50811, 51222), 0, 50),
    Measure("inr", "ratio", (51237,), 0, 50),
    Measure("lactate", "mmol/L", (50813,), 0, 50),
    Measure("platelets", "10⁹/L", (51265,), 0, 10000),
    Measure("potassium", _MEQ, (50822, 50971), 0, 30),
    Measure("pt", "s", (51274,), 0, 150),
    Measure("ptt", "s", (51275,), 0, 150),
    Measure("sodium", _MEQ, (50824, 50983), 0, 200),
    Measure("wbc", "10⁹/L", (51300, 51301), 0, 1000),
)


def variables(measures: tuple[Measure, ...]) -> list[str]:
    """Return the distinct variables of some measures, in their order."""
    return list(dict.fromkeys(measure.variable for measure in measures))
