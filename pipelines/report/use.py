"""The section on exposure and use: questions to the lake, and their drawings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.report import charts, figures
from pipelines.report.data import Lake, Rows

EXPOSED, NOWCAST, COMPARED, CASCADE = 6, 6, 15, 15
BINS = 12  # of the logarithm to base 2 of a ratio, from -3 to 3
TOTAL = "region = 'all' AND sex = 'all' AND age_group = 'all'"
COMPARED_BY = {"treated": "treated", "daily_dose": "daily doses", "pack": "packs"}


def section(lake: Lake) -> dict[str, Any]:
    """All that the section shows."""
    return {
        "exposures": _exposures(exposures(lake)),
        "reconciled": _reconciled(reconciled(lake)),
        "triangles": _triangles(triangle(lake)),
        "nowcasts": _nowcasts(nowcasts(lake)),
        "coverage": coverage(lake),
        "rates": _rates(rates(lake)),
        "classes": classes(lake),
        "cascade": cascade(lake),
        "antimicrobials": _antimicrobials(antimicrobials(lake)),
        "denominators": denominators(lake),
        "per": COMPARED_BY,
    }


def exposures(lake: Lake) -> Rows:
    """Packs and treated a month of the substances most used, by source; those treated are never summed."""
    return lake.rows(f"""
        WITH cells AS (
            SELECT source, substance_key, month, sum(n_packs) AS n_packs, is_complete,
                CASE WHEN count(*) = 1 THEN any_value(n_treated) END AS n_treated,
                sum(sum(n_packs)) OVER (PARTITION BY source, substance_key) AS n_packs_ever
            FROM gold.exposure WHERE {TOTAL} AND n_months = 1 GROUP BY source, substance_key, month, is_complete)
        SELECT c.source, coalesce(s.substance_name, c.substance_key) AS substance_name, c.month,
            c.n_packs, c.n_treated, c.is_complete
        FROM cells c LEFT JOIN silver.substance s ON s.substance_key = c.substance_key AND s.known_to IS NULL
        WHERE n_packs_ever > 0
        QUALIFY dense_rank() OVER (PARTITION BY c.source ORDER BY c.n_packs_ever DESC, c.substance_key) <= {EXPOSED}
        ORDER BY c.source, c.n_packs_ever DESC, substance_name, c.month""")


def reconciled(lake: Lake) -> Rows:
    """Ratios of every two sources over the same substances and years, in bins of their logarithm."""
    return lake.rows(f"""
        SELECT source, other_source, count(*) AS n, median(ratio) AS ratio, sum(n_packs) AS n_packs,
            sum(other_n_packs) AS other_n_packs,
            list(least(greatest(floor((log2(ratio) + 3) * {BINS} / 6), 0), {BINS} - 1)::INT) AS bins
        FROM gold.exposure_reconciliation WHERE ratio > 0
        GROUP BY source, other_source ORDER BY n DESC, source, other_source""")


def triangle(lake: Lake) -> Rows:
    """Packs by month of care and lag, of all substances."""
    return lake.rows("""
        SELECT source, month, lag, n_packs::BIGINT AS n_packs FROM gold.flow_triangle WHERE substance_key = 'all'
        ORDER BY source, month, lag""")


def nowcasts(lake: Lake) -> Rows:
    """Every month of all substances together, and of those most used."""
    return lake.rows(f"""
        WITH best AS (
            SELECT source, substance_key, sum(n_observed) AS n FROM gold.nowcast
            GROUP BY source, substance_key
            QUALIFY row_number() OVER (PARTITION BY source ORDER BY n DESC, substance_key) <= {NOWCAST})
        SELECT source, coalesce(substance_name, substance_key) AS name, month, n_observed, n_estimated, n_lower, n_upper
        FROM gold.nowcast JOIN best USING (source, substance_key)
        LEFT JOIN (FROM silver.substance WHERE known_to IS NULL) USING (substance_key)
        ORDER BY source, best.n DESC, name, month""")


def coverage(lake: Lake) -> Rows:
    """How often intervals of past nowcasts held the final figure, by lag."""
    return lake.rows("""
        SELECT source, lag, count(*) AS n, count(*) FILTER (WHERE is_covered) AS n_covered,
            median(abs(n_estimated - n_final) / nullif(n_final, 0)) AS error
        FROM gold.nowcast_judgement GROUP BY source, lag ORDER BY source, lag""")


def rates(lake: Lake) -> Rows:
    """Comparisons of rates by receipt whose lower bound is highest, those of three or more."""
    return lake.rows(f"""
        SELECT substance_name, brand, term_name, species, year, exposure_source, per, sibling, n_counted, expected,
            ratio, ratio_lower, ratio_upper, p_value
        FROM gold.rate_comparison
        WHERE dating = 'receipt' AND n_counted >= 3 AND ratio_lower > 1 AND per <> 'daily_dose'
        QUALIFY row_number() OVER (
            PARTITION BY substance_key, brand, term_key, species, year, sibling ORDER BY per DESC, exposure_source) = 1
        ORDER BY ratio_lower DESC, substance_name, term_name, sibling LIMIT {COMPARED}""")


def classes(lake: Lake) -> Rows:
    """Substances and events of animals by class of incidence and species, by onset and by receipt."""
    return lake.rows("""
        SELECT species, dating,
            count(*) FILTER (WHERE incidence_class = 'very_common') AS very_common,
            count(*) FILTER (WHERE incidence_class = 'common') AS common,
            count(*) FILTER (WHERE incidence_class = 'uncommon') AS uncommon,
            count(*) FILTER (WHERE incidence_class = 'rare') AS rare,
            count(*) FILTER (WHERE incidence_class = 'very_rare') AS very_rare
        FROM gold.reporting_rate WHERE incidence_class IS NOT NULL AND term_key <> 'all'
        GROUP BY species, dating ORDER BY species, dating""")


def cascade(lake: Lake) -> Rows:
    """Human medicines in animals that were supplied most or reported most."""
    rows = lake.rows(f"""
        SELECT year, species, substance_name, n_supplies, n_supplies_all, n_animals, n_reports, is_reserved
        FROM gold.cascade ORDER BY is_reserved DESC, n_supplies DESC, n_reports DESC, substance_name LIMIT {CASCADE}""")
    most = max((r["n_supplies"] for r in rows), default=0) or 1
    return [
        r | {"figure": figures.shares({"all": r["n_supplies"], "rest": most - r["n_supplies"]}, ("all",))} for r in rows
    ]


def antimicrobials(lake: Lake) -> Rows:
    """Indicators of all antimicrobials together by year, people and all animals."""
    return lake.rows("""
        SELECT sector, indicator, source, country, year, value, is_series_break, published_value, published_by
        FROM gold.antimicrobial_use
        WHERE substance_key = 'all' AND species IN ('all', 'human') AND country = 'FR'
        ORDER BY sector DESC, indicator, source, year""")


def denominators(lake: Lake) -> Rows:
    """Denominators of the last year of each method."""
    return lake.rows("""
        SELECT country, species, method, year, value, unit, counted_by, known_from FROM gold.denominator
        WHERE species IN ('all', 'human')
        QUALIFY row_number() OVER (PARTITION BY country, species, method ORDER BY year DESC) = 1
        ORDER BY country, species DESC, method""")


def _exposures(rows: Rows) -> list[dict[str, Any]]:
    """Packs a month of each source, stacked by substance, and those treated in the last complete month."""
    found = []
    for source in sorted({r["source"] for r in rows}):
        own = [r for r in rows if r["source"] == source]
        indices = [figures.month_index(r["month"]) for r in own]
        names = list(dict.fromkeys(r["substance_name"] for r in own))
        series = {n: {r["month"]: max(r["n_packs"], 0) for r in own if r["substance_name"] == n} for n in names}
        complete = max((r["month"] for r in own if r["is_complete"]), default=None)
        treated = {r["substance_name"]: r["n_treated"] for r in own if r["month"] == complete}
        label = f"Packs a month, {source}, by substance: {', '.join(names)}"
        found.append(
            {
                "source": source,
                "complete": complete,
                "substances": [(n, sum(series[n].values()), treated.get(n)) for n in names],
                "figure": figures.stacked_months(series, label, (min(indices), max(indices))),
            }
        )
    return found


def _reconciled(rows: Rows) -> Rows:
    return [
        r
        | {
            "figure": figures.histogram(
                [r["bins"].count(i) for i in range(BINS)], f"ratios of {r['other_source']} to {r['source']}"
            )
        }
        for r in rows
    ]


def _triangles(rows: Rows) -> list[dict[str, Any]]:
    """Packs of each month of care, stacked by the months that they came after it."""
    found = []
    for source in sorted({r["source"] for r in rows}):
        own = [r for r in rows if r["source"] == source]
        lags = sorted({r["lag"] for r in own})
        series = {str(lag): {r["month"]: max(r["n_packs"], 0) for r in own if r["lag"] == lag} for lag in lags}
        indices = [figures.month_index(r["month"]) for r in own]
        figure = figures.stacked_months(
            series, f"Packs a month of care, {source}, by lag", (min(indices), max(indices))
        )
        whole = sum(max(r["n_packs"], 0) for r in own) or 1
        shares = [(lag, sum(max(r["n_packs"], 0) for r in own if r["lag"] == lag) / whole) for lag in lags]
        found.append({"source": source, "figure": figure, "shares": shares})
    return found


def _nowcasts(rows: Rows) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], Rows] = {}
    for row in rows:
        found.setdefault((row["source"], row["name"]), []).append(row)
    return [
        {
            "source": source,
            "name": "all substances" if name == "all" else name,
            "last": points[-1],
            "figure": charts.nowcast(points, f"Packs by month of care, {source}, {name}"),
        }
        for (source, name), points in found.items()
    ]


def _rates(rows: Rows) -> Rows:
    extent = charts.ratio_extent(rows)
    return [row | {"figure": charts.ratio_row(row, extent)} for row in rows]


def _antimicrobials(rows: Rows) -> list[dict[str, Any]]:
    """A chart an indicator, a line a source, and what agencies published of it."""
    found = []
    for sector, indicator in dict.fromkeys((r["sector"], r["indicator"]) for r in rows):
        own = [r for r in rows if r["indicator"] == indicator]
        series: dict[str, dict[int, float]] = {}
        for row in own:
            series.setdefault(row["source"], {})[row["year"]] = row["value"]
            if row["published_value"] is not None:
                series.setdefault(f"published by {row['published_by']}", {})[row["year"]] = row["published_value"]
        breaks = sorted({r["year"] for r in own if r["is_series_break"]})
        found.append(
            {
                "sector": sector,
                "indicator": indicator,
                "series": list(series),
                "figure": charts.lines(series, f"{indicator} by year: {', '.join(series)}", breaks),
                "breaks": breaks,
                "last": _last(series),
            }
        )
    return found


def _last(series: Mapping[str, Mapping[int, float]]) -> list[tuple[str, int, float]]:
    return [(name, max(values), values[max(values)]) for name, values in series.items()]
