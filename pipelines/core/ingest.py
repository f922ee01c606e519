"""Landed files to bronze: read where the rows lie, keep or quarantine each, and write down what came in.

One pass of a source's readers over its new files gives an envelope (table, place, values or reason), spread by Spark
one file to a task, or one part of a file where the reader names the element at which it may be cut (`CUT_AT`); each
bronze table is then a selection of it. The ledger is written last: an interrupted run leaves no entry, and the next one
writes the same deliveries again in place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.catalog import SourceFolder, code_version
from pipelines.core.lake import Lake
from pipelines.core.landing import Landed, file_system, opened
from pipelines.core.ledger import Delivery, Quarantine
from pipelines.core.privacy import Pseudonymiser, pseudonymised
from pipelines.core.reading import Refused
from pipelines.core.splits import WHOLE, Part, opened_part, parts
from pipelines.core.table import BronzeTable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ENVELOPE = pa.schema(
    [
        ("table_name", pa.string()),
        ("delivery_id", pa.string()),
        ("file", pa.string()),
        ("known_date", pa.date32()),
        ("line_number", pa.int64()),
        ("values", pa.list_(pa.string())),
        ("reason", pa.string()),
        ("raw", pa.string()),
    ]
)
ENVELOPE_SQL = (
    "table_name string, delivery_id string, file string, known_date date, line_number bigint, "
    "values array<string>, reason string, raw string"
)
WORK_SQL = (
    "full string, member string, file string, table_name string, delivery_id string, known_date date, "
    "head bigint, start bigint, stop bigint, n_before bigint"
)
COUNT_SQL = "table_name string, delivery_id string, start bigint, n_records bigint"
COUNTED = pa.schema(
    [("table_name", pa.string()), ("delivery_id", pa.string()), ("start", pa.int64()), ("n_records", pa.int64())]
)
WHOLE_FILE = 0


@dataclass
class Intake:
    """What one ingestion of a source did: ledger rows written, and how many files were known already."""

    ledger: list[dict[str, Any]] = field(default_factory=list)
    n_known: int = 0

    def total(self, column: str, table_name: str | None = None) -> int:
        """Sum of a ledger column over this ingestion, for one table or all."""
        return sum(row[column] for row in self.ledger if table_name in (None, row["table_name"]))


def ingest(
    lake: Lake,
    source: SourceFolder,
    landed: Iterable[Landed],
    root: str,
    pseudonymiser: Pseudonymiser,
    tell: Callable[[str], None],
) -> Intake:
    """Ingest a source's landed files that the ledger does not know yet; returns what was done."""
    files = [f for f in landed if f.source == source.name]
    done = _known(lake, source.name)
    work, intake, seen = [], Intake(), set()
    for file in files:
        tables = [t for t in file.tables if (file.delivery_id, t.name) not in done]
        if file.delivery_id in seen or (not tables and file.tables) or (file.delivery_id, "") in done:
            intake.n_known += 1
            continue
        seen.add(file.delivery_id)
        work.append((file, tables))
    refused = [(file, "", file.problem) for file, _ in work if file.problem]
    readable = [(file, tables) for file, tables in work if not file.problem]
    if refused:
        _write_quarantine(lake, refused)
    if readable:
        tell(f"{source.name}: reading {len(readable)} new files")
        intake.ledger += _read(lake, source, readable, root, pseudonymiser, tell)
    intake.ledger += [_ledger_row(file, "", problem, 0, 0, 0) for file, _, problem in refused]
    if intake.ledger:
        _write_ledger(lake, intake.ledger)
    return intake


def _known(lake: Lake, source: str) -> set[tuple[str, str]]:
    """What the ledger holds: accepted files for good, refused ones until the code changes."""
    columns = ("source", "status", "code_version", "delivery_id", "table_name")
    rows = lake.small(Delivery.address(), columns).to_pylist()
    return {
        (r["delivery_id"], r["table_name"])
        for r in rows
        if r["source"] == source and (r["status"] == "accepted" or r["code_version"] == code_version())
    }


