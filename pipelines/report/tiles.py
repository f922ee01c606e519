"""Départements as tiles, each about where it lies: a map without boundaries, on which small ones are as large."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from pipelines.report.figures import svg
from pipelines.report.format import is_number, score

ROWS = """
.. .. .. .. .. .. 62 59 .. .. .. ..
.. .. .. .. 76 80 60 02 08 .. .. ..
.. .. 50 14 27 95 93 77 51 55 57 67
29 22 35 61 78 92 75 94 10 52 54 88
.. 56 53 72 28 91 45 89 21 70 90 68
.. 44 49 37 41 18 58 71 39 25 .. ..
.. 85 79 86 36 03 42 69 01 74 .. ..
.. 17 16 87 23 63 43 38 73 .. 971 972
.. 33 24 19 15 48 07 26 05 .. 973 974
.. 40 47 46 12 30 84 04 06 .. 976 ..
.. 64 32 82 81 34 13 83 .. .. .. ..
.. .. 65 31 11 66 .. .. .. .. 2B ..
.. .. .. 09 .. .. .. .. .. .. 2A ..
"""
PLACES = {
    name: (column, row)
    for row, line in enumerate(ROWS.strip().splitlines())
    for column, name in enumerate(line.split())
    if name != ".."
}
SIDE, GAP = 34, 2
STEPS = 5  # shades, by rank: as many départements in each


def tiles(values: Mapping[str, float], label: str) -> Markup:
    """Tiles shaded by rank, empty without a value. `values` are by INSEE code; what has no tile is left out."""
    known = sorted(v for name, v in values.items() if name in PLACES and is_number(v))
    body = ""
    for name, (column, row) in PLACES.items():
        x, y, value = column * (SIDE + GAP), row * (SIDE + GAP), values.get(name, float("nan"))
        css, opacity = "grid", ""
        if is_number(value):
            share = sum(v <= value for v in known) / len(known)
            css, opacity = "fill0", f' fill-opacity="{-(-share * STEPS // 1) / STEPS * 0.5 + 0.05:.2f}"'
        shape = f'<rect class="{css}" x="{x}" y="{y}" width="{SIDE}" height="{SIDE}"{opacity}'
        body += shape + (' fill="none"/>' if not opacity else "/>")
        body += f'<text class="tick" x="{x + SIDE / 2:g}" y="{y + 14}">{name}</text>'
        if is_number(value):
            body += f'<text class="tick" x="{x + SIDE / 2:g}" y="{y + 27}">{score(value)}</text>'
    width = (1 + max(c for c, _ in PLACES.values())) * (SIDE + GAP)
    height = (1 + max(r for _, r in PLACES.values())) * (SIDE + GAP)
    return svg(width, height, body, label, "wide")
