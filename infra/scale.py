"""What whole databases would take: bytes, partitions, executors, hours and money, from costs measured at three sizes.

`python -m infra.scale` prints the page `infra/docs/scale.md` shows. Costs stand in `infra/scale.toml`, as
`python -m tests.benchmarks.scale` found them: processor seconds and bytes at three numbers of reports or lines. Each is
taken to grow in proportion beyond a fixed part (least squares); how far that misses the sizes that were measured is
part of what is told. What a cluster loses to its network, to skew and to waiting is an assumption, and is named as one.
"""

from __future__ import annotations

import math
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MEASURED = Path(__file__).with_name("scale.toml")
PARTITION_BYTES = 128 << 20  # of a shuffle or a file, of which a task holds several times as much in memory
MONTHS = 12


@dataclass(frozen=True)
class Line:
    """A cost as a fixed part and a part a unit."""

    fixed: float
    each: float

    def at(self, n: float) -> float:
        """Cost of `n` units."""
        return self.fixed + self.each * n


@dataclass(frozen=True)
class Stage:
    """A part of the work: its unit, and what it cost in processor seconds and bytes at the sizes measured."""

    name: str
    unit: str
    units: Sequence[float]
    seconds: Sequence[float]
    n_bytes: Sequence[float]


@dataclass(frozen=True)
class Corpus:
    """A database: how many units it holds, and how many come a year, by unit."""

    name: str
    holds: Mapping[str, float]
    comes: Mapping[str, float]


@dataclass(frozen=True)
class Cluster:
    """What is assumed of a cluster: none of it was measured."""

    cores: int = 4  # of an executor
    memory_gib: int = 16  # of an executor
    used: float = 0.5  # share of its processor seconds that work gets, once network, skew and waiting have theirs
    hours: float = 24.0  # in which all is to be built anew
    copies: float = 2.0  # of the lake: one of work and one of backup
    per_core_hour: float = 0.05  # euros
    per_tb_month: float = 25.0  # euros


@dataclass(frozen=True)
class Need:
    """What a stage of a corpus takes: bytes, partitions, processor hours of a rebuild, and of a month's increment."""

    stage: str
    n_bytes: float
    partitions: int
    hours: float
    hours_of_month: float


CORPORA = (
    Corpus("VigiBase or EudraVigilance, whole", {"report": 40e6}, {"report": 5e6}),
    Corpus("SNDS, whole (67 million persons)", {"line": 15e9}, {"line": 1.5e9}),
    Corpus("ten years of EVVet", {"report": 2e6}, {"report": 3e5}),
)


def stages(file: Path = MEASURED) -> list[Stage]:
    """The stages that were measured. Raises `KeyError` or `tomllib.TOMLDecodeError` for a file that is none of ours."""
    told = tomllib.loads(file.read_text())
    return [Stage(n, s["unit"], s["units"], s["processor_seconds"], s["bytes"]) for n, s in told.items()]


def fitted(x: Sequence[float], y: Sequence[float]) -> Line:
    """Least squares of y = fixed + each · x; a fixed part below zero is none. Raises ValueError for less than two x."""
    if len(set(x)) < 2 or len(x) != len(y):
        raise ValueError("a line needs two sizes, and a cost for each")
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    each = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)
    fixed = mean_y - each * mean_x
    if fixed >= 0:
        return Line(fixed, each)
    return Line(0.0, sum(a * b for a, b in zip(x, y, strict=True)) / sum(a * a for a in x))


def foretold(x: Sequence[float], y: Sequence[float]) -> float:
    """How far the greatest size is from what the smaller ones foretell, as a share of it."""
    said = fitted(x[:-1], y[:-1]).at(x[-1])
    return said / y[-1] - 1


def needs(corpus: Corpus, measured: Sequence[Stage]) -> list[Need]:
    """What each stage of a corpus takes; stages whose unit it does not hold take nothing and are left out."""
    found = []
    for stage in measured:
        if stage.unit not in corpus.holds:
            continue
        n, month = corpus.holds[stage.unit], corpus.comes[stage.unit] / MONTHS
        seconds, size = fitted(stage.units, stage.seconds), fitted(stage.units, stage.n_bytes)
        n_bytes = size.at(n)
        partitions = math.ceil(n_bytes / PARTITION_BYTES)
        found.append(Need(stage.name, n_bytes, partitions, seconds.at(n) / 3600, seconds.at(month) / 3600))
    return found


def executors(taken: Sequence[Need], cluster: Cluster) -> int:
    """Executors that build all anew within the hours."""
    return math.ceil(sum(n.hours for n in taken) / (cluster.hours * cluster.cores * cluster.used))


def euros_a_month(taken: Sequence[Need], cluster: Cluster) -> float:
    """What a month costs: storage, the month's increment, and a twelfth of a rebuild."""
    hours = sum(n.hours_of_month + n.hours / MONTHS for n in taken) / cluster.used
    terabytes = cluster.copies * sum(n.n_bytes for n in taken) / 1e12
    return hours * cluster.per_core_hour + terabytes * cluster.per_tb_month


def page(measured: Sequence[Stage], cluster: Cluster) -> Iterator[str]:
    """Lines of the tables, in Markdown."""
    yield "| stage | processor s a million | fixed | bytes each | greatest size foretold, seconds | bytes |"
    yield "|---|---|---|---|---|---|"
    for s in measured:
        time, size_of = fitted(s.units, s.seconds), fitted(s.units, s.n_bytes)
        off = f"{foretold(s.units, s.seconds):+.0%} | {foretold(s.units, s.n_bytes):+.0%}"
        yield f"| {s.name}, {s.unit}s | {time.each * 1e6:,.0f} | {time.fixed:,.1f} s | {size_of.each:,.0f} | {off} |"
    yield ""
    yield "| database | stage | bytes | partitions | processor hours, all anew | of a month |"
    yield "|---|---|---|---|---|---|"
    for corpus in CORPORA:
        for n in needs(corpus, measured):
            size = f"{n.n_bytes / 1e9:,.0f} GB" if n.n_bytes < 1e12 else f"{n.n_bytes / 1e12:,.1f} TB"
            hours = f"{n.hours:,.1f} | {n.hours_of_month:,.2f}"
            yield f"| {corpus.name} | {n.stage} | {size} | {n.partitions:,} | {hours} |"
    yield ""
    yield f"| database | executors of {cluster.cores} cores for {cluster.hours:.0f} hours | euros a month |"
    yield "|---|---|---|"
    for corpus in CORPORA:
        taken = needs(corpus, measured)
        yield f"| {corpus.name} | {executors(taken, cluster)} | {euros_a_month(taken, cluster):,.0f} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join(page(stages(), Cluster())) + "\n")
