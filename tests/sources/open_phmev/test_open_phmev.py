"""Open PHMEV: hidden packs keep their class, Parquet copies read like the publisher's CSV."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.sources.open_phmev import conform, read
from pipelines.defs.sources.open_phmev.tables import OpenPhmevSale
from pipelines.files.text import Refused
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

CSV = (
    "ATC5;L_ATC5;CIP13;l_cip13;age;SEXE;etb_rgt;region_etb;code_postal;BOITES;REM;BSE\n"
    "N02BE01;P;3400935955838;DOLIPRANE;60;1;690781810;84;01000;5;24,29;30\n"
    "N02BE01;P;9999999999999;Non restitué;60;1;690781810;84;01000;2;4;5\n"
)


@pytest.mark.spark
def test_a_hidden_pack_keeps_its_class_and_loses_its_key(spark):
    frame = bronze_frame(
        spark,
        OpenPhmevSale,
        read.read,
        {"open_phmev/OPEN_PHMEV_2024.CSV": (CSV.encode("latin-1"), dt.date(2025, 6, 30))},
    )
    rows = {r["is_suppressed"]: r for r in conform.sale({OpenPhmevSale.address(): frame}).collect()}
    assert (rows[False]["pack_key"], rows[False]["amount_eur"]) == ("CIP13:3400935955838", 24.29)
    assert (rows[True]["pack_key"], rows[True]["atc_code"], rows[True]["n_packs"]) == (None, "N02BE01", 2)
    assert {r["prescriber"] for r in rows.values()} == {"690781810"}


def test_a_file_without_establishment_is_refused():
    with pytest.raises(Refused, match="'etb_rgt' is missing"):
        rows_of(read, OpenPhmevSale, b"CIP13;BOITES\n1;2\n", "open_phmev_2024.csv")


@pytest.mark.spark
def test_the_real_samples_are_read(shared, spark):
    folder = shared / "data" / "open_phmev"
    for name, n in (("OPEN_PHMEV_2024_cloud", 50_000), ("OPEN_PHMEV_2024_sample_10k", 10_000)):
        data = (folder / f"{name}.parquet").read_bytes()
        rows = rows_of(read, OpenPhmevSale, data, f"{name}.parquet")
        assert (len(rows), {r["reason"] for r in rows}) == (n, {None})
        assert is_balanced(read, OpenPhmevSale, data, f"{name}.parquet")
        assert OpenPhmevSale.files.owns(f"open_phmev/{name}.parquet")
    frame = bronze_frame(spark, OpenPhmevSale, read.read, {f"open_phmev/{name}.parquet": (data, dt.date(2025, 6, 30))})
    sold = conform.sale({OpenPhmevSale.address(): frame})
    assert sold.agg({"n_packs": "sum"}).first()[0] == sum(int(r["boites"]) for r in rows)
    assert sold.filter("is_suppressed AND pack_key IS NULL AND atc_code IS NOT NULL").count() > 0
