"""Processor seconds and peak memory of this process and all it started, runs in turn, and the line of the table."""

from __future__ import annotations

import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

ROUNDS = 5  # runs of either side, in turn


@dataclass(frozen=True)
class Line:
    """One line of the benchmark table: what each run of ours and of the peer came to, in turn.

    `unit` says of what; without a peer the figure is our own. `target` is the largest figure (the smallest, where
    `at_least`) that the project allows itself, None where it sets none at this size.
    """

    job: str
    peer: str
    ours: Sequence[float]
    theirs: Sequence[float]
    target: float | None
    said: str = ""
    unit: str = "s"
    at_least: bool = False

    @property
    def figures(self) -> list[float]:
        """Ours over theirs, run by run; ours alone without a peer."""
        return [o / t for o, t in zip(self.ours, self.theirs, strict=True)] if self.theirs else list(self.ours)

    @property
    def is_missed(self) -> bool:
        """Tell whether the median is beyond the target."""
        if self.target is None:
            return False
        return median(self.figures) < self.target if self.at_least else median(self.figures) > self.target

    def __str__(self) -> str:
        """Return the line as it is printed."""
        bound = "at least" if self.at_least else "at most"
        target = "no target at this size" if self.target is None else f"{bound} {self.target:g}"
        sides = f"{median(self.ours):10.2f} {self.unit}"
        sides += f"  {self.peer:<36} {median(self.theirs):10.2f} {self.unit}" if self.theirs else ""
        spread = f"{min(self.figures):.3f} to {max(self.figures):.3f} in {len(self.figures)} runs"
        verdict = "OVER" if self.is_missed else "ok"
        return (
            f"{self.job:<58} {sides}  {'ratio ' if self.theirs else ''}{median(self.figures):.3f} ({spread}; {target}) "
            f"{verdict}  load {os.getloadavg()[0]:.1f}  {self.said}"
        )


def target_at(targets: Mapping[int, float], size: int) -> float | None:
    """The target of the largest size that is reached; None below the smallest."""
    return next((targets[n] for n in sorted(targets, reverse=True) if size >= n), None)


def versions(*packages: str) -> str:
    """Names and versions of installed packages."""
    return ", ".join(f"{name} {metadata.version(name)}" for name in packages)


def machine() -> str:
    """The processor, how many there are, and how busy they were in the last 1, 5 and 15 minutes."""
    told = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in told if line.startswith("model name")), platform.machine())
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    return f"{model}, {os.cpu_count()} processors, load {load}; Python {platform.python_version()}"


def say(line: Line) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass
class Cost:
    """What a block cost: processor and wall seconds, largest memory (bytes, shared pages counted once)."""

    processor: float = 0.0
    wall: float = 0.0
    peak: int = 0


@dataclass
class Turns:
    """Runs of ours and of a peer, in turn: what each cost, and what the last of each gave."""

    ours: list[Cost]
    theirs: list[Cost]
    our_result: Any = None
    their_result: Any = None

    @property
    def seconds(self) -> tuple[list[float], list[float]]:
        """Processor seconds of each run of either side."""
        return [c.processor for c in self.ours], [c.processor for c in self.theirs]

    def told(self) -> str:
        """Median of the wall seconds of both, and the largest memory of ours."""
        walls = [median(c.wall for c in side) for side in (self.ours, self.theirs)]
        return f"wall {walls[0]:.1f} against {walls[1]:.1f} s; peak {max(c.peak for c in self.ours) / 2**30:.1f} GiB"


def in_turn(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> Turns:
    """Run both sides one after the other, so that whatever else the machine does meets both."""
    turns = Turns([], [])
    for _ in range(rounds):
        turns.our_result, cost = measured(ours, with_memory=True)
        turns.ours.append(cost)
        turns.their_result, cost = measured(theirs)
        turns.theirs.append(cost)
    return turns


def measured(work: Callable[[], Any], with_memory: bool = False) -> tuple[Any, Cost]:
    """Run and measure. Processes are looked at every half second, memory where asked for.

    A process that ends while the work runs counts with what it was last seen to have used: the engine lets go of idle
    workers, whose seconds no parent keeps.
    """
    cost, done = Cost(), threading.Event()
    first = _processors()
    last = dict(first)
    watcher = threading.Thread(target=_watch, args=(cost, last, with_memory, done), daemon=True)
    start = time.monotonic()
    watcher.start()
    result = work()
    cost.wall = time.monotonic() - start
    done.set()
    watcher.join()
    last |= _processors()
    cost.processor = sum(used - first.get(process, 0.0) for process, used in last.items())
    return result, cost


def _processors() -> dict[tuple[int, str], float]:
    """Processor seconds of this process and each living descendant, by process and its start."""
    tick = os.sysconf("SC_CLK_TCK")
    stats = {pid: _stat(pid) for pid in _family()}
    return {(pid, f[19]): sum(int(x) for x in f[11:13]) / tick for pid, f in stats.items() if f}


def _watch(cost: Cost, last: dict[tuple[int, str], float], with_memory: bool, done: threading.Event) -> None:
    while not done.wait(0.5):
        last |= _processors()
        if with_memory:
            cost.peak = max(cost.peak, sum(_proportional(pid) for pid in _family()))


def _family() -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    mine, grew = {os.getpid()}, True
    while grew:
        more = {p for p, parent in parents.items() if parent in mine} - mine
        mine |= more
        grew = bool(more)
    return sorted(mine)


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
