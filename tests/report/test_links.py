"""The page of duplicates: field by field why two reports are taken for one case, and what is dropped where."""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.lake.query import QueryError
from pipelines.report.links import write_links
from tests.report.report_lake import lake

CASE = {
    "report_version": 1, "source": "evvet", "domain": "veterinary", "species": "dog", "is_retracted": False,
    "received_first_date": dt.date(2023, 5, 1), "is_death": False,
}  # fmt: skip


def rows(**changed):
    told = {
        "silver.report": [
            {**CASE, "report_key": "evvet:A", "breed": "Pug", "country": "NZ", "is_cluster_head": True},
            {**CASE, "report_key": "evvet:B", "breed": "Boxer", "country": "NZ", "is_cluster_head": False},
        ],
        "silver.report_event": [
            {"report_key": "evvet:A", "report_version": 1, "reported_term": "Vomiting"},
            {"report_key": "evvet:A", "report_version": 1, "reported_term": "Ataxia"},
        ],
        "silver.report_product": [{"report_key": "evvet:B", "report_version": 1, "reported_name": "<b>Librela</b>"}],
        "silver.duplicate_link": [
            {
                "report_key": "evvet:A",
                "other_report_key": "evvet:B",
                "rule": "probabilistic",
                "match_weight": 21.5,
                "probability": 0.93,
                "evidence": "received_date within 31 days +3.0; breed different -4.0; "
                "events most shared, rare +12.4; n_died same +0.1; substances identical 0.0",
            }
        ],
    }
    return told | changed


def test_each_field_shows_both_values_and_what_it_says(tmp_path):
    text = write_links(lake(rows()), tmp_path / "deep" / "duplicates.html").read_text(encoding="utf-8")
    for expected in ("evvet:A and evvet:B", "Pug", "Boxer", "-4.0", "within 31 days", "Ataxia; Vomiting", "+12.4"):
        assert expected in text, expected
    assert "50.0" in text
    assert "<b>Librela" not in text


def test_a_refused_model_says_why(tmp_path):
    link = rows()["silver.duplicate_link"][0]
    link |= {"rule": "refused", "evidence": "sex same +1.0; refused: of 30 links chosen without sex, 0.50 agree in it"}
    text = write_links(lake(rows(**{"silver.duplicate_link": [link]})), tmp_path / "d.html").read_text(encoding="utf-8")
    assert "of 30 links chosen without sex, 0.50 agree in it" in text


def test_a_lake_without_links_or_tables_still_gives_a_page(tmp_path):
    none = {"silver.duplicate_link": [], "silver.report": []}
    assert "No link was made" in write_links(lake(none), tmp_path / "a.html").read_text(encoding="utf-8")

    def nothing(sql: str) -> pl.DataFrame:
        raise QueryError("there is no silver.report")

    assert "there is no silver.report" in write_links(nothing, tmp_path / "b.html").read_text(encoding="utf-8")
