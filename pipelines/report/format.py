"""How numbers are written, everywhere in the report the same."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

NONE = "–"
MINUS, THIN = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}"


def is_number(value: Any) -> bool:
    """Tell whether there is a finite number to show."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def count(value: Any) -> str:
    """Whole numbers with a comma at the thousands."""
    return f"{value:,.0f}".replace("-", MINUS) if is_number(value) else NONE


def score(value: Any) -> str:
    """Three significant figures or so: two decimals below 10, one below 100, none above."""
    if not is_number(value):
        return NONE
    size = abs(value)
    decimals = 2 if size < 9.995 else 1 if size < 99.95 else 0
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text.replace("-", MINUS)


def share(part: Any, whole: Any = 1) -> str:
    """A percentage; never rounded to 0 or 100 when it is neither."""
    if not (is_number(part) and is_number(whole) and whole > 0):
        return NONE
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return f"<{THIN}0.1{THIN}%"
    if 99.9 < percent < 100:
        return f">{THIN}99.9{THIN}%"
    return f"{percent:.0f}{THIN}%" if percent in (0, 100) else f"{percent:.1f}{THIN}%"


def month(value: Any) -> str:
    """Year and month."""
    return f"{value:%Y-%m}" if isinstance(value, dt.date) else NONE


def day(value: Any) -> str:
    """ISO date."""
    return f"{value:%Y-%m-%d}" if isinstance(value, dt.date) else NONE


def duration(seconds: Any) -> str:
    """Seconds, or minutes and seconds, or hours and minutes."""
    if not is_number(seconds):
        return NONE
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def population(name: str) -> str:
    """`veterinary:dog` as people say it."""
    domain, _, species = name.partition(":")
    words = {"human": "Human", "veterinary": "Veterinary, all species"}
    return f"Veterinary, {species.replace('_', ' ')}" if species else words.get(domain, domain.capitalize())


def words(name: Any) -> str:
    """A code as words: `salt_stripped` becomes `salt stripped`."""
    return str(name).replace("_", " ")


FILTERS = {f.__name__: f for f in (count, score, share, month, day, duration, population, words)}
