"""What is used of a class of antibiotics, and what resists it: log odds rise with each doubling, by a planted slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.simulator.world import World

SLOPES = {"carbapenems": 0.7, "third_generation_cephalosporins": 0.5, "quinolones": 0.4, "meticillin": 0.0}
"""Rise of the log odds of resistance with each doubling of the use; meticillin is not used."""
BETWEEN = 0.01  # intra-class correlation of the shares of places


@dataclass(frozen=True)
class Places:
    """Use, and isolates tested and resistant, of places in one period."""

    used: NDArray[np.float64]
    resistant: NDArray[np.int64]
    tested: NDArray[np.int64]


def places(world: World, purpose: str, n: int, slope: float, isolates: int, level: float = -2.0) -> Places:
    """Draw `n` places, each with its use and about as many isolates; shares vary between places as a beta does.

    `level`: log odds at a use of 1.
    """
    random = world.random(f"resistance {purpose}")
    used = np.round(random.lognormal(0.3, 0.7, n), 6)
    mean = 1 / (1 + np.exp(-(level + slope * np.log2(used))))
    spread = 1 / BETWEEN - 1
    share = random.beta(mean * spread, (1 - mean) * spread)
    tested = random.poisson(isolates, n)
    return Places(used, random.binomial(tested, share), tested)


def truth() -> list[dict[str, object]]:
    """Planted slopes, as `truth/resistance.csv` tells them."""
    return [{"class_code": c, "odds_ratio_per_doubling": round(float(np.exp(s)), 6)} for c, s in SLOPES.items()]
