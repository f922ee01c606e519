"""What one task of an ingestion does: open a landed file or a part of it, read it, write what is kept and quarantined.

What goes wrong is told by its kind, and never raised: a file that is at fault, a reader that is, a store that fails
for longer than a moment, a file that is another by now than the one that was hashed.
"""

from __future__ import annotations

import datetime as dt
import importlib
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core import limits
from pipelines.core.ledger import Quarantine
from pipelines.core.rules import KEY, RulesBroken, judged
from pipelines.core.table import BronzeTable
from pipelines.files.splits import WHOLE, Part, opened_part
from pipelines.files.store import file_system, hash_of, is_of_storage, patiently, said
from pipelines.files.text import Refused
from pipelines.files.timing import in_time
from pipelines.intake.landing import opened
from pipelines.lake import file_output
from pipelines.privacy.pseudonyms import Pseudonymiser, pseudonymised

CHANGED, STORAGE, FAILED, REFUSED = GRAVITY = ("changed", "storage", "failed", "refused")  # the gravest first
WRONG_SQL = "kind string, reason string, trace string"
WRONG = [("kind", pa.string()), ("reason", pa.string()), ("trace", pa.string())]
WRONG_NAMES = [name for name, _ in WRONG]
READ_SQL = f"table_name string, delivery_id string, n_read bigint, {WRONG_SQL}, goes_to string, {file_output.ADDED_SQL}"
READ = pa.schema(
    [
        *(("table_name", pa.string()), ("delivery_id", pa.string()), ("n_read", pa.int64())),
        *WRONG,
        ("goes_to", pa.string()),
        *file_output.ADDED,
    ]
)
COUNT_SQL = f"at int, n_records bigint, {WRONG_SQL}"
COUNTED = pa.schema([("at", pa.int32()), ("n_records", pa.int64()), *WRONG])
LIBRARIES = ("site-packages", "/lib/python", "<")  # in paths of code that is not ours
PLACE_PARTS = 3  # of a path in a trace: enough to find the module, too few to tell whose machine it is


@dataclass(frozen=True)
class Job:
    """What one task reads: a file, or a part of it, for one table; counted before where its place must be known.

    `stat` and `sha256` are those of the file as it was hashed.
    """

    full: str
    member: str | None
    file: str
    table_name: str
    delivery_id: str
    known_date: dt.date
    part: Part = WHOLE
    n_before: int = 0
    n_records: int | None = None
    stat: tuple[int, int] | None = None
    sha256: str = ""


class Changed(Exception):
    """The file is not the one that was hashed."""


