"""The main job on a small simulated country, through Dagster, as a user runs it."""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake

from pipelines.commands.main_job import run_main_job
from pipelines.commands.trace import trace
from pipelines.core.catalog import tables
from pipelines.lake.query import QueryError, query
from pipelines.lake.vacuum import vacuum
from pipelines.lake.verify import verify
from pipelines.orchestration.ingestion import BALANCED
from pipelines.simulator.write import simulate
from pipelines.upkeep.backup import backup, restore
from pipelines.upkeep.verify import VerifyError, repair, verify_lake
from tests.privacy.test_privacy_modes import open_to_others

REPORTS, SEED = 2_500, 7
pytestmark = pytest.mark.timeout(1800)  # the first run is waited for by whichever test comes first
DERIVED = ("silver.report", "silver.report_event", "silver.term", "silver.pack", "gold.report_month", "gold.signal")
DERIVED += ("silver.sale", "gold.exposure", "gold.denominator", "gold.antimicrobial_use")


class Place:
    """A landing zone, a lake and the voice of the runs on them."""

    def __init__(self, folder: Path):
        self.folder, self.landing, self.lake = folder, folder / "landing", folder / "lake"
        self.said: list[str] = []
        self.first: list[str] = []

    def run(self, **given: str) -> str:
        self.said = []
        options = {
            "landing": str(self.landing),
            "lake": str(self.lake),
            "reports": str(self.folder / "reports"),
            **given,
        }
        return run_main_job(options, [], self.said.append)

    def ask(self, sql: str, as_of: str | None = None) -> list[dict]:
        return query(str(self.lake), sql, as_of).to_pylist()

    def content(self, address: str) -> list[str]:
        return sorted(map(str, self.ask(f"SELECT * FROM {address}")))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield first_run(patch, tmp_path_factory)


def first_run(patch, tmp_path_factory):
    folder = tmp_path_factory.mktemp("country")
    patch.setenv("GERLAND_TRACKING", f"sqlite:///{folder}/mlflow.db")
    patch.setenv("GERLAND_ARTIFACTS", str(folder / "mlflow"))
    patch.delenv("GERLAND_PSEUDONYM_KEY", raising=False)  # what is simulated needs none
    home = folder / "dagster_home"
    shutil.copytree("dagster_home", home, ignore=lambda _, names: [n for n in names if n != "dagster.yaml"])
    patch.setenv("DAGSTER_HOME", str(home))
    made = Place(folder)
    simulate(made.landing, REPORTS, SEED, lambda _: None)
    (made.landing / "faers" / "faers_ascii_2013q1.zip").write_bytes(b"<html>quota exceeded</html>")
    assert made.run() == "", made.said
    made.first = made.said
    return made


@pytest.mark.spark
def test_every_row_is_accounted_for_and_the_broken_file_is_told(place):
    rows = place.ask(
        "SELECT sum(n_rows_read) AS r, sum(n_rows_kept) AS k, sum(n_rows_quarantined) AS q FROM bronze.delivery"
    )
    assert rows[0]["r"] == rows[0]["k"] + rows[0]["q"] > 10_000
    assert rows[0]["q"] >= 2, "the simulated FAERS holds a collapsed line and a stray delimiter"
    refused = place.ask("SELECT file, reason FROM bronze.delivery WHERE status = 'refused'")
    assert [r["file"] for r in refused] == ["faers/faers_ascii_2013q1.zip"]
    assert "HTML" in refused[0]["reason"]
    checks = [line.removeprefix("CHECK bronze/") for line in place.first if line.startswith("CHECK bronze/")]
    assert [c for c in checks if "volume_holds" not in c] == ["faers_demo files_refused (WARN)"]
    kept = json.loads((place.folder / "reports/validation/bronze.faers_demo+files_refused.json").read_text())
    assert "faers_ascii_2013q1.zip: a web page" in kept["outcomes"][0]["detail"]


