"""Charts as Vega-Lite specifications: data and meaning only, their colours stand in `static/charts.js`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
Rows = Sequence[Mapping[str, Any]]


def trend(
    rows: Rows,
    estimate: str,
    lower: str,
    upper: str,
    threshold: float,
    is_ratio: bool,
    alert: Any,
    words: Mapping[str, str],
) -> dict[str, Any]:
    """One score by month with its interval, the threshold of its rule and the month at which it was first met.

    `words` name what is drawn: `month`, `score`, `interval`, `threshold`, `alert`.
    """
    values = [
        {"month": _first(r["month"]), "score": r[estimate], "low": r[lower], "high": r[upper]}
        for r in rows
        if r[estimate] is not None and not (is_ratio and r[estimate] <= 0)
    ]
    if is_ratio:  # a bound of 0 has no place on an axis of ratios
        least = min((v["low"] for v in values if v["low"]), default=0.1)
        values = [v | {"low": max(v["low"] or least, least / 2)} for v in values]
    scale = {"type": "log", "base": 2} if is_ratio else {"type": "linear", "zero": False}
    x = {
        "field": "month",
        "type": "temporal",
        "title": None,
        "axis": {"format": "%Y-%m", "tickCount": 5, "labelAngle": 0},
    }
    y = {"type": "quantitative", "scale": scale, "title": None, "axis": {"tickCount": 4, "format": "~g"}}
    tooltip = [
        {"field": "month", "type": "temporal", "format": "%Y-%m", "title": words["month"]},
        {"field": "score", "type": "quantitative", "format": ".2f", "title": words["score"]},
        {"field": "low", "type": "quantitative", "format": ".2f", "title": words["interval"]},
    ]
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "area", "style": "interval"},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {"mark": {"type": "line", "style": "score"}, "encoding": {"x": x, "y": {**y, "field": "score"}}},
        {
            "mark": {"type": "point", "style": "dot"},
            "encoding": {"x": x, "y": {**y, "field": "score"}, "tooltip": tooltip},
        },
        {
            "data": {"values": [{"at": threshold, "name": words["threshold"]}]},
            "mark": {"type": "rule", "style": "threshold"},
            "encoding": {"y": {**y, "field": "at"}},
        },
    ]
    if alert is not None:
        at = {"data": {"values": [{"month": _first(alert), "name": words["alert"]}]}}
        layers += [
            {**at, "mark": {"type": "rule", "style": "alert"}, "encoding": {"x": x}},
            {
                **at,
                "mark": {"type": "text", "style": "alert-name"},
                "encoding": {"x": x, "y": {"value": 6}, "text": {"field": "name"}},
            },
        ]
    return _spec(130, {"data": {"values": values}, "layer": layers})


def reports(rows: Rows, words: Mapping[str, str]) -> dict[str, Any]:
    """Reports by month: those new in it as bars, all of them as a line. `words`: `month`, `new`, `all`, `expected`."""
    values = [{"month": _first(r["month"]), "new": r["n_new"], "all": r["a"], "expected": r["expected"]} for r in rows]
    x = {
        "field": "month",
        "type": "temporal",
        "title": None,
        "axis": {"format": "%Y-%m", "tickCount": 5, "labelAngle": 0},
    }
    y = {"type": "quantitative", "title": None, "axis": {"tickCount": 4}}
    tooltip = [
        {"field": "month", "type": "temporal", "format": "%Y-%m", "title": words["month"]},
        {"field": "new", "type": "quantitative", "title": words["new"]},
        {"field": "all", "type": "quantitative", "title": words["all"]},
        {"field": "expected", "type": "quantitative", "format": ".1f", "title": words["expected"]},
    ]
    layers = [
        {"mark": {"type": "bar", "style": "new"}, "encoding": {"x": x, "y": {**y, "field": "new"}, "tooltip": tooltip}},
        {"mark": {"type": "line", "style": "score"}, "encoding": {"x": x, "y": {**y, "field": "all"}}},
        {"mark": {"type": "line", "style": "threshold"}, "encoding": {"x": x, "y": {**y, "field": "expected"}}},
    ]
    return _spec(130, {"data": {"values": values}, "layer": layers})


def curve(rows: Rows, words: Mapping[str, str]) -> dict[str, Any]:
    """Cases by month of receipt, serious ones within. `words`: `month`, `n`, `serious`."""
    values: list[dict[str, Any]] = [{"month": _first(r["month"]), "n": r["n"], "serious": r["n_serious"]} for r in rows]
    axis = {"format": "%Y-%m", "tickCount": 8, "labelAngle": 0}
    x: dict[str, Any] = {"field": "month", "timeUnit": "utcyearmonth", "type": "temporal", "title": None, "axis": axis}
    y = {"type": "quantitative", "title": None, "axis": {"tickCount": 4}}
    tooltip = [
        {"field": "month", "type": "temporal", "format": "%Y-%m", "title": words["month"]},
        {"field": "n", "type": "quantitative", "title": words["n"]},
        {"field": "serious", "type": "quantitative", "title": words["serious"]},
    ]
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "bar", "style": "new"}, "encoding": {"x": x, "y": {**y, "field": "n"}, "tooltip": tooltip}},
        {"mark": {"type": "bar", "style": "of-new"}, "encoding": {"x": x, "y": {**y, "field": "serious"}}},
    ]
    return _spec(110, {"data": {"values": values}, "layer": layers})


def forest(rows: Rows, words: Mapping[str, str]) -> dict[str, Any]:
    """Information component of each group with its interval. Rows hold `name`, `ic`, `ic025`, `ic975`."""
    values = [
        {"name": r["name"], "ic": r["ic"], "low": r["ic025"], "high": r["ic975"]} for r in rows if r["ic"] is not None
    ]
    y = {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 220}}
    x = {"type": "quantitative", "title": words["axis"], "axis": {"tickCount": 6}}
    tooltip = [
        {"field": "name", "type": "nominal", "title": words["group"]},
        {"field": "ic", "type": "quantitative", "format": ".2f", "title": "IC"},
        {"field": "low", "type": "quantitative", "format": ".2f", "title": "IC025"},
        {"field": "high", "type": "quantitative", "format": ".2f", "title": "IC975"},
    ]
    layers = [
        {
            "data": {"values": [{"at": 0}]},
            "mark": {"type": "rule", "style": "threshold"},
            "encoding": {"x": {**x, "field": "at"}},
        },
        {
            "mark": {"type": "rule", "style": "span"},
            "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "style": "dot"},
            "encoding": {"y": y, "x": {**x, "field": "ic"}, "tooltip": tooltip},
        },
    ]
    return _spec({"step": 24}, {"data": {"values": values}, "layer": layers})


def spans(rows: Rows, words: Mapping[str, str]) -> dict[str, Any]:
    """A number of each method with its bounds. Rows hold `method`, `value`, `lower`, `upper`."""
    values = [{"name": r["method"], "ic": r["value"], "low": r["lower"], "high": r["upper"]} for r in rows]
    y = {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 160}}
    x = {"type": "quantitative", "title": words["axis"], "axis": {"tickCount": 5}}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rule", "style": "span"},
            "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {"mark": {"type": "point", "style": "dot"}, "encoding": {"y": y, "x": {**x, "field": "ic"}}},
    ]
    return _spec({"step": 18}, {"data": {"values": values}, "layer": layers})


def two_sides(rows: Rows, names: Sequence[str], words: Mapping[str, str]) -> dict[str, Any]:
    """Information component of each event on two sides, one above the other: dots and squares."""
    values = [
        {"name": r["term_name"], "side": name, "ic": r[f"ic_{n}"], "low": r[f"ic025_{n}"], "high": r[f"ic975_{n}"]}
        for r in rows
        for n, name in zip(("one", "two"), names, strict=True)
        if r[f"ic_{n}"] is not None
    ]
    y = {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 220}}
    x = {"type": "quantitative", "title": words["axis"], "axis": {"tickCount": 6}}
    tooltip = [
        {"field": "name", "type": "nominal", "title": words["group"]},
        {"field": "side", "type": "nominal", "title": " "},
        {"field": "ic", "type": "quantitative", "format": ".2f", "title": "IC"},
    ]
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": [{"at": 0}]},
            "mark": {"type": "rule", "style": "threshold"},
            "encoding": {"x": {**x, "field": "at"}},
        }
    ]
    for name, style, shape, offset in zip(names, ("", "-other"), ("circle", "square"), (-4, 4), strict=True):
        of = [value for value in values if value["side"] == name]
        if not of:  # an empty layer would be a mark that nothing names
            continue
        at = {**y, "scale": {"domain": list(dict.fromkeys(v["name"] for v in values))}}
        layers += [
            {
                "data": {"values": of},
                "mark": {"type": "rule", "style": f"span{style}", "yOffset": offset, "y2Offset": offset},
                "encoding": {"y": at, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {
                "data": {"values": of},
                "mark": {"type": "point", "style": f"dot{style}", "shape": shape, "yOffset": offset},
                "encoding": {"y": at, "x": {**x, "field": "ic"}, "tooltip": tooltip},
            },
        ]
    return _spec({"step": 26}, {"layer": layers})


def by_year(rows: Rows, measure: str, words: Mapping[str, str]) -> dict[str, Any]:
    """Use by year, a line for each source, country and species. `words`: `year`, `n`."""
    values = [
        {"year": f"{r['year']}", "n": r[measure], "line": f"{r['source']}, {r['country']}, {r['species']}"}
        for r in rows
        if r[measure] is not None
    ]
    line = {"field": "line", "type": "nominal", "title": None}
    encoding = {
        "x": {"field": "year", "type": "ordinal", "title": None, "axis": {"labelAngle": 0}},
        "y": {"field": "n", "type": "quantitative", "title": words["n"], "axis": {"tickCount": 4, "format": "~s"}},
        "color": {**line, "legend": {"orient": "bottom", "columns": 2, "labelLimit": 240}},
        "shape": line,
        "tooltip": [
            {"field": "line", "type": "nominal", "title": " "},
            {"field": "year", "type": "ordinal", "title": words["year"]},
            {"field": "n", "type": "quantitative", "format": ",.0f", "title": words["n"]},
        ],
    }
    return _spec(220, {"data": {"values": values}, "mark": {"type": "line", "point": True}, "encoding": encoding})


def _spec(height: Any, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"$schema": SCHEMA, "width": "container", "height": height, **body}


def _first(month: Any) -> str:
    """First day of a month: an axis names a month by it, and the end of one lies beside the next."""
    return f"{month:%Y-%m}-01"
