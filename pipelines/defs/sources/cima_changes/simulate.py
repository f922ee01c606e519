"""The simulated register of changes: labels that follow recognised harms, an extraction a month in which any did."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from pipelines.core.dates import end_of_month
from pipelines.simulator.acts import Recognition, recognitions
from pipelines.simulator.files import put
from pipelines.simulator.world import World

DAYS = 30
SITE = "https://cima.example/dochtml"


def write(world: World, out: Path) -> None:
    """Write an extraction at the end of each month in which a human label changed; the last one twice, a week apart."""
    acts = [r for r in recognitions(world) if r.domain == "human" and r.labelled]
    months = sorted({end_of_month(r.labelled.year, r.labelled.month) for r in acts if r.labelled})
    for day in [*months, *(m + dt.timedelta(days=7) for m in months[-1:])]:
        own = [r for r in acts if r.labelled and day - dt.timedelta(days=DAYS) <= r.labelled <= day]
        put(out / "cima_changes" / f"cima_{day:%Y%m%d}.json", _extraction(own, day))


def _extraction(acts: list[Recognition], day: dt.date) -> bytes:
    begun = day - dt.timedelta(days=DAYS)
    told = {
        "generado": f"{day}T15:22:46Z",
        "fecha_codigo": f"{day:%Y%m%d}",
        "periodo": {"desde": f"{begun:%d/%m/%Y}", "hasta": f"{day:%d/%m/%Y}", "dias": DAYS},
        "stats": {"total": len(acts), "top_labs": [{"lab": "SANTALIA", "n": len(acts)}]},
        "registros": [_record(r) for r in acts],
    }
    return json.dumps(told, ensure_ascii=False, indent=2).encode()


def _record(act: Recognition) -> dict[str, Any]:
    number = 40_000 + int(act.product["product_no"])
    has_ft, has_leaflet = act.number % 4 != 1, act.number % 4 != 2
    return {
        "nreg": str(number),
        "nombre": str(act.product["name"]).upper(),
        "lab": act.product["holder"],
        "fecha": f"{act.labelled:%d/%m/%Y} 06:56",
        "tipo": "MODIFICADO",
        "otros": "",
        "cat": "both" if has_ft and has_leaflet else "ft" if has_ft else "prosp",
        "has_ft": has_ft,
        "has_prosp": has_leaflet,
        "ft_pdf": None,
        "ft_html": f"{SITE}/ft/{number}" if has_ft else None,
        "p_pdf": None,
        "p_html": f"{SITE}/p/{number}" if has_leaflet else None,
    }
