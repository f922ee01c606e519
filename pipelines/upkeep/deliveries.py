"""`gerland deliveries`, `withdraw`, `reread`: what came in, and what people decide about it. Starts no Java."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyarrow import fs

from pipelines.core.catalog import sources, tables
from pipelines.core.ledger import STATUSES, Delivery
from pipelines.files.store import file_system
from pipelines.intake import deliveries
from pipelines.intake.deliveries import DeliveryError
from pipelines.lake.lake import Lake
from pipelines.lake.lease import hold, release
from pipelines.lake.query import query

if TYPE_CHECKING:
    import pyarrow as pa

Say = Callable[[str], None]
LISTED = """
    SELECT delivery_id AS delivery, source, file, known_date, status, sum(n_rows_read)::bigint AS n_read,
        sum(n_rows_kept)::bigint AS n_kept, sum(n_rows_quarantined)::bigint AS n_quarantined, reason
    FROM bronze.delivery {where}
    GROUP BY delivery_id, source, file, known_date, status, reason ORDER BY source, known_date, file, delivery_id
"""


def listed(root: str, of: Sequence[str], status: str | None) -> pa.Table:
    """Deliveries of these sources, of all where none is named, and of one status or any: a row each."""
    if status and status not in STATUSES:
        raise DeliveryError(f"there is no status {status!r}; known are {', '.join(STATUSES)}")
    conditions = [f"source IN ({', '.join(map(repr, of))})"] if of else []
    conditions += [f"status = '{status}'"] if status else []
    return query(root, LISTED.format(where=f"WHERE {' AND '.join(conditions)}" if conditions else ""))


def withdraw(root: str, ids: Sequence[str], why: str, say: Say) -> None:
    """Withdraw deliveries from a lake; raises `DeliveryError`, before anything is changed, where that can't be done."""
    with _held(root) as lake:
        rows = deliveries.withdraw(lake, sources(), ids, _reason(why))
    for file in dict.fromkeys(f"{r['source']}: {r['file']} of {r['known_date']}" for r in rows):
        say(f"withdrawn: {file}")
    say("next: gerland run   (what was derived from it follows)")
    for day in _built_as_of(root):
        say(f"next: gerland run --as-of {day}   (the lake as known then was built with it)")


def reread(root: str, landing: str, ids: Sequence[str], why: str, say: Say) -> None:
    """Have the next run read deliveries again; raises `DeliveryError` where that can't be done."""
    with _held(root) as lake:
        rows = deliveries.reread(lake, ids, _reason(why), landing)
    for file in dict.fromkeys(f"{r['source']}: {r['file']} of {r['known_date']}" for r in rows):
        say(f"to be read again: {file}")
    say("next: gerland run")


def _built_as_of(root: str) -> list[str]:
    """Past dates for which a lake stands, which the next run of today's does not touch."""
    system, base = file_system(root)
    infos = system.get_file_info(fs.FileSelector(f"{base}/as_of", allow_not_found=True))
    return sorted(i.base_name for i in infos if i.type == fs.FileType.Directory)


def _reason(text: str) -> str:
    if not text.strip():
        raise DeliveryError("say why: --reason holds nothing")
    return text.strip()


@contextmanager
def _held(root: str) -> Iterator[Lake]:
    """Open a lake without the engine, as the only one who writes to it."""
    lake = Lake(None, root, tables())  # type: ignore[arg-type]
    if not lake.exists(Delivery.address()):
        raise DeliveryError(f"{root} holds no deliveries yet; `gerland run` takes them in")
    hold(root)
    try:
        lake.look(Delivery.address())
        yield lake
    finally:
        release(root)
