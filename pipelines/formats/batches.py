"""Batch numbers as registers print them: lists, ranges, all batches; and the key under which they meet.

Belongs here: what a text says of batches. Does not: which product they are of; a batch number is unique to a product
at best.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column

SCOPES = {
    "listed": "The batches that it names",
    "all": "All batches, perhaps of an expiry",
    "not_said": "The register says nothing of batches",
    "unread": "The register says something that names no batch",
}
BASES = {
    "listed": "Printed",
    "range": "Between the two ends of a printed range, both included",
    "range_end": "End of a printed range that can't be counted out",
}
MOST = 1000  # batches that a range may hold
SHARED = 0.5  # share of their characters that both ends of a range with a hyphen begin with
LEAST_TAIL = 3  # characters of an end that is printed without its beginning
LONGEST = 40

EVERY = re.compile(
    r"全批|全部|全面|所有|各批|效期內批號|\b(?:all|every)\s+(?:\w+\s+)?(?:lots?|batch(?:es)?)\b|tous\s+les\s+lots", re.I
)
COUNTED = re.compile(r"(?:共計?|計|(?<![A-Za-z0-9]))\s*\d+\s*批(?!號)")
APART = re.compile(r"[、。,;:()\[\]\r\n|]|批號|[及與和等為]|\b(?:and|et|lots?|batch(?:es)?)\b(?:\s*(?:no\.?|#))?", re.I)
THROUGH = re.compile(r"\s*(?:~|至|到|\bthrough\b|\bto\b|\bà\b|[–—])\s*", re.I)
NUMBER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/#+-]|\s(?=\S))*")
TOLD = re.compile(r"\d|^[A-Z]{3,}$")


@dataclass(frozen=True)
class Named:
    """One batch that a text names: as printed or counted out, and on what that rests, one of `BASES`."""

    batch: str
    basis: str


def batches(text: str | None) -> tuple[str, list[Named]]:
    """Scope of a text, one of `SCOPES`, and the batches that it names, each once, in their order."""
    if not text or not text.strip():
        return "not_said", []
    plain = unicodedata.normalize("NFKC", text)
    is_every = EVERY.search(plain) is not None
    found: dict[str, Named] = {}
    for piece in [] if is_every else APART.split(COUNTED.sub(";", plain)):
        for named in _of(piece.strip(" .\t\u3000")):
            found.setdefault(key(named.batch), named)
    if is_every:
        return "all", []
    return ("listed" if found else "unread"), list(found.values())


def key(batch: str) -> str:
    """Key under which a batch number meets another spelling of it: its letters and digits, in upper case."""
    return re.sub(r"[^A-Z0-9]", "", batch.upper())


def batch_key(column: str) -> Column:
    """The same of a column; null where nothing is left."""
    from pyspark.sql import functions as F

    return F.nullif(F.regexp_replace(F.upper(column), "[^A-Z0-9]", ""), F.lit(""))


def _of(item: str) -> list[Named]:
    ends = THROUGH.split(item)
    is_said = len(ends) == 2
    if not is_said and item.count("-") == 1:
        ends = [end.strip() for end in item.split("-")]
    if len(ends) == 2 and all(map(_is_number, ends)):
        first, last = ends[0], _whole(*ends)
        if last and (is_said or _shared(first, last) >= SHARED * len(first)):
            if counted := between(first, last):
                return [Named(batch, "range") for batch in counted]
            if is_said:
                return [Named(end, "range_end") for end in ends]
        elif is_said or (min(map(len, ends)) > LEAST_TAIL and _shared(*ends) >= LEAST_TAIL):
            return [Named(end, "range_end") for end in ends]
    return [Named(item, "listed")] if _is_number(item) and TOLD.search(item) else []


def between(first: str, last: str) -> list[str]:
    """Count from one batch number to another, both included, as an odometer does: digits turn, letters behind them.

    What both end with stays. Empty where the first does not reach the last within `MOST` steps.
    """
    n_same = 0
    while n_same < len(first) and first[-1 - n_same] == last[-1 - n_same] and not first[-1 - n_same].isdigit():
        n_same += 1
    stem, end = (text[: len(text) - n_same] for text in (first, last))
    if len(stem) != len(end) or stem > end:
        return []
    found = [stem]
    while found[-1] != end and len(found) < MOST:
        found.append(_next(found[-1]))
    return [stem + first[len(stem) :] for stem in found] if found[-1] == end else []


def _next(number: str) -> str:
    """The number behind; Z and 9 turn to the first of their kind and the place before moves on."""
    at = len(number) - 1
    digits = list(number)
    while at >= 0:
        turns = {"9": "0", "Z": "A", "z": "a"}.get(digits[at])
        if digits[at].isalnum() and turns is None:
            digits[at] = chr(ord(digits[at]) + 1)
            break
        digits[at] = turns or digits[at]
        at -= 1
    return "".join(digits)


def _whole(first: str, last: str) -> str | None:
    """The last end in full, where it is printed without its beginning; None where the two are of another build."""
    if len(last) < len(first) and len(last) >= LEAST_TAIL:
        last = first[: len(first) - len(last)] + last
    return last if len(last) == len(first) and _build(first) == _build(last) else None


def _build(number: str) -> str:
    return re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", number)))


def _shared(first: str, last: str) -> int:
    n = 0
    while n < min(len(first), len(last)) and first[n] == last[n]:
        n += 1
    return n


def _is_number(text: str) -> bool:
    return len(text) <= LONGEST and text.count(" ") <= 2 and NUMBER.fullmatch(text) is not None
