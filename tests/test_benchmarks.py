"""The table of benchmarks: medians of runs in turn, targets by size, and an error where one is missed."""

from __future__ import annotations

import sys

import pytest

from tests.benchmarks import __main__ as table
from tests.benchmarks import mgps
from tests.benchmarks.measure import Line, in_turn, target_at


def test_a_target_counts_from_the_size_that_it_is_for():
    targets = {1_000_000: 1.5, 10_000_000: 1.0}
    assert [target_at(targets, n) for n in (999, 1_000_000, 9_999_999, 20_000_000)] == [None, 1.5, 1.5, 1.0]


def test_a_line_is_the_median_of_the_ratios_of_runs_in_turn_with_their_spread():
    line = Line("job", "peer", [2.0, 9.0, 3.0], [1.0, 3.0, 3.0], 2.0)
    assert sorted(line.figures) == [1.0, 2.0, 3.0]
    assert "2.000 (1.000 to 3.000 in 3 runs; at most 2) ok" in str(line)
    assert Line("job", "peer", [2.0], [1.0], 1.9).is_missed
    assert not Line("job", "peer", [2.0], [1.0], None).is_missed
    assert Line("job", "peer", [1.7], [1.0], 1.8, at_least=True).is_missed
    assert Line("job", "", [16.0, 14.0, 17.0], (), 15.0).is_missed


def test_both_sides_run_in_turn():
    said: list[str] = []
    turns = in_turn(lambda: said.append("ours"), lambda: said.append("theirs"), 2)
    assert said == ["ours", "theirs"] * 2
    assert [len(side) for side in turns.seconds] == [2, 2]


@pytest.mark.parametrize("target", [0.0, 1e9])
def test_a_target_that_is_missed_ends_in_an_error(monkeypatch, capsys, target):
    monkeypatch.setattr(mgps, "QUANTILES", {0: target})
    monkeypatch.setattr(table, "BENCHMARKS", {"mgps": {"q": table.BENCHMARKS["mgps"]["quantiles"]}})
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--size", "0.02", "--rounds", "1"])
    if target:
        table.main()
    else:
        with pytest.raises(SystemExit, match=r"1 targets are missed: EBGM, EB05, EB95 of 47,000 pairs"):
            table.main()
    told = capsys.readouterr().out
    assert "load" in told
    assert "scipy 1" in told
