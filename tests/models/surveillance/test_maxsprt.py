"""MaxSPRT against the published critical values."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.surveillance.maxsprt import (
    NoBoundary,
    binomial_alpha,
    binomial_boundary,
    poisson_alpha,
    poisson_boundary,
    poisson_group_alpha,
    poisson_group_boundary,
    poisson_llr,
    poisson_maxsprt,
)


@pytest.mark.samples
def test_poisson_boundaries_are_the_published_ones(shared):
    folder = shared / "references/sequential_maxsprt"
    frames = [
        pl.read_csv(folder / f"expected_CVPoisson_continuous_{n}.csv", null_values="NA")
        for n in ("alpha05_by_M", "other_alpha")
    ]
    rows = pl.concat(frames, how="diagonal")
    assert rows.height > 190
    for row in rows.iter_rows(named=True):
        given = (float(row["SampleSize"]), row["alpha"], row["M"], float(row["D"] or 0))
        if not row["cv"]:
            with pytest.raises((NoBoundary, ValueError)):
                poisson_boundary(*given)
        else:
            assert poisson_alpha(row["cv"], given[0], given[2], given[3]) == pytest.approx(given[1], abs=2e-8), row
            assert poisson_boundary(*given) == pytest.approx(row["cv"], abs=1e-5), row


@pytest.mark.samples
def test_binomial_boundaries_and_their_error_are_the_published_ones(shared):
    for row in pl.read_csv(shared / "references/sequential_maxsprt/expected_CVBinomial.csv").iter_rows(named=True):
        groups = [int(g) for g in str(row["GroupSizes"]).split()]
        looks = np.cumsum(groups).tolist() if len(groups) > 1 else None
        boundary, error = binomial_boundary(row["N"], row["z"], row["alpha"], row["M"], looks)
        # The reference gives the lowest boundary, we the lowest ratio that is reached at or above it: the same test.
        assert boundary > row["cv"] - 1e-5, row
        assert error == binomial_alpha(row["cv"], row["N"], row["z"], row["M"], looks), row
        assert error == pytest.approx(row["type1"], abs=1e-9), row


def test_looking_in_groups_of_the_published_example():
    """R's Sequential documents 2.131835 for groups of 5, 6, 6, 5, 8 expected events."""
    looks = np.cumsum([5, 6, 6, 5, 8])
    boundary, error = poisson_group_boundary(looks)
    assert boundary >= 2.131835 - 1e-6
    assert error == poisson_group_alpha(2.131835, looks) <= 0.05 < poisson_group_alpha(2.1318, looks)
    simulated = np.random.default_rng(0).poisson([5, 6, 6, 5, 8], (200_000, 5)).cumsum(axis=1)
    assert (poisson_llr(simulated, looks) >= boundary).any(axis=1).mean() == pytest.approx(error, abs=0.002)
    with pytest.raises(ValueError, match="each above"):
        poisson_group_boundary([3, 2])
    grouped = poisson_maxsprt([3, 8], [2, 3], limit=5, grouped=True)
    assert grouped["method"][0] == "maxsprt_poisson_grouped"
    assert poisson_group_boundary([2, 5])[0] < poisson_boundary(5)


def test_a_series_signals_when_its_ratio_crosses_and_not_before():
    shown = poisson_maxsprt([0, 1, 2, 9, 1, 30], [1, 1, 1, 1, 1, 30], limit=20)
    assert shown["is_signal"].to_list() == [False, False, False, True, True, None]
    assert shown["not_computed"].to_list()[-1] == "expected count above the limit 20"
    assert shown["llr"][3] == pytest.approx(4 - 12 + 12 * np.log(3))
    assert poisson_llr([2, 5], [3, 5]).tolist() == [0, 0]
    with pytest.raises(ValueError, match="positive"):
        poisson_maxsprt([1], [0], limit=3)