@pytest.mark.spark
def test_what_a_run_writes_is_readable_by_its_owner_only(place):
    for written in ("lake", "reports", "mlflow", "mlflow.db", "dagster_home/storage", "outbox"):
        if (place.folder / written).exists():
            assert open_to_others(place.folder / written) == []
    assert (place.folder / "reports" / "signals.html").is_file()


@pytest.mark.spark
def test_names_of_substances_and_events_are_coded(place):
    shares = place.ask(
        "SELECT sum((coding_method IN ('uncoded', 'as_reported'))::int) AS u, count(*) AS n FROM silver.report_product"
    )
    assert shares[0]["u"] < 0.01 * shares[0]["n"]
    events = place.ask("SELECT count(*) AS n FROM silver.report_event WHERE source = 'evvet' AND term_key IS NULL")
    assert events[0]["n"] == 0
    both = place.ask(
        "SELECT count(*) AS n FROM silver.substance WHERE is_in_human_product AND is_in_veterinary_product"
    )
    assert both[0]["n"] > 10


@pytest.mark.spark
def test_the_strongest_planted_pairs_are_flagged_and_not_before_their_month(place):
    with (place.landing / "truth" / "signals.csv").open() as file:
        masking = [r for r in csv.DictReader(file) if r["kind"] == "real" and float(r["strength"]) == 10.0]
    masking = [r for r in masking if r["domain"] in ("human", "veterinary")]  # the others are too small to be scored
    for row in masking:
        found = place.ask(
            f"SELECT first_ic_month, is_ic_signal FROM gold.signal WHERE population = '{row['domain']}' AND is_latest "
            f"AND substance_name = '{row['substance']}' AND upper(term_name) = upper('{row['event']}')"
        )
        assert found[0]["is_ic_signal"]
        assert str(found[0]["first_ic_month"]) >= row["start_month"]


@pytest.mark.spark
def test_what_authorities_did_about_planted_pairs_is_told_with_its_day_and_their_negatives_stay_negative(place):
    with (place.landing / "truth" / "acts.csv").open() as file:
        planted = [r for r in csv.DictReader(file) if r["domain"] == "human" and r["opened"] < "2013-12-01"]
    rows = place.ask("SELECT * FROM gold.recognition WHERE species = 'human'")
    found = {(r["substance_name"], r["term_name"].upper()): r for r in rows}
    told = [(r, found[key]) for r in planted if (key := (r["substance"], r["event"].upper())) in found]
    assert len(told) >= 0.8 * len(planted), "terms that no report names are in no dictionary"
    for truth, pair in told:
        is_acted = bool(truth["acted"]) and truth["acted"] < "2013-12-01"
        assert str(pair["opened_date"]) == truth["opened"]
        assert (pair["outcome"] == "acted") == is_acted
        assert not is_acted or str(pair["acted_date"]) == truth["acted"]
        assert pair["public_from"] > pair["opened_date"], "the meeting's list came later"
    short = place.ask(
        "SELECT count(*) AS n, count(DISTINCT country) AS c, max(n_starts) AS s FROM gold.shortage_episode"
    )
    assert short[0]["n"] > 10 and short[0]["c"] == 3 and short[0]["s"] > 1, "starts that the register overwrote"


