"""Sequence ratios of first dispensings of an index and a marker drug, adjusted for their trends in time.

Source: Hallas 1996, Epidemiology 7:478-484; Tsiropoulos, Andersen, Hallas 2009, Pharmacoepidemiol Drug Saf 18:483-491;
moving average and conventions as described by Pratt et al. 2015, Pharmacoepidemiol Drug Saf 24:858-864.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

from models.result import result

Days = NDArray[np.int64]


@dataclass(frozen=True)
class Ratios:
    """Crude, null-effect (and the share it comes from) and adjusted ratio; bounds of the first and the last."""

    n_index_first: int
    n_marker_first: int
    crude: float
    crude_bounds: tuple[float, float]
    null_share: float
    null: float
    adjusted: float
    bounds: tuple[float, float]


def sequence_ratios(
    index_person: ArrayLike,
    index_day: ArrayLike,
    marker_person: ArrayLike,
    marker_day: ArrayLike,
    window: tuple[float, float] = (0, 365),
    moving_average: float = 548,
    level: float = 0.95,
) -> Ratios:
    """Compute the sequence ratios from first dispensings (one row a person and drug; whole days).

    Pairs count whose gap in days is more than window[0] and at most window[1]; those on one day never do. The
    null-effect ratio is that of sequences expected from the drugs' trends alone: for each start of the index drug, the
    share of marker starts within `moving_average` days that come after it. Bounds are Jeffreys' of the share of index
    first, as odds.

    Raises:
        ValueError: a person missing or twice for one drug, or no marker start near any index start.
    """
    frames = []
    for name, person, day in (("index", index_person, index_day), ("marker", marker_person, marker_day)):
        frame = pl.DataFrame(
            {"person": pl.Series(np.asarray(person)), name: pl.Series(np.asarray(day, dtype=np.int64))}
        )
        if frame["person"].is_null().any():
            raise ValueError(f"row {frame['person'].is_null().arg_true()[0] + 1} of the {name} drug has no person")
        if frame["person"].is_duplicated().any():
            raise ValueError(f"a person has two first dispensings of the {name} drug")
        frames.append(frame)
    both = frames[0].join(frames[1], on="person")
    gap = (both["marker"] - both["index"]).to_numpy()
    inside = (np.abs(gap) > window[0]) & (np.abs(gap) <= window[1])
    first, second = int((inside & (gap > 0)).sum()), int((inside & (gap < 0)).sum())
    share = null_share(frames[0]["index"].to_numpy(), frames[1]["marker"].to_numpy(), moving_average)
    null = share / (1 - share) if share < 1 else np.inf
    crude = first / second if second else np.nan
    tail = (1 - level) / 2
    odds = [q / (1 - q) for q in beta.ppf([tail, 1 - tail], first + 0.5, second + 0.5)]
    low, high = float(odds[0]), float(odds[1])
    scale = null if 0 < null < np.inf else np.nan
    return Ratios(first, second, crude, (low, high), share, null, crude / scale, (low / scale, high / scale))


def null_share(index_day: Days, marker_day: Days, moving_average: float) -> float:
    """Chance that the marker comes after the index drug if neither knows of the other.

    Each day with an index start is weighted by their number; of the marker starts within `moving_average` days of it,
    those after it stand against those before.
    """
    days, n_index = np.unique(index_day, return_counts=True)
    marker = np.sort(marker_day)
    far = np.iinfo(np.int64).max // 4 if np.isinf(moving_average) else int(moving_average)
    after = np.searchsorted(marker, days + far, side="right") - np.searchsorted(marker, days, side="right")
    before = np.searchsorted(marker, days, side="left") - np.searchsorted(marker, days - far, side="left")
    forward, backward = float((n_index * after).sum()), float((n_index * before).sum())
    if forward + backward == 0:
        raise ValueError("no marker start lies near an index start: the null-effect ratio is not defined")
    return forward / (forward + backward)


def answer(ratios: Ratios) -> pl.DataFrame:
    """Put the adjusted ratio in the shape of `models.result`."""
    reason = None
    if not ratios.n_marker_first:
        reason = "no sequence with the marker first"
    elif not np.isfinite(ratios.null) or ratios.null == 0:
        reason = "the trends allow one order only"
    keys = pl.DataFrame(
        {
            "index_first": [ratios.n_index_first],
            "marker_first": [ratios.n_marker_first],
            "crude_ratio": [None if np.isnan(ratios.crude) else ratios.crude],
            "null_ratio": [ratios.null if np.isfinite(ratios.null) else None],
        }
    )
    return result(
        *("sequence_symmetry", "lower 95 % bound > 1", [np.nan if reason else ratios.adjusted]),
        lower=[ratios.bounds[0]],
        upper=[ratios.bounds[1]],
        is_signal=[ratios.bounds[0] > 1],
        not_computed=[reason],
        keys=keys,
    )
