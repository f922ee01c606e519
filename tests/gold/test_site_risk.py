"""Sites rated over time: the matrix cell by cell, versions of it from their day on, and every reason."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import replace
from itertools import product

import pytest

from pipelines.defs.gold.batch_watch.tables import BatchWatch
from pipelines.defs.gold.site_risk.build import rated, site_risk, site_risk_reason
from pipelines.defs.gold.site_risk.matrix import MATRICES
from pipelines.defs.silver.batch.tables import Batch, LaboratoryResult, QualityDefect
from pipelines.defs.silver.establishment.tables import EnforcementAction, Establishment, GmpCertificate, Inspection
from pipelines.defs.silver.recall.tables import Recall
from tests.rows import frame

D = dt.date
PATTERNS = [(0, 0), (0, 1), (0, 5), (0, 6), (1, 0), (1, 5), (1, 6), (2, 0), (2, 9)]  # critical, major
USUAL = {"source": "s", "valid_from": D(2012, 6, 1), "is_current": True, "agency": "ANSM", "establishment_key": "OMS:1"}


@pytest.mark.samples
def test_all_81_combinations_are_those_of_the_published_parts(shared):
    rows = list(csv.DictReader((shared / "data/reference_values/pi037_rating.csv").open()))
    bands, cells = {}, {}
    for row in rows:
        one, other, result = row["input_a"], row["input_b"], row["result"]
        if row["step"] == "complexity x criticality":
            bands[frozenset((one, other))] = result.removeprefix("intrinsic ")
        elif row["step"] == "intrinsic x compliance":
            cells[one, other] = result
    (matrix,) = MATRICES
    n = 0
    for complexity, criticality in product((1, 2, 3), repeat=2):
        for critical, major in PATTERNS:
            intrinsic = bands[frozenset((str(complexity), str(criticality)))]
            compliance = "high" if critical or major > 5 else "medium" if major else "low"
            assert matrix.rating(complexity, criticality, critical, major) == cells[intrinsic, compliance]
            n += 1
    assert n == 81


def inspected(number: str, day: dt.date, critical: int | None, major: int | None, **told) -> dict:
    return USUAL | {"inspection_id": number, "practice": "gmp", "inspection_date": day, "known_from": day,
                    "n_critical": critical, "n_major": major, "n_other": 0} | told  # fmt: skip


def tables(spark, inspections: list[dict], **more: list[dict]) -> dict:
    site = USUAL | {"scheme": "OMS", "establishment_name": "S", "complexity": 3, "criticality": 3}
    foreign = USUAL | {"establishment_key": "FEI:9", "scheme": "FEI", "establishment_name": "T"}
    given = {
        Establishment: [site, foreign],
        Inspection: inspections,
        GmpCertificate: more.get("certificates", []),
        EnforcementAction: more.get("actions", []),
        Recall: more.get("recalls", []),
        Batch: [USUAL | {"batch_key": "CIP13:1|L1", "pack_key": "CIP13:1"}],
        QualityDefect: more.get("defects", []),
        LaboratoryResult: more.get("results", []),
        BatchWatch: more.get("watched", []),
    }
    return {table.address(): frame(spark, table, rows) for table, rows in given.items()}


@pytest.mark.spark
def test_a_later_inspection_lowers_the_risk_from_its_day_on_and_not_before(spark):
    bad, good = inspected("A", D(2012, 2, 1), 1, 0), inspected("B", D(2013, 2, 1), 0, 0)
    rows = {r["rated_from"]: r for r in site_risk(tables(spark, [good, bad])).collect() if r["rating"]}
    assert {d: (r["rating"], r["rated_to"], r["due_date"], r["overdue_days"]) for d, r in rows.items()} == {
        D(2012, 2, 1): ("C", D(2013, 2, 1), D(2013, 2, 1), 0),
        D(2013, 2, 1): ("B", None, D(2015, 2, 1), 0),
    }


@pytest.mark.spark
def test_another_version_of_the_matrix_counts_from_its_day_on(spark):
    stricter = replace(
        MATRICES[0], version="own", valid_from=D(2014, 1, 1), cells=dict.fromkeys(MATRICES[0].cells, "C")
    )
    given = tables(spark, [inspected("A", D(2011, 2, 1), 0, 0)])
    rows = sorted(rated(given, (*MATRICES, stricter)).filter("complexity = 3").collect(), key=lambda r: r["rated_from"])
    assert [(r["rated_from"], r["matrix_version"], r["rating"], r["not_rated"]) for r in rows] == [
        (D(2011, 2, 1), None, None, "no version of the matrix counted yet"),
        (D(2012, 1, 1), "PI 037-1", "B", None),
        (D(2014, 1, 1), "own", "C", None),
    ]


@pytest.mark.spark
def test_a_site_that_can_not_be_rated_says_why_and_shows_what_is_counted(spark):
    foreign = {"establishment_key": "FEI:9", "known_from": D(2012, 3, 1)}
    actions = [USUAL | foreign | {"action_id": "1", "action_kind": "warning_letter"}]
    recalls = [USUAL | foreign | {"event_id": "e", "product_id": str(i)} for i in range(3)]
    form = inspected("F", D(2012, 1, 1), None, None, establishment_key="FEI:9")
    found = {
        r["establishment_key"]: r for r in site_risk(tables(spark, [form], actions=actions, recalls=recalls)).collect()
    }
    row = found["FEI:9"]
    assert (row["n_actions"], row["n_recalls"], row["rating"]) == (1, 1, None)
    assert row["not_rated"] == "no inspection with graded deficiencies is known"


@pytest.mark.spark
def test_every_reason_is_a_row_with_its_value_its_limit_and_its_source(spark):
    late = {
        "certificate_id": "N",
        "kind": "non_compliance",
        "inspection_date": D(2012, 2, 1),
        "issue_date": D(2012, 5, 20),
    }
    of_batch = USUAL | {"batch_key": "CIP13:1|L1", "known_from": D(2012, 4, 1)}
    watched = {"family_key": "CIS:1", "batch_key": "CIP13:1|L1", "establishment_key": "OMS:1", "n_reports": 12}
    given = tables(
        spark,
        [inspected("A", D(2012, 2, 1), 1, 4)],
        certificates=[USUAL | late | {"known_from": D(2012, 5, 20)}],
        defects=[
            of_batch | {"defect_id": "d", "state": "confirmed"},
            of_batch | {"defect_id": "e", "state": "refuted"},
        ],
        results=[of_batch | {"sample_id": "x", "test": "assay", "verdict": "fails"}],
        watched=[watched | {"month": D(2012, 4, 30), "n_doses": 100, "q_value": 3.3e-4}],
    )
    risk = site_risk(given)
    (row,) = risk.filter("is_current AND complexity = 3").collect()
    assert (row["certificate_days"], row["is_certificate_late"], row["n_reports"], row["least_q"]) == (
        109,
        True,
        12,
        3.3e-4,
    )
    reasons = {r["reason"]: r for r in site_risk_reason({"gold.site_risk": risk}).collect() if r["is_current"]}
    assert {name: r["value"] for name, r in reasons.items()} == {
        **{"intrinsic": 9, "critical": 1, "major": 4, "rating": 3, "certificate_late": 109, "non_compliance": 1},
        **{"defects": 1, "failed_tests": 1, "batch_excess": 3.3e-4},
    }
    assert "not read" in reasons["rating"]["source"] and all(r["source"] for r in reasons.values())