@pytest.mark.spark
def test_a_bad_batch_is_found_with_its_site_its_recall_and_what_followed_from_any_of_them(place):
    with (place.landing / "truth" / "sites.csv").open() as file:
        (bad,) = csv.DictReader(file)
    batch, site = f"CIP13:{bad['pack']}|{bad['batch'].replace('-', '')}", f"OMS:{bad['site']}"
    (watched,) = place.ask(f"SELECT * FROM gold.batch_watch WHERE is_latest AND batch_key = '{batch}'")
    assert (watched["establishment_key"], watched["n_doses"]) == (site, int(bad["doses"]))
    assert watched["q_value"] <= 0.05
    (reach,) = place.ask("SELECT * FROM gold.recall_reach WHERE source = 'quality_register'")
    assert (reach["n_doses"], reach["departments"]) == (int(bad["doses"]), sorted(bad["departments"].split()))
    assert reach["n_reports"] == watched["n_reports"] > 0
    rated = place.ask(f"SELECT * FROM gold.site_risk WHERE establishment_key = '{site}' ORDER BY rated_from")
    then = [r for r in rated if str(r["inspection_date"]) == bad["inspected"]]
    assert [(r["rating"], r["n_recalls"], r["n_failed_tests"], r["n_non_compliance"]) for r in then] == [("C", 1, 1, 2)]
    assert [r["compliance"] for r in (then[0], rated[-1])] == ["high", "medium"]  # from the next inspection on
    assert rated[-1]["rated_from"] > then[0]["rated_from"]
    for start, beyond in (
        (batch, 60),
        (f"site:{site}", 60),
        (f"result:quality_register|S-{bad['pack'][-7:]}-{bad['batch']}|assay", 60),
    ):
        kinds = {r["other"].split(":")[0] for r in trace(str(place.lake), start, depth=4, hub=beyond).to_pylist()}
        assert {"recall", "inspection", "defect", "pack", "product", "substance", "report"} <= kinds | {
            start.split(":")[0]
        }
    with pytest.raises(QueryError, match="no link names"):  # before the registers' first delivery of it
        trace(str(place.lake), batch, as_of="2012-11-20")
    told = {r["other"].split(":")[0] for r in trace(str(place.lake), batch, as_of="2012-11-30").to_pylist()}
    assert {"report", "recall"} <= told


@pytest.mark.spark
def test_no_link_that_can_be_followed_dangles(place):
    ends = place.ask("""
        SELECT count(*) AS n, count(DISTINCT link_kind) AS kinds FROM gold.link WHERE missing IS NULL""")[0]
    dangling = place.ask("""
        SELECT count(*) AS n FROM gold.link l WHERE missing IS NULL AND (
            (to_kind = 'site' AND to_key NOT IN (SELECT establishment_key FROM silver.establishment))
            OR (to_kind = 'batch' AND to_key NOT IN (SELECT batch_key FROM silver.batch))
            OR (to_kind = 'pack' AND to_key NOT IN (SELECT pack_key FROM silver.pack))
            OR (to_kind = 'product' AND to_key NOT IN (SELECT product_key FROM silver.product))
            OR (from_kind = 'report' AND from_key NOT IN (SELECT report_key FROM silver.report)))""")[0]
    assert dangling["n"] == 0 and ends["n"] > 3_000 and ends["kinds"] >= 10


@pytest.mark.spark
def test_simulated_duplicates_are_linked_with_few_false_ones(place):
    with (place.landing / "truth" / "duplicates.csv").open() as file:
        planted = {
            frozenset(f"faers:{int(r[k]) + 8_000_000}" for k in ("case_no", "duplicate_of"))
            for r in csv.DictReader(file)
            if r["channel"] == r["original_channel"] == "faers"
        }
    links = place.ask("SELECT report_key, other_report_key FROM silver.duplicate_link")
    human = {frozenset(r.values()) for r in links if all(key.startswith("faers:") for key in r.values())}
    assert len(human & planted) >= 0.5 * len(human)
    assert len(human & planted) >= 0.3 * len(planted)


@pytest.mark.spark
def test_a_case_that_came_by_two_channels_under_one_number_is_one_cluster(place):
    with (place.landing / "truth" / "duplicates.csv").open() as file:
        told = [r for r in csv.DictReader(file) if r["is_same_number"] == "true" and r["domain"] != "veterinary"]
    rows = place.ask(
        "SELECT rule, count(*) AS n FROM silver.duplicate_link WHERE split_part(report_key, ':', 1) <> "
        "split_part(other_report_key, ':', 1) GROUP BY ALL"
    )
    by_rule = {r["rule"]: r["n"] for r in rows}
    assert told
    assert by_rule["identifier"] >= 0.8 * len([r for r in told if r["domain"] == "human"])
    counted = place.ask(
        "SELECT agency, domain, source, date_trunc('month', received_first_date) AS month, count(*) AS n "
        "FROM silver.report WHERE is_cluster_head AND NOT is_retracted GROUP BY ALL"
    )
    assert {r["domain"] for r in counted} == {"human", "veterinary", "cosmetic", "tattoo", "nutrition"}


