"""The spine: French and English, salt and base, brand and combination meet in one moiety."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.silver.access.tables import AccessAuthorisation
from pipelines.defs.silver.environment.tables import EnvironmentParameter
from pipelines.defs.silver.substance.coding import code
from pipelines.defs.silver.substance.conform import CODED, substance
from pipelines.defs.silver.substance.spine import substance_name
from tests.rows import frame, without_rows

AMOX, AMOX_NA, CLAV, NACL = "AMOX000001", "AMOX000002", "CLAV000001", "NACL000001"
TURMERIC, WORT, RED = "TURM000001", "WORT000001", "RED0000001"
UNII = [
    ("AMOXICILLIN", "of", AMOX, "AMOXICILLIN"),
    ("AMOXICILLIN [INN]", "cn", AMOX, "AMOXICILLIN"),
    ("AMOXIL", "bn", AMOX, "AMOXICILLIN"),
    ("AMOXICILLIN SODIUM", "of", AMOX_NA, "AMOXICILLIN SODIUM"),
    ("CLAVULANIC ACID", "of", CLAV, "CLAVULANIC ACID"),
    ("SODIUM CHLORIDE", "of", NACL, "SODIUM CHLORIDE"),
    ("(2S)-SYSTEMATIC", "sys", AMOX, "AMOXICILLIN"),
    ("CURCUMA LONGA", "cn", TURMERIC, "TURMERIC"),
    ("TURMERIC", "of", TURMERIC, "TURMERIC"),
    ("CURCUMA LONGA WHOLE", "of", "TURM000002", "CURCUMA LONGA WHOLE"),
    ("HYPERICUM PERFORATUM WHOLE", "of", WORT, "HYPERICUM PERFORATUM WHOLE"),
    ("HYPERICUM PERFORATUM FLOWERING TOP", "of", "WORT000002", "HYPERICUM PERFORATUM FLOWERING TOP"),
    ("CI 15850", "cn", RED, "D&C RED NO. 7"),
]
COMPOSITION = [
    ("CIS:1", "bdpm", 1, "SA", 1, "AMOXICILLINE SODIQUE"),
    ("CIS:2", "bdpm", 1, "SA", 1, "AMOXICILLINE (TRIHYDRATE D')"),
    ("CIS:2", "bdpm", 2, "SA", 2, "ACIDE CLAVULANIQUE"),
    ("ANMV:1", "anmv", 1, "SA", 1, "Sel étrange"),
    ("ANMV:1", "anmv", 2, "FT", 1, "Amoxicilline"),
    ("ANMV:2", "anmv", 1, "SA", 1, "Souche virale X"),
]
PRODUCTS = [
    ("CIS:1", "bdpm", "human", "CLAMOX 1 g, poudre", ["J01CA04"]),
    ("CIS:2", "bdpm", "human", "AUGMENTIX 500 mg, comprimé", ["J01CR02"]),
    ("ANMV:1", "anmv", "veterinary", "VETAMOX 10 MG", ["QJ01CA04"]),
    ("ANMV:2", "anmv", "veterinary", "VACCIN X", None),
]


@pytest.fixture(scope="module")
def tables(spark):
    day = dt.date(2024, 1, 1)
    unii = spark.createDataFrame(
        [(*row, day) for row in UNII],
        "substance_name string, name_type string, unii string, display_name string, known_date date",
    )
    rows = [(*row, "part", day) for row in COMPOSITION]
    columns = "product_key string, source string, ingredient_seq int, nature string, link_number int, source_substance_name string, element string, valid_from date"
    products = "product_key string, source string, domain string, product_name string, atc_codes array<string>, valid_from date"
    lake = {
        "bronze.unii_name": unii,
        "silver.product_substance": spark.createDataFrame(rows, columns),
        "silver.product": spark.createDataFrame([(*row, day) for row in PRODUCTS], products),
    }
    lake |= without_rows(spark, *CODED)
    names = substance_name(lake)
    lake["silver.substance_name"] = spark.createDataFrame(names.collect(), names.schema)  # as read from the lake
    return lake


REPORTED = {
    ("amoxicillin", ""): ([AMOX], "exact"),
    ("AMOXICILLIN TRIHYDRATE", ""): ([AMOX], "salt_stripped"),
    ("Amoxil 500 mg tablets", ""): ([AMOX], "brand"),
    ("AUGMENTIX", ""): ([AMOX, CLAV], "brand"),
    ("whatever", "AMOXICILLIN\\CLAVULANIC ACID"): ([AMOX, CLAV], "exact"),
    ("amoxicillin/clavulanic acid", ""): ([AMOX, CLAV], "exact"),
    ("AMOXICILIN", ""): ([AMOX], "fuzzy"),
    ("SALINE THING", ""): (["reported:SALINE THING"], "as_reported"),
}
UNLISTED = {
    ("Zorblax® 5 mg", ""): (["reported:ZORBLAX® 5 MG"], "as_reported"),
    ("zorblax® 5 MG.", ""): (["reported:ZORBLAX® 5 MG"], "as_reported"),
    ("Brand X", "QUUXINE;AMOXICILLIN"): (sorted([AMOX, "reported:QUUXINE"]), "as_reported"),
    ("unknown", ""): (None, "uncoded"),
    ("-", ""): (None, "uncoded"),
    ("12", ""): (None, "uncoded"),
    ("ΦΑΡΜΑΚΟ", ""): (["reported:ΦΑΡΜΑΚΟ"], "as_reported"),
}
PLANTS = {
    **{name: [TURMERIC] for name in ("Curcuma longa L., rhizome", "CURCUMA LONGA WHOLE", "Turmeric")},
    **{name: [WORT] for name in ("Hypericum perforatum L.", "Hypericum perforatum flowering top")},
    "Red 7 (C.I. 15850)": [RED],
}


@pytest.fixture(scope="module")
def coded(spark, tables):
    """Substances and method by (reported name, reported substance), of all that the tests ask, coded at once."""
    asked = [*REPORTED, *UNLISTED, *(("", name) for name in PLANTS)]
    reported = spark.createDataFrame(
        [("x", name, ingredient, 1) for name, ingredient in asked],
        "source string, reported_name string, reported_substance string, n_records bigint",
    )
    rows = code(reported, tables["silver.substance_name"]).collect()
    return {(r["reported_name"], r["reported_substance"]): (r["substance_keys"], r["coding_method"]) for r in rows}


@pytest.mark.spark
def test_names_of_all_kinds_lead_to_the_moiety(tables):
    found = {(r["normalised_name"], r["substance_key"]): r["kind"] for r in tables["silver.substance_name"].collect()}
    assert found["AMOXICILLIN SODIUM", AMOX] == "salt"
    assert found["AMOXICILLINE SODIQUE", AMOX] == "french"
    assert found["SEL ETRANGE", AMOX] == "french", "the register links this salt to its fraction"
    assert found["SOUCHE VIRALE X", "name:SOUCHE VIRALE X"] == "french"
    assert found["SODIUM CHLORIDE", NACL] == "preferred"
    assert {(AMOX, "brand"), (CLAV, "brand")} == {(k, v) for (n, k), v in found.items() if n == "AUGMENTIX"}


@pytest.mark.spark
def test_reported_names_are_coded_form_after_form(coded):
    assert {asked: coded[asked] for asked in REPORTED} == REPORTED


@pytest.mark.spark
def test_what_no_dictionary_holds_counts_under_its_own_name(coded):
    assert {asked: coded[asked] for asked in UNLISTED} == UNLISTED


@pytest.mark.spark
def test_without_any_dictionary_names_are_substances_as_reported(spark, tables):
    names = tables["silver.substance_name"].limit(0)
    reported = spark.createDataFrame(
        [("x", "Bravecto 250 mg", "", 3)],
        "source string, reported_name string, reported_substance string, n_records bigint",
    )
    coding = code(reported, names)
    (row,) = coding.collect()
    assert (row["substance_keys"], row["n_records"]) == (["reported:BRAVECTO 250 MG"], 3)
    lake = {a: t.limit(0) for a, t in tables.items()} | {"silver.name_coding": coding}
    (shown,) = substance(lake).collect()
    assert (shown["substance_key"], shown["substance_name"], shown["unii"]) == (
        "reported:BRAVECTO 250 MG",
        "BRAVECTO 250 MG",
        None,
    )


@pytest.mark.spark
def test_human_and_veterinary_products_meet_in_one_substance(tables, spark):
    empty = "source string, substance_keys array<string>"
    named = tables | {"silver.name_coding": spark.createDataFrame([("x", [NACL])], empty)}
    rows = {r["substance_key"]: r for r in substance(named).collect()}
    amoxicillin = rows[AMOX]
    assert (amoxicillin["is_in_human_product"], amoxicillin["is_in_veterinary_product"]) == (True, True)
    assert (amoxicillin["atc_codes"], amoxicillin["atcvet_codes"]) == (["J01CA04"], ["QJ01CA04"])
    assert (amoxicillin["substance_name"], amoxicillin["unii"]) == ("AMOXICILLIN", AMOX)
    assert rows[NACL]["substance_name"] == "SODIUM CHLORIDE"
    assert rows["name:SOUCHE VIRALE X"]["unii"] is None


@pytest.mark.spark
def test_what_only_registers_name_is_a_substance_too(tables, spark):
    named = {
        "silver.environment_parameter": frame(spark, EnvironmentParameter, [{"substance_key": TURMERIC}, {}]),
        "silver.access_authorisation": frame(spark, AccessAuthorisation, [{"substance_keys": [NACL, CLAV]}, {}]),
    }
    keys = {r["substance_key"] for r in substance(tables | named).collect()}
    before = {r["substance_key"] for r in substance(tables).collect()}
    assert keys - before == {TURMERIC, NACL}


@pytest.mark.spark
def test_one_plant_is_one_substance_whatever_its_part_and_a_pigment_is_its_number(coded):
    assert {name: coded["", name][0] for name in PLANTS} == PLANTS
