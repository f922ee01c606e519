"""Reports put together: children counted, completeness, duplicates linked and headed."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from pipelines.defs.silver.report.conform import report
from pipelines.defs.silver.report.duplicates import duplicate_link
from pipelines.defs.silver.report.tables import ReportEvent, ReportHistory, ReportNarrative, ReportProduct
from tests.rows import frame, without_rows

D = dt.date
BASE = {
    "report_version": 1,
    "source": "x",
    "known_from": D(2024, 1, 2),
    "is_latest": True,
    "is_retracted": False,
    "domain": "human",
    "agency": "ANSM",
    "received_first_date": D(2024, 1, 2),
    "received_latest_date": D(2024, 1, 2),
    "species": "human",
}


def history(*rows):
    return [{**BASE, "source_case_id": r["report_key"], **r} for r in rows]


def product(key, substances=("S",), **more):
    return {
        "report_key": key, "report_version": 1, "product_seq": 1, "source": "x", "role": "suspect",
        "substance_keys": list(substances), "coding_method": "exact", **more,
    }  # fmt: skip


def event(key, term="e:1", seq=1, **more):
    return {
        "report_key": key, "report_version": 1, "event_seq": seq, "source": "x", "reported_term": term,
        "term_key": term, "coding_method": "exact", **more,
    }  # fmt: skip


def built(spark, reports, products, events, narratives=()):
    lake = {
        "silver.report_history": frame(spark, ReportHistory, history(*reports)).cache(),
        "silver.report_product": frame(spark, ReportProduct, products).cache(),
        "silver.report_event": frame(spark, ReportEvent, events).cache(),
    }
    told = [{"report_key": k, "report_version": 1, "source": "x", "narrative": "It was so."} for k in narratives]
    lake["silver.report_narrative"] = frame(spark, ReportNarrative, told)
    lake |= without_rows(spark, "ops.link_verdict")
    lake["silver.duplicate_link"] = duplicate_link(lake).cache()
    return lake, {r["report_key"]: r for r in report(lake).collect()}


@pytest.mark.spark
def test_completeness_follows_the_published_penalties_and_children_are_counted(spark):
    full = {
        "report_key": "full", "onset_date": D(2024, 1, 1), "onset_precision": "day", "sex": "male", "age_years": 4.0,
        "country": "FR", "reporter": "physician", "report_type": "spontaneous", "is_death": False,
    }  # fmt: skip
    told = {"start_date": D(2023, 12, 1), "start_precision": "day", "dose_text": "1 mg", "indication": "Pain"}
    _, got = built(
        spark,
        [full, {"report_key": "bare"}],
        [product("full", **told)],
        [event("full", outcome="recovered"), event("full", "e:2", 2, outcome="recovered")],
        narratives=["full"],
    )
    assert got["full"]["completeness"] == pytest.approx(1.0)
    assert (got["full"]["n_products"], got["full"]["n_events"]) == (1, 2)
    assert got["bare"]["completeness"] == pytest.approx(0.5 * 0.7**4 * 0.9**5)
    assert (got["bare"]["n_products"], got["bare"]["n_events"]) == (0, 0)


@pytest.mark.spark
def test_one_world_wide_number_is_one_cluster_with_one_head(spark):
    reports = [{"report_key": f"r{i}", "worldwide_case_id": "W-1" if i < 3 else None} for i in range(5)]
    reports[1]["country"] = "FR"  # the most complete one is not the first
    reports[1]["received_first_date"] = D(2024, 1, 3)
    lake, got = built(spark, reports, [], [])
    assert {r["rule"] for r in lake["silver.duplicate_link"].collect()} == {"identifier"}
    assert {k: r["duplicate_cluster"] for k, r in got.items()} == {
        "r0": "r0", "r1": "r0", "r2": "r0", "r3": "r3", "r4": "r4",
    }  # fmt: skip
    assert [k for k, r in sorted(got.items()) if r["is_cluster_head"]] == ["r0", "r3", "r4"]


@pytest.mark.spark
def test_reports_that_agree_beyond_chance_are_linked_and_the_evidence_is_told(spark):
    random = np.random.default_rng(5)
    reports, products, events = [], [], []
    for i in range(300):
        key = f"r{i:03}"
        day = D(2023, 1, 1) + dt.timedelta(days=int(random.integers(700)))
        person = {"age_years": float(random.integers(1, 90)), "sex": str(random.choice(["male", "female"]))}
        country = str(random.choice(["FR", "DE", "US"]))
        given = {"report_key": key, "onset_date": day, "onset_precision": "day", "country": country}
        reports.append({**given, **person})
        products.append(product(key, (f"S{random.integers(20)}",)))
        events += [event(key, f"e:{e}", n + 1) for n, e in enumerate(random.choice(30, 2, replace=False))]
    for copied in (3, 77, 140):
        key = f"t{copied:03}"
        reports.append({**reports[copied], "report_key": key})
        products.append({**products[copied], "report_key": key})
        events += [{**e, "report_key": key} for e in events if e["report_key"] == f"r{copied:03}"]
    lake, got = built(spark, reports, products, events)
    links = {(r["report_key"], r["other_report_key"]): r for r in lake["silver.duplicate_link"].collect()}
    assert set(links) == {("r003", "t003"), ("r077", "t077"), ("r140", "t140")}
    assert "onset" in links[("r003", "t003")]["evidence"]
    assert sum(r["is_cluster_head"] for r in got.values()) == 300
