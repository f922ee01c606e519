"""The French register of human medicines, with the ways of its years."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.bdpm import conform, read
from pipelines.defs.sources.bdpm import tables as t
from tests.sources.bronze import bronze_frame
from tests.sources.reading import bytes_of, is_balanced, rows_of

D = dt.date


def test_encoding_is_told_line_by_line_and_blank_lines_are_no_records():
    data = "1\tréservé\r\n".encode("cp1252") + b"\r\r\n" + "2\tréservé\n".encode()
    rows = rows_of(read, t.BdpmCpd, data)
    assert [(r["cis"], r["condition"]) for r in rows] == [("1", "réservé"), ("2", "réservé")]
    assert is_balanced(read, t.BdpmCpd, data)


def test_a_tab_more_at_the_end_is_that_years_way_and_two_are_not():
    rows = rows_of(read, t.BdpmGener, b'1\tA "x\t2\t0\t1\t\n1\tA\t2\t0\t1\n1\tA\t2\t0\t1\t\t\n')
    assert [r["reason"] for r in rows] == [None, None, "5 fields expected, 7 found"]
    assert rows[0]["libelle_groupe"] == 'A "x'


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_any_bytes_are_kept_or_rejected(lines):
    assert is_balanced(read, t.BdpmCpd, b"\n".join(line.replace(b"\n", b"") for line in lines))


def lake(spark, files):
    every = [v for v in vars(t).values() if isinstance(v, type) and issubclass(v, t._Bdpm) and v.name]
    found = {}
    for table in every:
        mine = {path: (text.encode(), day) for (of, path, day), text in files.items() if of is table}
        empty = spark.createDataFrame([], table.spark_schema())
        found[table.address()] = bronze_frame(spark, table, read.read, mine) if mine else empty
    return found


CIS = "{}\t{}\tcomprimé\torale;buccale\tAutorisation active\tNationale\tCommercialisée\t12/03/1998\t\t\t LABO\tNon\n"
CIP = "1\t234567\tboîte\tactive\tDéclaration\t16/03/2011\t3400900000017\toui\t30 %;65%\t{}\t{}\t1,02\t\n"
OLD, NEW = D(2024, 12, 31), D(2026, 11, 1)


@pytest.mark.spark
def test_products_change_leave_and_are_orphaned(spark):
    files = {
        (t.BdpmCis, "raw_2024/CIS_bdpm.txt", OLD): CIS.format(1, "A 1 mg") + CIS.format(2, "B"),
        (t.BdpmCis, "raw_2026/CIS_bdpm.txt", NEW): CIS.format(1, "A 2 mg"),
        (t.BdpmGener, "raw_2026/CIS_GENER_bdpm.txt", NEW): "1\tgroup\t9\t0\t1\n",
        (t.BdpmMitm, "raw_2026/CIS_MITM.txt", NEW): "1\tR03BA01\tA\thttp://x\n",
    }
    found = {(r["product_key"], r["valid_from"]): r for r in conform.product(lake(spark, files)).collect()}
    assert found["CIS:1", OLD]["valid_to"] == NEW
    assert (found["CIS:1", NEW]["product_name"], found["CIS:1", NEW]["is_current"]) == ("A 2 mg", True)
    assert found["CIS:1", NEW]["routes"] == ["orale", "buccale"]
    assert (found["CIS:1", NEW]["holder"], found["CIS:1", NEW]["atc_codes"]) == ("LABO", ["R03BA01"])
    assert (found["CIS:2", OLD]["valid_to"], found["CIS:2", OLD]["is_current"]) == (NEW, False)
    assert found["CIS:9", NEW]["is_orphan"]


@pytest.mark.spark
def test_prices_rates_and_missing_files_are_read_as_they_are_meant(spark):
    files = {
        (t.BdpmCip, "medocs_2019/CIS_CIP_bdpm.txt", D(2019, 12, 31)): CIP.format("1,466,29", "1,466,29"),
        (t.BdpmCis, "raw_2024/CIS_bdpm.txt", OLD): CIS.format(1, "A"),
        (t.BdpmCip, "raw_2026/CIS_CIP_bdpm.txt", NEW): CIP.format("24,34", "24,34"),
    }
    old, new = sorted(conform.pack(lake(spark, files)).collect(), key=lambda r: r["valid_from"])
    assert (old["price_eur"], new["price_eur"]) == (1466.29, 24.34)
    assert (old["reimbursement_percent"], old["cip7"]) == (65.0, "0234567")
    assert old["valid_to"] == NEW, "the extraction of 2024 held no pack file, so it withdrew none"


@pytest.mark.spark
def test_amounts_become_mg_where_the_unit_converts(spark):
    row = "1\tcomprimé\t42\tX\t{}\tun comprimé\tST\t1\n"
    text = "".join(row.format(a) for a in ("1,00 mg", "250 microgrammes", "1 g", "1 000 UI", "2CH à 30CH"))
    rows = conform.product_substance(lake(spark, {(t.BdpmCompo, "raw_2026/CIS_COMPO_bdpm.txt", NEW): text})).collect()
    found = [r["amount_mg"] for r in sorted(rows, key=lambda r: r["ingredient_seq"])]
    assert found == [1.0, 0.25, 1000.0, None, None]
    assert {r["nature"] for r in rows} == {"FT"}


@pytest.mark.samples
@pytest.mark.parametrize(
    ("table", "file", "n"),
    [
        (t.BdpmCis, "raw_2026/CIS_bdpm.txt", 15_848),
        (t.BdpmCip, "raw_2026/CIS_CIP_bdpm.txt", 20_903),
        (t.BdpmCompo, "raw_2026/CIS_COMPO_bdpm.txt", 32_389),
        (t.BdpmGener, "raw_2026/CIS_GENER_bdpm.txt", 10_704),
        (t.BdpmCpd, "raw_2026/CIS_CPD_bdpm.txt", 28_151),
        (t.BdpmMitm, "raw_2026/CIS_MITM.txt", 7_711),
        (t.BdpmDispo, "raw_2026/CIS_CIP_Dispo_Spec.txt", 766),
        (t.BdpmHasLinks, "raw_2026/HAS_LiensPageCT_bdpm.txt", 10_342),
        (t.BdpmCis, "raw_2024/CIS_bdpm.txt", 15_756),
    ],
)
def test_every_row_of_the_real_files_is_kept(shared, table, file, n):
    data = bytes_of(shared / "data/bdpm" / file)
    rows = rows_of(read, table, data)
    assert (len(rows), sum(r["reason"] is None for r in rows)) == (n, n)
    assert is_balanced(read, table, data)


DISPO = "{}\t{}\t{}\tTension\t{}\t{}\t{}\thttps://ansm/{}\n"
DAYS = (D(2025, 7, 7), D(2026, 1, 2), D(2026, 1, 26), D(2026, 1, 28), D(2026, 5, 31))


def dispo(*rows):
    return "".join(DISPO.format(*r, *[""] * (7 - len(r))) for r in rows)


@pytest.mark.spark
def test_an_episode_is_the_chain_of_versions_of_a_product_or_pack(spark):
    states = {
        D(2024, 1, 1): dispo(("1", "", 2, "05/12/2023"), ("2", "34", 1, "01/12/2023"), ("3", "", 2, "01/12/2023")),
        D(2024, 2, 1): dispo(("1", "", 1, "20/01/2024"), ("3", "", 4, "15/01/2024"), ("3", "", 4, "15/01/2024")),
        D(2024, 3, 1): dispo(("2", "34", 1, "01/12/2023"), ("3", "", 2, "25/02/2024")),
    }
    files = {(t.BdpmDispo, f"CIS_CIP_Dispo_Spec_{day}.txt", day): text for day, text in states.items()}
    found = conform.shortage(lake(spark, files)).collect()
    by_product = {
        key: sorted((r["valid_from"], r["start_date"], r["episode_key"]) for r in found if r["product_key"] == key)
        for key in ("CIS:1", "CIS:2", "CIS:3")
    }
    first, overwritten = by_product["CIS:1"]
    assert first[2] == overwritten[2] and (first[1], overwritten[1]) == (D(2023, 12, 5), D(2024, 1, 20))
    gone, back = by_product["CIS:2"]
    assert gone[2] == back[2], "it is back with the start that it had: the same episode"
    tension, over, again = by_product["CIS:3"]
    assert tension[2] == over[2] != again[2], "short again after it was over"


@pytest.fixture(scope="module")
def vintages(spark, shared):
    base = shared / "data/bdpm_dispo_vintages"
    files = {(t.BdpmDispo, f"{d}/CIS_CIP_Dispo_Spec_{d}.txt", d): None for d in DAYS[:-1]}
    texts = {key: (base / f"CIS_CIP_Dispo_Spec_{key[2]}.txt").read_bytes() for key in files}
    last = shared / "data/bdpm/raw_2026/CIS_CIP_Dispo_Spec.txt"
    texts[t.BdpmDispo, "2026-05/CIS_CIP_Dispo_Spec.txt", DAYS[-1]] = last.read_bytes()
    given = {path: (data, day) for (_, path, day), data in texts.items()}
    frame = bronze_frame(spark, t.BdpmDispo, read.read, given).persist()
    frame.createOrReplaceTempView("dispo")
    yield frame
    frame.unpersist()


@pytest.mark.samples
@pytest.mark.spark
def test_five_real_vintages_keep_every_start_and_state_that_the_authority_overwrote(spark, vintages):
    shown = conform.shortage({"bronze.bdpm_dispo": vintages})
    shown.persist().createOrReplaceTempView("shortage")

    def at(day: dt.date) -> str:
        stands = f"valid_from <= '{day}' AND (valid_to IS NULL OR valid_to > '{day}') AND notice_seq = 1"
        return f"(SELECT product_key, pack_key, status, start_date FROM shortage WHERE {stands})"

    def between(first: dt.date, last: dt.date) -> tuple[int, ...]:
        row = spark.sql(f"""SELECT count_if(a.status IS NULL) AS new, count_if(b.status IS NULL) AS gone,
            count_if(a.status <> b.status) AS moved, count_if(a.start_date <> b.start_date) AS restarted
            FROM {at(first)} a FULL JOIN {at(last)} b USING (product_key, pack_key)""").first()
        return tuple(row)

    assert between(DAYS[0], DAYS[1]) == (98, 82, 259, 245)
    assert between(DAYS[3], DAYS[4])[1] == 289, "rows vanish, and end"
    lost = spark.sql("""
        SELECT count(*) AS n FROM (SELECT DISTINCT concat('CIS:', trim(cis)) AS product_key,
            to_date(date_debut, 'dd/MM/yyyy') AS start_date FROM dispo)
        LEFT ANTI JOIN shortage USING (product_key, start_date)""").first()
    assert lost["n"] == 0, "every start date that any vintage told stands in some version"


@pytest.mark.samples
@pytest.mark.spark
@pytest.mark.parametrize("day", [D(2025, 7, 7), D(2026, 1, 2)])
def test_twins_of_other_encoding_and_line_ends_are_no_change(spark, shared, day):
    data = (shared / f"data/bdpm_dispo_vintages/CIS_CIP_Dispo_Spec_{day}.txt").read_bytes()
    is_latin = day == D(2026, 1, 2)
    text = data.decode("latin-1" if is_latin else "utf-8").replace("\r\n", "\n")
    twin = text.encode("utf-8") if is_latin else text.replace("\n", "\r\n").encode("cp1252", "replace")
    given = {"a.txt": (data, day), "b.txt": (twin, day + dt.timedelta(days=13))}
    frame = bronze_frame(spark, t.BdpmDispo, read.read, given)
    found = conform.shortage({"bronze.bdpm_dispo": frame}).groupBy("valid_from").count().collect()
    assert [r["valid_from"] for r in found] == [day]
