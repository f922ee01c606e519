"""Data squashing: fewer points for a quicker fit. Not needed for zero cells, which `likelihood.zero_points` counts
exactly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.mgps.likelihood import Floats, Points

KEEP = (100, 75, 50, 25)
CUT_OFFS = (500, 1_000, 10_000, 100_000, 500_000, 1_000_000, 5_000_000)
SUPER_POINTS = (50, 75, 150, 500, 750, 1_000, 2_000, 5_000)


def squash(points: Points, count: int = 1, bin_size: int = 50, keep: int = 100) -> Points:
    """Replace the points with n = `count` by bin means of E, but for the `keep` points of largest E, which stay.

    Points are sorted by E and cut in bins of `bin_size` from the smallest; the last bin takes what is left over.
    Weight = bin size.

    Source: DuMouchel and Pregibon 2001 (KDD); conventions of openEBGM 0.9.1 squashData.

    Raises:
        ValueError: bin size below 2, negative keep, this count already squashed, or fewer than one bin of points to
        squash.
    """
    if bin_size < 2 or keep < 0:
        raise ValueError(f"need bin_size >= 2 and keep >= 0, got {bin_size} and {keep}")
    chosen = points.n == count
    if np.any(points.weight[chosen] != 1):
        raise ValueError(f"points with n = {count} are squashed or grouped already")
    expected = np.sort(points.expected[chosen])
    n_squashed = expected.size - keep
    if n_squashed < bin_size:
        raise ValueError(f"{expected.size} points with n = {count} are too few for bin size {bin_size} and keep {keep}")
    first = np.arange(0, n_squashed, bin_size)
    size = np.diff(np.append(first, n_squashed)).astype(float)
    means = np.add.reduceat(expected[:n_squashed], first) / size
    new_expected = np.concatenate([means, expected[n_squashed:]])
    new_weight = np.concatenate([size, np.ones(keep)])
    n = np.concatenate([points.n[~chosen], np.full(new_expected.size, float(count))])
    order = np.argsort(n, kind="stable")
    join = (
        np.concatenate([points.expected[~chosen], new_expected]),
        np.concatenate([points.weight[~chosen], new_weight]),
    )
    return Points(n[order], join[0][order], join[1][order])


def auto_squash(
    points: Points,
    keep: Sequence[int] = KEEP,
    cut_offs: Sequence[float] = CUT_OFFS,
    super_points: Sequence[int] = SUPER_POINTS,
) -> Points:
    """Squash every count that has more than max(keep) + 1 points, to about a number of points that depends on how many
    there are.

    The i-th squashed count (ascending) keeps `keep[i]` points (the last value for all further ones); the others are
    binned so that `super_points[j]` remain, j being the first cut-off above their number.

    Source: openEBGM 0.9.1 autoSquash.

    Raises:
        ValueError: points already weighted, or `super_points` not one longer than `cut_offs`.
    """
    if len(super_points) != len(cut_offs) + 1:
        raise ValueError("super_points must be one longer than cut_offs")
    if np.any(points.weight != 1):
        raise ValueError("points are squashed or grouped already")
    counts, sizes = np.unique(points.n, return_counts=True)
    large = sizes > max(keep) + 1
    for position, (count, size) in enumerate(zip(counts[large], sizes[large], strict=True)):
        kept = keep[min(position, len(keep) - 1)]
        wanted = super_points[int(np.searchsorted(cut_offs, size - kept, side="right"))]
        points = squash(points, int(count), max((int(size) - kept) // wanted, 2), kept)
    return points


def gridded(points: Points, step: float = 1e-3) -> Points:
    """Put points of one n together whose E differ by less than a factor e^step, at their weighted mean E.

    Works on weighted points of any kind, zeros included, and keeps the number of cells.

    Raises:
        ValueError: step not positive.
    """
    if step <= 0:
        raise ValueError(f"step must be positive, got {step}")
    place = np.rint(np.log(points.expected) / step).astype(np.int64)
    key = (
        points.n.astype(np.int64) * (int(place.max(initial=0) - place.min(initial=0)) + 1)
        + place
        - place.min(initial=0)
    )
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.concatenate([[True], np.diff(key[order]) != 0]))
    weight = np.add.reduceat(points.weight[order], first)
    expected = np.add.reduceat((points.weight * points.expected)[order], first) / weight
    return Points(points.n[order][first], expected, weight)


def unsquashed(n: Floats, expected: Floats) -> Points:
    """Ungrouped points of weight 1, what `squash` starts from."""
    n, expected = np.asarray(n, dtype=float), np.asarray(expected, dtype=float)
    return Points(n, expected, np.ones(n.size))
