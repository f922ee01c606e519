"""What is fuzzed and what must hold: found by looking at the sources' folders, seeded by their own simulated files."""

from __future__ import annotations

import csv
import io
import signal
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.core import limits
from pipelines.core.catalog import sources
from pipelines.core.table import BronzeTable
from pipelines.files import json, text, xml
from pipelines.files.store import file_system
from pipelines.files.text import Refused, decode
from pipelines.intake.landing import opened, scan
from pipelines.simulator.write import simulate

SECONDS = 20  # of the processor: an input that takes longer hangs
SEED_BYTES = 2_000
WHOLE_BYTES = 100_000  # of a document that means nothing when it is cut
OWN_SEEDS = {  # of tables that the simulated files do not feed, or feed with nothing or with workbooks
    "bdpm_cip13": b'CIP13,NOM COURT\n3400930000001,DOLIPRANE\n3400930000002,"ASPIRINE, 500"\n',
    "faers_deleted": b"1000001\n1000002$\n",
    "spares_incidence": b"bacterie,phenotype,qrt,n,Nbhosp,di\nEscherichia coli,ESBL,2019,11485,44158593,0.26\n",
}
SHEET = "xl/worksheets/sheet1.xml"
CASES = Path(__file__).parent / "cases"


class Dripping(io.BytesIO):
    """Bytes that come a few at a time, so that small inputs meet the edge of a buffer everywhere."""

    def __init__(self, data: bytes, n: int):
        """Hold the bytes, of which no more than `n` come at once."""
        super().__init__(data)
        self._n = n

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes, at most `n`; all that is left where no size is asked for."""
        return super().read(size if size is None or size < 0 else min(size, self._n))


# What breaks parsers: ends, quotes, controls, bad encodings, formulas, entities, numbers out of range, deep nesting.
PIECES = [
    b"",
    b"\n",
    b"\r",
    b'"',
    b"'",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"=1+1",
    b"<!ENTITY a 'b'>",
    b"<",
    b"]]>",
]
PIECES += [b"{", b"[" * 50, b"\\u", b"NaN", b"-99999999999999999999", b",", b";", b"$", b"\t", b"|", b"\x1a", b"&#x0;"]
PIECES += [
    b'""',
    b'","',
    b'",\n',
    b"\r\n",
    b"\xc2\xa0",
    b"\xe2\x80\xa8",
    b"\x85",
    b"\xa0",
    b'"results":[',
    b"]}",
    b"],",
    b"\\ud800",
    b"<?xml ",
    b"-->",
    b"</",
]


@dataclass(frozen=True)
class Target:
    """One bronze table: its reader and counter, a landed path as they are given one, and sample files."""

    table: type[BronzeTable]
    reader: Any
    path: str
    seeds: tuple[bytes, ...]
    packed: Callable[[bytes], bytes] = bytes  # makes a file of an input: the sheet of a workbook is fuzzed, not its zip

    @property
    def name(self) -> str:
        """Name of the table, and the kind of file where it has another than text."""
        return self.table.name + next((end for end in (".xlsx", ".parquet") if self.path.endswith(end)), "")

    def fault(self, data: bytes) -> str | None:
        """What is wrong with how the reader takes these bytes; None where it keeps its promises.

        Every second input, told by its hash, comes a few bytes at a time to small buffers under small limits.
        """
        edges = zlib.crc32(data)
        try:
            with limited(SECONDS), cramped(edges) if edges % 2 else nullcontext():
                size = edges // 2 % 900 + 50 if edges % 2 else len(data) + 1
                file = self.packed(data)
                rows = sum(t.num_rows for t in self.reader.read(Dripping(file, size), self.path, self.table))
                counted = self.reader.count(Dripping(file, size), self.path, self.table)
        except Refused:
            return None
        except TimeoutError:
            return f"took more than {SECONDS} s"
        except Exception as error:
            return f"raised {type(error).__name__}: {error}"
        return None if rows == counted else f"{rows} records came out, {counted} were counted"

    def cases(self) -> list[Path]:
        """Inputs that were found to be a fault once."""
        return sorted((CASES / self.name).glob("*"))


@contextmanager
def cramped(seed: int) -> Iterator[None]:
    """Read in small buffers under small limits, so that an input of some bytes meets every edge."""
    small = {
        limits: {
            "TEXT_BYTES": 400,
            "LOOKED_AT_BYTES": 200,
            "RECORD_BYTES": 1500,
            "MESSAGE_BYTES": 5000,
            "COUNTED_BYTES": seed // 7 % 900 + 100,
        },
        **{module: {"CHUNK_BYTES": seed // 7 % 900 + 100} for module in (text, json, xml)},
    }
    before = {module: {name: getattr(module, name) for name in values} for module, values in small.items()}
    try:
        for module, values in small.items():
            vars(module).update(values)
        yield
    finally:
        for module, values in before.items():
            vars(module).update(values)


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise TimeoutError where the block takes longer, in time of the processor: others may use it; main thread only."""

    def late(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@cache
def targets() -> dict[str, Target]:
    """Every bronze table by name; one that no simulated file feeds has the seeds of its source's others."""
    found: dict[str, Target] = {}
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder), 60, 1, lambda _: None)
        system, base = file_system(folder)
        for landed in scan(folder, sources()):
            source = sources()[landed.source]
            with opened(system, f"{base}/{landed.container}", landed.member) as stream:
                seed = _short(stream.read(WHOLE_BYTES + 1))
            for table in landed.tables:
                seeds = found[table.name].seeds if table.name in found else ()
                found[table.name] = Target(table, source.module("read"), landed.path, (*seeds, seed))
    for source in sources().values():
        own = [found[t.name] for t in source.tables if t.name in found]
        seeds = tuple(seed for target in own for seed in target.seeds)
        for table in source.tables:
            fed = found.setdefault(table.name, Target(table, source.module("read"), own[0].path, seeds))
            if table.name in OWN_SEEDS:
                texts = [seed for seed in fed.seeds if not seed.startswith(b"PK")]  # a workbook is fuzzed by its sheet
                path = fed.path.replace(".xlsx", ".csv")
                found[table.name] = replace(fed, path=path, seeds=(*texts, OWN_SEEDS[table.name]))
    others = [other for target in found.values() for other in (_workbook(target), _parquet(target)) if other]
    return found | {target.name: target for target in others}


