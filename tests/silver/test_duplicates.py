"""Links between reports: animals of one household stay apart, and what a refused model finds is shown and not used."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from pipelines.core.catalog import tables as declared
from pipelines.defs.silver.report.conform import cases_dropped, report
from pipelines.defs.silver.report.duplicates import (
    LINK_SCHEMA,
    LINK_SQL,
    duplicate_link,
    in_order_of_time,
    judged_by_people,
    links_by_rule,
)
from pipelines.defs.silver.report.tables import ReportEvent, ReportHistory, ReportNarrative, ReportProduct
from tests.rows import frame, without_rows

D = dt.date


def cases(n=400, seed=5):
    random = np.random.default_rng(seed)
    return [
        {
            "key": f"r{i:03}",
            "received_first_date": D(2021, 1, 1) + dt.timedelta(int(random.integers(900))),
            "sex": random.choice(["male", "female"]).item(),
            "breed": f"Breed {random.integers(40)}",
            "country": random.choice(["FR", "DE", "US"]).item(),
            "n_animals_affected": 1,
            "substances": [f"S{random.integers(4)}"],
            "events": [f"e:{e}" for e in random.choice(60, 3, replace=False)],
        }
        for i in range(n)
    ]


def tables(spark, told):
    reports, products, events = [], [], []
    for case in told:
        key, substances, terms = case["key"], case["substances"], case["events"]
        version = {"report_key": key, "report_version": 1, "source": "x"}
        more = {c: v for c, v in case.items() if c not in ("key", "substances", "events")}
        reports.append(
            {
                **version,
                "source_case_id": key,
                "known_from": case["received_first_date"],
                "is_latest": True,
                "is_retracted": False,
                "domain": "veterinary",
                "agency": "ANSES",
                "species": "dog",
                "received_latest_date": case["received_first_date"],
                **more,
            }
        )
        products.append(
            {**version, "product_seq": 1, "role": "suspect", "substance_keys": substances, "coding_method": "exact"}
        )
        events += [
            {**version, "event_seq": i, "reported_term": t, "term_key": t, "coding_method": "exact"}
            for i, t in enumerate(terms, 1)
        ]
    return {
        "silver.report_history": frame(spark, ReportHistory, reports).cache(),
        "silver.report_product": frame(spark, ReportProduct, products).cache(),
        "silver.report_event": frame(spark, ReportEvent, events).cache(),
        "silver.report_narrative": frame(spark, ReportNarrative, []),
        **without_rows(spark, "ops.link_verdict"),
    }


def retold(case, key, days, **more):
    return case | {"key": key, "received_first_date": case["received_first_date"] + dt.timedelta(days), **more}


@pytest.mark.spark
def test_reports_are_linked_across_senders_and_households_are_not(spark):
    told = cases()
    told[7] |= {"worldwide_case_id": "FRA-HOLDER-00007"}
    told[9] |= {"worldwide_case_id": "FRA-HOLDER-00009"}
    told[11] |= {"sex": "male"}
    told += [
        retold(told[7], "t007", 0, worldwide_case_id="FRA-AGENCY-17"),
        retold(told[9], "t009", 0, worldwide_case_id="FRA-HOLDER-00010"),
        retold(told[11], "t011", 3, sex="female"),
    ]
    lake = tables(spark, told)
    links = {(r["report_key"], r["other_report_key"]): r for r in duplicate_link(lake).collect()}
    assert set(links) == {("r007", "t007")}
    lake["silver.duplicate_link"] = duplicate_link(lake)
    lake["silver.report"] = report(lake).cache()
    assert links_by_rule(lake) == {"links: veterinary probabilistic": 1}
    country = told[7]["country"]
    n = sum(case["country"] == country for case in told)
    assert cases_dropped(lake) == {
        "share dropped: x": round(1 / len(told), 5),
        f"share dropped: x {country}": round(1 / n, 5),
    }
    link = links["r007", "t007"]
    assert link["rule"] == "probabilistic"
    assert {part.split()[0] for part in link["evidence"].split("; ")} == {
        *("received_date", "species", "breed", "sex", "country", "n_animals_affected", "substances", "events")
    }


@pytest.mark.spark
def test_links_known_on_a_date_do_not_know_what_came_later(spark):
    told = cases()
    told += [retold(told[7], "t007", 4), retold(told[9], "t009", 4), retold(told[9], "z009", 600)]
    lake = tables(spark, told)
    known = {case["key"]: case for case in told if case["received_first_date"] < D(2022, 6, 1)}
    cut = tables(spark, list(known.values()))
    then = sorted(duplicate_link(lake).filter("known_from < '2022-06-01'").collect())
    assert then == sorted(duplicate_link(cut).collect())
    assert ("r007" in known) == (("r007", "t007") in {(r["report_key"], r["other_report_key"]) for r in then})


@pytest.mark.spark
def test_links_of_a_refused_model_are_told_and_form_no_cluster(spark):
    random = np.random.default_rng(2)
    told = [c for case in cases() for c in (case, retold(case, case["key"] + "-b", 0))]
    for case in told:
        case["sex"] = random.choice(["male", "female"]).item()
    lake = tables(spark, told)
    lake["silver.duplicate_link"] = duplicate_link(lake).cache()
    links = lake["silver.duplicate_link"].collect()
    assert len(links) > 20
    refused = [r for r in links if r["rule"] == "refused"]
    assert len(refused) > 0.9 * len(links)  # the first months hold too few links to tell
    assert "chosen without sex" in refused[0]["evidence"]
    assert report(lake).filter("NOT is_cluster_head").count() == len(links) - len(refused)


def test_a_chain_that_grew_over_the_months_is_cut_and_refused_links_stay():
    def row(left, right, day, rule="probabilistic", weight=20.0):
        return (left, right, day, rule, weight, 1.0 if weight is None else 0.9, None)

    links = [
        row("b", "c", D(2023, 2, 3), weight=30.0),
        row("a", "b", D(2023, 1, 9)),
        row("c", "d", D(2023, 1, 9), "refused"),
        row("a", "z", D(2023, 3, 1), "identifier", None),
    ]
    told = pa.Table.from_pylist([dict(zip(LINK_SCHEMA.names, link, strict=True)) for link in links], LINK_SCHEMA)
    kept = in_order_of_time(told.append_column("group", pa.array(["all"] * 4))).to_pylist()
    assert [(r["report_key"], r["other_report_key"]) for r in kept] == [("a", "b"), ("a", "z"), ("c", "d")]
    assert in_order_of_time(told.slice(0, 0)).num_rows == 0


@pytest.mark.spark
def test_the_last_word_of_people_counts_from_its_day_on(spark):
    def link(one, other, rule="probabilistic"):
        return (one, other, D(2022, 1, 1), rule, 8.0, 0.9, "sex: same")

    def said(number, one, other, verdict, day):
        at = dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)
        more = {
            "said_at": at,
            "said_on": day,
            "who": "claire",
            "domain": "human",
            "reason": "dates",
            "text": "Compared.",
        }
        return {
            "verdict_id": number,
            "report_key": one,
            "other_report_key": other,
            "verdict": verdict,
            "audit_row": 1,
            **more,
        }

    links = [link("a", "b"), link("a", "c", "refused"), link("a", "d"), link("a", "e", "refused"), link("a", "f")]
    verdicts = [
        said(1, "a", "b", "rejected", D(2022, 5, 2)),
        said(2, "a", "c", "confirmed", D(2022, 6, 3)),
        said(3, "a", "d", "confirmed", D(2022, 6, 3)),  # it was linked before
        said(4, "a", "e", "rejected", D(2022, 6, 3)),  # it was never linked
        said(5, "a", "f", "rejected", D(2022, 6, 3)),
        said(6, "a", "f", "confirmed", D(2022, 7, 4)),  # the last word
        said(7, "a", "g", "confirmed", D(2022, 7, 4)),  # no rule links them any more
        said(8, "a", "gone", "confirmed", D(2022, 7, 4)),  # a case that is no longer there
        said(9, "a", "h", "rejected", D(2022, 7, 4)),
    ]
    found = judged_by_people(
        spark.createDataFrame(links, LINK_SQL),
        frame(spark, declared()["ops.link_verdict"], verdicts),
        spark.createDataFrame([(key,) for key in "abcdefgh"], "report_key string"),
    )
    told = {r["other_report_key"]: (r["rule"], r["known_from"], r["known_to"]) for r in found.collect()}
    began = D(2022, 1, 1)
    assert told == {
        "b": ("probabilistic", began, D(2022, 5, 2)),
        "c": ("confirmed", D(2022, 6, 3), None),
        "d": ("probabilistic", began, None),
        "e": ("refused", began, None),
        "f": ("probabilistic", began, None),
        "g": ("confirmed", D(2022, 7, 4), None),
    }
