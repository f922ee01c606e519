"""No masked cell can be solved for from the totals, by the rank of the sums."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.disclosure.suppress import PRIMARY, SECONDARY, SHOWN, suppressed


def table(random, n_places, n_periods):
    """Counts of places and periods with the sums of both, and what each cell is in."""
    inside = random.poisson(random.choice([2, 20, 60], (n_places, 1)), (n_places, n_periods))
    whole = np.block([[inside, inside.sum(1)[:, None]], [inside.sum(0)[None], inside.sum()[None, None]]])
    place, period = np.indices(whole.shape)
    return whole.ravel(), place.ravel(), period.ravel()


def solvable(mask, sums):
    """Masked cells without which the sums of masked cells have a smaller rank than one less column accounts for."""
    hidden = np.flatnonzero(mask != SHOWN)
    rows = [(labels[hidden] == label).astype(int) for labels in sums for label in np.unique(labels)]
    matrix = np.array(rows)
    rank = np.linalg.matrix_rank
    return [int(c) for i, c in enumerate(hidden) if rank(np.delete(matrix, i, axis=1)) == rank(matrix) - 1]


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 8))
def test_no_small_cell_is_left_to_be_solved_for(seed, n_places, n_periods):
    counts, place, period = table(np.random.default_rng(seed), n_places, n_periods)
    is_place = place < n_places
    is_small = is_place & (counts > 0) & (counts < 11)
    mask = suppressed(counts, is_small, [place, period])
    assert (mask[is_small] == PRIMARY).all()
    assert not is_small.any() or not solvable(mask, [place, period]) or (counts[mask == SHOWN] == 0).all()
    if not is_small.any():
        assert (mask == SHOWN).all()


def test_the_smallest_other_cell_of_the_sum_is_taken():
    counts = np.array([5, 40, 30, 0, 75])
    mask = suppressed(counts, counts == 5, [np.zeros(5, dtype=int)])
    assert mask.tolist() == [PRIMARY, SHOWN, SECONDARY, SHOWN, SHOWN]


def test_cells_in_no_sum_hide_nothing():
    counts = np.array([5, 40, 30])
    assert suppressed(counts, counts == 5, [np.array([-1, 0, 0])]).tolist() == [PRIMARY, SHOWN, SHOWN]
