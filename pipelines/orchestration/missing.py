"""What a run had no source for, in sentences: tables that stay empty, names that no dictionary holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from pipelines.core.catalog import sources, steps, tables
from pipelines.lake.lake import Lake
from pipelines.settings import Settings

MANY = 0.2  # share of a source's product records under reported names from which on it is told
AS_REPORTED = """
    SELECT source, sum(n_records) FILTER (coding_method = 'as_reported')::DOUBLE / sum(n_records) AS share
    FROM silver.name_coding WHERE known_to IS NULL GROUP BY source ORDER BY source"""


def missing(settings: Settings, ask: Callable[[str], Any]) -> Iterator[str]:
    """Say what is empty and which sources would feed it, and where names count as reported for want of a dictionary.

    `ask` answers a query with a polars frame.
    """
    day = dt.date.fromisoformat(settings.as_of) if settings.as_of else None
    lake = Lake(None, str(settings.lake), tables(), day)  # type: ignore[arg-type]  # only the logs are read
    empty: dict[tuple[str, ...], list[str]] = {}
    for address, step in steps().items():
        fed_by = tuple(step.feeds or ())
        if fed_by and not lake.n_rows(address):
            empty.setdefault(fed_by, []).append(address)
    for fed_by, addresses in empty.items():
        yield f"empty, for want of a source: {', '.join(addresses)} (fed by {_one_of(fed_by)})"
    absent = [name for name in dictionaries() if not any(lake.n_rows(t.address()) for t in sources()[name].tables)]
    for source, share in ask(AS_REPORTED).iter_rows():
        if share is not None and share >= MANY:
            would = f"; {_one_of(tuple(absent))} would code more" if absent else ""
            yield f"{source}: {share:.0%} of its products are in no dictionary and count as reported{would}"


def dictionaries() -> list[str]:
    """Sources whose files hold names of substances."""
    read = steps()["silver.substance_name"].reads
    own = {name for name, source in sources().items() if any(t.address() in read for t in source.tables)}
    return sorted(own | set(steps()["silver.product_substance"].feeds or ()))


def _one_of(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
