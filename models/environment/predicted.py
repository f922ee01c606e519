"""Concentrations predicted from use, and what they mean beside a concentration without effect.

Belongs here: published formulas on numbers and arrays. Does not: which sales, which parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
MARKET_PENETRATION = 0.01
WATER_LIMIT, SOIL_LIMIT = 0.01, 100.0
"""Above these a second phase of assessment follows: µg per litre of surface water, µg per kg of soil."""
GUIDELINE = {"litres_per_inhabitant_day": 200.0, "dilution": 10.0, "excretion": 1.0, "removal": 0.0}
"""EMEA/CHMP/SWP/4447/00: waste water, dilution, and the worst case of excretion and of removal in treatment."""
NITROGEN_KG_PER_HA, SOIL_KG_PER_HA = 170.0, 1500.0 * 10_000 * 0.05
CLASSES = ((0.1, "insignificant"), (1.0, "low"), (10.0, "moderate"), (np.inf, "high"))
"""Upper bounds of PEC/PNEC as FASS and the Nordic catalogues class it."""


def first_phase_water(
    dose_mg_day: ArrayLike,
    penetration: ArrayLike = MARKET_PENETRATION,
    litres: ArrayLike = 200.0,
    dilution: ArrayLike = 10.0,
) -> Floats:
    """Concentration in surface water, µg/L, of the largest daily dose in mg and the share of people treated.

    Source: EMEA/CHMP/SWP/4447/00, phase I: `DOSE Fpen / (WASTEW DILUTION)`.
    """
    dose, share, water, times = (np.asarray(v, dtype=float) for v in (dose_mg_day, penetration, litres, dilution))
    return _defined(dose * share / (water * times) * 1_000, dose, share, water * times)


def water_from_sales(
    kg: ArrayLike,
    inhabitants: ArrayLike,
    days: ArrayLike = 365.0,
    excretion: ArrayLike = 1.0,
    removal: ArrayLike = 0.0,
    litres: ArrayLike = 200.0,
    dilution: ArrayLike = 10.0,
) -> Floats:
    """Concentration in surface water, µg/L, of what was sold in kg over `days`; shares of 1 are excreted and removed.

    Source: FASS, `A 10^9 (100 - R) / (365 P V D 100)`; with the share excreted, Besse et al. 2008, Environ Int
    34:1131-1142. NaN where a quantity is negative or missing, or nobody lives there.
    """
    sold, people, span, out, gone, water, times = (
        np.asarray(v, dtype=float) for v in (kg, inhabitants, days, excretion, removal, litres, dilution)
    )
    volume = span * people * water * times
    with np.errstate(divide="ignore", invalid="ignore"):
        value = sold * 1e9 * out * (1 - gone) / volume
    return _defined(value, sold, out, 1 - gone, 1 - out, gone, above=volume)


def soil(
    dose_mg_kg_day: ArrayLike,
    days: ArrayLike,
    weight_kg: ArrayLike,
    animals_per_place: ArrayLike,
    nitrogen_kg_per_place: ArrayLike,
    housing: ArrayLike = 1.0,
    treated: ArrayLike = 1.0,
) -> Floats:
    """Concentration in soil, µg/kg, after the manure of treated animals is spread up to 170 kg nitrogen a hectare.

    Source: EMA/CVMP/ERA/418282/2005, `D Ad BW P 170 Fh 1000 / (1500 10000 0.05 Ny H)`, animals kept inside.
    """
    dose, span, weight, per_place, nitrogen, house, share = (
        np.asarray(v, dtype=float)
        for v in (dose_mg_kg_day, days, weight_kg, animals_per_place, nitrogen_kg_per_place, housing, treated)
    )
    below = SOIL_KG_PER_HA * nitrogen * house
    with np.errstate(divide="ignore", invalid="ignore"):
        value = dose * span * weight * per_place * NITROGEN_KG_PER_HA * share * 1_000 / below
    return _defined(value, dose, span, weight, per_place, share, above=below)


def risk_class(quotient: ArrayLike) -> NDArray[np.str_]:
    """Class of a quotient of risk; `not_known` where it is NaN."""
    values = np.asarray(quotient, dtype=float)
    found = np.full(values.shape, "not_known", dtype="<U13")
    for bound, name in reversed(CLASSES):
        found = np.where(values <= bound, name, found)
    return found


def tornado(
    kg: float, inhabitants: float, days: float, parameters: Mapping[str, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """Concentrations with one parameter at its low and its high value, all others as they are; the widest first.

    `parameters` holds `value`, `low`, `high` of each of `GUIDELINE`.
    """
    names = {"litres_per_inhabitant_day": "litres"}
    at = {names.get(name, name): p["value"] for name, p in parameters.items()}

    def value(**changed: float) -> float:
        return float(water_from_sales(kg, inhabitants, days, **(at | changed)))

    rows: list[dict[str, Any]] = []
    for name, p in parameters.items():
        ends = [value(**{names.get(name, name): p[end]}) for end in ("low", "high")]
        rows.append({"parameter": name, "lower": min(ends), "upper": max(ends), **p, "value": value()})
    return sorted(rows, key=lambda row: row["lower"] - row["upper"])


def _defined(value: Floats, *positive: Floats, above: Floats | None = None) -> Floats:
    """The value where no quantity is negative or missing, else NaN."""
    is_sound = np.isfinite(value)
    for quantity in positive:
        is_sound = is_sound & (quantity >= 0)
    if above is not None:
        is_sound = is_sound & (above > 0)
    return np.where(is_sound, value, np.nan)
