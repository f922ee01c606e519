"""One run at a time on a lake, and a killed one leaves no lock."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from pipelines.commands.main_job import run_main_job
from pipelines.lake.lease import LeaseTaken, hold, release

HOLDER = "import sys, time; from pipelines.lake.lease import hold; hold(sys.argv[1]); print('held', flush=True); time.sleep(600)"


@pytest.fixture
def holder(tmp_path):
    root = str(tmp_path / "lake")
    process = subprocess.Popen([sys.executable, "-c", HOLDER, root], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield root, process
    process.kill()
    process.wait()


def test_a_second_run_is_refused_with_the_owner_of_the_first_and_a_killed_one_leaves_no_lock(holder, tmp_path):
    root, process = holder
    (tmp_path / "landing").mkdir()
    given = {"landing": str(tmp_path / "landing"), "lake": root, "reports": str(tmp_path / "reports")}
    with pytest.raises(LeaseTaken, match=f"process {process.pid} of"):
        run_main_job(given, [], lambda _: None)
    process.kill()
    process.wait()
    hold(root)
    hold(root)  # the same process may ask again
    release(root)


def at_once(what: Callable[[], None], n: int = 16) -> list[Exception]:
    """What goes wrong where threads do the same at once."""
    together, failed = threading.Barrier(n), []

    def do() -> None:
        together.wait()
        try:
            what()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=do) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


def test_threads_that_begin_a_run_at_once_hold_one_lease(tmp_path):
    for i in range(20):
        root = str(tmp_path / str(i))
        assert at_once(lambda root=root: hold(root)) == []
        release(root)


def test_what_is_released_is_free_for_others(tmp_path):
    hold(str(tmp_path))
    release(str(tmp_path))
    code = f"from pipelines.lake.lease import hold; hold({str(tmp_path)!r})"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
