"""Years of a country: families planted, reports drawn month by month, recognition and what it stimulates, the truth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from scipy.special import expit, logit

from pipelines.simulator.years.country import (
    ALWAYS,
    KINGDOMS,
    NEVER,
    REGIONS,
    SIZES,
    SUBGROUPS,
    Array,
    Domain,
    Size,
    changed,
    country,
    delayed,
)
from pipelines.simulator.years.families import EVIDENCE, Families, Family, Sharing

MONTHS = 60
LEAST_TRUE = 1.5  # reporting ratio from which a planted harm is to be found
BATCH_CHANCE = 0.12  # that two reports of a pair name the same batch
SPREAD_OVER_PAIRS = 0.85  # a pair is drawn with this power of its expected reports
EARLIEST, LATEST = 6, 36  # months from a harm's first report to its recognition
MOST_CHANGES = 3  # of a product's use, however many families want more
CLOSED_FIRST = 0.15  # share of harms whose first assessment ends without action
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


@dataclass(frozen=True)
class Years:
    """One country over years: reports by domain, and a row for each planted pair in `truth` (months, -1: never)."""

    seed: int
    months: int
    domains: dict[str, Reported]
    truth: pl.DataFrame


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
    plants = {name: _planted(domain, kept, seed) for name, domain in there.items()}
    _across(there, plants, kept, np.random.default_rng([seed, 14]))
    reported, truths = {}, []
    for name, domain in there.items():
        random = np.random.default_rng([seed, 15, *name.encode()])
        reported[name] = _reported(domain, plants[name], kept, random)
        truths.append(_truth(domain, plants[name], kept))
    return Years(seed, months, reported, pl.concat(truths))


def _planted(domain: Domain, families: Families, seed: int) -> list[Plant]:
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


def _across(
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


def _course(plant: Plant, months: int) -> Array:
    """Reporting ratio less one, by month of the event, (T,)."""
    t = np.arange(months)
    since = t - plant.onset
    risen = np.clip((since + 1) / (plant.rise + 1), 0, 1)
    return (plant.strength - 1) * risen * ((since >= 0) & (t < plant.end))


def _expected(domain: Domain, plants: list[Plant]) -> Array:
    """Added reports that are expected by month of receipt, (plants, T)."""
    found = np.zeros((len(plants), domain.months))
    for i, plant in enumerate(plants):
        use = domain.use[plant.substance] if plant.before is None else plant.before
        usual = domain.background[plant.event] * domain.ratio[plant.substance, plant.event]
        course = np.maximum(_course(plant, domain.months), 0.0)  # a ratio below 1 takes no report away
        found[i] = delayed(use * domain.rate[plant.substance] * usual * course)
        if plant.extra:
            begin = max(plant.onset, 0)
            length = max(min(plant.end, domain.months) - begin, 0)
            found[i, begin : begin + length] += plant.extra / max(plant.end - plant.onset, 1)
    return found


def _course_of_recognition(
    plants: list[Plant], families: Families, usual: Array, expected: Array, random: np.random.Generator
) -> Array:
    """Draw the added reports, (plants, T), month by month, and who recognises what: a hazard of what was reported.

    usual: (plants, T) reports of the pair without the effect. A harm is recognised between `EARLIEST` and `LATEST`
    months after its first report from the onset on; an artefact is assessed and closed. Recognition stimulates reports.
    """
    n, months = expected.shape
    added = np.zeros((n, months), dtype=np.int64)
    is_harm = np.array([families[p.family].is_harm and p.strength >= LEAST_TRUE for p in plants], dtype=bool)
    serious = np.array([families[p.family].shares()[list(EVIDENCE).index("serious")] for p in plants])
    onset = np.array([p.onset for p in plants])
    public, first, count = np.full(n, NEVER), np.full(n, NEVER), np.zeros(n)
    closed = np.full(n, NEVER)
    fame = random.normal(0, 1, n)
    for t in range(months):
        stimulated = np.where(public < t, 1 + 2 * np.exp(-np.maximum(t - public, 0) / 6.0), 1.0)
        added[:, t] = random.poisson(expected[:, t] * stimulated)
        count += np.where(t >= onset, added[:, t] + usual[:, t], 0)
        first = np.where((count > 0) & (first == NEVER), t, first)
        since = t - first
        hazard = expit(-5.6 + 0.9 * np.log1p(count) + 1.2 * serious + 0.5 * fame)
        due = (since >= EARLIEST) & (public == NEVER) & ((random.random(n) < hazard) | (since >= LATEST))
        closes = due & (~is_harm | (random.random(n) < CLOSED_FIRST)) & (closed == NEVER) & (since < LATEST)
        closed = np.where(closes, t, closed)
        public = np.where(due & ~closes & is_harm, t, public)
    for i, plant in enumerate(plants):
        plant.recognised, plant.assessed = int(public[i]), int(closed[i])
        if plant.recognised < NEVER:
            plant.listed_from = plant.recognised + int(random.integers(1, 9))
    return added


def _reported(domain: Domain, plants: list[Plant], families: Families, random: np.random.Generator) -> Reported:
    chance = np.minimum(domain.background * domain.ratio, 0.9)
    reports = random.poisson(domain.reporting())
    n = random.binomial(reports.T[:, :, None], chance[None, :, :])
    at = np.array([(p.substance, p.event) for p in plants], dtype=np.int64).reshape(-1, 2)
    added = _course_of_recognition(plants, families, n[:, at[:, 0], at[:, 1]].T, _expected(domain, plants), random)
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
