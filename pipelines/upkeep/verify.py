"""`gerland verify`: every table against its seals, told as it goes; what is damaged is made again where it can be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pyarrow import fs

from pipelines.core.addresses import is_store
from pipelines.core.catalog import sources, tables
from pipelines.core.ledger import KEPT, Acknowledgement, Delivery, DeliveryAction, Erasure, Quarantine
from pipelines.core.table import BronzeTable
from pipelines.files.store import file_system
from pipelines.intake.landing import scan
from pipelines.lake.delta import at
from pipelines.lake.lease import INCOMING
from pipelines.lake.seal import log_entries, seal
from pipelines.lake.staging import cleared
from pipelines.lake.vacuum import Swept, vacuum
from pipelines.lake.verify import Verified, glance, set_aside, verify

Say = Callable[[str], None]
UNIQUE = (DeliveryAction, Acknowledgement, Erasure)  # what people did and what was sent: it stands nowhere else


class VerifyError(Exception):
    """The lake can't be verified or repaired as asked; the message says why."""


def verify_lake(root: str, named: str | None, say: Say) -> list[Verified]:
    """Verify the table named `layer.table`, or every table, in the lake and in those of past dates.

    Returns those that are damaged.
    """
    if named and named not in tables():
        raise VerifyError(f"there is no table {named}; `gerland tables` lists them")
    found: list[Verified] = []
    told = ""
    for day, address, folder in standing(root):
        if named not in (None, address):
            continue
        part = f"{address.split('.')[0]}{f' as of {day}' if day else ''}"
        if part != told:
            say(f"reading {part}")
        told = part
        found.append(replace(verify(folder, address), as_of=day))
        former = [f"the file {name} of a former version was changed since it was written" for name in found[-1].former]
        for problem in (*found[-1].problems, *former):
            say(f"DAMAGED {found[-1].name}: {problem}")
    if not found:
        raise VerifyError(f"{named or 'no table'} has not been built in {root}")
    n_files, n_bytes = sum(f.n_files for f in found), sum(f.n_bytes for f in found)
    orphans = sum(f.n_orphans for f in found)
    damaged = [f for f in found if not f.is_whole]
    say(f"{len(found)} tables, {n_files:,} files, {n_bytes / 1e6:,.1f} MB read; {len(damaged)} damaged")
    if unsealed := sum(not f.is_sealed for f in found):
        say(f"{unsealed} tables have versions without a seal (a killed run, another program): read by their log alone")
    if early := sum(f.is_early for f in found):
        say(
            f"{early} tables end in a seal of an earlier release, which can't tell whether it was changed itself: "
            "the next `gerland run` seals it in its turn, and nothing else is to be done"
        )
    if orphans:
        say(f"{orphans} files belong to no version (killed runs left them); they are read by nobody")
    return damaged


def vacuum_lake(root: str, keep_days: int, say: Say) -> Swept:
    """Take away files that no version of a table has stood on for so many days, those of killed runs among them.

    The lake is the caller's alone meanwhile. A table that is damaged is left alone, and told.
    """
    before = dt.datetime.now(dt.UTC) - dt.timedelta(days=keep_days)
    cleared(f"{root}/{INCOMING}")  # of a restore that was killed before it changed anything
    swept = Swept(0, 0)
    for day, address, folder in standing(root):
        if problem := glance(folder):
            say(f"DAMAGED {address}{f' as of {day}' if day else ''}: {problem}; left alone")
            continue
        found = vacuum(folder, before)
        swept = Swept(swept.n_files + found.n_files, swept.n_bytes + found.n_bytes)
    size = f"{swept.n_files:,} files, {swept.n_bytes / 1e6:,.1f} MB"
    say(f"{size} taken away that no version has stood on for {keep_days} days")
    return swept


