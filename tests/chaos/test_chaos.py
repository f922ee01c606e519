"""Whatever happens on the way, the lake ends as if nothing had: nothing lost, nothing doubled, nothing left to mend.

A history is drawn from its seed, which is printed: files come in any order, some broken; runs are killed at any moment,
meet a full disk, or another run on the same lake. Then one run goes through, and the lake must hold what a lake holds
that took the same files in at once. `CHAOS_HISTORIES` says how many histories, `CHAOS_SEED` from which seed on.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.core.catalog import sources, tables
from pipelines.core.ledger import Delivery, Quarantine
from pipelines.lake.query import QueryError, query
from pipelines.simulator.write import simulate
from pipelines.upkeep.deliveries import withdraw
from pipelines.upkeep.verify import verify_lake
from tests.chaos.zygote import DEEP, DONE, FAILED, REFUSED, SOURCES

HISTORIES, FIRST = int(os.environ.get("CHAOS_HISTORIES", "60")), int(os.environ.get("CHAOS_SEED", "1"))
KILLED = -9
LANDINGS = 5  # sets of files in which histories end: each is also taken in at once, to compare with
DEEP_EVERY = 10  # histories in which a table is made from what is read, and changed by what comes later
MOMENTS = {"ingested_at", "due_at", "sent_at", "content", "code_version"}  # what differs from run to run
GONE = ("replaced", "withdrawn", "begun")
REPEATED_EVERY = 4  # histories after which one more run must find nothing to do
BROKEN = {
    "tattoo/declarations_2013-01-31.csv": b"<!DOCTYPE html><html>quota exceeded</html>",
    "tattoo/declarations_2013-02-28.csv": b"",
    "e2b/batch_2013-01-31.xml": b"<?xml version='1.0'?><MCCI_IN200100UV01 xmlns='urn:hl7-org:v3'><id",
    "sue/reports_2013-01-31.csv": bytes(range(256)) * 20,
}


class Runs:
    """The process that runs are forked from."""

    def __init__(self, folder: Path):
        places = {"GERLAND_LAKE": str(folder / "none"), "GERLAND_REPORTS": str(folder / "reports")}
        environment = {**os.environ, **places, "GERLAND_PSEUDONYM_KEY": "of the chaos run alone"}
        self.seconds: dict[bool, float] = {}  # what the last run that nothing befell took, by whether it was deep
        self.log = (folder / "runs.log").open("w")
        command = [sys.executable, "-m", "tests.chaos.zygote"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.log}
        self.process = subprocess.Popen(command, text=True, env=environment, **pipes)
        assert self._answer() == {"ready": True}, (folder / "runs.log").read_text()

    def __call__(self, *folders: Path, kill_after: float | None = None, is_deep: bool = False) -> list[int]:
        """Run on each folder, all at once; returns how each ended."""
        asked = {"runs": [{"folder": str(f), "is_deep": is_deep} for f in folders], "kill_after": kill_after}
        started = time.monotonic()
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        codes = self._answer()["codes"]
        if kill_after is None and codes == [DONE]:
            self.seconds[is_deep] = time.monotonic() - started
        return codes

    def _answer(self) -> dict:
        return json.loads(self.process.stdout.readline() or "{}")

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(60)


@pytest.fixture(scope="module")
def runs(files, tmp_path_factory):
    made = Runs(tmp_path_factory.mktemp("zygote"))
    for is_deep in (True, False, True):
        folder = tmp_path_factory.mktemp("warm")
        for name, data in files.items():
            deliver(folder, name, data)
        assert made(folder, is_deep=is_deep) == [DONE]
    yield made
    made.end()


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, bytes]:
    """Deliveries by path: batches of messages, declarations cut into months, and files that nobody can read."""
    folder = tmp_path_factory.mktemp("files")
    simulate(folder, 100, 3, lambda _: None)
    found = {str(p.relative_to(folder)): p.read_bytes() for s in SOURCES for p in sorted((folder / s).glob("*"))}
    made = {name: data for name, data in found.items() if name.startswith("e2b/")}
    for name, data in found.items():
        if name not in made:
            header, *lines = data.decode().splitlines(keepends=True)
            for part in range(3):
                dated = name.replace("2012-12-31", f"2012-1{part}-28")
                made[dated] = "".join([header, *lines[part::3]]).encode()
    return made | BROKEN


@pytest.fixture(scope="module")
def clean(runs, tmp_path_factory) -> Callable[[dict[str, bytes]], dict]:
    """What a lake holds that took files in at once, each set of files run once."""
    known: dict[frozenset[tuple[str, bytes]], dict] = {}

    def content(landed: dict[str, bytes], is_deep: bool) -> dict:
        key = frozenset({*landed.items(), ("is_deep", bytes(is_deep))})
        if key not in known:
            folder = tmp_path_factory.mktemp("clean")
            (folder / "landing").mkdir()
            for name, data in landed.items():
                deliver(folder, name, data)
            assert runs(folder, is_deep=is_deep) == [DONE]
            known[key] = state(folder)
            shutil.rmtree(folder)
        return known[key]

    return content


def deliver(folder: Path, name: str, data: bytes) -> None:
    path = folder / "landing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def state(folder: Path) -> dict[str, list[str]]:
    """Rows of every table that the runs make, without the moments at which they were made."""
    fed = {t.address() for name in SOURCES for t in sources()[name].tables}
    made = [DEEP, Delivery.address(), Quarantine.address(), *sorted(fed)]
    found = {}
    for address in made:
        columns = [c for c in tables()[address].columns if c not in MOMENTS and c != "file"]
        try:
            rows = query(str(folder / "lake"), f"SELECT {', '.join(columns)} FROM {address}").to_pylist()
        except QueryError as error:
            assert "has not been built" in str(error), error
            rows = []
        found[address] = sorted(str(row) for row in rows if row.get("status") not in GONE)
    return found


def full_disk(runs: Runs, folder: Path, random_: random.Random, is_deep: bool) -> list[int]:
    """A run whose lake lies on a disk that becomes full at any byte; then it has room again."""
    lake, aside = folder / "lake", folder / "aside"
    lake.mkdir(exist_ok=True)
    used = sum(f.stat().st_blocks * 512 for f in lake.rglob("*") if f.is_file())
    entries = sum(1 for _ in lake.rglob("*"))
    size = used + entries * 1024 + random_.randrange(4096, 1 << 20)
    shutil.copytree(lake, aside)
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", lake], capture_output=True)
    if mount.returncode:
        shutil.rmtree(aside)
        pytest.skip("no file system can be mounted here, and so none be filled")
    try:
        try:
            shutil.copytree(aside, lake, dirs_exist_ok=True)
            codes = runs(folder, is_deep=is_deep)
        finally:
            subprocess.run(["mount", "-o", "remount,size=1g", "tmpfs", lake], check=True)
        shutil.rmtree(aside)
        shutil.copytree(lake, aside)
    finally:
        subprocess.run(["umount", lake], check=True)
    shutil.rmtree(lake)
    aside.rename(lake)
    return codes


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(FIRST, FIRST + HISTORIES))
def test_every_history_ends_in_the_same_lake(seed, runs, files, clean, tmp_path, capsys):
    random_, started = random.Random(seed), time.monotonic()
    (tmp_path / "landing").mkdir()
    is_deep = seed % DEEP_EVERY == 0
    coming = random.Random(seed % LANDINGS).sample(sorted(files), 6)
    random_.shuffle(coming)
    landed: dict[str, bytes] = {}
    said: list[str] = []
    withdrawn: set[str] = set()

    def take(n: int) -> None:
        for name in [coming.pop() for _ in range(min(n, len(coming)))]:
            landed[name] = files[name]
            deliver(tmp_path, name, files[name])

    for _ in range(random_.randrange(2, 4)):
        take(random_.randrange(1, 4))
        fault = random_.choice((*("kill",) * 4, "second run", "full disk", "again", "replaced", "withdrawn"))
        if fault == "kill":
            moment = random_.uniform(0.1, 1.0) * runs.seconds[is_deep]  # anywhere in what a run takes here and now
            codes = runs(tmp_path, kill_after=moment, is_deep=is_deep)
            assert set(codes) <= {KILLED, DONE}, codes
        elif fault == "second run":
            codes = runs(tmp_path, tmp_path, is_deep=is_deep)
            assert sorted(codes) == [DONE, REFUSED], codes
        elif fault == "full disk":
            codes = full_disk(runs, tmp_path, random_, is_deep)
            assert set(codes) <= {DONE, FAILED}, codes
        else:
            name = random_.choice(sorted(n for n in landed if fault != "replaced" or is_corrected(n)) or sorted(landed))
            if fault == "again":  # the same bytes under another name
                deliver(tmp_path, name.replace("/", "/zz_again_", 1), landed[name])
            elif fault == "replaced" and is_corrected(name):
                landed[name] = corrected(landed[name])
                deliver(tmp_path, name, landed[name])
            elif fault == "withdrawn" and (ids := accepted(tmp_path)):
                withdraw(str(tmp_path / "lake"), [chosen := random_.choice(ids)], "chaos", lambda _: None)
                withdrawn.add(chosen)
            codes = runs(tmp_path, is_deep=is_deep)
            assert codes == [DONE]
        said.append(f"{fault} {codes}")
    take(len(coming))
    ended = runs(tmp_path, is_deep=is_deep)
    with capsys.disabled():
        seconds = time.monotonic() - started
        sys.stdout.write(f"\nhistory of seed {seed}: {len(landed)} files, {', '.join(said)}; {seconds:.0f} s\n")
    assert ended == [DONE]
    stays = {
        name: data for name, data in lying(tmp_path).items() if hashes(tmp_path, withdrawn).isdisjoint({sha(data)})
    }
    assert state(tmp_path) == clean(stays, is_deep)
    assert verify_lake(str(tmp_path / "lake"), None, lambda _: None) == []
    assert sent(tmp_path) == owed(tmp_path)
    if seed % REPEATED_EVERY == 0:
        before = versions(tmp_path)
        assert runs(tmp_path, is_deep=is_deep) == [DONE]
        assert versions(tmp_path) == before, "a run that has nothing to do does nothing"


def versions(folder: Path) -> set[str]:
    return {str(p) for p in (folder / "lake").rglob("_delta_log/*.json")}


def is_corrected(name: str) -> bool:
    """Tell whether other bytes at a path are a correction, as the source's card says; else both stand."""
    return sources()[name.split("/")[0]].card.overwritten != "another"


