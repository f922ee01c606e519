"""After the keys of pseudonyms were rotated: what still holds those of a former key is taken away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from pipelines.core.catalog import tables
from pipelines.core.table import BronzeTable
from pipelines.lake.lake import Lake
from pipelines.lake.staging import cleared
from pipelines.lake.vacuum import vacuum
from pipelines.lake.verify import DAMAGED
from pipelines.privacy.keys import ring, stands_alone
from pipelines.upkeep.verify import standing

Say = Callable[[str], None]


def forget_former(root: str, say: Say) -> None:
    """Take away former versions of all tables, lakes of past dates and what was set aside, once after a rotation.

    For the end of a run that went through: every table stands at the last key then. Where a table of persons was left
    out of it, nothing is done yet, and that is told. The lake is the caller's alone meanwhile.
    """
    known = ring(root)
    if len(known.checks) < 2 or known.alone == known.last:
        return
    lake = Lake(None, root, tables())  # type: ignore[arg-type]
    named = [t for t in tables().values() if issubclass(t, BronzeTable) and t.pseudonymised()]
    held = [t for t in named if lake.n_rows(t.address())]
    if behind := [t.address() for t in held if known.at.get(t.name) != known.last]:
        say(f"{', '.join(behind)} still hold pseudonyms of a former key: run all sources to take them on")
        return
    for place in ("as_of", DAMAGED):
        cleared(f"{root}/{place}")
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    swept = [vacuum(folder, soon) for _, _, folder in standing(root)]
    stands_alone(root)
    say(
        f"pseudonyms of former keys: {sum(s.n_files for s in swept):,} files of former versions are taken away, and "
        "with them the lakes of past dates, which `gerland run --as-of` makes again; backups hold them still"
    )