def repair(root: str, landing: str, damaged: list[Verified], say: Say) -> None:
    """Set damaged tables aside, so that the next run makes them again from what they are made of.

    Those of past dates are made again by a run as of the date. A bronze table is read again from the landing zone:
    raises `VerifyError`, before anything is moved, where files that it held lie there no more, and for tables that
    are made of nothing else, such as the list of who was erased. Of a table that stands, with changed files of former
    versions, these are taken away.
    """
    if is_store(root):
        raise VerifyError("on an object store, restore the files named from the store's own versions or from a backup")
    known = tables()
    again = {f.address: known[f.address] for f in damaged if f.problems and not f.as_of}
    if lost := sorted({t.address() for t in UNIQUE} & again.keys()):
        raise VerifyError(
            f"{', '.join(lost)} can't be made again from anything: restore the lake from a backup; nothing was changed"
        )
    if {Delivery.address(), Quarantine.address()} & again.keys():  # without them nobody knows what was read
        again |= {t.address(): t for t in (Delivery, Quarantine)}
        again |= {a: t for a, t in known.items() if issubclass(t, BronzeTable) and log_entries(*_place(root, a))}
    sent = {a: t for a, t in known.items() if a in again and issubclass(t, BronzeTable)}
    _must_be_landed(root, landing, sent)
    for address in again:
        if log_entries(*_place(root, address)):
            say(f"{address}: set aside in {set_aside(root, address)}")
    if Delivery.address() not in again and sent:
        _forget(root, sent)
    _without_former([f for f in damaged if not f.problems], root, say)
    past = [f for f in damaged if f.problems and f.as_of]
    for found in past:
        say(f"{found.name}: set aside in {set_aside(_past(root, found.as_of), found.address)}")
    for command in [*(["gerland run"] if again else []), *sorted({f"gerland run --as-of {f.as_of}" for f in past})]:
        say(f"next: {command}")


def _without_former(damaged: Sequence[Verified], root: str, say: Say) -> None:
    """Take away changed files of former versions, as a vacuum does: the tables stand on none of them."""
    for found in damaged:
        system, path = _place(_past(root, found.as_of) if found.as_of else root, found.address)
        for name in found.former:
            system.delete_file(f"{path}/{name}")
        say(
            f"{found.name}: {len(found.former)} files of former versions taken away; the table stands as it was written"
        )


def standing(root: str) -> Iterator[tuple[str, str, str]]:
    """Date of the past lake or nothing, address and folder of every table that was made."""
    for day in ("", *past_days(root)):
        lake = _past(root, day) if day else root
        for address in tables():
            if log_entries(*_place(lake, address)):
                yield day, address, f"{lake}/{address.replace('.', '/')}"


def past_days(root: str) -> Sequence[str]:
    """Dates from which the lake was seen, each with a lake of its own for what is derived."""
    system, path = file_system(f"{root}/as_of")
    infos = system.get_file_info(fs.FileSelector(path, allow_not_found=True))
    return sorted(i.base_name for i in infos if i.type == fs.FileType.Directory)


def _past(root: str, day: str) -> str:
    return f"{root}/as_of/{day}"


def _place(root: str, address: str) -> tuple[fs.FileSystem, str]:
    return file_system(f"{root}/{address.replace('.', '/')}")


def _must_be_landed(root: str, landing: str, sent: Mapping[str, type[BronzeTable]]) -> None:
    """Refuse to set aside what could not be read again."""
    if not sent:
        return
    there = {f.delivery_id for f in scan(landing, sources())} if Path(landing).is_dir() or is_store(landing) else set()
    for address, table in sent.items():
        held = _held(root, table)
        if lost := held - there:
            raise VerifyError(
                f"{address} holds {len(held)} deliveries, of which {len(lost)} lie no more in {landing}: "
                f"put the files of {table.source} back, or restore the table from a backup; nothing was changed"
            )


def _held(root: str, table: type[BronzeTable]) -> set[str]:
    """Deliveries that a bronze table was fed with: by the ledger, else by the folders of its own partitions."""
    from deltalake.exceptions import DeltaError

    folder, name = f"{root}/{Delivery.address().replace('.', '/')}", table.name
    try:
        rows = at(folder).to_pyarrow_table(columns=["delivery_id", "table_name", "n_rows_kept"]).to_pylist()
        return {r["delivery_id"] for r in rows if r["table_name"] == name and r["n_rows_kept"]}
    except (DeltaError, OSError):
        system, path = _place(root, table.address())
        infos = system.get_file_info(fs.FileSelector(path))
        return {i.base_name.removeprefix("delivery_id=") for i in infos if i.base_name.startswith("delivery_id=")}


def _forget(root: str, sent: Mapping[str, type[BronzeTable]]) -> None:
    """Take the deliveries of tables out of the ledger, so that the next run reads them again."""
    folder = f"{root}/{Delivery.address().replace('.', '/')}"
    names = ", ".join(repr(t.name) for t in sent.values())
    at(folder).delete(f"table_name IN ({names}) AND status IN ({', '.join(map(repr, KEPT))})")
    seal(folder)
