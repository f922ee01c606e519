"""The EMA's output tables: both forms, cut records, acts of two states in either order, and the facts of the real ones."""

from __future__ import annotations

import csv
import datetime as dt
import json
import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import functions as F

from pipelines.core.dates import date_in_path
from pipelines.defs.sources.ema_outputs import conform, read
from pipelines.defs.sources.ema_outputs import tables as t
from pipelines.defs.sources.ema_outputs.simulate import NAMES, headers
from pipelines.files.text import Refused
from tests.rows import united
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date
MARCH, DECEMBER, JUNE = D(2025, 3, 25), D(2025, 12, 31), D(2025, 6, 30)
CSV = (t.EmaReferral, t.EmaDhpc, t.EmaPsusa, t.EmaShortage, t.EmaOrphan)
PAGE = "https://www.ema.europa.eu/en/medicines/psusa/one"


def psusa(*lines: str) -> bytes:
    return "\n".join([",".join(headers(t.EmaPsusa)), *lines, ""]).encode()


def test_the_keys_of_both_forms_are_the_same():
    assert (
        read.key_of("Other related medicines\n(nationally authorised)")
        == "other_related_medicines_nationally_authorised"
    )
    assert [read.key_of(h) for h in headers(t.EmaReferral)] == t.EmaReferral.source_columns()
    record = {("class" if c == "class_of_substances" else c): c for c in t.EmaReferral.source_columns()}
    (row,) = rows_of(read, t.EmaReferral, json.dumps([record]).encode(), "x.json")
    assert row["reason"] is None and all(row[c] == c for c in t.EmaReferral.source_columns())


@pytest.mark.parametrize("name", ["x.csv", "X.CSV.gz"])
def test_a_record_that_a_line_feed_cut_is_joined_and_its_rest_told(name):
    data = psusa(
        'Human,"Amlodipine',
        '",,,,,,,',
        f'"Losartan""",a;b,,PSUSA/1,Maintenance,17/10/2024,,{PAGE},',
        f",c,c,,2,,,,{PAGE}",
    )
    first, rest, other = rows_of(read, t.EmaPsusa, data, name)
    assert (first["active_substances_in_scope_of_procedure"], first["psusa_url"]) == ("Amlodipine\nLosartan", PAGE)
    assert (first["category"], first["regulatory_outcome"]) == ("Human", "Maintenance")
    assert rest["reason"] == "the rest of line 2, joined to it"
    assert (other["reason"], other["procedure_number"]) == (None, "2")
    assert is_balanced(read, t.EmaPsusa, data, name)


def test_what_only_looks_cut_stays_as_it_is():
    data = psusa("Human,a,a,,1,,,,", f"Human,b,b,,2,,,,{PAGE}", "Human,c,,,,,,,", "Human,d,,,,,,,")
    assert [r["reason"] for r in rows_of(read, t.EmaPsusa, data)] == [None] * 4


@pytest.mark.parametrize(
    ("record", "reason"),
    [('{"category":"Human"}]', "has no active"), ('{"category":"a","more":1}]', "unknown key 'more'"), ("{", "no end")],
)
def test_a_record_of_another_shape_is_put_aside(record, reason):
    data = f"[{record}".encode()
    (row,) = rows_of(read, t.EmaPsusa, data, "x.json")
    assert reason in row["reason"]
    assert is_balanced(read, t.EmaPsusa, data, "x.json")


def test_a_header_that_lacks_a_column_or_has_another_is_refused():
    whole = psusa().decode()
    for changed in (whole.replace("Category,", ""), whole.replace("Category", "Categories"), "Category,,,\n"):
        with pytest.raises(Refused):
            rows_of(read, t.EmaPsusa, changed.encode())


@given(st.lists(st.lists(st.sampled_from(["", "a", PAGE, "x\ny", '"']), min_size=8, max_size=10), max_size=6))
def test_any_rows_are_kept_joined_or_put_aside(rows):
    lines = [",".join('"' + v.replace('"', '""') + '"' for v in row) for row in rows]
    assert is_balanced(read, t.EmaPsusa, psusa(*lines))


def test_a_folder_of_a_month_dates_what_lies_in_it():
    assert date_in_path("ema_outputs/2025-12/medicines_output_dhpc_en.json") == DECEMBER
    assert date_in_path("ema_outputs/2025-12-20/medicines_output_dhpc_en.json") == D(2025, 12, 20)
    assert date_in_path("ema_outputs/medicines_output_dhpc_en.csv") is None


