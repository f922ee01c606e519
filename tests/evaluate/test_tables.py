"""Tables of the evaluation: the reference as it stands in a lake judges as the file does; without one they are empty."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from models.evaluation.burden import MATCHED, MULTIPLES
from models.evaluation.combined import Combined, shipped
from models.evaluation.methods import STATISTICS
from pipelines.core.catalog import steps
from pipelines.evaluate import decided, standing
from pipelines.evaluate.lake import read
from pipelines.evaluate.panel import Standing
from pipelines.evaluate.reference import read as read_reference
from pipelines.evaluate.referenced import judged, run
from pipelines.evaluate.resolve import resolve
from pipelines.evaluate.rows import known_by, reference_rows, stored
from pipelines.evaluate.run import EvaluationError
from pipelines.lake.platform import Platform
from pipelines.settings import load
from tests.evaluate.small_lake import drawn, lake

TABLES = ("reference", "split", "alert", "league")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    rows = [r for r in drawn() if r["domain"] == "human" or r["from"] > 44]
    return lake(tmp_path_factory.mktemp("lake"), rows)


@pytest.fixture
def dated(tmp_path):
    rows = [f"Substance {i:02},event {i:02},1,2018-{6 + i % 6:02}" for i in range(12)]
    rows += ["SUBSTANCE 00,Event 09,0,", "SUBSTANCE 01,Event 10,0,2017", "Nobody,Event 00,1,2018"]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(["substance,event,label,date", *rows]) + "\n")
    return file


def platform(root, tmp_path, **given):
    given = {"landing": tmp_path / "landing", "tracking": f"sqlite:///{tmp_path / 'none.db'}", **given}
    return Platform(load(lake=root, reports=tmp_path / "reports", **given))


def made(running):
    """The tables, each made by its step, as their rows stand in the lake."""
    found = {}
    for name in TABLES:
        step = steps()[f"evaluation.{name}"]
        inputs = running.lake.versions(step.reads) | {k: told(running) for k, told in step.also.items()}
        step(running, inputs)
        again = step(running, inputs)
        assert not again.changed
        found[name] = pl.DataFrame(running.lake.small(step.address, list(step.table.columns)))
    return found


def test_the_tables_are_made_and_made_again_the_same(root, tmp_path, dated):
    found = made(platform(root, tmp_path, reference=dated))
    reference = found["reference"].filter(match=0)
    assert reference["row"].unique().sort().to_list() == list(range(1, 16))
    true = reference.filter(pl.col("place") > 0, label="true")
    assert true["first_public"].min() == dt.date(2018, 6, 1)
    assert true.filter(domain="human").height == 12
    lost = reference.filter(place=0).row(0, named=True)
    assert (lost["state"], lost["domain"], lost["substance_name"]) == ("its substance is in no report", None, "Nobody")
    assert set(reference.filter(row=14)["basis"]) == {"soft"}
    near = found["reference"].filter(basis="matched")
    assert near.group_by("matched_set").len()["len"].max() == MATCHED
    assert set(near["matched_set"]) <= set(true["matched_set"])
    assert not near.join(true, on=["domain", "substance_key", "term_key"]).height
    split = found["split"]
    assert 0 < split.filter(half=1).height < split.height
    assert (split["trained_until"] < split["judged_from"]).all()
    alert = found["alert"]
    assert set(alert["burden"]) <= set(MULTIPLES)
    assert set(alert["model_name"]) == {"default"}
    assert alert.filter(method="combined").drop_nulls("why").height
    each = alert.group_by("method", "burden", "domain", "substance_key", "term_key").len()
    assert each["len"].max() == 1
    base = alert.filter(method="combined", burden=1.0, domain="human")
    told = found["league"].filter(method="combined", domain="human", stratum="all", metric="ppv", against="none")
    assert told.height == len(MULTIPLES)
    assert told.sort("burden_k")["value"][1] == pytest.approx(base["is_true"].mean())
    assert set(STATISTICS) < set(found["league"]["method"])


def test_what_stands_in_the_lake_judges_as_the_file_does(root, dated):
    reports, pairs = read(str(root)), read_reference(dated)
    resolved = resolve(str(root), reports, pairs)
    rows = reference_rows("mine.csv", pairs, resolved, reports)
    _, kept, again = stored(rows, reports)
    assert kept.has_dates
    for name, labels in resolved.labels.items():
        assert (again.labels[name].label == labels.label).all()
        assert (again.labels[name].public_from == labels.public_from).all()
    assert (again.n_pairs, again.n_found, again.coverage) == (resolved.n_pairs, resolved.n_found, resolved.coverage)
    one, two = (judged(reports, p, r, Standing(shipped()), 20, print) for p, r in ((pairs, resolved), (kept, again)))
    assert one.league.equals(two.league)
    assert one.alerts.equals(two.alerts)


@pytest.mark.slow
def test_the_command_judges_by_what_stands_in_the_lake(root, tmp_path, dated):
    from tests.evaluate.test_reference import fitted

    running = platform(root, tmp_path, reference=dated)
    step = steps()["evaluation.reference"]
    step(running, {"reference": standing.content_of_reference(running)})
    found = [run(str(root), given, fitted(), tmp_path / str(i), 20, {}) for i, given in enumerate((dated, None))]
    assert found[0].league.equals(found[1].league)
    assert found[0].alerts.equals(found[1].alerts)
    assert found[0].resolved.coverage == found[1].resolved.coverage


def decisions(rows):
    """Rows of `ops.decision`, one a day from 2018-06-01 on: population, substance, event, verdict."""
    names = ("population", "substance_key", "term_key", "verdict")
    days = [dt.date(2018, 6, 1) + dt.timedelta(31 * i) for i in range(len(rows))]
    given = [
        {**dict(zip(names, row, strict=True)), "decision_id": i, "decided_on": day, "domain": row[0].split(":")[0]}
        for i, (row, day) in enumerate(zip(rows, days, strict=True), 1)
    ]
    return pl.DataFrame(given).with_columns(substance_name=pl.lit(None, pl.String), term_name=pl.lit("An event"))


def test_a_decision_is_a_label_since_the_day_on_which_it_was_first_made():
    told = decisions(
        [
            ("human", "s1", "t", "validated"),
            ("human", "s1", "t", "escalated"),  # still true, since the first
            ("human", "s2", "t", "validated"),
            ("human", "s2", "t", "refuted"),  # no longer
            ("human", "s3", "t", "monitor"),
            ("veterinary:dog", "s4", "t", "refuted"),
            ("veterinary", "s4", "t", "validated"),  # the whole counts
            ("veterinary:cat", "s4", "t", "refuted"),
        ]
    )
    found = {
        r["substance_key"]: (r["label"], r["since"], r["substance_name"]) for r in decided.standing(told).to_dicts()
    }
    days = told["decided_on"].to_list()
    assert found == {
        "s1": (1, days[0], "s1"),
        "s2": (0, days[3], "s2"),
        "s3": (-1, days[4], "s3"),
        "s4": (1, days[6], "s4"),
    }
    then = decided.standing(told, days[2])
    assert {r["substance_key"]: r["label"] for r in then.to_dicts()} == {"s1": 1, "s2": 1}
    assert decided.standing(told.clear()).is_empty()


def test_decisions_stand_in_the_reference_and_judge_where_there_is_no_other(root, dated):
    reports, pairs = read(str(root)), read_reference(dated)
    substances, events = (list(getattr(reports.domains["human"], c)["key"]) for c in ("substances", "events"))
    told = [("human", s, e, "validated") for s, e in zip(substances[:5], events[:5], strict=True)]
    told += [("human", substances[0], events[6], "refuted"), ("human", "nothing", events[0], "validated")]
    known, resolved = decided.reference(decided.standing(decisions(told)), reports)
    rows = reference_rows(decided.SOURCE, known, resolved, reports)
    own = rows.filter(match=0)
    assert own.group_by("label").len().sort("label").rows() == [("false", 1), ("true", 6)]
    assert set(own["basis"]) == {"decided"}
    assert own.filter(place=0)["state"].to_list() == [decided.ABSENT]
    assert own.filter(label="true", place=1)["first_public"].min() == dt.date(2018, 6, 1)
    name, kept, again = stored(rows, reports)
    assert (name, kept.has_dates, again.n_found) == ("decisions", True, 6)
    assert (again.labels["human"].label == resolved.labels["human"].label).all()
    of_file = reference_rows("mine.csv", pairs, resolve(str(root), reports, pairs), reports)
    name, _, beside = stored(pl.concat([of_file, rows], how="diagonal"), reports)
    assert (name, beside.n_pairs) == ("mine.csv", stored(of_file, reports)[2].n_pairs)


def test_of_a_past_date_only_what_was_public_then_is_known(dated):
    pairs = read_reference(dated)
    then = known_by(pairs, dt.date(2018, 8, 31))
    assert then.rows.filter(label=1)["month"].max() == 8
    assert then.rows.filter(label=0).height == 1
    assert known_by(pairs, None).rows.equals(pairs.rows)


def test_the_truth_of_a_simulated_country_is_taken_where_nothing_is_set(root, tmp_path):
    truth = tmp_path / "landing" / "truth"
    truth.mkdir(parents=True)
    lines = ["domain,substance,unii,event,start_month,strength,kind,note,family,end_month"]
    lines += [f"human,SUBSTANCE {i:02},,Event {i:02},2015-02-01,4,real,,launch," for i in range(11)]
    lines += ["human,SUBSTANCE 01,,Event 05,2015-02-01,4,artefact,,wave,"]
    (truth / "signals.csv").write_text("\n".join(lines) + "\n")
    found = made(platform(root, tmp_path))
    reference = found["reference"].filter(match=0)
    assert set(reference["source"]) == {"simulated truth"}
    assert reference["label"].to_list() == ["true"] * 11 + ["false"]
    assert reference["opened"].unique().to_list() == [dt.date(2015, 2, 1)]
    assert set(reference["family"]) == {"launch", "wave"}
    assert found["alert"]["month"].n_unique() == 1
    assert "lead_months" not in set(found["league"]["metric"])


def test_without_a_reference_the_tables_are_empty_and_that_is_said(root, tmp_path, caplog):
    caplog.set_level("INFO", "gerland")
    found = made(platform(root, tmp_path))
    assert {name: rows.is_empty() for name, rows in found.items()} == dict.fromkeys(TABLES, True) | {"split": False}
    assert standing.NO_REFERENCE in caplog.text


def test_a_reference_that_is_not_there_is_told_by_its_setting(root, tmp_path):
    running = platform(root, tmp_path, reference=tmp_path / "none.csv")
    with pytest.raises(EvaluationError, match="setting 'reference'"):
        standing.content_of_reference(running)


def test_the_default_is_read_as_it_was_written():
    one = shipped()
    assert isinstance(one, Combined)
    assert one.trees is None
    assert one.version == shipped().version
    assert one.seen is not None
    assert one.seen.shares.sum(axis=1) == pytest.approx(1, abs=1e-6)
