"""Download a source's files from its official addresses: resumable, checked, polite.

A file appears in the landing zone only when it is whole and what it claims to be; until then its bytes wait in a
`.part` file beside the landing zone, where no scan takes them for data.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import gzip
import hashlib
import os
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.source import Download, Source
from pipelines.intake.landing import HEAD_BYTES, head_problem

if TYPE_CHECKING:
    import requests

USER_AGENT = "gerland/0.1 (open-source pharmacovigilance platform)"
TRIES, FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5, 1.0, 60.0
TIMEOUT_SECONDS = (10, 60)
CHUNK = 1 << 20
AGAIN = {429, 500, 502, 503, 504}


class FetchError(Exception):
    """A file can't be had; the message says which and why."""


@dataclass(frozen=True)
class Fetched:
    """One file that now lies in the landing zone, or lay there with the same content."""

    path: Path
    n_bytes: int
    is_new: bool

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.path}: {self.n_bytes:,} bytes{'' if self.is_new else ', the same as before'}"


def fetch(
    card: Source, landing: Path, say: Callable[[str], None], wait: Callable[[float], None] = time.sleep
) -> list[Fetched]:
    """Download every file of a source's card into `landing/<source>/<date>/`; returns what was landed.

    The date is that of the server's Last-Modified, else today. Raises `FetchError` for a source without downloads or
    for the first file that can't be had.
    """
    if not card.downloads:
        raise FetchError(f"{card.name} has no direct download; its files are found at {card.homepage}")
    import requests

    with requests.Session() as session:
        session.headers["User-Agent"] = USER_AGENT
        return [_one(session, card.name, d, landing, say, wait) for d in card.downloads]


def _one(
    session: requests.Session,
    source: str,
    download: Download,
    landing: Path,
    say: Callable[[str], None],
    wait: Callable[[float], None],
) -> Fetched:
    part = landing.parent / f".{landing.name}-fetch" / source / f"{download.file}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    modified = _download(session, download, part, say, wait)
    problem = _content_problem(part, download.file)
    if problem:
        part.unlink()
        raise FetchError(f"{download.file}: the server sent a file that is {problem}")
    digest = _sha256(part)
    for known in sorted((landing / source).rglob(Path(download.file).name)):
        if _sha256(known) == digest:
            part.unlink()
            return Fetched(known, known.stat().st_size, is_new=False)
    day = (modified or dt.datetime.now(dt.UTC)).date().isoformat()
    target = landing / source / day / download.file
    target.parent.mkdir(parents=True, exist_ok=True)
    part.replace(target)
    if modified:
        os.utime(target, (modified.timestamp(), modified.timestamp()))
    return Fetched(target, target.stat().st_size, is_new=True)


def _download(
    session: requests.Session,
    download: Download,
    part: Path,
    say: Callable[[str], None],
    wait: Callable[[float], None],
) -> dt.datetime | None:
    import requests
    import urllib3

    pause = FIRST_WAIT_SECONDS
    for attempt in range(TRIES):
        try:
            answer = _transfer(session, download, part, say)
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
            reason = type(error).__name__
        else:
            if isinstance(answer, Whole):
                return answer.modified
            reason, pause = answer.reason, max(pause, answer.retry_after)
        if attempt < TRIES - 1:
            say(f"{download.file}: {reason}; again in {min(pause, LONGEST_WAIT_SECONDS):.0f} s")
            wait(min(pause, LONGEST_WAIT_SECONDS))
            pause *= 2
    raise FetchError(f"{download.file} could not be downloaded ({reason}); run again to resume")


@dataclass(frozen=True)
class Whole:
    """The file is complete."""

    modified: dt.datetime | None


@dataclass(frozen=True)
class Later:
    """The server asks to come again, or cut the connection."""

    reason: str
    retry_after: float = 0.0


def _transfer(session: requests.Session, download: Download, part: Path, say: Callable[[str], None]) -> Whole | Later:
    """One request. What an earlier one left is continued if the server still has the same file."""
    tag = part.with_suffix(".etag")
    have = part.stat().st_size if part.exists() and tag.exists() else 0
    headers = {"Range": f"bytes={have}-", "If-Range": tag.read_text()} if have else {}
    with session.get(download.url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as answer:
        if answer.status_code in AGAIN:
            return Later(f"the server answered {answer.status_code}", _seconds(answer.headers.get("Retry-After")))
        if answer.status_code == 416:
            part.unlink()
            return Later("the part kept from before no longer fits")
        if answer.status_code not in (200, 206):
            raise FetchError(f"{download.file}: the server answered {answer.status_code}; see {download.url}")
        resumed = answer.status_code == 206
        start = have if resumed else 0
        expected = start + int(answer.headers["Content-Length"]) if "Content-Length" in answer.headers else None
        validator = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        if validator:
            tag.write_text(validator)
        say(f"{download.file}: {'resuming at ' + format(start, ',') if resumed else 'downloading'}")
        with part.open("ab" if resumed else "wb") as out:
            for chunk in answer.raw.stream(CHUNK, decode_content=False):
                out.write(chunk)
        if expected is not None and part.stat().st_size < expected:
            return Later(f"cut after {part.stat().st_size:,} of {expected:,} bytes")
        tag.unlink(missing_ok=True)
        stated = answer.headers.get("Last-Modified")
        return Whole(email.utils.parsedate_to_datetime(stated) if stated else None)


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdigit() else 0.0


def _content_problem(path: Path, name: str) -> str | None:
    """What is wrong with a whole file, by its bytes and the kind that its name promises."""
    with path.open("rb") as stream:
        problem = head_problem(stream.read(HEAD_BYTES))
    if problem:
        return problem
    try:
        if name.lower().endswith((".zip", ".xlsx")):
            with zipfile.ZipFile(path) as archive:
                return "a corrupt archive" if archive.testzip() else None
        if name.lower().endswith(".gz"):
            with gzip.open(path) as stream:
                while stream.read(CHUNK):
                    pass
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error):
        return "truncated or no archive"
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
