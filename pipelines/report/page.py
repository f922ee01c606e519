"""Writing the report: ask the lake, draw, fill the template, one file."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from models.methods import METHODS, MGPS, MGPS_SHRUNK
from models.mgps.fit import FITS
from models.mgps.shrink import SHRUNK
from pipelines.report import access, acts, data, figures, gmo, plants, quality, residues, resistance, sites, truth, use
from pipelines.report.format import FILTERS, population

# Methods with a course, and whether their estimate is a ratio (drawn as log2) or in bits already.
IS_RATIO = {
    **{
        name: not method.in_bits
        for name, method in METHODS.items()
        if method.is_compared and name not in (MGPS, MGPS_SHRUNK)
    },
    **dict.fromkeys((f"mgps_{likelihood}{shrunk}" for likelihood in FITS for shrunk in ("", SHRUNK)), True),
}
Spans = Mapping[str, tuple[int, int]]
TEMPLATES = Path(__file__).parent / "templates"
LABELS = {
    "data_state": "State of the data",
    "code_version": "Version of the code",
    "as_of": "Known on",
    "run_id": "Run",
    "run_seconds": "Run time",
}


def write(
    query: data.Query,
    out: Path,
    *,
    title: str = "Signal report",
    facts: Mapping[str, Any] | None = None,
    truth: Path | None = None,
    outcomes: Sequence[Any] | None = None,
) -> Path:
    """Write the report of the lake behind `query` to `out`, one self-contained HTML file, and return `out`.

    `query` answers DuckDB SQL over `layer.table` names with a polars frame; where it raises `QueryError`, the section
    says so. `facts` are shown in their order: data_state, code_version, as_of, run_id, run_seconds (a number) under
    their labels, others under their own names. `truth` is the folder in which a simulator wrote what it planted;
    `outcomes` are those of the data checks.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page(query, title, facts or {}, truth, outcomes), encoding="utf-8")
    return out


def page(
    query: data.Query, title: str, facts: Mapping[str, Any], folder: Path | None, outcomes: Sequence[Any] | None
) -> str:
    """Return the report as text."""
    lake = data.Lake(query)
    reports = data.reports(lake)
    populations = data.populations(lake)
    activity, trends, compared = data.activity(lake), data.trends(lake), data.compared(lake)
    spans = _spans(activity, trends, compared)
    content = {
        "title": title,
        "facts": _facts(facts),
        "is_simulated": folder is not None,
        "reports": reports,
        "priors": data.priors(lake),
        "rules": data.RULES,
        "populations": populations,
        "ranked": _ranked(lake),
        "limits": {"top": data.TOP, "new": data.NEW},
        "activity": _activity(activity, spans),
        "use": use.section(lake),
        "resistance": resistance.section(lake),
        "residues": residues.section(lake),
        "plants": plants.section(lake),
        "acts": acts.section(lake),
        "sites": sites.section(lake),
        "access": access.section(lake),
        "gmo": gmo.section(lake),
        "trends": _trends(trends, populations, spans, acts.recognised(lake)),
        "compared": _compared(compared, populations, spans),
        "interactions": data.interactions(lake),
        "masked": data.masked(lake),
        "truth": _truth(lake, folder, populations) if folder else None,
        "quality": quality.section(lake, reports, outcomes),
    }
    content["unread"] = lake.unread
    return render("page.html.j2", content)


