"""Named signal rules: which number must pass which threshold, and who published it.

Belongs here: thresholds and their sources. Does not: the numbers themselves (see `models.score`). A rule looks at
columns by name, so a reader of a flag can find the sentence of the paper that raised it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Rule:
    """A rule is met where every condition (column, operator, threshold) holds."""

    name: str
    conditions: tuple[tuple[str, str, float], ...]
    source: str


EVANS_2001 = Rule(
    "evans_2001",
    (("prr", ">=", 2.0), ("chi2_yates", ">=", 4.0), ("a", ">=", 3)),
    "Evans, Waller, Davis 2001, Pharmacoepidemiol Drug Saf 10:483-486",
)
ROR_LOWER_ABOVE_1 = Rule(
    "ror025_above_1",
    (("ror_lower", ">", 1.0), ("a", ">=", 3)),
    "van Puijenbroek et al. 2002, Pharmacoepidemiol Drug Saf 11:3-10; minimum of 3 reports as in Candore et al. 2015",
)
IC025_ABOVE_0 = Rule(
    "ic025_above_0",
    (("ic025", ">", 0.0),),
    "Norén, Hopstadius, Bate 2013, Stat Methods Med Res 22:57-69",
)
EB05_AT_LEAST_2 = Rule(
    "eb05_at_least_2",
    (("eb05", ">=", 2.0),),
    "Szarfman, Machado, O'Neill 2002, Drug Saf 25:381-392",
)
PRR_LOWER_EMA = Rule(
    "ema_prr_lower",
    (("prr_lower", ">=", 1.0), ("a", ">=", 5)),
    "EMA rule as tabulated in PMC4982893, Table 1, after Candore et al. 2015",
)
MHRA_EBGM = Rule(
    "mhra_ebgm",
    (("eb05", ">=", 1.8), ("a", ">=", 3), ("ebgm", ">=", 2.5)),
    "MHRA rule as tabulated in PMC4982893, Table 1, after Candore et al. 2015",
)

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (EVANS_2001, ROR_LOWER_ABOVE_1, IC025_ABOVE_0, EB05_AT_LEAST_2, PRR_LOWER_EMA, MHRA_EBGM)
}

_COMPARE = {">=": np.greater_equal, ">": np.greater}


def applies(rule: Rule, columns: Mapping[str, NDArray[np.float64]]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (met, decidable), both boolean of the columns' shape.

    A number that could not be computed (NaN) neither passes nor fails: a row is undecidable if no known number fails
    its condition and at least one is NaN.

    Raises:
        KeyError: a column of the rule is absent.
    """
    values = {column: np.asarray(columns[column], dtype=float) for column, _, _ in rule.conditions}
    unknown = np.logical_or.reduce([np.isnan(v) for v in values.values()])
    passed = [_COMPARE[operator](values[c], level) | np.isnan(values[c]) for c, operator, level in rule.conditions]
    possible = np.logical_and.reduce(passed)
    return possible & ~unknown, ~(possible & unknown)
