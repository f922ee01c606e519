"""Age groups of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

ADULT, ELDERLY, ADOLESCENT, CHILD = 18, 65, 12, 2  # ICH E11, and 65 years as in ICH E7
