"""A key is asked of all files that a table would stand on: of several that are to be committed, and of those that stay."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.axis import DERIVED, flows
from pipelines.core.ledger import Delivery
from pipelines.core.rules import RulesBroken
from pipelines.core.table import Column, Table
from pipelines.intake.balance import balance
from pipelines.lake import file_output, unique
from pipelines.lake.lake import Lake
from tests.intake.landed import deliver, run
from tests.intake.test_ingest import lake as lake
from tests.intake.toy.tables import ToyLine


class Stock(Table):
    """One box, wherever it lies: the partition is no part of the key."""

    layer, name, key = "silver", "stock", ("box", "day")
    axis = DERIVED
    partitioned_by = ("place",)
    box = Column("string", "Key", required=True)
    day = Column("date", "Key")
    place = Column("string", "Where it lies", required=True)


class Note(Table):
    """One note."""

    layer, name, key = "bronze", "note", ("note_id",)
    axis = flows("day")
    note_id = Column("int", "Key", required=True)
    day = Column("date", "Day", required=True)


DAY = dt.date(2024, 1, 1)


def stock(*boxes: tuple[str, dt.date | None, str]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(Stock.columns, b, strict=True)) for b in boxes], Stock.arrow_schema())


def written(lake: Lake, place: str, *boxes: str, day: dt.date | None = DAY) -> dict:
    rows = stock(*[(b, day, place) for b in boxes]).drop_columns(["place"])
    return file_output.write(lake.prepared(Stock), {"place": place}, rows, Stock).to_pylist()[0]


@pytest.fixture
def boxes(tmp_path):
    made = Lake(None, str(tmp_path / "boxes"), {t.address(): t for t in (Stock, Note)})
    made.commit_files(Stock, [written(made, "north", "a", "c"), written(made, "south", "b")], {"in": "1"})
    return made


@pytest.mark.parametrize(
    ("files", "replacing", "n"),
    [
        ([("north", "d"), ("south", "d")], None, 1),  # two files of one commit
        ([("east", "c", "x", "b")], {}, 2),  # beside all that stands
        ([("south", "c")], {"place": ["south"]}, 1),  # beside what stays
        ([("south", "a", "c"), ("east", "d", "c")], {"place": ["north", "south"]}, 1),
    ],
)
def test_a_key_that_stands_twice_is_refused_and_nothing_is_published(boxes, files, replacing, n):
    before = boxes.version(Stock.address())
    added = [written(boxes, *file) for file in files]
    with pytest.raises(RulesBroken, match="key_is_unique") as caught:
        boxes.commit_files(Stock, added, {"in": "2"}, replacing)
    assert caught.value.broken == {"key_is_unique": n}
    assert boxes.version(Stock.address()) == before
    assert boxes.is_fresh(Stock.address(), {"in": "1"})


@pytest.mark.parametrize(
    ("files", "replacing"),
    [
        ([("north", "b"), ("south", "a")], None),
        ([("east", "b2", "aa")], {}),
        ([("south", "b", "d")], {"place": ["south"]}),
        ([("east", "c", "a")], {"place": ["north"]}),
    ],
)
def test_keys_that_stand_once_are_published_in_whatever_files_they_lie(boxes, files, replacing):
    assert boxes.commit_files(Stock, [written(boxes, *file) for file in files], {}, replacing).changed


def test_a_key_with_nothing_in_it_is_compared_too(boxes):
    boxes.commit_files(Stock, [written(boxes, "east", "a", day=None)], {}, {})
    with pytest.raises(RulesBroken, match="key_is_unique"):
        boxes.commit_files(Stock, [written(boxes, "west", "a", day=None)], {}, {})


def test_a_row_that_is_added_has_no_key_of_one_that_stands(boxes):
    rows = pa.Table.from_pylist([{"note_id": 1, "day": DAY}], Note.arrow_schema())
    boxes.append_small(Note, rows)
    with pytest.raises(RulesBroken, match="key_is_unique"):
        boxes.append_small(Note, rows)
    assert boxes.n_rows(Note.address()) == 1


@pytest.mark.spark
def test_partitions_that_are_replaced_hold_no_key_of_the_others(spark, tmp_path):
    lake = Lake(spark, str(tmp_path), {Stock.address(): Stock})

    def frame(*boxes):
        return spark.createDataFrame([tuple(r.values()) for r in stock(*boxes).to_pylist()], Stock.spark_schema())

    lake.replace(Stock, frame(("a", DAY, "north"), ("b", DAY, "south")), {})
    with pytest.raises(RulesBroken, match="key_is_unique"):
        lake.replace_partitions(Stock, frame(("a", DAY, "south")), {}, {"place": ["south"]})
    lake.replace_partitions(Stock, frame(("c", DAY, "south")), {}, {"place": ["south"]})
    assert {r["box"] for r in lake[Stock.address()].collect()} == {"a", "c"}


@pytest.mark.spark
def test_many_rows_are_compared_by_the_engine(spark, tmp_path, monkeypatch):
    monkeypatch.setattr(unique, "IN_MEMORY", 3)
    lake = Lake(spark, str(tmp_path), {Stock.address(): Stock})
    added = [written(lake, "north", "a", "b"), written(lake, "south", "a", "c", "b")]
    with pytest.raises(RulesBroken) as caught:
        lake.commit_files(Stock, added, {})
    assert caught.value.broken == {"key_is_unique": 2}
    lake.commit_files(Stock, [added[0], written(lake, "south", "aa", "c")], {})
    assert lake.n_rows(Stock.address()) == 4


DAYS = (None, DAY, dt.date(2024, 1, 2))
SOME = st.lists(st.tuples(st.text("abc", max_size=2), st.sampled_from(DAYS)), max_size=6, unique=True)


@pytest.mark.parametrize("few_rows", [0, unique.FEW_ROWS])
@given(files=st.lists(st.tuples(st.sampled_from("nse"), SOME), max_size=6))
def test_what_is_not_read_shares_no_key(few_rows, files):
    """The bounds of the log, and values of the columns that repeat, against the keys themselves, on any files."""
    import tempfile

    with tempfile.TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        patch.setattr(unique, "FEW_ROWS", few_rows)
        patch.setattr(unique, "REPEATED", 0)
        lake = Lake(None, root, {Stock.address(): Stock})
        folder = lake.prepared(Stock)
        added = [
            file_output.write(
                folder, {"place": place}, stock(*[(*b, place) for b in boxes]).drop("place"), Stock
            ).to_pylist()[0]
            for place, boxes in files
            if boxes
        ]
        keys = [box for _, boxes in files for box in boxes]
        found = unique.n_shared(None, folder, Stock, unique.new(folder, added))
        assert found == len(keys) - len(set(keys))


@pytest.mark.spark
def test_a_reader_that_gives_one_number_to_several_rows_of_a_file_has_failed_on_it(lake, tmp_path):
    landing, said = tmp_path / "in", []
    deliver(landing, twice__txt=b"a|b\nc|d\n", good__txt=b"a|b\n")
    run(lake, landing, said.append)
    told = {(r["file"], r["status"]) for r in lake[Delivery.address()].collect()}
    assert told == {("toy/twice.txt", "failed"), ("toy/good.txt", "accepted")}
    assert balance(lake, ToyLine).n_kept == 1
    assert any("RulesBroken" in line for line in said)
