"""The section on resistance beside use: questions to the lake, and their drawings."""

from __future__ import annotations

from typing import Any

from pipelines.formats.antibiotics import CLASSES
from pipelines.report import charts
from pipelines.report.data import Lake, Rows

COURSES, REGIONS, RATIOS = 8, 40, 24


def section(lake: Lake) -> dict[str, Any]:
    """All that the section shows."""
    return {
        "courses": _courses(courses(lake)),
        "beside": beside(lake),
        "regions": _regions(regions(lake)),
        "masked": masked(lake),
        "ratios": _ratios(ratios(lake)),
        "classes": CLASSES,
    }


def courses(lake: Lake) -> Rows:
    """Shares of the country by year or month, of those bacteria with the most isolates; gaps are no rows."""
    return lake.rows(f"""
        WITH shown AS (
            SELECT *, sum(denominator) OVER (PARTITION BY source, bacterium, class_code, setting, country) AS n_ever
            FROM gold.use_and_resistance
            WHERE indicator = 'resistant_share' AND region = 'all' AND host = 'human' AND country = 'FR'
                AND period_start IS NOT NULL AND value IS NOT NULL)
        SELECT source, bacterium, class_code, criterion, setting, period_start, n_months, segment, value, lower, upper
        FROM shown
        QUALIFY dense_rank() OVER (ORDER BY n_ever DESC NULLS LAST, source, bacterium, class_code, setting) <= {COURSES}
        ORDER BY n_ever DESC NULLS LAST, source, bacterium, class_code, setting, n_months, period_start""")


def beside(lake: Lake) -> Rows:
    """The last year of each class in France: what people and animals use, and the bacteria that resist most tested."""
    return lake.rows("""
        WITH years AS (
            SELECT *, coalesce(host = 'all', FALSE) AS is_whole FROM gold.use_and_resistance
            WHERE country = 'FR' AND region = 'all' AND coalesce(n_months, 12) = 12 AND value IS NOT NULL),
        use AS (
            SELECT class_code, kingdom, indicator, host, source, period, value, denominator_method,
                denominator_known_from
            FROM years WHERE bacterium = 'none' OR starts_with(indicator, 'ddd_per_1000_inh')
            QUALIFY row_number() OVER (PARTITION BY class_code, indicator, host, source ORDER BY period DESC) = 1)
        SELECT class_code, kingdom, indicator, host, source, period, value, denominator_method, denominator_known_from
        FROM use WHERE NOT (class_code = 'all' AND kingdom = 'animal' AND host <> 'all')
        ORDER BY class_code <> 'all', class_code, kingdom DESC, indicator, host, source""")


def regions(lake: Lake) -> Rows:
    """Shares of the regions in the last year, masked ones among them."""
    return lake.rows(f"""
        SELECT bacterium, class_code, criterion, region, period, numerator, denominator, value, lower, upper, why_none
        FROM gold.use_and_resistance
        WHERE indicator = 'resistant_share' AND region <> 'all' AND n_months = 12 AND setting = 'hospital'
        QUALIFY dense_rank() OVER (ORDER BY period DESC) = 1
        ORDER BY bacterium, class_code, region LIMIT {REGIONS}""")


def masked(lake: Lake) -> Rows:
    """How many figures of regions are masked, and why."""
    return lake.rows("""
        SELECT indicator, n_months, count(*) AS n, count(*) FILTER (WHERE why_none = 'small_cell') AS n_small,
            count(*) FILTER (WHERE why_none = 'beside_small_cell') AS n_beside,
            count(*) FILTER (WHERE why_none = 'few') AS n_few
        FROM gold.use_and_resistance WHERE region <> 'all' AND starts_with(indicator, 'resistant')
        GROUP BY indicator, n_months ORDER BY indicator, n_months""")


def ratios(lake: Lake) -> Rows:
    """Odds ratios of the last period of each series, by the form that fits best, as JIACRA prints them."""
    return lake.rows(f"""
        SELECT source, series, host, bacterium, class_code, criterion, exposure_kind, period, form, n_places, n_tested,
            odds_ratio, lower, upper, p_value, phi
        FROM gold.use_resistance_association
        WHERE rule = 'as_printed' AND is_best_form AND odds_ratio IS NOT NULL
        QUALIFY row_number() OVER (
            PARTITION BY source, series, host, bacterium, class_code, criterion, exposure_kind ORDER BY period DESC) = 1
        ORDER BY class_code, bacterium, source, series, host LIMIT {RATIOS}""")


def _courses(rows: Rows) -> list[dict[str, Any]]:
    """A chart a bacterium, class and setting: months, or years where there are no months."""
    found: dict[tuple[str, ...], Rows] = {}
    for row in rows:
        key = tuple(str(row[c]) for c in ("source", "bacterium", "class_code", "setting"))
        found.setdefault(key, []).append(row)
    drawn = []
    for (source, bacterium, class_code, setting), own in found.items():
        finest = min(r["n_months"] for r in own)
        points = [r for r in own if r["n_months"] == finest]
        what = {"source": source, "bacterium": bacterium, "class": CLASSES[class_code], "setting": setting}
        label = f"Share of resistant isolates, {bacterium}, {CLASSES[class_code]}, {source}"
        drawn.append(what | {"last": points[-1], "figure": charts.stretches(points, label)})
    return drawn


def _regions(rows: Rows) -> Rows:
    highest = max((r["upper"] for r in rows if r["upper"] is not None), default=1.0)
    return [row | {"figure": charts.share_row(row, highest)} for row in rows]


def _ratios(rows: Rows) -> Rows:
    named = [r | {"ratio": r["odds_ratio"], "ratio_lower": r["lower"], "ratio_upper": r["upper"]} for r in rows]
    extent = charts.ratio_extent(named)
    return [row | {"figure": charts.ratio_row(row, extent)} for row in named]
