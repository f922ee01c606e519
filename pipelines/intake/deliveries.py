"""What may happen to a delivery after it was read: replaced, withdrawn, read again, quarantined.

The ledger is changed first and the tables follow it: whatever is cut off between, the next run makes them hold what the
ledger says. Every change is written down with who made it, when and why. None of it needs the engine.
"""

from __future__ import annotations

import datetime as dt
import getpass
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines.core.ledger import KEPT, Delivery, DeliveryAction, Quarantine
from pipelines.files.store import file_system
from pipelines.lake.opened import by_version

if TYPE_CHECKING:
    from pipelines.core.catalog import SourceFolder
    from pipelines.intake.landing import Landed
    from pipelines.lake.lake import Lake

Row = dict[str, Any]
REPLACED_KINDS = ("refused", "failed", "begun")  # of these nothing is kept: other content at their path settles them


class DeliveryError(Exception):
    """What was asked of a delivery can't be done; the message says why."""


def ledger(lake: Lake, source: str | None = None) -> list[Row]:
    """Rows of the ledger, of one source or all; the caller's own."""
    return [dict(r) for r in _ledger(lake) if source in (None, r["source"])]


@by_version(Delivery.address())
def _ledger(lake: Lake) -> list[Row]:
    rows: list[Row] = lake.small(Delivery.address(), list(Delivery.columns)).to_pylist()
    return rows


def write_ledger(lake: Lake, rows: Sequence[Row], begun: Iterable[str] = ()) -> None:
    """Write all rows of some deliveries in place of what the ledger said of them and of others that were begun."""
    if ids := {r["delivery_id"] for r in rows} | set(begun):
        lake.replace_small(Delivery, pa.Table.from_pylist(list(rows), schema=Delivery.arrow_schema()), ids)


def change(lake: Lake, rows: Sequence[Row], action: str, status: str, why: str) -> list[Row]:
    """Give deliveries another status, written down with who, when and why; returns their new rows.

    `rows` are all rows of the ledger about them. Their counts become 0 unless what was read stays.
    """
    now = dt.datetime.now(dt.UTC)
    of: dict[str, list[Row]] = {}
    for row in rows:
        of.setdefault(row["delivery_id"], []).append(row)
    act = {"action": action, "acted_at": now, "acted_date": now.date(), "acted_by": user(), "reason": why}
    told = [
        act
        | {"delivery_id": i}
        | {c: of[i][0][c] for c in ("source", "file", "known_date")}
        | {c: sum(r[c] for r in of[i]) for c in ("n_rows_kept", "n_rows_quarantined")}
        for i in of
    ]
    gone = {} if status in KEPT else dict.fromkeys(("n_rows_read", "n_rows_kept", "n_rows_quarantined"), 0)
    changed = [row | {"status": status, "reason": why} | gone for row in rows]
    if told:
        lake.append_small(DeliveryAction, pa.Table.from_pylist(told, schema=DeliveryAction.arrow_schema()))
        write_ledger(lake, changed)
    return changed


def settle(lake: Lake, source: SourceFolder) -> None:
    """Take out of the source's tables and of quarantine the rows of deliveries that the ledger no longer keeps.

    Rows that the ledger knows nothing of are left, for the balance to tell: a lost ledger is no reason to lose rows.
    """
    rows = ledger(lake, source.name)
    for table in source.tables:
        kept = {r["delivery_id"] for r in rows if r["status"] in KEPT}
        _drop(lake, table, {r["delivery_id"] for r in rows} - kept)
    _drop(lake, Quarantine, {r["delivery_id"] for r in rows if r["status"] in ("withdrawn", "replaced", "begun")})


def held(lake: Lake, table: type[Any]) -> set[str]:
    """Deliveries of which a table partitioned by delivery holds rows."""
    return {partition["delivery_id"] for _, partition in lake.files(table.address())}


def _drop(lake: Lake, table: type[Any], ids: set[str]) -> None:
    if ids and (gone := ids & held(lake, table)):
        lake.commit_files(table, [], {}, replacing={"delivery_id": sorted(gone)})


def superseded(source: SourceFolder, before: Iterable[Row], file: Landed, is_kept: bool, landed: set[str]) -> set[str]:
    """Deliveries in whose place a landed file comes, as the source's card says: of the rows about its path.

    `is_kept` says that it was taken in; `landed` are the deliveries that lie in the landing zone now, which stay.
    """
    rule = source.card.overwritten
    replaces = is_kept and rule != "another"
    return {
        r["delivery_id"]
        for r in before
        if r["delivery_id"] not in landed
        and (
            r["status"] in REPLACED_KINDS
            or (replaces and r["status"] in KEPT and (rule == "correction" or r["known_date"] == file.known_date))
        )
    }


