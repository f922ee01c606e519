"""What arrives, told from the ledger: refused and failed files, volumes that drop, sources that are late."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from expectations.arrivals import FAILED, LATE, REFUSED, VOLUME, outcomes
from expectations.compile import CRITICAL, WARNING
from pipelines.core.catalog import SourceFolder, sources
from pipelines.core.source import Days
from tests.intake.landed import TOY
from tests.intake.toy.tables import ToyLine, ToyPerson

D = dt.date
DAY = D(2024, 6, 1)
MONTHLY = SourceFolder(replace(TOY.card, cadence=Days(31, "monthly"), lag=Days(14, "days")), TOY.tables, TOY.package)


def row(day: D, n: int = 100, status: str = "accepted", table: str = "toy_line", reason: str | None = None) -> dict:
    told = {"known_date": day, "n_rows_read": n, "status": status, "table_name": table, "reason": reason}
    return told | {"file": f"toy/{day}.txt", "sha256": f"{day}{n}"}


def found(rows: list[dict], table=ToyLine, source=MONTHLY, day=DAY, simulated=()) -> dict:
    return {o.rule.name: o for o in outcomes(source, table, rows, day, simulated)}


def test_refused_and_failed_files_are_counted_with_their_reasons():
    rows = [row(DAY), row(DAY, status="refused", table="", reason="empty"), row(DAY, status="failed", reason="bug")]
    told = found([*rows, row(DAY, status="withdrawn"), row(DAY, status="replaced")])
    assert (told[REFUSED].success, told[REFUSED].n_rows, told[REFUSED].n_unexpected) == (False, 3, 1)
    assert told[REFUSED].detail == "toy/2024-06-01.txt: empty"
    assert told[REFUSED].rule.severity == WARNING
    assert (told[FAILED].n_unexpected, told[FAILED].rule.severity) == (1, CRITICAL)
    assert found(rows, ToyPerson)[REFUSED].success is None  # what was refused unread is told once


@pytest.mark.parametrize(("newest", "holds"), [(50, True), (49, False), (500, True)])
def test_a_volume_below_half_of_the_median_of_at_least_three_dates_before_warns(newest, holds):
    days = [D(2024, m, 1) for m in (1, 2, 3, 4)]
    rows = [row(day, n) for day, n in zip(days, (90, 100, 1000, newest), strict=True)]
    assert found(rows)[VOLUME].success is holds
    assert found(rows[1:])[VOLUME].success is None
    split = [*rows[:-1], row(days[-1], newest - 20), row(days[-1], 20)]  # two files of one date
    assert found(split)[VOLUME].success is holds


@pytest.mark.parametrize(("day", "in_time"), [(D(2024, 6, 15), True), (D(2024, 6, 16), False)])
def test_a_source_is_late_after_its_cadence_and_lag(day, in_time):
    rows = [row(D(2024, 3, 1)), row(D(2024, 5, 1)), row(D(2024, 6, 10), status="refused")]
    told = found(rows, day=day)[LATE]
    assert told.success is in_time
    assert "at most 45 days" in told.rule.says
    assert found([*rows, row(D(2024, 12, 1))], day=D(2024, 6, 16))[LATE].success is False  # as known on that day
    assert found(rows, day=day, simulated={rows[1]["sha256"]})[LATE].success is None
    assert found([], day=day)[LATE].success is None
    assert found(rows, source=TOY, day=day)[LATE].success is None
    assert LATE not in found(rows, ToyPerson)  # told once a source


def test_every_card_says_how_often_and_how_late_in_days_or_that_nobody_promises_it():
    for source in sources().values():
        for span in (source.card.cadence, source.card.lag):
            assert span.says
            assert span.days is None or span.days > 0
    assert sum(s.card.due is not None for s in sources().values()) >= 15
