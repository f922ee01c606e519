"""Every pairwise method by name, each answering in the one shape of `models.result`.

Belongs here: the list, and which columns of a method are its estimate, bounds and p. Does not: a formula (its own
module) or a threshold (`models.rules`, unless a rule belongs to one method only).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.disproportionality.counts import Cells, Floats
from models.disproportionality.fisher import fisher
from models.disproportionality.ic import ic, ic_bate_gould, ic_bate_gould_null, ic_noren_2006
from models.disproportionality.prr import chi_squared, prr
from models.disproportionality.ror import ror
from models.mgps.fit import Prior
from models.mgps.posterior import score as mgps_score
from models.result import result

LEVEL = 0.05


@dataclass(frozen=True)
class Pairs:
    """What methods are given: cells of each pair, expected counts (perhaps stratified), a prior if there is one."""

    cells: Cells
    expected: Floats
    prior: Prior | None = None


Answer = tuple[Floats, Floats | None, Floats | None, Floats | None, NDArray[np.bool_]]


def _ratio(found: object) -> tuple[Floats, Floats, Floats]:
    return found.estimate, found.lower, found.upper  # type: ignore[attr-defined]


def _prr(p: Pairs) -> Answer:
    estimate, lower, upper = _ratio(prr(p.cells))
    met = (estimate >= 2) & (chi_squared(p.cells) >= 4) & (p.cells.a >= 3)
    return estimate, lower, upper, None, met


def _prr_ema(p: Pairs) -> Answer:
    estimate, lower, upper = _ratio(prr(p.cells))
    return estimate, lower, upper, None, (lower >= 1) & (p.cells.a >= 5)


def _ror(p: Pairs) -> Answer:
    estimate, lower, upper = _ratio(ror(p.cells))
    return estimate, lower, upper, None, (lower > 1) & (p.cells.a >= 3)


def _ror_exact(p: Pairs) -> Answer:
    estimate, lower, upper = _ratio(ror(p.cells, method="exact"))
    return estimate, lower, upper, None, (lower > 1) & (p.cells.a >= 3)


def _ror_shrunk(p: Pairs) -> Answer:
    """log2 (a + 1/2) / (E + 1/2) with E = bc/d, the count at an odds ratio of 1 (Norén, Hopstadius, Bate 2013)."""
    at_one = np.divide(p.cells.b * p.cells.c, p.cells.d, out=np.full(p.cells.a.shape, np.nan), where=p.cells.d > 0)
    found = ic(p.cells.a, np.where(np.isfinite(at_one), at_one, 0.0))
    estimate, lower, upper = (np.where(np.isfinite(at_one), v, np.nan) for v in _ratio(found))
    return estimate, lower, upper, None, lower > 0


def _ic(p: Pairs) -> Answer:
    estimate, lower, upper = _ratio(ic(p.cells.a, p.expected))
    return estimate, lower, upper, None, lower > 0


def _ic_2006(p: Pairs) -> Answer:
    estimate, lower, upper = _ratio(ic_noren_2006(p.cells, draws=4_000))
    return estimate, lower, upper, None, lower > 0


def _bcpnn(p: Pairs) -> Answer:
    estimate, lower, upper = _ratio(ic_bate_gould(p.cells))
    return estimate, lower, upper, ic_bate_gould_null(p.cells), lower > 0


def _fisher(p: Pairs) -> Answer:
    value = fisher(p.cells)
    return _observed_to_expected(p), None, None, value, value < LEVEL


def _fisher_mid_p(p: Pairs) -> Answer:
    value = fisher(p.cells, mid_p=True)
    return _observed_to_expected(p), None, None, value, value < LEVEL


def _observed_to_expected(p: Pairs) -> Floats:
    e = p.cells.expected
    return np.divide(p.cells.a, e, out=np.full(e.shape, np.nan), where=e > 0)


def _mgps(p: Pairs) -> Answer:
    nothing = np.full(p.cells.a.shape, np.nan)
    if p.prior is None or not p.prior.converged:
        return nothing, nothing, nothing, None, np.zeros(nothing.shape, bool)
    possible = p.expected > 0
    found = [nothing.copy() for _ in range(3)]
    scores = mgps_score(p.cells.a[possible], p.expected[possible], p.prior)
    for values, name in zip(found, ("ebgm", "eb05", "eb95"), strict=True):
        values[possible] = getattr(scores, name)
    return found[0], found[1], found[2], None, found[1] >= 2


@dataclass(frozen=True)
class Method:
    """One method: how it answers, its rule in words, and what must hold for it to answer."""

    answer: Callable[[Pairs], Answer]
    rule: str
    needs: str


METHODS = {
    "prr": Method(_prr, "PRR >= 2, chi-squared (Yates) >= 4, a >= 3", "reports of the event without the product"),
    "prr_ema": Method(_prr_ema, "lower 95 % bound of PRR >= 1, a >= 5", "reports of the event without the product"),
    "ror": Method(_ror, "lower 95 % bound of ROR > 1, a >= 3", "no empty cell b or c"),
    "ror_exact": Method(_ror_exact, "lower exact 95 % bound of ROR > 1, a >= 3", "margins that leave a choice"),
    "ror_shrunk": Method(_ror_shrunk, "lower 95 % bound of the shrunk log2 ROR > 0", "reports without both"),
    "fisher": Method(_fisher, f"one-sided p < {LEVEL:g}", "an expected count above 0"),
    "fisher_mid_p": Method(_fisher_mid_p, f"one-sided mid-p < {LEVEL:g}", "an expected count above 0"),
    "ic": Method(_ic, "IC025 > 0", "nothing more"),
    "ic_noren_2006": Method(_ic_2006, "IC025 > 0", "nothing more"),
    "bcpnn": Method(_bcpnn, "IC025 > 0 (normal)", "nothing more"),
    "mgps": Method(_mgps, "EB05 >= 2", "a prior that converged, and an expected count above 0"),
}


def answers(pairs: Pairs, names: Iterable[str], keys: pl.DataFrame, minimum: int = 0) -> pl.DataFrame:
    """Ask several methods; one row a method and pair, `keys` first, in the shape of `models.result`.

    Pairs with fewer than `minimum` reports are not computed. `mgps` names its likelihood: ``mgps_zero_inclusive``.

    Raises:
        ValueError: an unknown name.
    """
    frames = []
    for name in names:
        if name not in METHODS:
            raise ValueError(f"there is no method {name!r}; known are {', '.join(METHODS)}")
        method = METHODS[name]
        estimate, lower, upper, p, met = method.answer(pairs)
        few = pairs.cells.a < minimum
        missing = ~np.isfinite(estimate)
        told = np.where(few, f"a < {minimum}", np.where(missing, f"needs {method.needs}", ""))
        reasons = pl.Series([text or None for text in told.tolist()], dtype=pl.String)
        shown = f"mgps_{pairs.prior.likelihood}" if name == "mgps" and pairs.prior else name
        bounds = [None if b is None else np.where(np.isfinite(b), b, np.nan) for b in (lower, upper)]
        flags = [bool(m) for m in met]
        frames.append(
            result(
                *(shown, method.rule, np.where(missing, np.nan, estimate)),
                lower=bounds[0],
                upper=bounds[1],
                p_value=p,
                is_signal=flags,
                not_computed=reasons,
                keys=keys,
            )
        )
    return pl.concat(frames)
