"""The validation report: what is broken first, then every rule of every table, by source and layer."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from expectations.compile import CRITICAL
from expectations.run import Outcome
from pipelines.core.table import BronzeTable

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:74rem;padding:0 1rem;color:#1c2733;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin:2rem 0 .3rem}h3{font-size:1rem;margin:1.2rem 0 .2rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}caption{text-align:left;color:#4d5a67}
td,th{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #dde3ea;vertical-align:top}
th{font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bad{color:#a61b1b;font-weight:600}.warn{color:#8a4b00;font-weight:600}.na,.soft{color:#5b6672}a{color:#1b5f94}
summary{cursor:pointer;padding:.2rem 0}code{font-size:.95em;overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{background:#12171d;color:#dfe6ee}td,th{border-color:#2b3642}
.bad{color:#ff8a80}.warn{color:#ffb74d}.na,.soft,caption{color:#a3afbb}a{color:#7fc1f0}}
@media print{body{margin:0;max-width:none}}
"""
LAYERS = ["Bronze", "Silver", "Gold"]
FOUND = {True: ("holds", ""), False: ("broken", "bad"), None: ("does not apply", "na")}


def write_validation(outcomes: Sequence[Outcome], out: Path) -> Path:
    """Write the report as one HTML file without outside requests; returns `out`. It holds counts, never values."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page(outcomes), encoding="utf-8")
    return out


def page(outcomes: Sequence[Outcome]) -> str:
    """Return the report as text: a summary, what is broken, then every rule by source or layer, and table."""
    ordered = sorted(outcomes, key=_place)
    groups = {name: list(found) for name, found in groupby(ordered, key=_group)}
    broken = [o for o in outcomes if o.success is False]
    title = "Validation report"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{_head(outcomes)}{_broken(broken)}{_summary(groups)}"
        f"{''.join(_section(name, found) for name, found in groups.items())}</main></body></html>"
    )


def _group(outcome: Outcome) -> str:
    """Source of a bronze table, layer of another."""
    from pipelines.core.catalog import tables

    table = tables().get(outcome.rule.table)
    if table is not None and issubclass(table, BronzeTable):
        return f"Source {table.source}"
    return outcome.rule.table.split(".")[0].capitalize()


def _place(outcome: Outcome) -> tuple[int, str, str]:
    """Order on the page: sources by name, then the layers on the data's way."""
    group = _group(outcome)
    return (LAYERS.index(group) if group in LAYERS else -1, group, outcome.rule.table)


def _head(outcomes: Sequence[Outcome]) -> str:
    n_held = sum(o.success is True for o in outcomes)
    broken = [o for o in outcomes if o.success is False]
    n_critical = sum(o.rule.severity == CRITICAL for o in broken)
    n_na = len(outcomes) - n_held - len(broken)
    return (
        f"<p>{n_held:,} rules hold, {len(broken):,} are broken ({n_critical:,} critical), {n_na:,} do not apply. "
        "Rules come from the table classes; counts are of rows, values are never shown.</p>"
    )


def _broken(broken: Sequence[Outcome]) -> str:
    """List what is broken, critical rules first, then by the share of rows."""
    if not broken:
        return "<h2>Broken</h2><p>Nothing.</p>"
    worst = sorted(broken, key=lambda o: (o.rule.severity != CRITICAL, -o.percent, o.rule.table, o.rule.name))
    head = _header("table", "rule", "severity", "rows", "break it", "%", "how to mend")
    rows = "".join(
        f'<tr><td><a href="#{_anchor(o.rule.table)}"><code>{escape(o.rule.table)}</code></a></td>'
        f"<td>{escape(_says(o))}</td>"
        f'<td class="{"bad" if o.rule.severity == CRITICAL else "warn"}">{escape(o.rule.severity)}</td>'
        f"{_numbers(o)}<td>{escape(o.rule.advice)}</td></tr>"
        for o in worst
    )
    return f'<h2>Broken</h2><div class="wide" tabindex="0"><table>{head}<tbody>{rows}</tbody></table></div>'


def _summary(groups: dict[str, list[Outcome]]) -> str:
    rows = "".join(
        f'<tr><td><a href="#{_anchor(name)}">{escape(name)}</a></td>'
        + "".join(f'<td class="n">{n:,}</td>' for n in _counts(found))
        + "</tr>"
        for name, found in groups.items()
    )
    head = _header("source or layer", "tables", "hold", "broken", "do not apply")
    return (
        f'<h2>By source and layer</h2><div class="wide" tabindex="0"><table>{head}<tbody>{rows}</tbody></table></div>'
    )


def _counts(found: Sequence[Outcome]) -> tuple[int, int, int, int]:
    """Tables, rules that hold, that are broken, that do not apply."""
    n = [sum(o.success is state for o in found) for state in (True, False, None)]
    return (len({o.rule.table for o in found}), n[0], n[1], n[2])


def _section(name: str, found: Sequence[Outcome]) -> str:
    tables = "".join(_table(address, list(rules)) for address, rules in groupby(found, key=lambda o: o.rule.table))
    return f'<h2 id="{_anchor(name)}">{escape(name)}</h2>{tables}'


def _table(address: str, outcomes: Sequence[Outcome]) -> str:
    _, n_held, n_broken, n_na = _counts(outcomes)
    counts = f"{n_held} hold, {n_broken} broken, {n_na} do not apply"
    told = f'<code>{escape(address)}</code> <span class="soft">{counts}</span>'
    head = _header("rule", "found", "rows", "break it", "%")
    rows = "".join(map(_row, outcomes))
    return (
        f'<details id="{_anchor(address)}"{" open" if n_broken else ""}><summary>{told}</summary>'
        f'<div class="wide" tabindex="0"><table>{head}<tbody>{rows}</tbody></table></div></details>'
    )


def _row(outcome: Outcome) -> str:
    found, css = FOUND[outcome.success]
    if outcome.detail:
        found = f"{found}: {outcome.detail}"
    return f'<tr><td>{escape(_says(outcome))}</td><td class="{css}">{escape(found)}</td>{_numbers(outcome)}</tr>'


def _says(outcome: Outcome) -> str:
    return outcome.rule.says or outcome.rule.name.replace("_", " ")


def _numbers(outcome: Outcome) -> str:
    numbers = (f"{outcome.n_rows:,}", f"{outcome.n_unexpected:,}", f"{outcome.percent:.3g}")
    return "".join(f'<td class="n">{number}</td>' for number in numbers)


def _header(*names: str) -> str:
    numeric = {"rows", "break it", "%", "tables", "hold", "broken", "do not apply"}
    cells = "".join(f'<th scope="col"{" class=n" if name in numeric else ""}>{name}</th>' for name in names)
    return f"<thead><tr>{cells}</tr></thead>"


def _anchor(text: str) -> str:
    return text.replace(" ", "-")
