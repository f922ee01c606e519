"""Cohorts under access: who counts, what is due, exact bounds, the alarm, and what of it may leave."""

from __future__ import annotations

import csv
import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rates.exact import observed_expected, poisson_interval
from models.rates.share import exact_share
from models.surveillance.maxsprt import poisson_alpha
from pipelines.defs.gold.access_cohort import cohort as c
from pipelines.defs.gold.access_cohort.build import access_cohort
from pipelines.defs.gold.access_cohort.tables import AccessCohort
from pipelines.defs.silver.access.tables import AccessAuthorisation, AccessPatient, FollowUpVisit
from pipelines.defs.silver.register_state.tables import RegisterState
from pipelines.report import access
from tests.rows import frame
from workbench.policy import ROLES, Policy

D = dt.date
FIRST, LAST = D(2024, 1, 31), D(2024, 6, 30)
HEARD = [{"source": "s", "first": FIRST, "last": LAST}]
SHOWN = {"source": "s", "valid_from": FIRST}
DECISION = SHOWN | {"access": "early", "state": "granted", "start_date": D(2023, 12, 1), "product_name": "GT 101"}
DECISION |= {"reference_per_1000_person_months": 10.0, "reference_source": "natural history"}


def person(name: str, start: dt.date, news: dt.date | None = None, **more) -> dict:
    return SHOWN | {"patient": name, "start_date": start, "last_news_date": news, "vital_state": "treated"} | more


def form(name: str, due: dt.date, received: dt.date | None = None, n: int | None = None, **more) -> dict:
    return (
        SHOWN | {"patient": name, "visit": f"{due}", "due_date": due, "received_date": received, "n_events": n} | more
    )


def counted(decisions: list[dict], patients: list[dict], visits: list[dict], heard=HEARD) -> dict[dt.date, dict]:
    given_ = (decisions, patients, visits)
    frames = [pl.DataFrame(rows, schema={"source": pl.String, **said}) for rows, said in zip(given_, c.SAID.values(), strict=True)]  # fmt: skip
    return {row["month"]: row for row in c.cohort(*frames, heard).to_dicts()}


def test_bounds_are_those_of_the_tables():
    """Garwood's bounds as epitools' `pois.exact` prints them; three against 0.5 worked out from Poisson's tails."""
    counts = {0: (0.0, 3.6889), 1: (0.0253, 5.5716), 3: (0.6187, 8.7673), 10: (4.7954, 18.3904)}
    ratio, lower, upper, _, _ = observed_expected(list(counts), 1.0)
    assert ratio.tolist() == list(counts)
    assert lower == pytest.approx([v[0] for v in counts.values()], abs=5e-5)
    assert upper == pytest.approx([v[1] for v in counts.values()], abs=5e-5)
    told = [float(x) for x in observed_expected(3, 0.5)]
    assert told == pytest.approx([6.0, 1.2373, 17.5346, 0.014388, 0.008070], abs=6e-5)
    assert np.isnan(observed_expected([3, -1], [0.0, 1.0])).all()


@pytest.mark.samples
def test_every_row_of_the_reference_is_met(shared):
    n = 0
    for row in csv.DictReader((shared / "data/reference_values/exact_intervals.csv").open()):
        k, exposure = float(row["observed"]), float(row["exposure"])
        low, high = exact_share(k, exposure) if row["method"] == "Clopper-Pearson" else poisson_interval(k)
        scale = 1.0 if row["method"] == "Clopper-Pearson" else exposure
        assert [low / scale, high / scale] == pytest.approx([float(row["lower95"]), float(row["upper95"])], abs=5e-4)
        n += 1
    assert n == 11


@given(st.integers(0, 60), st.floats(0.01, 60))
def test_an_interval_holds_its_ratio_and_the_mid_p_lies_below_p(n, expected):
    ratio, lower, upper, p, mid = (float(x) for x in observed_expected(n, expected))
    assert lower <= ratio <= upper
    assert 0 <= mid <= p <= 1


def test_early_access_that_becomes_marketing_counts_a_patient_once_and_their_time_once():
    market = DECISION | {"access": "marketing", "start_date": D(2024, 3, 1)}
    early = DECISION | {"end_date": D(2024, 2, 29)}
    news = D(2024, 6, 1)
    both = [person("a", D(2024, 1, 1), news), person("a", D(2024, 1, 1), news)]
    alone = counted([early, market], both[:1], [])
    rows = counted([early, market], both, [])
    assert rows == alone
    assert (rows[LAST]["n_ever"], round(rows[LAST]["person_months"], 3)) == (1, round(152 / 30.4375, 3))
    assert [rows[m]["status"] for m in (FIRST, D(2024, 2, 29), D(2024, 3, 31))] == ["early", "early", "marketing"]


