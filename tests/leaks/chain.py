"""From a register's files to what signals are counted from and scored with, by the platform's own functions.

Frames instead of a lake, so that a whole country takes seconds. Any transform can be put in another's place.
"""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Callable, Iterable, Mapping
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
from deltalake import write_deltalake

from models.cube.kernels import grouped
from models.cube.keys import STRATUM_BITS, unpack
from models.cube.months import month_end
from models.evaluation.combined import shipped
from pipelines.core.catalog import tables as known_tables
from pipelines.defs.gold.disproportionality import points
from pipelines.defs.gold.disproportionality.months import Changes
from pipelines.defs.gold.disproportionality.populations import BASE
from pipelines.defs.gold.disproportionality.prior import _fits
from pipelines.defs.gold.disproportionality.score import _months, _shaped, names
from pipelines.defs.gold.disproportionality.tables import Signal
from pipelines.defs.gold.pair_change.count import contribution
from pipelines.defs.silver.coded_report.conform import code, coded_report, stratum
from pipelines.defs.silver.report.conform import always_so, report_product
from pipelines.defs.silver.report.duplicates import duplicate_link
from pipelines.defs.silver.report.tables import ReportNarrative
from pipelines.defs.silver.substance.conform import CODED, name_coding, substance, substance_name
from pipelines.defs.silver.term.conform import one_entry_each
from pipelines.defs.sources.faers import conform, read
from pipelines.defs.sources.faers import tables as faers
from pipelines.defs.sources.meddra.conform import term as of_meddra
from pipelines.defs.sources.veddra.conform import term as of_veddra
from pipelines.evaluate.lake import read as read_reports
from pipelines.evaluate.lake_sql import NEEDED
from pipelines.evaluate.listed import lists
from pipelines.evaluate.rows import Model
from pipelines.frames.cache import release
from tests.leaks.country import Delivery, files
from tests.leaks.dictionaries import Release, bronze, coded_events
from tests.rows import frame, without_rows
from tests.sources.bronze import bronze_frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MINIMUM = 20
WORKLOAD = 5


def term(tables: Mapping[str, DataFrame]) -> DataFrame:
    """Terms of all dictionaries that the country is coded by."""
    told = conform.term(tables).unionByName(of_veddra(tables)).unionByName(of_meddra(tables))
    return one_entry_each(told)


def report_event(tables: Mapping[str, DataFrame]) -> DataFrame:
    """Events of the register, which come coded, and events that the dictionaries code."""
    history = tables["silver.report_history"]
    return always_so(conform.report_event(tables).unionByName(coded_events(history, tables["silver.term"])))


STEPS: dict[str, Callable[..., DataFrame]] = {
    "silver.report_history": conform.report_history,
    "silver.product_as_reported": conform.product_as_reported,
    "silver.term": term,
    "silver.substance_name": substance_name,
    "silver.name_coding": name_coding,
    "silver.substance": substance,
    "silver.report_event": report_event,
    "silver.report_product": report_product,
    "silver.duplicate_link": duplicate_link,
    "silver.code": code,
    "silver.stratum": stratum,
    "silver.coded_report": coded_report,
}
FILES = {"demo": faers.FaersDemo, "drug": faers.FaersDrug, "reac": faers.FaersReac, "deleted": faers.FaersDeleted}
BESIDE = [address for address in CODED if address != "silver.name_coding"]  # registers whose names are coded too
EMPTY = (faers.FaersOutc, faers.FaersRpsr, faers.FaersTher, faers.FaersIndi)


def built(spark: SparkSession, deliveries: Iterable[Delivery], dictionaries: Iterable[Release]) -> dict[str, DataFrame]:
    """All tables up to the coded reports."""
    tables = {t.address(): spark.createDataFrame([], t.spark_schema()) for t in EMPTY}
    for name, landed in files(deliveries).items():
        table = FILES[name]
        rows = bronze_frame(spark, table, read.read, landed) if landed else None
        tables[table.address()] = spark.createDataFrame([], table.spark_schema()) if rows is None else rows
    tables |= bronze(spark, dictionaries)
    tables["silver.report_narrative"] = frame(spark, ReportNarrative, [])
    tables |= without_rows(spark, *BESIDE, "ops.link_verdict")
    return carried_on(tables, next(iter(STEPS)))


