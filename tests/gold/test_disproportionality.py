"""From case versions to signals, through the lake's own functions."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from pipelines.defs.gold.disproportionality.prior import prior
from pipelines.defs.gold.disproportionality.score import level_signal, signal, subgroup_signal
from pipelines.defs.gold.disproportionality.tables import Prior
from pipelines.defs.gold.pair_change.build import pair_change
from pipelines.defs.gold.pair_change.tables import PairChange
from pipelines.defs.silver.coded_report.conform import code, code_level, coded_report, stratum
from pipelines.defs.silver.coded_report.tables import Code, CodedReport, CodeLevel, Stratum
from pipelines.frames.history import always
from pipelines.lake.platform import Platform
from pipelines.settings import load

D = dt.date
HISTORY = (
    "report_key string, report_version int, known_from date, known_to date, is_retracted boolean, domain string, "
    "species string, sex string, age_years double, country string, is_serious boolean, report_type string, "
    "received_first_date date"
)
LINK = "report_key string, other_report_key string, known_from date, rule string, known_to date"
PRODUCT = (
    "report_key string, report_version int, role string, substance_keys array<string>, coded_from date, coded_to date"
)
EVENT = "report_key string, report_version int, term_key string, coded_from date, coded_to date"
UNSAID = (None,) * 5
CODED = {Code: code, Stratum: stratum, CodedReport: coded_report}


def platform_of(spark, tmp_path, history, products, events, links=(), **settings) -> Platform:
    """A lake with coded reports and the cube, made from case versions by the platform's own functions."""
    platform = Platform(
        load(
            lake=tmp_path / "lake", tracking=f"sqlite:///{tmp_path}/mlflow.db", artifacts=tmp_path / "runs", **settings
        )
    )
    received = {key: known for key, _, known, *_ in sorted(history, key=lambda h: h[2], reverse=True)}
    versions = [(*(*h, *UNSAID)[:12], received[h[0]]) for h in history]
    tables = {
        "silver.report_history": spark.createDataFrame(versions, HISTORY),
        "silver.duplicate_link": spark.createDataFrame(list(links), LINK),
        "silver.report_product": spark.createDataFrame([(*row, None, None) for row in products], PRODUCT),
        "silver.report_event": spark.createDataFrame([(*row, None, None) for row in events], EVENT),
    }
    for table, transform in CODED.items():
        platform.lake.upsert(table, transform(tables), {})
        tables[table.address()] = platform.lake[table.address()]
    pair_change(platform, platform.lake.versions(["silver.coded_report"]))
    return platform


def counted(platform):
    """Cells by population name parts (domain, species), keys and month; `*` for any."""
    lake = platform.lake
    names = {(r["kind"], r["code"]): r["key_coded"] for r in lake["silver.code"].collect()}
    strata = {r["stratum"]: r for r in lake["silver.stratum"].collect()}
    found = {}
    for r in lake[PairChange.address()].collect():
        pair = (names.get(("substance", r["substance"]), "*"), names.get(("term", r["term"]), "*"))
        found[strata[r["stratum"]]["species"], *pair, r["month"]] = r["n_change"]
    return found


@pytest.mark.spark
def test_a_follow_up_subtracts_and_adds_and_a_retraction_takes_off(spark, tmp_path):
    history = [
        ("c1", 1, D(2024, 1, 5), D(2024, 2, 10), False, "human", "human"),
        ("c1", 2, D(2024, 2, 10), D(2024, 3, 3), False, "human", "human"),
        ("c1", 3, D(2024, 3, 3), None, True, "human", "human"),
    ]
    products = [("c1", v, "suspect", ["S"]) for v in (1, 2, 3)]
    events = [("c1", 1, "e:old"), ("c1", 2, "e:new"), ("c1", 3, "e:new")]
    got = counted(platform_of(spark, tmp_path, history, products, events))
    jan, feb, mar = D(2024, 1, 31), D(2024, 2, 29), D(2024, 3, 31)
    assert got[("human", "S", "e:old", jan)] == 1
    assert got[("human", "S", "e:old", feb)] == -1
    assert got[("human", "S", "e:new", feb)] == 1
    assert got[("human", "S", "e:new", mar)] == -1
    assert got[("human", "*", "*", jan)] == 1
    assert ("human", "*", "*", feb) not in got
    assert got[("human", "*", "*", mar)] == -1


