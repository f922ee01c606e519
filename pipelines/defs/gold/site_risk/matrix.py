"""Versions of the matrix by which a site is rated: intrinsic and compliance risk to a rating and an interval.

Source of the method: PIC/S PI 037-1, "A recommended model for risk-based inspection planning in the GMP environment".
Each part of a version says what it rests on. A new version is added here with the day from which it counts; the
ratings of earlier days stay.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

LEVELS = ("low", "medium", "high")
BANDS = {1: "low", 2: "low", 3: "medium", 4: "medium", 6: "high", 9: "high"}  # complexity times criticality
CERTIFICATE_DAYS = 90  # from the inspection to the certificate or refusal: CSP R5313-5, R5146-3, R4211-63


@dataclass(frozen=True)
class Matrix:
    """One version: what counts from `valid_from` on, and the source of each of its parts."""

    version: str
    valid_from: dt.date
    bands: dict[int, str]
    most_major: int  # major deficiencies up to which compliance risk is medium
    cells: dict[tuple[str, str], str]  # (intrinsic, compliance) to rating
    months: dict[str, int]  # rating to the longest interval between inspections
    bands_source: str
    cells_source: str

    def intrinsic(self, complexity: int, criticality: int) -> str:
        """Band of complexity times criticality, each 1 to 3."""
        return self.bands[complexity * criticality]

    def compliance(self, n_critical: int, n_major: int) -> str:
        """Compliance risk by the deficiencies of the last inspection."""
        if n_critical >= 1 or n_major > self.most_major:
            return "high"
        return "medium" if n_major >= 1 else "low"

    def rating(self, complexity: int, criticality: int, n_critical: int, n_major: int) -> str:
        """A, B or C: the cell of both risks."""
        return self.cells[self.intrinsic(complexity, criticality), self.compliance(n_critical, n_major)]


AGREED = "PI 037-1 as an independent implementation has it"
NOT_READ = "general knowledge: the table of PI 037-1 was not read; have it confirmed before it decides"
MATRICES = (
    Matrix(
        "PI 037-1",
        dt.date(2012, 1, 1),
        BANDS,
        5,
        {
            ("low", "low"): "A",
            ("medium", "low"): "A",
            ("high", "low"): "B",
            ("low", "medium"): "A",
            ("medium", "medium"): "B",
            ("high", "medium"): "C",
            ("low", "high"): "B",
            ("medium", "high"): "C",
            ("high", "high"): "C",
        },
        {"A": 36, "B": 24, "C": 12},
        AGREED,
        NOT_READ,
    ),
)