def carried_on(
    tables: Mapping[str, DataFrame], first: str, instead: Callable[..., DataFrame] | None = None
) -> dict[str, DataFrame]:
    """The tables from the step of `first` on made anew, that one perhaps by another transform."""
    found = dict(tables)
    order = list(STEPS)
    for address in order[order.index(first) :]:
        transform = instead if instead is not None and address == first else STEPS[address]
        made = transform(found)
        found[address] = made.sparkSession.createDataFrame(made.toArrow(), made.schema)  # computed once
        gc.collect()  # else the engine keeps the plans, and what they sent around, as long as Python its frames
        release()  # as a step does: what is kept is compared with every later plan, and slows it down
    return found


def told(tables: Mapping[str, DataFrame], day: dt.date) -> dict[str, Any]:
    """What gold says of the months that had ended on a date: codes, cube, priors, scores and lists, bit by bit."""
    codes = {(r["kind"], r["code"]): r for r in tables["silver.code"].collect()}
    strata = {r["stratum"]: r.asDict() for r in tables["silver.stratum"].collect()}
    reports = tables["silver.coded_report"].select("month_from", "month_to", "stratum", "substances", "terms").toArrow()
    keys, counts = contribution(reports.combine_chunks())
    cells = unpack(keys, counts)
    cube = {}
    for month, taken, event, at, n in zip(cells.month, cells.substance, cells.term, cells.stratum, cells.n):  # noqa: B905
        if month_end(int(month)) <= day:
            pair = [codes[kind, c]["key_coded"] if c else "*" for kind, c in (("substance", taken), ("term", event))]
            about = tuple(v for k, v in strata[int(at)].items() if k not in ("stratum", "first_known"))
            cube[(month_end(int(month)), *pair, *about)] = int(n)
    whole = (keys >> np.uint64(STRATUM_BITS)) << np.uint64(STRATUM_BITS)
    priors, scored = _scored(grouped(whole, counts))
    of_today = ("population", "is_latest", "event_key")
    columns = pa.schema([f for f in Signal.arrow_schema() if f.name not in of_today])
    named, earlier = names(Frames(tables))
    kept = _shaped(scored.filter(pl.col("month") <= day), named, BASE, columns, earlier)
    return {
        "codes": {k: r["key_coded"] for k, r in codes.items() if r["first_known"] <= day},
        "strata": {k: r for k, r in strata.items() if r["first_known"] <= day},
        "cube": cube,
        "priors": [p for p in priors if p["month"] <= day],
        "lists": listed(tables, day),
        "scores": sorted(kept.to_pylist(), key=lambda row: [row[c] for c in ("month", "substance_key", "term_key")]),
    }


def listed(tables: Mapping[str, DataFrame], day: dt.date) -> list[dict[str, Any]]:
    """Lists of the months that had ended, with all that raised a pair; names are those of today."""
    one = shipped()
    with TemporaryDirectory() as folder:
        for address in NEEDED:
            table = known_tables()[address]
            rows = tables[address].select(*table.columns).toArrow() if address in tables else None
            given = table.arrow_schema().empty_table() if rows is None else rows.cast(table.arrow_schema())
            write_deltalake(f"{folder}/{address.replace('.', '/')}", given)
        rows, _ = lists(read_reports(folder), one, Model("default", one.version), WORKLOAD, one.gated)
    return rows.filter(pl.col("month") <= day).drop("is_latest", "substance_name", "term_name").to_dicts()


class Frames:
    """Tables as what reads small ones without the engine sees them."""

    def __init__(self, tables: Mapping[str, DataFrame]):
        """Wrap frames by address."""
        self.tables = tables

    def small(self, address: str, columns: Iterable[str]) -> pa.Table:
        """Columns of a table."""
        return self.tables[address].select(*columns).toArrow()


def _scored(cells: tuple[np.ndarray, np.ndarray]) -> tuple[list[dict[str, Any]], pl.DataFrame]:
    changes = Changes.of(cells)
    sums = points.Sums()
    for part, histogram in points.counted(changes, MINIMUM, points.FINE, True).items():
        sums.parts[part].append(histogram)
    sizes = dict(zip(changes.months, changes.sizes, strict=True))
    priors = [{"population": "human", **p} for p in _fits(sums, sizes, "zero_inclusive", points.FINE, None)]
    return priors, pl.concat(list(_months("human", changes, priors, MINIMUM, None)))
