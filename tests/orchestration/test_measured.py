"""Figures of tables are asked of the engine once a version."""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.core.catalog import tables
from pipelines.core.step import step
from pipelines.core.table import Table
from pipelines.lake.lake import Lake
from pipelines.orchestration.measured import measured


def test_figures_are_kept_of_the_versions_they_are_of(tmp_path: Path) -> None:
    asked: list[str] = []

    def figures(lake: Lake) -> dict[str, float]:
        asked.append(lake.version("silver.code"))
        return {"share": 0.25}

    table: type[Table] = tables()["silver.code"]
    own = step(table, measure=figures)(lambda lake: lake["silver.code"])

    def engine() -> None:
        raise AssertionError("the engine is not needed to look at versions")

    lake = Lake(engine, str(tmp_path / "lake"), tables())  # type: ignore[arg-type]
    assert measured(own, lake, tmp_path) == measured(own, lake, tmp_path) == {"share": 0.25}
    assert asked == ["absent"]
    lake.create(table)
    measured(own, lake, tmp_path)
    assert asked[1:] == [lake.version("silver.code")]
    (tmp_path / "measures" / "silver.code.json").write_text(json.dumps([]))
    assert measured(own, lake, tmp_path) == {"share": 0.25}
    assert len(asked) == 3


def test_a_step_that_measures_nothing_keeps_nothing(tmp_path: Path) -> None:
    lake = Lake(lambda: None, str(tmp_path / "lake"), tables())  # type: ignore[arg-type,return-value]
    assert measured(step(tables()["silver.code"])(lambda lake: lake["silver.code"]), lake, tmp_path) == {}
    assert not (tmp_path / "measures").exists()