def test_a_month_without_patients_gives_null_and_says_why():
    rows = counted([DECISION], [person("a", D(2024, 3, 5), D(2024, 4, 1))], [])
    empty = rows[D(2024, 2, 29)]
    for name in ("n_events", "person_months", "month_person_months", "rate", "expected", "ratio", "n_due", "is_alarm"):
        assert empty[name] is None, name
    assert (empty["n_ever"], empty["not_computed"]) == (0, c.NO_PATIENT)
    gone = [person("a", D(2024, 1, 1), D(2024, 2, 1), vital_state="dead", state_date=D(2024, 2, 1))]
    after = counted([DECISION], gone, [])[LAST]
    assert (after["n_ever"], after["n_followed"], after["month_person_months"]) == (1, 0, None)


def test_the_past_does_not_move_when_a_form_comes_late():
    due = D(2024, 2, 10)
    came = form("a", due, D(2024, 4, 3), 1, valid_from=D(2024, 4, 30))
    missing = form("a", due) | {"valid_to": D(2024, 4, 30)}
    people = [person("a", D(2024, 1, 10))]
    before, after = counted([DECISION], people, [form("a", due)]), counted([DECISION], people, [missing, came])
    for month in (FIRST, D(2024, 2, 29), D(2024, 3, 31)):
        assert before[month] | {"is_latest": None} == after[month] | {"is_latest": None}
    told = [(after[m]["n_due"], after[m]["n_received"]) for m in (FIRST, D(2024, 3, 31), D(2024, 4, 30))]
    assert told == [(0, 0), (1, 0), (1, 1)]
    dated_back = form("a", due, D(2024, 2, 12), 1, valid_from=D(2024, 4, 30))
    assert counted([DECISION], people, [missing, dated_back])[D(2024, 3, 31)]["n_received"] == 0


def test_what_is_due_stays_due_when_the_medicine_is_withdrawn_and_not_for_who_is_dead_or_lost():
    withdrawn = DECISION | {"state": "withdrawn", "end_date": D(2024, 2, 1)}
    people = [person("a", D(2024, 1, 1), D(2024, 1, 1)), person("b", D(2024, 1, 1), D(2024, 1, 1))]
    people[1] |= {"vital_state": "lost", "state_date": D(2024, 2, 15)}
    visits = [form(name, day) for name in "ab" for day in (D(2024, 2, 10), D(2024, 5, 10))]
    row = counted([withdrawn], people, visits)[LAST]
    assert (row["status"], row["status_from"], row["n_due"], row["n_received"]) == ("ended", D(2024, 2, 1), 3, 0)
    assert (row["completeness"], row["completeness_lower"], row["days_without_data"]) == (0.0, 0.0, None)
    assert row["completeness_upper"] == pytest.approx(0.7076, abs=1e-4), "never a bare 0 %"


def test_time_ends_with_the_last_news_and_a_form_that_came_is_news():
    people = [person("a", D(2024, 1, 1), D(2024, 2, 1))]
    visits = [form("a", D(2024, 4, 1), D(2024, 4, 20), 0)]
    rows = counted([DECISION], people, visits)
    months = [round(rows[m]["person_months"] * c.DAYS_PER_MONTH) for m in (FIRST, D(2024, 3, 31), D(2024, 4, 30), LAST)]
    assert months == [30, 31, 91, 91]
    assert (rows[LAST]["days_without_data"], rows[LAST]["expected"]) == (71, rows[LAST]["person_months"] / 100)


def test_the_alarm_states_its_false_alarms_and_stays():
    boundary, error = c.boundary_and_error()
    assert error == pytest.approx(c.ALPHA, abs=1e-6) and error == poisson_alpha(boundary, c.LIMIT, c.MINIMUM)
    people = [person("a", D(2024, 1, 1), LAST)]
    visits = [form("a", D(2024, 2, 1), D(2024, 2, 5), 3), *[form("a", D(2024, m, 1), D(2024, m, 5), 0) for m in (3, 4)]]
    rows = counted([DECISION], people, visits)
    assert [rows[m]["is_alarm"] for m in (FIRST, D(2024, 2, 29), LAST)] == [False, True, True]
    assert (rows[LAST]["false_alarm_rate"], "alpha = 0.05" in rows[LAST]["alarm_rule"]) == (error, True)
    two = counted([DECISION], people, [form("a", D(2024, 2, 1), D(2024, 2, 5), 2)])
    assert not any(row["is_alarm"] for row in two.values()), "two events alone raise none"


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_rows_come_changes_nothing(random):
    same_day = [DECISION | {"product_name": name, "reference_source": name} for name in ("GT 101", "GT 101 bis", None)]
    people = [person(name, D(2024, 1, 1), D(2024, 4, 1)) for name in "abc"]
    visits = [form(name, D(2024, 3, 1), D(2024, 3, 20), i) for i, name in enumerate("abca")]
    mixed = [random.sample(rows, len(rows)) for rows in (same_day, people, visits)]
    assert counted(*mixed) == counted(same_day, people, visits)


