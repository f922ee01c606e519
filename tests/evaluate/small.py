"""Countries small enough for fast tests."""

from __future__ import annotations

from pipelines.simulator.years.country import Size

SMALL = {"human": Size(40, 48, 350), "veterinary": Size(24, 36, 200), "cosmetic": Size(16, 24, 60)}
