"""Landed files to bronze: read where the rows lie, keep or quarantine each, and write down what came in.

Spark spreads the new files, small ones together, big ones in parts where the reader names the element at which they may
be cut (`CUT_AT`). A task counts the records, reads them and writes what it keeps and what it refuses as files of the
bronze table and of the quarantine; each table then takes its files in one transaction. A delivery is taken whole or not
at all: one whose counts disagree is quarantined like one that can't be read. The ledger says first what is begun and
last what came of it: what an interrupted run left is written again in place, or taken out where its file has gone.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pyarrow as pa

from pipelines.core.catalog import SourceFolder
from pipelines.core.code import code_version
from pipelines.core.ledger import KEPT, Erasure, Quarantine
from pipelines.core.table import Table
from pipelines.files.store import StorageError
from pipelines.intake.deliveries import as_delivered, change, held, ledger, settle, superseded, withdrawn, write_ledger
from pipelines.intake.jobs import read_files
from pipelines.intake.landing import Landed
from pipelines.intake.simulated import simulated
from pipelines.intake.task import (
    CHANGED,
    REFUSED,
    STORAGE,
    Job,
    quarantined,
)
from pipelines.intake.verdicts import Row, Wrong, counts_of, disagree, in_words, kind_of, verdicts
from pipelines.lake import file_output
from pipelines.lake.lake import Lake
from pipelines.lake.rewrite import rewrite
from pipelines.privacy.keys import agreed, stands
from pipelines.privacy.pseudonyms import WITHOUT_KEY, Pseudonymiser, moved_on

WHOLE_FILE = 0


@dataclass
class Intake:
    """What one ingestion of a source did: ledger rows written, and how many files were known already."""

    ledger: list[Row] = field(default_factory=list)
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
    log: Callable[[str], None],
) -> Intake:
    """Ingest a source's landed files that the ledger does not know yet; returns what was done.

    Raises `StorageError` where the store failed on some of them, after the others were taken in.
    """
    known = ledger(lake, source.name)
    files = as_delivered(source, (f for f in landed if f.source == source.name), known)
    _set_aside(lake, known, {f.delivery_id for f in files}, log)
    if any(t.pseudonymised() for t in source.tables):
        pseudonymiser = _with_the_lakes(lake, source, bool(files), pseudonymiser, log)
        files = _without_key(files, known, simulated(root)) if pseudonymiser.is_demonstration else files
    if n_waiting := sum(f.problem == WITHOUT_KEY for f in files):
        log(f"{source.name}: {n_waiting} files are refused: {WITHOUT_KEY}")
    settled = [r for r in known if r["reason"] != WITHOUT_KEY or pseudonymiser.is_demonstration]
    work, n_known = _new(files, settled, withdrawn(lake))
    wrong = {f.delivery_id: Wrong(REFUSED, "", f.problem) for f in work if f.problem}
    unread = [(f.path, f.fault) for f in files if f.fault]
    readable = [f for f in work if not f.problem]
    begun = {r["delivery_id"] for r in known}
    write_ledger(lake, [_row(f, t.name, "begun") for f in readable if f.delivery_id not in begun for t in f.tables])
    done: list[Any] = []
    if readable:
        log(f"{source.name}: reading {len(readable)} new files")
        done = read_files(lake, source, readable, root, pseudonymiser)
        wrong |= verdicts(done, readable)
    rows = _taken(lake, source, work, wrong, done, log)
    write_ledger(lake, rows, [f.delivery_id for f in readable if f.delivery_id not in begun])
    is_corrected = _replace(lake, source, files, known, rows, log)
    if rows or is_corrected or any(row["status"] not in KEPT for row in known):
        settle(lake, source)
    for line in in_words(source, work, wrong):
        log(line)
    unread += [(f.path, wrong[f.delivery_id].reason) for f in work if kind_of(wrong, f) == STORAGE]
    if unread:
        path, why = unread[0]
        more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
        raise StorageError(f"{source.name}: the store failed on {path}{more} ({why}); the next run reads what is left")
    return Intake(rows, n_known)


def _with_the_lakes(
    lake: Lake, source: SourceFolder, is_landed: bool, pseudonymiser: Pseudonymiser, log: Callable[[str], None]
) -> Pseudonymiser:
    """Return the keys with those who were erased from this lake; what holds pseudonyms is taken on to the last key.

    Raises `KeyRefused` where the keys are not the lake's.
    """
    if lake.exists(Erasure.address()):
        gone = lake.small(Erasure.address(), ["erasure_id"])["erasure_id"].to_pylist()
        pseudonymiser = replace(pseudonymiser, erased=frozenset(gone))
    named = [t for t in source.tables if t.pseudonymised()]
    held = [t for t in named if lake.n_rows(t.address())]
    if pseudonymiser.is_demonstration or not (held or is_landed):
        return pseudonymiser
    at = agreed(lake.root, pseudonymiser).at
    for table in held:
        if pseudonymiser.former and at.get(table.name) != pseudonymiser.version:
            log(f"{table.address()}: pseudonyms are taken on to key version {pseudonymiser.version}")
            rewrite(lake, table, partial(moved_on, table=table, pseudonymise=pseudonymiser))
    stands(lake.root, [t.name for t in named], pseudonymiser.version)
    return pseudonymiser


def _without_key(files: Iterable[Landed], known: Sequence[Row], simulated: frozenset[str]) -> list[Landed]:
    """Files, those with identifiers that the simulator did not write with the problem that they have without a key."""
    kept = {r["delivery_id"] for r in known if r["status"] in KEPT}
    return [
        replace(f, problem=WITHOUT_KEY)
        if not (f.problem or f.fault or f.sha256 in simulated or f.delivery_id in kept)
        and any(t.pseudonymised() for t in f.tables)
        else f
        for f in files
    ]


def _new(files: Iterable[Landed], known: Sequence[Row], out: set[str]) -> tuple[list[Landed], int]:
    """Files to be read, each content once, and how many are known: kept or withdrawn for good, refused by this code.

    `out` are deliveries that were withdrawn, should the ledger not know it.
    """
    of: dict[str, list[Row]] = {}
    for row in known:
        of.setdefault(row["delivery_id"], []).append(row)
    work: dict[str, Landed] = {}
    n_known = 0
    for file in files:
        if file.fault:
            continue
        rows = of.get(file.delivery_id, [])
        told = {r["table_name"] for r in rows}
        is_whole = "" in told or told >= {t.name for t in file.tables}
        is_same = bool(rows) and is_whole and all(map(_is_settled, rows))
        is_gone = any(r["status"] == "withdrawn" for r in rows)
        is_gone |= not rows and file.delivery_id in out
        if is_same or is_gone or file.delivery_id in work:
            n_known += 1
        else:
            work[file.delivery_id] = file
    return list(work.values()), n_known


def _is_settled(row: Row) -> bool:
    return row["status"] == "accepted" or (row["status"] == REFUSED and row["code_version"] == code_version())


def _set_aside(lake: Lake, known: list[Row], landed: set[str], log: Callable[[str], None]) -> None:
    """Put right what earlier code took in out of balance: read again where its file lies there, else quarantined whole.

    Changes the rows of `known`.
    """
    off = {r["delivery_id"] for r in known if r["status"] in KEPT and _is_off(r)}
    for row in known:
        if row["delivery_id"] in off & landed:
            row["status"] = "again"
    for delivery in sorted(off - landed):
        rows = [r for r in known if r["delivery_id"] == delivery]
        at = next(r for r in rows if _is_off(r))
        why = disagree(at["table_name"], at["n_rows_read"], at["n_rows_kept"] + at["n_rows_quarantined"])
        root = lake.prepared(Quarantine)
        _write(lake, Quarantine, [_whole_file(root, at, why)], [delivery])
        changed = change(lake, rows, "put_aside", REFUSED, why)
        known[:] = [*(r for r in known if r["delivery_id"] != delivery), *changed]
        log(f"{at['source']}: quarantined {at['file']}: {why}")


def _is_off(row: Row) -> bool:
    return bool(row["n_rows_read"] != row["n_rows_kept"] + row["n_rows_quarantined"])


def _taken(
    lake: Lake,
    source: SourceFolder,
    work: Sequence[Landed],
    wrong: dict[str, Wrong],
    done: Iterable[Row],
    log: Callable[[str], None],
) -> list[Row]:
    """Commit what was read of the deliveries with which nothing is wrong, and put the others aside; ledger rows.

    What the store or the moment kept from being read is neither: the next run meets it anew.
    """
    concluded = [f for f in work if kind_of(wrong, f) not in (CHANGED, STORAGE)]
    files = [r for r in done if r["path"] and r["delivery_id"] not in wrong]
    for table in source.tables:
        added = [r for r in files if r["goes_to"] == table.name]
        if n := sum(r["n_rows"] for r in added):
            log(f"{source.name}: {n:,} rows to {table.address()}")
        _write(lake, table, added, [f.delivery_id for f in concluded if table in f.tables])
    aside = [r for r in files if r["goes_to"] == Quarantine.name]
    counts = counts_of(done)
    rows: list[Row] = []
    for file in concluded:
        if at := wrong.get(file.delivery_id):
            names = [""] if file.problem else [t.name for t in file.tables]
            rows += [_row(file, name, at.kind, at.reason) for name in names]
            told = {"file": file.path, "table_name": at.table_name, "source": source.name}
            aside.append(_whole_file(lake.prepared(Quarantine), told | {"delivery_id": file.delivery_id}, at.reason))
        else:
            rows += [_row(file, t.name, "accepted", None, *counts[file.delivery_id, t.name]) for t in file.tables]
    _write(lake, Quarantine, aside, [f.delivery_id for f in concluded])
    return rows


def _write(lake: Lake, table: type[Table], added: list[Row], ids: Sequence[str]) -> None:
    """Take files into a table in place of what it holds of these deliveries, or of what another run brings of them."""
    if added or (ids and set(ids) & held(lake, table)):
        lake.commit_files(table, added, {}, replacing={"delivery_id": ids})


def _whole_file(root: str, of: Row, reason: str) -> Row:
    """Write a file that is not kept as a file of the quarantine; returns what is to be committed."""
    about = Job("", None, of["file"], of["table_name"], of["delivery_id"], dt.date.min)
    one = pa.table({"line_number": [WHOLE_FILE], "reason": [reason], "raw": pa.nulls(1, pa.string())})
    output = file_output.Output(root, {"delivery_id": of["delivery_id"]}, is_text=True, told=Quarantine.in_log())
    output.write(quarantined(one, about, of["source"]))
    return output.added() or {}


def _replace(
    lake: Lake,
    source: SourceFolder,
    files: Sequence[Landed],
    known: Sequence[Row],
    new: Sequence[Row],
    log: Callable[[str], None],
) -> bool:
    """Let corrected files take the place of what stood at their paths before; tells whether one did."""
    landed, kept = {f.delivery_id for f in files}, {r["delivery_id"] for r in known if r["status"] in KEPT}
    of_path: dict[str, list[Row]] = defaultdict(list)
    for row in known:
        of_path[row["file"]].append(row)
    told = {r["delivery_id"]: r["status"] for r in new}
    is_corrected = False
    for file in files:
        before, status = of_path.get(file.path, ()), told.get(file.delivery_id)
        is_kept = status in KEPT if status else file.delivery_id in kept
        if not (status or is_kept) or not (old := superseded(source, before, file, is_kept, landed)):
            continue
        gone = [r for r in known if r["delivery_id"] in old]
        change(lake, gone, "replace", "replaced", f"replaced by {file.delivery_id}")
        log(f"{source.name}: {file.path} is corrected: {sum(r['n_rows_kept'] for r in gone):,} rows of before leave")
        is_corrected = True
    return is_corrected


def _row(file: Landed, table_name: str, status: str, reason: str | None = None, *counts: int) -> Row:
    read, kept, quarantined = counts or (0, 0, 0)
    return {
        "delivery_id": file.delivery_id,
        "table_name": table_name,
        "source": file.source,
        "file": file.path,
        "known_date": file.known_date,
        "sha256": file.sha256,
        "n_bytes": file.n_bytes,
        "status": status,
        "reason": reason,
        "n_rows_read": read,
        "n_rows_kept": kept,
        "n_rows_quarantined": quarantined,
        "ingested_at": dt.datetime.now(dt.UTC),
        "code_version": code_version(),
    }