@pytest.mark.spark
def test_running_again_changes_nothing(place):
    versions = {p: sorted(f.name for f in p.glob("*.json")) for p in place.lake.rglob("_delta_log")}
    assert place.run() == ""
    assert {p: sorted(f.name for f in p.glob("*.json")) for p in place.lake.rglob("_delta_log")} == versions
    assert not [line for line in place.said if " rows to bronze." in line]


@pytest.mark.slow
@pytest.mark.spark
def test_a_deleted_table_comes_back_the_same(place):
    before = {address: place.content(address) for address in DERIVED}
    for address in DERIVED:
        shutil.rmtree(place.lake / address.replace(".", "/"))
    assert place.run() == ""
    assert {address: place.content(address) for address in DERIVED} == before


@pytest.mark.slow
@pytest.mark.spark
def test_the_past_can_be_shown_as_it_was_known(place):
    day = "2024-03-31"
    assert place.run(as_of=day) == ""
    now = place.ask("SELECT count(*) AS n FROM silver.report WHERE domain = 'veterinary'")[0]["n"]
    then = place.ask("SELECT count(*) AS n, max(known_from) AS k FROM silver.report WHERE domain = 'veterinary'", day)[
        0
    ]
    assert 0 < then["n"] < now
    assert str(then["k"]) <= day
    month = f"SELECT substance_key, term_key, a FROM gold.signal WHERE population = 'veterinary' AND month = '{day}'"
    known = {tuple(r.values()) for r in place.ask(month, day)}
    replayed = {tuple(r.values()) for r in place.ask(month)}
    assert len(known) > 100
    # Duplicates are linked anew with what was known; all else is the same.
    assert len(known ^ replayed) <= 0.03 * len(known)


@pytest.mark.spark
def test_the_reports_are_self_contained_and_hold_the_rules(place):
    page = (place.folder / "reports" / "signals.html").read_text()
    assert "default-src 'none'" in page, "the page asks nobody for anything"
    assert "EBGM" in page
    validation = (place.folder / "reports" / "validation.html").read_text()
    assert "silver.report_history" in validation
    kept = json.loads((place.folder / "reports" / "validation" / "silver.report.json").read_text())
    assert {o["success"] for o in kept["outcomes"]} <= {True, None}


