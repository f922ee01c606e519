"""Figures as inline SVG: pure functions from numbers to text, coloured by the page's style sheet.

Belongs here: geometry. Does not: reading tables. Every text is escaped; colours are classes, so that figures follow
the light and the dark page and the printer. Ratios are drawn on a base-2 logarithmic axis, where an IC of 1 bit and an
EBGM of 2 stand at the same place.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from pipelines.report.format import count, is_number, month

FOREST_WIDTH, FOREST_HEIGHT = 300, 30
MARGIN = 18


@dataclass(frozen=True)
class Scale:
    """A linear scale from data to pixels; what lies outside is put on the border."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        part = (value - self.low) / ((self.high - self.low) or 1)
        return round(self.start + min(max(part, 0), 1) * (self.end - self.start), 1)

    def holds(self, value: float) -> bool:
        """Tell whether a value lies on the scale."""
        return self.low <= value <= self.high


def svg(width: float, height: float, body: str, label: str = "", css: str = "") -> Markup:
    """Wrap shapes; a figure without a label is decoration beside numbers that say the same."""
    name = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return Markup(
        f'<svg class="{css}" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" {name}>{body}</svg>'
    )


def log2(value: Any) -> float | None:
    """Base-2 logarithm of a positive number, else nothing."""
    return math.log2(value) if is_number(value) and value > 0 else None


def month_index(day: dt.date) -> int:
    """Months since year 0, so that distances are whole months."""
    return day.year * 12 + day.month - 1