def test_patients_who_are_to_be_followed_for_years_are_told_with_those_of_whom_there_is_news():
    heard = [{"source": "s", "first": FIRST, "last": D(2026, 1, 31)}]
    people = [person("a", D(2024, 1, 1), D(2025, 12, 1)), person("b", D(2024, 1, 1), D(2024, 3, 1))]
    row = counted([DECISION | {"follow_up_years": 15}], people, [], heard)[D(2026, 1, 31)]
    assert (row["n_long_term_due"], row["n_long_term"]) == (2, 1)


def few() -> tuple[list[dict], list[dict]]:
    """Four patients, two of whom had an event."""
    people = [person(name, D(2024, 1, 1), D(2024, 6, 1)) for name in "abcd"]
    return people, [form(name, D(2024, 3, 1), D(2024, 3, 20), int(name in "ab")) for name in "abcd"]


@pytest.mark.spark
def test_four_patients_and_two_events_are_seen_inside_and_leave_in_nothing(spark):
    people, visits = few()
    key = {"decision_id": "AAC-1", "medicine_key": "M-2", "domain": "human", "agency": "ANSM"}
    many = [key | {"medicine_key": "M-1"} | person(f"p{i}", D(2024, 1, 1), D(2024, 6, 1)) for i in range(30)]
    given_ = {
        AccessAuthorisation: [key | DECISION, key | DECISION | {"medicine_key": "M-1"}],
        AccessPatient: [*[key | p for p in people], *many],
        FollowUpVisit: [key | v for v in visits],
        RegisterState: [{"source": "s", "register": "forms", "stated_date": day} for day in (FIRST, LAST)],
    }
    told = access_cohort({table.address(): frame(spark, table, rows) for table, rows in given_.items()})
    assert told.columns == list(AccessCohort.columns)
    rows = {r["medicine_key"]: r.asDict() for r in told.filter("is_latest").collect()}
    assert (rows["M-2"]["n_ever"], rows["M-2"]["n_events"], rows["M-1"]["n_ever"]) == (4, 2, 30)
    more = {"n_missing": 0, "n_gone": 0, "n_silent": None}
    left = {r["medicine_key"]: r for r in access.leaving([r | more for r in rows.values()])}
    hidden = {name for name, value in left["M-2"].items() if value is None}
    counts = {name for name, column in AccessCohort.columns.items() if column.sensitivity != "public"}
    assert counts <= hidden, "not one number of four patients"
    assert (left["M-1"]["n_ever"], left["M-1"]["n_events"], left["M-1"]["ratio"]) == (30, 0, 0.0)
    inside, study = (Policy(("ANSM",), ROLES[role], "regulatory", "x") for role in ("assessor", "epidemiologist"))
    assert counts <= set(inside.columns(AccessCohort)) and not counts & set(study.columns(AccessCohort))
    assert inside.allows("gold.access_cohort") and not inside.allows("silver.access_patient")


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=6))
def test_no_count_of_few_ever_leaves(cells):
    names = set(access.TOLD_BY) | {t for telling in access.TOLD_BY.values() for t in telling}
    rows = [
        dict.fromkeys(names, 1.0)
        | dict.fromkeys(access.TOLD_BY, 0)
        | {"n_ever": n, "n_events": k, "n_due": k + m, "n_received": k, "n_missing": m}
        | {"medicine_key": str(i), "month": LAST}
        for i, (n, k, m) in enumerate(cells)
    ]
    for row in access.leaving(rows):
        assert all(row[name] is None or row[name] == 0 or row[name] >= 11 for name in access.TOLD_BY)
        if row["n_due"] is not None and row["n_received"] is not None:
            assert row["n_due"] - row["n_received"] == 0 or row["n_due"] - row["n_received"] >= 11
        if row["n_events"] is None:
            assert row["ratio"] is None and row["is_alarm"] is None
