"""Drawings of quantities over time and of ratios with their intervals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipelines.report.figures import Scale, levels, log2, month_index, nice_ceiling, shape, svg
from pipelines.report.format import count, is_number, score

WIDE, TALL, LEFT, BOTTOM, TOP = 262, 132, 40, 20, 10
MONTHS = 12


def nowcast(points: Sequence[Mapping[str, Any]], label: str) -> Markup:
    """Months as bars of what has come, with the estimate of what will have and its interval.

    `points` hold `month`, `n_observed`, `n_estimated`, `n_lower`, `n_upper`.
    """
    highest = max(max(p[c] for c in ("n_observed", "n_estimated", "n_upper") if is_number(p[c])) for p in points)
    first = month_index(points[0]["month"])
    ceiling = nice_ceiling(highest)
    x, y = Scale(first, month_index(points[-1]["month"]) + 1, LEFT, WIDE - 6), Scale(0, ceiling, TALL - BOTTOM, TOP)
    body = _grid(y, ceiling)
    for p in points:
        at = month_index(p["month"])
        left, right = x(at), x(at + 1)
        middle, top = round((left + right) / 2, 1), y(max(p["n_observed"], 0))
        body += f'<path class="fill0" d="M{left} {y(0)}V{top}H{round(right - 2, 1)}V{y(0)}z"/>'
        if is_number(p["n_lower"]) and is_number(p["n_upper"]) and p["n_upper"] > p["n_lower"]:
            body += f'<path class="ic bar" d="M{middle} {y(max(p["n_lower"], 0))}V{y(p["n_upper"])}"/>'
        if is_number(p["n_estimated"]):
            body += f'<circle class="ic dot" cx="{middle}" cy="{y(max(p["n_estimated"], 0))}" r="3.2"/>'
        if p["month"].month in (1, 7) or p is points[0]:
            body += f'<text class="tick start" x="{left}" y="{TALL - 6}">{p["month"]:%Y-%m}</text>'
    return svg(WIDE, TALL, body, label, "trend")


def lines(series: Mapping[str, Mapping[int, float]], label: str, breaks: Sequence[int] = ()) -> Markup:
    """Values by year, a line a series in the order given; dashed where the series changes."""
    years = sorted({year for values in series.values() for year in values})
    ceiling = nice_ceiling(max((v for values in series.values() for v in values.values()), default=0))
    x, y = Scale(years[0] - 0.5, years[-1] + 0.5, LEFT, WIDE - 6), Scale(0, ceiling, TALL - BOTTOM, TOP)
    body = _grid(y, ceiling)
    for year in breaks:
        body += f'<path class="alert" d="M{x(year - 0.5)} {TOP}V{TALL - BOTTOM}"/>'
    for position, values in enumerate(series.values()):
        at = [(x(year), y(value)) for year, value in sorted(values.items())]
        css = f"stroke{position % 6}"
        body += f'<path class="course {css}" d="M{"L".join(f"{px} {py}" for px, py in at)}"/>'
        body += "".join(f'<circle class="fill{position % 6}" cx="{px}" cy="{py}" r="3"/>' for px, py in at)
    step = max(1, len(years) // 4)
    body += "".join(f'<text class="tick" x="{x(v)}" y="{TALL - 6}">{v}</text>' for v in years[::step])
    return svg(WIDE, TALL, body, label, "trend")


def ratio_row(row: Mapping[str, Any], extent: tuple[float, float]) -> Markup:
    """A ratio with its interval on an axis of doublings; an open end is drawn to the edge."""
    width, height = 220, 18
    x = Scale(*extent, 4, width - 4)
    low, middle, high = (log2(row[c]) for c in ("ratio_lower", "ratio", "ratio_upper"))
    start = extent[0] if low is None else max(low, extent[0])
    end = extent[1] if high is None else min(high, extent[1])
    body = f'<path class="zero" d="M{x(0)} 0V{height}"/><path class="eb bar" d="M{x(start)} 9H{x(max(start, end))}"/>'
    if middle is not None and extent[0] <= middle <= extent[1]:
        body += f'<circle class="eb dot" cx="{x(middle)}" cy="9" r="3.6"/>'
    return svg(width, height, body, f"ratio {score(row['ratio'])}", "forest")


def ratio_extent(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Doublings that an axis shows: all estimates, and one more on either side."""
    known = [v for r in rows if (v := log2(r["ratio"])) is not None]
    return (min([0.0, *known]) - 1, max([1.0, *known]) + 1)


def _grid(y: Scale, ceiling: float) -> str:
    return levels(y, ceiling, (LEFT, WIDE - 6), count if ceiling >= 20 else score)


