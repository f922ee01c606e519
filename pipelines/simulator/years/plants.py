"""Harms and artefacts of families, planted: which pairs, how strongly, from when; and who shares part of an effect."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from pipelines.simulator.years.country import (
    ALWAYS,
    NEVER,
    REGIONS,
    SUBGROUPS,
    Array,
    Domain,
    changed,
)
from pipelines.simulator.years.families import Families, Family, Sharing

LEAST_TRUE = 1.5  # reporting ratio from which a planted harm is to be found
SPREAD_OVER_PAIRS = 0.85  # a pair is drawn with this power of its expected reports
MOST_CHANGES = 3  # of a product's use, however many families want more


@dataclass
class Plant:
    """One planted pair. strength: reporting ratio; end: first month without effect; parent: place of whose sibling."""

    family: str
    substance: int
    event: int
    onset: int
    end: int
    strength: float
    rise: int
    extra: int = 0
    parent: int = -1
    subgroup: int = -1
    region: int = -1
    batch: str = ""
    listed_from: int = NEVER
    recognised: int = NEVER
    assessed: int = NEVER
    before: Array | None = field(default=None, repr=False)


def planted(domain: Domain, families: Families, seed: int) -> list[Plant]:
    """Draw the pairs of each family, change use where it says so, and let siblings share."""
    plants: list[Plant] = []
    taken = domain.listed_from < NEVER
    for name, family in families.items():
        if domain.name not in family.domains:
            continue
        random = np.random.default_rng([seed, 13, *domain.name.encode(), *name.encode()])
        n = max(1, round(family.per_100_substances * domain.molecule.size / 100))
        for strength in family.strength.draw(random, n):
            plant = _first(domain, name, family, float(strength), taken, random)
            if plant is None:
                continue
            taken[plant.substance, plant.event] = True
            plants.append(plant)
            _siblings(domain, plants, family, taken, random)
    return plants


def _first(
    domain: Domain, name: str, family: Family, strength: float, taken: Array, random: np.random.Generator
) -> Plant | None:
    allowed = _substances(domain, family)
    reports = domain.reporting().sum(axis=1)
    weight = (reports[:, None] * domain.background[None, :] * domain.ratio) ** SPREAD_OVER_PAIRS
    told = domain.background <= (np.quantile(domain.background, 1 / 3) if family.events == "rare" else np.inf)
    weight = np.where(allowed[:, None] & told[None, :] & ~taken, weight, 0.0).ravel()
    if not weight.any():
        return None
    substance, event = divmod(int(random.choice(weight.size, p=weight / weight.sum())), domain.background.size)
    launched = int(domain.launched[substance])
    onset = launched if family.onset == "launch" else int(random.integers(max(-6, launched), domain.months * 9 // 10))
    before = domain.use[substance].copy() if family.onset == "fall" else None
    onset = max(onset, launched)
    if family.use != "none":
        onset = max(onset, 3)
        _changed_use(domain, substance, min(onset, domain.months - 1), family.use, random)
    end = onset + family.lasting_months if family.lasting_months else NEVER
    plant = Plant(name, substance, event, onset, end, strength, family.rise_months, before=before)
    if family.reports is not None:
        plant.extra = round(float(family.reports.draw(random, 1)[0]))
    plant.subgroup = int(random.integers(SUBGROUPS)) if family.subgroup else -1
    plant.region = int(random.integers(REGIONS)) if family.region else -1
    plant.batch = f"{domain.name[0].upper()}{substance:03}-{max(onset, 0):02}" if family.batch else ""
    if family.masking:
        _masked(domain, plant, family.masking, random)
    return plant


def _substances(domain: Domain, family: Family) -> Array:
    is_new = domain.launched >= 0
    if family.products == "new":
        return is_new
    if family.products == "established":
        return ~is_new
    if family.products == "scarce":
        reports = domain.reporting().sum(axis=1)
        return reports <= np.quantile(reports, 1 / 3)
    return np.ones(is_new.size, dtype=bool)


def _changed_use(domain: Domain, substance: int, month: int, how: str, random: np.random.Generator) -> None:
    domain.changes[substance] += 1
    if domain.changes[substance] > MOST_CHANGES:
        return
    if how != "switch":
        changed(domain.use, substance, month, how)
        return
    changed(domain.use, substance, month, "surge")
    siblings = np.flatnonzero((domain.class_of == domain.class_of[substance]) & (domain.launched < month))
    siblings = siblings[siblings != substance]
    if siblings.size:
        changed(domain.use, int(random.choice(siblings)), month, "fall")


def _masked(domain: Domain, plant: Plant, share: float, random: np.random.Generator) -> None:
    """Let a much reported substance fill this share of the event's reports; its leaflet tells the event."""
    reports = domain.reporting().sum(axis=1)
    large = np.flatnonzero(reports >= np.quantile(reports, 0.9))
    masker = int(random.choice(large[large != plant.substance]))
    others = (reports * domain.ratio[:, plant.event]).sum() - reports[masker] * domain.ratio[masker, plant.event]
    wanted = share / (1 - share) * others / reports[masker]
    domain.ratio[masker, plant.event] = min(wanted, 0.8 / domain.background[plant.event])
    domain.listed_from[masker, plant.event] = ALWAYS


def _siblings(domain: Domain, plants: list[Plant], family: Family, taken: Array, random: np.random.Generator) -> None:
    """Let the same event of siblings in the class, and the next terms of the group, share the last plant's effect."""
    plant, parent = plants[-1], len(plants) - 1
    same_class = np.flatnonzero(domain.class_of == domain.class_of[plant.substance])
    for s in random.permutation(same_class[same_class != plant.substance])[:3]:
        if _shares(family.class_, random):
            listed = random.random() < 0.5 and domain.launched[s] < max(plant.onset, 0)
            _share(domain, plants, parent, int(s), plant.event, family.class_, taken, random, listed=listed)
    same_group = np.flatnonzero(domain.group == domain.group[plant.event])
    for e in random.permutation(same_group[same_group != plant.event])[:2]:
        if _shares(family.neighbour, random):
            _share(domain, plants, parent, plant.substance, int(e), family.neighbour, taken, random)


def _shares(sharing: Sharing, random: np.random.Generator) -> bool:
    return bool(random.random() < sharing.chance)


def _share(
    domain: Domain,
    plants: list[Plant],
    parent: int,
    substance: int,
    event: int,
    sharing: Sharing,
    taken: Array,
    random: np.random.Generator,
    listed: bool = False,
) -> None:
    plant = plants[parent]
    strength = plant.strength ** random.uniform(sharing.low, sharing.high)
    if taken[substance, event] or plant.extra:
        return
    taken[substance, event] = True
    if listed:
        domain.ratio[substance, event] = strength
        domain.listed_from[substance, event] = ALWAYS
        return
    onset = max(plant.onset, int(domain.launched[substance]))
    length = plant.end - plant.onset
    end = NEVER if plant.end == NEVER else onset + length
    plants.append(
        replace(plant, substance=substance, event=event, onset=onset, end=end, strength=strength, parent=parent)
    )
