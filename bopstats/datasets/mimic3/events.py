"""First-hours figures of the two large files, added up block by block.

A block gives, for each row of the cohort and each variable, the count, sum, smallest and largest
of the numbers used, and counts of those not used: all of them add up over blocks. Numbers are
decimals with 9 places, whose sums are exact, so neither the cutting nor the threads change a digit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bopstats.datasets.mimic3.cache import Cache
from bopstats.datasets.mimic3.csvfiles import COLUMNS, CsvFile
from bopstats.datasets.mimic3.items import Measure, variables

_COMPACT = 1_000_000  # rows of partial results above which equal ones are added up
_COUNTS = ("used", "out_of_range", "marked_error", "no_number")
_ADD_UP = f"""
    SELECT place, variable, {", ".join(f"sum({name})::BIGINT AS {name}" for name in _COUNTS)},
           sum(total) AS total, min(lowest) AS lowest, max(highest) AS highest
    FROM partial GROUP BY place, variable ORDER BY variable, place
"""


@dataclass(frozen=True)
class Source:
    """A file of events, what is measured in it, and how its rows belong to the cohort.

    Events count from `lead` hours before the start to `hours` after it.
    """

    file: CsvFile
    measures: tuple[Measure, ...]
    key: str
    lead: float
    hours: float

    @property
    def has_errors(self) -> bool:
        """Whether rows may be marked as errors."""
        return "ERROR" in COLUMNS[self.file.name]


def add_up(
    connection: Any,
    source: Source,
    cache: Cache,
    threads: int | None,
    advance: Callable[[int], object],
) -> Any:
    """Return the figures of a file as an Arrow table; finished parts come from the cache."""
    name = source.file.name.lower()
    whole = cache.read(name)
    if whole is not None:
        advance(source.file.size)
        return whole
    _start(connection, source)
    parts = 0
    for block in source.file.blocks(advance):
        part_name = f"{name}-{parts:05d}"
        part = cache.read(part_name)
        if part is None:
            part = _part(connection, source, source.file.parse(block, threads))
            cache.write(part_name, part)
        _insert(connection, part)
        parts += 1
    whole = connection.sql(_ADD_UP).to_arrow_table()
    cache.write(name, whole)
    cache.forget(f"{name}-{part:05d}" for part in range(parts))
    return whole


def _start(connection: Any, source: Source) -> None:
    """Make the tables of items and of partial results anew."""
    items = pd.DataFrame(
        [
            (item, number, measure.low, measure.high, measure.offset, measure.divisor)
            for number, measure in _numbered(source.measures)
            for item in measure.items
        ],
        columns=["itemid", "variable", "low", "high", "offset", "divisor"],
    )
    connection.register("source", items)
    connection.execute("CREATE OR REPLACE TABLE items AS SELECT * FROM source")
    connection.unregister("source")
    counts = ", ".join(f"{name} BIGINT" for name in _COUNTS)
    connection.execute(
        f"CREATE OR REPLACE TABLE partial (place INTEGER, variable INTEGER, {counts}, "
        "total DECIMAL(38, 9), lowest DOUBLE, highest DOUBLE)"
    )


def _numbered(measures: tuple[Measure, ...]) -> list[tuple[int, Measure]]:
    names = variables(measures)
    return [(names.index(measure.variable), measure) for measure in measures]


def _part(connection: Any, source: Source, events: Any) -> Any:
    """Return the figures of one block."""
    error = "coalesce(e.error, 0) = 1" if source.has_errors else "false"
    after = ">=" if source.lead else ">"
    connection.register("events", events)
    part = connection.sql(
        f"""
        WITH told AS (
            SELECT c.place, i.variable, {error} AS wrong, e.valuenum AS number,
                   CASE WHEN number > i.low AND number <= i.high AND NOT wrong
                        THEN ((number - i."offset") / i.divisor)::DECIMAL(18, 9) END AS value
            FROM events e
            JOIN items i ON e.itemid = i.itemid
            JOIN cohort c ON e.{source.key} = c.{source.key}
                 AND e.charttime {after} c.start - to_seconds({source.lead * 3600})
                 AND e.charttime <= c.start + to_seconds({source.hours * 3600})
        )
        SELECT place, variable,
               count(value) AS used,
               count_if(value IS NULL AND number IS NOT NULL AND NOT wrong) AS out_of_range,
               count_if(wrong) AS marked_error,
               count_if(number IS NULL AND NOT wrong) AS no_number,
               sum(value) AS total, min(value)::DOUBLE AS lowest, max(value)::DOUBLE AS highest
        FROM told GROUP BY place, variable ORDER BY variable, place
        """
    ).to_arrow_table()
    connection.unregister("events")
    return part


def _insert(connection: Any, part: Any) -> None:
    connection.register("source", part)
    connection.execute("INSERT INTO partial BY NAME SELECT * FROM source")
    connection.unregister("source")
    [(rows,)] = connection.sql("SELECT count(*) FROM partial").fetchall()
    if rows > _COMPACT:
        connection.execute(f"CREATE OR REPLACE TABLE partial AS {_ADD_UP}")


def columns(whole: Any, source: Source, rows: int) -> dict[str, np.ndarray[Any, Any]]:
    """Return ``variable_mean``, ``_min`` and ``_max``, nan where nothing was used."""
    place, variable = (whole[name].to_numpy() for name in ("place", "variable"))
    used, lowest, highest = (whole[name].to_numpy() for name in ("used", "lowest", "highest"))
    total = whole["total"].cast("float64").to_numpy()
    with np.errstate(invalid="ignore"):
        figures = {"mean": total / used, "min": lowest, "max": highest}
    made = {}
    for number, name in enumerate(variables(source.measures)):
        mine = variable == number
        for figure, values in figures.items():
            column = np.full(rows, np.nan)
            column[place[mine]] = values[mine]
            made[f"{name}_{figure}"] = column
    return made


def counts(whole: Any, source: Source) -> list[dict[str, Any]]:
    """Return for each variable how many numbers were used and why others were not."""
    variable = whole["variable"].to_numpy()
    return [
        {"variable": name}
        | {each: int(whole[each].to_numpy()[variable == number].sum()) for each in _COUNTS}
        for number, name in enumerate(variables(source.measures))
    ]
