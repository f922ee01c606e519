"""What pages say, in English and French: the English sentence is the name of its translation (`words.toml`)."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.report.format import MINUS, NONE, THIN, is_number

LANGUAGES = ("fr", "en")
CATALOGUE = Path(__file__).with_name("words.toml")


@dataclass(frozen=True)
class Words:
    """One language: sentences, numbers, dates."""

    language: str

    def __call__(self, sentence: str, **values: Any) -> str:
        """A sentence, with its values; one that has no translation stands in English."""
        said = french().get(sentence, sentence) if self.language == "fr" else sentence
        return said.format(**values) if values else said

    def count(self, value: Any) -> str:
        """A whole number."""
        return self._number(value, 0)

    def score(self, value: Any) -> str:
        """Three significant figures or so."""
        if not is_number(value):
            return NONE
        size = abs(value)
        return self._number(value, 2 if size < 9.995 else 1 if size < 99.95 else 0)

    def span(self, lower: Any, upper: Any) -> str:
        """An interval; a dash where there is none."""
        return f"{self.score(lower)} – {self.score(upper)}" if is_number(lower) or is_number(upper) else NONE

    def small(self, value: Any) -> str:
        """A number that may be very small, in two significant figures."""
        if not is_number(value):
            return NONE
        if value and abs(value) < 0.01:
            mantissa, _, power = f"{value:.1e}".partition("e")
            return f"{mantissa.replace('.', ',') if self.language == 'fr' else mantissa}·10{_raised(int(power))}"
        return self.score(value)

    def share(self, value: Any) -> str:
        """A percentage of something between 0 and 1."""
        if not is_number(value):
            return NONE
        return f"{self._number(100 * value, 0)}{THIN if self.language == 'fr' else ''}%"

    def day(self, value: Any) -> str:
        """A date."""
        if isinstance(value, str) and value:
            value = dt.date.fromisoformat(value[:10])
        if not isinstance(value, dt.date):
            return NONE
        return f"{value:%d/%m/%Y}" if self.language == "fr" else f"{value:%Y-%m-%d}"

    def month(self, value: Any) -> str:
        """Year and month."""
        if not isinstance(value, dt.date):
            return NONE
        return f"{value:%m/%Y}" if self.language == "fr" else f"{value:%Y-%m}"

    def code(self, value: Any) -> str:
        """A code of a table in words: `other_health_professional`; null is a dash."""
        if value is None or value == "":
            return NONE
        said = ("yes" if value else "no") if isinstance(value, bool) else str(value).replace("_", " ")
        return _read()["codes"].get(said, said) if self.language == "fr" else said

    def population(self, name: str) -> str:
        """`veterinary:dog` as people say it."""
        domain, _, part = name.partition(":")
        said = self.code(domain)
        said = said[:1].upper() + said[1:]
        colon = " : " if self.language == "fr" else ": "
        return f"{said}{colon}{self.code(part)}" if part else said

    def _number(self, value: Any, decimals: int) -> str:
        if not is_number(value):
            return NONE
        text = f"{value:,.{decimals}f}"
        if self.language == "fr":
            text = text.replace(",", THIN).replace(".", ",")
        return text.removeprefix("-") if not text.strip("-0,.") else text.replace("-", MINUS)


def french() -> dict[str, str]:
    """French of each English sentence."""
    return _read()["fr"]


@cache
def _read() -> dict[str, dict[str, str]]:
    return tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))


@cache
def words(language: str) -> Words:
    """The language of a code; English for one that is not known."""
    return Words(language if language in LANGUAGES else "en")


def preferred(asked: str | None, kept: str | None, accepted: str) -> str:
    """The language to answer in: as asked in the address, as kept from before, as the browser says."""
    known: Callable[[str | None], bool] = lambda code: code in LANGUAGES  # noqa: E731
    if known(asked):
        return str(asked)
    if known(kept):
        return str(kept)
    first = accepted.split(",")[0].strip()[:2].lower()
    return first if known(first) else "en"


def _raised(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
