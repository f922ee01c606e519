"""Shares: tables for machines outside, by the Delta Sharing protocol, with the rules on rows of their recipient.

Raw files of a table can't carry rules on rows. What is served is a Parquet file of what the recipient's policy shows of
one version, made when it is asked for; its address is signed for the recipient and good for `GOOD_SECONDS`. A recipient
holds a token that `gerland share` made; it is ended by revoking it, and what it asked stands in the audit.
Protocol: delta-io/delta-sharing, PROTOCOL.md, response format `parquet`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import re
import secrets
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.core.catalog import tables
from pipelines.core.table import Table
from pipelines.settings import Settings
from workbench import audit
from workbench.lake import Edition, OpenLake, Reader
from workbench.policy import INTERNAL, ROLES, ROWS, Policy
from workbench.store import Store, now, recipient

SHARE = "gerland"
ROLE = "recipient"
GOOD_SECONDS = 300
NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
TYPES = {"int": "integer", "bigint": "long"}  # of Spark's schemas, where they differ from ours


class ShareError(Exception):
    """A recipient can't be made or ended; the message says why."""


@dataclass(frozen=True)
class Recipient:
    """Who holds a token."""

    name: str
    policy: Policy

    def entry(self, act: str, what: str, **said: str) -> audit.Entry:
        """A row of the audit in the recipient's name."""
        agencies = "+".join(self.policy.agencies)
        return audit.Entry(f"share:{self.name}", ROLE, agencies, self.policy.purpose, act, what, **said)


def admit(store: Store, name: str, agencies: tuple[str, ...], purpose: str, days: int) -> tuple[str, str]:
    """Make a recipient; returns its token, which is kept nowhere, and the moment at which it ends.

    Raises `ShareError` for a name that is taken or none, `ValueError` for an agency or purpose that is none.
    """
    if not NAME.fullmatch(name):
        raise ShareError("a recipient is named by small letters, digits and dashes, such as 'inserm-lab'")
    Policy(agencies, ROLES[ROLE], purpose)
    token = secrets.token_urlsafe(32)
    ends = (dt.datetime.now(dt.UTC) + dt.timedelta(days=days)).isoformat(timespec="seconds")
    row = {"name": name, "token": _hash(token), "agencies": "+".join(agencies), "purpose": purpose}
    with store.writing() as connection:
        standing = sa.select(recipient.c.name).where(recipient.c.name == name, recipient.c.revoked.is_(None))
        if connection.execute(standing).first():
            raise ShareError(f"there is a recipient {name!r} already: revoke it first")
        connection.execute(recipient.insert().values(**row, begun=now(), ends=ends))
        entry = audit.Entry("command line", "", row["agencies"], purpose, "share begun", name)
        audit.append(connection, entry)
    return token, ends


def revoke(store: Store, name: str) -> None:
    """End a recipient: its token and every address that it holds are good no more. Raises `ShareError`."""
    with store.writing() as connection:
        standing = (recipient.c.name == name, recipient.c.revoked.is_(None))
        ended = connection.execute(recipient.update().where(*standing).values(revoked=now()))
        if ended.rowcount == 0:
            raise ShareError(f"there is no recipient {name!r}")
        audit.append(connection, audit.Entry("command line", "", "", "", "share revoked", name))


def profile(address: str, token: str, ends: str) -> str:
    """The file that clients of Delta Sharing take."""
    said = {"shareCredentialsVersion": 1, "endpoint": f"{address}/sharing/", "bearerToken": token}
    return json.dumps({**said, "expirationTime": ends.replace("+00:00", ".000Z")}, indent=1)


def of_token(store: Store, token: str) -> Recipient | None:
    """Who holds a token; None for one that is none, has ended or was revoked."""
    return _standing(store, recipient.c.token == _hash(token)) if token and len(token) <= 100 else None


def named(store: Store, name: str) -> Recipient | None:
    """The recipient of a name, while it stands."""
    return _standing(store, recipient.c.name == name)


def _standing(store: Store, wanted: sa.ColumnElement[bool]) -> Recipient | None:
    with store.reading() as connection:
        found = sa.select(recipient).where(wanted, recipient.c.revoked.is_(None))
        row = connection.execute(found).mappings().one_or_none()
    if row is None or dt.datetime.fromisoformat(row["ends"]) < dt.datetime.now(dt.UTC):
        return None
    return Recipient(row["name"], Policy(tuple(row["agencies"].split("+")), ROLES[ROLE], row["purpose"], store.salt))


