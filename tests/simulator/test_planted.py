"""Families in the files of all sources: the example of CONTRIBUTING.md, whatever else a file may say, and the truth."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.simulator.world import World, build
from pipelines.simulator.years.families import DOMAINS, EVIDENCE, Family, load
from pipelines.simulator.years.history import years
from tests.evaluate.small import SMALL

ROOT = Path(__file__).parents[2]


@pytest.fixture
def example(tmp_path):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    file = tmp_path / "example.toml"
    file.write_text(re.findall(r"```toml\n(.*?)```", text, re.S)[0], encoding="utf-8")
    return file


def family(**given):
    return {"own": Family(**{"kind": "harm", "per_100_substances": 10, **given})}


def told(world: World, domain: str) -> pl.DataFrame:
    """Reports that tell a planted pair with its substance: case, its data, and the plant's number."""
    reporting, held = world.reporting[domain], world.products_of(domain).select("product_no", "substance_nos")
    named = reporting.products.filter(version=1).join(held, on="product_no").explode("substance_nos")
    named = named.rename({"substance_nos": "substance_no"}).select("case_no", "substance_no", "role", "batch")
    signals = reporting.signals.with_row_index("plant")
    found = reporting.events.filter(version=1).join(named, on="case_no").join(signals, on=["substance_no", "term_no"])
    return found.join(reporting.cases.filter(version=1), on="case_no")


def test_the_example_is_planted_by_both_commands(example, tmp_path):
    out = tmp_path / "landing"
    result = CliRunner().invoke(
        app, ["simulate", "--out", str(out), "--reports", "2000", "--seed", "3", "--families", str(example)]
    )
    assert result.exit_code == 0, result.output
    truth = pl.read_csv(out / "truth" / "signals.csv", try_parse_dates=True)
    assert set(truth["family"]) == {"new_excipient", "campaign"}
    assert set(truth["domain"]) == set(DOMAINS)
    campaign = truth.filter(family="campaign")
    assert (campaign["kind"] == "artefact").all()
    assert (truth.filter(family="new_excipient")["kind"] == "real").all()
    beside = tmp_path / "again.yaml"  # JSON is YAML: what stands beside the truth can be given again
    beside.write_text(json.dumps(json.loads((out / "truth" / "families.json").read_text())), encoding="utf-8")
    assert load(beside) == load(example)
    assert set(years(1, load(example), sizes=SMALL).truth["family"]) == {"new_excipient", "campaign"}


def test_a_wrong_file_is_one_sentence_and_writes_nothing(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("[families.one]\nkind = 'hoax'\n")
    result = CliRunner().invoke(app, ["simulate", "--out", str(tmp_path / "l"), "--families", str(file)])
    assert result.exit_code != 0
    assert "one" in str(result.exception) and "kind" in str(result.exception)
    assert not (tmp_path / "l").exists()


@pytest.mark.parametrize("domain", ["human", "veterinary", "cosmetic"])
def test_a_cluster_of_cases_names_its_batch_in_its_months(domain):
    world = build(
        6_000, 1, families=family(reports=6, lasting_months=2, batch=1.0, strength=1.5, evidence={"serious": 0.99})
    )
    found = told(world, domain)
    planted = world.reporting[domain].signals
    assert planted.height
    assert (planted["kind"] == "batch").all()
    in_time = found.filter(pl.format("batch {}", "batch") == pl.col("note"))
    by_plant = in_time.filter(pl.col("received_date") >= pl.col("start_month")).group_by("plant").len()
    assert by_plant.height == planted.height
    assert (by_plant["len"] >= 6).all()
    assert in_time["outcome"].is_not_null().mean() > 0.9


def test_marks_of_a_family_are_in_the_reports():
    marks = {"consumer": 0.95, "serious": 0.05, "onset_known": 0.97, "copy": 0.5}
    world = build(
        20_000, 2, families=family(strength=90, region=0.9, subgroup=0.9, per_100_substances=20, evidence=marks)
    )
    found = told(world, "human").filter(pl.col("received_date") >= pl.col("start_month"))
    every = world.human.cases.filter(version=1)
    assert found.filter(pl.col("duplicate_of").is_null()).height > 500
    assert found["outcome"].is_not_null().mean() < 0.35 < every["outcome"].is_not_null().mean()
    assert (found["reporter"] == "consumer").mean() > 0.8
    assert found["onset_date"].is_not_null().mean() > 0.9
    assert found["duplicate_of"].is_not_null().mean() > 0.15 > every["duplicate_of"].is_not_null().mean()
    by_country = found.drop_nulls("country").group_by("plant", "country").len()
    main = by_country.group_by("plant").agg(pl.col("len").max() / pl.col("len").sum())
    assert main["len"].mean() > 0.8


def test_a_launched_product_is_not_reported_before_and_a_partner_may_be_the_suspect():
    world = build(20_000, 2, families=family(products="new", onset="launch", strength=20, **{"class": {"chance": 0}}))
    found = told(world, "human")
    assert found.height > 50
    assert (found["received_date"] >= found["start_month"]).all()
    shifted = build(
        20_000, 2, families={"own": Family(kind="artefact", strength=60, evidence={"partner": 0.9, "suspect": 0.2})}
    )
    assert (told(shifted, "human")["role"] == "C").mean() > 0.2


def test_without_signals_artefacts_of_the_file_remain():
    both = family() | {"other": Family(kind="artefact", strength=4)}
    signals = build(2_000, 1, null=True, families=both).human.signals
    assert set(signals["family"]) == {"other"}


SPREADS = st.one_of(st.floats(0.5, 90), st.builds(lambda low: {"low": low, "high": 2 * low}, st.floats(0.6, 40)))


@settings(max_examples=10, deadline=None)
@given(
    kind=st.sampled_from(["harm", "artefact"]),
    products=st.sampled_from(["any", "new", "established", "scarce"]),
    events=st.sampled_from(["any", "rare"]),
    onset=st.sampled_from(["any", "launch"]),
    use=st.sampled_from(["none", "fall", "surge", "switch"]),
    strength=SPREADS,
    lasting_months=st.integers(1, 60),
    rise_months=st.integers(0, 24),
    reports=st.one_of(st.none(), st.floats(1, 900)),
    share=st.floats(0, 0.99),
    per=st.floats(0.1, 30),
    evidence=st.dictionaries(st.sampled_from(list(EVIDENCE)), st.floats(0.01, 0.99), max_size=5),
    seed=st.integers(0, 1000),
)
def test_any_family_that_a_file_may_say_is_planted_and_the_country_coheres(share, per, seed, **given):
    families = {
        "own": Family(**given, per_100_substances=per, subgroup=share, region=share, batch=share, masking=share)
    }
    world = build(500, seed, families=families)
    for reporting in world.reporting.values():
        keys = reporting.cases.select("case_no", "version")
        assert keys.is_unique().all()
        for children in (reporting.products, reporting.events):
            assert children.join(keys, on=["case_no", "version"], how="anti").is_empty()
            assert keys.join(children, on=["case_no", "version"], how="anti").is_empty()
        assert reporting.signals.select("substance_no", "term_no").is_unique().all()
        assert (reporting.cases["received_date"] >= reporting.cases["onset_date"]).all()
