"""What every method asks of a series: which periods can be used, and where the same time of past years lies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Days = Sequence[dt.date]
LARGEST = 2.0**53  # above it not every whole number is a double


def read(counts: ArrayLike, expected: ArrayLike | None = None) -> tuple[Floats, Floats, list[str | None]]:
    """Counts, expected counts (1 where there are none) and, a period, why it can't be used or None.

    A period that can't be used holds 0 in both, so that no sum is harmed by it. An expected count of 0 is usable where
    nothing came: such a period adds nothing to what is known.
    """
    n = np.asarray(counts, dtype=float).ravel()
    e = np.ones(n.size) if expected is None else np.asarray(expected, dtype=float).ravel()
    n, e = (x.copy() for x in np.broadcast_arrays(n, e))
    reasons = np.select(
        [np.isnan(n), n < 0, n > LARGEST, np.isnan(e), e < 0, e > LARGEST, (e == 0) & (n > 0)],
        [
            *("count is missing", "count is negative", "count is too large to be one"),
            *("expected count is missing", "expected count is negative", "expected count is too large"),
            "came where nothing is expected",
        ],
        default="",
    )
    n[reasons != ""], e[reasons != ""] = 0.0, 0.0
    return n, e, [text or None for text in reasons.tolist()]


def ordinals(days: Days, size: int) -> Ints:
    """First days of periods as numbers.

    Raises:
        ValueError: not one a period, or steps between them that are not of one length (months, years and quarters
            differ by a few days).
    """
    at = np.array([day.toordinal() for day in days], dtype=np.int64)
    steps = np.diff(at)
    if at.size != size or (steps.size and not (steps.min() > 0 and steps.max() <= 1.2 * steps.min())):
        raise ValueError("days must be one a period, in order, at regular steps")
    return at


def years_before(at: int, years: int, frequency: int, days: Ints | None = None) -> Ints | None:
    """Periods of the same time of year, `years` to 1 years before the period `at`; None where the series is younger.

    With first days of the periods, the period that begins nearest to the same day of that year (29 February: 1 March);
    a year of weeks then has 52 or 53. Without, every `frequency` periods.
    """
    if days is None:
        bases = at - frequency * np.arange(years, 0, -1)
        return bases if not years or bases[0] >= 0 else None
    day = dt.date.fromordinal(int(days[at]))
    targets = np.array([_same_day(day, day.year - back).toordinal() for back in range(years, 0, -1)], dtype=np.int64)
    if years and 2 * (days[0] - targets[0]) > days[1] - days[0]:
        return None
    after = np.clip(np.searchsorted(days, targets), 1, days.size - 1)
    return np.where(days[after] - targets < targets - days[after - 1], after, after - 1)


def _same_day(day: dt.date, year: int) -> dt.date:
    try:
        return day.replace(year=year)
    except ValueError:
        return dt.date(year, 3, 1)
