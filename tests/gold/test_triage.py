"""The list of a month: as long as the workload, each pair once, told exactly, blind to what comes later."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import duckdb
import numpy as np
import polars as pl
import pytest

from models.evaluation.combined import BINS, Gate, Seen, shares, shipped
from models.evaluation.features import FEATURES, features
from models.evaluation.known import walk
from models.evaluation.listing import Lists, counted, drift, slope
from pipelines.core.catalog import rules, steps
from pipelines.evaluate import listed
from pipelines.evaluate.lake import month_end, read
from pipelines.evaluate.listed import by_engine, lists, until
from pipelines.evaluate.rows import Model
from pipelines.lake.platform import Platform
from pipelines.settings import load
from tests.evaluate.small_lake import EVENTS, drawn, lake

MODEL = Model("default", "1")
WORKLOAD = 3


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return lake(tmp_path_factory.mktemp("lake"), drawn(4000))


@pytest.fixture(scope="module")
def reports(root):
    return read(str(root))


@pytest.fixture(scope="module")
def found(reports):
    one = shipped()
    return lists(reports, one, MODEL, WORKLOAD, one.gated)


def test_each_month_lists_as_many_new_pairs_as_are_reviewed(found, reports):
    rows = found[0]
    falls = pl.col("score").diff().fill_null(0) <= 0
    each = rows.group_by("agency", "month").agg(pl.len(), pl.col("rank").max(), falls.all().alias("falls"))
    assert each["len"].max() == WORKLOAD
    assert (each["len"] == each["rank"]).all()
    assert each["falls"].all()
    assert set(rows["agency"]) == {"ANSM", "ANSES"}
    assert not rows.select("domain", "substance_key", "term_key").is_duplicated().any()
    assert rows["n_new"].min() >= 1
    assert rows.filter("is_latest")["month"].unique().to_list() == [month_end(reports.months - 1, reports)]


def test_parts_sum_to_the_score_and_what_would_lower_it_does(found, reports):
    rows, one = found[0], shipped()
    for row in rows.iter_rows(named=True):
        parts = [float(part.split(" ")[1]) for part in row["parts"]]
        assert row["base"] + sum(parts) == pytest.approx(row["score"], abs=1e-6)
        assert row["chance"] == pytest.approx(1 / (1 + np.exp(-row["score"])))
        assert all(float(text.rsplit(": ", 1)[1]) <= 0 for text in row["would_lower"])
    last = rows.filter("is_latest", domain="human").row(0, named=True)
    sums = dict(walk({k: d.counted for k, d in reports.domains.items()}, [reports.months - 1]))["human"]
    s = reports.domains["human"].substances["key"].to_list().index(last["substance_key"])
    e = reports.domains["human"].events["key"].to_list().index(last["term_key"])
    x = features(sums)[(sums.substance == s) & (sums.event == e)]
    name, rest = last["would_lower"][0].split(" ", 1)
    x[0, FEATURES.index(name)] = dict(zip(one.line.names, one.line.mean, strict=True))[name]
    assert one.score(x)[0] - last["score"] == pytest.approx(float(rest.rsplit(": ", 1)[1]), abs=0.006)


@pytest.mark.parametrize("cut", [20, 33])
def test_what_comes_later_changes_no_earlier_list(found, reports, tmp_path, cut):
    given = drawn(4000)
    rows = [r for r in given if r["from"] <= cut]
    noise = [
        r | {"events": [(e + 5) % EVENTS for e in r["events"]], "serious": False} for r in given if r["from"] > cut
    ]
    for i, changed in enumerate((rows, [*rows, *noise, *(r | {"key": f"x{r['key']}"} for r in noise)])):
        one = shipped()
        then, _ = lists(read(str(lake(tmp_path / str(i), changed))), one, MODEL, WORKLOAD, one.gated)
        kept = [t.filter(pl.col("month") <= month_end(cut, reports)).drop("is_latest") for t in (then, found[0])]
        assert kept[0].height > 20
        assert kept[0].equals(kept[1])


def test_a_leak_would_be_seen(reports, tmp_path, monkeypatch):
    """Planted: a pair's reports of all times are among what it is scored by."""
    cut, one = 33, shipped()
    rows = [r for r in drawn(4000) if r["from"] <= cut]

    def leaking(given):
        whole = np.zeros((20, 20))
        counted_ = given.domains["human"].counted
        np.add.at(whole, (counted_.substance, counted_.event), counted_.sums[:, 0])

        def of(sums):
            x = features(sums)
            x[:, FEATURES.index("llr_best")] += whole[sums.substance, sums.event]
            return x

        monkeypatch.setattr(listed, "features", of)
        told, _ = lists(given, one, MODEL, WORKLOAD, one.gated)
        return told.filter(pl.col("month") <= month_end(cut, reports)).drop("is_latest")

    assert not leaking(read(str(lake(tmp_path / "lake", rows)))).equals(leaking(reports))