def forest_extent(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Bits to show: all upper bounds up to 1,000 times the expected, lower bounds down to a half."""
    uppers: list[Any] = [v for r in rows for v in (r.get("ic975"), log2(r.get("eb95"))) if is_number(v)]
    return -1, min(max(math.ceil(max(uppers, default=3.0)), 3), 10)


def forest_scale(extent: tuple[int, int]) -> Scale:
    """Scale shared by the axis and all rows of one forest plot."""
    return Scale(*extent, MARGIN, FOREST_WIDTH - MARGIN)


def forest_axis(extent: tuple[int, int]) -> Markup:
    """Axis in both units: times expected (EBGM) above, bits (IC) below."""
    x, step = forest_scale(extent), 1 if extent[1] - extent[0] <= 8 else 2
    marks = []
    for bits in range(extent[0], extent[1] + 1):
        if bits % step == 0:
            ratio = f"×{2**bits}" if bits >= 0 else "×½"
            marks.append(f'<text x="{x(bits)}" y="11" class="tick">{ratio}</text>')
            marks.append(f'<text x="{x(bits)}" y="25" class="tick soft">{str(bits).replace("-", "−")}</text>')
    return svg(FOREST_WIDTH, 30, "".join(marks), "Times the expected number, and bits", "axis")


def forest_row(row: Mapping[str, Any], extent: tuple[int, int]) -> Markup:
    """Two intervals of one pair: EBGM with EB05–EB95 above, IC with IC025–IC975 below."""
    x = forest_scale(extent)
    empirical = _interval(x, 10, log2(row.get("eb05")), log2(row.get("ebgm")), log2(row.get("eb95")), "eb")
    information = _interval(x, 20, row.get("ic025"), row.get("ic"), row.get("ic975"), "ic")
    return svg(FOREST_WIDTH, FOREST_HEIGHT, empirical + information, css="forest")


def _interval(x: Scale, y: float, low: Any, middle: Any, high: Any, css: str) -> str:
    if not (is_number(low) and is_number(middle) and is_number(high)):
        return ""
    line = f'<path class="{css} bar" d="M{x(low)} {y}H{x(high)}"/>'
    ends = [(low, -1), (high, 1)]
    arrows = "".join(
        f'<path class="{css} dot" d="M{x(v) + s * 5} {y}l{-s * 6} -3.5v7z"/>' for v, s in ends if not x.holds(v)
    )
    if not x.holds(middle):
        return line + arrows
    return f'{line}{arrows}<circle class="{css} dot" cx="{x(middle)}" cy="{y}" r="3.6"/>'


def nice_ceiling(value: float) -> float:
    """Smallest of 1, 2, 5 times a power of ten that is not below the value."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(f * power for f in (1, 2, 5, 10) if f * power >= value * (1 - 1e-9))


def stacked_months(series: Mapping[str, Mapping[dt.date, int]], label: str, span: tuple[int, int]) -> Markup:
    """Reports a month, stacked by series in the order given; `span` is the first and last month index shown."""
    width, height, left, bottom, top = 1080, 190, 52, 24, 8
    months = range(span[0], span[1] + 1)
    by_index = {name: {month_index(m): n for m, n in values.items()} for name, values in series.items()}
    totals = [sum(values.get(i, 0) for values in by_index.values()) for i in months]
    ceiling = nice_ceiling(max(totals, default=0))
    x, y = Scale(span[0], span[1] + 1, left, width - 4), Scale(0, ceiling, height - bottom, top)
    base = dict.fromkeys(months, 0)
    paths = []
    for position, values in enumerate(by_index.values()):
        parts = []
        for i in months:
            if n := values.get(i, 0):
                gap = 0.6 if len(months) < 160 else 0
                parts.append(f"M{x(i)} {y(base[i])}V{y(base[i] + n)}H{round(x(i + 1) - gap, 1)}V{y(base[i])}z")
                base[i] += n
        paths.append(f'<path class="fill{position % 6}" d="{"".join(parts)}"/>')
    grid = levels(y, ceiling, (left, width - 4))
    return svg(width, height, grid + "".join(paths) + _years(x, span, height - 6), label, "wide")


def levels(y: Scale, ceiling: float, span: tuple[float, float], written: Callable[[float], str] = count) -> str:
    """Lines at nothing, half and all of the ceiling, from left to right, with what they stand for."""
    return "".join(
        f'<path class="grid" d="M{span[0]} {y(v)}H{span[1]}"/>'
        f'<text class="tick end" x="{span[0] - 6}" y="{y(v) + 4}">{written(v)}</text>'
        for v in (0, ceiling / 2, ceiling)
    )


def _years(x: Scale, span: tuple[int, int], y: float) -> str:
    years = [i for i in range(span[0], span[1] + 1) if i % 12 == 0]
    step = max(1, math.ceil(len(years) * 44 / max(x.end - x.start, 1)))
    shown = [i for i in years if (i // 12) % step == 0]
    return "".join(
        f'<path class="year" d="M{x(i)} {y - 15}v4"/><text class="tick start" x="{x(i) + 2}" y="{y}">{i // 12}</text>'
        for i in shown
    )


def trend(points: Sequence[Mapping[str, Any]], bits: tuple[float, float], span: tuple[int, int], label: str) -> Markup:
    """IC as a line above its 95 % interval, month by month, with the first month at which any rule was met.

    `points` hold `month`, `ic`, `ic025`, `ic975`; the first may hold `first_flagged`, and `acts`: `day` and `what`,
    discussed or acted. `bits` is the shared y range.
    """
    width, height, left, bottom, top = 262, 132, 26, 20, 14
    x, y = Scale(span[0], span[1] + 1, left, width - 6), Scale(*bits, height - bottom, top)
    known = [p for p in points if is_number(p["ic"]) and is_number(p["ic025"])]
    at = [(x(month_index(p["month"])), p) for p in known]
    body = "".join(
        f'<path class="{"zero" if v == 0 else "grid"}" d="M{left} {y(v)}H{width - 6}"/>'
        f'<text class="tick end" x="{left - 5}" y="{y(v) + 4}">{str(v).replace("-", "−")}</text>'
        for v in _bit_ticks(bits)
    )
    if at:
        upper = "".join(f"L{px} {y(p['ic975'] if is_number(p.get('ic975')) else p['ic'])}" for px, p in reversed(at))
        body += f'<path class="band" d="M{_line(at, y, "ic025")}{upper}z"/>'
        body += f'<path class="line soft" d="M{_line(at, y, "ic025")}"/><path class="line" d="M{_line(at, y, "ic")}"/>'
    for act in points[0].get("acts", ()) if points else ():
        if span[0] <= month_index(act["day"]) <= span[1]:
            px = x(month_index(act["day"]) + act["day"].day / 31)
            body += f'<path class="act {act["what"]}" d="M{px} {top}V{height - bottom}"><title>{act["what"]} {act["day"]}</title></path>'
    first = points[0].get("first_flagged") if points else None
    if first is not None and span[0] <= month_index(first) <= span[1]:
        px = x(month_index(first))
        side = "end" if px > width * 0.7 else "start"
        body += f'<path class="alert" d="M{px} {top - 4}V{height - bottom}"/><circle class="alertdot" cx="{px}" cy="{top - 4}" r="3"/>'
        body += f'<text class="tick alerttext {side}" x="{px + (-6 if side == "end" else 6)}" y="{top}">{month(first)}</text>'
    return svg(width, height, body + _years(x, span, height - 4), label, "trend")


def _line(at: Sequence[tuple[float, Mapping[str, Any]]], y: Scale, name: str) -> str:
    return "L".join(f"{px} {y(p[name])}" for px, p in at)


def _bit_ticks(bits: tuple[float, float]) -> list[int]:
    step = 2 if bits[1] - bits[0] <= 8 else 4
    return [v for v in range(math.ceil(bits[0]), math.floor(bits[1]) + 1) if v % step == 0]


def shares(parts: Mapping[str, int], order: Sequence[str]) -> Markup:
    """One bar of 100 %, cut by the classes in `order`."""
    total, start, body = sum(parts.values()), 0.0, ""
    for position, name in enumerate(order):
        size = 300 * parts.get(name, 0) / total if total else 0
        if size:
            body += f'<rect class="part{position}" x="{start:.1f}" y="0" width="{size:.1f}" height="12"/>'
            start += size
    return Markup(
        f'<svg class="shares" viewBox="0 0 300 12" preserveAspectRatio="none" aria-hidden="true">{body}</svg>'
    )


def histogram(counts: Sequence[int], label: str) -> Markup:
    """Bars of equal bins from 0 to 1."""
    width, height = 180, 36
    bin_width, most = width / len(counts), max(counts, default=0) or 1
    body = "".join(
        f'<rect class="fill0" x="{i * bin_width + 0.5:.1f}" y="{height - 1 - 34 * n / most:.1f}" '
        f'width="{bin_width - 1:.1f}" height="{34 * n / most:.1f}"/>'
        for i, n in enumerate(counts)
        if n
    )
    return svg(width, height, f'<path class="zero" d="M0 {height - 0.5}H{width}"/>{body}', label, "histogram")


SHAPES = {"prr": "M-4 3.5L0 -4L4 3.5z", "ror": "M-3.5 -3.5h7v7h-7z", "ic": "", "ebgm": "M0 -4.6L4.6 0L0 4.6L-4.6 0z"}


def shape(rule: str, x: float, y: float) -> str:
    """Marker of a rule: triangle, square, circle, diamond."""
    if rule == "ic":
        return f'<circle class="rule-ic" cx="{x:g}" cy="{y:g}" r="3.8"/>'
    return f'<path class="rule-{rule}" transform="translate({x:g} {y:g})" d="{SHAPES[rule]}"/>'


def key(rule: str) -> Markup:
    """The marker alone, for a legend."""
    return svg(12, 12, shape(rule, 6, 6), css="key")


def delays(months: Mapping[str, int | None], longest: int) -> Markup:
    """Months from the planted start to the first flag, one marker a rule; markers at the same month stand apart."""
    width, height = 300, 30
    x = Scale(0, max(longest, 1), MARGIN, width - MARGIN)
    known = [(rule, value) for rule, value in months.items() if value is not None]
    body = f'<path class="grid" d="M{MARGIN} 15H{width - MARGIN}"/>'
    if known:
        body += f'<path class="eb bar soft" d="M{MARGIN} 15H{x(max(v for _, v in known))}"/>'
    rows = {"prr": 6, "ror": 12, "ic": 18, "ebgm": 24}
    body += "".join(shape(rule, x(value), rows[rule]) for rule, value in known)
    return svg(width, height, body, css="forest")


def delay_axis(longest: int) -> Markup:
    """Axis of `delays`, in months after the start."""
    x = Scale(0, max(longest, 1), MARGIN, 300 - MARGIN)
    step = max(1, int(nice_ceiling(longest / 6)))
    body = "".join(f'<text class="tick" x="{x(v)}" y="14">{v}</text>' for v in range(0, longest + 1, step))
    return svg(300, 18, body, "Months after the planted start", "axis")
