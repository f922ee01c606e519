"""The validation report: every rule of every table, what it found, and how to mend what is broken."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from expectations.run import Outcome

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c2733;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.1rem;margin:2rem 0 .3rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #dde3ea;vertical-align:top}
.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#a61b1b;font-weight:600}.na{color:#66727f}
@media(prefers-color-scheme:dark){body{background:#12171d;color:#dfe6ee}td,th{border-color:#2b3642}}
@media print{body{margin:0;max-width:none}}
"""
COLUMNS = ("rule", "found", "rows", "break it", "%", "must hold")
HEADER = "<tr>" + "".join(f"<th>{name}</th>" for name in COLUMNS) + "</tr>"


def write_validation(outcomes: Sequence[Outcome], out: Path) -> Path:
    """Write the report as one HTML file without outside requests; returns `out`. It holds counts, never values."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page(outcomes), encoding="utf-8")
    return out


def page(outcomes: Sequence[Outcome]) -> str:
    """Return the report as text, tables with broken rules first."""
    tables = [(name, list(found)) for name, found in groupby(outcomes, key=lambda o: o.rule.table)]
    tables.sort(key=lambda item: (not any(o.success is False for o in item[1]), item[0]))
    broken = sum(o.success is False for o in outcomes)
    passed = sum(o.success is True for o in outcomes)
    head = f"{passed} rules hold, {broken} are broken, {len(outcomes) - passed - broken} do not apply."
    body = "".join(_table(name, found) for name, found in tables)
    title = "Validation report"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{STYLE}</style>"
        f"<h1>{title}</h1><p>{head} Rules come from the table classes; counts are of rows, values are never shown.</p>"
        f"{body}</html>"
    )


def _table(name: str, outcomes: Sequence[Outcome]) -> str:
    rows = "".join(_row(o) for o in outcomes)
    return f"<h2>{escape(name)}</h2><table>{HEADER}{rows}</table>"


def _row(outcome: Outcome) -> str:
    found, css = {True: ("holds", ""), False: ("broken", "bad"), None: ("does not apply", "na")}[outcome.success]
    if outcome.success is None and outcome.detail:
        found = f"{found}: {outcome.detail}"
    advice = f"<br>{escape(outcome.rule.advice)}" if outcome.success is False else ""
    return (
        f'<tr><td>{escape(outcome.rule.name)}{advice}</td><td class="{css}">{escape(found)}</td>'
        f"<td class=n>{outcome.n_rows:,}</td><td class=n>{outcome.n_unexpected:,}</td>"
        f"<td class=n>{outcome.percent:.3g}</td><td>{outcome.rule.threshold:.0%}</td></tr>"
    )
