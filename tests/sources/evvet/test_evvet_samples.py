"""EVVet's real listings against plain comparisons of the files."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from itertools import pairwise

import polars as pl
import pytest

from pipelines.defs.silver.report.tables import ReportHistory
from pipelines.defs.sources.evvet import SOURCE
from pipelines.defs.sources.evvet.codes import COUNTRIES
from pipelines.defs.sources.evvet.conform import report_event, report_history
from pipelines.defs.sources.evvet.lists import products
from pipelines.defs.sources.evvet.read import read
from pipelines.defs.sources.evvet.tables import EvvetCase
from pipelines.defs.sources.veddra.conform import term
from pipelines.defs.sources.veddra.read import read as read_veddra
from pipelines.defs.sources.veddra.tables import VeddraTerm
from pipelines.frames.history import cut_at
from tests.sources.bronze import bronze_frame

pytestmark = [pytest.mark.spark, pytest.mark.samples]
LATER = dt.date(2024, 11, 30)


@pytest.fixture(scope="module")
def files(shared):
    """Every real listing: landed path -> (bytes, date of extraction)."""
    landing, found = shared / "data", {}
    for path in sorted((landing / "evvet").rglob("*.csv*")):
        name = path.relative_to(landing).as_posix()
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found[name] = (data, SOURCE.known_date(name) or LATER)
    return found


@pytest.fixture(scope="module")
def snapshots(files):
    """The extractions of solensia-2024 as plain frames by date, without the link."""
    return {
        known: pl.read_csv(io.BytesIO(data), infer_schema=False).drop("AER form")
        for name, (data, known) in files.items()
        if "solensia-2024" in name
    }


@pytest.fixture(scope="module")
def solensia(spark, files):
    """Versions of the cases of solensia-2024, from its extractions in reverse order."""
    chosen = {name: file for name, file in reversed(files.items()) if "solensia-2024" in name}
    history = report_history({"bronze.evvet_case": bronze_frame(spark, EvvetCase, read, chosen)})
    return pl.from_arrow(history.toArrow())


@pytest.fixture(scope="module")
def year_files(spark, files):
    chosen = {name: file for name, file in files.items() if "snapshots" not in name}
    return bronze_frame(spark, EvvetCase, read, chosen).cache()


def changes(before, after):
    """Case numbers added, removed and changed between two extractions, by a plain join."""
    both = before.join(after, on="Case number", suffix=" after")
    differs = [pl.col(c).ne_missing(pl.col(f"{c} after")) for c in before.columns if c != "Case number"]
    numbers = [
        after.join(before, on="Case number", how="anti"),
        before.join(after, on="Case number", how="anti"),
        both.filter(pl.any_horizontal(differs)),
    ]
    return [set(frame["Case number"]) for frame in numbers]


def test_versions_are_what_a_plain_comparison_of_the_extractions_says(solensia, snapshots):
    dates = sorted(snapshots)
    assert len(dates) == 6
    totals = [0, 0, 0]
    for earlier, later in pairwise(dates):
        added, removed, changed = changes(snapshots[earlier], snapshots[later])
        here = solensia.filter(pl.col("known_from") == later)
        since = solensia.filter(pl.col("known_from").is_between(earlier, later, closed="right"))
        assert set(since.filter(pl.col("report_version") == 1)["source_case_id"]) == added
        assert set(here.filter("is_retracted")["source_case_id"]) == removed
        assert set(here.filter(pl.col("report_version") > 1, ~pl.col("is_retracted"))["source_case_id"]) == changed
        totals = [t + len(s) for t, s in zip(totals, (added, removed, changed), strict=True)]
    assert totals == [662, 4, 249]


def test_versions_follow_each_other_without_gap_or_overlap(solensia):
    ordered = solensia.sort("report_key", "report_version")
    following = pl.col("known_from").shift(-1).over("report_key")
    assert ordered.filter(pl.col("known_to").ne_missing(following)).is_empty()
    assert ordered.filter(pl.col("known_to") < pl.col("known_from")).is_empty()
    assert ordered.filter(
        pl.col("report_version") != pl.col("report_version").cum_count().over("report_key")
    ).is_empty()
    assert ordered.filter("is_latest")["report_key"].n_unique() == ordered["report_key"].n_unique()


def test_as_known_on_two_dates_differs_as_the_extractions_say(spark, solensia, snapshots):
    history = spark.createDataFrame(
        solensia.select("source_case_id", "known_from", "known_to", "is_latest", "is_retracted").to_arrow()
    )

    def standing(day):
        return {
            r["source_case_id"]
            for r in cut_at(history, ReportHistory.axis, day).filter("is_latest AND NOT is_retracted").collect()
        }

    before, after = standing(dt.date(2024, 9, 10)), standing(dt.date(2024, 10, 15))
    assert after == set(snapshots[dt.date(2024, 10, 15)]["Case number"])
    extracted = snapshots[dt.date(2024, 9, 2)]
    next_one = snapshots[dt.date(2024, 9, 16)]
    received = next_one.filter(
        pl.col("Received date").str.to_date("%Y-%m-%d %H:%M:%S").is_between(dt.date(2024, 9, 3), dt.date(2024, 9, 10))
    )
    new_by_then = set(received["Case number"]) - set(extracted["Case number"])
    assert before == set(extracted["Case number"]) | new_by_then
    assert new_by_then
    assert len(after - before) > len(before - after) > 0


def test_the_six_year_files_hold_14954_cases_in_one_language(year_files):
    cases = pl.from_arrow(report_history({"bronze.evvet_case": year_files}).toArrow())
    assert cases.height == cases["report_key"].n_unique() == 14_954
    assert (cases["known_from"] == cases["received_first_date"]).all()
    assert set(cases["species"]) >= {"dog", "cat", "human", "unknown"}
    assert cases.filter(pl.col("n_animals_died") > 0).height <= cases["is_death"].sum()
    assert cases.null_count().row(0, named=True)["country"] <= 10


def test_every_country_of_the_real_files_has_a_code(year_files):
    sent = {r["country"] for r in year_files.select("country").distinct().collect()}
    assert {name for name in sent if name.lower() not in COUNTRIES} <= {"No Reference"}
    assert len(sent) > 35


def test_at_least_999_in_1000_reactions_are_coded(spark, shared, year_files):
    lists = {"veddra/combined_veddra_list.csv": ((shared / "data/veddra/combined_veddra_list.csv").read_bytes(), LATER)}
    terms = term({"bronze.veddra_term": bronze_frame(spark, VeddraTerm, read_veddra, lists)})
    events = report_event({"bronze.evvet_case": year_files, "silver.term": terms})
    n = {r["coding_method"]: r["count"] for r in events.groupBy("coding_method").count().collect()}
    assert n["exact"] / sum(n.values()) >= 0.999
    held = {r["reported_term"] for r in events.filter("reported_term LIKE '%,%'").select("reported_term").collect()}
    assert held
    texts = pl.from_arrow(year_files.select("reaction").toArrow())["reaction"]
    assert sum(n.values()) <= texts.str.count_matches(",").sum() + len(texts)


def test_product_names_are_distinct_in_order_and_lose_no_text(year_files):
    split = pl.from_arrow(products(year_files).toArrow()).sort("drug", "product_seq")
    whole = split.group_by("drug", maintain_order=True).agg(pl.col("product").str.join(", "))
    bare = [pl.col(c).str.replace_all(r"[\s,]", "") for c in ("drug", "product")]
    assert whole.filter(bare[0] != bare[1]).is_empty()
    pairs = split.with_columns(before=pl.col("product").shift(1).over("drug")).drop_nulls("before")
    disordered = pairs.filter(pl.col("before").cast(pl.Binary) >= pl.col("product").cast(pl.Binary))
    assert disordered.height / pairs.height < 0.001
    lower = split.filter(~pl.col("product").str.contains(r"^[\p{Lu}\d]"))
    assert lower.is_empty()
    assert "Metacam 0.5 mg/ml - Oral suspension (cats, guinea pigs)" in set(split["product"])
