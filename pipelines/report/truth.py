"""Planted signals against flagged pairs: pure functions on small rows.

Belongs here: matching and counting. Does not: judging a method on one simulated country; the wording is the page's.
A flag raised before a signal was planted can't be its detection: only months from the start on are looked at.
"""

from __future__ import annotations

import csv
import datetime as dt
import statistics
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.report.data import RULES
from pipelines.report.figures import month_index

ARTEFACTS = ("artefact",)


@dataclass(frozen=True)
class Planted:
    """One planted pair: a signal that should be found, or (`is_artefact`) a trap that should not."""

    population: str
    substance: str
    event: str
    start: dt.date | None
    is_artefact: bool = False
    kind: str = ""
    note: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Population and folded names."""
        return self.population, folded(self.substance), folded(self.event)


@dataclass(frozen=True)
class Finding:
    """What became of one planted pair: reports now, and per rule the first month flagged since the start."""

    planted: Planted
    n_reports: int
    first: Mapping[str, dt.date | None]
    flagged_before: tuple[str, ...]

    @property
    def delays(self) -> dict[str, int | None]:
        """Months from the month of the start to the first flagged month end, per rule."""
        start = self.planted.start
        return {
            rule: month_index(month) - month_index(start) if month and start else None
            for rule, month in self.first.items()
        }

    @property
    def is_found(self) -> bool:
        """Any rule flagged the pair since its start."""
        return any(self.first.values())


@dataclass(frozen=True)
class Performance:
    """One rule: planted signals found, and what its flagged pairs are, at the last month or ever since the start."""

    rule: str
    n_planted: int
    n_found: int
    median_delay: float | None
    n_flagged_now: int
    n_flagged_planted: int
    n_flagged_artefacts: int
    n_artefacts: int


def folded(name: str) -> str:
    """Upper case, no accents, single blanks: names are compared so."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join(plain.upper().split())


def match(planted: Iterable[Planted], history: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Find each planted pair among the pairs with their flagged months (`data.pair_history`)."""
    known: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in history:
        key = (row["population"], folded(row["substance_name"]), folded(row["term_name"]))
        known.setdefault(key, []).append(row)
    return [_finding(p, known.get(p.key, [])) for p in planted]


def _finding(planted: Planted, rows: Sequence[Mapping[str, Any]]) -> Finding:
    months = {rule: sorted(m for row in rows for m in row[rule] or []) for rule in RULES}
    start = planted.start or dt.date.min
    since = {rule: next((m for m in found if m >= start), None) for rule, found in months.items()}
    before = tuple(rule for rule, found in months.items() if found and found[0] < start)
    return Finding(planted, sum(row["a"] or 0 for row in rows), since, before)


def performance(findings: Sequence[Finding], flagged_now: Mapping[str, set[tuple[str, str, str]]]) -> list[Performance]:
    """Per rule: sensitivity among planted signals, and how the pairs flagged at the last month divide.

    `flagged_now` holds the keys of the flagged pairs of those populations in which something was planted.
    """
    signals = [f for f in findings if not f.planted.is_artefact]
    artefacts = {f.planted.key for f in findings if f.planted.is_artefact}
    keys = {f.planted.key for f in signals}
    found = []
    for rule in RULES:
        delays = [d for f in signals if (d := f.delays[rule]) is not None]
        now = flagged_now.get(rule, set())
        found.append(
            Performance(
                rule=rule,
                n_planted=len(signals),
                n_found=sum(f.first[rule] is not None for f in signals),
                median_delay=statistics.median(delays) if delays else None,
                n_flagged_now=len(now),
                n_flagged_planted=len(now & keys),
                n_flagged_artefacts=len((now & artefacts) - keys),
                n_artefacts=len(artefacts),
            )
        )
    return found


def flagged_at_last(
    history: Iterable[Mapping[str, Any]], populations: set[str], last: Mapping[str, dt.date]
) -> dict[str, set[tuple[str, str, str]]]:
    """Keys of the pairs that each rule flags at the last month of their population."""
    now: dict[str, set[tuple[str, str, str]]] = {rule: set() for rule in RULES}
    for row in history:
        if row["population"] in populations:
            key = (row["population"], folded(row["substance_name"]), folded(row["term_name"]))
            for rule in RULES:
                if last.get(row["population"]) in (row[rule] or []):
                    now[rule].add(key)
    return now


def read(folder: Path) -> list[Planted]:
    """Read the planted truth from `signals.csv` of a simulated country; nothing where there is none."""
    file = folder / "signals.csv"
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        return [_planted(row) for row in csv.DictReader(stream)]


def _planted(row: Mapping[str, str]) -> Planted:
    species = row.get("species") or ""
    domain = row["domain"]
    kind = row.get("kind") or ""
    return Planted(
        population=f"{domain}:{species}" if domain == "veterinary" and species not in ("", "*") else domain,
        substance=row["substance"],
        event=row["event"],
        start=dt.date.fromisoformat(row["start_month"]) if row.get("start_month") else None,
        is_artefact=kind in ARTEFACTS,
        kind=kind,
        note=row.get("note") or "",
    )
