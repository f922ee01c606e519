"""Age groups of people."""

from __future__ import annotations

ADULT, ELDERLY, ADOLESCENT, CHILD = 18, 65, 12, 2  # ICH E11, and 65 years as in ICH E7
