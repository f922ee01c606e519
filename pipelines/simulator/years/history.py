"""Years of a country: families planted, reports drawn month by month, recognition and what it stimulates, the truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from pipelines.simulator.years.country import (
    KINGDOMS,
    NEVER,
    SIZES,
    Domain,
    Size,
    country,
)
from pipelines.simulator.years.families import Families
from pipelines.simulator.years.plants import LEAST_TRUE, Plant, _shares, planted
from pipelines.simulator.years.reported import Reported, reports_of

MONTHS = 60


@dataclass(frozen=True)
class Years:
    """One country over years: reports by domain, and a row for each planted pair in `truth` (months, -1: never)."""

    seed: int
    months: int
    domains: dict[str, Reported]
    truth: pl.DataFrame


def years(
    seed: int,
    families: Families,
    *,
    null: bool = False,
    months: int = MONTHS,
    sizes: dict[str, Size] | None = None,
) -> Years:
    """Simulate a country; with `null`, without any harm. The same arguments give the same arrays.

    Each family draws from a stream of its own, so that leaving one out changes no choice of another's first pairs.
    """
    there = country(seed, months, sizes or SIZES)
    kept = {n: f for n, f in families.items() if not (null and f.is_harm)}
    plants = {name: planted(domain, kept, seed) for name, domain in there.items()}
    across(there, plants, kept, np.random.default_rng([seed, 14]))
    reported, truths = {}, []
    for name, domain in there.items():
        random = np.random.default_rng([seed, 15, *name.encode()])
        reported[name] = reports_of(domain, plants[name], kept, random)
        truths.append(_truth(domain, plants[name], kept))
    return Years(seed, months, reported, pl.concat(truths))


def across(
    there: dict[str, Domain], plants: dict[str, list[Plant]], families: Families, random: np.random.Generator
) -> None:
    """Let the same molecule in the other kingdom share part of an effect."""
    first = {name: len(plants[name]) for name in KINGDOMS if name in there}
    for name, other in (KINGDOMS, KINGDOMS[::-1]):
        if name not in there or other not in there:
            continue
        here, away = there[name], there[other]
        taken = away.listed_from < NEVER
        for plant in plants[other]:
            taken[plant.substance, plant.event] = True
        for plant in plants[name][: first[name]]:
            family = families[plant.family]
            s = np.flatnonzero(away.molecule == here.molecule[plant.substance])
            e = np.flatnonzero(away.concept == here.concept[plant.event])
            if not (s.size and e.size) or other not in family.domains or plant.extra or plant.batch:
                continue
            sharing = family.species
            if not _shares(sharing, random) or taken[s[0], e[0]]:
                continue
            taken[s[0], e[0]] = True
            strength = plant.strength ** random.uniform(sharing.low, sharing.high)
            onset = max(plant.onset + int(random.integers(-12, 13)), int(away.launched[s[0]]), -6)
            length = plant.end - plant.onset
            end = NEVER if plant.end == NEVER else onset + length
            told = {"substance": int(s[0]), "event": int(e[0]), "onset": onset, "end": end, "strength": strength}
            plants[other].append(replace(plant, **told, before=None, parent=-1))


def _truth(domain: Domain, plants: list[Plant], families: Families) -> pl.DataFrame:
    schema = {
        **{"domain": pl.String, "family": pl.String, "kind": pl.String, "is_true": pl.Boolean},
        **dict.fromkeys(("substance", "event", "onset", "end"), pl.Int64),
        "strength": pl.Float64,
        **dict.fromkeys(("listed_from", "recognised", "assessed", "subgroup", "region"), pl.Int64),
        **{"batch": pl.String, "parent": pl.Int64},
    }
    rows = [
        (
            *(domain.name, p.family, families[p.family].kind),
            families[p.family].is_harm and p.strength >= LEAST_TRUE,
            *(p.substance, p.event, p.onset, _month(p.end), p.strength),
            *(_month(p.listed_from), _month(p.recognised), _month(p.assessed), p.subgroup, p.region, p.batch, p.parent),
        )
        for p in plants
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _month(value: int) -> int:
    return -1 if value >= NEVER else int(value)
