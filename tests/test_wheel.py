"""The wheel alone: installed in an empty environment it answers without the checkout, and keeps data where one works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from pipelines.analyse import EXAMPLES
from pipelines.analyse.score import Columns, score_file
from pipelines.core.code import ROOT

BIN = Path(sys.executable).parent


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Run a command that knows neither this checkout nor its settings; returns what it prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GERLAND_", "VIRTUAL"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=kept | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Programs of an environment that holds the wheel and what it asks for, as locked."""
    folder = tmp_path_factory.mktemp("wheel")
    run(BIN / "hatchling", "build", "-t", "wheel", "-d", folder)
    (wheel,) = folder.glob("*.whl")
    locked = folder / "constraints.txt"
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked.write_text("\n".join(line.removesuffix(" \\") for line in lines if line and not line.startswith((" ", "#"))))
    run(BIN / "uv", "venv", "--quiet", "--python", sys.executable, folder / "env")
    python = folder / "env" / "bin" / "python"
    run(BIN / "uv", "pip", "install", "--quiet", "--python", python, "--constraint", locked, wheel)
    return python.parent


@pytest.mark.slow
def test_an_installed_wheel_scores_a_file_as_the_checkout_does_and_keeps_data_where_one_works(installed, tmp_path):
    shutil.copy(EXAMPLES / "cases.csv", tmp_path)
    run(installed / "gerland", "score", "cases.csv", "--out", "scores.csv", cwd=tmp_path)
    expected = score_file(
        EXAMPLES / "cases.csv", Columns("case_id", "product", "event"), "zero_inclusive", lambda _: None
    )
    found = pl.read_csv(tmp_path / "scores.csv", infer_schema_length=None)
    assert found["product"].to_list() == expected["product"].to_list()
    assert found["ebgm"].to_list() == pytest.approx(expected["ebgm"].to_list(), nan_ok=True)
    asked = "import gerland, pipelines; from pipelines.settings import load; s = load(); "
    asked += "print(pipelines.__file__, gerland.__file__, s.lake, s.reports, s.tracking, s.artifacts, sep='\\n')"
    code, surface, *places = run(installed / "python", "-c", asked, cwd=tmp_path).splitlines()
    environment = installed.parent.resolve()
    assert Path(code).resolve().is_relative_to(environment)
    assert Path(surface).resolve().is_relative_to(environment)
    data = tmp_path.resolve() / "data"
    assert places == [str(data / "lake"), str(data / "reports"), f"sqlite:///{data}/mlflow.db", str(data / "mlflow")]
    home = "from pipelines.orchestration.home import dagster_home; print((dagster_home() / 'dagster.yaml').read_text())"
    shipped = run(installed / "python", "-c", home, cwd=tmp_path)
    assert shipped.strip() == (ROOT / "dagster_home" / "dagster.yaml").read_text(encoding="utf-8").strip()
    assert (tmp_path / "dagster_home" / "dagster.yaml").exists()
    elsewhere = run(installed / "python", "-c", asked, cwd=tmp_path, GERLAND_LAKE="/somewhere/lake").splitlines()
    assert elsewhere[2] == "/somewhere/lake"
    assert not (Path(code).parents[1] / "data").exists()
