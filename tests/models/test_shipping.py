"""Registered models bring their code: they load where this project is not installed, by their own requirements."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.evaluation import registry
from models.evaluation.borrow import Borrowed
from models.evaluation.combined import Gate, Seen
from models.evaluation.features import FEATURES
from models.evaluation.methods import Examples, Fitted, fit
from models.evaluation.single import EmpiricalBayes
from models.evaluation.triage import Boosted, Triage
from models.mgps import registry as priors
from models.shipping import pinned, ship
from pipelines.evaluate.worlds import training_examples
from pipelines.settings import settings
from pipelines.simulator.years.families import load
from tests.conftest import ROOT
from tests.evaluate.small import SMALL

PREDICT = """
import sys, mlflow, pandas as pd
found = mlflow.pyfunc.load_model(sys.argv[1]).predict(pd.read_csv(sys.argv[2]))
import models
assert sys.argv[1] in models.__path__[0], models.__path__
found.to_csv(sys.argv[3], index=False)
"""


@pytest.mark.parametrize("module", ["evaluation.registered_model", "mgps.registered_model"])
def test_what_is_shipped_imports_nothing_of_ours_that_is_not(tmp_path, module):
    package = Path(ship(module, tmp_path))
    files = {f.relative_to(tmp_path).with_suffix("").as_posix().replace("/", ".") for f in package.rglob("*.py")}
    files = {name.removesuffix(".__init__") for name in files}
    assert f"models.{module}" in files
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert node.module.split(".")[0] not in ("pipelines", "expectations")
                assert not node.module.startswith("models") or node.module in files, (file, node.module)


def test_the_code_of_what_is_pickled_is_shipped(tmp_path):
    package = Path(ship("evaluation.registered_model", tmp_path))
    for kind in (Fitted, Triage, Boosted, Borrowed, EmpiricalBayes, Gate, Seen):
        assert (package.parent / f"{kind.__module__.replace('.', '/')}.py").is_file(), kind


def test_requirements_are_those_it_was_made_with():
    assert pinned(("numpy",)) == [f"numpy=={np.__version__}"]


@pytest.fixture
def tracking(tmp_path, monkeypatch):
    monkeypatch.setenv("GERLAND_ARTIFACTS", str(tmp_path / "artifacts"))
    settings.cache_clear()
    yield f"sqlite:///{tmp_path / 'mlflow.db'}"
    settings.cache_clear()


def loaded_elsewhere(model, rows, place):
    """What a registered model answers in an environment of its own, which knows nothing of the checkout."""
    import mlflow

    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{model}", dst_path=str(place / "model")))
    uv, python = Path(sys.executable).with_name("uv"), place / "venv" / "bin" / "python"
    rows.to_csv(place / "rows.csv", index=False)
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, place / "venv"], check=True)
    wanted = ["pip", "install", "--quiet", "--python", python, "-r", folder / "requirements.txt"]
    done = subprocess.run([uv, *wanted], capture_output=True, text=True, check=False)
    if done.returncode and "Failed to fetch" in done.stderr:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr
    (place / "predict.py").write_text(PREDICT)
    words = [python, "-I", place / "predict.py", folder, place / "rows.csv", place / "found.csv"]
    env = {"PATH": os.environ["PATH"], "HOME": str(place), "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run(words, cwd=place, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert str(ROOT) not in done.stdout + done.stderr
    return pd.read_csv(place / "found.csv")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_triage_model_loads_where_only_its_requirements_are(tracking, tmp_path):
    given = training_examples(1, load(), SMALL)
    fitted = fit(Examples.joined([given]))
    registry.register(tracking, fitted, registry.log(tracking, "worlds", {}, pd_league(), []))
    rows = pd.DataFrame(given.rows.x[:200], columns=list(FEATURES)).assign(n=given.n[:200])
    found = loaded_elsewhere(f"{registry.MODEL}@{registry.CHALLENGER}", rows, tmp_path)
    np.testing.assert_allclose(found["score"], fitted.combined.gated(given.n[:200], given.rows.x[:200]), rtol=1e-9)
    assert found["score"].notna().any()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_prior_loads_where_only_its_requirements_are(tracking, tmp_path):
    from models.mgps.fit import Prior
    from models.mgps.posterior import score

    theta = {"alpha1": 0.2, "beta1": 0.06, "alpha2": 1.4, "beta2": 1.8, "p": 0.1}
    row = {"population": "human", "month": "2024-01-31", "likelihood": "zero_inclusive", "is_converged": True, **theta}
    numbers = {"neg_log_likelihood": 1.0, "n_reports": 10, "n_pairs": 5}
    priors.register([row | numbers], {}, {}, {}, tracking)
    rows = pd.DataFrame(
        {"population": ["human"] * 2, "month": ["2024-03-31"] * 2, "n": [3.0, 9.0], "expected": [1.0, 2.0]}
    )
    found = loaded_elsewhere(f"{priors.MODEL}@{priors.CHAMPION}", rows, tmp_path)
    told = score(rows["n"].to_numpy(), rows["expected"].to_numpy(), Prior(**theta, likelihood="zero_inclusive"))
    np.testing.assert_allclose(found["ebgm"], told.ebgm, rtol=1e-9)


def pd_league():
    """A league of no rows: nothing is told of the model."""
    import polars as pl

    columns = ("method", "domain", "family", "stratum", "burden_k")
    return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
