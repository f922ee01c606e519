"""The lake: created from classes, changed only where rows differ, refusing what breaks a rule."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from pipelines.core.axis import DERIVED
from pipelines.core.catalog import tables
from pipelines.core.rules import LakeError, RulesBroken
from pipelines.core.table import Column, Table, Versioned
from pipelines.frames.conform import conformed
from pipelines.frames.history import cut_at, history
from pipelines.lake import file_output
from pipelines.lake.lake import Lake


class Thing(Table):
    """One thing, said by its 'name'. More is said here."""

    layer, name, key = "silver", "thing", ("thing_id",)
    axis = DERIVED
    has_change_feed = True
    thing_id = Column("string", "The thing's key", required=True)
    kind = Column("string", "Its kind", codes={"x": "an x", "y": "a y"})
    size = Column("double", "Its size", unit="mm", minimum=0)


TABLES = {Thing.address(): Thing}


@pytest.fixture
def lake(spark, tmp_path):
    return Lake(spark, str(tmp_path), TABLES)


def frame(lake, *rows):
    return lake.spark.createDataFrame(list(rows), "thing_id string, kind string, size double")


def content(lake):
    return sorted(tuple(r) for r in lake[Thing.address()].collect())


@pytest.mark.spark
def test_an_upsert_leaves_exactly_the_rows_given_and_touches_only_those_that_differ(lake):
    lake.upsert(Thing, frame(lake, ("a", "x", 1.0), ("b", "y", None), ("c", "x", 3.0)), {"in": "1"})
    written = lake.upsert(Thing, frame(lake, ("a", "x", 1.0), ("b", "y", 2.0), ("d", "x", 4.0)), {"in": "2"})
    assert content(lake) == [("a", "x", 1.0), ("b", "y", 2.0), ("d", "x", 4.0)]
    feed = lake.spark.read.format("delta").option("readChangeFeed", "true")
    changes = feed.option("startingVersion", written.version).load(lake.path(Thing.address()))
    assert {(r["thing_id"], r["_change_type"]) for r in changes.collect()} == {
        ("b", "update_preimage"),
        ("b", "update_postimage"),
        ("c", "delete"),
        ("d", "insert"),
    }


class Grown(Thing):
    """The same table once its class has columns more."""

    layer, name, key = "silver", "thing", ("thing_id",)
    colour = Column("string", "Its colour", codes={"red": "Red", "blue": "Blue"})
    age = Column("int", "Its age", required=True, minimum=0)


@pytest.mark.spark
def test_a_table_that_stands_takes_columns_that_its_class_got_later(lake):
    lake.upsert(Thing, rows := frame(lake, ("a", "x", 1.0), ("b", "y", 2.0)), {"in": "1"})
    grown = Lake(lake.spark, lake.root, {Grown.address(): Grown})
    more = rows.withColumns({"colour": F.lit("red"), "age": F.lit(3)})
    assert grown.upsert(Grown, more, {"in": "2"}).changed
    assert content(grown) == [("a", "x", 1.0, "red", 3), ("b", "y", 2.0, "red", 3)]
    assert not grown.upsert(Grown, more, {"in": "3"}).changed
    for wrong in ({"colour": F.lit("green")}, {"age": F.lit(None)}):
        with pytest.raises(RulesBroken):
            grown.upsert(Grown, more.withColumns(wrong), {"in": "4"})


@pytest.mark.spark
def test_the_same_inputs_and_code_are_fresh_and_others_are_not(lake):
    assert not lake.is_fresh(Thing.address(), {"in": "1"})
    lake.upsert(Thing, frame(lake, ("a", "x", 1.0)), {"in": "1"})
    assert lake.is_fresh(Thing.address(), {"in": "1"})
    assert not lake.is_fresh(Thing.address(), {"in": "2"})


@pytest.mark.spark
def test_equal_rows_from_other_inputs_are_fresh_and_make_no_version(lake):
    first = lake.upsert(Thing, frame(lake, ("a", "x", 1.0), ("b", "y", None)), {"in": "1", "code": "c"})
    files = lake.files(Thing.address())
    again = lake.upsert(Thing, frame(lake, ("b", "y", None), ("a", "x", 1.0)), {"in": "2", "code": "c"})
    assert (again.changed, again.version, lake.files(Thing.address())) == (False, first.version, files)
    assert lake.is_fresh(Thing.address(), {"in": "2", "code": "c"})
    assert not lake.is_fresh(Thing.address(), {"in": "1", "code": "c"})
    assert not lake.is_fresh(Thing.address(), {"in": "2", "code": "d"})
    lake.upsert(Thing, frame(lake, ("a", "x", 1.0), ("b", "y", 2.0)), {"in": "3", "code": "c"})
    assert not lake.is_fresh(Thing.address(), {"in": "2", "code": "c"})  # the note was of the version before
    assert lake.is_fresh(Thing.address(), {"in": "3", "code": "c"})
    (Path(lake.path(Thing.address())) / "_made.json").write_text('{"version": "cut o')
    assert lake.is_fresh(Thing.address(), {"in": "3", "code": "c"})


@pytest.mark.spark
@pytest.mark.parametrize("to", [("a", "x", None), ("a", "y", 1.0), ("c", "x", 1.0)])
def test_rows_that_differ_in_a_null_a_value_or_a_key_make_a_version(lake, to):
    first = lake.upsert(Thing, frame(lake, ("a", "x", 1.0), ("b", "y", 2.0)), {})
    again = lake.upsert(Thing, frame(lake, to, ("b", "y", 2.0)), {})
    assert (again.changed, again.version) == (True, first.version + 1)
    assert set(content(lake)) == {to, ("b", "y", 2.0)}


@pytest.mark.spark
@pytest.mark.parametrize("row", [("a", "z", 1.0), ("a", "x", -1.0), (None, "x", 1.0)])
def test_a_row_that_breaks_a_declared_rule_is_refused_without_showing_it(lake, row):
    with pytest.raises(LakeError, match=r"silver\.thing: a row breaks") as caught:
        lake.upsert(Thing, frame(lake, ("ok", "x", 1.0), row), {})
    assert "-1.0" not in str(caught.value)
    assert content(lake) == []


@pytest.mark.spark
def test_two_rows_with_one_key_are_refused(lake):
    lake.upsert(Thing, frame(lake, ("a", "x", 1.0)), {})
    with pytest.raises(LakeError, match="share the key"):
        lake.upsert(Thing, frame(lake, ("a", "x", 1.0), ("a", "y", 2.0)), {})


@pytest.mark.spark
def test_comments_come_from_the_class(lake):
    lake.create(Thing)
    columns = lake.spark.sql(f"DESCRIBE delta.`{lake.path(Thing.address())}`").collect()
    assert {r["col_name"]: r["comment"] for r in columns}["size"] == "Its size"


@pytest.mark.spark
def test_a_table_no_one_declared_is_named_in_the_error(lake):
    with pytest.raises(LakeError, match=r"silver\.nothing"):
        lake["silver.nothing"]


@pytest.mark.spark
def test_conforming_refuses_a_column_that_the_table_does_not_declare(lake):
    with pytest.raises(ValueError, match="surprise"):
        conformed(frame(lake).selectExpr("thing_id", "1 AS surprise"), Thing)


class Told(Table):
    """One report: what people wrote of it is nobody's to find in a log."""

    layer, name, key = "silver", "told", ("told_key", "title")
    axis = DERIVED
    partitioned_by = ("delivery_id",)
    told_key = Column("string", "Key", required=True)
    title = Column("string", "Key in the words of who wrote", required=True, is_free_text=True)
    day = Column("date", "Day")
    n = Column("bigint", "How many")
    weight = Column("int", "Weight of the person", unit="kg", sensitivity="personal")
    narrative = Column("string", "What happened", sensitivity="personal")
    delivery_id = Column("string", "Delivery", required=True)


