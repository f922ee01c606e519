"""Which methods raise a pair, as every list of pairs shows it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from workbench.words import Words

RULES = {"prr": "PRR", "ror": "ROR", "ic": "IC", "ebgm": "EBGM"}


def votes(row: Mapping[str, Any], t: Words) -> Markup:
    """How many of the methods raise the pair of a row, and what each says."""
    return _votes(t, row["raised"], row["asked"], tuple(row[f"is_{rule}_signal"] for rule in RULES))


@lru_cache(maxsize=1024)
def _votes(t: Words, raised: int, asked: int, said: tuple[bool | None, ...]) -> Markup:
    """The same of all pairs that the methods say the same of."""
    marks = []
    for name, value in zip(RULES.values(), said, strict=True):
        css, told = {
            True: ("yes", t("{method} raises it", method=name)),
            False: ("no", t("{method} does not raise it", method=name)),
            None: ("none", t("{method} was not computed", method=name)),
        }[value]
        marks.append(Markup('<abbr class="vote {}" title="{}">{}</abbr>').format(css, told, name))
    counted = Markup('<span class="nowrap">{}</span>').format(t("{k} of {m}", k=raised, m=asked))
    return Markup('<span class="votes">{}\n{}</span>').format(counted, Markup("").join(marks))
