"""Sequence ratios against the reference, and what symmetry must mean."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.symmetry.symmetry import answer, sequence_ratios


@pytest.mark.samples
@pytest.mark.parametrize("kind", ["", "tiny_"])
def test_ratios_are_the_references(shared, kind):
    folder = shared / "references/sequence_symmetry"
    events = pl.read_csv(folder / f"{kind}first_events.csv", try_parse_dates=True)
    drug = {name: events.filter(pl.col("cohort") == name) for name in ("index", "marker")}
    given_ = [x for name in drug for x in (drug[name]["person_id"], drug[name]["date"].to_physical().to_numpy())]
    expected = pl.read_csv(
        folder / f"expected_{kind}sequence_ratios.csv",
        schema_overrides={"combination_window_hi": pl.String, "moving_average_restriction": pl.String},
    )
    for row in expected.iter_rows(named=True):
        window = row["combination_window_lo"], float(row["combination_window_hi"])
        ours = sequence_ratios(*given_, window, float(row["moving_average_restriction"]), row["ci_level"] / 100)
        assert (ours.n_index_first, ours.n_marker_first) == (row["index_first"], row["marker_first"])
        found = (ours.crude, ours.null_share, ours.null, ours.adjusted, *ours.crude_bounds, *ours.bounds)
        names = ("csr", "nsr_pa", "nsr", "asr", "csr_lo", "csr_hi", "asr_lo", "asr_hi")
        for number, name in zip(found, names, strict=True):
            assert math.isclose(number, row[name], rel_tol=1e-12), name


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=3, max_size=40))
def test_swapping_the_drugs_inverts_the_ratio(pairs):
    index, marker = map(np.array, zip(*pairs, strict=True))
    people = np.arange(len(pairs))
    try:
        one, other = (sequence_ratios(people, a, people, b) for a, b in ((index, marker), (marker, index)))
    except ValueError:
        return
    assert (one.n_index_first, one.n_marker_first) == (other.n_marker_first, other.n_index_first)
    if one.n_index_first and one.n_marker_first:
        assert one.crude * other.crude == pytest.approx(1)


def test_one_order_only_is_not_computed():
    row = answer(sequence_ratios([1, 2], [10, 20], [1, 2], [15, 25])).to_dicts()[0]
    assert row["estimate"] is None
    assert row["not_computed"] == "no sequence with the marker first"