def _cells(target: Target) -> list[list[str]]:
    """Cells of a table's first sample."""
    text = decode(target.seeds[0])
    return list(csv.reader(io.StringIO(text), delimiter=max("\t;,", key=text.partition("\n")[0].count)))


def _workbook(target: Target) -> Target | None:
    """The same table from a workbook, whose first sheet is what is fuzzed; None where its source takes none."""
    path = str(PurePosixPath(target.path).with_suffix(".xlsx"))
    if not target.table.files.owns(path) or "read_workbook" not in vars(target.reader):
        return None
    book, out = openpyxl.Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for row in _cells(target)[:40]:
        sheet.append(row)
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return replace(target, path=path, seeds=(parts[SHEET],), packed=partial(_zipped, parts))


def _zipped(parts: dict[str, bytes], sheet: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in (parts | {SHEET: sheet}).items():
            archive.writestr(name, data)
    return out.getvalue()


def _parquet(target: Target) -> Target | None:
    """The same table from a Parquet file; None where its source takes none."""
    path = str(PurePosixPath(target.path).with_suffix(".parquet"))
    if not target.table.files.owns(path) or "read_parquet" not in vars(target.reader):
        return None
    names, *rows = _cells(target)[:40]
    columns = zip(*(row for row in rows if len(row) == len(names)), strict=True)
    out = io.BytesIO()
    pq.write_table(pa.table({name: list(column) for name, column in zip(names, columns, strict=True)}), out)
    return replace(target, path=path, seeds=(out.getvalue(),))


def _short(data: bytes) -> bytes:
    """The first lines of a file, whole where they end soon."""
    if len(data) <= (WHOLE_BYTES if b"<?xml" in data[:100] else SEED_BYTES):
        return data
    return data[: data.rfind(b"\n", 0, SEED_BYTES) + 1] or data[:SEED_BYTES]
