"""Firms abroad that recall in the simulated world, and the laboratories that test for them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pipelines.simulator.products import HOLDERS
from pipelines.simulator.world import World

CITIES = [("Springfield", "Illinois"), ("Dover", "Delaware"), ("Salem", "Oregon"), ("Auburn", "Alabama")]
LEGAL = [", Inc.", " LLC", ", Ltd.", " Corporation"]
N_FIRMS = 12


@dataclass(frozen=True)
class Firm:
    """One establishment abroad with the day of its recall."""

    number: int
    name: str
    fei: str
    city: str
    state: str
    recalled: dt.date


def firms(world: World) -> list[Firm]:
    """Establishments that recall, in order of their numbers."""
    random = world.random("firms")
    return [
        Firm(
            i,
            f"{HOLDERS[i % len(HOLDERS)].title()}{LEGAL[i % len(LEGAL)]}",
            f"{3_000_100_000 + 17 * i}",
            *CITIES[i % len(CITIES)],
            dt.date(2012, 6, 11) + dt.timedelta(days=int(random.integers(150))),
        )
        for i in range(N_FIRMS)
    ]
