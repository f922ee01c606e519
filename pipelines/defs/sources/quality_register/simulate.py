"""States of the registers: two of medicines for people as the chain of a bad batch unfolds, one of all at the end."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.quality_register import tables as t
from pipelines.simulator import sites
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import World

Rows = list[dict[str, Any]]
DAYS = (dt.date(2012, 11, 30), dt.date(2012, 12, 31), dt.date(2024, 12, 31))
LABORATORIES = ("Laboratoire central Arvenne", "Lab. central Arvenne SAS", "LABORATOIRE DU CONFLUENT")
FILES: dict[type[BronzeTable], str] = {
    t.RegisteredInspection: "inspections",
    t.RegisteredBatch: "batches",
    t.RegisteredDistribution: "distribution",
    t.RegisteredDefect: "defects",
    t.RegisteredResult: "results",
    t.RegisteredRecall: "recalls",
}


def write(world: World, out: Path) -> None:
    """Write `quality_register/<day>/<register>.csv`: what was known on each day, the whole of each register."""
    made, followed, inspected = sites.lots(world), sites.chains(world), sites.inspections(world)
    for day in DAYS:
        known = [lot for lot in made if lot.made <= day]
        rows: dict[type[BronzeTable], Rows] = {
            t.RegisteredInspection: _inspections(inspected, day),
            t.RegisteredBatch: [_batch(lot) for lot in known],
            t.RegisteredDistribution: [row for lot in known if lot.month <= day for row in _distribution(lot)],
            t.RegisteredDefect: _defects(known, followed, day),
            t.RegisteredResult: _results(known, followed, day),
            t.RegisteredRecall: [_recall(chain) for chain in followed if chain.recalled <= day],
        }
        for table, told in rows.items():
            schema = dict.fromkeys(table.source_columns(), pl.String)
            texts = [{k: None if v is None else str(v) for k, v in row.items()} for row in told]
            frame = pl.DataFrame(texts, schema=schema)
            put_csv(out / "quality_register" / day.isoformat() / f"{FILES[table]}.csv", frame, ",")


def _inspections(inspected: list[sites.Inspected], day: dt.date) -> Rows:
    rows: Rows = []
    for one in inspected:
        if one.day > day:
            continue
        site = one.site
        head = {
            "inspection_number": one.number,
            "domain": "human",
            "oms_location_id": site.oms,
            "site_name": site.name,
            "city": site.city,
            "country": "France",
            "activities": "manufacture|quality control",
            "complexity": site.complexity,
            "criticality": site.criticality,
            "practice": "gmp",
            "last_day": one.day,
        }
        grades = [grade for grade, n in zip(sites.GRADES, one.findings, strict=True) for _ in range(n)]
        rows += [
            head | {"deficiency_number": i, "grade": grade, "deficiency": f"Deficiency {i} of {one.number}"}
            for i, grade in enumerate(grades, start=1)
        ] or [head]
    laboratory = {"inspection_number": "INS-2012-900", "domain": "human", "oms_location_id": "LOC-100000900"}
    laboratory |= {"site_name": LABORATORIES[0], "city": "Lyon", "country": "France", "activities": "quality control"}
    return [*rows, laboratory | {"complexity": 2, "criticality": 1, "practice": "gmp", "last_day": dt.date(2012, 3, 6)}]


def _of_lot(lot: sites.Lot) -> dict[str, Any]:
    return {"domain": lot.domain, "pack_code": lot.code, "batch": lot.batch}


def _batch(lot: sites.Lot) -> dict[str, Any]:
    made = {"oms_location_id": lot.site.oms, "made": lot.made, "expiry": lot.made + dt.timedelta(days=1095)}
    return _of_lot(lot) | made | {"doses": lot.doses}


def _distribution(lot: sites.Lot) -> Rows:
    return [
        _of_lot(lot)
        | {"department": department, "month": lot.last_day, "doses": doses, "packs": doses and max(1, doses // 30)}
        for department, doses in lot.shares
    ]


def _defects(known: list[sites.Lot], followed: list[sites.Chain], day: dt.date) -> Rows:
    """A few complaints of other batches that came to nothing, and those of the bad one."""
    others = [(lot, "Broken tablet", lot.month + dt.timedelta(days=9), "refuted") for lot in known[::97]]
    bad = [
        (chain.lot, "Unusual particles", chain.notified + dt.timedelta(days=n), "confirmed")
        for chain in followed
        for n in range(3)
    ]
    told = [(lot, defect, found, state) for lot, defect, found, state in [*others, *bad] if found <= day]
    return [
        _of_lot(lot)
        | {"defect_number": f"DQ-{lot.code[-7:]}-{lot.batch}-{i % 3}", "defect": defect, "notified": found}
        | {"department": lot.shares[i % sites.SPREAD][0], "state": state}
        for i, (lot, defect, found, state) in enumerate(told)
    ]


def _results(known: list[sites.Lot], followed: list[sites.Chain], day: dt.date) -> Rows:
    """Samples of the market, all within their specification but those of bad batches."""
    market = [(lot, lot.month + dt.timedelta(days=20), "99.1 %", "complies") for lot in known[::41]]
    bad = [(chain.lot, chain.sampled, "83.4 %", "fails") for chain in followed]
    return [
        _of_lot(lot)
        | {"sample": f"S-{lot.code[-7:]}-{lot.batch}", "test": "assay", "sampled": sampled, "result": result}
        | {"laboratory": LABORATORIES[i % 3], "laboratory_city": "Lyon", "laboratory_country": "France"}
        | {"specification": "95.0 - 105.0 %", "verdict": verdict, "method": "liquid chromatography"}
        for i, (lot, sampled, result, verdict) in enumerate([*market, *bad])
        if sampled <= day
    ]


def _recall(chain: sites.Chain) -> dict[str, Any]:
    lot = chain.lot
    return {
        "recall_number": f"MED-{chain.recalled:%Y}-{lot.product['product_no']:03}",
        "domain": lot.domain,
        "pack_code": lot.code,
        "product": lot.product["name"],
        "oms_location_id": lot.site.oms,
        "recall_class": "1",
        "day": chain.recalled,
        "batches": lot.batch,
        "stated_reason": "Assay outside of its specification, unusual particles",
    }
