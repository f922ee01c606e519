"""Every pairwise method by name, each answering in the one shape of `models.result`.

Belongs here: the list, and which columns of a method are its estimate, bounds and p. Does not: a formula (its own
module) or a threshold (`models.rules`, unless a rule belongs to one method only).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models import rules
from models.disproportionality.counts import Cells, Floats
from models.disproportionality.fisher import fisher
from models.disproportionality.ic import InformationComponent, ic, ic_bate_gould, ic_bate_gould_null, ic_noren_2006
from models.disproportionality.prr import divide, evans, prr
from models.disproportionality.ror import Method as RorMethod
from models.disproportionality.ror import ror, ror_shrunk
from models.disproportionality.ror_exact import ror_exact
from models.mgps.fit import Prior
from models.mgps.posterior import probability_below
from models.mgps.posterior import score as mgps_score
from models.mgps.shrink import shrink
from models.result import result
from models.score import ebgm

LEVEL = 0.05
DRAWS = 4_000  # of the Dirichlet posterior, a pair
MGPS, MGPS_SHRUNK = "mgps", "mgps_shrunk"


@dataclass(frozen=True)
class Pairs:
    """What methods are given: cells of each pair, expected counts (perhaps stratified), a prior if there is one.

    `shrunk` is the prior of a part of a population, shrunk to that of the whole (`models.mgps.shrink`).
    """

    cells: Cells
    expected: Floats
    prior: Prior | None = None
    shrunk: Prior | None = None

    def prior_of(self, method: str) -> Prior | None:
        """Prior that a method by this name takes; None for a method without one."""
        return {MGPS: self.prior, MGPS_SHRUNK: self.shrunk}.get(method)


Answer = tuple[Floats, Floats | None, Floats | None, Floats | None, NDArray[np.bool_]]


def _ratio(found: object) -> tuple[Floats, Floats, Floats]:
    return found.estimate, found.lower, found.upper  # type: ignore[attr-defined]


def _prr(p: Pairs) -> Answer:
    return *_ratio(prr(p.cells)), None, evans(p.cells)


def _prr_ema(p: Pairs) -> Answer:
    estimate, lower, upper = _ratio(prr(p.cells))
    return estimate, lower, upper, None, _met(rules.PRR_LOWER_EMA, prr_lower=lower, a=p.cells.a)


def _ror(p: Pairs, method: RorMethod = "woolf") -> Answer:
    estimate, lower, upper = _ratio(ror(p.cells, method=method))
    return estimate, lower, upper, None, _met(rules.ROR_LOWER_ABOVE_1, ror_lower=lower, a=p.cells.a)


def _ror_shrunk(p: Pairs) -> Answer:
    estimate, lower, upper = _ratio(ror_shrunk(p.cells))
    return estimate, lower, upper, None, lower > 0


def _information(found: InformationComponent, p: Floats | None = None) -> Answer:
    return *_ratio(found), p, _met(rules.IC025_ABOVE_0, ic025=found.lower)


def _fisher(p: Pairs, mid_p: bool = False) -> Answer:
    value = fisher(p.cells, mid_p)
    return divide(p.cells.a, p.cells.expected), None, None, value, value < LEVEL


def _mgps(p: Pairs, method: str) -> Answer:
    prior = p.prior_of(method)
    found = ebgm(p.cells.a, p.expected, prior)
    null = np.full(p.cells.a.shape, np.nan)
    computed = ~np.isnan(found["ebgm"])
    if prior is not None:
        null[computed] = probability_below(p.cells.a[computed], p.expected[computed], prior)
    return found["ebgm"], found["eb05"], found["eb95"], null, _met(rules.EB05_AT_LEAST_2, eb05=found["eb05"])


def _met(rule: rules.Rule, **columns: Floats) -> NDArray[np.bool_]:
    return rules.applies(rule, columns)[0]


@dataclass(frozen=True)
class Method:
    """One method: how it answers, its rule in words, and what must hold for it to answer.

    `formula` is the function that computes it; its docstring states the formula and who published it.
    `in_bits`: the estimate is a logarithm to base 2 already; else it is a ratio, whose logarithm charts draw.
    `is_compared`: the lake asks it of all pairs; others cost a hundred times as much, or repeat another.
    """

    answer: Callable[[Pairs], Answer]
    rule: str
    needs: str
    formula: Callable[..., object]
    in_bits: bool = False
    is_compared: bool = True


METHODS = {
    "prr": Method(_prr, "PRR >= 2, chi-squared (Yates) >= 4, a >= 3", "reports of the event without the product", prr),
    "prr_ema": Method(
        _prr_ema, "lower 95 % bound of PRR >= 1, a >= 5", "reports of the event without the product", prr
    ),
    "ror": Method(_ror, "lower 95 % bound of ROR > 1, a >= 3", "no empty cell b or c", ror),
    "ror_exact": Method(
        partial(_ror, method="exact"),
        "lower exact 95 % bound of ROR > 1, a >= 3",
        "margins that leave a choice",
        ror_exact,
    ),
    "ror_shrunk": Method(
        _ror_shrunk, "lower 95 % bound of the shrunk log2 ROR > 0", "reports without both", ror_shrunk, in_bits=True
    ),
    "fisher": Method(_fisher, f"one-sided p < {LEVEL:g}", "an expected count above 0", fisher),
    "fisher_mid_p": Method(
        partial(_fisher, mid_p=True), f"one-sided mid-p < {LEVEL:g}", "an expected count above 0", fisher
    ),
    "ic": Method(lambda p: _information(ic(p.cells.a, p.expected)), "IC025 > 0", "nothing more", ic, in_bits=True),
    "ic_power": Method(
        lambda p: _information(ic(p.cells.a, p.expected, interval="power")),
        "IC025 > 0 (power approximation)",
        "nothing more",
        ic,
        in_bits=True,
        is_compared=False,
    ),
    "ic_noren_2006": Method(
        lambda p: _information(ic_noren_2006(p.cells, draws=DRAWS)),
        "IC025 > 0",
        "nothing more",
        ic_noren_2006,
        in_bits=True,
        is_compared=False,
    ),
    "bcpnn": Method(
        lambda p: _information(ic_bate_gould(p.cells), ic_bate_gould_null(p.cells)),
        "IC025 > 0 (normal)",
        "nothing more",
        ic_bate_gould,
        in_bits=True,
    ),
    MGPS: Method(
        partial(_mgps, method=MGPS), "EB05 >= 2", "a prior that converged, and an expected count above 0", mgps_score
    ),
    MGPS_SHRUNK: Method(
        partial(_mgps, method=MGPS_SHRUNK),
        "EB05 >= 2",
        "a population that is part of one whose prior converged",
        shrink,
    ),
}


def answers(pairs: Pairs, names: Iterable[str], keys: pl.DataFrame, minimum: int = 0) -> pl.DataFrame:
    """Ask several methods; one row a method and pair, `keys` first, in the shape of `models.result`.

    Pairs with fewer than `minimum` reports are not computed, nor those whose counts form no 2x2 table: no method sees
    them. `mgps` names its likelihood: ``mgps_zero_inclusive``,
    ``mgps_zero_inclusive_shrunk``.

    Raises:
        ValueError: an unknown name.
    """
    frames = []
    possible = pairs.cells.is_table() & np.isfinite(pairs.expected) & (pairs.expected >= 0)
    asked = Pairs(pairs.cells.where(possible), pairs.expected[possible], pairs.prior, pairs.shrunk)
    for name in names:
        if name not in METHODS:
            raise ValueError(f"there is no method {name!r}; known are {', '.join(METHODS)}")
        method, prior = METHODS[name], pairs.prior_of(name)
        estimate, lower, upper, p, met = method.answer(asked)
        whole = _spread(estimate, possible)
        reasons = np.full(possible.shape, None, dtype=object)
        reasons[np.isnan(whole)] = f"needs {method.needs}"
        reasons[pairs.cells.a < minimum] = f"a < {minimum}"
        reasons[~possible] = "the counts form no 2x2 table"
        frames.append(
            result(
                f"mgps_{prior.likelihood}" if prior else name,
                method.rule,
                whole,
                lower=None if lower is None else _spread(lower, possible),
                upper=None if upper is None else _spread(upper, possible),
                p_value=None if p is None else _spread(p, possible),
                is_signal=(_spread(met, possible) == 1).tolist(),
                not_computed=reasons.tolist(),
                keys=keys,
            )
        )
    return pl.concat(frames)


def _spread(values: Floats | NDArray[np.bool_], possible: NDArray[np.bool_]) -> Floats:
    """Put values back in the rows they belong to; NaN in all others."""
    whole = np.full(possible.shape, np.nan)
    whole[possible] = values
    return whole