def corrected(data: bytes) -> bytes:
    """The same file without its last line, or with a remark behind it where it is a message."""
    lines = data.splitlines(keepends=True)
    return (
        data + b"<!-- corrected -->\n" if data.startswith(b"<") else b"".join(lines[:-1] if len(lines) > 2 else lines)
    )


def accepted(folder: Path) -> list[str]:
    """Deliveries that the lake has accepted."""
    if not (folder / "lake" / "bronze" / "delivery" / "_delta_log").is_dir():
        return []
    told = query(str(folder / "lake"), "SELECT DISTINCT delivery_id FROM bronze.delivery WHERE status = 'accepted'")
    return sorted(told["delivery_id"].to_pylist())


def hashes(folder: Path, ids: set[str]) -> set[str]:
    """Hashes of the content of deliveries."""
    told = query(str(folder / "lake"), "SELECT delivery_id, sha256 FROM bronze.delivery").to_pylist()
    return {row["sha256"] for row in told if row["delivery_id"] in ids}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def lying(folder: Path) -> dict[str, bytes]:
    """What lies in the landing zone."""
    landing = folder / "landing"
    return {str(p.relative_to(landing)): p.read_bytes() for p in sorted(landing.rglob("*")) if p.is_file()}


def sent(folder: Path) -> dict[str, str]:
    """Answers in the outbox by file."""
    return {p.name: p.read_text() for p in (folder / "outbox" / "e2b").glob("*")}


def owed(folder: Path) -> dict[str, str]:
    """Answers that the lake says were sent, one for each batch of messages that it took in."""
    lake = str(folder / "lake")
    accepted = "SELECT delivery_id FROM bronze.delivery WHERE table_name = 'e2b_icsr' AND status = 'accepted'"
    batches = {row["delivery_id"] for row in query(lake, accepted).to_pylist()}
    if not batches and not (folder / "outbox").exists():
        return {}
    told = query(lake, "SELECT delivery_id, file, content FROM bronze.acknowledgement WHERE sent_at IS NOT NULL")
    assert {row["delivery_id"] for row in told.to_pylist()} >= batches
    return {row["file"]: row["content"] for row in told.to_pylist()}
