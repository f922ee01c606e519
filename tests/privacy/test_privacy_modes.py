"""Privacy 5: lake, quarantine and reports are readable by their owner only, whoever of the engine's processes wrote."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from expectations.outcomes import validated
from pipelines.cli import app
from pipelines.core.ledger import Quarantine
from pipelines.frames.conform import conformed
from tests.intake.landed import deliver, run
from tests.intake.test_ingest import ADDRESS
from tests.intake.test_ingest import lake as lake
from tests.intake.toy.tables import ToyLine


@pytest.fixture
def lax() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[tuple[str, str]]:
    """Files and folders below a folder that group or others have any right on, with their modes."""
    found = [folder, *folder.rglob("*")]
    modes = [(str(p.relative_to(folder)), p.lstat().st_mode) for p in found]
    return [(name, stat.filemode(mode)) for name, mode in modes if mode & 0o077]


@pytest.mark.spark
def test_what_an_ingestion_and_the_engine_write_is_its_owners(lake, tmp_path, spark):
    deliver(tmp_path / "in", one__txt=b"a|b\nx|y|z\n")
    run(lake, tmp_path / "in")  # written by tasks and by deltalake
    frame = spark.table(f"delta.`{lake.path(ADDRESS)}`")
    spark.range(3).write.format("delta").save(str(tmp_path / "lake" / "by_the_engine"))  # written by Hadoop
    lake.replace(ToyLine, conformed(frame, ToyLine), {})
    validated(lake, Quarantine, tmp_path / "lake" / "reports")
    written = [p for p in (tmp_path / "lake").rglob("*") if p.is_file()]
    assert any("quarantine" in str(p) for p in written)
    assert len(written) > 20
    assert open_to_others(tmp_path / "lake") == []


def test_every_command_takes_the_rights_of_others_away(lax, tmp_path):
    (tmp_path / "cases.csv").write_text("case,product,event\n" + "1,a,x\n2,a,y\n3,b,x\n" * 10)
    done = CliRunner().invoke(app, ["tables", "bronze.delivery"])
    assert done.exit_code == 0, done.output
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x.csv").write_text("x")
    assert open_to_others(tmp_path / "mine") == []
