"""Populations: which strata are compared with one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

PAEDIATRIC = ("infant", "child", "adolescent")
Row = Mapping[str, str | int]


@dataclass(frozen=True)
class Population:
    """A set of strata under a name that says what they share."""

    name: str
    domain: str
    strata: tuple[int, ...]


def whole(strata: Iterable[Row]) -> list[Population]:
    """Every domain, and for animals every species."""
    return _by(strata, lambda row: [_of(row), *([_of(row, "species")] if row["domain"] == "veterinary" else [])])


def subgroups(strata: Iterable[Row]) -> list[Population]:
    """Parts of every domain: children, the elderly, each sex, region, seriousness; what is not said is in none."""

    def names(row: Row) -> list[str]:
        age = "paediatric" if row["age_group"] in PAEDIATRIC else row["age_group"]
        parts = [
            age if age in ("paediatric", "elderly") else "unknown",
            *(row[c] for c in ("sex", "region", "seriousness")),
        ]
        return [f"{row['domain']}:{part}" for part in parts if part != "unknown"]

    return _by(strata, names)


def _of(row: Row, column: str | None = None) -> str:
    return f"{row['domain']}:{row[column]}" if column else str(row["domain"])


def _by(strata: Iterable[Row], names: Callable[[Row], list[str]]) -> list[Population]:
    members: dict[str, list[int]] = {}
    for row in strata:
        for name in names(row):
            members.setdefault(name, []).append(int(row["stratum"]))
    return [Population(name, name.split(":")[0], tuple(sorted(codes))) for name, codes in sorted(members.items())]
