"""The simulated country: the same for a seed, coherent with its own truth."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.simulator.products import cip13, gtin
from pipelines.simulator.reporting import CHANNELS
from pipelines.simulator.world import build, write_truth
from pipelines.simulator.write import simulate


def digest(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        simulate(tmp_path / name, 600, seed, lambda _: None)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert digest(tmp_path / "a") != digest(tmp_path / "c")
    assert {p.name for p in (tmp_path / "a").iterdir()} == {
        "access_register", "anmv", "anmv_sales", "atc_ddd", "bdpm", "bnpv", "caers", "calypsovet", "canada_shortages", "case_listing",
        "cima_changes", "e2b", "ears", "ecdc_atlas", "ema_outputs", "emission_parameters", "esvac", "eudragmdp", "evvet", "faers", "fda_bimo", "fda_compliance",
        "fda_recalls", "gl42", "gmo_register", "jiacra", "meddra", "medic_am", "naiades", "nutrivigilance", "omop", "open_medic", "open_phmev", "openfda", "population", "prac_signals",
        "quality_register", "retroced_am", "snds", "spares", "sue", "tattoo", "tfda_recalls", "truth", "unii", "veddra",
    }  # fmt: skip


@pytest.mark.parametrize("domain", ["human", "veterinary"])
def test_planted_signals_are_in_excess_from_their_month_on_and_not_before(domain):
    world = build(20_000, 1)
    reporting, products = getattr(world, domain), getattr(world, f"{domain}_products")
    substance = products.select("product_no", pl.col("substance_nos").list.first().alias("substance_no"))
    first = reporting.cases.filter((pl.col("version") == 1) & pl.col("duplicate_of").is_null())
    cases = first.select("case_no", "received_date")
    suspects = reporting.products.filter(pl.col("role") == "PS").join(substance, on="product_no")
    pairs = (
        reporting.events.filter(pl.col("version") == 1)
        .join(suspects, on=["case_no", "version"])
        .join(cases, on="case_no")
    )
    strong = reporting.signals.filter((pl.col("kind") == "real") & (pl.col("strength") >= 13))
    for row in strong.iter_rows(named=True):
        mine = pairs.filter(pl.col("substance_no") == row["substance_no"])
        by_phase = mine.group_by(late=pl.col("received_date") >= row["start_month"]).agg(
            share=(pl.col("term_no") == row["term_no"]).mean()
        )
        share = dict(by_phase.iter_rows())
        assert share[True] > 2 * max(share.get(False, 0.0), 0.004)


def test_every_report_reaches_one_source_and_a_source_never_meets_a_number_twice():
    world = build(6_000, 2)
    for domain, channels in CHANNELS.items():
        whole = world.reporting[domain]
        parts = [world.through(channel, domain) for channel in channels]
        assert sum(part.cases.height for part in parts) == whole.cases.height
        for part in parts:
            assert part.cases.filter(version=1)["worldwide_no"].is_unique().all()


def test_clusters_batches_and_pairs_of_substances_stand_in_the_reports():
    world = build(20_000, 1)
    planted = {r["kind"]: (d, r) for d, w in world.reporting.items() for r in w.signals.iter_rows(named=True)}
    assert {"real", "artefact", "batch", "cluster", "interaction"} == set(planted)
    domain, cluster = planted["cluster"]
    batch = cluster["note"].removeprefix("batch ")
    told = world.reporting[domain]
    held = told.products.filter(pl.col("batch") == batch, pl.col("version") == 1).select("case_no")
    hit = told.events.filter(pl.col("term_no") == cluster["term_no"], pl.col("version") == 1)
    assert held.join(hit, on="case_no", how="semi").height >= 4


@settings(max_examples=5)
@given(st.integers(0, 10_000))
def test_any_seed_gives_a_coherent_world(seed):
    world = build(400, seed)
    for domain, reporting in world.reporting.items():
        products = world.products_of(domain)
        keys = reporting.cases.select("case_no", "version")
        assert keys.is_unique().all()
        for children in (reporting.products, reporting.events):
            assert children.join(keys, on=["case_no", "version"], how="anti").is_empty()
        assert set(reporting.products["product_no"]) <= set(products["product_no"])
        assert (reporting.cases["received_date"] >= reporting.cases["first_received_date"]).all()


@given(st.integers(0, 9_999_999))
def test_codes_carry_their_check_digit(number):
    for code in (cip13(number), gtin(number)):
        digits = [int(d) for d in code[-13:]]
        assert sum(d * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10 == 0


def test_a_country_without_signals_plants_nothing(tmp_path):
    world = build(400, 3, null=True)
    assert all(reporting.signals.is_empty() for reporting in world.reporting.values())
    write_truth(world, tmp_path)
    told = pl.read_csv(tmp_path / "truth" / "signals.csv")
    assert told.is_empty()
    columns = ["domain", "substance", "unii", "event", "start_month", "strength", "kind", "note", "family", "end_month"]
    assert told.columns == columns
    assert pl.read_csv(tmp_path / "truth" / "duplicates.csv").height > 0
