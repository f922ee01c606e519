"""What becomes of deliveries: one bad file stops no other, corrections replace, what is withdrawn stays out."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pyarrow as pa
import pytest

from pipelines.core.ledger import Delivery, DeliveryAction, Quarantine
from pipelines.core.table import Column
from pipelines.files.store import StorageError
from pipelines.intake.balance import balances
from pipelines.intake.deliveries import DeliveryError, ledger, reread, withdraw
from pipelines.intake.ingest import ingest
from pipelines.intake.landing import scan
from pipelines.lake.lake import Lake
from pipelines.privacy.pseudonyms import Pseudonymiser
from tests.intake.landed import TABLES, TOY, deliver, run, zipped
from tests.intake.toy.tables import ToyLine

pytestmark = pytest.mark.spark
SOURCES = {"toy": TOY}


@pytest.fixture
def lake(spark, tmp_path):
    return Lake(spark, str(tmp_path / "lake"), TABLES)


def lines(lake: Lake) -> set[str]:
    return set(lake.small(ToyLine.address(), ["left"])["left"].to_pylist())


def told(lake: Lake) -> dict[str, tuple[str, str]]:
    return {r["file"].removeprefix("toy/"): (r["status"], r["reason"]) for r in ledger(lake)}


def is_balanced(lake: Lake) -> bool:
    return all(b.is_balanced for b in balances(lake, TOY.tables).values())


def id_of(lake: Lake, file: str) -> str:
    return next(r["delivery_id"] for r in ledger(lake) if r["file"] == f"toy/{file}")


def test_one_bad_file_stops_no_other_and_each_is_told_by_whose_fault_it_is(lake, tmp_path):
    landing, said = tmp_path / "in", []
    files = {"good": b"a|b\n", "miscounted": b"c|d\ne|f\n", "crash": b"g|h\n", "store": b"i|j\n", "shaky": b"k|l\n"}
    deliver(landing, **{f"{name}__txt": data for name, data in files.items()})
    (landing / "toy/torn.txt").symlink_to("/proc/self/mem")  # reading it is an error of the system
    with pytest.raises(StorageError, match=r"failed on toy/torn\.txt and 1 more .OSError: Input/output error"):
        run(lake, landing, said.append)
    assert lines(lake) == {"a", "k"}
    status = told(lake)
    assert status["good.txt"] == status["shaky.txt"] == ("accepted", None)
    why = "toy_line: 3 records counted in it, 2 read from it; nothing of it is kept"
    assert status["miscounted.txt"] == ("refused", why)
    assert status["crash.txt"][0] == "failed"
    assert re.fullmatch(
        r"the reader failed on it: KeyError at intake/toy/read\.py line \d+ in read", status["crash.txt"][1]
    )
    assert not {"store.txt", "torn.txt"} & set(status)
    aside = lake.small(Quarantine.address(), ["file", "line_number"]).to_pylist()
    assert sorted((r["file"], r["line_number"]) for r in aside) == [("toy/crash.txt", 0), ("toy/miscounted.txt", 0)]
    assert is_balanced(lake)
    assert f"toy: refused: toy/miscounted.txt: {why}" in said
    assert [s for s in said if "toy/crash.txt" in s and "failed" in s]
    assert [s for s in said if "KeyError\n  at" in s]
    assert "SECRET" not in "".join(said) + str(ledger(lake))

    for name in ("store.txt", "torn.txt"):
        (landing / "toy" / name).unlink()
    version = lake.version(ToyLine.address())
    again = run(lake, landing)
    assert [(r["file"], r["status"]) for r in again.ledger] == [("toy/crash.txt", "failed")]
    assert (again.n_known, lake.version(ToyLine.address())) == (3, version)


def test_a_file_that_takes_its_process_with_it_stops_no_other(lake, tmp_path):
    deliver(tmp_path / "in", **{f"{name}__txt": f"{name}|b\n".encode() for name in ("a", "dies", "z")})
    run(lake, tmp_path / "in")
    assert lines(lake) == {"a", "z"}
    assert told(lake)["dies.txt"] == ("failed", "the process that read it died, as one does that has no memory left")


@pytest.mark.slow
def test_a_task_that_the_engine_repeats_writes_its_rows_once(tmp_path):
    deliver(tmp_path / "in", a__txt=b"a|b\nx\n", once__txt=b"c|d\n")  # one task reads both and dies at the second
    marker = tmp_path / "marker"
    marker.touch()
    code = (
        "import sys; from pathlib import Path; from pipelines.lake.lake import Lake; from pipelines.frames.spark import session\n"
        "from tests.intake.landed import TABLES, run\n"
        "run(Lake(session(), sys.argv[1], TABLES), Path(sys.argv[2]))\n"
    )
    own = {"GERLAND_SPARK_MASTER": "local[1,3]", "TOY_MARKER": str(marker)}
    root = str(tmp_path / "lake")
    done = subprocess.run([sys.executable, "-c", code, root, str(tmp_path / "in")], env=os.environ | own, check=False)
    assert done.returncode == 0
    assert not marker.exists()
    lake = Lake(None, root, TABLES)
    assert lake.small(ToyLine.address(), ["left"])["left"].to_pylist() == ["a", "c"]
    assert lake.n_rows(Quarantine.address()) == 1
    assert is_balanced(lake)
    files = list((tmp_path / "lake/bronze/toy_line").rglob("*.parquet"))
    assert len(files) == 3, "the first attempt left a file that no version names"


def test_a_correction_of_the_same_date_replaces_and_a_deleted_file_stays(lake, tmp_path):
    landing = tmp_path / "in"
    deliver(landing, **{"2024-01-31/one__txt": b"a|b\nx\n", "2024-01-31/two__txt": b"c|d\n", "page__txt": b""})
    run(lake, landing)
    deliver(landing, **{"2024-01-31/one__txt": b"e|f\n", "2024-02-29/one__txt": b"g|h\n", "page__txt": b"i|j\n"})
    (landing / "toy/2024-01-31/two.txt").unlink()
    run(lake, landing)
    assert lines(lake) == {"c", "e", "g", "i"}
    statuses = sorted((r["file"][4:], r["status"]) for r in ledger(lake))
    assert [s for s in statuses if s[1] == "replaced"] == [("2024-01-31/one.txt", "replaced"), ("page.txt", "replaced")]
    assert lake.n_rows(Quarantine.address()) == 0
    actions = lake.small(DeliveryAction.address(), ["action", "n_rows_kept", "n_rows_quarantined"]).to_pylist()
    assert sorted(tuple(a.values()) for a in actions) == [("replace", 0, 0), ("replace", 1, 1)]
    deliver(landing, **{"2024-01-31/one__txt": b"a|b\nx\n"})  # the first content again
    run(lake, landing)
    assert lines(lake) == {"a", "c", "g", "i"}
    assert is_balanced(lake)


def test_a_correction_that_says_what_another_file_says_already_replaces_too(lake, tmp_path):
    landing = tmp_path / "in"
    deliver(landing, **{"2024-01-31/one__txt": b"a|b\n", "2024-01-31/two__txt": b"c|d\n"})
    run(lake, landing)
    deliver(landing, **{"2024-01-31/one__txt": b"c|d\n"})
    run(lake, landing)
    assert lines(lake) == {"c"}
    assert is_balanced(lake)


@pytest.mark.parametrize(("rule", "left"), [("next_state", "ac"), ("correction", "c"), ("another", "ac")])
def test_a_file_overwritten_on_a_later_day_is_what_its_card_says(lake, tmp_path, rule, left):
    landing, file = tmp_path / "in", tmp_path / "in/toy/one.txt"
    source = type(TOY)(type(TOY.card)(**{**vars(TOY.card), "overwritten": rule}), TOY.tables, TOY.package)
    for day, data in ((1_600_000_000, b"a|b\n"), (1_600_100_000, b"c|d\n")):
        deliver(landing, one__txt=data)
        os.utime(file, (day, day))
        ingest(lake, source, scan(str(landing), {"toy": source}), str(landing), Pseudonymiser("k"), lambda _: None)
    assert lines(lake) == set(left)
    assert is_balanced(lake)


def touched(file, day: int) -> None:
    os.utime(file, (1_600_000_000 + 86_400 * day,) * 2)


def test_the_same_bytes_copied_renamed_or_touched_are_the_same_delivery(lake, tmp_path):
    landing = tmp_path / "in"
    deliver(landing, one__txt=b"a|b\nx\n", **{"2024q1/two__txt": b"c|d\n", "2020-12-31/soon__txt": b"e|f\n"})
    for day, name in enumerate(("one.txt", "2024q1/two.txt", "2020-12-31/soon.txt")):
        touched(landing / "toy" / name, day)  # the last two before the dates that their paths state
    run(lake, landing)
    before, said = lake.versions(TABLES), ledger(lake)
    deliver(landing, copy__txt=b"a|b\nx\n", pack__zip=zipped(one=b"a|b\nx\n"))
    deliver(landing, **{"2024q1/two_again__txt": b"c|d\n", "undated__txt": b"c|d\n", "2020-12-31/late__txt": b"e|f\n"})
    for day, name in enumerate(("copy.txt", "one.txt", "undated.txt", "2020-12-31/soon.txt", "2020-12-31/late.txt")):
        touched(landing / "toy" / name, 400 + day)
    again = run(lake, landing)
    assert (again.ledger, again.n_known) == ([], 8)
    assert (lake.versions(TABLES), ledger(lake)) == (before, said)
    deliver(landing, **{"2024q2/two__txt": b"c|d\n"})  # another date says that it is still so
    run(lake, landing)
    assert len(ledger(lake)) == len(said) + 1


def test_copies_that_come_at_once_are_one_delivery_known_since_the_earliest(lake, tmp_path):
    landing = tmp_path / "in"
    deliver(landing, one__txt=b"a|b\n", two__txt=b"a|b\n", three__txt=b"a|b\n")
    for day, name in enumerate(("three.txt", "one.txt", "two.txt")):
        touched(landing / "toy" / name, day)
    run(lake, landing)
    assert [str(r["known_date"]) for r in ledger(lake)] == ["2020-09-13"]
    assert lines(lake) == {"a"}


def test_a_state_that_was_left_and_is_back_is_told_anew(lake, tmp_path):
    landing, file = tmp_path / "in", tmp_path / "in/toy/one.txt"
    for day, data in enumerate((b"a|b\n", b"c|d\n", b"a|b\n")):
        deliver(landing, one__txt=data)
        touched(file, day)
        run(lake, landing)
    touched(file, 9)
    run(lake, landing)
    told = sorted((str(r["known_date"]), r["sha256"][:2]) for r in ledger(lake))
    assert [day for day, _ in told] == ["2020-09-13", "2020-09-14", "2020-09-15"]
    assert told[0][1] == told[2][1] != told[1][1]


def test_what_is_withdrawn_leaves_and_stays_out_until_it_is_asked_for_again(lake, tmp_path):
    landing = tmp_path / "in"
    deliver(landing, one__txt=b"a|b\nx\n", two__txt=b"c|d\n")
    run(lake, landing)
    withdraw(Lake(None, lake.root, TABLES), SOURCES, [id_of(lake, "one.txt")], "sent by mistake")  # without the engine
    assert lines(lake) == {"c"}
    assert lake.n_rows(Quarantine.address()) == 0
    (action,) = lake.small(DeliveryAction.address(), list(DeliveryAction.columns)).to_pylist()
    assert (action["action"], action["reason"], action["n_rows_kept"]) == ("withdraw", "sent by mistake", 1)
    assert action["acted_by"]
    deliver(landing, copy__txt=b"a|b\nx\n")
    os.utime(landing / "toy/one.txt", (1_600_000_000, 1_600_000_000))
    run(lake, landing)
    assert lines(lake) == {"c"}
    assert told(lake)["one.txt"] == ("withdrawn", "sent by mistake")
    with pytest.raises(DeliveryError, match="already: sent by mistake"):
        withdraw(lake, SOURCES, [id_of(lake, "one.txt")], "again")
    with pytest.raises(DeliveryError, match="there is no delivery 00; `gerland deliveries`"):
        reread(lake, ["00"], "why", str(landing))
    reread(lake, [id_of(lake, "one.txt")], "it was right", str(landing))
    assert is_balanced(lake)
    run(lake, landing)
    assert lines(lake) == {"a", "c"}
    assert told(lake)["one.txt"] == ("accepted", None)
    (landing / "toy/two.txt").unlink()
    with pytest.raises(DeliveryError, match="lies in the landing zone no more"):
        reread(lake, [id_of(lake, "two.txt")], "why", str(landing))


def test_a_withdrawal_that_was_cut_off_is_finished_by_the_next_run(lake, tmp_path):
    deliver(tmp_path / "in", one__txt=b"a|b\n", two__txt=b"c|d\n")
    run(lake, tmp_path / "in")
    rows = [r | ({"status": "withdrawn", "n_rows_read": 0} if "one" in r["file"] else {}) for r in ledger(lake)]
    lake.replace_small(Delivery, as_table(rows), {r["delivery_id"] for r in rows})
    run(lake, tmp_path / "in")
    assert lines(lake) == {"c"}
    assert is_balanced(lake)
    two = id_of(lake, "two.txt")
    withdraw(lake, SOURCES, [two], "wrong")
    lake.replace_small(Delivery, as_table([]), {two})  # the ledger forgets, the audit does not
    run(lake, tmp_path / "in")
    assert lines(lake) == set()


@pytest.mark.parametrize("keeps_time", [False, True])
def test_a_file_that_changes_after_it_was_hashed_is_left_for_the_next_run(lake, tmp_path, keeps_time):
    landing, said = tmp_path / "in", []
    deliver(landing, one__txt=b"a|b\n", two__txt=b"c|d\n")
    landed, file = scan(str(landing), SOURCES), landing / "toy/one.txt"
    before = file.stat()
    file.write_bytes(b"e|f\n" if keeps_time else b"a|b\ng|h\n")
    if keeps_time:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    ingest(lake, TOY, landed, str(landing), Pseudonymiser("k"), said.append)
    assert lines(lake) == {"c"}
    assert set(told(lake)) == {"two.txt"}
    assert "toy: left for the next run: toy/one.txt: it changed while it was read" in said
    run(lake, landing)
    assert lines(lake) == ({"c", "e"} if keeps_time else {"c", "a", "g"})


class OldDelivery(Delivery):
    """The ledger as it was."""

    name = "delivery"
    status = Column("string", "Whether it was read", required=True, codes={"accepted": "", "refused": ""})


@pytest.mark.parametrize("is_there", [False, True])
def test_a_lake_that_holds_a_delivery_out_of_balance_heals(lake, tmp_path, is_there):
    landing = tmp_path / "in"
    deliver(landing, one__txt=b"a|b\nx\n", two__txt=b"c|d\n")
    run(lake, landing)
    rows = [r | ({"n_rows_read": 3, "code_version": "old"} if "one" in r["file"] else {}) for r in ledger(lake)]
    for file in (tmp_path / "lake/bronze/delivery").rglob("*"):  # written by code that knew two statuses
        file.unlink() if file.is_file() else None
    lake.replace_small(OldDelivery, as_table(rows), {r["delivery_id"] for r in rows})
    assert not is_balanced(lake)
    if not is_there:
        (landing / "toy/one.txt").unlink()
    deliver(landing, three__txt=b"e|f\n")
    run(lake, landing)
    assert is_balanced(lake)
    assert lines(lake) == ({"a", "c", "e"} if is_there else {"c", "e"})
    if not is_there:
        assert told(lake)["one.txt"][0] == "refused"
        assert "3 records counted in it, 2 read" in told(lake)["one.txt"][1]


def as_table(rows: list[dict]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=Delivery.arrow_schema())
