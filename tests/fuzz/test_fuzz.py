"""The quick part of fuzzing: samples, what was found once, and mutations without guidance."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.catalog import sources
from tests.fuzz.target import PIECES, Target, targets


def test_every_bronze_table_is_fuzzed():
    read = {t.name for source in sources().values() for t in source.tables}
    assert read == {t.table.name for t in targets().values()}
    assert {"medic_am_month.xlsx", "veddra_term.xlsx", "snds_er_prs_f.parquet"} < set(targets())
    assert all(t.seeds for t in targets().values())


@pytest.mark.parametrize("name", sorted(targets()))
def test_samples_and_cases_found_before_keep_the_promises(name):
    target = targets()[name]
    assert [target.fault(seed) for seed in target.seeds] == [None] * len(target.seeds)
    assert {case.name: fault for case in target.cases() if (fault := target.fault(case.read_bytes()))} == {}


@st.composite
def mutations(draw: st.DrawFn, target: Target) -> bytes:
    """A sample with a few of its parts replaced, doubled or cut."""
    data = draw(st.sampled_from(target.seeds))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=12), st.just(data[start:end] * 2)))
        data = data[:start] + piece + data[end:]
    return data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data


@pytest.mark.parametrize("name", sorted(targets()))
def test_mutated_samples_keep_the_promises(name):
    target = targets()[name]

    @settings(max_examples=40)
    @given(mutations(target))
    def holds(data: bytes) -> None:
        assert target.fault(data) is None

    holds()
