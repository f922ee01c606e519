"""The lease of a lake on an object store: an object that is put where none is, and put again while its owner lives.

No system frees it when a process dies, so it runs out: an owner renews it every `BEAT_SECONDS`, and who finds one that
was not renewed for `LASTS_SECONDS`, by the store's own clock, may take it. Each put names the object that it replaces
(If-None-Match, If-Match): of two who try, one has it.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.files import object_store

BEAT_SECONDS, LASTS_SECONDS = 20.0, 120.0
NOT_AS_NAMED = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
ABSENT = ("NoSuchKey", "404")


class Taken(Exception):
    """Another process has the lease; `owner` is what it wrote of itself."""

    def __init__(self, owner: str):
        """Say who has it, in its own words."""
        super().__init__("the lease is another's")
        self.owner = owner


@dataclass
class StoreLease:
    """A lease that this process has, renewed by a thread of its own until it is given back or lost."""

    bucket: str
    key: str
    owner: dict[str, Any]
    tag: str
    beat_seconds: float = BEAT_SECONDS
    lasts_seconds: float = LASTS_SECONDS
    is_lost: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)

    def give_back(self) -> None:
        """Stop renewing, and take the object away if it is still this lease's."""
        from botocore.exceptions import BotoCoreError, ClientError

        self._ended.set()
        try:
            if not self.is_lost and _stands(self.bucket, self.key).tag == self.tag:
                object_store.client().delete_object(Bucket=self.bucket, Key=self.key)
        except (ClientError, BotoCoreError):  # it runs out by itself
            return

    def renewed(self) -> None:
        """Renew until the end: a lease that is another's, or that could not be renewed for too long, is lost."""
        from botocore.exceptions import BotoCoreError, ClientError

        last = time.monotonic()
        while not self._ended.wait(self.beat_seconds):
            try:
                self.owner["beat"] += 1  # else the tag would be that of the beat before
                self.tag = _put(self.bucket, self.key, _written(self.owner), IfMatch=self.tag)
                last = time.monotonic()
            except ClientError as error:
                self.is_lost = _code(error) in (*NOT_AS_NAMED, *ABSENT) and not self._is_own()
            except BotoCoreError:
                pass
            self.is_lost |= time.monotonic() - last > self.lasts_seconds
            if self.is_lost:
                return

    def _is_own(self) -> bool:
        """Tell whether what stands is this lease: the answer to a put may have been lost, and the put repeated."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            stands = _stands(self.bucket, self.key)
        except (ClientError, BotoCoreError):
            return False
        is_own = stands.token == self.owner["token"]
        self.tag = stands.tag if is_own else self.tag
        return is_own


def take(
    address: str,
    owner: Mapping[str, Any],
    beat_seconds: float = BEAT_SECONDS,
    lasts_seconds: float = LASTS_SECONDS,
) -> StoreLease:
    """Take the lease that is the object at an address, for an owner as it tells itself.

    Raises `Taken` where another has it, and `OSError` where the store can't be asked.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = object_store.path_of(address).partition("/")
    told = {**owner, "token": uuid.uuid4().hex, "beat": 0}
    try:
        tag = _taken(bucket, key, told, lasts_seconds)
    except (ClientError, BotoCoreError) as error:
        raise OSError(f"the lease {address} can't be taken: {str(error).splitlines()[0][:200]}") from None
    lease = StoreLease(bucket, key, told, tag, beat_seconds, lasts_seconds)
    threading.Thread(target=lease.renewed, name="lease", daemon=True).start()
    return lease


@dataclass(frozen=True)
class _Standing:
    content: str
    tag: str
    age: dt.timedelta

    @property
    def token(self) -> str:
        """What one lease is told from all others by."""
        try:
            return str(json.loads(self.content)["token"])
        except (ValueError, KeyError, TypeError):
            return ""


def _written(owner: Mapping[str, Any]) -> bytes:
    return json.dumps(owner).encode()


def _taken(bucket: str, key: str, owner: dict[str, Any], lasts_seconds: float) -> str:
    from botocore.exceptions import ClientError

    try:
        return _put(bucket, key, _written(owner), IfNoneMatch="*")
    except ClientError as error:
        if _code(error) not in NOT_AS_NAMED:
            raise
    try:
        stands = _stands(bucket, key)
    except ClientError as error:
        if _code(error) in ABSENT:  # given back meanwhile
            return _taken(bucket, key, owner, lasts_seconds)
        raise
    if stands.token == owner["token"]:
        return stands.tag
    if stands.age.total_seconds() <= lasts_seconds:
        raise Taken(stands.content)
    try:
        return _put(bucket, key, _written(owner), IfMatch=stands.tag)
    except ClientError as error:
        if _code(error) in (*NOT_AS_NAMED, *ABSENT):
            raise Taken(stands.content) from None
        raise


def _put(bucket: str, key: str, content: bytes, **condition: str) -> str:
    answer = object_store.client().put_object(Bucket=bucket, Key=key, Body=content, **condition)
    return str(answer["ETag"])


def _stands(bucket: str, key: str) -> _Standing:
    answer = object_store.client().get_object(Bucket=bucket, Key=key)
    told = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    now = email.utils.parsedate_to_datetime(told) if told else dt.datetime.now(dt.UTC)
    return _Standing(answer["Body"].read().decode(errors="replace"), str(answer["ETag"]), now - answer["LastModified"])


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