@pytest.mark.spark
def test_what_no_month_end_saw_and_concomitants_and_duplicates_do_not_count(spark, tmp_path):
    history = [
        ("c1", 1, D(2024, 1, 5), D(2024, 1, 20), False, "veterinary", "dog"),
        ("c1", 2, D(2024, 1, 20), None, False, "veterinary", "dog"),
        ("c2", 1, D(2024, 1, 5), None, False, "veterinary", "dog"),
    ]
    products = [("c1", 1, "suspect", ["S"]), ("c1", 2, "suspect", ["S", "T"]), ("c1", 2, "concomitant", ["U"])]
    products += [("c2", 1, "suspect", ["S"]), ("c1", 2, "suspect", None)]
    events = [("c1", 1, "e:early"), ("c1", 2, "e"), ("c2", 1, "e"), ("c1", 2, None)]
    links = [("c1", "c2", D(2024, 1, 5), "identifier", None)]
    got = counted(platform_of(spark, tmp_path, history, products, events, links))
    assert {k[1:3] for k in got if k[0] == "dog"} == {
        ("*", "*"), ("S", "*"), ("T", "*"), ("*", "e"), ("S", "e"), ("T", "e"),
    }  # fmt: skip
    assert set(got.values()) == {1}
    assert {k[3] for k in got} == {D(2024, 1, 31)}


@pytest.mark.spark
def test_a_duplicate_found_later_takes_nothing_off_the_months_before(spark, tmp_path):
    """c2, received first, is found in April to be c1; in May it is withdrawn, and c1 counts again."""
    history = [
        ("c1", 1, D(2024, 2, 5), None, False, "human", "human"),
        ("c2", 1, D(2024, 1, 5), D(2024, 5, 2), False, "human", "human"),
        ("c2", 2, D(2024, 5, 2), None, True, "human", "human"),
    ]
    products = [("c1", 1, "suspect", ["S"]), ("c2", 1, "suspect", ["S"])]
    events = [("c1", 1, "e"), ("c2", 1, "e")]
    got = counted(
        platform_of(spark, tmp_path, history, products, events, [("c1", "c2", D(2024, 4, 9), "identifier", None)])
    )
    changes = {day: n for (species, substance, term, day), n in got.items() if (substance, term) == ("S", "e")}
    assert changes == {D(2024, 1, 31): 1, D(2024, 2, 29): 1, D(2024, 4, 30): -1}  # in May one goes, the other comes


@pytest.mark.spark
@pytest.mark.parametrize("cells_per_bucket", [20_000_000, 400])
def test_a_planted_pair_is_flagged_from_its_month_with_a_registered_prior(
    spark, tmp_path, monkeypatch, cells_per_bucket
):
    """In one task a population, and in several: buckets of substances change nothing but the grid of the fit."""
    monkeypatch.setattr("pipelines.defs.gold.disproportionality.shared.CELLS_PER_BUCKET", cells_per_bucket)
    history, products, events = [], [], []
    random = np.random.default_rng(3)
    popular = 1 / np.arange(1, 16)
    joint = np.outer(popular, popular) * random.gamma(0.7, 1 / 0.7, (15, 15))
    drawn = random.choice(225, size=1200, p=(joint / joint.sum()).ravel())
    for i, (substance, event) in enumerate(zip(*np.divmod(drawn, 15), strict=True)):
        key, month = f"c{i:04}", 1 + i % 4
        sex = ("male", "female")[i % 2]
        history.append((key, 1, D(2024, month, 10), None, False, "human", "human", sex, 70.0, "FR", None, None))
        products.append((key, 1, "suspect", [f"S{substance}"]))
        events.append((key, 1, f"e:{event}"))
        if month >= 3 and substance == 5:
            events.append((key, 1, "e:planted"))
    sizes = {"minimum_reports": 50, "minimum_subgroup_reports": 700}
    platform = platform_of(spark, tmp_path, history, products, events, **sizes)
    lake = platform.lake
    assert (lake.n_rows(PairChange.address()) > cells_per_bucket) == (cells_per_bucket == 400)
    priors = prior(lake, platform)
    lake.upsert(Prior, priors, {})
    signal(platform, {})
    rows = {(r["substance_key"], r["term_key"], r["month"]): r for r in lake["gold.signal"].collect()}
    planted = rows[("S5", "e:planted", D(2024, 4, 30))]
    assert (planted["substance_name"], planted["population"], planted["domain"]) == ("S5", "human", "human")
    assert planted["is_ic_signal"]
    assert planted["first_ic_month"] == D(2024, 3, 31)
    assert planted["a"] + planted["b"] + planted["c"] + planted["d"] == 1200
    assert planted["ebgm_likelihood"] == "zero_inclusive"
    assert planted["c"] == 0
    assert planted["ror"] is None
    assert "ror: c = 0" in planted["not_computed"]
    assert ("S5", "e:planted", D(2024, 2, 29)) not in rows
    assert {r["model_version"] for r in lake["gold.prior"].collect()} == {"1"}
    assert planted["is_ebgm_signal"]
    flagged = [k for k, r in rows.items() if r["is_latest"] and r["is_ebgm_signal"]]
    assert len(flagged) < 0.1 * len(rows)
    subgroup_signal(platform, {})
    parts = {r["population"]: r["ic"] for r in lake["gold.subgroup_signal"].filter("term_key = 'e:planted'").collect()}
    assert set(parts) == {"human:elderly", "human:female", "human:male", "human:france"}
    assert parts["human:male"] is None
    assert parts["human:elderly"] == parts["human:france"] == planted["ic"]
    small = Platform(load(**{**platform.settings.model_dump(), "minimum_reports": 5000, "signal_months": "latest"}))
    signal(small, {})
    unscored = lake["gold.signal"].collect()
    assert {(r["is_ic_signal"], r["is_latest"]) for r in unscored} == {(None, True)}
    assert "5,000 needed" in unscored[0]["not_computed"]