def render(template: str, content: Mapping[str, Any]) -> str:
    """Fill a page's template, with the style and script that all pages share."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.globals |= {"key": figures.key}
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template(template).render(
        **content,
        style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),  # noqa: S704  (our own file)
        script=Markup(script),  # noqa: S704  (our own file)
        script_hash=f"sha256-{digest}",
    )


def _facts(facts: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    """Label, value and kind of each fact that has a value."""
    found = []
    for name, value in facts.items():
        if value is not None and value != "":
            label = LABELS.get(name, name.replace("_", " ").capitalize())
            kind = "duration" if name.endswith("_seconds") else "date" if isinstance(value, dt.date) else "text"
            found.append((label, value, kind))
    return found


def _ranked(lake: data.Lake) -> dict[str, dict[str, Any]]:
    found = {}
    for name, rows in data.ranked(lake).items():
        extent = figures.forest_extent(rows)
        x = figures.forest_scale(extent)
        found[name] = {
            "rows": [row | {"figure": figures.forest_row(row, extent)} for row in rows],
            "axis": figures.forest_axis(extent),
            "one": x(0),
            "two": x(1),
        }
    return found


def _spans(
    activity: data.Rows, trends: Mapping[str, list[data.Rows]], compared: Mapping[str, Mapping[int, data.Rows]]
) -> Spans:
    """First and last month that anything drawn of a population has: one date axis for all its figures."""
    months: dict[str, set[int]] = {}
    for row in activity:
        months.setdefault(row["domain"], set()).add(figures.month_index(row["month"]))
    for by_population in (trends, {name: list(pairs.values()) for name, pairs in compared.items()}):
        for name, pairs in by_population.items():
            months.setdefault(name, set()).update(figures.month_index(p["month"]) for pair in pairs for p in pair)
    return {name: (min(found), max(found)) for name, found in months.items()}


def _activity(rows: data.Rows, spans: Spans) -> list[dict[str, Any]]:
    found = []
    for domain in sorted({r["domain"] for r in rows}):
        own = [r for r in rows if r["domain"] == domain]
        totals: dict[str, int] = {}
        for row in own:
            totals[row["source"]] = totals.get(row["source"], 0) + row["n_reports"]
        sources = sorted(totals, key=lambda s: -totals[s])
        series = {s: {r["month"]: r["n_reports"] for r in own if r["source"] == s} for s in sources}
        label = f"Reports a month, {domain}, by source: {', '.join(sources)}"
        found.append(
            {
                "domain": domain,
                "sources": [(s, totals[s]) for s in sources],
                "figure": figures.stacked_months(series, label, spans[domain]),
                "years": _by_year(own, sources),
                "n": sum(totals.values()),
            }
        )
    return found


def _by_year(rows: data.Rows, sources: Sequence[str]) -> list[tuple[int, list[int], int]]:
    years: dict[int, dict[str, int]] = {}
    for row in rows:
        year = years.setdefault(row["month"].year, {})
        year[row["source"]] = year.get(row["source"], 0) + row["n_reports"]
    return [(y, [n.get(s, 0) for s in sources], sum(n.values())) for y, n in sorted(years.items(), reverse=True)]


def _trends(
    trends: Mapping[str, list[data.Rows]],
    populations: data.Rows,
    spans: Spans,
    recognised: Mapping[tuple[str, str, bool], data.Rows],
) -> list[dict[str, Any]]:
    """Small multiples of each domain on common axes, in the order of the populations."""
    order = [row["population"] for row in populations]
    found = []
    for name, pairs in sorted(trends.items(), key=lambda item: order.index(item[0])):
        points = [p for pair in pairs for p in pair]
        highest = max((p["ic975"] for p in points if p["ic975"] is not None), default=4)
        bits, span = (-2.0, float(min(max(highest, 2), 12))), spans[name]
        panels = []
        for pair in pairs:
            last = pair[-1]
            pair[0]["acts"] = recognised.get((last["substance_key"], last["term_key"], name == "human"), [])
            label = f"IC over months, {last['substance_name']} and {last['term_name']}"
            panels.append(last | {"figure": figures.trend(pair, bits, span, label)})
        found.append({"population": name, "panels": panels})
    return found


def _compared(
    compared: Mapping[str, Mapping[int, data.Rows]], populations: data.Rows, spans: Spans
) -> list[dict[str, Any]]:
    """All methods about a pair: a panel each on common axes in bits, and those of the last month as a table."""
    order = [row["population"] for row in populations]
    found = []
    for name, pairs in sorted(compared.items(), key=lambda item: order.index(item[0])):
        for rows in pairs.values():
            by_method: dict[str, data.Rows] = {}
            for row in rows:
                by_method.setdefault(row["method"], []).append(row)
            courses = {m: [_in_bits(p) for p in points] for m, points in by_method.items() if m in IS_RATIO}
            points = [p for course in courses.values() for p in course]
            highest = max((p["ic975"] for p in points if p["ic975"] is not None), default=4.0)
            if not points:
                continue
            bits, span = (-2.0, float(min(max(highest, 2), 10))), spans[name]
            panels = []
            for method, course in courses.items():
                first = next((p["month"] for p in course if p["is_signal"]), None)
                course[0]["first_flagged"] = first
                label = f"{method} over months, {course[0]['substance_name']} and {course[0]['term_name']}"
                panels.append(course[-1] | {"figure": figures.trend(course, bits, span, label), "first": first})
            last = [points[-1] for points in by_method.values() if points[-1]["is_latest"]]
            found.append({"population": name, "pair": last[0], "panels": panels, "last": last})
    return found


def _in_bits(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as a point of a course: ratios as their logarithm to base 2, what has no bound as the estimate alone."""
    given = (row[name] for name in ("estimate", "lower", "upper"))
    if IS_RATIO[row["method"]]:
        given = (math.log2(v) if v is not None and v > 0 else None for v in given)
    estimate, lower, upper = given
    return {**row, "ic": estimate, "ic025": estimate if lower is None else lower, "ic975": upper}


def _truth(lake: data.Lake, folder: Path, populations: data.Rows) -> dict[str, Any]:
    planted = truth.read(folder)
    scored = {row["population"]: row["month"] for row in populations}
    history = data.pair_history(lake)
    findings = truth.match(planted, history)
    findings.sort(key=lambda f: (f.planted.population, f.planted.start or dt.date.max, f.planted.substance))
    concerned = {p.population for p in planted}
    longest = max((d for f in findings for d in f.delays.values() if d is not None), default=12)
    signals = [f for f in findings if not f.planted.is_artefact]
    return {
        "signals": [(f, figures.delays(f.delays, longest)) for f in signals],
        "artefacts": [f for f in findings if f.planted.is_artefact],
        "n_found": sum(f.is_found for f in signals),
        "axis": figures.delay_axis(longest),
        "performance": truth.performance(findings, truth.flagged_at_last(history, concerned, scored)),
        "populations": [population(name) for name in sorted(concerned)],
    }