def _read(
    lake: Lake,
    source: SourceFolder,
    work: list[tuple[Landed, list[type[BronzeTable]]]],
    root: str,
    pseudonymiser: Pseudonymiser,
    tell: Callable[[str], None],
) -> list[dict[str, Any]]:
    from pyspark.sql import functions as F

    files = {file.delivery_id: file for file, _ in work}
    address = root.rstrip("/") if "://" in root else file_system(root)[1]
    cut_at = getattr(source.module("read"), "CUT_AT", None)
    rows = [
        (f"{address}/{f.container}", f.member, f.path, t.name, f.delivery_id, f.known_date, p.head, p.start, p.stop)
        for f, tables in work
        for t in tables
        for p in _parts(f, address, cut_at)
    ]
    jobs = lake.spark.createDataFrame([(*r, 0) for r in rows], WORK_SQL).repartition(len(rows))
    in_part = {
        (r["delivery_id"], r["table_name"], r["start"]): r["n_records"]
        for r in jobs.mapInArrow(partial(count_files, package=source.package), COUNT_SQL).collect()
    }
    counted: dict[tuple[str, str], int] = {}
    placed = []
    for row in rows:  # parts of a file follow each other
        key = (row[4], row[3])
        placed.append((*row, counted.get(key, 0)))
        counted[key] = counted.get(key, 0) + in_part[(*key, row[7])]
    if len(placed) > len(counted):
        jobs = lake.spark.createDataFrame(placed, WORK_SQL).repartition(len(rows))
    envelope = jobs.mapInArrow(
        partial(read_files, package=source.package, pseudonymiser=pseudonymiser), ENVELOPE_SQL
    ).persist()
    try:
        balance = {
            (r["delivery_id"], r["table_name"]): r
            for r in envelope.groupBy("delivery_id", "table_name")
            .agg(
                F.count(F.when(F.col("reason").isNull(), 1)).alias("kept"),
                F.count(F.when(F.col("reason").isNotNull() & (F.col("line_number") > WHOLE_FILE), 1)).alias("bad"),
                F.max(F.when(F.col("line_number") == WHOLE_FILE, F.col("reason"))).alias("refusal"),
            )
            .collect()
        }
        refusals = {key: r["refusal"] for key, r in balance.items() if r["refusal"]}
        tables = {t.name: t for _, ts in work for t in ts}
        for name, table in tables.items():
            ids = [f.delivery_id for f, ts in work if table in ts and (f.delivery_id, name) not in refusals]
            n = sum(balance[(i, name)]["kept"] for i in ids if (i, name) in balance)
            if n:
                tell(f"{source.name}: {n:,} rows to {table.address()}")
                lake.replace_deliveries(table, _selected(envelope, table, ids), ids)
            else:
                lake.create(table)
        bad = {i for (i, name), r in balance.items() if r["bad"] and (i, name) not in refusals}
        whole = [(files[i], name, reason) for (i, name), reason in refusals.items()]
        if bad or whole:
            rejects = envelope.filter(F.col("reason").isNotNull() & (F.col("line_number") > WHOLE_FILE))
            rejects = rejects.filter(F.col("delivery_id").isin(sorted(bad))).withColumn("source", F.lit(source.name))
            _write_quarantine(lake, whole, rejects.select(*Quarantine.columns), bad)
    finally:
        envelope.unpersist()
    ledger = []
    for file, tables_of_file in work:
        for table in tables_of_file:
            key = (file.delivery_id, table.name)
            refusal, r = refusals.get(key), balance.get(key)
            kept, quarantined = (0, 0) if refusal or r is None else (r["kept"], r["bad"])
            read = 0 if refusal else counted[key]
            ledger.append(_ledger_row(file, table.name, refusal, read, kept, quarantined))
    return ledger


def _parts(file: Landed, address: str, cut_at: str | None) -> list[Part]:
    """Parts of a plain file of messages; what is packed is read whole."""
    full = f"{address}/{file.container}"
    if cut_at is None or file.member is not None or full.lower().endswith(".gz"):
        return [WHOLE]
    system, path = file_system(full)
    return parts(system, path, cut_at)


@contextmanager
def _opened(job: dict[str, Any]) -> Iterator[BinaryIO]:
    """Open the file, or the part of one, that a job names."""
    system, path = file_system(job["full"])
    part = Part(job["head"], job["start"], job["stop"])
    with opened(system, path, job["member"]) if part == WHOLE else opened_part(system, path, part) as stream:
        yield stream


def _selected(envelope: DataFrame, table: type[BronzeTable], ids: list[str]) -> DataFrame:
    from pyspark.sql import functions as F

    rows = envelope.filter(
        (F.col("table_name") == table.name) & F.col("reason").isNull() & F.col("delivery_id").isin(ids)
    )
    columns = [F.col("values")[i].alias(name) for i, name in enumerate(table.source_columns())]
    return rows.select("delivery_id", "file", "line_number", "known_date", *columns)


def _write_quarantine(
    lake: Lake,
    whole: Sequence[tuple[Landed, str, str | None]],
    rows: DataFrame | None = None,
    ids: Iterable[str] = (),
) -> None:
    """Write refused rows and refused files of the same deliveries at once: a delivery replaces itself whole."""
    refused = [(f.delivery_id, name, f.source, f.path, WHOLE_FILE, reason, None) for f, name, reason in whole]
    frame = lake.spark.createDataFrame(refused, Quarantine.spark_schema())
    frame = frame if rows is None else frame.unionByName(rows)
    lake.replace_deliveries(Quarantine, frame, {f.delivery_id for f, _, _ in whole} | set(ids))


