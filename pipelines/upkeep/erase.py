"""`gerland erase`: one person out of the lake, by pseudonym, with a proof; what comes in of them later stays out."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import fs

from pipelines.core.catalog import tables
from pipelines.core.ledger import Delivery, Erasure, Quarantine
from pipelines.core.table import BronzeTable
from pipelines.files.store import file_system
from pipelines.frames.spark import session
from pipelines.lake import file_output, file_tasks
from pipelines.lake.delta import at
from pipelines.lake.lake import Lake
from pipelines.lake.lease import hold, release
from pipelines.lake.rewrite import forget, holding, holds, rewrite
from pipelines.lake.verify import DAMAGED
from pipelines.privacy.found import search
from pipelines.privacy.pseudonyms import ERASED, PSEUDONYM, Pseudonymiser, trace
from pipelines.settings import Settings
from pipelines.upkeep.backup import edited, lakes_of

Say = Callable[[str], None]


class EraseError(Exception):
    """The person can't be erased as asked, or something of them is left; the message says what, naming nobody."""


def erase(lake: Lake, pseudonym: str, reason: str, beside: Iterable[str], say: Say) -> None:
    """Take every row of a person out of the lake, and what was derived from them; prove that nothing is left.

    The bronze tables are written anew without the rows, which are counted as quarantined; tables, reports and files
    `beside` the lake that hold the pseudonym are taken away, and the next run makes them again. A second call goes on
    from where a first was killed. Raises `EraseError` for what is no pseudonym, and where the search at the end finds
    it.
    """
    if not PSEUDONYM.fullmatch(pseudonym):
        raise EraseError("that is no pseudonym: p, the version of the key, _ and 32 hexadecimal digits")
    if not reason.strip():
        raise EraseError("an erasure needs a reason, without a name in it")
    mark = trace(pseudonym)
    told = erasures(lake)
    before = next((r for r in told if r["erasure_id"] == mark), {"n_rows": 0})
    _list(lake, [*_others(told, mark), _row(mark, reason, before["n_rows"])])
    n_rows = sum(_out_of_bronze(lake, table, pseudonym, say) for table in _of_persons(lake))
    _list(lake, [*_others(told, mark), _row(mark, reason, before["n_rows"] + n_rows)])
    for place in _derived(lake):
        if search(place, pseudonym).holding:
            _remove(place)
            say(f"{place}: taken away, the next run makes it again")
    for place in beside:
        for file in search(place, pseudonym).holding:
            _remove(file)
            say(f"{file}: taken away, the next run makes it again")
    _prove([lake.root, *beside], pseudonym, say)


def erase_everywhere(
    settings: Settings, root: str, backups: Iterable[Path], pseudonym: str, reason: str, say: Say
) -> None:
    """Erase a person from a lake, its reports and answers, and from backups; holds the lease of each."""
    engine = session(settings)
    beside = [str(settings.reports), str(settings.outbox or settings.reports.parent / "outbox")]
    with _held(root):
        erase(Lake(engine, root, tables()), pseudonym, reason, beside, say)
    for folder in backups:
        say(f"{folder}: a backup")
        with edited(folder) as copy, _held(copy):
            erase(Lake(engine, copy, tables()), pseudonym, reason, [], say)
    say("next: gerland run")


def erasures(lake: Lake) -> list[dict[str, Any]]:
    """Rows of the list of who was erased from a lake."""
    return lake.small(Erasure.address(), list(Erasure.columns)).to_pylist()


def erase_again(lake: Lake, listed: list[dict[str, Any]], keys: Pseudonymiser, say: Say) -> None:
    """Erase from a lake that was put back from a backup those who had been erased since.

    The list holds no pseudonyms: whom it means is found among those that the lake holds, perhaps of a former key.
    """
    known = {r["erasure_id"] for r in erasures(lake)}
    if new := {r["erasure_id"]: r for r in listed if r["erasure_id"] not in known}:
        _list(lake, [*erasures(lake), *new.values()])
    reasons = {r["erasure_id"]: r["reason"] for r in erasures(lake)}
    for pseudonym, mark in _still_held(lake, reasons.keys(), keys):
        erase(lake, pseudonym, reasons[mark], [], say)


