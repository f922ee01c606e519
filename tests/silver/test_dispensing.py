"""Dispensing by flow: a new flow is added, a changed one replaced, and both end where a rebuild does."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.core.catalog import sources
from pipelines.defs.silver.dispensing.conform import dispensing
from pipelines.defs.silver.dispensing.tables import Dispensing
from pipelines.defs.sources.snds import simulate
from pipelines.intake.ingest import ingest
from pipelines.intake.landing import scan
from pipelines.lake.platform import Platform
from pipelines.settings import load
from pipelines.simulator.world import build

ADDRESS = Dispensing.address()


@pytest.fixture
def platform(spark, tmp_path):
    return Platform(load(lake=tmp_path / "lake", landing=tmp_path / "landing", tracking=f"sqlite:///{tmp_path}/m.db"))


def land(platform, flows, everything):
    """Land some flows and bring the table up to date; returns its rows by key and its files by flow."""
    for flow in flows:
        target = Path(str(platform.settings.landing)) / "snds" / flow.name
        target.mkdir(parents=True, exist_ok=True)
        for file in flow.iterdir():
            (target / file.name).write_bytes(file.read_bytes())
    root, source = str(platform.settings.landing), sources()["snds"]
    ingest(platform.lake, source, scan(root, {"snds": source}), root, platform.pseudonymiser, lambda _: None)
    inputs = platform.lake.versions(dispensing.reads)
    if not everything:
        assert platform.lake.written_from(ADDRESS, inputs) is not None
    dispensing(platform, inputs)
    rows = {tuple(r[k] for k in Dispensing.key): tuple(r) for r in platform.lake[ADDRESS].collect()}
    return rows, {uri: part["flow_date"] for uri, part in platform.lake.files(ADDRESS)}


@pytest.mark.spark
def test_new_flows_are_added_without_touching_the_others_and_end_where_a_rebuild_does(platform, tmp_path):
    simulate.write(build(600, 1), tmp_path / "all")
    flows = sorted((tmp_path / "all" / "snds").iterdir())
    _, before = land(platform, flows[:6], everything=True)
    rows, after = land(platform, flows[6:], everything=False)
    assert before.items() <= after.items()
    other = Platform(platform.settings.model_copy(update={"lake": tmp_path / "rebuilt"}))
    whole, _ = land(other, [], everything=True)
    assert rows == whole
    assert len(rows) == platform.lake[ADDRESS].count()
    then = Platform(platform.settings.model_copy(update={"as_of": "2012-10-15"})).lake
    known = {part["flow_date"] for _, part in then.files(ADDRESS)}
    assert known == {"2012-08-01", "2012-09-01", "2012-10-01"}
    assert {r["flow_date"].isoformat() for r in then[ADDRESS].select("flow_date").distinct().collect()} == known