def told(delivery, *keys):
    """Rows with a word of their own in every column of text."""
    rows = [(k, f"WORDS {k}", D(2024, 1, 1), 1, 77777, f"WORDS of {k}", delivery) for k in keys]
    return pa.Table.from_pylist([dict(zip(Told.columns, r, strict=True)) for r in rows], schema=Told.arrow_schema())


@pytest.mark.spark
def test_the_log_tells_the_bounds_of_keys_and_dates_and_no_word_that_people_wrote(spark, tmp_path):
    lake = Lake(spark, str(tmp_path), {Told.address(): Told})
    lake.upsert(Told, spark.createDataFrame(told("engine", "a", "b").to_pandas(), Told.spark_schema()), {})
    lake.replace_small(Told, told("small", "c", "d"), ["small"])
    output = file_output.Output(lake.prepared(Told), {"delivery_id": "tasks"}, is_text=True, told=Told.in_log())
    output.write(told("tasks", "e", "f").drop_columns("delivery_id"))
    lake.commit_files(Told, [output.added()], {}, replacing={"delivery_id": []})
    log = b"".join(f.read_bytes() for f in tmp_path.rglob("_delta_log/*"))
    assert b"WORDS" not in log
    assert b"77777" not in log
    adds = pa.table(lake._delta(Told.address()).get_add_actions(flatten=True)).to_pylist()
    bounds = {(a["partition.delivery_id"], a["min.told_key"], a["max.told_key"], a["max.day"]) for a in adds}
    day = D(2024, 1, 1)
    assert {b[0] for b in bounds} == {"engine", "small", "tasks"}
    assert {("small", "c", "d", day), ("tasks", "e", "f", day)} <= bounds
    assert lake.maximum(Told.address(), "day") == day
    assert lake[Told.address()].filter("told_key = 'e'").count() == 1