def erasing_again(places: Iterable[str], keys: Pseudonymiser, say: Say) -> Callable[[str], None]:
    """Give what erases from a lake, before it takes another's place, those who are erased from lakes or backups.

    A list that a restore which was cut off has moved away counts too.
    """

    def prepare(copy: str) -> None:
        listed = [row for place in places for lake in lakes_of(place) for row in _listed(lake)]
        if listed:
            erase_again(Lake(session(), copy, tables()), listed, keys, say)
        else:
            say("nobody is known to be erased but by the backup's own list; --erasures names a newer lake or backup")

    return prepare


def _listed(root: str) -> list[dict[str, Any]]:
    """The list of erasures of a lake, read without the engine; nothing where there is none."""
    from deltalake.exceptions import DeltaError, TableNotFoundError

    address = Erasure.address()
    try:
        rows: list[dict[str, Any]] = at(f"{root}/{address.replace('.', '/')}").to_pyarrow_table().to_pylist()
    except TableNotFoundError:
        return []
    except (DeltaError, OSError, pa.ArrowException):
        raise EraseError(
            f"{address} of {root} can't be read, so that nobody knows whom to erase from the backup: move {root} away, "
            "and name a newer backup with --erasures"
        ) from None
    return rows


def _still_held(lake: Lake, marks: Collection[str], keys: Pseudonymiser) -> list[tuple[str, str]]:
    """Pseudonyms in the bronze tables, with the trace that was kept of them or of what later keys make of them."""
    found: set[tuple[str, str]] = set()
    for table in _of_persons(lake) if marks else ():
        columns = table.pseudonymised()
        for piece in file_tasks.cut(lake.files(table.address())):
            rows = file_tasks.read(piece, columns)
            said = {value for c in columns for value in pc.unique(rows[c].cast(pa.string())).to_pylist() if value}
            found |= {(value, mark) for value in said for mark in map(trace, keys.onward(value)) if mark in marks}
    return sorted(found)


@contextmanager
def _held(root: str) -> Iterator[None]:
    hold(root)
    try:
        yield
    finally:
        release(root)


def _others(told: list[dict[str, Any]], mark: str) -> list[dict[str, Any]]:
    return [r for r in told if r["erasure_id"] != mark]


def _row(mark: str, reason: str, n_rows: int) -> dict[str, Any]:
    return {"erasure_id": mark, "reason": reason.strip(), "n_rows": n_rows, "erased_at": dt.datetime.now(dt.UTC)}


def _list(lake: Lake, rows: list[dict[str, Any]]) -> None:
    """Write the list of erasures whole."""
    output = file_output.Output(lake.prepared(Erasure), {}, is_text=True, told=Erasure.in_log())
    output.write(pa.Table.from_pylist(rows, schema=Erasure.arrow_schema()))
    lake.commit_files(Erasure, [output.added() or {}], {})


def _of_persons(lake: Lake) -> list[type[BronzeTable]]:
    """Bronze tables that hold pseudonyms."""
    bronze = [t for t in lake.tables.values() if issubclass(t, BronzeTable)]
    return [t for t in bronze if t.pseudonymised() and lake.exists(t.address())]


def _out_of_bronze(lake: Lake, table: type[BronzeTable], pseudonym: str, say: Say) -> int:
    """Take the rows of a person out of a table: first they are counted as quarantined, then they go."""
    rows = holding(lake, table, pseudonym)
    if not rows and search(lake.path(table.address()), pseudonym).holding:  # in files of former versions
        forget(lake, table.address())
    deliveries = sorted({r["delivery_id"] for r in rows})
    known = lake.small(Quarantine.address(), ("delivery_id", "table_name", "line_number", "reason")).to_pylist()
    aside = {
        (r["delivery_id"], r["line_number"]) for r in known if (r["table_name"], r["reason"]) == (table.name, ERASED)
    }
    new = [r for r in rows if (r["delivery_id"], r["line_number"]) not in aside]
    if new:
        added = [_put_aside(lake, table, d, [r for r in new if r["delivery_id"] == d]) for d in deliveries]
        lake.commit_files(Quarantine, [a for a in added if a], {}, replacing={})
    if rows:
        rewrite(lake, table, partial(_without, columns=table.pseudonymised(), pseudonym=pseudonym), deliveries)
        say(f"{table.address()}: {len(rows):,} rows of {len(deliveries):,} deliveries taken out")
    _correct_ledger(lake, table.name)
    return len(rows)


