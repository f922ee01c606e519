"""Names like one that is not known: what was perhaps meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def near(name: str, known: Iterable[str], n: int = 3, cutoff: float = 0.5) -> list[str]:
    """Return up to `n` known names most like `name`, the nearest first; case does not matter.

    `cutoff` is the likeness that is asked for, from 0 to 1 (`difflib.get_close_matches`).
    """
    by_folded: dict[str, str] = {}
    for one in known:
        by_folded.setdefault(one.casefold(), one)
    found = difflib.get_close_matches(name.casefold(), by_folded, n=n, cutoff=cutoff)
    return [by_folded[folded] for folded in found]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'this'?``, or nothing where no known name is near."""
    found = near(name, known)
    return f"; did you mean {' or '.join(map(repr, found))}?" if found else ""