@pytest.mark.spark
def test_a_report_counts_once_in_a_group_and_groups_are_scored(spark, tmp_path):
    """Two statins in one report are one report of C10AA; a term without a hierarchy is in no class."""
    history, products, events = [], [], []
    for i in range(60):
        key = f"c{i:02}"
        history.append((key, 1, D(2024, 1, 10), None, False, "veterinary", "dog"))
        products.append((key, 1, "suspect", ["S1", "S2"] if i % 6 == 0 else ["S3"]))
        events += [(key, 1, term) for term in (("v:1", "v:2") if i % 6 == 0 else ("v:3",) if i % 2 else ("free",))]
    platform = platform_of(spark, tmp_path, history, products, events, minimum_reports=50)
    lake = platform.lake
    term = "term_key string, dictionary string, term_name string"
    term += "".join(f", {level}_code string, {level}_name string" for level in ("pt", "hlt", "soc"))
    rows = [(f"v:{i}", "veddra", f"t{i}", f"{i}", f"p{i}", "10", "h", "9", "Systemic") for i in (1, 2)]
    rows += [
        ("v:3", "veddra", "t3", "3", "p3", "30", "h3", "8", "Skin"),
        ("free", "preferred_term", "free", *[None] * 6),
    ]
    named = always(spark.createDataFrame(rows, term))
    atc = [("S1", "S1", ["C10AA01"], None), ("S2", "S2", ["C10AA02"], ["QC10AA02"]), ("S3", "S3", None, ["QJ01CA04"])]
    columns = "substance_key string, substance_name string, atc_codes array<string>, atcvet_codes array<string>"
    substances = always(spark.createDataFrame(atc, columns))
    given = {"silver.code": lake["silver.code"], "silver.term": named, "silver.substance": substances}
    levels = code_level(given)
    lake.upsert(CodeLevel, levels, {})
    assert {(r["level"], r["group_name"]) for r in levels.collect() if r["kind"] == "substance"} == {
        ("atc4", "C10AA"), ("atc2", "C10"), ("atc4", "J01CA"), ("atc2", "J01"),
    }  # fmt: skip
    named.write.format("delta").save(lake.path("silver.term"))
    substances.write.format("delta").save(lake.path("silver.substance"))
    bridged = [(term, f"event of {term}") for term in ("v:3", "free")]
    bridge = spark.createDataFrame(bridged, "term_key string, event_key string")
    bridge.write.format("delta").save(lake.path("silver.term_bridge"))
    level_signal(platform, {})
    found = {
        (r["substance_level"], r["term_level"], r["substance_name"], r["term_name"]): r
        for r in lake["gold.level_signal"].filter("population = 'veterinary'").collect()
    }
    assert found["substance", "soc", "S1", "Systemic"]["a"] == 10
    statins = found["atc4", "soc", "C10AA", "Systemic"]
    assert (statins["a"], statins["b"], statins["c"], statins["d"]) == (10, 0, 0, 50)
    assert statins["soc_name"] == "Systemic"
    assert statins["ic025"] > 0
    assert found["atc2", "soc", "J01", "Skin"]["a"] == 30
    assert found["atc4", "term", "J01CA", "free"]["a"] == 20
    assert found["atc4", "term", "J01CA", "free"]["event_key"] == "event of free"
    assert statins["event_key"] is None
    signal(platform, {})
    events = {r["term_key"]: r["event_key"] for r in lake["gold.signal"].collect()}
    assert events == {"v:1": None, "v:2": None, "v:3": "event of v:3", "free": "event of free"}
    assert ("substance", "pt", "S3", "free") not in found
