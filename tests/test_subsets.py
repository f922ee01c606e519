"""Any subset of the sources runs to its end: empty tables where nothing feeds them, and a sentence that says what would."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from pipelines.commands.main_job import run_main_job
from pipelines.core.catalog import sources
from pipelines.lake.query import query
from pipelines.simulator.write import simulate

REPORTS, SEED = 200, 5
PAIRS = (
    ("faers", "unii"),
    ("faers", "openfda"),
    ("gl42", "veddra"),
    ("bdpm", "snds"),
    ("anmv", "calypsovet"),
    ("e2b", "meddra"),
    ("esvac", "population"),
    ("atc_ddd", "open_medic"),
    ("bnpv", "bdpm"),
)
ANY = [tuple(random.Random(i).sample(sorted(sources()), k)) for i, k in enumerate((3, 5, 8, 13))]


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield simulated_country(patch, tmp_path_factory)


def simulated_country(patch, tmp_path_factory):
    folder = tmp_path_factory.mktemp("subsets")
    patch.setenv("GERLAND_TRACKING", f"sqlite:///{folder}/mlflow.db")
    patch.setenv("GERLAND_ARTIFACTS", str(folder / "mlflow"))
    home = folder / "dagster_home"
    shutil.copytree("dagster_home", home, ignore=lambda _, names: [n for n in names if n != "dagster.yaml"])
    patch.setenv("DAGSTER_HOME", str(home))
    simulate(folder / "country", REPORTS, SEED, lambda _: None)
    return folder


def run(country: Path, names: tuple[str, ...]) -> tuple[str, list[str], Path]:
    place = country / ("_".join(names) or "none")
    (place / "landing").mkdir(parents=True)
    for name in names:
        shutil.copytree(country / "country" / name, place / "landing" / name)
    said: list[str] = []
    given = {key: str(place / key) for key in ("landing", "lake", "reports")}
    return run_main_job(given, [], said.append), said, place / "lake"


def count(lake: Path, sql: str) -> int:
    return int(query(str(lake), f"SELECT count(*) AS n FROM {sql}", None).to_pylist()[0]["n"])


@pytest.mark.slow
@pytest.mark.spark
def test_veterinary_listings_without_a_register_have_signals_under_reported_names(country):
    ended, said, lake = run(country, ("evvet", "veddra"))
    assert ended == "", said
    assert count(lake, "silver.report") > 0
    assert count(lake, "gold.signal WHERE substance_key LIKE 'reported:%'") > 0
    assert count(lake, "silver.report_product WHERE coding_method = 'as_reported' AND substance_keys IS NULL") == 0
    told = [line for line in said if line.startswith("evvet: ")]
    assert len(told) == 1 and "count as reported; anmv, bdpm, omop or unii would code more" in told[0]
    assert any("silver.dispensing" in line and "omop or snds" in line for line in said)
    assert not any("silver.report_history" in line for line in said)


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.parametrize("names", [(), *[(name,) for name in sorted(sources())], *PAIRS, *ANY], ids="+".join)
def test_any_subset_runs_to_its_end(country, names):
    ended, said, _ = run(country, names)
    assert ended == "", said
    assert any(line.startswith("empty, for want of a source") for line in said)
