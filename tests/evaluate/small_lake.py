"""A small lake written without the engine: reports drawn at random, some corrected, withdrawn, or found to be twins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

from pipelines.core.table import Table
from pipelines.defs.silver.coded_report.tables import Code, CodedReport, CodeLevel, Stratum
from pipelines.defs.silver.report.tables import DuplicateLink, ReportEvent, ReportHistory, ReportProduct
from pipelines.defs.silver.substance.tables import Substance
from pipelines.defs.silver.term.tables import Term
from pipelines.defs.silver.term_bridge.tables import TermBridge

BEGIN = (2015 - 1900) * 12
MONTHS = 48
SUBSTANCES, EVENTS = 14, 18
FIRST = dt.date(1900, 1, 1)
Row = dict[str, Any]


def day(month: int) -> dt.date:
    """Tenth of a month since January 1900."""
    return dt.date(1900 + month // 12, month % 12 + 1, 10)


def write(root: Path, table: type[Table], rows: list[Row]) -> None:
    """Write rows of a table, null where nothing is given."""
    schema = table.arrow_schema()
    full = [dict.fromkeys(schema.names) | row for row in rows]
    write_deltalake(str(root / table.layer / table.name), pa.Table.from_pylist(full, schema=schema))


def drawn(n: int = 2500, seed: int = 3) -> list[Row]:
    """Versions of reports, with all that a lake tells of them; the pair of a substance and its own number is frequent, later for the higher ones."""
    random = np.random.default_rng(seed)
    popular = 1 / np.arange(1, SUBSTANCES + 1)
    rows = []
    for i in range(n):
        at = int(MONTHS * np.sqrt(random.random()))
        taken = sorted({int(x) for x in random.choice(SUBSTANCES, 1 + random.integers(3), p=popular / popular.sum())})
        suspect = taken[: 1 + random.integers(len(taken))]
        events = {int(x) for x in random.integers(0, EVENTS, 1 + random.integers(3))}
        events |= {s for s in suspect if at >= 2 * s and random.random() < 0.35}
        row = {
            "key": f"r{i:05}",
            "version": 1,
            "from": at,
            "to": None,
            "domain": "veterinary" if i % 3 == 0 else "human",
            "species": ("dog", "cat", "horse")[i % 9 // 3] if i % 3 == 0 else "human",
            "country": ("FR", "DE", "US", "JP", None)[random.integers(5)],
            "sex": ("female", "male", None)[random.integers(3)],
            "age_group": ("elderly", "adult", "unknown")[random.integers(3)],
            "serious": (True, False, None)[random.integers(3)],
            "reporter": ("consumer", "physician", None)[random.integers(3)],
            "type": ("literature", "spontaneous")[int(random.random() < 0.9)],
            "taken": taken,
            "suspect": suspect,
            "events": sorted(events),
            "batch": ("A1", "B2", None)[random.integers(3)],
            "days": (3, 90, None)[random.integers(3)],
            "rechallenge": ("positive", None)[int(random.random() < 0.8)],
        }
        rows.append(row)
        if random.random() < 0.15 and at + 3 < MONTHS:
            again = row | {"version": 2, "from": at + 3, "events": sorted(events)[:1], "serious": True}
            row["to"] = at + 3
            if random.random() < 0.7:
                rows.append(again)
    return rows


def lake(root: Path, rows: list[Row], links: Sequence[tuple[str, str, int, int | None]] = ()) -> Path:
    """Write the tables that an evaluation reads.

    links: two keys, the month in which they were found to be twins, and that in which somebody rejected it, if any.
    """
    strata: dict[tuple[Any, ...], int] = {}
    coded, history, products, events = [], [], [], []
    for r in rows:
        region = {"FR": "france", "DE": "eea", None: "unknown"}.get(r["country"], "other")
        key = (r["domain"], r["species"], r["age_group"], r["sex"] or "unknown", region)
        of = {"report_key": r["key"], "report_version": r["version"]}
        codes = {"substances": r["suspect"], "taken": r["taken"], "terms": r["events"]}
        coded.append(
            of
            | {name: [c + 1 for c in values] for name, values in codes.items()}
            | {"month_from": BEGIN + r["from"], "month_to": None if r["to"] is None else BEGIN + r["to"]}
            | {"stratum": strata.setdefault(key, len(strata))}
        )
        said = {"country": r["country"], "is_serious": r["serious"], "reporter": r["reporter"]}
        said |= {"report_type": r["type"], "sex": r["sex"], "source": "s", "domain": r["domain"]}
        history.append(of | said)
        for seq, s in enumerate(r["taken"], 1):
            told = {"batch": r["batch"], "days_to_onset": r["days"], "rechallenge": r["rechallenge"]}
            role = "primary_suspect" if s == r["suspect"][0] else "concomitant"
            products.append(of | told | {"product_seq": seq, "role": role, "substance_keys": [f"S{s:02}"]})
        events += [of | {"event_seq": i, "term_key": f"t:{e:02}"} for i, e in enumerate(r["events"], 1)]
    codes_rows = [{"kind": "substance", "code": i + 1, "key_coded": f"S{i:02}"} for i in range(SUBSTANCES)]
    codes_rows += [{"kind": "term", "code": i + 1, "key_coded": f"t:{i:02}"} for i in range(EVENTS)]
    levels = [
        {"kind": "substance", "level": "atc4", "code": i + 1, "group_key": f"atc:C{i // 3}"} for i in range(SUBSTANCES)
    ]
    levels += [{"kind": "term", "level": "hlt", "code": i + 1, "group_key": f"hlt:{i // 4}"} for i in range(EVENTS)]
    names = ("domain", "species", "age_group", "sex", "region")
    write(root, CodedReport, coded)
    write(root, Stratum, [dict(zip(names, key, strict=True)) | {"stratum": n} for key, n in strata.items()])
    write(root, ReportHistory, history)
    write(root, ReportProduct, products)
    write(root, ReportEvent, events)
    write(root, Code, codes_rows)
    write(root, CodeLevel, levels)
    write(
        root,
        DuplicateLink,
        [
            {"report_key": a, "other_report_key": b, "known_from": day(BEGIN + m), "rule": "identifier"}
            | {"known_to": None if end is None else day(BEGIN + end)}
            for a, b, m, end in links
        ],
    )
    since = {"known_from": FIRST, "is_current": True}
    write(
        root,
        Substance,
        [since | {"substance_key": f"S{i:02}", "substance_name": f"SUBSTANCE {i:02}"} for i in range(SUBSTANCES)],
    )
    write(
        root,
        Term,
        [
            since | {"term_key": f"t:{i:02}", "dictionary": "veddra", "term_name": f"Event {i:02}"}
            for i in range(EVENTS)
        ],
    )
    write(
        root,
        TermBridge,
        [{"term_key": f"t:{i:02}", "event_key": f"e:{i:02}", "event_name": f"Event {i:02}"} for i in range(EVENTS)],
    )
    return root
