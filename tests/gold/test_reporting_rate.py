"""Reports over exposure: counted once, dated twice, compared with siblings; human medicines in animals."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.gold.cascade.build import cascade
from pipelines.defs.gold.exposure.tables import Exposure
from pipelines.defs.gold.reporting_rate.build import rate_comparison, reporting_rate
from pipelines.defs.silver.animal_supply.tables import AnimalSupply
from pipelines.defs.silver.report.tables import Report, ReportEvent, ReportProduct
from pipelines.defs.silver.sale.tables import Sale
from pipelines.defs.silver.substance.tables import Substance
from pipelines.defs.silver.term.tables import Term
from tests.gold.drugs import SUBSTANCES, lake
from tests.rows import frame

D = dt.date
RECEIVED = D(2023, 5, 1)
YEAR = {"month": D(2023, 12, 31), "n_months": 12, "country": "FR", "region": "all", "sex": "all", "age_group": "all"}
SOLD = {"source": "open_medic", "series": "open_medic", "channel": "town", "species": "human", "is_current": True}
SOLD |= {"country": "FR", "period_start": D(2023, 1, 1), "period_end": D(2023, 12, 31)}


def report(key, substance, name, term="T", received=RECEIVED, onset=None, **rest):
    head = {"report_key": key, "report_version": 1, "is_retracted": False, "is_cluster_head": True, "country": "FR"}
    head |= {"domain": "human", "species": "human", "received_first_date": received, "onset_date": onset, **rest}
    product = {"report_key": key, "report_version": 1, "product_seq": 1, "role": "suspect", "reported_name": name}
    event = {"report_key": key, "report_version": 1, "event_seq": 1, "term_key": term}
    return head, product | {"substance_keys": [substance]}, event


@pytest.fixture(scope="module")
def tables(spark):
    """Thirty reports on one brand of aspirin, five on the other, one on its sibling; pigs and dogs on amoxicillin."""
    reports = [
        report(f"a{i}", "ASPIRIN", "Alpha 300 mg", onset=D(2022, 12, 1) if i < 10 else D(2023, 1, 1)) for i in range(30)
    ]
    reports += [report(f"b{i}", "ASPIRIN", "Beta 300 mg") for i in range(5)]
    reports += [report("c", "SALSALATE", "Gamma 500 mg"), report("d", "ASPIRIN", "Alpha 300 mg", is_cluster_head=False)]
    reports += [
        report("e", "ASPIRIN", "Alpha 300 mg", country="DE"),
        report("f", "ASPIRIN", "Alpha", is_retracted=True),
    ]
    animal = {"domain": "veterinary"}
    reports += [report("p", "AMOXICILLIN", "Animox 10 mg/ml", **animal, species="pig", n_animals_affected=20)]
    reports += [report("q", "AMOXICILLIN", "Deltamox 500 mg", **animal, species="dog", is_serious=True)]
    heads, products, events = zip(*reports, strict=True)
    supplies = [("GTIN:G", False, "dog"), ("CIP13:4", True, "dog"), ("CIP13:4", True, "dog"), ("GTIN:G", False, "pigs")]
    given = lake(
        spark,
        {
            Report: list(heads),
            ReportProduct: list(products),
            ReportEvent: list(events),
            Term: [{"term_key": "T", "term_name": "Tremor"}],
            Sale: [
                SOLD | {"pack_key": "CIP13:1", "n_packs": 1000.0},
                SOLD | {"pack_key": "CIP13:3", "n_packs": 1000.0},
            ],
            AnimalSupply: [
                {
                    "supply_key": str(i),
                    "source": "calypsovet",
                    "supply_date": D(2023, 3, 1),
                    "species": s,
                    "pack_key": p,
                }
                | {"is_human_medicine": h, "n_animals": 10}
                for i, (p, h, s) in enumerate(supplies)
            ],
        },
    )
    exposed = [("ASPIRIN", "human", 700.0, 2000.0), ("SALSALATE", "human", 700.0, 2000.0)]
    exposed += [("AMOXICILLIN", "pigs", 10_000.0, 50.0), ("AMOXICILLIN", "dog", 500.0, 50.0)]
    rows = [
        YEAR
        | {"source": "s" if a == "human" else "v", "substance_key": k, "species": a, "n_treated": t, "n_packs": p}
        | {"is_complete": True}
        for k, a, t, p in exposed
    ]
    given["gold.exposure"] = frame(spark, Exposure, rows)
    given["gold.reporting_rate"] = reporting_rate(given).cache()
    return given


def rate(tables, **wanted):
    condition = " AND ".join(
        f"{k} = '{v}'" for k, v in ({"dating": "receipt", "per": "treated", "brand": "all"} | wanted).items()
    )
    return [r.asDict() for r in tables["gold.reporting_rate"].filter(condition).collect()]


@pytest.mark.spark
def test_reports_count_once_in_their_country_and_retracted_ones_not_at_all(tables):
    every, tremor = sorted(rate(tables, substance_key="ASPIRIN"), key=lambda r: r["term_key"] != "all")
    assert (every["term_name"], every["n_reports"], tremor["term_name"], tremor["n_reports"]) == (
        "any event",
        35,
        "Tremor",
        35,
    )
    assert (every["rate"], every["exposed"], every["incidence_class"]) == (0.05, 700, None)
    assert (every["rate_lower"] * 700, every["rate_upper"] * 700) == (
        pytest.approx(24.379, abs=1e-3),
        pytest.approx(48.677, abs=1e-3),
    )


@pytest.mark.spark
def test_onset_and_receipt_are_two_datings(tables):
    (onset,) = rate(tables, substance_key="ASPIRIN", dating="onset", term_key="all")
    assert (onset["year"], onset["n_reports"]) == (2023, 20)


@pytest.mark.spark
def test_animals_are_counted_by_those_affected_and_put_into_a_class(tables):
    (pigs,) = rate(tables, species="pigs", term_key="all")
    assert (pigs["n_reports"], pigs["n_counted"], pigs["incidence_class"]) == (1, 20, "uncommon")


@pytest.mark.spark
def test_siblings_of_each_kind_make_one_expect(tables):
    rows = rate_comparison(tables).filter("dating = 'receipt' AND term_key = 'all'").collect()
    found = {(r["sibling"], r["per"], r["substance_key"], r["species"], r["brand"]): r for r in rows}
    brand = found["brand", "pack", "ASPIRIN", "human", "ALPHA"]
    assert (brand["n_counted"], brand["n_others"], brand["expected"], brand["ratio"]) == (30, 5, 5, 6)
    assert brand["ratio_lower"] > 1 > brand["p_value"]
    other = found["class", "treated", "ASPIRIN", "human", "all"]
    assert (other["n_siblings"], other["n_others"], other["expected"], other["ratio"]) == (1, 1, 1, 35)
    species = found["species", "treated", "AMOXICILLIN", "pigs", "all"]
    assert (species["n_others"], species["expected"], species["ratio"]) == (1, 20, 1)
    assert not {k for k in found if k[0] == "country"}


@pytest.mark.spark
def test_the_cascade_is_human_medicines_supplied_and_reported(tables):
    (row,) = cascade(tables).collect()
    assert (row["species"], row["year"], row["n_supplies"], row["n_animals"]) == ("dog", 2023, 2, 20)
    assert (row["n_supplies_all"], row["share"], row["n_supplies_species"]) == (3, pytest.approx(2 / 3), 3)
    assert (row["n_reports"], row["n_reports_serious"], row["rate_per_1000"]) == (1, 1, 50)
    assert (row["is_reserved"], row["reserved_group"]) == (False, None)


@pytest.mark.spark
def test_a_substance_reserved_to_people_breaks_a_rule(spark, tables):
    from expectations.across import check
    from pipelines.core.catalog import rules

    codes = SUBSTANCES | {"AMOXICILLIN": ("J01DH02", None)}  # as if it were a carbapenem
    rows = [{"substance_key": s, "substance_name": s, "atc_codes": [a]} for s, (a, _) in codes.items()]
    table = cascade(tables | {Substance.address(): frame(spark, Substance, rows)})
    (row,) = table.collect()
    assert (row["is_reserved"], row["reserved_group"]) == (True, "carbapenems")
    rule = next(r for r in rules() if r.name == "no_reserved_antimicrobial_for_animals")
    assert check(rule, {"gold.cascade": table}).success is False