def test_the_gate_is_part_of_what_scores(reports):
    one = shipped()
    strict = replace(one, gate=Gate(fewest=5, least=-3.0))
    rows, _ = lists(reports, strict, MODEL, WORKLOAD, strict.gated)
    assert rows["n_reports"].min() >= 5
    assert rows["score"].min() >= -3.0
    x = np.zeros((3, len(FEATURES)))
    assert np.isnan(one.gated(np.array([1.0, 2.0, 3.0]), x)).tolist() == [True, False, False]


def test_a_list_takes_no_pair_twice_and_ties_go_to_more_reports():
    own = Lists(2)
    score, n, pair = np.array([1.0, np.nan, 3.0, 1.0]), np.array([2, 9, 2, 5]), np.array([10, 11, 12, 13])
    assert own.of_month(score, n, pair).tolist() == [2, 3]
    assert own.of_month(score, n, pair).tolist() == [0]


def test_drift_is_none_where_nothing_changed_and_large_where_it_did():
    random = np.random.default_rng(1)
    x = random.normal(size=(20_000, 3))
    seen = Seen.of(x, np.ones(20_000))
    assert shares(x, seen.bounds) == pytest.approx(np.full((3, BINS), 0.1), abs=1e-3)
    assert drift(counted(random.normal(size=(20_000, 3)), seen), seen).max() < 0.01
    moved = random.normal((0.0, 1.0, 5.0), size=(20_000, 3))
    found = drift(counted(moved, seen), seen)
    assert found[0] < 0.01 < 0.25 < found[1] < 5 < found[2]


def test_what_no_source_tells_does_not_drift(found):
    watched = found[1].filter(kind="drift")
    assert "share_narrative" not in watched["feature"].to_list()
    assert {"ic", "rise", "share_serious"} < set(watched["feature"])
    assert watched["value"].is_finite().all()


def test_a_slope_is_told_of_enough_and_is_one_where_scores_mean_what_they_say():
    random = np.random.default_rng(2)
    score = random.normal(-2, 1.5, 20_000)
    came = random.random(20_000) < 1 / (1 + np.exp(-score))
    assert slope(score, came) == pytest.approx(1, abs=0.1)
    assert slope(-score, came) < 0
    assert np.isnan(slope(score, np.arange(20_000) < 19))


def test_the_checks_say_their_bounds_and_see_what_is_wrong():
    own = {rule.name: rule for rule in rules() if rule.table in ("gold.triage", "gold.triage_monitor") and rule.sql}
    assert "between 0.8 and 1.2" in own["scores_mean_what_they_say"].says
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA gold")
    connection.execute(
        "CREATE TABLE gold.triage_monitor AS SELECT * FROM (VALUES ('drift', 'ic', 0.2), ('drift', 'rise', 0.3), "
        "('drift', 'peak', 9.0), ('calibration', 'score', -0.1)) v(kind, feature, value)"
    )
    connection.execute(
        "CREATE TABLE gold.triage AS SELECT * FROM (VALUES (1.0, ['ic +0.500000000', 'rise -0.250000000'], 1.25), "
        "(1.0, ['ic +0.5'], 1.50001), (2.0, [], 2.0)) v(base, parts, score)"
    )
    n = {name: len(connection.execute(rule.sql).fetchall()) for name, rule in own.items() if not rule.reads}
    assert n == {
        "parts_sum_to_score": 1,
        "features_are_as_in_training": 2,
        "features_are_the_same_quantities": 1,
        "scores_mean_what_they_say": 1,
        "scores_point_the_right_way": 1,
    }
    severe = {name for name, rule in own.items() if not rule.reads and rule.severity == "critical"}
    assert severe == {"parts_sum_to_score", "scores_point_the_right_way"}


def test_of_a_past_date_the_month_ends_there(found):
    day = dt.date(2018, 12, 11)
    assert until(found[0], day)["month"].max() == day
    assert until(found[0], None).equals(found[0])


@pytest.mark.spark
def test_the_engine_scores_the_same_and_the_steps_write_it_once(spark, root, tmp_path, reports, found):
    one = shipped()
    again, watched = lists(reports, one, MODEL, WORKLOAD, by_engine(spark, one))
    assert again.equals(found[0])
    assert watched.equals(found[1])
    given = {"tracking": f"sqlite:///{tmp_path / 'none.db'}", "landing": tmp_path, "reports": tmp_path}
    running = Platform(load(lake=root, triage_workload=WORKLOAD, **given))
    for name, rows in (("gold.triage", again), ("gold.triage_monitor", watched)):
        step = steps()[name]
        inputs = running.lake.versions(step.reads) | {k: told(running) for k, told in step.also.items()}
        assert step(running, inputs).n_rows == rows.height
        assert not step(running, inputs).changed
    kept = pl.DataFrame(running.lake.small("gold.triage", ["model_name", "rank"]))
    assert set(kept["model_name"]) == {"default"}
