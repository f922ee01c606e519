"""The section on residues in water and soil: questions to the lake, and their drawings."""

from __future__ import annotations

import datetime as dt
from typing import Any

from models.environment.predicted import GUIDELINE, tornado
from pipelines.report import charts
from pipelines.report.data import Lake, Rows
from pipelines.report.tiles import tiles

SUBSTANCES, SWINGS, SOIL = 15, 6, 12
NAME = "coalesce(s.substance_name, r.substance_key)"


def section(lake: Lake) -> dict[str, Any]:
    """All that the section shows."""
    return {
        "map": _map(departments(lake)),
        "quotients": quotients(lake),
        "measured": measured(lake),
        "tornados": _tornados(largest(lake), ranges(lake)),
        "soil": soil(lake),
    }


def departments(lake: Lake) -> Rows:
    """Quotients of all substances added up, on the mean of the months, by département; null where few are behind it."""
    return lake.rows("""
        SELECT place, sum(quotient) AS quotient, max(n_substances) AS n_substances,
            min(first_month) AS first_month, max(last_month) AS last_month
        FROM gold.risk_by_place GROUP BY place HAVING count(quotient) > 0 ORDER BY place""")


def quotients(lake: Lake) -> Rows:
    """The last quotient of each substance by prediction, beside the one by measurement."""
    return lake.rows(f"""
        WITH last AS (
            SELECT * FROM gold.risk_quotient WHERE place = 'all' AND basis = 'predicted'
            QUALIFY row_number() OVER (PARTITION BY substance_key ORDER BY month DESC, n_months DESC, source) = 1),
        seen AS (
            SELECT substance_key, max(quotient) AS quotient, max(quotient_upper) AS upper, count(DISTINCT place) AS n
            FROM gold.risk_quotient WHERE basis = 'measured' GROUP BY substance_key)
        SELECT {NAME} AS substance_name, r.source, r.month, r.n_months, r.concentration, r.pnec, r.pnec_from,
            r.pnec_reference, r.is_pnec_later, r.quotient, r.risk, seen.quotient AS measured_quotient,
            seen.upper AS measured_upper, coalesce(seen.n, 0) AS n_places
        FROM last r LEFT JOIN seen USING (substance_key)
        LEFT JOIN silver.substance s ON s.substance_key = r.substance_key AND s.known_to IS NULL
        ORDER BY r.quotient DESC, substance_name LIMIT {SUBSTANCES}""")


def measured(lake: Lake) -> Rows:
    """Measurements of the last year by parameter: stations, results, share detected, range of the means."""
    return lake.rows(f"""
        SELECT parameter, any_value(parameter_name) AS parameter_name, unit, year, count(*) AS n_stations,
            sum(n)::BIGINT AS n, sum(n_quantified)::BIGINT AS n_quantified,
            count(*) FILTER (WHERE mean IS NULL) AS n_below, max(mean) AS highest, min(lower) AS lower,
            max(upper) AS upper
        FROM gold.measured_concentration WHERE place_kind = 'station'
        GROUP BY parameter, unit, year QUALIFY dense_rank() OVER (ORDER BY year DESC) = 1
        ORDER BY n_quantified DESC, parameter LIMIT {SUBSTANCES}""")


def largest(lake: Lake) -> Rows:
    """The last prediction of those substances that have a quotient, the largest first."""
    return lake.rows(f"""
        SELECT {NAME} AS substance_name, r.substance_key, r.source, r.month, r.n_months, r.mg, r.inhabitants,
            r.excretion, r.removal, r.litres_per_inhabitant_day, r.dilution, r.value
        FROM gold.predicted_concentration r
        LEFT JOIN silver.substance s ON s.substance_key = r.substance_key AND s.known_to IS NULL
        WHERE compartment = 'surface_water' AND place = 'all' AND value > 0 AND len(assumed) < 4
        QUALIFY row_number() OVER (PARTITION BY r.substance_key ORDER BY r.month DESC, r.n_months DESC, r.source) = 1
        ORDER BY len(assumed), value DESC, substance_name LIMIT {SWINGS}""")


def ranges(lake: Lake) -> Rows:
    """Low and high values that somebody states."""
    return lake.rows("""
        SELECT coalesce(substance_key, 'all') AS subject, kind, low, high FROM silver.environment_parameter
        WHERE is_current AND low IS NOT NULL AND high IS NOT NULL AND subject_kind <> 'animal_type'
        QUALIFY row_number() OVER (PARTITION BY subject, kind ORDER BY holds_from DESC) = 1""")


def soil(lake: Lake) -> Rows:
    """Predicted concentrations in soil, the highest first."""
    return lake.rows(f"""
        SELECT {NAME} AS substance_name, r.animal_type, year(r.month) AS year, r.dose_mg_kg_day, r.treatment_days,
            r.value, r.is_above_limit
        FROM gold.predicted_concentration r
        LEFT JOIN silver.substance s ON s.substance_key = r.substance_key AND s.known_to IS NULL
        WHERE compartment = 'soil' AND value IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY r.substance_key, r.animal_type ORDER BY r.month DESC) = 1
        ORDER BY value DESC, substance_name, animal_type LIMIT {SOIL}""")


def _map(rows: Rows) -> dict[str, Any] | None:
    if not rows:
        return None
    label = "Quotients of risk added up, by département"
    span = (min(r["first_month"] for r in rows), max(r["last_month"] for r in rows))
    figure = tiles({r["place"]: r["quotient"] for r in rows}, label)
    return {"figure": figure, "span": span, "n": max(r["n_substances"] for r in rows)}


def _tornados(rows: Rows, stated: Rows) -> list[dict[str, Any]]:
    """One a substance: each parameter from low to high, where nobody states them from half to double."""
    known = {(r["subject"], r["kind"]): (r["low"], r["high"]) for r in stated}
    found = []
    for row in rows:
        parameters = {}
        for name in GUIDELINE:
            value = row[name]
            ends = known.get((row["substance_key"], name)) or known.get(("all", name)) or (value / 2, value * 2)
            most = 1.0 if name in ("excretion", "removal") else float("inf")
            parameters[name] = {"value": value, "low": min(ends[0], value), "high": min(max(ends[1], value), most)}
        swings = tornado(row["mg"] / 1e6, row["inhabitants"], _days(row["month"], row["n_months"]), parameters)
        figure = charts.swings(swings, f"Sensitivity of the concentration of {row['substance_name']}")
        found.append(row | {"figure": figure})
    return found


def _days(end: dt.date, n_months: int) -> int:
    """Days of the months that end on a day."""
    years, months = divmod(end.year * 12 + end.month - n_months, 12)
    return (end - dt.date(years, months + 1, 1)).days + 1
