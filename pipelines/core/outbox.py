"""Answers that senders expect: written once for each delivery, where the settings say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pipelines.core.landing import file_system

if TYPE_CHECKING:
    from pipelines.core.catalog import SourceFolder
    from pipelines.core.lake import Lake


def send_answers(lake: Lake, source: SourceFolder, ledger: Iterable[dict[str, Any]], outbox: str) -> int:
    """Write what the source's `answer.py` answers to each accepted delivery; returns how many files are new.

    `answer(lake, row)` takes a row of the ledger and gives the file's ending and its bytes, or None. A file that is
    there already stays: the answer to a delivery is given once.
    """
    module = source.module("answer")
    if module is None:
        return 0
    system, base = file_system(f"{outbox.rstrip('/')}/{source.name}")
    n = 0
    for row in ledger:
        found = module.answer(lake, row) if row["status"] == "accepted" else None
        if found is None:
            continue
        ending, data = found
        path = f"{base}/{row['delivery_id']}.{ending}"
        if system.get_file_info(path).is_file:
            continue
        system.create_dir(base, recursive=True)
        with system.open_output_stream(path) as out:
            out.write(data)
        n += 1
    return n
