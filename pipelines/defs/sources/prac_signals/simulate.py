"""Signals at the simulated PRAC: recommendations in CSV, and two states of the list of discussions in JSON."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

from pipelines.defs.sources.prac_signals.read import CSV, KEYS
from pipelines.defs.sources.prac_signals.tables import PracDiscussion
from pipelines.simulator.acts import Recognition, recognitions
from pipelines.simulator.files import put
from pipelines.simulator.world import World

STATES = (dt.date(2013, 3, 31), dt.date(2013, 12, 31))
MEETING = 3  # days before the last one


def write(world: World, out: Path) -> None:
    """Write the recommendations up to two dates, and the lists of those dates."""
    acts = [r for r in recognitions(world) if r.domain == "human"]
    for day in STATES:
        folder = out / "prac_signals"
        put(folder / f"prac_signals_{day}.csv", _recommendations(acts, day))
        put(folder / f"ema_prac_halmed_senales_{day}.json", _discussions(acts, day))


def _meeting(last: dt.date) -> str:
    first = last - dt.timedelta(days=MEETING)
    begun = f"{first.day}" if first.month == last.month else f"{first.day} {first:%B}"
    return f"{begun}-{last.day} {last:%B %Y}"


def _names(act: Recognition, is_printed: bool) -> str:
    """Name of the substance as documents print it: every fifth with a footnote digit."""
    name = act.substance["name"].capitalize()
    return f"{name}4" if is_printed and act.number % 5 == 0 else name


def _signal(act: Recognition) -> str:
    name = act.term["human_pt"]
    return f"Increased risk of {name.lower()}" if act.number % 7 == 0 else name


def _recommendations(acts: list[Recognition], day: dt.date) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(CSV)
    for act in acts:
        told = [(act.opened, "table", str(act.number)), (act.acted, "product_information", "")]
        for last, section, epitt in told:
            published = last + dt.timedelta(days=25) if last else None
            if last and published and published <= day and (section == "table" or act.kind != "batch"):
                reference = f"EMA/PRAC/{last:%y%m%d}/{last.year}"
                names, meeting = _names(act, is_printed=True), _meeting(last)
                writer.writerow([names, _signal(act), epitt, section, meeting, reference, published, ""])
    return file.getvalue().encode()


def _discussions(acts: list[Recognition], day: dt.date) -> bytes:
    rows: list[dict[str, Any]] = []
    keys = {column: key for key, column in KEYS[PracDiscussion].items()}
    for act in acts:
        for last, action in ((act.opened, "No"), (act.acted, "Yes")):
            if last and last <= day:
                row = {
                    "substance": _names(act, is_printed=False),
                    "signal": act.term["human_pt"],
                    "meeting": _meeting(last),
                    "meeting_start": str(last - dt.timedelta(days=MEETING)),
                    "action": action,
                    "note": None,
                    "list_file": f"The-list-of-all-signals-{day:%B-%Y}.xlsx",
                    "list_url": "https://halmed.example/list.xlsx",
                    "list_updated": str(day),
                }
                rows.append({keys[column]: value for column, value in row.items()})
    return json.dumps(rows, ensure_ascii=False, indent=1).encode()
