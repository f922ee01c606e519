"""Substances, terms, product information, use and reporting of a country: what is there before anything is planted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from pipelines.simulator.years.families import EVIDENCE

Array = np.ndarray
NEVER = 10_000  # a month that does not come
ALWAYS = -10_000
SUBGROUPS = 4  # sex and age; species
REGIONS = 5
CLASS_SIZE = 4
GROUP_SIZE = 6
DELAY = np.array([0.45, 0.25, 0.12, 0.08, 0.05, 0.05])  # share received 0, 1, … months after the event
LAUNCHED_WITHIN = 0.35  # share of substances
EVENTS_A_REPORT = 2.2
LARGEST_SHARE = 0.12  # of reports that tell one event, where nothing raises it
NOISE = 0.6  # logit, of each kind of evidence, pair by pair


@dataclass(frozen=True)
class Size:
    """How large a domain is; reports are those of a month, on average over the window."""

    substances: int
    events: int
    reports: float


SIZES = {"human": Size(120, 200, 1100), "veterinary": Size(80, 120, 550), "cosmetic": Size(40, 48, 90)}
KINGDOMS = ("human", "veterinary")
FIRST_MOLECULE = {"human": 0, "veterinary": 1000, "cosmetic": 2000}


@dataclass
class Domain:
    """One domain before its reports are drawn. S substances, E events, T months.

    molecule, class_of, launched: (S,). concept, group: (E,). background: (E,) share of reports with the event.
    ratio: (S, E) reporting ratio without plants. listed_from: (S, E) month, `ALWAYS`, or `NEVER`. use, rate: (S, T).
    group_mix: (S, SUBGROUPS). region_mix: (S, REGIONS). noise: (S, E, kinds of evidence) logit.
    """

    name: str
    months: int
    molecule: Array
    class_of: Array
    launched: Array
    concept: Array
    group: Array
    background: Array
    ratio: Array
    listed_from: Array
    use: Array
    rate: Array
    group_mix: Array
    region_mix: Array
    noise: Array
    changes: Counter[int] = field(default_factory=Counter)  # of use, that families made, by substance

    def reporting(self, use: Array | None = None) -> Array:
        """Reports that are expected by month of receipt, (S, T): use times rate, delayed."""
        return delayed((self.use if use is None else use) * self.rate)


def delayed(occurring: Array) -> Array:
    """Spread what occurs in a month over the months of its receipt; before the window it was as in its first month."""
    months = occurring.shape[-1]
    before = np.repeat(occurring[..., :1], DELAY.size - 1, axis=-1)
    whole = np.concatenate([before, occurring], axis=-1)
    return sum(share * whole[..., DELAY.size - 1 - k :][..., :months] for k, share in enumerate(DELAY))


def country(seed: int, months: int, sizes: dict[str, Size] | None = None) -> dict[str, Domain]:
    """Draw the domains of one country; the kingdoms share molecules, classes, terms and part of the leaflets."""
    sizes = SIZES if sizes is None else sizes
    random = np.random.default_rng([seed, 11])
    n_concepts = max(s.events for s in sizes.values())
    group_of = random.permutation(n_concepts) // GROUP_SIZE
    molecules = _molecules(sizes, random)
    class_of = {m: c for ids in molecules.values() for m, c in ids.items()}
    profiles = {c: _profile(n_concepts, group_of, random) for c in sorted(set(class_of.values()))}
    own = {m: random.choice(n_concepts, 3, replace=False) for m in sorted(class_of)}
    typical = np.exp(random.normal(0, 0.5, n_concepts))
    return {
        name: _domain(name, size, months, list(molecules[name]), class_of, group_of, profiles, own, typical, seed)
        for name, size in sizes.items()
    }


def _molecules(sizes: dict[str, Size], random: np.random.Generator) -> dict[str, dict[int, int]]:
    """Molecules of each domain in random order, with their class; half of the animals' are people's too."""
    found: dict[str, dict[int, int]] = {}
    for name, size in sizes.items():
        first = FIRST_MOLECULE[name]
        ids = first + random.permutation(size.substances)
        own = {int(m): first + i // CLASS_SIZE for i, m in enumerate(ids)}
        if name == "veterinary" and "human" in found:
            human = found["human"]
            shared = random.permutation(list(human))[: size.substances // 2]
            alone = list(own)[: size.substances - shared.size]
            classes = random.choice(sorted(set(human.values())), len(alone))
            own = {int(m): human[int(m)] for m in shared} | {m: int(c) for m, c in zip(alone, classes, strict=True)}
        order = random.permutation(list(own))
        found[name] = {int(m): own[int(m)] for m in order}
    return found


def _profile(n_concepts: int, group_of: Array, random: np.random.Generator) -> Array:
    """Which events the leaflets of a class tell: many of four groups of terms, few of the others."""
    groups = random.choice(np.unique(group_of), 4, replace=False)
    chance = np.where(np.isin(group_of, groups), 0.40, 0.03)
    return random.random(n_concepts) < chance


def _domain(
    name: str,
    size: Size,
    months: int,
    molecules: list[int],
    class_of: dict[int, int],
    group_of: Array,
    profiles: dict[int, Array],
    own: dict[int, Array],
    typical: Array,
    seed: int,
) -> Domain:
    random = np.random.default_rng([seed, 12, *name.encode()])
    s, e = size.substances, size.events
    concept = random.permutation(group_of.size)[:e]
    group = group_of[concept]
    classes = np.array([class_of[m] for m in molecules])
    weight = np.exp(random.normal(0, 0.9, e)) * typical[concept]
    background = np.minimum(EVENTS_A_REPORT * weight / weight.sum(), LARGEST_SHARE)
    told = np.array([profiles[c][concept] for c in classes]) & (random.random((s, e)) < 0.75)
    for i, m in enumerate(molecules):
        told[i] |= np.isin(concept, own[m][random.random(3) < 0.7])
    ratio = np.exp(_heterogeneity(classes, group, random))
    ratio = np.where(told, np.clip(np.exp(random.normal(np.log(2.5), 0.6, (s, e))), 1.0, 12.0), ratio)
    listed_from = np.where(told, ALWAYS, NEVER)
    later = ~told & (random.random((s, e)) < 0.01)
    listed_from = np.where(later, random.integers(0, months, (s, e)), listed_from)
    launched, use, rate = _use(s, months, random)
    scale = size.reports / (use * rate).sum(axis=0).mean()
    mix = random.dirichlet(np.full(SUBGROUPS, 6.0))
    regions = random.dirichlet(np.full(REGIONS, 10.0))
    return Domain(
        name,
        months,
        np.array(molecules),
        classes,
        launched,
        concept,
        group,
        background,
        ratio,
        listed_from,
        use,
        rate * scale,
        np.array([random.dirichlet(8 * mix + 0.5) for _ in range(s)]),
        np.array([random.dirichlet(20 * regions + 0.5) for _ in range(s)]),
        random.normal(0, NOISE, (s, e, len(EVIDENCE))),
    )


def _heterogeneity(classes: Array, group: Array, random: np.random.Generator) -> Array:
    """Log ratio of pairs that mean nothing: confounding of the pair, of the class, of the kind of disorder."""
    s, e = classes.size, group.size
    by_class = random.normal(0, 0.15, (np.unique(classes).size, e))[np.unique(classes, return_inverse=True)[1]]
    by_group = random.normal(0, 0.15, (s, np.unique(group).size))[:, np.unique(group, return_inverse=True)[1]]
    return random.normal(0, 0.2, (s, e)) + by_class + by_group


def _use(s: int, months: int, random: np.random.Generator) -> tuple[Array, Array, Array]:
    """Launch month, use and rate of reporting of each substance: uptake, seasons, drift, shortages, switches."""
    launched = np.where(
        random.random(s) < LAUNCHED_WITHIN,
        random.integers(0, max(2, months * 4 // 5), s),
        -random.integers(6, 240, s),
    )
    t = np.arange(months)
    age = t[None, :] - launched[:, None]
    uptake = np.where(age >= 0, 1 - np.exp(-(np.maximum(age, 0) + 1) / 10), 0.0)
    drift = np.cumsum(random.normal(0, 0.04, (s, months)), axis=1)
    season = random.uniform(0, 0.25, (s, 1)) * np.cos(2 * np.pi * (t[None, :] - random.uniform(0, 12, (s, 1))) / 12)
    level = np.exp(random.normal(0, 0.8, (s, 1)))
    use = level * uptake * np.exp(drift + season)
    for i in np.flatnonzero(random.random(s) < 0.25):
        at = int(random.integers(3, months))
        changed(use, int(i), at, ("fall", "surge", "shortage")[random.integers(3)])
    novelty = 1 + np.exp(-np.maximum(age, 0) / 18)
    own = np.exp(random.normal(0, 0.5, (s, 1)) + np.cumsum(random.normal(0, 0.03, (s, months)), axis=1))
    return launched, use, own * novelty * 1.004 ** t[None, :]


def changed(use: Array, substance: int, month: int, how: str) -> None:
    """Change the use of a substance from a month on, in place."""
    if how == "shortage":
        use[substance, month : month + 5] *= 0.15
    else:
        use[substance, month:] *= {"fall": 0.3, "surge": 2.5}[how]