def test_files_that_say_what_stands_in_their_partition_change_nothing_and_are_taken_away(tmp_path):
    lake = Lake(None, str(tmp_path), {Told.address(): Told})

    def put(of):
        added = []
        for delivery, keys in of.items():
            output = file_output.Output(
                lake.prepared(Told), {"delivery_id": delivery}, is_text=True, told=Told.in_log()
            )
            output.write(told(delivery, *keys).drop_columns("delivery_id"))
            added.append(output.added())
        return lake.commit_files(Told, added, {}).changed

    names = {"dog:small": "a", "cat:50%": "b"}  # what the names of folders have to escape
    assert put(names)
    files = sorted(tmp_path.rglob("*.parquet"))
    assert not put(names)
    assert sorted(tmp_path.rglob("*.parquet")) == files
    assert put({"dog:small": "b", "cat:50%": "a"}), "equal files, each in the other's place"


@pytest.mark.parametrize("address", sorted(tables()))
def test_no_personal_or_free_text_is_declared_for_the_log(address):
    table = tables()[address]
    declared = [table.columns[c] for c in table.in_log()]
    assert all(c.sensitivity == "public" and not c.is_free_text for c in declared)
    named = ("narrative", "comment", "history", "reported_name", "reported_substance", "note")
    assert not [c for c in table.in_log() if any(word in c for word in named)]


D = dt.date
SEEN = "case_id string, slot string, known_date date, said string"


def versions(spark, *rows):
    found = history(spark.createDataFrame(list(rows), SEEN), ["case_id"], "slot")
    return sorted((r["case_id"], r["said"], r["valid_from"], r["valid_to"]) for r in found.collect())


@pytest.mark.spark
def test_history_joins_equal_states_and_ends_what_the_next_extraction_lacks(spark):
    days = [D(2024, 1, 1), D(2024, 2, 1), D(2024, 3, 1)]
    rows = [("a", "f", d, "same") for d in days]
    rows += [("b", "f", days[0], "old"), ("b", "f", days[1], "new"), ("b", "f", days[2], "new")]
    rows += [("c", "f", days[0], "gone")]
    rows += [("d", "f", days[0], "back"), ("d", "f", days[2], "back")]
    assert versions(spark, *rows) == [
        ("a", "same", days[0], None),
        ("b", "new", days[1], None),
        ("b", "old", days[0], days[1]),
        ("c", "gone", days[0], days[1]),
        ("d", "back", days[0], days[1]),
        ("d", "back", days[2], None),
    ]


@pytest.mark.spark
def test_a_record_that_moves_to_another_file_is_not_removed(spark):
    rows = [("a", "f1", D(2024, 1, 1), "s"), ("b", "f1", D(2024, 1, 1), "s"), ("b", "f1", D(2024, 2, 1), "s")]
    rows += [("a", "f2", D(2024, 1, 15), "s")]
    assert ("a", "s", D(2024, 1, 1), None) in versions(spark, *rows)


@pytest.mark.spark
def test_a_table_cut_at_a_date_forgets_later_versions_and_lets_replaced_ones_stand(spark):
    rows = [("a", D(2024, 1, 1), D(2024, 2, 1), False), ("a", D(2024, 2, 1), None, True)]
    frame = spark.createDataFrame(rows, "k string, valid_from date, valid_to date, is_current boolean")
    cut = [tuple(r) for r in cut_at(frame, Versioned.axis, D(2024, 1, 20)).collect()]
    assert cut == [("a", D(2024, 1, 1), None, True)]


@pytest.mark.spark
@pytest.mark.parametrize("name", ["with blanks", "quo'te", "back`tick"])
def test_a_lake_may_lie_in_a_folder_with_blanks_and_quotes(spark, tmp_path, name):
    lake = Lake(spark, str(tmp_path / name / "lake"), TABLES)
    lake.upsert(Thing, frame(lake, ("a", "x", 1.0), ("b", "y", None)), {"in": "1"})
    lake.upsert(Thing, frame(lake, ("a", "x", 2.0), ("c", "y", None)), {"in": "2"})
    assert content(lake) == [("a", "x", 2.0), ("c", "y", None)]
    assert sorted(lake.small(Thing.address(), ["thing_id"])["thing_id"].to_pylist()) == ["a", "c"]
    assert lake.is_fresh(Thing.address(), {"in": "2"})
    lake.look(Thing.address())
    assert [p.name for p in tmp_path.iterdir()] == [name]
