"""The cases behind a pair: who counts, who is a copy, what was known on a date, and names that nobody knows."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

import gerland
from pipelines.cli import app
from pipelines.commands.cases import COLUMNS, cases
from pipelines.core.table import Table
from pipelines.defs.silver.report.tables import DuplicateLink, ReportEvent, ReportHistory, ReportProduct
from pipelines.defs.silver.substance.tables import Substance
from pipelines.defs.silver.term.tables import Term
from pipelines.lake.query import QueryError

D = dt.date
FIRST = D(1900, 1, 1)


def write(root: Path, table: type[Table], rows: list[dict]) -> None:
    full = [dict.fromkeys(table.columns) | row for row in rows]
    write_deltalake(str(root / table.layer / table.name), pa.Table.from_pylist(full, schema=table.arrow_schema()))


def version(key, number, known, until=None, **more):
    return {
        **{"report_key": key, "report_version": number, "source": "s", "source_case_id": key, "domain": "human"},
        **{"known_from": known, "known_to": until, "is_latest": until is None, "is_retracted": False},
        **{"species": "human", "received_first_date": known, "received_latest_date": known, **more},
    }


def product(key, number, substances, role="suspect", name="Brand", seq=1, **more):
    told = {"report_key": key, "report_version": number, "product_seq": seq, "source": "s", "role": role}
    return {
        **told,
        "reported_name": name,
        "substance_keys": substances,
        "coded_from": FIRST,
        "is_current": True,
        **more,
    }


def event(key, number, term, reported="as told", **more):
    told = {"report_key": key, "report_version": number, "event_seq": 1, "source": "s", "reported_term": reported}
    return {**told, "term_key": term, "coded_from": FIRST, "is_current": True, **more}


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> str:
    root = tmp_path_factory.mktemp("lake")
    plain = version(
        "s:plain", 1, D(2024, 1, 5), is_serious=True, is_death=True, is_hospitalisation=True, age_years=12.0
    )
    history = [
        plain,
        version("s:copy", 1, D(2024, 3, 1), age_years=2.0),
        version("s:copy of the copy", 1, D(2024, 5, 1)),
        version("s:follow up", 1, D(2024, 2, 1), D(2024, 4, 1)),
        version("s:follow up", 2, D(2024, 4, 1), received_first_date=D(2024, 2, 1)),
        version("s:withdrawn", 1, D(2024, 1, 1), D(2024, 6, 1)),
        version("s:withdrawn", 2, D(2024, 6, 1), is_retracted=True, received_first_date=D(2024, 1, 1)),
        version("s:taken with", 1, D(2024, 1, 1)),
        version("s:other substance", 1, D(2024, 1, 1)),
        version("s:dog", 1, D(2024, 1, 2), species="dog", domain="veterinary", age_years=3.0),
    ]
    once = ["s:plain", "s:copy", "s:copy of the copy", "s:dog"]
    products = [
        *[product(key, 1, ["A"]) for key in once],
        product("s:plain", 1, ["A", "B"], name="Combination", seq=2, days_to_onset=4),
        *[product("s:follow up", n, ["A"]) for n in (1, 2)],
        *[product("s:withdrawn", n, ["A"]) for n in (1, 2)],
        product("s:taken with", 1, ["A"], role="concomitant"),
        product("s:other substance", 1, ["B"]),
        product("s:other substance", 1, None, name="nothing said", seq=2),
    ]
    events = [
        *[event(key, 1, "pt:RASH") for key in (*once[:3], "s:withdrawn", "s:taken with")],
        event("s:dog", 1, "veddra:1", "rash!"),
        event("s:follow up", 1, "pt:RASH"),
        event("s:follow up", 2, "pt:FEVER"),
        event("s:withdrawn", 2, "pt:RASH"),
        event("s:other substance", 1, "pt:FEVER"),
    ]
    links = [
        ("s:copy", "s:plain", D(2024, 3, 31), "identifier"),
        ("s:copy", "s:copy of the copy", D(2024, 5, 31), "probabilistic"),
        ("s:dog", "s:plain", D(2024, 1, 31), "refused"),
    ]
    since = {"known_from": FIRST, "is_current": True}
    write(root, ReportHistory, history)
    write(root, ReportProduct, products)
    write(root, ReportEvent, events)
    columns = ("report_key", "other_report_key", "known_from", "rule")
    write(root, DuplicateLink, [dict(zip(columns, link, strict=True)) for link in links])
    named = [("A", "ALPHAMAB", "ALPHAMABE"), ("B", "BETAMOL", None)]
    write(root, Substance, [since | {"substance_key": k, "substance_name": n, "french_name": f} for k, n, f in named])
    terms = [
        ("pt:RASH", "preferred_term", "Rash"),
        ("pt:FEVER", "preferred_term", "Fever"),
        ("veddra:1", "veddra", "Rash"),
    ]
    write(root, Term, [since | {"term_key": k, "dictionary": d, "term_name": n} for k, d, n in terms])
    return str(root)


def told(lake, *asked, **more):
    return {row["report_key"]: row for row in cases(lake, *asked, **more).to_pylist()}


def test_one_row_a_case_with_names_and_duplicates_lead_to_the_case_that_counts(lake):
    found = told(lake, "alphamab", "RASH")
    assert list(found) == ["s:copy of the copy", "s:copy", "s:plain", "s:dog"], "the last received first"
    assert {key: row["cluster_head"] for key, row in found.items()} == {
        "s:plain": "s:plain", "s:copy": "s:plain", "s:copy of the copy": "s:plain", "s:dog": "s:dog",
    }  # fmt: skip
    assert [key for key, row in found.items() if row["is_cluster_head"]] == ["s:plain", "s:dog"]
    plain = found["s:plain"]
    assert list(plain) == list(COLUMNS)
    assert (plain["substance"], plain["event"]) == ("ALPHAMAB", "Rash")
    assert set(plain["product"].split("; ")) == {"Brand", "Combination"}
    assert (plain["seriousness"], plain["age_group"], plain["days_to_onset"]) == (
        "death; hospitalisation",
        "adolescent",
        4,
    )
    assert found["s:dog"]["age_group"] is None
    assert found["s:dog"]["reported_term"] == "rash!"
    assert found["s:copy"]["age_group"] == "child"


def test_what_was_taken_with_others_is_listed_where_it_is_asked_for(lake):
    assert "s:taken with" not in told(lake, "ALPHAMAB", "Rash")
    assert told(lake, "ALPHAMAB", "Rash", taken=True)["s:taken with"]["role"] == "concomitant"


def test_a_date_shows_the_versions_and_links_that_were_known_then(lake):
    assert set(told(lake, "ALPHAMAB", "Rash", "2024-02-15")) == {"s:plain", "s:follow up", "s:withdrawn", "s:dog"}
    march = told(lake, "ALPHAMAB", "Rash", "2024-03-15")
    assert march["s:copy"]["is_cluster_head"], "that it is a copy was found at the month's end"
    assert told(lake, "ALPHAMAB", "Rash", "2024-03-31")["s:copy"]["cluster_head"] == "s:plain"
    assert set(told(lake, "ALPHAMAB", "Fever")) == {"s:follow up"}


def test_the_french_name_is_a_name(lake):
    assert told(lake, "alphamabe", "rash") == told(lake, "ALPHAMAB", "Rash")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("ALPHAMAP", "Rash"), r"silver\.substance holds no substance 'ALPHAMAP'; did you mean 'ALPHAMAB'"),
        (("ALPHAMAB", "Rsh"), r"silver\.term holds no term 'Rsh'; did you mean 'Rash'"),
        (("BETAMOL", "Fever", "2023-01-01"), "no case names 'BETAMOL' with 'Fever'"),
        (("ALPHAMAB", "Fever", "2024-02-15"), "no case names 'ALPHAMAB' with 'Fever'; of its 1 events the nearest are Rash"),
        (("ALPHAMAB'; DROP", "Rash"), "holds no substance"),
        (("ALPHAMAB", "Rash", "2024-13-01"), "no date of the calendar"),
        (("ALPHAMAB", "Rash", "1950-01-01"), "no case names"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_with_what_is_near(lake, asked, says):
    with pytest.raises(QueryError, match=says):
        cases(lake, *asked)


def test_the_command_writes_what_python_gives(lake, tmp_path):
    out = tmp_path / "cases.json"
    done = CliRunner().invoke(
        app, ["cases", "ALPHAMAB", "Rash", "--lake", lake, "--out", str(out)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    assert [row["report_key"] for row in json.loads(out.read_text())] == list(told(lake, "ALPHAMAB", "Rash"))
    opened = gerland.open_lake(lake, "2024-03-15").cases("ALPHAMAB", "Rash")
    assert opened["report_key"].to_list() == list(told(lake, "ALPHAMAB", "Rash", "2024-03-15"))


def million(root: Path, n: int) -> str:
    """A lake of `n` reports with three products and three events each, of 3,000 substances and 6,000 terms, some popular."""
    random = np.random.default_rng(1)
    keys = np.char.add("s:", np.arange(n).astype(str))

    def placed(table: type[Table], rows: int, **columns) -> None:
        schema = table.arrow_schema()
        given = {f.name: columns.get(f.name, pa.nulls(rows, f.type)) for f in schema}
        fields = [
            pa.array(v, f.type) if not isinstance(v, pa.Array) else v
            for f, v in zip(schema, given.values(), strict=True)
        ]
        write_deltalake(str(root / table.layer / table.name), pa.Table.from_arrays(fields, schema=schema))

    def popular(size: int, kinds: int) -> np.ndarray:
        share = 1 / np.arange(20, 20 + kinds)  # the first of 3,000 has a hundredth of all, as in real lakes
        return random.choice(kinds, size, p=share / share.sum())

    yes, no = np.ones(n, bool), np.zeros(n, bool)
    days = (np.datetime64("2010-01-01") + random.integers(0, 5000, n)).astype("datetime64[D]")
    placed(
        ReportHistory, n, report_key=keys, report_version=np.ones(n, "int32"), known_from=days, is_latest=yes,
        is_retracted=no, received_first_date=days, received_latest_date=days, species=np.full(n, "human"),
        source=np.full(n, "s"), domain=np.full(n, "human"),
    )  # fmt: skip
    child = np.repeat(np.arange(n), 3)
    of = {"report_key": keys[child], "report_version": np.ones(3 * n, "int32"), "is_current": np.ones(3 * n, bool)}
    of["coded_from"] = np.full(3 * n, "1900-01-01", "datetime64[D]")
    substance = pa.array([f"name:SUBSTANCE {i}" for i in range(3000)]).take(pa.array(popular(3 * n, 3000)))
    lists = pa.ListArray.from_arrays(np.arange(3 * n + 1, dtype="int32"), substance)
    name = np.char.add("BRAND ", random.integers(0, 9000, 3 * n).astype(str))
    placed(ReportProduct, 3 * n, substance_keys=lists, role=np.full(3 * n, "suspect"), reported_name=name, **of)
    placed(ReportEvent, 3 * n, term_key=np.char.add("pt:", popular(3 * n, 6000).astype(str)), reported_term=name, **of)
    twins = keys[random.integers(0, n, (n // 20, 2))]
    placed(
        DuplicateLink, len(twins), report_key=twins[:, 0], other_report_key=twins[:, 1],
        known_from=np.full(len(twins), "2020-01-31", "datetime64[D]"), rule=np.full(len(twins), "identifier"),
    )  # fmt: skip
    since = {"known_from": FIRST, "is_current": True}
    write(
        root,
        Substance,
        [since | {"substance_key": f"name:SUBSTANCE {i}", "substance_name": f"SUBSTANCE {i}"} for i in range(3000)],
    )
    write(
        root,
        Term,
        [
            since | {"term_key": f"pt:{i}", "dictionary": "preferred_term", "term_name": f"Event {i}"}
            for i in range(6000)
        ],
    )
    return str(root)


@pytest.mark.slow
def test_a_million_reports_are_asked_in_four_processor_seconds(tmp_path):
    root, took = million(tmp_path, 1_000_000), []
    cases(root, "SUBSTANCE 1", "Event 1")  # what is imported once
    for pair, as_of in (
        (("SUBSTANCE 0", "Event 0"), None),
        (("SUBSTANCE 40", "Event 3"), None),
        (("SUBSTANCE 40", "Event 3"), "2015-06-30"),
    ):
        before, wall = time.process_time(), time.perf_counter()
        found = cases(root, *pair, as_of=as_of)
        used = time.process_time() - before
        took.append(f"{found.num_rows:,} cases: {used:.2f} processor seconds, {time.perf_counter() - wall:.2f} s")
        assert found.num_rows > 50
        assert used < 4, took
    sys.stderr.write(f"{took}\n")
