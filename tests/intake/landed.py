"""A landing zone of toy files, and its ingestion."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from pipelines.core.catalog import SourceFolder
from pipelines.core.ledger import Delivery, DeliveryAction, Erasure, Quarantine
from pipelines.intake.ingest import Intake, ingest
from pipelines.intake.landing import scan
from pipelines.lake.lake import Lake
from pipelines.privacy.pseudonyms import Pseudonymiser
from tests.intake.toy import SOURCE
from tests.intake.toy.tables import ToyLine, ToyPerson

TOY = SourceFolder(SOURCE, (ToyLine, ToyPerson), "tests.intake.toy")
TABLES = {t.address(): t for t in (Delivery, DeliveryAction, Quarantine, Erasure, ToyLine, ToyPerson)}


def zipped(method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/") + ".txt", data)
    return out.getvalue()


def deliver(landing: Path, **files: bytes) -> None:
    for name, data in files.items():
        path = landing / "toy" / name.replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def run(lake: Lake, landing: Path, tell: Callable[[str], None] = lambda _: None) -> Intake:
    return ingest(lake, TOY, scan(str(landing), {"toy": TOY}), str(landing), Pseudonymiser("k"), tell)