def _first_row_told(place: Place, address: str) -> None:
    """A query that stops early must end, and end well: in a process of its own, as a user's does."""
    sql = f"SELECT * FROM {address} LIMIT 1"
    command = [sys.executable, "-m", "pipelines.cli", "sql", sql, "--lake", str(place.lake), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{address}: {done.stderr}"
    assert len(json.loads(done.stdout)) == min(1, place.ask(f"SELECT count(*) AS n FROM {address}")[0]["n"]), address


@pytest.mark.spark
@pytest.mark.parametrize("address", ["gold.signal", "silver.report_product", "bronze.faers_drug"])
def test_the_first_row_of_a_large_table_is_told_and_the_command_ends(place, address):
    for _ in range(2):
        _first_row_told(place, address)


@pytest.mark.slow
@pytest.mark.spark
def test_the_first_row_of_every_table_is_told_and_the_command_ends(place):
    for address in tables():
        if (place.lake / address.replace(".", "/")).is_dir():
            _first_row_told(place, address)


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.parametrize("by_kind", [False, True])
def test_a_bit_flipped_anywhere_in_a_real_lake_is_found(place, by_kind):
    random_ = random.Random(1)
    files = [f for a in tables() for f in (place.lake / a.replace(".", "/")).rglob("*") if f.is_file()]
    kinds: dict[str, list[Path]] = {}
    for file in sorted(f for f in files if f.stat().st_size):
        kinds.setdefault(file.parent.name[:1] + file.name[:1] + file.name.partition(".")[2][-12:], []).append(file)
    for _ in range(200):
        pool = kinds[random_.choice(sorted(kinds))] if by_kind else [f for k in kinds.values() for f in k]
        file = random_.choice(pool)
        data = file.read_bytes()
        at = random_.randrange(len(data))
        file.write_bytes(data[:at] + bytes([data[at] ^ 1 << random_.randrange(8)]) + data[at + 1 :])
        layer, name = file.relative_to(place.lake).parts[:2]
        found = verify(str(place.lake / layer / name), f"{layer}.{name}")
        file.write_bytes(data)
        assert not found.is_whole, f"byte {at} of {file.relative_to(place.lake)}"


@pytest.mark.slow
@pytest.mark.spark
def test_a_lake_is_backed_up_swept_and_restored(place, tmp_path):
    before = {address: place.content(address) for address in DERIVED}
    backup(str(place.lake), tmp_path / "copy", lambda _: None)
    shutil.rmtree(place.lake / "silver")
    restore(tmp_path / "copy", str(place.lake), True, lambda _: None)
    for folder in (place.lake / "silver").iterdir():
        vacuum(str(folder), dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    assert verify_lake(str(place.lake), None, lambda _: None) == []
    assert {address: place.content(address) for address in DERIVED} == before
    assert place.run() == "", place.said
    assert {address: place.content(address) for address in DERIVED} == before


@pytest.mark.slow
@pytest.mark.spark
def test_a_row_that_no_file_brought_ends_the_command_with_code_3_and_nothing_is_made_of_it(place, monkeypatch):
    """Another program writes into bronze: the balance of rows does not hold."""
    table = tables()["bronze.veddra_term"]
    folder = place.lake / "bronze" / "veddra_term"
    delta = DeltaTable(str(folder))
    row = delta.to_pyarrow_table().slice(0, 1)
    write_deltalake(delta, row.cast(table.arrow_schema()), mode="append")
    options = ["--landing", str(place.landing), "--lake", str(place.lake)]
    monkeypatch.setenv("GERLAND_REPORTS", str(place.folder / "reports"))
    command = [sys.executable, "-m", "pipelines.cli", "run", *options]
    before = DeltaTable(str(place.lake / "silver" / "term")).version()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stdout[-2000:] + done.stderr[-2000:]
    assert "rows_accounted (ERROR)" in done.stdout + done.stderr
    page = re.sub(r"<[^>]+>", " ", (place.folder / "reports" / "validation.html").read_text())
    first_broken = page[page.index("how to mend") :][:400]
    assert re.search(rf"bronze\.veddra_term\s+{re.escape(BALANCED)}\s+critical\s+[\d,]+\s+1\s", first_broken)
    assert DeltaTable(str(place.lake / "silver" / "term")).version() == before
    shutil.rmtree(folder)
    delta = DeltaTable(str(place.lake / "bronze" / "delivery"))
    delta.delete("table_name = 'veddra_term'")
    assert place.run() == "", place.said


@pytest.mark.slow
@pytest.mark.spark
def test_a_damaged_lake_is_told_by_a_run_and_made_again_as_it_was(place):
    said: list[str] = []
    addresses = ("silver.report", "bronze.faers_drug", "gold.signal")
    before = {address: place.content(address) for address in addresses}
    report = max((place.lake / "silver" / "report").rglob("part-*.parquet"), key=lambda f: f.stat().st_mtime)
    report.write_bytes(report.read_bytes()[:-100])
    drug = next((place.lake / "bronze" / "faers_drug").rglob("*.parquet"))
    flipped = bytearray(drug.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    drug.write_bytes(flipped)
    assert place.run() == "failed"
    assert any("silver.report is damaged" in line for line in place.said)
    damaged = verify_lake(str(place.lake), None, said.append)
    assert {d.address for d in damaged} == {"silver.report", "bronze.faers_drug"}
    with pytest.raises(VerifyError, match="lie no more in"):
        repair(str(place.lake), str(place.folder / "nowhere"), damaged, said.append)
    repair(str(place.lake), str(place.landing), damaged, said.append)
    assert place.run() == "", place.said
    assert verify_lake(str(place.lake), None, said.append) == []
    assert {address: place.content(address) for address in addresses} == before
