"""Files on genetically modified organisms: days in each step, what is refused, what is due, who sees what."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rates.share import exact_share
from pipelines.defs.gold.gmo_follow_up import followed as f
from pipelines.defs.gold.gmo_follow_up.build import gmo_follow_up
from pipelines.defs.gold.gmo_follow_up.tables import GmoFollowUp
from pipelines.defs.gold.gmo_procedure_delay import delays as d
from pipelines.defs.gold.gmo_procedure_delay.build import gmo_procedure_delay
from pipelines.defs.gold.gmo_procedure_delay.tables import GmoProcedureDelay
from pipelines.defs.silver.access.tables import AccessAuthorisation, AccessPatient, FollowUpVisit
from pipelines.defs.silver.gmo.tables import GmoProcedure, GmoSite, GmoStep, SheddingSample
from pipelines.defs.silver.register_state.tables import RegisterState
from pipelines.report import gmo
from tests.rows import frame
from workbench.policy import ROLES, Policy

D = dt.date
NAMES = ("filed", "complete", "sent", "opinion", "decision")
DECIDED = dict(zip(NAMES, (D(2023, 1, 10), D(2023, 2, 1), D(2023, 2, 3), D(2023, 3, 30), D(2023, 4, 20)), strict=True))
LASTING = dict(zip(NAMES, (D(2024, 4, 2), D(2024, 5, 10), D(2024, 5, 16)), strict=False))
FIRST, LAST = D(2024, 1, 31), D(2024, 6, 30)
SHOWN = {"source": "s", "valid_from": FIRST, "is_current": True}


def step_rows(key: str, days: dict[str, dt.date]) -> list[dict]:
    told = {"gmo_key": key, "agency": "ANSM"}
    return [
        SHOWN | told | {"step": name, "step_date": day} | ({"agency": "ANSES"} if name == "sent" else {})
        for name, day in days.items()
    ]


def states(*registers: str) -> list[dict]:
    return [{"source": "s", "register": name, "stated_date": day} for name in registers for day in (FIRST, LAST)]


def file_row(key: str, **more) -> dict:
    said = {"gmo_key": key, "number_printed": key, "domain": "human", "agency": "ANSM", "procedure": "release"}
    return SHOWN | said | {"product_name": "GT 101"} | more


def test_days_of_steps_are_those_worked_by_hand_and_an_open_one_is_censored():
    done = {s.step: s for s in d.walked(DECIDED, LAST)}
    assert [done[name].days for name in NAMES] == [22, 2, 55, 21, None]
    assert not any(s.is_censored or s.refused for s in done.values())
    open_ = d.walked(LASTING, LAST)[-1]
    assert (open_.step, open_.days, open_.is_open, open_.is_censored) == ("sent", 45, True, True)


def test_a_step_out_of_order_is_refused_with_its_reason_and_nothing_is_made_of_it():
    wrong = DECIDED | {"opinion": D(2023, 1, 30)}
    told = {s.step: s for s in d.walked(wrong, LAST)}
    assert told["opinion"].refused == "dated before the step that it follows, sent"
    assert (told["sent"].days, told["sent"].refused) == (None, "the step after it was refused, opinion")
    assert (told["filed"].days, told["complete"].days) == (22, 2)
    lacking = {name: day for name, day in DECIDED.items() if name != "sent"}
    assert d.walked(lacking, LAST)[1].refused == "the step after it is not told, sent"
    contained = {name: DECIDED[name] for name in ("filed", "complete", "decision")}
    assert [s.days for s in d.walked(contained, LAST, "contained")] == [22, 78, None]
    back = {**LASTING, "withdrawn": D(2024, 6, 1)}
    taken = {s.step: s for s in d.walked(back, LAST)}
    assert (taken["sent"].days, taken["sent"].is_open, taken["sent"].is_censored) == (16, False, True)


@given(st.dictionaries(st.sampled_from(d.ORDER), st.dates(D(2020, 1, 1), LAST)))
def test_whatever_the_dates_no_stretch_is_negative_and_each_step_stands_once(days):
    told = d.walked(days, LAST)
    assert sorted(s.step for s in told) == sorted(days)
    assert all(s.days is None or s.days >= 0 for s in told)
    assert all(s.days is None or s.refused is None for s in told)
    assert sum(s.is_open for s in told) <= 1


@pytest.mark.spark
def test_two_files_at_both_agencies_as_known_at_each_month_end(spark):
    steps = step_rows("B/FR/24/07", DECIDED) + step_rows("B/FR/24/08", LASTING)
    steps += step_rows("B/FR/24/09", {"filed": D(2024, 3, 1), "complete": D(2024, 2, 1)})
    given_ = {
        GmoProcedure: [file_row(f"B/FR/24/0{i}") for i in (7, 8, 9)],
        GmoStep: steps,
        RegisterState: states("files", "steps"),
    }
    told = gmo_procedure_delay({t.address(): frame(spark, t, rows) for t, rows in given_.items()})
    assert told.columns == list(GmoProcedureDelay.columns)
    found = {(r["gmo_key"][-1], r["step"], r["month"]): r for r in told.collect()}
    assert [found["7", name, LAST]["days"] for name in NAMES] == [22, 2, 55, 21, None]
    assert {found["7", name, LAST]["total_days"] for name in NAMES} == {100}
    at_anses = found["8", "sent", LAST]
    assert (at_anses["days"], at_anses["is_open"], at_anses["lies_with"], at_anses["total_days"]) == (
        *(45, True, "ANSES"),
        None,
    )
    assert (at_anses["n_files"], at_anses["n_ended"], at_anses["median_days"]) == (2, 1, 55.0)
    assert found["9", "complete", LAST]["refused"] == "dated before the step that it follows, filed"
    before = found["7", "sent", D(2023, 2, 28)]
    assert (before["days"], before["is_open"], before["median_days"]) == (25, True, None)
    assert ("7", "opinion", D(2023, 2, 28)) not in found, "nothing is known before its day"


def follow(taken: int, due: int, positive: int, **more) -> dict[str, list[dict]]:
    samples = [
        SHOWN | {"gmo_key": "B/FR/24/07", "sample_id": f"s{i}", "patient": f"p{i % 14}", "due_date": D(2024, 5, 1)}
        | ({"taken_date": D(2024, 5, 3), "result": "positive" if i < positive else "negative"} if i < taken else {})
        for i in range(due)
    ]  # fmt: skip
    decision = {"decision_id": "AAP-1", "gmo_key": "B/FR/24/07", "start_date": D(2024, 4, 25), "state": "granted"}
    people = [
        SHOWN | {"decision_id": "AAP-1", "patient": f"p{i}", "start_date": D(2024, 4, 26), "vital_state": "treated"}
        for i in range(14)
    ]
    return {
        "files": [file_row("B/FR/24/07")], "steps": step_rows("B/FR/24/07", DECIDED | more),
        "sites": [SHOWN | {"gmo_key": "B/FR/24/07", "site": "CHU", "start_date": D(2024, 4, 25)}],
        "samples": samples, "decisions": [SHOWN | decision | {"access": "early"}], "patients": people, "visits": [],
    }  # fmt: skip


def at_last(rows: dict[str, list[dict]]) -> dict:
    frames = {
        name: pl.DataFrame(
            [{c: r.get(c) for c in ("source", *said)} for r in rows[name]], schema={"source": pl.String, **said}
        )
        for name, said in f.SAID.items()
    }
    (row,) = f.at_month_ends(frames, [{"source": "s", "first": FIRST, "last": LAST}]).filter(month=LAST).to_dicts()
    return row


def test_shares_of_samples_have_exact_bounds_and_a_withdrawn_product_keeps_its_follow_up_due():
    row = at_last(follow(taken=12, due=20, positive=2))
    assert (row["n_due"], row["n_taken"], row["taken_share"], row["n_positive"]) == (20, 12, 0.6, 2)
    low, high = exact_share(2, 12)
    assert (row["positive_lower"], row["positive_upper"]) == (float(low), float(high))
    assert (row["positive_lower"], row["positive_upper"]) == pytest.approx((0.020863, 0.484138), abs=5e-7)
    withdrawn = at_last(follow(taken=12, due=20, positive=2, withdrawn=D(2024, 4, 28)))
    assert withdrawn == row | {"is_withdrawn": True}


def test_who_is_dead_is_sampled_no_more_and_without_patients_there_is_a_reason():
    rows = follow(taken=0, due=14, positive=0)
    rows["patients"][0] |= {"vital_state": "dead", "state_date": D(2024, 4, 29)}
    assert at_last(rows)["n_due"] == 13
    none = at_last(rows | {"decisions": [], "patients": [], "samples": []})
    assert (none["n_patients"], none["events_per_patient"], none["not_computed"]) == (None, None, f.NO_ACCESS)


def test_patients_of_a_trial_are_those_of_whom_samples_alone_tell():
    rows = follow(taken=12, due=20, positive=2)
    sample = SHOWN | {"gmo_key": "B/FR/24/07", "due_date": D(2024, 5, 1), "taken_date": D(2024, 5, 3)}
    rows["samples"] += [
        sample | {"sample_id": "t1", "patient": "trial 1"},
        sample | {"sample_id": "t2", "patient": "trial 1"},
        sample | {"sample_id": "t3", "patient": "trial 2", "taken_date": None},
        sample | {"sample_id": "a", "patient": None},
    ]
    row = at_last(rows)
    assert (row["n_in_trial"], row["n_patients"], row["n_taken"]) == (1, 14, 15)
    alone = at_last(rows | {"decisions": [], "patients": []})
    assert (alone["n_in_trial"], alone["n_patients"], alone["not_computed"]) == (13, None, f.NO_ACCESS)
    assert at_last(follow(taken=12, due=20, positive=2))["n_in_trial"] == 0


@pytest.mark.spark
def test_patients_and_events_of_a_file_are_those_of_the_access_that_names_it(spark):
    rows = follow(taken=12, due=20, positive=2)
    kept = {"medicine_key": "M-1", "domain": "human", "agency": "ANSM"}
    form = SHOWN | {"decision_id": "AAP-1", "patient": "p1", "visit": "M01", "due_date": D(2024, 5, 26)}
    other = {"decision_id": "AAC-9", "patient": "q"}
    given_ = {
        GmoProcedure: rows["files"], GmoStep: rows["steps"], GmoSite: rows["sites"], SheddingSample: rows["samples"],
        AccessAuthorisation: [kept | r for r in rows["decisions"]],
        AccessPatient: [*[kept | r for r in rows["patients"]], kept | rows["patients"][0] | other],
        FollowUpVisit: [kept | form | {"received_date": D(2024, 6, 1), "n_events": 1}],
        RegisterState: states("files", "decisions"),
    }  # fmt: skip
    told = gmo_follow_up({t.address(): frame(spark, t, rows) for t, rows in given_.items()})
    assert told.columns == list(GmoFollowUp.columns)
    (row,) = [r.asDict() for r in told.filter("is_latest").collect()]
    assert (row["n_patients"], row["n_events"], row["n_sites"], row["n_decisions"]) == (14, 1, 1, 1)
    assert row["events_per_patient"] == pytest.approx(1 / 14)
    (left,) = gmo.leaving([row | {"n_untaken": 8, "n_negative": 10}])
    assert (left["n_patients"], left["n_due"]) == (14, 20)
    assert not [
        name
        for name in ("n_events", "events_per_patient", "n_positive", "positive_share", "n_taken")
        if left[name] is not None
    ]


@pytest.mark.parametrize(("agency", "other"), [("ANSM", "ANSES"), ("ANSES", "ANSM")])
def test_both_agencies_see_a_file_and_each_its_own_documents(agency, other):
    import duckdb

    lake = duckdb.connect()
    lake.execute("CREATE SCHEMA silver")
    rows = {GmoProcedure: [file_row("B/FR/24/07")], GmoStep: step_rows("B/FR/24/07", DECIDED)}
    for row in rows[GmoStep]:
        row["document"] = f"{row['agency']}-{row['step']}"
    import pyarrow as pa

    for table, own in rows.items():
        full = [{c: r.get(c) for c in table.columns} for r in own]
        lake.register(f"_{table.name}", pa.Table.from_pylist(full, schema=table.arrow_schema()))
    policy = Policy((agency,), ROLES["assessor"], "regulatory", "x")

    def seen(table) -> list[dict]:
        return lake.sql(policy.relation(table, lambda a: f"_{a.split('.')[1]}")).to_arrow_table().to_pylist()

    assert [r["gmo_key"] for r in seen(GmoProcedure)] == ["B/FR/24/07"]
    steps = seen(GmoStep)
    assert len(steps) == 5
    assert {r["document"] for r in steps if r["agency"] == agency} == {
        f"{agency}-{r['step']}" for r in steps if r["agency"] == agency
    }
    assert {r["document"] for r in steps if r["agency"] == other} == {None}
