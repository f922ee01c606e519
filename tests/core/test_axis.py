"""Every table as known on a date: the same rows by every reader, and none that came later."""

from __future__ import annotations

import datetime as dt
import itertools

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from pipelines.core.axis import flows
from pipelines.core.catalog import tables
from pipelines.core.rules import LakeError
from pipelines.core.table import Column, Table
from pipelines.lake.lake import Lake
from pipelines.lake.query import query

DAYS = [dt.date(2020, 1, 10), dt.date(2020, 2, 10), dt.date(2020, 3, 10), dt.date(2020, 4, 10)]
AS_OF = dt.date(2020, 2, 20)
SAMPLES = {"int": 1, "bigint": 1, "double": 1.0, "boolean": False, "array<string>": ["x"], "array<int>": [1]}


def value(column: Column, number: int, row: int):
    """A value that sets the row apart, where the type can."""
    if column.codes:
        return next(iter(column.codes))
    if column.type == "string":
        return f"k{row}"
    if column.type == "date":
        return DAYS[0]
    if column.type == "timestamp":
        return dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    return row + 1 if column.type in ("int", "bigint") else SAMPLES[column.type]


def rows_of(table: type[Table]) -> list[dict]:
    """Four rows: of versions and flows one a day of `DAYS`, each version ending on the next."""
    made = []
    for row, day in enumerate(DAYS):
        told = {name: value(c, i, row) for i, (name, c) in enumerate(table.columns.items())}
        axis = table.axis
        if axis.start:
            told[axis.start] = day
        if axis.end:
            following = DAYS[row + 1] if row + 1 < len(DAYS) else None
            told |= {axis.end: following, axis.flag: following is None}
        if axis.whole:
            whole = rows_of(tables()[axis.whole])[row]
            told |= {name: whole[name] for name in axis.on}
        made.append(told)
    return made


def as_known(table: type[Table]) -> list[dict]:
    """What the table held on `AS_OF`, by the words of the declarations: the rows of the first two days."""
    axis, rows = table.axis, rows_of(table)
    if axis.kind in ("derived", "timeless"):
        return rows
    known = rows[:2]
    if axis.end:
        known[1] |= {axis.end: None, axis.flag: True}
    return known


def plain(rows: list[dict]) -> list[str]:
    """Rows as texts, in an order of their own; times without their zone, which readers write each in their way."""
    return sorted(str([v.strftime("%F %T") if isinstance(v, dt.datetime) else v for v in r.values()]) for r in rows)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A lake with every table; those that are computed anew stand in the lake of the date."""
    folder = tmp_path_factory.mktemp("axes")
    for table in tables().values():
        base = folder / "as_of" / str(AS_OF) if table.is_derived() else folder
        data = pa.Table.from_pylist(rows_of(table), schema=table.arrow_schema())
        write_deltalake(f"{base}/{table.layer}/{table.name}", data, partition_by=list(table.partitioned_by) or None)
    return str(folder)


@pytest.mark.parametrize("address", [a for a, t in tables().items() if t.layer != "bronze" or t.axis.kind != "flows"])
def test_sql_shows_what_was_known(root, address):
    seen = query(root, f"SELECT * FROM {address}", str(AS_OF)).to_pylist()
    assert plain(seen) == plain(as_known(tables()[address]))


@pytest.mark.spark
def test_every_reader_shows_the_same_of_every_table(root, spark):
    lake = Lake(spark, root, tables(), as_of=AS_OF)
    for address, table in tables().items():
        expected = plain(as_known(table))
        columns = list(table.columns)
        assert plain(query(root, f"SELECT * FROM {address}", str(AS_OF)).to_pylist()) == expected, address
        assert plain(lake.small(address, columns).to_pylist()) == expected, address
        try:
            n_files = len(lake.files(address))
        except LakeError as refused:
            assert "can't be cut" in str(refused)
        else:
            assert n_files in (1, len(expected)), address  # one file, or one a partition


@pytest.mark.spark
def test_spark_shows_what_was_known_by_every_kind_of_axis(root, spark):
    lake = Lake(spark, root, tables(), as_of=AS_OF)
    by_kind = itertools.groupby(sorted(tables().values(), key=lambda t: t.axis.kind), key=lambda t: t.axis.kind)
    chosen = [t for _, same in by_kind for t in itertools.islice((t for t in same), 4)]
    chosen += [tables()[a] for a in ("silver.dispensing", "silver.animal_supply", "silver.report_event")]
    for table in chosen:
        seen = [r.asDict() for r in lake[table.address()].select(*table.columns).collect()]
        assert plain(seen) == plain(as_known(table)), table.address()


@pytest.mark.spark
@pytest.mark.slow
def test_spark_shows_what_was_known_of_every_table(root, spark):
    lake = Lake(spark, root, tables(), as_of=AS_OF)
    for table in tables().values():
        seen = [r.asDict() for r in lake[table.address()].select(*table.columns).collect()]
        assert plain(seen) == plain(as_known(table)), table.address()


def test_a_table_without_an_axis_fails_at_load_with_a_sentence():
    with pytest.raises(ValueError, match=r"Rootless declares no axis of time: say `axis = …`"):

        class Rootless(Table):
            """One thing."""

            layer, name = "silver", "rootless"
            one = Column("string", "Key")


def test_an_axis_names_columns_that_exist():
    with pytest.raises(ValueError, match="columns of its axis not declared: seen"):

        class Blind(Table):
            """One thing."""

            layer, name, axis = "silver", "blind", flows("seen")
            one = Column("string", "Key")


def test_a_column_does_not_hide_what_its_table_says_of_itself():
    with pytest.raises(ValueError, match="Shadow: a table says something of itself under that name: key, thing"):

        class Shadow(Table):
            """One thing."""

            layer, name, axis = "silver", "shadow", flows("key")
            key = Column("string", "Key")
            thing = Column("string", "Thing")


def test_every_gold_table_is_computed_anew_for_a_date():
    assert {t.axis.kind for t in tables().values() if t.layer == "gold"} == {"derived"}


def test_what_claims_that_its_past_stays_is_what_the_leak_test_looks_at():
    claiming = {address for address, table in tables().items() if table.is_derived() and table.axis.start}
    assert claiming == {"gold.pair_change", "gold.prior", "gold.signal"}
