"""Values that were there and became null are counted by file and column, without a word in the source."""

from __future__ import annotations

import datetime as dt

import pytest
from pyspark.sql import functions as F

from expectations.lost import outcome
from pipelines.defs.silver.animal_supply.tables import AnimalSupply
from pipelines.defs.sources.calypsovet import read
from pipelines.defs.sources.calypsovet.tables import CalypsovetFeed, CalypsovetSupply
from pipelines.frames.columns import french_date, iso_date, partial_date
from pipelines.frames.losses import Loss, beyond, told, unread, within_limits
from pipelines.frames.numbers import amount_mg, number, whole
from pipelines.frames.readings import noting
from pipelines.frames.union import union_of_sources
from tests.intake.toy.tables import ToyLine
from tests.rows import frame
from tests.sources.bronze import bronze_frame
from tests.sources.calypsovet.test_calypsovet import HEAD

D = dt.date
BAD = HEAD + "".join(
    f"O{i};V1;{day};F1;Porcins;Truies;03597130000149;{quantity};{animals};10,5 mg/kg/j;5\n"
    for i, (day, quantity, animals) in enumerate(
        [("05/04/2024", "2", "40"), ("31/02/2024", "deux", ""), ("", "1\u202f000,5", "-4"), ("06/04/1024", " ", "4,5")]
    )
)
GOOD = HEAD + "O9;V1;05/04/2024;F1;Porcins;Truies;03597130000149;0,125;4;;5\n"


def empty(spark, *addresses):
    from pipelines.core.catalog import tables

    return {a: spark.createDataFrame([], tables()[a].spark_schema()) for a in addresses}


@pytest.mark.spark
def test_a_union_counts_what_its_sources_could_not_read_by_file_and_column(spark):
    union = union_of_sources(AnimalSupply)
    files = {
        "calypsovet/bad.csv": (BAD.encode(), D(2024, 5, 31)),
        "calypsovet/good.csv": (GOOD.encode(), D(2024, 5, 31)),
    }
    lake = empty(spark, *union.reads) | {
        CalypsovetSupply.address(): bronze_frame(spark, CalypsovetSupply, read.read, files)
    }
    losses = union.losses(lake, union.feeds)
    found = {(x.file, x.column): (x.n_told, x.n_lost) for x in losses if x.n_lost}
    assert found == {
        ("calypsovet/bad.csv", "quantite"): (3, 1),
        ("calypsovet/bad.csv", "date_cession"): (3, 2),
        ("calypsovet/bad.csv", "nombre_animaux_traites"): (3, 1),
    }
    assert ("calypsovet/good.csv", "quantite", 1, 0) in {(x.file, x.column, x.n_told, x.n_lost) for x in losses}
    verdict = outcome(AnimalSupply, losses)
    assert (verdict.success, verdict.n_unexpected) == (False, 4)
    assert "calypsovet/bad.csv, date_cession: 2 of 3" in verdict.detail
    assert outcome(AnimalSupply, [x for x in losses if "good" in x.file]).success


@pytest.mark.spark
def test_a_reading_is_noted_by_the_columns_name_alone(spark):
    with noting() as noted:
        number("a"), whole("b"), amount_mg("c"), partial_date("d"), french_date("e"), iso_date("f")
        number(F.col("g")), number(F.trim("h"))
    number("outside")
    assert [r.column for r in noted] == ["a", "b", "c", "d", "e", "f"]


@pytest.mark.spark
def test_what_stands_in_json_is_counted_too_and_two_readings_lose_together(spark):
    rows = [
        {"delivery_id": "d", "file": "f", "line_number": i, "known_date": D(2024, 1, 1), "left": name}
        for i, name in enumerate(['{"age": {"min": "3"}}', '{"age": {"min": "three"}}', "{}", "2024-01-05", "x"])
    ]
    lake = {"bronze.toy_line": frame(spark, ToyLine, rows)}
    with noting() as noted:
        number("left.age.min"), partial_date("left"), number("left")
    counted = {x.column: (x.n_told, x.n_lost) for x in told([unread(lake, {"bronze.toy_line": ToyLine}, noted)])}
    assert counted == {"left.age.min": (2, 1), "left": (5, 4)}


@pytest.mark.spark
def test_amounts_in_other_units_are_no_loss(spark):
    texts = ["1,00 mg", "100 000 UI", "1-2 mg", "2CH à 30CH"]
    rows = [
        {"delivery_id": "d", "file": "f", "line_number": i, "known_date": D(2024, 1, 1), "left": t}
        for i, t in enumerate(texts)
    ]
    with noting() as noted:
        amount_mg("left")
    (loss,) = told([unread({"bronze.toy_line": frame(spark, ToyLine, rows)}, {"bronze.toy_line": ToyLine}, noted)])
    assert (loss.n_told, loss.n_lost) == (2, 1)


@pytest.mark.spark
def test_values_beyond_the_declared_limits_become_null_and_are_counted(spark):
    given = {
        "supply_key": "k", "source": "x", "supply_date": D(2024, 1, 1), "flow_date": D(2024, 1, 1), "species": "pigs",
        "pack_key": "p", "is_human_medicine": False,
    }  # fmt: skip
    rows = frame(
        spark, AnimalSupply, [given | {"n_animals": n} for n in (-4, 5, None)] + [given | {"duration_days": -1.0}]
    )
    assert [r["n_animals"] for r in within_limits(rows, AnimalSupply).collect()] == [None, 5, None, None]
    counted = {x.column: (x.file, x.n_told, x.n_lost) for x in told([beyond(rows, AnimalSupply)])}
    assert counted == {"n_animals": ("x", 2, 1), "duration_days": ("x", 1, 1)}


def test_nothing_told_does_not_apply_and_a_share_warns_from_one_in_a_hundred():
    assert outcome(AnimalSupply, []).success is None
    assert outcome(AnimalSupply, [Loss("t", "f", "c", 100, 1)]).success
    assert not outcome(AnimalSupply, [Loss("t", "f", "c", 100, 2)]).success
    assert CalypsovetFeed.address() == "bronze.calypsovet_feed"
