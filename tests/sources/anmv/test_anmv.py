"""The French register of veterinary medicines: XML by record, codes by their lists."""

from __future__ import annotations

import datetime as dt
import io
from collections import Counter

import pytest

from pipelines.defs.sources.anmv import conform, read
from pipelines.defs.sources.anmv import tables as t
from pipelines.files.text import Refused
from tests.sources.bronze import bronze_frame
from tests.sources.reading import bytes_of, is_balanced, rows_of

HEAD = '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<medicinal-product-group>\n'
PRODUCT = (
    "<medicinal-product><src-id>{}</src-id><nom>{}</nom><term-tit>1</term-tit><term-fp>3</term-fp>"
    "<composition><compo><sa><term-sa>10</term-sa><quantite>250</quantite><term-unite>2</term-unite></sa>"
    "<fraction><term-sa>11</term-sa><quantite>0,2</quantite><term-unite>5</term-unite></fraction></compo></composition>"
    "<voie-administration><voie-admin><term-va>9</term-va><term-esp>5</term-esp></voie-admin></voie-administration>"
    "<modele-destine-vente><mod-vte><lib-mod>Flacon</lib-mod><nb-unit>1</nb-unit></mod-vte></modele-destine-vente>"
    "<mdv-codes-gtin><mod-vte><lib-mod>Flacon</lib-mod><code-gtin>{}</code-gtin></mod-vte></mdv-codes-gtin>"
    "<atcvet-code><code-atcvet>QJ01CA51</code-atcvet></atcvet-code>"
    "<paragraphes-rcp><para-rcp><term-titre>1</term-titre><contenu><![CDATA[ \\n <sa> text]]></contenu></para-rcp>"
    "</paragraphes-rcp></medicinal-product>\n"
)
LISTS = {
    "term-tit": {1: "HOLDER"}, "term-fp": {3: "Suspension"}, "term-va": {9: "Intramusculaire"}, "term-esp": {5: "Bovins"},
    "term-sa": {10: "Colistine (sulfate)", 11: "Colistine"}, "term-unite": {2: "µg", 5: "g"},
}  # fmt: skip
KINDS = (t.AnmvProduct, t.AnmvComposition, t.AnmvAdministration, t.AnmvPack, t.AnmvGtin, t.AnmvAtcvet, t.AnmvParagraph)


def products(*given) -> bytes:
    return (HEAD + "".join(PRODUCT.format(*p) for p in given) + "</medicinal-product-group>").encode()


def lists() -> bytes:
    entry = "<entry><source-code>{}</source-code><source-desc>{}</source-desc></entry>"
    body = "".join(f"<{n}>{''.join(entry.format(*e) for e in codes.items())}</{n}>" for n, codes in LISTS.items())
    return f"<donnees-reference-group>{body}</donnees-reference-group>".encode()


@pytest.mark.parametrize("table", KINDS)
def test_each_record_is_read_and_counted_by_its_tags_not_by_text_that_looks_like_one(table):
    data = products((1, "A", "03597"), (2, "B", ""))
    assert is_balanced(read, table, data)
    assert {r["src_id"] for r in rows_of(read, table, data)} == {"1", "2"}


@pytest.mark.parametrize("data", [products((1, "A", "x"))[:-40], b"\xef\xbb\xbf<a>", b"no xml"])
def test_xml_that_is_cut_is_refused_with_its_line(data):
    with pytest.raises(Refused, match="not well-formed XML, line"):
        list(read.read(io.BytesIO(data), "x", t.AnmvProduct))


def test_entities_are_not_resolved():
    bomb = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><medicinal-product-group>'
    bomb += b"<medicinal-product><src-id>1</src-id><nom>&e;</nom></medicinal-product></medicinal-product-group>"
    (row,) = rows_of(read, t.AnmvProduct, bomb)
    assert not row["nom"]


@pytest.mark.spark
def test_codes_become_labels_and_an_extract_withdraws_nothing(spark):
    full, part = dt.date(2024, 12, 10), dt.date(2025, 1, 14)
    files = {
        "anmv/amm-vet-fr-v2-v_short_20241210.xml": (products((1, "A", "03597132203296"), (2, "B", "")), full),
        "anmv/amm-vet-fr-v2-v_extract_20250114.xml": (products((1, "A NEW", "03597132203296")), part),
    }
    lake = {table.address(): bronze_frame(spark, table, read.read, files) for table in KINDS}
    known = {"anmv/amm-vet-fr-v2-d.xml": (lists(), full)}
    lake[t.AnmvReference.address()] = bronze_frame(spark, t.AnmvReference, read.read, known)
    found = {(r["product_key"], r["valid_from"]): r for r in conform.product(lake).collect()}
    assert set(found) == {("ANMV:1", full), ("ANMV:1", part), ("ANMV:2", full)}
    assert found["ANMV:2", full]["is_current"]
    assert found["ANMV:1", full]["valid_to"] == part
    newest = found["ANMV:1", part]
    assert (newest["holder"], newest["form"], newest["routes"]) == ("HOLDER", "Suspension", ["Intramusculaire"])
    assert (newest["species"], newest["atc_codes"], newest["domain"]) == (["Bovins"], ["QJ01CA51"], "veterinary")
    ingredients = [r for r in conform.product_substance(lake).collect() if r["product_key"] == "ANMV:2"]
    assert {(r["source_substance_name"], r["nature"], r["link_number"], r["amount_mg"]) for r in ingredients} == {
        ("Colistine (sulfate)", "SA", 1, 0.25),
        ("Colistine", "FT", 1, 200.0),
    }
    packs = {r["pack_key"] for r in conform.pack(lake).collect()}
    assert packs == {"GTIN:03597132203296", "ANMV:2:Flacon"}


@pytest.mark.samples
def test_the_real_products_and_lists_are_read_whole(shared):
    data = bytes_of(shared / "data/anmv/amm-vet-fr-v2-v_short_20241210.xml")
    counts = {table.name: len(rows_of(read, table, data)) for table in KINDS}
    assert counts == {
        "anmv_product": 120, "anmv_composition": 348, "anmv_administration": 935, "anmv_pack": 339, "anmv_gtin": 339,
        "anmv_atcvet": 121, "anmv_paragraph": 3629,
    }  # fmt: skip
    assert sum(bool(r["code_gtin"]) for r in rows_of(read, t.AnmvGtin, data)) == 199
    assert all(is_balanced(read, table, data) for table in KINDS)
    reference = bytes_of(shared / "data/anmv/amm-vet-fr-v2-d_20250217.zip", "amm-vet-fr-v2-d.xml")
    entries = Counter(r["list_name"] for r in rows_of(read, t.AnmvReference, reference))
    found = {name: entries[f"term-{name}"] for name in ("tit", "sa", "esp", "fp", "va", "unite")}
    assert found == {"tit": 649, "sa": 3638, "esp": 2328, "fp": 285, "va": 48, "unite": 67}
