"""Answers that senders expect: written down in the lake when they fall due, then sent, each once and never otherwise.

What is due follows from the ledger, so that a run which is killed after it took a delivery in owes its answer still;
what an answer says is fixed in `bronze.acknowledgement` before it goes out, so that it is never sent otherwise.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines.core.ledger import Acknowledgement
from pipelines.files.store import file_system, put_whole
from pipelines.intake.deliveries import ledger

if TYPE_CHECKING:
    from pipelines.core.catalog import SourceFolder
    from pipelines.lake.lake import Lake

KEY = ("delivery_id", "table_name")


def send_acknowledgements(lake: Lake, source: SourceFolder, outbox: str) -> int:
    """Send what the source's `answer.py` answers to accepted deliveries and was not sent yet; returns how many.

    `answer(lake, row)` takes a row of the ledger and gives the file's ending and its bytes, or None.
    """
    if source.module("answer") is None:
        return 0
    known = {tuple(row[k] for k in KEY): row for row in _acknowledged(lake, source.name)}
    accepted = [row for row in ledger(lake, source.name) if row["status"] == "accepted"]
    if due := [_due(lake, source, row) for row in accepted if tuple(row[k] for k in KEY) not in known]:
        known |= {tuple(row[k] for k in KEY): row for row in due}
        _write(lake, known.values(), {row["delivery_id"] for row in due})
    unsent = [row for row in known.values() if row["sent_at"] is None and row["content"] is not None]
    for row in unsent:
        _send(f"{outbox.rstrip('/')}/{source.name}", row["file"], row["content"].encode())
        row["sent_at"] = dt.datetime.now(dt.UTC)
    if unsent:
        _write(lake, known.values(), {row["delivery_id"] for row in unsent})
    return len(unsent)


def _acknowledged(lake: Lake, source: str) -> list[dict[str, Any]]:
    """What was fixed for a source's deliveries up to now."""
    rows = lake.small(Acknowledgement.address(), list(Acknowledgement.columns)).to_pylist()
    return [r for r in rows if r["source"] == source]


def _due(lake: Lake, source: SourceFolder, row: dict[str, Any]) -> dict[str, Any]:
    """The answer to a delivery as the lake keeps it; without content where none is expected."""
    found = source.module("answer").answer(lake, row)  # type: ignore[union-attr]
    ending, data = found or ("", None)
    return {
        **{k: row[k] for k in KEY},
        "source": source.name,
        "file": f"{row['delivery_id']}.{ending}" if found else None,
        "content": data.decode() if data is not None else None,
        "sha256": hashlib.sha256(data).hexdigest() if data is not None else None,
        "due_at": dt.datetime.now(dt.UTC),
        "sent_at": None,
    }


def _write(lake: Lake, rows: Any, ids: set[str]) -> None:
    of_these = [row for row in rows if row["delivery_id"] in ids]
    lake.replace_small(Acknowledgement, pa.Table.from_pylist(of_these, Acknowledgement.arrow_schema()), ids)


def _send(folder: str, name: str, data: bytes) -> None:
    """Put a file into the outbox, whole or not at all; one that is there already was sent."""
    system, base = file_system(folder)
    if not system.get_file_info(f"{base}/{name}").is_file:
        put_whole(system, f"{base}/{name}", data)