def _without(rows: pa.Table, columns: list[str], pseudonym: str) -> pa.Table:
    return rows.filter(pc.invert(holds(rows, columns, pseudonym)))


def _put_aside(
    lake: Lake, table: type[BronzeTable], delivery: str, rows: list[dict[str, Any]]
) -> dict[str, Any] | None:
    output = file_output.Output(
        lake.prepared(Quarantine), {"delivery_id": delivery}, is_text=True, told=Quarantine.in_log()
    )
    one = {"table_name": table.name, "source": table.source, "reason": ERASED, "raw": None}
    schema = pa.schema([f for f in Quarantine.arrow_schema() if f.name != "delivery_id"])
    if rows:
        told = [{**one, "file": r["file"], "line_number": r["line_number"]} for r in rows]
        output.write(pa.Table.from_pylist(told, schema=schema))
    return output.added()


def _correct_ledger(lake: Lake, name: str) -> None:
    """Let the ledger say of deliveries with erased rows what is kept and what is quarantined by now."""
    columns = ("delivery_id", "table_name", "line_number", "reason")
    refused = [r for r in lake.small(Quarantine.address(), columns).to_pylist() if r["table_name"] == name]
    deliveries = {r["delivery_id"] for r in refused if r["reason"] == ERASED}
    n_aside = Counter(r["delivery_id"] for r in refused if r["line_number"] > 0)
    told = lake.small(Delivery.address(), list(Delivery.columns)).to_pylist()
    rows = [r for r in told if r["delivery_id"] in deliveries]
    wrong = [r for r in rows if r["table_name"] == name and r["n_rows_quarantined"] != n_aside[r["delivery_id"]]]
    for row in wrong:
        row["n_rows_quarantined"] = n_aside[row["delivery_id"]]
        row["n_rows_kept"] = row["n_rows_read"] - row["n_rows_quarantined"]
    if wrong:
        lake.replace_small(Delivery, pa.Table.from_pylist(rows, schema=Delivery.arrow_schema()), deliveries)


def _derived(lake: Lake) -> Iterator[str]:
    """Folders of the tables that are derived, of past dates too, and of what was set aside as damaged."""
    system, base = file_system(lake.root)
    for place in (base, *_folders(system, f"{base}/as_of")):
        for layer in ("ops", "silver", "gold", "evaluation"):
            yield from _folders(system, f"{place}/{layer}")
        for layer_folder in _folders(system, f"{place}/{DAMAGED}"):
            yield from _folders(system, layer_folder)


def _folders(system: fs.FileSystem, path: str) -> list[str]:
    infos = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
    return [i.path for i in infos if i.type == fs.FileType.Directory]


def _remove(place: str) -> None:
    system, path = file_system(place)
    is_file = system.get_file_info(path).is_file
    system.delete_file(path) if is_file else system.delete_dir(path)


def _prove(places: Iterable[str], pseudonym: str, say: Say) -> None:
    """Search everything for the pseudonym; raises `EraseError` where it still stands."""
    done = [search(place, pseudonym) for place in places]
    left = [file for found in done for file in found.holding]
    if left:
        raise EraseError(f"the pseudonym still stands in {len(left)} files, the first {left[0]}")
    n_files, n_bytes = sum(f.n_files for f in done), sum(f.n_bytes for f in done)
    say(f"searched {n_files:,} files, {n_bytes / 1e6:,.1f} MB, every value unpacked: it stands in none")
