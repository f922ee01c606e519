"""Landed files to bronze: read where the rows lie, keep or quarantine each, and write down what came in.

Spark spreads the new files, small ones together, big ones in parts where the reader names the element at which they may
be cut (`CUT_AT`). A task counts the records, reads them and writes what it keeps and what it refuses as files of the
bronze table and of the quarantine; each table then takes its files in one transaction. The ledger is written last: an
interrupted run leaves no entry, and the next one writes the same deliveries again in place.
"""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core import pieces
from pipelines.core.catalog import SourceFolder, code_version
from pipelines.core.lake import Lake
from pipelines.core.landing import Landed, file_system, opened
from pipelines.core.ledger import Delivery, Quarantine
from pipelines.core.privacy import Pseudonymiser, pseudonymised
from pipelines.core.reading import Refused
from pipelines.core.rules import judged
from pipelines.core.splits import WHOLE, Part, opened_part, parts
from pipelines.core.table import BronzeTable, Table

READ_SQL = f"table_name string, delivery_id string, n_read bigint, refusal string, goes_to string, {pieces.ADDED_SQL}"
READ = pa.schema(
    [
        ("table_name", pa.string()),
        ("delivery_id", pa.string()),
        ("n_read", pa.int64()),
        ("refusal", pa.string()),
        ("goes_to", pa.string()),
        *pieces.ADDED,
    ]
)
COUNT_SQL = "at int, n_records bigint"
COUNTED = pa.schema([("at", pa.int32()), ("n_records", pa.int64())])
WHOLE_FILE = 0
TASK_BYTES = 4 << 20  # of small files that one task reads


@dataclass(frozen=True)
class Job:
    """What one task reads: a file, or a part of it, for one table; counted before where its place must be known."""

    full: str
    member: str | None
    file: str
    table_name: str
    delivery_id: str
    known_date: dt.date
    part: Part = WHOLE
    n_before: int = 0
    n_records: int | None = None


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
        _write(lake, Quarantine, _refused_files(lake, refused), [file.delivery_id for file, _, _ in refused])
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
    address = root.rstrip("/") if "://" in root else file_system(root)[1]
    cut_at = getattr(source.module("read"), "CUT_AT", None)
    jobs = [
        Job(f"{address}/{f.container}", f.member, f.path, t.name, f.delivery_id, f.known_date, part)
        for f, tables in work
        for t in tables
        for part in _parts(f, address, cut_at)
    ]
    tables = {t.name: t for _, ts in work for t in ts}
    written: list[type[Table]] = [*tables.values(), Quarantine]  # an empty one says that nothing was put aside
    places = {t.name: lake.prepared(t) for t in written}
    read = partial(read_job, package=source.package, pseudonymiser=pseudonymiser, places=places)
    n_bytes = {file.delivery_id: file.n_bytes for file, _ in work}
    tasks = pieces.bundled(
        _placed(lake, source, jobs),
        TASK_BYTES,
        lambda job: n_bytes[job.delivery_id] if job.part == WHOLE else TASK_BYTES,
    )
    done = pieces.each(lake.spark, tasks, partial(_each, read=read), READ_SQL).collect()

    refusals = {(r["delivery_id"], r["table_name"]): r["refusal"] for r in done if r["refusal"]}
    files = [r.asDict() for r in done if r["path"] and (r["delivery_id"], r["table_name"]) not in refusals]
    for name, table in tables.items():
        added = [f for f in files if f["goes_to"] == name]
        if n := sum(f["n_rows"] for f in added):
            tell(f"{source.name}: {n:,} rows to {table.address()}")
        _write(lake, table, added, [f.delivery_id for f, ts in work if table in ts])
    landed = {file.delivery_id: file for file, _ in work}
    whole = [(landed[i], name, reason) for (i, name), reason in refusals.items()]
    put_aside = [f for f in files if f["goes_to"] == Quarantine.name]
    _write(lake, Quarantine, [*put_aside, *_refused_files(lake, whole)], list(landed))
    return [
        _ledger_row(file, t.name, refusals.get((file.delivery_id, t.name)), *_counts(done, file.delivery_id, t.name))
        for file, ts in work
        for t in ts
    ]


def _placed(lake: Lake, source: SourceFolder, jobs: list[Job]) -> list[Job]:
    """Number the parts of each file by the records before them; a file that is read whole needs no such count."""
    cut = {i: job for i, job in enumerate(jobs) if job.part != WHOLE}
    if not cut:
        return jobs
    count = partial(count_job, package=source.package)
    counted = pieces.each(lake.spark, list(cut.items()), count, COUNT_SQL).collect()
    n_of = {r["at"]: r["n_records"] for r in counted}
    n_before: dict[tuple[str, str], int] = {}
    placed = list(jobs)
    for i, job in cut.items():  # parts of a file follow each other
        key = (job.delivery_id, job.table_name)
        placed[i] = replace(job, n_before=n_before.get(key, 0), n_records=n_of[i])
        n_before[key] = n_before.get(key, 0) + n_of[i]
    return placed


