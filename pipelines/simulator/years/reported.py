"""What is reported of pairs, month by month: counts, and the evidence that comes with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from pipelines.simulator.years.country import (
    NEVER,
    REGIONS,
    SUBGROUPS,
    Array,
    Domain,
)
from pipelines.simulator.years.course import course_of_recognition, expected
from pipelines.simulator.years.families import EVIDENCE, Families
from pipelines.simulator.years.plants import Plant

BATCH_CHANCE = 0.12  # that two reports of a pair name the same batch
COLUMNS = (
    "n",
    *EVIDENCE,
    *(f"subgroup_{i}" for i in range(SUBGROUPS)),
    *(f"region_{i}" for i in range(REGIONS)),
    "batch_links",
)


@dataclass(frozen=True)
class Reported:
    """What one domain reported and what was public. S substances, E events, T months, C cells that hold reports.

    month, substance, event: (C,), in the order of months. sums: (C, len(COLUMNS)) reports of the cell with each kind of
    evidence; `batch_links` are pairs of reports, with all earlier ones too, that name the same batch.
    reports (S, T), event_reports (E, T), total (T,): distinct reports; subgroup_reports (S, T, SUBGROUPS). use: (S, T)
    as sold. listed_from, public_from (recognised, whoever did): (S, E), months, `NEVER` where it does not come.
    """

    name: str
    molecule: Array
    class_of: Array
    launched: Array
    concept: Array
    group: Array
    month: Array
    substance: Array
    event: Array
    sums: Array
    reports: Array
    event_reports: Array
    total: Array
    subgroup_reports: Array
    use: Array
    listed_from: Array
    public_from: Array


def reports_of(domain: Domain, plants: list[Plant], families: Families, random: np.random.Generator) -> Reported:
    """Draw the reports of a domain: of its pairs by chance, of what is planted by its course, with their evidence."""
    chance = np.minimum(domain.background * domain.ratio, 0.9)
    reports = random.poisson(domain.reporting())
    n = random.binomial(reports.T[:, :, None], chance[None, :, :])
    at = np.array([(p.substance, p.event) for p in plants], dtype=np.int64).reshape(-1, 2)
    added = course_of_recognition(plants, families, n[:, at[:, 0], at[:, 1]].T, expected(domain, plants), random)
    month, substance, event = np.nonzero(n)
    base = _Cells(month, substance, event, n[month, substance, event], np.full(month.size, -1))
    which, when = np.nonzero(added)
    extra = _Cells(when, at[which, 0], at[which, 1], added[which, when], which)
    sums, keys = _with_evidence(domain, base, extra, plants, families, random)
    mixed = random.multinomial(reports, domain.group_mix[:, None, :])
    np.add.at(reports, (extra.substance, extra.month), extra.n)
    by_group = sums[:, COLUMNS.index("subgroup_0") : COLUMNS.index("subgroup_0") + SUBGROUPS]
    is_added = keys[3] >= 0
    np.add.at(mixed, (keys[1][is_added], keys[0][is_added]), by_group[is_added])
    event_reports = np.zeros((domain.background.size, domain.months), dtype=np.int64)
    np.add.at(event_reports, (keys[2], keys[0]), sums[:, 0])
    listed, public = domain.listed_from.copy(), np.full(domain.listed_from.shape, NEVER)
    for p in plants:
        public[p.substance, p.event] = p.recognised
        listed[p.substance, p.event] = min(listed[p.substance, p.event], p.listed_from)
    (month, substance, event), sums = _merged(keys, sums)
    return Reported(
        domain.name,
        *(domain.molecule, domain.class_of, domain.launched, domain.concept, domain.group),
        *(month, substance, event, _linked(domain, month, substance, event, sums, plants, families, random)),
        *(reports, event_reports, reports.sum(axis=0), mixed, domain.use, listed, public),
    )


@dataclass(frozen=True)
class _Cells:
    """Reports of one kind by month and pair; plant: place in the plants, -1 where none."""

    month: Array
    substance: Array
    event: Array
    n: Array
    plant: Array


def _with_evidence(
    domain: Domain,
    base: _Cells,
    extra: _Cells,
    plants: list[Plant],
    families: Families,
    random: np.random.Generator,
) -> tuple[Array, tuple[Array, Array, Array, Array]]:
    """Sums of each cell (C, COLUMNS), batch links left at 0, and its keys."""
    keys = tuple(
        np.concatenate([getattr(base, k), getattr(extra, k)]) for k in ("month", "substance", "event", "plant")
    )
    n, plant = np.concatenate([base.n, extra.n]), keys[3]
    shares = np.array([families[p.family].shares() for p in plants] + [list(EVIDENCE.values())])
    chance = expit(logit(shares)[plant] + domain.noise[keys[1], keys[2]])
    found = random.binomial(n[:, None], chance)
    groups = _concentrated(domain.group_mix[keys[1]], plants, families, plant, "subgroup")
    regions = _concentrated(domain.region_mix[keys[1]], plants, families, plant, "region")
    parts = [
        n[:, None],
        found,
        random.multinomial(n, groups),
        random.multinomial(n, regions),
        np.zeros_like(n)[:, None],
    ]
    return np.hstack(parts), keys  # type: ignore[return-value]


def _concentrated(mix: Array, plants: list[Plant], families: Families, plant: Array, what: str) -> Array:
    """Mix of subgroups or regions of each cell, drawn towards one where the family says so."""
    share = np.array([getattr(families[p.family], what) for p in plants] + [0.0])[plant]
    place = np.array([max(getattr(p, what), 0) for p in plants] + [0])[plant]
    mixed = mix * (1 - share[:, None])
    mixed[np.arange(plant.size), place] += share
    return mixed / mixed.sum(axis=1, keepdims=True)


def _merged(keys: tuple[Array, Array, Array, Array], sums: Array) -> tuple[tuple[Array, Array, Array], Array]:
    """Add the cells of one pair and month; in the order of month, substance, event."""
    order = np.lexsort((keys[2], keys[1], keys[0]))
    month, substance, event = (k[order] for k in keys[:3])
    is_new = np.ones(order.size, dtype=bool)
    is_new[1:] = (np.diff(month) != 0) | (np.diff(substance) != 0) | (np.diff(event) != 0)
    first = np.flatnonzero(is_new)
    summed = np.add.reduceat(sums[order], first, axis=0) if order.size else sums
    return (month[first], substance[first], event[first]), summed


def _linked(
    domain: Domain,
    month: Array,
    substance: Array,
    event: Array,
    sums: Array,
    plants: list[Plant],
    families: Families,
    random: np.random.Generator,
) -> Array:
    """Fill the batch links: each report meets all earlier ones of its pair, and half of those of its month."""
    same = np.full(domain.listed_from.shape, BATCH_CHANCE)
    for p in plants:
        share = families[p.family].batch
        same[p.substance, p.event] = max(BATCH_CHANCE, 0.6 * share**2)
    pair = substance.astype(np.int64) * domain.background.size + event
    order = np.lexsort((month, pair))
    n = sums[order, 0]
    whole = np.cumsum(n)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(pair[order]) != 0]))
    lengths = np.diff(np.append(starts, n.size))
    before = whole - n - np.repeat((whole - n)[starts], lengths)
    meetings = n * before + n * (n - 1) // 2
    sums[order, -1] = random.binomial(meetings, same[substance[order], event[order]])
    return sums
