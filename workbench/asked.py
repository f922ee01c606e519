"""What an address asks for, read strictly: a wrong value is told, never guessed at."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MOST_TEXT = 400
_quoted = lru_cache(maxsize=8192)(quote_plus)  # a page has the same values in hundreds of addresses


class BadAddress(Exception):
    """The address asks for something that can't be; `name` is the parameter at fault, its value is not repeated."""

    def __init__(self, name: str):
        """Keep the name of the parameter."""
        super().__init__(name)
        self.name = name


class Asked:
    """Values of an address or a form."""

    def __init__(self, given: Mapping[str, str]):
        """Take the values as they were sent."""
        self.given = given

    def text(self, name: str, default: str = "") -> str:
        """A short text of one line."""
        value = self.given.get(name, default).strip()
        if len(value) > MOST_TEXT or CONTROL.search(value):
            raise BadAddress(name)
        return value

    def prose(self, name: str, least: int = 0, most: int = 10_000) -> str:
        """A text of several lines, of at least and at most so many characters."""
        value = self.given.get(name, "").replace("\r\n", "\n").strip()
        if not least <= len(value) <= most or CONTROL.search(value.replace("\n", "").replace("\t", "")):
            raise BadAddress(name)
        return value

    def needed(self, name: str) -> str:
        """A text that must be there."""
        if not (value := self.text(name)):
            raise BadAddress(name)
        return value

    def choice(self, name: str, choices: Collection[str], default: str) -> str:
        """One of a list."""
        value = self.text(name) or default
        if value not in choices:
            raise BadAddress(name)
        return value

    def number(self, name: str, least: int, most: int, default: int) -> int:
        """A whole number between two."""
        text = self.text(name)
        if not text:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise BadAddress(name)
        return int(text)

    def date(self, name: str) -> dt.date | None:
        """A date YYYY-MM-DD; None where there is none."""
        text = self.text(name)
        if not text:
            return None
        try:
            if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
                raise ValueError
            return dt.date.fromisoformat(text)
        except ValueError:
            raise BadAddress(name) from None

    def flag(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.choice(name, ("1", "0"), "0") == "1"


def address(path: str, values: Mapping[str, Any], **changed: Any) -> str:
    """An address with its values; what is empty is left out."""
    said = ((name, _said(value)) for name, value in {**values, **changed}.items())
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in said if value)
    return f"{path}?{query}" if query else path


def _said(value: Any) -> str:
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)
