"""Fixtures of the whole suite: a Spark session, and the authorities' real files where they are to be had."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import installed, running

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[1]
os.environ["PYTHONPATH"] = str(ROOT)  # Spark workers import readers from here
os.environ.setdefault("GERLAND_PSEUDONYM_KEY", "a key for the samples of the tests")
# Compiled kernels and busy machines: the first call is slow, and so is drawing.
settings.register_profile("gerland", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gerland")


# Files that take minutes: begun first, so that no worker is left alone with one at the end.
LONGEST = ("tests/test_main_job.py", "tests/leaks/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files by their length, the longest first; the order within a file stays."""

    def place(item: pytest.Item) -> int:
        return next((i for i, start in enumerate(LONGEST) if item.nodeid.startswith(start)), len(LONGEST))

    items.sort(key=place)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their length: compressed ones hold the second they were made in, and processes must agree."""
    return f"{argname}{len(val)}" if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real samples and reference results; tests that need it are skipped, with the reason, without it."""
    folder = Path(os.environ.get("GERLAND_SHARED", ROOT.parent / "shared"))
    if not (folder / "references").is_dir():
        pytest.skip("GERLAND_SHARED names no folder with data/ and references/")
    return folder


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The one Spark session of the run, or of a worker of it, suited to little data as the main job suits it."""
    from pipelines.frames.spark import session, tune
    from pipelines.settings import settings

    engine = session()
    tune(engine, 0, settings())
    yield engine


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """A PostgreSQL of this test run; gives the address of a new, empty database whose password is hard to spell."""
    if not (binaries := installed()):
        pytest.skip("no PostgreSQL is installed here: neither initdb on the path nor /usr/lib/postgresql")
    with running(binaries) as server:
        yield server.database


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Dagster home with the settings of this project and nothing run yet."""
    shutil.copy(ROOT / "dagster_home" / "dagster.yaml", tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module", autouse=True)
def _let_go() -> Iterator[None]:
    """Let go of the frames that steps kept, as the engine does: each slows every later plan down."""
    yield
    from pipelines.frames.cache import release

    release()