def _each(jobs: list[Job], read: Callable[[Job], Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    for job in jobs:
        yield from read(job)


def _counts(done: Iterable[Any], delivery_id: str, table_name: str) -> tuple[int, int, int]:
    """Records of a delivery for a table: read, kept, put aside; none of a file that is refused whole."""
    rows = [r for r in done if (r["delivery_id"], r["table_name"]) == (delivery_id, table_name)]
    if any(r["refusal"] for r in rows):
        return 0, 0, 0
    kept = sum(r["n_rows"] for r in rows if r["goes_to"] == table_name)
    aside = sum(r["n_rows"] for r in rows if r["goes_to"] == Quarantine.name)
    return sum(r["n_read"] or 0 for r in rows), kept, aside


def _write(lake: Lake, table: type[Table], added: list[dict[str, Any]], ids: Sequence[str]) -> None:
    """Take files into a table in place of what it holds of these deliveries, or of what another run brings of them."""
    if added or lake.n_rows(table.address()) > 0:
        lake.commit_files(table, added, {}, replacing={"delivery_id": ids})


def _parts(file: Landed, address: str, cut_at: str | None) -> list[Part]:
    """Parts of a plain file of messages; what is packed is read whole."""
    full = f"{address}/{file.container}"
    if cut_at is None or file.member is not None or full.lower().endswith(".gz"):
        return [WHOLE]
    system, path = file_system(full)
    return parts(system, path, cut_at)


@contextmanager
def _opened(job: Job) -> Iterator[BinaryIO]:
    """Open the file, or the part of one, that a job names."""
    system, path = file_system(job.full)
    with opened(system, path, job.member) if job.part == WHOLE else opened_part(system, path, job.part) as stream:
        yield stream


def _refused_files(lake: Lake, whole: Sequence[tuple[Landed, str, str]]) -> list[dict[str, Any]]:
    """Write files that could not be read as files of the quarantine; returns what is to be committed."""
    root = lake.prepared(Quarantine)
    added = []
    for f, name, reason in whole:
        about = Job("", None, f.path, name, f.delivery_id, f.known_date)
        one = pa.table({"line_number": [WHOLE_FILE], "reason": [reason], "raw": pa.nulls(1, pa.string())})
        output = pieces.Output(root, {"delivery_id": f.delivery_id}, is_text=True, told=Quarantine.in_log())
        output.write(_put_aside(one, about, f.source))
        added.append(output.added())
    return [row for row in added if row]


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


def read_job(
    job: Job, *, package: str, pseudonymiser: Pseudonymiser, places: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    """Read what a job names with the source's reader and write it below `places`: the body of a Spark task."""
    table, reader = _table(job, package), _reader(package)
    of_delivery, source = {"delivery_id": job.delivery_id}, package.rsplit(".", 1)[-1]
    kept = pieces.Output(places[table.name], of_delivery, is_text=True, told=table.in_log())
    aside = pieces.Output(places[Quarantine.name], of_delivery, is_text=True, told=Quarantine.in_log())
    refusal, n_read = None, job.n_records
    try:
        with _opened(job) as stream:
            for read in reader.read(stream, job.file, table):
                rows = judged(pseudonymised(read, table, pseudonymiser), table)
                good = rows.filter(pc.is_null(rows["reason"]))
                if good.num_rows:
                    kept.write(_kept(good, table, job))
                if good.num_rows < rows.num_rows:
                    aside.write(_put_aside(rows.filter(pc.is_valid(rows["reason"])), job, source))
        n_read = _n_records(job, table, reader) if n_read is None else n_read
    except Refused as refused:
        refusal = str(refused)
    except Exception as error:
        refusal = f"the reader failed on it ({type(error).__name__})"
    said = {"table_name": table.name, "delivery_id": job.delivery_id, "n_read": n_read, "refusal": refusal}
    told = [said]
    for name, output in ((table.name, kept), (Quarantine.name, aside)):
        if added := output.added():
            told.append(said | {"n_read": None, "goes_to": name} | added)
    yield pa.RecordBatch.from_pylist(told, schema=READ)


def count_job(numbered: tuple[int, Job], *, package: str) -> Iterator[pa.RecordBatch]:
    """Count the records of what a numbered job names, without parsing them: the body of a Spark task."""
    at, job = numbered
    n = _n_records(job, _table(job, package), _reader(package))
    yield pa.RecordBatch.from_pydict({"at": [at], "n_records": [n]}, schema=COUNTED)


def _n_records(job: Job, table: type[BronzeTable], reader: Any) -> int:
    try:
        with _opened(job) as stream:
            return int(reader.count(stream, job.file, table))
    except Exception:
        return 0  # the reader meets the same fault and says it


def _reader(package: str) -> Any:
    return importlib.import_module(f"{package}.read")


def _table(job: Job, package: str) -> type[BronzeTable]:
    declared = vars(importlib.import_module(f"{package}.tables")).values()
    return next(t for t in declared if isinstance(t, type) and issubclass(t, BronzeTable) and t.name == job.table_name)


def _kept(rows: pa.Table, table: type[BronzeTable], job: Job) -> pa.Table:
    """Rows as the bronze table's files hold them: where they stood, then the authority's columns."""
    n, schema = rows.num_rows, table.arrow_schema()
    place = [pa.repeat(pa.scalar(job.file), n), _numbers(rows, job), pa.repeat(pa.scalar(job.known_date), n)]
    names = ["file", "line_number", "known_date"]
    values = [rows[name] for name in table.source_columns()]
    written = pa.table([*place, *values], names=[*names, *table.source_columns()])
    return written.cast(pa.schema([schema.field(name) for name in written.column_names]))


def _put_aside(rows: pa.Table, job: Job, source: str) -> pa.Table:
    """Refused rows as the quarantine's files hold them."""
    n = rows.num_rows
    told = [pa.repeat(pa.scalar(value), n) for value in (job.table_name, source, job.file)]
    names = [name for name in Quarantine.columns if name not in Quarantine.partitioned_by]
    return pa.table([*told, _numbers(rows, job), rows["reason"], rows["raw"]], names=names)


def _numbers(rows: pa.Table, job: Job) -> Any:
    """Line numbers as those of the whole file."""
    return pc.add(rows["line_number"], job.n_before) if job.n_before else rows["line_number"]