def read_job(
    job: Job, *, package: str, pseudonymiser: Pseudonymiser, places: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    """Read what a job names with the source's reader and write it below `places`: the body of a Spark task."""
    source = package.rsplit(".", 1)[-1]
    told = {"table_name": job.table_name, "delivery_id": job.delivery_id}

    def read() -> list[dict[str, Any]]:
        table, reader = _table(job, package), _reader(package)
        of_delivery = {"delivery_id": job.delivery_id}
        kept = file_output.Output(places[table.name], of_delivery, is_text=True, told=table.in_log())
        aside = file_output.Output(places[Quarantine.name], of_delivery, is_text=True, told=Quarantine.in_log())
        with _opened(job) as stream:
            for found in reader.read(stream, job.file, table):
                rows = judged(pseudonymised(found, table, pseudonymiser), table)
                good = rows.filter(pc.is_null(rows["reason"]))
                if good.num_rows:
                    kept.write(_kept(good, table, job))
                if good.num_rows < rows.num_rows:
                    aside.write(quarantined(rows.filter(pc.is_valid(rows["reason"])), job, source))
        n_read = _n_records(job, table, reader) if job.n_records is None else job.n_records
        written = [(name, output.added()) for name, output in ((table.name, kept), (Quarantine.name, aside))]
        _refuse_repeated(kept, table)
        return [told | {"n_read": n_read}, *(told | {"goes_to": name} | added for name, added in written if added)]

    done, wrong = _tried(job, read)
    yield pa.RecordBatch.from_pylist(done or [told | wrong], schema=READ)


def count_job(numbered: tuple[int, Job], *, package: str) -> Iterator[pa.RecordBatch]:
    """Count the records of what a numbered job names, without parsing them: the body of a Spark task."""
    at, job = numbered
    n, wrong = _tried(job, lambda: _n_records(job, _table(job, package), _reader(package)))
    yield pa.RecordBatch.from_pylist([{"at": at, "n_records": n} | wrong], schema=COUNTED)


def wrong_row(job: Job, wrong: Mapping[str, Any]) -> dict[str, Any]:
    """Row of `READ_SQL` for a job with which something is wrong."""
    nothing = dict.fromkeys(READ.names)
    return nothing | {"table_name": job.table_name, "delivery_id": job.delivery_id, **wrong}


def died(job: Job) -> dict[str, Any]:
    """Row of `READ_SQL` for a job whose process did not live to tell what it met."""
    return wrong_row(
        job, {"kind": FAILED, "reason": "the process that read it died, as one does that has no memory left"}
    )


def quarantined(rows: pa.Table, job: Job, source: str) -> pa.Table:
    """Refused rows as the quarantine's files hold them."""
    n = rows.num_rows
    told = [pa.repeat(pa.scalar(value), n) for value in (job.table_name, source, job.file)]
    names = [name for name in Quarantine.columns if name not in Quarantine.partitioned_by]
    return pa.table([*told, _numbers(rows, job), rows["reason"], rows["raw"]], names=names)


def _tried(job: Job, work: Any) -> tuple[Any, dict[str, str]]:
    """Do some work on a job's file, patiently; returns its result and what went wrong, one of them empty."""
    try:
        return patiently(lambda: _of_the_same(job, work)), {}
    except Exception as error:
        return None, _wrong(error)


def _of_the_same(job: Job, work: Any) -> Any:
    """Do some work on a file that is, before and behind it, the one that was hashed; raises `Changed` otherwise."""
    _compare(job)
    try:
        result = work()
    except Exception:
        _compare(job, to_the_byte=True)  # what was met in another file is no fault of this one
        raise
    _compare(job, to_the_byte=True)
    return result


def _compare(job: Job, to_the_byte: bool = False) -> None:
    """Raise `Changed` where the file is not the one that was hashed; parts are compared by size and time alone."""
    system, path = file_system(job.full)
    info = system.get_file_info(path)
    if not info.is_file or job.stat not in (None, (info.size, info.mtime_ns)):
        raise Changed
    if to_the_byte and job.sha256 and job.part == WHOLE:
        with opened(system, path, job.member) as stream:
            if hash_of(stream)[0] != job.sha256:
                raise Changed


def _wrong(error: Exception) -> dict[str, str]:
    """Say what went wrong, by its kind; of an error of our own only where it was raised: its words may hold values."""
    if isinstance(error, Refused):
        return {"kind": REFUSED, "reason": str(error)}
    if isinstance(error, Changed | FileNotFoundError):
        return {"kind": CHANGED, "reason": "it changed while it was read"}
    if isinstance(error, OSError) and is_of_storage(error):
        return {"kind": STORAGE, "reason": said(error)}
    frames, kind = traceback.extract_tb(error.__traceback__), type(error).__name__
    trace = "\n".join([kind, *(f"  at {_place(f)}" for f in frames)])
    own = [f for f in frames if not any(library in f.filename for library in LIBRARIES)]
    return {
        "kind": FAILED,
        "reason": f"the reader failed on it: {kind} at {_place((own or frames)[-1])}",
        "trace": trace,
    }


def _place(frame: traceback.FrameSummary) -> str:
    return f"{'/'.join(Path(frame.filename).parts[1:][-PLACE_PARTS:])} line {frame.lineno} in {frame.name}"


@contextmanager
def _opened(job: Job) -> Iterator[BinaryIO]:
    """Open the file, or the part of one, that a job names."""
    system, path = file_system(job.full)
    file = opened(system, path, job.member) if job.part == WHOLE else opened_part(system, path, job.part)
    with in_time(limits.SECONDS + (job.stat[0] if job.stat else 0) // limits.BYTES_A_SECOND), file as stream:
        yield stream


def _refuse_repeated(kept: file_output.Output, table: type[BronzeTable]) -> None:
    """Raise `RulesBroken` where the reader gave one number to several rows that are kept."""
    ranges = sorted(kept.ranges("line_number"))
    if any(low <= high for (_, high), (low, _) in pairwise(ranges)):
        numbers = kept.column("line_number")
        if n_repeated := len(numbers) - len(pc.unique(numbers)):
            raise RulesBroken({KEY: n_repeated}, table.address())


def _n_records(job: Job, table: type[BronzeTable], reader: Any) -> int:
    with _opened(job) as stream:
        return int(reader.count(stream, job.file, table))


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


def _numbers(rows: pa.Table, job: Job) -> Any:
    """Line numbers as those of the whole file."""
    return pc.add(rows["line_number"], job.n_before) if job.n_before else rows["line_number"]
