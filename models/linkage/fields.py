"""The fields that two reports are compared in: what counts as close, and what closeness is assumed to be like in two
reports of one case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Field:
    """One field: its levels from different to closest, how they are told, and their shares among true pairs.

    Args:
        kind: how two values are compared: `date` by days between, `number` by difference, `ratio` by relative
            difference, `value` by equality, `terms` by the information that two lists share.
        levels: names of the levels; level 0 is disagreement.
        m: prior share of each level among pairs of one case that both tell the field. Assumptions, stated here.
        limits: largest gap of each level above 0, descending; unused for `value` and `terms`.
        by_value: agreement on a rare value says more than on a common one.
        is_required: the column must be there.
    """

    kind: Literal["date", "number", "ratio", "value", "terms"]
    levels: tuple[str, ...]
    m: tuple[float, ...]
    limits: tuple[float, ...] = ()
    by_value: bool = False
    is_required: bool = False

    @property
    def equal(self) -> tuple[int, ...]:
        """Levels at which both values are the same."""
        return tuple(i for i, name in enumerate(self.levels) if name.startswith(("same", "identical")))


EQUAL = ("different", "same")
TERMS = (
    "none shared",
    "some shared",
    "most shared",
    "identical",
    "most shared, rare",
    "identical, rare",
    "rarest shared",
)

FIELDS: dict[str, Field] = {
    "onset_date": Field(
        "date",
        ("further apart", "within 31 days", "within 7 days", "same day"),
        (0.05, 0.05, 0.10, 0.80),
        (31, 7, 0),
        by_value=True,
        is_required=True,
    ),
    "received_date": Field(
        "date", ("further apart", "within a year", "within 31 days"), (0.02, 0.28, 0.70), (365, 31), is_required=True
    ),
    "species": Field("value", EQUAL, (0.002, 0.998), by_value=True),
    "breed": Field("value", EQUAL, (0.05, 0.95), by_value=True),
    "sex": Field("value", EQUAL, (0.005, 0.995), by_value=True, is_required=True),
    "age_years": Field(
        "number",
        ("further apart", "within 1 year", "within 0.1 year"),
        (0.04, 0.06, 0.90),
        (1.0, 0.1),
        is_required=True,
    ),
    "weight_kg": Field("ratio", ("further apart", "within 10 %", "within 1 %"), (0.05, 0.10, 0.85), (0.1, 0.01)),
    "country": Field("value", EQUAL, (0.01, 0.99), by_value=True, is_required=True),
    "reporter": Field("value", EQUAL, (0.30, 0.70)),
    "n_died": Field("value", EQUAL, (0.04, 0.96)),
    "n_animals_affected": Field("value", EQUAL, (0.02, 0.98)),
    "n_animals_treated": Field("value", EQUAL, (0.05, 0.95)),
    "substances": Field("terms", TERMS, (0.03, 0.12, 0.15, 0.30, 0.10, 0.25, 0.05), by_value=True, is_required=True),
    "events": Field("terms", TERMS, (0.05, 0.15, 0.15, 0.15, 0.20, 0.20, 0.10), by_value=True, is_required=True),
}
