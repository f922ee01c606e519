"""Privacy 9: tokens are planted in every identifying field of every source; then all that was written is searched."""

from __future__ import annotations

import base64
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.core.catalog import tables
from pipelines.intake.balance import balances
from pipelines.intake.ingest import ingest
from pipelines.intake.landing import scan
from pipelines.lake.lake import Lake
from pipelines.privacy.pseudonyms import Pseudonymiser
from pipelines.simulator.write import simulate
from tests.planted import FREE, MARK, holding, is_in, plant
from tests.privacy.test_privacy_modes import open_to_others

ROOT = Path(__file__).resolve().parents[2]
KEY = Pseudonymiser("a key of the tests")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "hex", "base64", "lower"])
def test_the_search_finds_a_token_however_it_is_written(encoding):
    text = f"xx{MARK}00017yy"
    written = {
        "hex": text.encode().hex().encode(),
        "base64": base64.b64encode(text.encode()),
        "lower": text.lower().encode(),
    }.get(encoding) or text.encode(encoding)
    assert is_in(b"before" + written + b"after", MARK)
    assert not is_in(b"before" + written[3:9] + b"after", MARK)


@pytest.mark.spark
def test_no_token_of_any_source_stands_in_what_ingestion_writes_or_says(spark, tmp_path, caplog, capfd):
    landing, root = tmp_path / "in", tmp_path / "lake"
    simulate(landing, 200, 3, lambda _: None, 300)
    planted = plant(landing)
    lake, said = Lake(spark, str(root), tables()), []
    known = {s.name: s for s in planted}
    with caplog.at_level(logging.DEBUG):
        found = scan(str(landing), known)
        for source in planted:
            ingest(lake, source, found, str(landing), KEY, said.append)
            assert all(b.is_balanced for b in balances(lake, source.tables).values())
    held = {
        f.source for f in found if any(MARK.encode() in p.read_bytes() for p in landing.rglob(f"*{f.container[-9:]}"))
    }
    assert held >= {s.name for s in planted} - {"openfda"}, "tokens stand in every source's files"
    assert holding([root], FREE), "narratives stay, and the search finds them"
    assert holding([root], MARK) == []
    out = capfd.readouterr()
    for text in (*said, caplog.text, out.out, out.err):
        assert not is_in(text.encode(), MARK)
    kept = sum(lake.n_rows(t.address()) for s in planted for t in s.tables if t.pseudonymised())
    aside = lake.n_rows("bronze.quarantine")
    assert kept > 200
    assert aside > 20, "records of too many fields, files without a header, cut messages"


def test_every_table_that_names_persons_is_planted(tmp_path: Path):
    simulate(tmp_path, 200, 3, lambda _: None, 300)
    plant(tmp_path)
    known = tables()
    for table in known.values():
        if getattr(table, "pseudonymised", None) and table.pseudonymised():
            files = [p for p in tmp_path.rglob("*") if p.is_file() and table.files.owns(str(p.relative_to(tmp_path)))]
            assert any(MARK.encode() in p.read_bytes() for p in files), table.address()


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.timeout(1800)
def test_no_token_stands_in_anything_that_a_whole_run_writes(tmp_path):
    landing, home = tmp_path / "in", tmp_path / "home"
    simulate(landing, 500, 3, lambda _: None, 500)
    plant(landing)
    home.mkdir()
    shutil.copy(ROOT / "dagster_home" / "dagster.yaml", home)
    places = {
        "DAGSTER_HOME": str(home),
        "GERLAND_LANDING": str(landing),
        "GERLAND_LAKE": str(tmp_path / "lake"),
        "GERLAND_REPORTS": str(tmp_path / "reports"),
        "GERLAND_TRACKING": f"sqlite:///{tmp_path}/mlflow.db",
        "GERLAND_ARTIFACTS": str(tmp_path / "mlflow"),
        "GERLAND_PSEUDONYM_KEY": KEY.key,
        "GERLAND_MINIMUM_REPORTS": "50",  # so that priors are fitted and MLflow has something to keep
        "PYTHONPATH": str(ROOT),
    }
    ran = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "run"], env={**os.environ, **places}, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    written = [p for p in tmp_path.iterdir() if p != landing]
    assert {p.name for p in written} >= {"home", "lake", "reports", "mlflow.db"}
    assert holding(written, FREE)
    assert holding(written, MARK) == []
    assert not is_in(ran.stdout + ran.stderr, MARK)
    assert open_to_others(tmp_path / "lake") == open_to_others(tmp_path / "reports") == []
