"""The data-quality part of the report: from counts by source to bars, shares and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.report import data, figures
from pipelines.report.format import count, words

_SEVERITIES = ("error", "warn", "warning", "info")


def section(lake: data.Lake, reports: data.Rows, outcomes: Sequence[Any] | None) -> dict[str, Any]:
    """Everything the quality section shows."""
    return {
        "deliveries": data.deliveries(lake),
        "refusals": data.refusals(lake),
        "quarantined": data.quarantined(lake),
        "codings": {"Product names": codings(data.name_codings(lake)), "Events": codings(data.event_codings(lake))},
        "methods": data.CODINGS,
        "completeness": completeness(data.completeness(lake)),
        "duplicates": [r for r in reports if r["n_cases"]],
        "checks": checks(outcomes),
    }


def codings(rows: data.Rows) -> data.Rows:
    """One row a source: records by coding method, with a bar of 100 %."""
    by_source: dict[str, dict[str, int]] = {}
    for row in rows:
        by_source.setdefault(row["source"], {})[row["coding_method"]] = row["n"]
    return [
        {
            "source": source,
            "parts": parts,
            "n": sum(parts.values()),
            "n_coded": sum(parts.values()) - parts.get("uncoded", 0),
            "bar": figures.shares(parts, data.CODINGS),
        }
        for source, parts in sorted(by_source.items())
    ]


def completeness(rows: data.Rows) -> data.Rows:
    """One row a source, with its distribution drawn."""
    found = []
    for row in rows:
        counts = [0] * 10
        for position, n in zip(row["bins"], row["counts"], strict=True):
            counts[position] = n
        label = f"Completeness of {count(row['n'])} reports of {words(row['source'])}, ten bins from 0 to 1"
        found.append(row | {"figure": figures.histogram(counts, label)})
    return found


def checks(outcomes: Sequence[Any] | None) -> dict[str, Any] | None:
    """Outcomes of the data checks: those that failed, worst first, and how many held for each table.

    An outcome is any object with address, rule, success, severity, n_rows, n_unexpected, advice.
    """
    if outcomes is None:
        return None
    failed = [o for o in outcomes if not o.success]
    tables: dict[str, dict[str, int]] = {}
    for outcome in outcomes:
        table = tables.setdefault(outcome.address, {"held": 0, "failed": 0})
        table["held" if outcome.success else "failed"] += 1
    return {
        "n": len(outcomes),
        "failed": sorted(failed, key=lambda o: (_severity(o), o.address, str(o.rule))),
        "tables": dict(sorted(tables.items())),
    }


def _severity(outcome: Any) -> int:
    name = str(getattr(outcome.severity, "value", outcome.severity)).lower()
    return next((i for i, known in enumerate(_SEVERITIES) if known in name), 0)
