"""MedDRA releases: the loader on a made-up dictionary of fifty terms."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.silver.term.conform import term as united
from pipelines.defs.sources.meddra import conform, read
from pipelines.defs.sources.meddra.tables import MeddraHierarchy, MeddraLlt
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date
PTS = [(90_000_000 + i, f"Invented term {i}") for i in range(25)]


def release(prefix: str = "") -> dict[type, bytes]:
    llt = [f"{code}${prefix}{name}${code}$$$$$$$Y$$" for code, name in PTS]
    llt += [f"{code + 500}${prefix}{name}, lay word${code}$$$$$$$N$$" for code, name in PTS]
    hierarchy = []
    for code, name in PTS:
        path = f"91{code % 5}$92{code % 3}$93{code % 2}${prefix}{name}$High {code % 5}$Group {code % 3}$Class {code % 2}$Cl$$930"
        hierarchy += [f"{code}${path}$Y$", f"{code}${path}$N$".replace("$93", "$94")]
    return {MeddraLlt: "\r\n".join(llt).encode(), MeddraHierarchy: "\r\n".join(hierarchy).encode()}


def frames(spark, files: dict[dt.date, dict[type, bytes]]) -> dict:
    return {
        table.address(): bronze_frame(
            spark, table, read.read, {f"meddra/{day}/{table.name}.asc": (one[table], day) for day, one in files.items()}
        )
        for table in (MeddraLlt, MeddraHierarchy)
    }


@pytest.mark.parametrize("table", [MeddraLlt, MeddraHierarchy])
@given(st.lists(st.text("ab$é \r", max_size=30), max_size=6))
def test_every_line_is_kept_or_rejected(table, lines):
    assert is_balanced(read, table, "\n".join(lines).encode())


def test_the_dollar_behind_the_last_field_is_none():
    assert all(r["reason"] is None for table, data in release().items() for r in rows_of(read, table, data))


@pytest.mark.spark
def test_terms_have_the_levels_of_their_primary_path_and_the_latest_release_names_them(spark):
    tables = frames(spark, {D(2023, 3, 1): release(), D(2024, 3, 1): release("New ")})
    told = conform.term(tables)
    rows = {r["term_key"]: r for r in told.filter("known_to IS NULL").collect()}
    assert len(rows) == 75
    before = {r["term_key"]: r for r in told.filter("known_from = '1900-01-01'").collect()}
    assert len(before) == 75
    assert {r["known_to"] for r in before.values()} == {r["known_from"] for r in rows.values()} == {D(2024, 3, 1)}
    assert before["meddra:90000507"]["pt_name"] == "Invented term 7"
    preferred = rows["preferred_term:NEW INVENTED TERM 7"]
    assert (preferred["code"], preferred["hlt_name"], preferred["soc_name"]) == ("90000007", "High 2", "Class 1")
    lowest = rows["meddra:90000507"]
    assert (lowest["term_name"], lowest["pt_name"]) == ("New Invented term 7, lay word", "New Invented term 7")


@pytest.mark.spark
def test_a_text_of_another_source_gets_the_code_and_the_levels_of_the_release(spark):
    tables = frames(spark, {D(2023, 3, 1): release()})
    assert "bronze.meddra_llt" in united.reads
    both = conform.term(tables)
    text = both.filter("dictionary = 'preferred_term'").select("term_key", "dictionary", "term_name")
    from pyspark.sql import functions as F

    from pipelines.defs.silver.term.tables import Term

    rest = [c for c in Term.columns if c != "term_key"]
    entries = (
        both.unionByName(text, allowMissingColumns=True).groupBy("term_key").agg(F.max(F.struct(*rest)).alias("e"))
    )
    assert entries.filter("term_key LIKE 'preferred%' AND e.soc_name IS NULL").count() == 0
