"""Monte Carlo ranks of scanned cuts, in the shape of `models.result`."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.result import result

Floats = NDArray[np.float64]
LEVEL = 0.05
_TIE = 1e-9


def ranked(
    name: str, keys: pl.DataFrame, risk: Floats, llr: Floats, largest: Floats, reasons: list[str | None]
) -> pl.DataFrame:
    """Rank each cut's ratio among the largest of drawn data, equal ones against it; the largest ratio comes first."""
    above = len(largest) - np.searchsorted(np.sort(largest), llr - _TIE, side="left")
    p = (1 + above) / (1 + len(largest))
    rows = result(
        *(name, f"Monte Carlo p <= {LEVEL:g}", risk),
        p_value=p,
        is_signal=p <= LEVEL,
        not_computed=reasons,
        keys=keys.with_columns(llr=llr),
    )
    return rows.sort("llr", descending=True, maintain_order=True)


def relative_risk(c: Floats, e: Floats, total: float | None) -> Floats:
    """Observed over expected, against that of all the rest where the total is given and the rest has a case."""
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = np.where(e > 0, c / e, np.nan)
        return (
            plain if total is None else np.where((total > c) & (total > e), plain / ((total - c) / (total - e)), plain)
        )
