"""What is fuzzed and what must hold: found by looking at the sources' folders, seeded by their own simulated files."""

from __future__ import annotations

import io
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.core.catalog import sources
from pipelines.core.landing import file_system, opened, scan
from pipelines.core.reading import Refused
from pipelines.core.table import BronzeTable
from pipelines.simulator.write import simulate

SECONDS = 20  # an input that takes longer hangs
SEED_BYTES = 6_000
WHOLE_BYTES = 100_000  # of a document that means nothing when it is cut
OWN_SEEDS = {  # of tables that the simulated files do not feed, or feed with nothing
    "bdpm_cip13": b'CIP13,NOM COURT\n3400930000001,DOLIPRANE\n3400930000002,"ASPIRINE, 500"\n',
    "faers_deleted": b"1000001\n1000002$\n",
}
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


@dataclass(frozen=True)
class Target:
    """One bronze table: its reader and counter, a landed path as they are given one, and sample files."""

    table: type[BronzeTable]
    reader: Any
    path: str
    seeds: tuple[bytes, ...]

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.table.name

    def fault(self, data: bytes) -> str | None:
        """What is wrong with how the reader takes these bytes; None where it keeps its promises."""
        try:
            with limited(SECONDS):
                rows = sum(t.num_rows for t in self.reader.read(io.BytesIO(data), self.path, self.table))
                counted = self.reader.count(io.BytesIO(data), self.path, self.table)
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
def limited(seconds: int) -> Iterator[None]:
    """Raise TimeoutError where the block takes longer; main thread only."""

    def late(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


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
                found[table.name] = replace(fed, seeds=(*fed.seeds, OWN_SEEDS[table.name]))
    return found


def _short(data: bytes) -> bytes:
    """The first lines of a file, whole where they end soon."""
    if len(data) <= (WHOLE_BYTES if b"<?xml" in data[:100] else SEED_BYTES):
        return data
    return data[: data.rfind(b"\n", 0, SEED_BYTES) + 1] or data[:SEED_BYTES]