@pytest.mark.samples
@pytest.mark.parametrize("table", list(NAMES))
def test_the_real_files_are_read_whole(shared, table):
    base, name = shared / "data/ema_outputs", f"medicines_output_{NAMES[table]}_en"
    expected = {
        t.EmaReferral: (580, 589), t.EmaDhpc: (145, 160), t.EmaPsusa: (2349, 2515), t.EmaShortage: (61, 74),
        t.EmaOrphan: (3072, 0), t.EmaHerbal: (0, 251), t.EmaPostAuthorisation: (0, 131), t.EmaOpinionOutsideEu: (0, 18),
    }[table]  # fmt: skip
    files = (base / f"{name}.csv", base / "2025-12" / f"{name}.json")
    for path, n in zip(files, expected, strict=True):
        if not n:
            continue
        data = path.read_bytes()
        rows = rows_of(read, table, data, path.name)
        reasons = Counter(r["reason"] for r in rows)
        assert table.files.owns(f"ema_outputs/{path.name}")
        assert (len(rows), reasons[None]) == (n, n - (table is t.EmaPsusa and path.suffix == ".csv"))
        assert is_balanced(read, table, data, path.name)
    if table in CSV:
        with files[0].open(encoding="utf-8-sig", newline="") as file:
            assert next(csv.reader(file)) == headers(table), "the simulated country writes the same headers"


def frames(spark, files: dict[type, list[tuple[str, bytes, dt.date]]]):
    found = {}
    for table in NAMES:
        mine = {f"ema_outputs/{day}/{name}": (data, day) for name, data, day in files.get(table, [])}
        empty = spark.createDataFrame([], table.spark_schema())
        found[table.address()] = bronze_frame(spark, table, read.read, mine) if mine else empty
    return found


def referral(day: dt.date, **told: str) -> tuple[str, bytes, dt.date]:
    columns = t.EmaReferral.source_columns()
    given = {"category": "Human", "referral_url": "https://x/en/medicines/human/referrals/one"} | told
    record = {("class" if c == "class_of_substances" else c): given.get(c, "") for c in columns}
    return "a.json", json.dumps([record]).encode(), day


@pytest.mark.spark
def test_a_later_state_adds_acts_and_moves_none(spark):
    began = {"procedure_start_date": "03/10/2024", "first_published_date": "04/10/2024"}
    decided = {"european_commission_decision_date": "01/06/2025", "current_status": "Decision"}
    first = referral(MARCH, **began, current_status="Under evaluation")
    second = referral(DECEMBER, **began | decided | {"first_published_date": "01/01/2020"})
    acts = [
        {
            (r["act_kind"], r["valid_from"]): r
            for r in united(frames(spark, {t.EmaReferral: states}), "silver.regulatory_event", "ema_outputs").collect()
        }
        for states in ([first, second], [second, first])
    ]
    assert acts[0] == acts[1], "the order of loading is nothing"
    start, later = (acts[0]["referral_start", day] for day in (MARCH, DECEMBER))
    assert (start["valid_to"], start["status"], later["status"]) == (DECEMBER, "Under evaluation", "Decision")
    assert start["known_from"] == later["known_from"] == D(2024, 10, 4), "a page that is dated back moves nothing"
    decision = acts[0]["commission_decision", DECEMBER]
    assert (decision["known_from"], decision["authority"]) == (D(2025, 6, 1), "European Commission")
    assert len(acts[0]) == 3


@pytest.mark.spark
def test_an_act_without_a_date_is_dated_by_what_there_is_and_says_so(spark):
    page = {"a": "04/10/2024", "b": ""}
    rows = [
        json.loads(referral(MARCH, referral_url=f"https://x/{k}", first_published_date=v)[1])[0]
        for k, v in page.items()
    ]
    state = json.dumps(rows).encode()
    files = {t.EmaReferral: [("a.json", state, MARCH), ("b.json", state.replace(b"Human", b"Veterinary"), DECEMBER)]}
    found = united(frames(spark, files), "silver.regulatory_event", "ema_outputs").collect()
    said = {
        (r["event_id"], r["valid_from"]): (r["act_date"], r["dated_by"], r["known_from"], r["agency"]) for r in found
    }
    assert said["a", MARCH] == (D(2024, 10, 4), "publication", D(2024, 10, 4), "ANSM")
    assert said["b", MARCH] == (MARCH, "delivery", MARCH, "ANSM")
    assert said["b", DECEMBER] == (MARCH, "delivery", MARCH, "ANSES")


