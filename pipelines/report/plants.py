"""The section on plants and ingredients in all their guises: questions to the lake."""

from __future__ import annotations

from typing import Any

from pipelines.report.data import Lake, Rows

PLANTS, OTHERS = 20, 10


def section(lake: Lake) -> dict[str, Any]:
    """All that the section shows."""
    return {"plants": rows(lake, "kind = 'plant'", PLANTS), "others": rows(lake, "kind <> 'plant'", OTHERS)}


def rows(lake: Lake, which: str, most: int) -> Rows:
    """Those reported most, over all vigilances; the sum orders rows and is shown nowhere."""
    return lake.rows(f"""
        SELECT plant, kind, parts, synonyms, n_drugs, n_monographs, n_combinations, n_reports_medicine,
            n_reports_supplement, n_reports_cosmetic, n_reports_tattoo, n_reports_veterinary, n_signals, interacts_with
        FROM gold.plant_view WHERE {which}
        ORDER BY n_reports_medicine + n_reports_supplement + n_reports_cosmetic + n_reports_tattoo
            + n_reports_veterinary DESC, plant LIMIT {most}""")
