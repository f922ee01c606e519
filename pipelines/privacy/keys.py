"""Which keys a lake was written with: a check value of each, so that no other key is taken for it by mistake.

Pseudonyms of two keys unite persons only along the chain of `privacy/pseudonyms.py`. So the keys at hand must begin
with those that the lake knows; the ones that follow are new, and each table is taken on to the last of them.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from pyarrow import fs

from pipelines.files.store import file_system, put_whole
from pipelines.privacy.pseudonyms import Pseudonymiser

NAME = "_keys.json"


class KeyRefused(Exception):
    """The keys of the settings are not those that the lake was written with; the message says which."""


@dataclass(frozen=True)
class Ring:
    """What a lake knows of its keys: check values by version, and the version each table stands at.

    `alone` is the last version of which it is known that no pseudonym of an earlier one is left anywhere in the lake.
    """

    checks: dict[int, str]
    at: dict[str, int]
    alone: int = 0

    @property
    def last(self) -> int:
        """Version of the last key."""
        return max(self.checks, default=0)


def ring(root: str) -> Ring:
    """Read what a lake knows of its keys; nothing of one that holds no pseudonyms yet."""
    system, base = file_system(root)
    if system.get_file_info(f"{base}/{NAME}").type != fs.FileType.File:
        return Ring({}, {})
    with system.open_input_stream(f"{base}/{NAME}") as stream:
        told = json.loads(stream.read())
    return Ring({int(v): c for v, c in told["checks"].items()}, dict(told["at"]), told.get("alone", 0))


def agreed(root: str, pseudonymiser: Pseudonymiser) -> Ring:
    """Compare the keys at hand with those of the lake, and add the ones that are new to it.

    Raises `KeyRefused` where one of the lake's is missing or is another, or where one stands among them.
    """
    known, keys = ring(root), pseudonymiser.keys()
    for version, check in sorted(known.checks.items()):
        found = dict(keys).get(version)
        if found is None:
            raise KeyRefused(
                f"the lake holds pseudonyms of key version {version}, which is not set: it stands in "
                f"GERLAND_FORMER_PSEUDONYM_KEYS__{version} as long as new files are to meet the persons of before"
            )
        if _check(found) != check:
            raise KeyRefused(f"pseudonym key version {version} is another than the one the lake was written with")
    if [v for v, _ in keys][: len(known.checks)] != sorted(known.checks):
        raise KeyRefused("a former pseudonym key is set that the lake was never written with")
    whole = replace(known, checks={v: _check(k) for v, k in keys})
    if whole.checks != known.checks:
        _write(root, whole)
    return whole


def stands(root: str, names: Iterable[str], version: int) -> None:
    """Write down that tables hold pseudonyms of this version of the key only."""
    known = ring(root)
    if any(known.at.get(name) != version for name in names):
        _write(root, replace(known, at=known.at | dict.fromkeys(names, version)))


def stands_alone(root: str) -> None:
    """Write down that nothing in the lake holds a pseudonym of another key than the last."""
    known = ring(root)
    _write(root, replace(known, alone=known.last))


def _write(root: str, told: Ring) -> None:
    system, base = file_system(root)
    content: dict[str, Any] = {
        "checks": {str(v): c for v, c in sorted(told.checks.items())},
        "at": dict(sorted(told.at.items())),
    }
    content["alone"] = told.alone
    put_whole(system, f"{base}/{NAME}", json.dumps(content, indent=1).encode())


def _check(key: str) -> str:
    return hmac.digest(key.encode(), b"gerland: which key is this", "sha256").hex()[:16]