@pytest.mark.samples
@pytest.mark.spark
def test_two_real_states_of_the_shortages_are_versions_of_one_episode_each(spark, shared):
    base, name = shared / "data/ema_outputs", "medicines_output_shortages_en"
    states = [(base / f"{name}.csv", MARCH), (base / "2025-12" / f"{name}.json", DECEMBER)]
    files = {t.EmaShortage: [(p.name, p.read_bytes(), day) for p, day in states]}
    found = conform.shortage(frames(spark, files)).collect()
    by_product: dict[str, list] = {}
    for row in found:
        by_product.setdefault(row["product_key"], []).append(row)
    current = [r for r in found if r["is_current"]]
    assert (len(by_product), len(current)) == (74, 74)
    assert Counter(r["status"] for r in current) == {"shortage": 37, "resupplied": 37}
    moved = [rows for rows in by_product.values() if len({r["status"] for r in rows}) > 1]
    assert len(moved) == 10
    assert all(len({r["episode_key"] for r in rows}) == 1 for rows in by_product.values())


@pytest.fixture(scope="module")
def real(spark, shared):
    """Acts of the two real states, the later one loaded first."""
    base, files = shared / "data/ema_outputs", {}
    for table, name in NAMES.items():
        states = (
            (base / "2025-12" / f"medicines_output_{name}_en.json", DECEMBER),
            (base / f"medicines_output_{name}_en.csv", MARCH),
        )
        files[table] = [(p.name, p.read_bytes(), day) for p, day in states if p.exists()]
    acts = united(frames(spark, files), "silver.regulatory_event", "ema_outputs").persist()
    acts.createOrReplaceTempView("acts")
    yield acts
    acts.unpersist()


@pytest.mark.samples
@pytest.mark.spark
def test_two_real_states_give_the_registers_facts(spark, real):
    n = "count(DISTINCT event_id)"
    referrals = "event_id LIKE '%/referrals/%'"
    asked = spark.sql(f"""
        SELECT (SELECT {n} FROM acts WHERE is_current AND {referrals}) AS current,
            (SELECT {n} FROM acts WHERE {referrals} AND valid_from <= '{JUNE}' AND (valid_to IS NULL OR valid_to > '{JUNE}')) AS june,
            (SELECT count(*) FROM (SELECT event_id FROM acts WHERE {referrals} GROUP BY event_id
                HAVING count(DISTINCT status) > 1)) AS moved,
            (SELECT {n} FROM acts WHERE is_current AND event_id LIKE '%dhpc/%') AS letters,
            (SELECT {n} FROM acts WHERE is_current AND act_kind = 'psusa_outcome') AS assessments,
            (SELECT {n} FROM acts WHERE is_current AND act_kind = 'shortage_start') AS shortages,
            (SELECT count(*) FROM acts WHERE known_from < act_date) AS early,
            (SELECT count(*) FROM (SELECT event_id FROM acts WHERE act_kind = 'shortage_start' GROUP BY event_id
                HAVING count(DISTINCT status) > 1)) AS shortages_moved""").first()
    assert asked.asDict() == {
        "current": 589, "june": 580, "moved": 4, "letters": 160, "assessments": 2515, "shortages": 74, "early": 0,
        "shortages_moved": 10,
    }  # fmt: skip


@pytest.mark.samples
@pytest.mark.spark
def test_medians_of_the_real_referrals_of_march(real):
    then = real.filter((F.col("valid_from") <= JUNE) & (F.col("valid_to").isNull() | (F.col("valid_to") > JUNE)))
    then = then.filter("event_id LIKE '%/referrals/%' AND dated_by = 'act'").select(
        "event_id", "domain", "act_kind", "act_date"
    )
    days: dict[tuple[str, str], dict[str, dt.date]] = {}
    for row in then.collect():
        days.setdefault((row["event_id"], row["domain"]), {})[row["act_kind"]] = row["act_date"]

    def between(first: str, last: str, domain: str = "") -> list[int]:
        own = [d for (_, of), d in days.items() if domain in ("", of) and first in d and last in d]
        return [(d[last] - d[first]).days for d in own]

    recommended = between("referral_start", "prac_recommendation")
    assert (len(recommended), *statistics.quantiles(recommended, method="inclusive")) == (70, 157.5, 249.0, 334.25)
    decided = between("committee_opinion", "commission_decision")
    assert (len(decided), *statistics.quantiles(decided, method="inclusive")) == (521, 70, 89, 116)
    assert sum(d < 0 for d in decided) == 2, "a fault of the data: kept"
    for domain, n, median in (("human", 395, 84), ("veterinary", 126, 92)):
        own = between("committee_opinion", "commission_decision", domain)
        assert (len(own), statistics.median(own)) == (n, median)