def shared(edition: Edition, policy: Policy) -> list[str]:
    """Addresses of the tables that a recipient may read, as they stand."""
    return sorted(a for a in edition.versions if a in ROWS and a not in INTERNAL and policy.allows(a))


def metadata(table: type[Table], version: int, policy: Policy) -> list[dict[str, Any]]:
    """Lines that tell of a table: protocol, then schema of what the policy shows."""
    fields = [
        {"name": name, "type": _type(table.columns[name].type), "nullable": True, "metadata": {}}
        for name in policy.columns(table)
    ]
    said: dict[str, Any] = {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"gerland:{table.address()}:{policy.identity}"))}
    said |= {"name": table.name, "format": {"provider": "parquet"}, "partitionColumns": [], "version": version}
    said["schemaString"] = json.dumps({"type": "struct", "fields": fields})
    return [{"protocol": {"minReaderVersion": 1}}, {"metaData": said}]


def made(lake: OpenLake, policy: Policy, address: str, folder: Path) -> tuple[Path, Reader]:
    """The file of what a policy shows of a table as it stands, made where it is not there yet."""
    import pyarrow.parquet as pq

    reader = Reader(lake, policy)
    version = reader.edition.versions[address]
    of = _hash(f"{version.committed}{policy.identity}{policy.salt}")[:24]
    file = folder / f"{address}-{version.number}-{of}.parquet"
    if not file.exists():
        rows = reader.table(f"SELECT * FROM {address}")
        folder.mkdir(parents=True, exist_ok=True)
        whole = file.with_suffix(f".{uuid.uuid4().hex}")
        pq.write_table(rows.cast(_schema(tables()[address], rows.schema.names)), whole)
        whole.replace(file)
        _sweep(folder)
    else:
        file.touch()  # not swept while it is read
    return file, reader


def salted(policy: Policy) -> str:
    """What tells policies apart that give cases other names."""
    return _hash(policy.salt)[:12]


def _sweep(folder: Path) -> None:
    """Take away files whose addresses are good no more; one that is asked for again is made again."""
    for old in folder.iterdir():
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > 2 * GOOD_SECONDS:
                old.unlink()


def digest(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def signed(store: Store, who: str, address: str, file: str, moment: float | None = None) -> dict[str, str]:
    """Parameters of the address of a file, for one recipient, for a while."""
    expires = str(int((moment or time.time()) + GOOD_SECONDS))
    # `sp` as in addresses of Azure: the Rust kernel takes an address for a remote one only if it looks signed.
    return {"r": who, "t": address, "e": expires, "sp": "r", "sig": _signature(store, who, address, file, expires)}


def is_signed(store: Store, asked: Mapping[str, str], file: str) -> bool:
    """Tell whether an address of a file is one that was signed, and still good."""
    expires = asked.get("e", "")
    expected = _signature(store, asked.get("r", ""), asked.get("t", ""), file, expires)
    if not hmac.compare_digest(expected.encode(), asked.get("sig", "").encode()):
        return False
    return expires.isdecimal() and int(expires) >= time.time()


def _signature(store: Store, *said: str) -> str:
    return hmac.new(store.signing.encode(), "\n".join(said).encode(), hashlib.sha256).hexdigest()


def _schema(table: type[Table], names: list[str]) -> Any:
    import pyarrow as pa

    return pa.schema([table.arrow_schema().field(name).with_nullable(True) for name in names])


def _type(declared: str) -> Any:
    if declared.startswith("array<"):
        return {"type": "array", "elementType": _type(declared[6:-1]), "containsNull": True}
    return TYPES.get(declared, declared)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def command(settings: Settings, name: str, agencies: tuple[str, ...], purpose: str, days: int, is_end: bool) -> str:
    """`gerland share`: make a recipient and return its profile, or end it. Raises `ShareError`, `ValueError`."""
    store = Store(settings.workbench)
    if is_end:
        revoke(store, name)
        return f"{name} reads no more"
    if not agencies:
        raise ShareError("say in whose right it reads: --agency ANSM, --agency ANSES, or both")
    token, ends = admit(store, name, agencies, purpose, days)
    return profile((settings.workbench_address or "http://localhost:3003").rstrip("/"), token, ends)
