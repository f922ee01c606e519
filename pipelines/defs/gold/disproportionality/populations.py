"""Populations: which strata are compared with one another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

PAEDIATRIC = ("infant", "child", "adolescent")
Row = Mapping[str, str | int]
Levels = tuple[str, str]
BASE: Levels = ("substance", "term")
RAISED: tuple[Levels, ...] = (
    *(("substance", level) for level in ("pt", "hlt", "soc")),
    *(("atc4", level) for level in ("term", "hlt", "soc")),
    ("atc2", "soc"),
)


@dataclass(frozen=True)
class Population:
    """A set of strata under a name that says what they share, counted at one level of substances and of terms."""

    name: str
    domain: str
    strata: tuple[int, ...]
    levels: Levels = BASE

    @property
    def label(self) -> str:
        """Name and levels in one text, as tasks hand it on."""
        return self.name if self.levels == BASE else "\t".join((self.name, *self.levels))


def labelled(label: str) -> tuple[str, Levels]:
    """Name and levels of a label."""
    name, *levels = label.split("\t")
    return (name, (levels[0], levels[1])) if levels else (name, BASE)


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


def raised(populations: Iterable[Population], known: Collection[str]) -> list[Population]:
    """Every population at every higher level of substances or terms that the lake knows a group of."""
    there = [levels for levels in RAISED if {*levels} - {*BASE} <= {*known}]
    return [replace(population, levels=levels) for population in populations for levels in there]


def _of(row: Row, column: str | None = None) -> str:
    return f"{row['domain']}:{row[column]}" if column else str(row["domain"])


def _by(strata: Iterable[Row], names: Callable[[Row], list[str]]) -> list[Population]:
    members: dict[str, list[int]] = {}
    for row in strata:
        for name in names(row):
            members.setdefault(name, []).append(int(row["stratum"]))
    return [Population(name, name.split(":")[0], tuple(sorted(codes))) for name, codes in sorted(members.items())]