def recognition_row(row: Mapping[str, Any], span: tuple[dt.date, dt.date]) -> Markup:
    """One pair on an axis of days: first flagged (triangle), discussed (circle), acted on (square)."""
    width, height = 300, 22
    x = Scale(span[0].toordinal(), max(span[1].toordinal(), span[0].toordinal() + 1), 8, width - 8)
    days = {c: row.get(c) for c in ("first_flagged", "opened_date", "acted_date")}
    at = {name: x(day.toordinal()) for name, day in days.items() if day is not None}
    body = f'<path class="grid" d="M8 11H{width - 8}"/>'
    if len(at) > 1:
        body += f'<path class="eb bar soft" d="M{min(at.values())} 11H{max(at.values())}"/>'
    marks = {"first_flagged": "prr", "opened_date": "ic", "acted_date": "ror"}
    body += "".join(shape(marks[name], place, 11) for name, place in at.items())
    label = ", ".join(f"{name.replace('_', ' ')} {day}" for name, day in days.items() if day is not None)
    return svg(width, height, body, label or "no day known", "forest")


def stretches(points: Sequence[Mapping[str, Any]], label: str) -> Markup:
    """Shares in time with their intervals, a line within each segment alone.

    `points` hold `period_start`, `n_months`, `segment`, `value`; `lower` and `upper` may be null.
    """
    at = {id(p): month_index(p["period_start"]) + p["n_months"] / 2 for p in points}
    ceiling = min(1.0, nice_ceiling(max(p["upper"] if is_number(p["upper"]) else p["value"] for p in points)))
    first, last = min(at.values()), max(at.values())
    x = Scale(first - points[0]["n_months"], last + points[0]["n_months"], LEFT, WIDE - 6)
    y = Scale(0, ceiling, TALL - BOTTOM, TOP)
    body = _grid(y, ceiling)
    for segment in dict.fromkeys(p["segment"] for p in points):
        own = [p for p in points if p["segment"] == segment]
        places = [(x(at[id(p)]), y(p["value"])) for p in own]
        body += f'<path class="course stroke0" d="M{"L".join(f"{px} {py}" for px, py in places)}"/>'
        for p, (px, py) in zip(own, places, strict=True):
            if is_number(p["lower"]):
                body += f'<path class="ic bar soft" d="M{px} {y(p["lower"])}V{y(p["upper"])}"/>'
            body += f'<circle class="fill0" cx="{px}" cy="{py}" r="2.4"/>'
    for p in points[:: max(1, len(points) // 4)]:
        text = f"{p['period_start']:%Y-%m}" if p["n_months"] < MONTHS else f"{p['period_start']:%Y}"
        body += f'<text class="tick" x="{x(at[id(p)])}" y="{TALL - 6}">{text}</text>'
    return svg(WIDE, TALL, body, label, "trend")


def share_row(row: Mapping[str, Any], highest: float) -> Markup:
    """A share with its interval on an axis from nothing to `highest`; empty where it has none."""
    width, height = 180, 18
    x = Scale(0, highest, 4, width - 4)
    body = f'<path class="grid" d="M4 9H{width - 4}"/>'
    if is_number(row["value"]) and is_number(row["lower"]):
        body += f'<path class="eb bar" d="M{x(row["lower"])} 9H{x(row["upper"])}"/>'
        body += f'<circle class="eb dot" cx="{x(row["value"])}" cy="9" r="3.6"/>'
    return svg(width, height, body, f"share {score(row['value'])}", "forest")


def swings(rows: Sequence[Mapping[str, Any]], label: str) -> Markup:
    """Bars of a tornado: `parameter`, `lower` and `upper` of each, `value` of all, the widest on top."""
    height, named = 26, 96
    extent = (min(0.0, *(r["lower"] for r in rows)), max(r["upper"] for r in rows) or 1.0)
    x = Scale(*extent, named, WIDE - 6)
    body = ""
    for position, r in enumerate(rows):
        top = position * height + 4
        left, right = x(r["lower"]), max(x(r["upper"]), x(r["lower"]) + 1)
        body += f'<path class="fill0" fill-opacity="0.7" d="M{left} {top}H{right}V{top + height - 8}H{left}z"/>'
        name = r["parameter"].replace("_per_inhabitant_day", "").replace("_", " ")
        body += f'<text class="tick start" x="2" y="{top + 12}">{name} {score(r["low"])}–{score(r["high"])}</text>'
    middle = x(rows[0]["value"])
    body += f'<path class="zero" d="M{middle} 0V{len(rows) * height}"/>'
    return svg(WIDE, len(rows) * height + 4, body, label, "trend")
