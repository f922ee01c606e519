"""The contract of a step: what it declares is all that it sees, what nothing joins is refused, its code is its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from pipelines.core.axis import DERIVED
from pipelines.core.catalog import check, sources, steps, tables
from pipelines.core.code import ROOT, closure, version_of
from pipelines.core.rules import LakeError
from pipelines.core.step import StepError, feed, step
from pipelines.core.table import Column, Table
from pipelines.lake.lake import Lake


class Orphan(Table):
    """A table that nobody makes."""

    layer, name, axis = "silver", "orphan", DERIVED
    key = ("one",)
    one = Column("string", "One", required=True)


def feeds():
    return [(source.package, one) for source in sources().values() for one in source.feeds]


def test_all_steps_and_feeds_that_stand_join():
    check(steps(), tables(), feeds())
    assert set(steps()) == {a for a, t in tables().items() if t.layer != "bronze"}


def test_a_table_without_a_step_is_refused():
    with pytest.raises(StepError, match=r"no step makes silver\.orphan: declare one with @step"):
        check(steps(), {**tables(), Orphan.address(): Orphan}, feeds())


def test_a_step_without_a_table_is_refused():
    made = step(Orphan, "silver.term")(lambda tables: tables["silver.term"])
    with pytest.raises(StepError, match=r"makes silver\.orphan, which is no table"):
        check({**steps(), Orphan.address(): made}, tables(), feeds())


def test_a_step_that_reads_what_is_no_table_is_refused():
    wrong = replace(steps()["silver.term_bridge"], reads=("silver.trem",))
    with pytest.raises(StepError, match=r"term_bridge reads silver\.trem, which is no table"):
        check({**steps(), wrong.address: wrong}, tables(), feeds())


@pytest.mark.parametrize("address", ["silver.report", "gold.signal"])
def test_a_feed_that_no_entity_takes_is_refused(address):
    lost = feed(tables()[address], "bronze.caers_row")(lambda lake: lake["bronze.caers_row"])
    with pytest.raises(StepError, match=f"feeds {address}, which takes no feeds"):
        check(steps(), tables(), [*feeds(), ("somewhere", lost)])


def test_a_source_that_feeds_a_table_twice_is_refused(monkeypatch):
    caers = sources()["caers"]
    again = replace(caers.feeds[0])
    monkeypatch.setattr(caers.module("conform"), "report_histroy", again, raising=False)
    with pytest.raises(StepError, match="twice"):
        caers.feed(again.table)


@pytest.mark.spark
def test_a_read_that_was_not_declared_raises(spark, tmp_path):
    seen = Lake(spark, str(tmp_path), tables()).limited({"silver.term"})
    assert seen["silver.term"].count() == 0
    assert not seen.today.exists("silver.term")
    for look in (seen.__getitem__, seen.files, seen.n_rows, seen.version, seen.today.n_rows):
        with pytest.raises(LakeError, match=r"silver\.report is not among the tables that this step declares"):
            look("silver.report")


def test_the_code_of_a_step_is_what_it_imports_and_no_more():
    own, libraries = closure(steps()["gold.signal"].modules)
    assert {"pipelines.defs.gold.disproportionality.score", "models.mgps.posterior"} <= own
    assert not any(name.startswith(("pipelines.report", "pipelines.simulator", "expectations")) for name in own)
    assert {"polars", "numpy"} <= libraries
    assert "pyspark" in closure(steps()["silver.term"].modules)[1]


def test_every_module_that_a_step_loads_while_it_is_declared_is_part_of_its_code():
    """What the interpreter loads for a module of numbers alone is what its closure says, found another way."""
    name = "models.mgps.posterior"
    code = f"import sys, {name}; print('\\n'.join(m for m in sys.modules if m.startswith('models.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {m for m in done.stdout.split() if (ROOT / f"{m.replace('.', '/')}.py").is_file()}
    assert loaded <= closure([name])[0]


def test_the_version_of_a_step_changes_with_its_code_and_its_libraries_only(monkeypatch, tmp_path):
    from pipelines.core import code

    package = tmp_path / "pipelines"
    package.mkdir()
    (package / "used.py").write_text("import numpy\n")
    (package / "page.py").write_text('"""A page."""\n')
    (package / "made.py").write_text(
        "from typing import TYPE_CHECKING\nfrom pipelines.used import x\nif TYPE_CHECKING:\n    import pipelines.page\n"
    )
    monkeypatch.setattr(code, "ROOT", tmp_path)

    def now():
        for cached in (code._version_of, code._imports, code._library):
            cached.cache_clear()
        return version_of(["pipelines.made"])

    first = now()
    (package / "page.py").write_text('"""Another page."""\n')
    assert now() == first
    (package / "used.py").write_text("import numpy\nx = 1\n")
    second = now()
    assert second != first
    monkeypatch.setattr(code.metadata, "version", lambda name: "99")
    assert now() != second
    monkeypatch.undo()
    for cached in (code._version_of, code._imports, code._library):
        cached.cache_clear()
