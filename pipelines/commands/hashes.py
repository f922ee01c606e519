"""`gerland hashes`: the content of every table as one number, so that lakes made here and there can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.options import Stop, current
from pipelines.files.store import place

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.lake.content import Content


def command(
    lakes: Annotated[
        list[str] | None,
        typer.Argument(parser=place, metavar="LAKE", help="Folders or s3://… addresses; else the setting."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file to write: table, lake, rows, hash.")] = None,
) -> None:
    """Print rows and a hash of every table, whatever their order and files; of several lakes side by side.

    What tells of a run (when a file was read, by which code) is left out. Exit code 1 where lakes differ. No Java.

    Example: gerland hashes data/lake s3://signals/lake
    """
    from pipelines.output.render import check, render, style_of

    style = style_of(out)
    check(style, out)
    places = lakes or [str(current().lake)]
    held = contents(places)
    if not held:
        raise Stop(f"no table has been built in {' or '.join(places)}")
    render(_shown(held), style, out)
    if differing := [address for address, found in held.items() if len(set(found)) > 1]:
        raise Stop(f"{len(differing)} of {len(held)} tables differ: {', '.join(differing[:10])}")
    if len(places) > 1:
        typer.echo(f"{len(held)} tables are equal in {len(places)} lakes")


def contents(places: Sequence[str]) -> dict[str, list[Content | None]]:
    """What each of some lakes holds of every table that any of them holds."""
    from pipelines.core.catalog import tables
    from pipelines.lake.content import content

    found = {address: [content(root, table) for root in places] for address, table in tables().items()}
    return {address: held for address, held in found.items() if any(held)}


def _shown(held: Mapping[str, Sequence[Content | None]]) -> pa.Table:
    import pyarrow as pa

    names = ["table", "rows", *(f"lake {i}" for i in range(1, 1 + len(next(iter(held.values())))))]
    rows = [
        [address, next(f.n_rows for f in found if f), *(f.digest if f else "not built" for f in found)]
        for address, found in held.items()
    ]
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))