def _ledger_row(
    file: Landed, table_name: str, refusal: str | None, read: int, kept: int, quarantined: int
) -> dict[str, Any]:
    return {
        "delivery_id": file.delivery_id,
        "table_name": table_name,
        "source": file.source,
        "file": file.path,
        "known_date": file.known_date,
        "sha256": file.sha256,
        "n_bytes": file.n_bytes,
        "status": "refused" if refusal else "accepted",
        "reason": refusal,
        "n_rows_read": read,
        "n_rows_kept": kept,
        "n_rows_quarantined": quarantined,
        "ingested_at": dt.datetime.now(dt.UTC),
        "code_version": code_version(),
    }


def _write_ledger(lake: Lake, rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows, schema=Delivery.arrow_schema())
    lake.replace_small(Delivery, table, {r["delivery_id"] for r in rows})
    lake.create(Quarantine)  # an empty one says that nothing was put aside


def read_files(
    batches: Iterator[pa.RecordBatch], *, package: str, pseudonymiser: Pseudonymiser
) -> Iterator[pa.RecordBatch]:
    """Read the files named in the batches with the source's reader: the body of a Spark task."""
    for job, table, reader in _jobs(batches, package, "read"):
        fixed = [job["table_name"], job["delivery_id"], job["file"], job["known_date"]]
        try:
            with _opened(job) as stream:
                for read in reader(stream, job["file"], table):
                    rows = _renumbered(read, job["n_before"]) if job["n_before"] else read
                    yield from _enveloped(pseudonymised(rows, table, pseudonymiser), table, fixed)
        except Refused as refusal:
            yield from _whole_file(fixed, str(refusal))
        except Exception as error:
            yield from _whole_file(fixed, f"the reader failed on it ({type(error).__name__})")


def count_files(batches: Iterator[pa.RecordBatch], *, package: str) -> Iterator[pa.RecordBatch]:
    """Count the records of the files named in the batches without parsing them: the body of a Spark task."""
    for job, table, counter in _jobs(batches, package, "count"):
        try:
            with _opened(job) as stream:
                n = counter(stream, job["file"], table)
        except Exception:
            n = 0  # the reader meets the same fault and says it
        yield pa.RecordBatch.from_pylist(
            [{**{c: job[c] for c in COUNTED.names[:-1]}, "n_records": n}],
            schema=COUNTED,
        )


def _renumbered(rows: pa.Table, n_before: int) -> pa.Table:
    """Number the records of a part as those of its file."""
    at = rows.schema.get_field_index("line_number")
    return rows.set_column(at, "line_number", pc.add(rows["line_number"], n_before))


def _jobs(
    batches: Iterator[pa.RecordBatch], package: str, function: str
) -> Iterator[tuple[dict[str, Any], type[BronzeTable], Any]]:
    import importlib

    reader = getattr(importlib.import_module(f"{package}.read"), function)
    tables = vars(importlib.import_module(f"{package}.tables")).values()
    by_name = {t.name: t for t in tables if isinstance(t, type) and issubclass(t, BronzeTable) and t.name}
    for work in batches:
        for job in work.to_pylist():
            yield job, by_name[job["table_name"]], reader


def _enveloped(rows: pa.Table, table: type[BronzeTable], fixed: list[Any]) -> Iterator[pa.RecordBatch]:
    width, n = len(table.source_columns()), rows.num_rows
    if not n:
        return
    columns = [rows[name].combine_chunks() for name in table.source_columns()]
    row_by_row = np.arange(width * n).reshape(width, n).T.ravel()
    flat = pa.concat_arrays(columns).take(pa.array(row_by_row))
    values = pa.ListArray.from_arrays(pa.array(np.arange(0, width * n + 1, width, dtype=np.int32)), flat)
    repeated = [pa.repeat(pa.scalar(v, f.type), n) for v, f in zip(fixed, ENVELOPE, strict=False)]
    rest = [rows[c].combine_chunks() for c in ("reason", "raw")]
    yield pa.RecordBatch.from_arrays([*repeated, rows["line_number"].combine_chunks(), values, *rest], schema=ENVELOPE)


def _whole_file(fixed: list[Any], reason: str) -> Iterator[pa.RecordBatch]:
    row = [*fixed, WHOLE_FILE, [], reason, None]
    yield pa.RecordBatch.from_arrays(
        [pa.array([value], f.type) for value, f in zip(row, ENVELOPE, strict=True)], schema=ENVELOPE
    )