def as_delivered(source: SourceFolder, files: Iterable[Landed], known: Sequence[Row]) -> list[Landed]:
    """Landed files, each with the date of the delivery that it is: the same bytes, with the same date in their path.

    A file that is copied, renamed or touched is no new delivery; one without a date in its path is that of the same
    bytes which came last. It is another where other content came to its path since: then what was there is back.
    """
    stated, of_bytes, at_path = source.card.known_date, defaultdict(list), defaultdict(list)
    for row in known:
        if row["status"] != "replaced":
            of_bytes[row["sha256"]].append((row["known_date"], stated(row["file"])))
        if row["status"] in KEPT:
            at_path[row["file"]].append((row["known_date"], row["sha256"]))
    found = []
    for file in sorted(files, key=lambda f: f.known_date):
        date, own = file.known_date, stated(file.path)
        same = {known_date for known_date, of_path in of_bytes[file.sha256] if own in (None, of_path)}
        if same and date not in same and not file.fault:
            newest = max(same)
            is_back = any(day > newest and sha256 != file.sha256 for day, sha256 in at_path[file.path])
            date = date if is_back else newest
        of_bytes[file.sha256].append((date, own))
        found.append(replace(file, known_date=date))
    first = {(row["delivery_id"], row["file"]) for row in known}  # of several copies, the one that was read
    return sorted(found, key=lambda f: ((f.delivery_id, f.path) not in first, f.path))


def withdrawn(lake: Lake) -> set[str]:
    """Deliveries that were withdrawn last of all that was done to them: the ledger may be lost, this is not."""
    return _withdrawn(lake) if DeliveryAction.address() in lake.tables else set()


@by_version(DeliveryAction.address())
def _withdrawn(lake: Lake) -> set[str]:
    rows = lake.small(DeliveryAction.address(), ["acted_at", "delivery_id", "action"]).to_pylist()
    last = {r["delivery_id"]: r["action"] for r in sorted(rows, key=lambda r: r["acted_at"])}
    return {i for i, action in last.items() if action == "withdraw"}


def withdraw(lake: Lake, sources: dict[str, SourceFolder], ids: Sequence[str], why: str) -> list[Row]:
    """Withdraw deliveries for a reason: their rows leave, and their files are not read again; returns ledger rows."""
    rows = _asked(lake, ids)
    if done := next((r for r in rows if r["status"] == "withdrawn"), None):
        raise DeliveryError(f"{done['delivery_id']} has been withdrawn already: {done['reason']}")
    changed = change(lake, rows, "withdraw", "withdrawn", why)
    for name in {r["source"] for r in rows}:
        settle(lake, sources[name])
    return changed


def reread(lake: Lake, ids: Sequence[str], why: str, landing: str) -> list[Row]:
    """Have the next run read deliveries again, withdrawn ones too; what was read stays until then."""
    rows = _asked(lake, ids)
    for row in rows:
        if row["status"] == "replaced":
            raise DeliveryError(f"{row['delivery_id']} was {row['reason']}; what lies at its path now is another")
        if not _lies_in(landing, row["file"]):
            raise DeliveryError(
                f"{row['delivery_id']}: {row['file']} lies in the landing zone no more; land it again, or withdraw it"
            )
    return change(lake, rows, "reread", "again", why)


def _asked(lake: Lake, ids: Sequence[str]) -> list[Row]:
    """Rows of the ledger about these deliveries; raises `DeliveryError` for one that is not there."""
    rows = [r for r in ledger(lake) if r["delivery_id"] in set(ids)]
    if unknown := set(ids) - {r["delivery_id"] for r in rows}:
        raise DeliveryError(f"there is no delivery {min(unknown)}; `gerland deliveries` lists them")
    return rows


def _lies_in(landing: str, file: str) -> bool:
    """Tell whether a landed path, or the archive that it is in, is there."""
    system, base = file_system(landing)
    parts = file.split("/")
    paths = [f"{base}/{'/'.join(parts[:n])}" for n in range(1, len(parts) + 1)]
    return any(info.is_file for info in system.get_file_info(paths))


def user() -> str:
    """Name of the user who runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())
