"""`gerland evaluate` on small countries: files, columns, seeds, the null, and one sentence for what is wrong."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from scipy.stats import poisson
from typer.testing import CliRunner

from models.evaluation.features import FEATURES
from models.evaluation.league import METRICS
from models.evaluation.methods import METHODS, Examples
from models.evaluation.metrics import auc
from models.evaluation.shuffled import areas
from models.evaluation.triage import train
from pipelines.cli import app
from pipelines.evaluate.command import summary
from pipelines.evaluate.page import waiting, write
from pipelines.evaluate.run import EvaluationError, allowed, disjoint, evaluate, quiet_countries, seeds
from pipelines.evaluate.worlds import training_examples
from pipelines.simulator.years.families import load
from tests.evaluate.small import SMALL

COLUMNS = ["method", "domain", "family", "stratum", "burden_k", "ppv_ceiling", "n_truths"]
COLUMNS += [m + end for m in METRICS for end in ("", "_low", "_high")]
COLUMNS += [f"{m}_minus_{r}{end}" for r in ("ic025", "eb05") for m in METRICS for end in ("", "_low", "_high")]


@pytest.fixture(scope="module")
def found():
    families = load()
    return evaluate(families, families, [901], [1, 2], processes=1, bootstrap=20, sizes=SMALL)


def test_the_league_has_its_columns_and_every_method(found):
    league = found.league
    assert league.columns == COLUMNS
    assert set(league["method"]) == set(METHODS)
    assert set(league["domain"]) == {"all", "human", "veterinary", "cosmetic"}
    one = league.filter(domain="all", family="all", stratum="all", method="combined").sort("burden_k")
    assert one.height == 4
    assert one["burden_k"].to_list() == pytest.approx([one["burden_k"][1] * x for x in (0.5, 1, 2, 4)])
    assert one["ppv_ceiling"].to_list() == pytest.approx([1.0, 0.5, 0.25, 0.125])
    assert (one["ppv"] <= one["ppv_ceiling"] + 1e-9).all()
    assert (one["auc_low"] <= one["auc"]).all()
    assert (one["auc"] <= one["auc_high"]).all()
    assert (league.filter(method="ic025")["auc_minus_ic025"].drop_nulls() == 0).all()


def test_alerts_are_equal_and_agree_with_the_league(found):
    base = found.alerts.filter(burden=1.0)
    sizes = base.group_by("seed", "domain", "method").len()
    assert sizes.group_by("seed", "domain").agg(pl.col("len").n_unique())["len"].max() == 1
    assert found.alerts.select("seed", "domain", "method", "burden", "substance", "event").is_duplicated().sum() == 0
    truth = found.truth.select("seed", "domain", "substance", "event", "is_true", "onset", "recognised")
    joined = base.join(truth, on=["seed", "domain", "substance", "event"], how="left", suffix="_said")
    said = joined["is_true_said"].fill_null(False) & (joined["onset"] <= joined["month"]).fill_null(False)
    assert (joined["is_true"] == said).all()
    assert not joined.filter((pl.col("recognised") >= 0) & (pl.col("recognised") <= pl.col("month"))).height
    of = base.filter(method="combined")
    row = (
        found.league.filter(domain="all", family="all", stratum="all", method="combined")
        .sort("burden_k")
        .row(1, named=True)
    )
    assert row["ppv"] == pytest.approx(of["is_true"].mean())
    hits = joined.filter(method="combined", is_true=True)
    left = pl.when(hits["recognised"] >= 0).then(hits["recognised"]).otherwise(60)
    lead = hits.select((left - pl.col("month")).sum()).item()
    assert row["lead_months"] == pytest.approx(lead / row["n_truths"])
    assert all(re.match(r"\w+ \+\d", why) for why in of["why"] if why)
    assert all(re.match(r"\w+ -\d", against) for against in of["against"] if against)
    assert of["why"].str.len_chars().min() > 0
    shares = next(row["shares"] for row in waiting(found) if row["method"] == "combined")
    assert 0 < shares[-1] < 1
    assert shares == sorted(shares)


def test_files_and_page(found, tmp_path):
    write(found, tmp_path, {"Judged on seeds": "901-902"})
    assert pl.read_csv(tmp_path / "league.csv", infer_schema_length=None).columns == COLUMNS
    assert pl.read_parquet(tmp_path / "alerts.parquet").height == found.alerts.height
    page = (tmp_path / "page.html").read_text()
    assert "901-902" in page
    assert "Losses" in page
    assert page.count("data:image/png;base64,") == 2
    assert not re.search(r"(src|href)=\"(?!data:)", page)


@pytest.mark.slow
def test_the_same_seeds_give_the_same_league(found):
    families = load()
    again = evaluate(families, families, [901], [1, 2], processes=2, bootstrap=20, sizes=SMALL)
    assert again.league.equals(found.league)


@pytest.mark.slow
def test_without_signals_only_false_alerts_are_told(tmp_path):
    families = load()
    found = evaluate(families, families, [901], [1, 2], null=True, processes=1, bootstrap=20, sizes=SMALL)
    assert found.league["n_truths"].sum() == 0
    rates = found.false_alerts
    assert set(rates["method"]) == set(METHODS)
    assert (rates["measured_low"] <= rates["measured_a_month"]).all()
    write(found, tmp_path, {})
    assert found.shuffled["auc"].is_between(0.3, 0.7).all()
    page = (tmp_path / "page.html").read_text()
    assert "Countries without signals" in page
    assert "Labels at random" in page
    assert len(summary(found)) == 2


def test_thresholds_are_learned_where_nothing_was_trained_or_judged():
    assert quiet_countries([1, 2, 400_001], [400_003]) == [400_002, 400_004, 400_005]
    assert len(quiet_countries(range(50), [901])) == 12
    assert poisson.cdf(allowed(48), 48) <= 0.05 < poisson.cdf(allowed(48) + 1, 48)


@pytest.mark.slow
def test_labels_at_random_teach_nothing():
    """The bounds of 0.47 to 0.53 hold at full size; here a few dozen true rows judge."""
    families = load()
    given = Examples.joined([training_examples(seed, families, SMALL) for seed in (1, 2, 3)])
    judged = training_examples(901, families, SMALL)
    x, is_true = judged.rows.x, judged.rows.label == 1
    told = train(given.valued()).score(x)
    assert auc(told, is_true) > 0.7
    for found in areas(given, judged).values():
        at_random, true = found.mean(axis=0)
        assert 0.42 < at_random < 0.58
        assert 0.35 < true < 0.65


@pytest.mark.slow
def test_a_family_left_out_of_training_is_still_found():
    """Four families that no model saw: judged on a country of theirs alone, triage is no worse than IC025."""
    families = load()
    left = {"class", "late_onset", "species", "neighbour"}
    seen = {name: one for name, one in families.items() if name not in left}
    given = Examples.joined([training_examples(seed, seen, SMALL) for seed in (1, 2, 3)])
    alone = {name: one for name, one in families.items() if name in left or not one.is_harm}
    judged = [training_examples(seed, alone, SMALL).rows for seed in (901, 902)]
    x, is_true = np.concatenate([r.x for r in judged]), np.concatenate([r.label for r in judged]) == 1
    assert auc(train(given.valued()).score(x), is_true) >= auc(x[:, FEATURES.index("ic025")], is_true)


def test_seeds():
    assert seeds("3,5-7") == [3, 5, 6, 7]
    for wrong in ("", "a", "5-", "7-3", "-3"):
        with pytest.raises(EvaluationError):
            seeds(wrong)
    with pytest.raises(EvaluationError, match="12"):
        disjoint([1, 12], [12, 13])


@pytest.mark.parametrize("words", [["--seeds", "5-9", "--training", "9"], ["--leave-out", "telepathy"]])
def test_what_is_wrong_is_said_before_any_work(tmp_path, words):
    done = CliRunner().invoke(app, ["evaluate", "--out", str(tmp_path / "out"), *words])
    assert isinstance(done.exception, EvaluationError)
    assert not (tmp_path / "out").exists()


def test_a_family_file_that_is_wrong_is_told(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("[families.x]\nkind = 1\n")
    done = CliRunner().invoke(app, ["evaluate", "--out", str(tmp_path / "out"), "--families", str(file)])
    assert "'x'" in str(done.exception)
