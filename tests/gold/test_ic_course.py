"""The course of the IC is what scoring each month end alone gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.cube.course import NEVER
from models.disproportionality.ic import ic
from pipelines.defs.gold.disproportionality.course import course_of
from pipelines.defs.gold.disproportionality.months import Changes
from tests.gold.test_months import CASES, cells


@given(CASES, st.integers(1, 4))
def test_each_month_end_is_followed(cases, minimum):
    if not (counted := cells(cases))[0].size:
        return
    changes = Changes.of(counted)
    course = course_of(changes, minimum)
    lower = np.full((len(course.first), len(changes.months)), np.nan)
    for step, state in enumerate(changes.states()):
        seen = np.flatnonzero(state.a > 0)
        if state.n_total < minimum or not seen.size:
            continue
        margins = state.n_substance[state.substance_of[seen]], state.n_event[state.event_of[seen]]
        scored = ic(state.a[seen], margins[0] * margins[1] / state.n_total)
        lower[seen, step] = scored.lower
        if step == len(changes.months) - 1:
            np.testing.assert_allclose(course.ic[seen], scored.estimate, atol=1e-12)
            np.testing.assert_allclose(course.ic025[seen], scored.lower, atol=1e-12)
    above = lower > 0
    assert (course.n_above == above.sum(axis=1)).all()
    assert (course.first == np.where(above.any(axis=1), above.argmax(axis=1), NEVER)).all()
    ever = ~np.isnan(lower).all(axis=1)
    assert (np.isnan(course.peak) == ~ever).all()
    np.testing.assert_allclose(course.peak[ever], np.nanmax(lower[ever], axis=1), atol=1e-12)
