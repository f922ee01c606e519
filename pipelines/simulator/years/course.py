"""The course of what is planted: what is expected of it month by month, and when it is recognised."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from pipelines.simulator.years.country import (
    NEVER,
    Array,
    Domain,
    delayed,
)
from pipelines.simulator.years.families import EVIDENCE, Families
from pipelines.simulator.years.plants import LEAST_TRUE, Plant

EARLIEST, LATEST = 6, 36  # months from a harm's first report to its recognition
CLOSED_FIRST = 0.15  # share of harms whose first assessment ends without action


def course_of(plant: Plant, months: int) -> Array:
    """Reporting ratio less one, by month of the event, (T,)."""
    t = np.arange(months)
    since = t - plant.onset
    risen = np.clip((since + 1) / (plant.rise + 1), 0, 1)
    return (plant.strength - 1) * risen * ((since >= 0) & (t < plant.end))


def expected(domain: Domain, plants: list[Plant]) -> Array:
    """Added reports that are expected by month of receipt, (plants, T)."""
    found = np.zeros((len(plants), domain.months))
    for i, plant in enumerate(plants):
        use = domain.use[plant.substance] if plant.before is None else plant.before
        usual = domain.background[plant.event] * domain.ratio[plant.substance, plant.event]
        course = np.maximum(course_of(plant, domain.months), 0.0)  # a ratio below 1 takes no report away
        found[i] = delayed(use * domain.rate[plant.substance] * usual * course)
        if plant.extra:
            begin = max(plant.onset, 0)
            length = max(min(plant.end, domain.months) - begin, 0)
            found[i, begin : begin + length] += plant.extra / max(plant.end - plant.onset, 1)
    return found


def course_of_recognition(
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
