"""Links as a drawing: what is one link from the start in the first column, what is two in the second, and so on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

WIDTH, HEIGHT, GAP, ROW = 190, 34, 90, 46
MOST = 40  # things in a column; the others are counted
LONGEST = 27
STYLE = "text{font:11px sans-serif;fill:#222}.k{fill:#666;font-size:9px}"
STYLE += "rect{fill:#fff;stroke:#888}path{fill:none;stroke:#999}"


def drawn(
    rows: Sequence[dict[str, Any]], href: Callable[[str], str] | None = None, style: str = STYLE, label: str = ""
) -> str:
    """SVG of the rows of `gerland trace`.

    `href` gives the address that a thing opens; without `style` the page that it stands on has one.
    """
    names, depths = _things(rows)
    columns: dict[int, list[str]] = {}
    for thing, depth in depths.items():
        columns.setdefault(depth, []).append(thing)
    places = {
        thing: (10 + i * (WIDTH + GAP), 10 + j * ROW)
        for i, depth in enumerate(sorted(columns))
        for j, thing in enumerate(columns[depth][:MOST])
    }
    lines = [_line(places, row) for row in rows if row["thing"] in places and row["other"] in places]
    boxes = [_box(thing, names[thing], *at, href(thing) if href else "") for thing, at in places.items()]
    more = [
        f'<text x="{10 + i * (WIDTH + GAP)}" y="{10 + MOST * ROW + 14}">and {len(columns[depth]) - MOST} more</text>'
        for i, depth in enumerate(sorted(columns))
        if len(columns[depth]) > MOST
    ]
    width = 20 + len(columns) * (WIDTH + GAP)
    height = 40 + ROW * max((min(len(c), MOST) for c in columns.values()), default=1)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
    head += f' width="{width}" height="{height}" role="{"group" if href else "img"}"'
    head += f' aria-label="{escape(label)}">' if label else ">"
    return "\n".join([head, f"<style>{style}</style>" if style else "", *lines, *boxes, *more, "</svg>"])


def _things(rows: Sequence[dict[str, Any]]) -> tuple[dict[str, str], dict[str, int]]:
    """Names and depths of all things, each at its first."""
    names: dict[str, str] = {}
    depths: dict[str, int] = {}
    for row in rows:
        for end, depth in (("thing", row["depth"] - 1), ("other", row["depth"])):
            depths.setdefault(row[end], depth)
            names.setdefault(row[end], row[f"{end}_name"] or row[end].split(":", 1)[1])
    return names, depths


def _line(places: dict[str, tuple[int, int]], row: dict[str, Any]) -> str:
    (x1, y1), (x2, y2) = places[row["thing"]], places[row["other"]]
    start, end, half = x1 + WIDTH, x2, (x1 + WIDTH + x2) / 2
    path = f"M{start} {y1 + HEIGHT / 2} C{half} {y1 + HEIGHT / 2} {half} {y2 + HEIGHT / 2} {end} {y2 + HEIGHT / 2}"
    label = f'<text class="k" x="{end - 6}" y="{y2 + HEIGHT / 2 - 3}" text-anchor="end">{escape(row["link"])}</text>'
    return f'<path d="{path}"/>{label}'


def _box(thing: str, name: str, x: int, y: int, href: str) -> str:
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    box = (
        f'<g><title>{escape(thing)}</title><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="3"/>'
        f'<text class="k" x="{x + 6}" y="{y + 12}">{escape(thing.split(":")[0])}</text>'
        f'<text x="{x + 6}" y="{y + 26}">{escape(short)}</text></g>'
    )
    return f'<a href="{escape(href)}">{box}</a>' if href else box
