"""Links between things of all registers: from what columns declare, ends that exist, known from the later of both."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.core.axis import timeless
from pipelines.core.catalog import tables as all_tables
from pipelines.core.table import Column, Link, Table, Thing
from pipelines.defs.gold.disproportionality.tables import Signal
from pipelines.defs.gold.link.build import KINDS, TELLING, link
from pipelines.defs.gold.residue.tables import PredictedConcentration, RiskQuotient
from pipelines.defs.silver.access.tables import AccessAuthorisation
from pipelines.defs.silver.batch.tables import Batch, BatchDistribution
from pipelines.defs.silver.environment.tables import Basin, EnvironmentParameter, ResidueMeasurement, WaterStation
from pipelines.defs.silver.establishment.tables import Establishment, EstablishmentProduct, Inspection
from pipelines.defs.silver.isolate_count.tables import HospitalUse, IsolateCount
from pipelines.defs.silver.plant.tables import Plant, PlantProduct
from pipelines.defs.silver.product.tables import Pack, Product, ProductSubstance
from pipelines.defs.silver.recall.tables import Recall, RecallBatch
from pipelines.defs.silver.report.tables import Report, ReportProduct
from pipelines.defs.silver.substance.tables import Substance, SubstanceName
from tests.rows import frame
from tests.sources.fda import real_bronze, real_silver

D = dt.date
FIRST, LATER = D(2012, 11, 30), D(2012, 12, 31)
USUAL = {
    "source": "s",
    "valid_from": FIRST,
    "known_from": FIRST,
    "is_current": True,
    "agency": "ANSM",
    "domain": "human",
}


def lake(spark, instead: dict | None = None) -> dict:
    site = {"establishment_key": "OMS:1"}
    batch = {"batch_key": "CIP13:1|L1", "pack_key": "CIP13:1", "batch": "L1", "batch_printed": "L-1"}
    inspected = {"inspection_id": "I", "known_from": LATER, "valid_from": LATER}
    recall = {"event_id": "e", "product_id": "p", "product_name": "P"}
    report = {"report_key": "r", "report_version": 1}
    given: dict[type[Table], list[dict]] = {
        Establishment: [USUAL | site | {"scheme": "OMS", "establishment_name": "Site of Lyon"}],
        Inspection: [USUAL | site | inspected],
        Batch: [USUAL | batch | site, USUAL | batch | {"batch_key": "CIP13:1|L2", "establishment_key": "OMS:9"}],
        BatchDistribution: [USUAL | batch | {"department": "69", "month": FIRST, "n_doses": 5}],
        Pack: [USUAL | {"pack_key": "CIP13:1", "product_key": "CIS:1"}],
        Product: [USUAL | {"product_key": "CIS:1", "product_name": "Velo 5 mg"}],
        ProductSubstance: [USUAL | {"product_key": "CIS:1", "ingredient_seq": 1, "source_substance_name": "VELO", "nature": "SA"}],
        SubstanceName: [{"normalised_name": "VELO", "substance_key": "S1", "kind": "preferred", "known_from": D(1900, 1, 1)}],
        Substance: [{"substance_key": "S1", "substance_name": "VELO", "is_current": True, "known_from": D(1900, 1, 1)}],
        Recall: [USUAL | site | recall | {"pack_key": "CIP13:1"}],
        RecallBatch: [USUAL | recall | {"batch": "L1", "batch_key": "CIP13:1|L1"}],
        Report: [report | {"domain": "human", "received_first_date": D(2012, 12, 3), "is_retracted": False, "is_cluster_head": True}],
        ReportProduct: [report | {"role": "suspect", "is_current": True, "batch": "l1", "substance_keys": ["S1"]}],
    } | (instead or {})  # fmt: skip
    asked = {a: t for a, t in all_tables().items() if a in link.reads}
    return {a: frame(spark, t, given.get(t, [])) for a, t in asked.items()}


def told(rows) -> dict:
    return {(r["from_kind"], r["link_kind"], r["to_kind"], r["to_key"]): r for r in rows.collect()}


@pytest.mark.spark
def test_columns_make_links_whose_ends_exist_and_that_are_known_from_the_later_end(spark):
    found = told(link(lake(spark)))
    made = found["batch", "made at", "site", "OMS:1"]
    assert (made["from_key"], made["from_name"], made["to_name"]) == ("CIP13:1|L1", "L-1", "Site of Lyon")
    assert (made["basis"], made["confidence"], made["known_from"], made["missing"]) == ("declared", 1, FIRST, None)
    assert found["batch", "made at", "site", "OMS:9"]["missing"] == "to"
    assert found["inspection", "of", "site", "OMS:1"]["known_from"] == LATER
    assert (
        found["batch", "sent to", "place", "69"]["n"] == 5 and not found["batch", "sent to", "place", "69"]["missing"]
    )
    named = found["report", "names", "batch", "CIP13:1|L1"]
    assert (named["known_from"], named["basis"], named["sensitivity"]) == (D(2012, 12, 3), "computed", "personal")
    assert found["recall", "recalls", "batch", "CIP13:1|L1"]["from_key"] == "s|e|p"
    assert found["product", "contains", "substance", "S1"]["to_name"] == "VELO"
    assert {k for k, r in found.items() if r["missing"]} == {("batch", "made at", "site", "OMS:9")}


@pytest.mark.spark
def test_a_delivery_that_is_removed_takes_its_links_along_and_no_other(spark):
    before = set(told(link(lake(spark))))
    after = set(told(link(lake(spark, instead={Inspection: [], BatchDistribution: []}))))
    assert before - after == {("inspection", "of", "site", "OMS:1"), ("batch", "sent to", "place", "69")}
    assert after < before


@pytest.mark.spark
def test_versions_of_a_link_are_one_from_the_first_to_the_last(spark):
    batch = USUAL | {
        "batch_key": "CIP13:1|L1",
        "pack_key": "CIP13:1",
        "establishment_key": "OMS:1",
        "batch_printed": "L1",
    }
    versions = [
        batch | {"valid_to": LATER, "is_current": False},
        batch | {"valid_from": LATER, "valid_to": D(2013, 5, 1), "is_current": False, "n_doses": 3},
    ]
    made = told(link(lake(spark, instead={Batch: versions})))["batch", "made at", "site", "OMS:1"]
    assert (made["valid_from"], made["valid_to"]) == (FIRST, D(2013, 5, 1))


@pytest.mark.spark
def test_what_leaves_the_body_and_what_resists_is_linked_to_substances_and_places(spark):
    river = {"station": "05", "department": "69", "basin": "06", "station_name": "Rhône at Lyon"}
    measured = {"station": "05", "parameter": "1", "fraction": "3", "remark": "1", "sampled_date": LATER, "result": 1.0}
    measured |= {"substance_key": "S1", "is_below": False}
    stated = {"subject_kind": "substance", "subject": "velo", "substance_key": "S1", "kind": "removal", "value": 0.5}
    stated |= {"conditions": "all", "reference": "EPAR", "holds_from": FIRST}
    water = {"compartment": "surface_water", "country": "FR", "substance_key": "S1", "month": LATER, "n_months": 1}
    isolates = {"class_code": "quinolones", "bacterium": "E. coli", "country": "FR", "region": "84", "n_tested": 40}
    quinolone = {"substance_key": "S2", "substance_name": "FLOXIN", "is_current": True, "known_from": D(1900, 1, 1)}
    given = {
        Basin: [USUAL | {"basin": "06", "basin_name": "Rhône-Méditerranée"}],
        WaterStation: [USUAL | river],
        ResidueMeasurement: [USUAL | measured | {"analysis": a} for a in "12"]
        + [USUAL | measured | {"analysis": "3", "station": "06", "result": None, "remark": "0"}],
        EnvironmentParameter: [USUAL | stated],
        PredictedConcentration: [
            USUAL | water | {"place": "69", "is_above_limit": True},
            USUAL | water | {"place": "01", "is_above_limit": False},
            USUAL | water | {"place": "all", "is_above_limit": True},
        ],
        RiskQuotient: [USUAL | water | {"place": p, "quotient": q} for p, q in (("69", 2.0), ("01", 0.5))],
        Substance: [
            {"substance_key": "S1", "substance_name": "VELO", "is_current": True, "known_from": D(1900, 1, 1)},
            quinolone | {"atc_codes": ["J01MA99"]},
        ],
        IsolateCount: [USUAL | isolates, USUAL | isolates | {"country": "MS01", "region": "all"}],
        HospitalUse: [USUAL | {"class_code": "quinolones", "country": "FR", "region": "all", "ddd": 9.0}],
        Plant: [USUAL | {"plant": "Velo vulgaris", "synonyms": [], "substance_key": "S1"}],
        PlantProduct: [
            USUAL | {"product_key": k, "product_name": "Veli herba", "plant": p, "is_combination": False}
            for k, p in (("h", "Velo vulgaris"), ("i", "none"))
        ],
        Signal: [
            {"population": d, "domain": "nutrition", "month": m, "substance_key": "S1", "term_key": "T"}
            for d in ("nutrition", "nutrition:x")
            for m in (LATER, D(2013, 1, 31))
        ],
    }
    found = told(link(lake(spark, instead=given)))
    assert found["station", "measures", "substance", "S1"]["n"] == 2
    assert (
        found["station", "lies in", "place", "69"]["from_name"],
        found["station", "lies in", "basin", "06"]["n"],
    ) == (
        "Rhône at Lyon",
        1,
    )
    assert found["parameter", "of", "substance", "S1"]["from_key"] == "s|substance|velo|removal|all|EPAR|2012-11-30"
    above = {k: r for k, r in found.items() if "above" in k[1]}
    assert {(k[1], k[3], r["known_from"]) for k, r in above.items()} == {
        ("predicted above its limit in", "69", LATER),
        ("above its PNEC in", "69", LATER),
    }
    assert {k[1:] for k in found if k[0] == "class"} == {
        ("tested in", "place", "FR"),
        ("tested in", "region", "84"),
        ("tested on", "bacterium", "E. coli"),
        ("used in", "place", "FR"),
    }
    is_of = {(found[k]["from_key"], k[3]) for k in found if k[1] == "is of"}
    assert is_of == {("S2", "quinolones"), ("S2", "fluoroquinolones")}
    assert found["plant", "named as", "substance", "S1"]["to_name"] == "VELO"
    assert found["herbal drug", "made of", "plant", "Velo vulgaris"]["from_key"] == "s|h"
    assert found["substance", "reported as", "guise", "supplement"]["known_from"] == LATER
    new = ("station", "parameter", "class", "plant", "herbal drug", "substance")
    assert not {k for k, r in found.items() if r["missing"] and k[0] in new}


@pytest.mark.spark
def test_what_a_site_does_with_a_product_words_its_links_and_lists_link_to_each_of_their_things(spark):
    does = USUAL | {"establishment_key": "OMS:1", "n": 1, "known_from": LATER}
    rows = [
        does | {"role": "makes", "subject_kind": "pack", "pack_key": "CIP13:1", "substance_keys": ["S1", "S9"]},
        does | {"role": "recalls", "subject_kind": "product", "product_key": "CIS:1"},
        does | {"role": "tests", "subject_kind": "pack", "pack_key": "CIP13:1", "product_key": "CIS:1"},
    ]
    access = USUAL | {"decision_id": "D", "product_name": "GT 101", "substance_keys": ["S1"]}
    found = told(link(lake(spark, instead={EstablishmentProduct: rows, AccessAuthorisation: [access]})))
    own = {(k[1:], r["known_from"], r["missing"]) for k, r in found.items() if k[0] == "site"}
    assert own == {
        (("makes", "pack", "CIP13:1"), LATER, None),
        (("makes", "substance", "S1"), LATER, None),
        (("makes", "substance", "S9"), LATER, "to"),
        (("recalls", "product", "CIS:1"), LATER, None),
        (("tests", "pack", "CIP13:1"), LATER, None),
    }
    assert found["access", "access to", "substance", "S1"]["from_name"] == "GT 101"


@pytest.mark.spark
def test_how_much_is_what_the_last_versions_say(spark):
    sent = USUAL | {"batch_key": "CIP13:1|L1", "department": "69", "month": FIRST}
    versions = [sent | {"n_doses": 5, "valid_to": LATER}, sent | {"n_doses": 7, "valid_from": LATER}]
    versions += [sent | {"n_doses": 4, "month": LATER}]
    assert told(link(lake(spark, instead={BatchDistribution: versions})))["batch", "sent to", "place", "69"]["n"] == 11


@pytest.mark.samples
@pytest.mark.slow
@pytest.mark.spark
def test_191_real_sites_lie_on_the_paths_from_a_recall_to_a_form_and_to_a_measure(spark, shared):
    real = real_silver(real_bronze(spark, shared))
    empty = {a: frame(spark, t, []) for a, t in all_tables().items() if a in link.reads}
    link(empty | real).createOrReplaceTempView("real_link")
    asked = spark.sql("""
        WITH site AS (SELECT to_key, from_kind, from_key, missing FROM real_link WHERE to_kind = 'site')
        SELECT (SELECT count(*) FROM (SELECT to_key FROM site WHERE from_key NOT LIKE 'fda_bimo%' GROUP BY to_key
                HAVING count(DISTINCT from_kind) FILTER (WHERE from_kind IN ('recall', 'inspection', 'action')) = 3)) AS both,
            (SELECT count(*) FROM site WHERE missing IS NOT NULL) AS dangling,
            (SELECT count(*) FROM site WHERE from_kind = 'recall') AS recalls""").first()
    assert tuple(asked) == (191, 0, 16908)


def test_every_link_leads_to_a_kind_that_some_register_holds_or_to_a_place():
    ends = {c.link.to for t in TELLING.values() for c in t.columns.values() if c.link}
    assert ends - set(KINDS) == {"place", "region", "bacterium"}


def test_a_link_of_a_row_that_is_about_nothing_is_refused():
    with pytest.raises(ValueError, match="links what"):

        class Loose(Table):
            """A table whose rows are about nothing."""

            layer, name, key = "silver", "loose", ("a",)
            axis = timeless("a test")
            a = Column("string", "A", link=Link("of", "site"))

    with pytest.raises(ValueError, match="not declared: b"):

        class Unnamed(Table):
            """A table without the column that names its things."""

            layer, name, key = "silver", "unnamed", ("a",)
            axis = timeless("a test")
            thing = Thing("site", ("a",), "b")
            a = Column("string", "A")
