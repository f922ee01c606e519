"""Rules are asked before rows are published: a broken row is quarantined at reading, and refuses the whole elsewhere."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core import rules as declared
from pipelines.core.axis import DERIVED
from pipelines.core.rules import RulesBroken, ask, judged, n_keys, refuse
from pipelines.core.table import BronzeTable, Column, FileKind, Table, text
from pipelines.lake import file_output
from pipelines.lake.lake import Lake


class Dose(Table):
    """One dose."""

    layer, name, key = "silver", "dose", ("source", "dose_id", "day")
    axis = DERIVED
    partitioned_by = ("source", "day")
    source = Column("string", "Source", required=True)
    dose_id = Column("int", "Key", required=True)
    day = Column("date", "Day", required=True)
    kind = Column("string", "Kind", codes={"x": "an x", "y": "a y"})
    amount = Column("double", "How much", unit="mg", minimum=0, maximum=10)
    code = Column("string", "Code", pattern=r"^[A-Z]{2}$")
    guess = Column("double", "What most rows keep to", maximum=5, mostly=0.9)


class Line(BronzeTable):
    """One line with rules of its own."""

    name, source, files = "line", "toy", FileKind(r"^toy/")
    kind = text("Kind", codes={"x": "an x"})
    code = text("Code", pattern=r"^[A-Z]{2}$", required=True)


DAY = dt.date(2024, 1, 1)
GOOD = {"source": "a", "dose_id": 1, "day": DAY, "kind": "x", "amount": 1.0, "code": "AB", "guess": 99.0}
BROKEN = [
    ({"kind": "z"}, "kind_is_a_known_code"),
    ({"kind": "x "}, "kind_is_a_known_code"),
    ({"amount": -0.1}, "amount_is_in_range"),
    ({"amount": 10.5}, "amount_is_in_range"),
    ({"code": "ABC"}, "code_matches_pattern"),
    ({"source": None}, "source_is_given"),
    ({"dose_id": None}, "dose_id_is_given"),
    ({"dose_id": 2}, "key_is_unique"),
]
NULLS = {"dose_id": 3, "kind": None, "amount": None, "code": None, "guess": None}


def rows(*changed):
    given = [GOOD | {"dose_id": 2}, GOOD | NULLS, *[GOOD | c for c in changed]]
    return pa.Table.from_pylist(given, schema=Dose.arrow_schema())


def test_rows_that_keep_the_rules_pass_and_a_rule_with_tolerance_is_not_asked():
    assert ask(rows({}), Dose) == {}
    assert ask(rows({}).slice(0, 0), Dose) == {}


@pytest.mark.parametrize(("change", "rule"), BROKEN)
def test_each_rule_finds_its_own_fault_in_whatever_way_the_rows_are_stored(change, rule):
    broken = rows(change)
    assert ask(broken, Dose) == {rule: 1}
    assert ask(pa.concat_tables([broken.slice(0, 1), broken.slice(1, 0), broken.slice(1)]), Dose) == {rule: 1}
    coded = broken.set_column(3, "kind", broken["kind"].combine_chunks().dictionary_encode())
    with pytest.raises(RulesBroken, match=rule) as caught:
        refuse(coded, Dose)
    assert caught.value.broken == {rule: 1}
    assert RulesBroken(str(caught.value)).broken == {rule: 1}


WORDS = ["x", "y", "x", None, "", "AB"]  # as a dictionary may come: a value twice, a null
CELLS = st.tuples(
    st.sampled_from(["a", "b", None]),
    st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1), st.integers(0, 2)),
    st.sampled_from([DAY, dt.date(1, 1, 1), dt.date(9999, 12, 31), None]),
    st.one_of(st.none(), st.integers(0, len(WORDS) - 1)),
)


def stored(cells, cut, is_coded):
    """Rows in two chunks, each with a dictionary of its own where coded."""
    chunks = []
    for part in (cells[:cut], cells[cut:]):
        source, dose, day, word = zip(*part, strict=True) if part else ((), (), (), ())
        kind = pa.DictionaryArray.from_arrays(pa.array(word, pa.int32()), pa.array(WORDS))
        named = pa.array(source, pa.string())
        columns = {"source": named, "dose_id": pa.array(dose, pa.int32()), "day": pa.array(day, pa.date32())}
        columns["kind"] = kind if is_coded else kind.dictionary_decode()
        chunks.append(pa.table({**columns, "source": named.dictionary_encode() if is_coded else named}))
    return pa.concat_tables(chunks)


@given(st.lists(CELLS, max_size=30), st.integers(0, 30), st.booleans(), st.sampled_from([1 << 62, 2]))
def test_keys_are_counted_and_values_asked_however_they_are_stored(cells, cut, is_coded, packed):
    class Coded(Dose):
        key = ("source", "dose_id", "day", "kind")

    words = [None if word is None else WORDS[word] for *_, word in cells]
    keys = {(*key, word) for (*key, _), word in zip(cells, words, strict=True)}
    rows = stored(cells, cut, is_coded)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(declared, "LARGEST_PACKED", packed)
        assert n_keys(rows, Coded) == len(keys)
    found = ask(rows, Coded)
    assert found.get("source_is_given", 0) == sum(source is None for source, *_ in cells)
    assert found.get("kind_is_a_known_code", 0) == sum(word not in ("x", "y", None) for word in words)


@pytest.mark.spark
def test_a_table_written_by_the_engine_is_published_only_if_its_rules_hold(spark, tmp_path):
    lake = Lake(spark, str(tmp_path), {Dose.address(): Dose})

    def frame(*changed):
        return spark.createDataFrame([tuple(r.values()) for r in rows(*changed).to_pylist()], Dose.spark_schema())

    lake.upsert(Dose, frame({}), {"in": "1"})
    version, before = lake.version(Dose.address()), sorted(map(tuple, lake[Dose.address()].collect()), key=str)
    for change, rule in BROKEN:
        for write in (lake.upsert, lake.replace):
            with pytest.raises(RulesBroken, match=rule):
                write(Dose, frame(change), {"in": "2"})
    with pytest.raises(RulesBroken, match="key_is_unique"):
        lake.replace_partitions(Dose, frame({}, {}), {"in": "2"}, {"source": ["a"]})
    assert lake.version(Dose.address()) == version
    assert sorted(map(tuple, lake[Dose.address()].collect()), key=str) == before
    assert lake.is_fresh(Dose.address(), {"in": "1"})
    assert not list(tmp_path.rglob("_staged"))


@pytest.mark.parametrize(("change", "rule"), BROKEN)
def test_a_task_that_writes_a_tables_files_refuses_broken_rows(change, rule, tmp_path):
    parts = {"source": "a", "day": str(DAY)}
    inside = rows(change).drop_columns(list(parts))
    if rule == "source_is_given":
        parts["source"] = None
    with pytest.raises(RulesBroken, match=rule):
        file_output.write(str(tmp_path), parts, inside, Dose)
    assert not list(tmp_path.iterdir())
    with pytest.raises(RulesBroken, match=rule):
        file_output.write_parts(str(tmp_path), parts, (inside.slice(at, 1) for at in range(inside.num_rows)), Dose)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_written_in_parts_holds_them_all_and_nothing_writes_no_file(tmp_path):
    parts = {"source": "a", "day": str(DAY)}
    inside = rows().drop_columns(list(parts))
    added = file_output.write_parts(str(tmp_path), parts, iter([inside.slice(0, 1), inside.slice(1)]), Dose).to_pylist()
    assert [row["n_rows"] for row in added] == [2]
    assert pq.read_table(tmp_path / added[0]["path"], partitioning=None).to_pylist() == inside.to_pylist()
    assert file_output.write_parts(str(tmp_path), parts, iter([]), Dose).num_rows == 0


def test_a_row_read_from_a_file_that_breaks_a_rule_is_put_aside_with_the_rule_and_the_others_are_kept():
    read = pa.table(
        {
            "line_number": pa.array([1, 2, 3, 4, 4, 6], pa.int64()),
            "kind": ["x", "SECRET", None, "x", "x", None],
            "code": ["AB", "AB", None, "AB", "AB", None],
            "reason": pa.array([None, None, None, None, None, "no record"], pa.string()),
        }
    )
    told = judged(read, Line)["reason"].to_pylist()
    assert told[0] is told[3] is None
    assert [t and t.split()[-1] for t in told] == [
        *(None, "kind_is_a_known_code", "code_is_given"),
        *(None, "key_is_unique", "record"),
    ]
    assert "SECRET" not in str(told)
