"""Evaluations and triage models in MLflow: each evaluation a run; a challenger that wins is champion; one way back.

A challenger wins where, at the base burden over all domains, its area and lead on IC025, and lead on EB05,
have intervals above zero.
"""

from __future__ import annotations

import pickle
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.evaluation.champion import CHAMPION, MODEL
from models.evaluation.features import FEATURES
from models.evaluation.methods import Fitted
from models.mgps.registry import _mlflow as client
from models.shipping import pinned, ship

if TYPE_CHECKING:
    import polars as pl

EXPERIMENT = "evaluation"
CHALLENGER, FORMER = "challenger", "former_champion"
ARTIFACTS = f"mlflow-artifacts:/{EXPERIMENT}"
JUDGED_BY = "combined"
DECIDING = ("auc_minus_ic025_low", "lead_months_minus_ic025_low", "lead_months_minus_eb05_low")
REQUIREMENTS = ("mlflow", "numpy", "scipy", "scikit-learn", "pandas", "polars", "numba", "threadpoolctl")
TOLD = ("auc", "ap", "ppv", "found_before", "lead_months")


def log(tracking: str, kind: str, params: Mapping[str, Any], league: pl.DataFrame, files: Sequence[Path]) -> str:
    """Log one evaluation with its league, files and the numbers of `combined` and IC025; return the run's identity."""
    mlflow = client(tracking)
    with mlflow.start_run(experiment_id=_experiment(mlflow), run_name=kind) as run:
        mlflow.log_params({k: str(v)[:500] for k, v in params.items()})
        for method in (JUDGED_BY, "ic025"):
            row = base(league, method)
            numbers = {f"{method}.{name}": row[name] for name in TOLD if row and row[name] is not None}
            mlflow.log_metrics({k: float(v) for k, v in numbers.items()})
        for file in files:
            mlflow.log_artifact(str(file))
        return str(run.info.run_id)


def base(league: pl.DataFrame, method: str) -> dict[str, Any]:
    """Row of a method over all domains, families and strata, at the second burden; empty where there is none."""
    import polars as pl

    rows = league.filter(
        pl.col("method") == method, *(pl.col(c) == "all" for c in ("domain", "family", "stratum"))
    ).sort("burden_k")
    return rows.row(min(1, rows.height - 1), named=True) if rows.height else {}


def register(tracking: str, fitted: Fitted, run_id: str) -> str:
    """Register fitted models as challenger, with the code that scores them; return the version."""
    import pandas as pd
    from mlflow.models import infer_signature

    mlflow = client(tracking)
    given = pd.DataFrame({"n": [3.0], **{name: [0.0] for name in FEATURES}})
    parts = {name: [0.5] for name in ("base", *(f"part_{name}" for name in FEATURES))}
    scored = pd.DataFrame({"score": [0.5], "raised_most_by": ["ic025"], **parts})
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run(run_id=run_id):
        path = Path(folder) / "fitted.pkl"
        path.write_bytes(pickle.dumps(fitted))
        code = Path(folder) / "registered_model.py"
        code.write_text(Path(__file__).with_name(code.name).read_text())
        warnings.filterwarnings("ignore", message="(?s).*input example was not provided", category=UserWarning)
        logged = mlflow.pyfunc.log_model(
            name=MODEL,
            python_model=str(code),
            artifacts={"fitted": str(path)},
            code_paths=[ship("evaluation.registered_model", Path(folder) / "code")],
            signature=infer_signature(given, scored),
            pip_requirements=pinned(REQUIREMENTS),
            registered_model_name=MODEL,
        )
    version = str(logged.registered_model_version)
    mlflow.MlflowClient().set_registered_model_alias(MODEL, CHALLENGER, version)
    return version


def wins(league: pl.DataFrame) -> bool:
    """Whether `combined` has every deciding interval above zero at the base burden."""
    row = base(league, JUDGED_BY)
    return bool(row) and all(row[name] is not None and row[name] > 0 for name in DECIDING)


def promote(tracking: str, league: pl.DataFrame) -> str:
    """Make the challenger champion where it wins; the champion before it is kept for `rollback`.

    Returns the version. Raises ValueError where it does not win, LookupError where there is no challenger.
    """
    if not wins(league):
        raise ValueError(f"the challenger does not win: {', '.join(DECIDING)} are not all above zero")
    registry = client(tracking).MlflowClient()
    version = _version(registry, CHALLENGER)
    if former := _version(registry, CHAMPION, needed=False):
        registry.set_registered_model_alias(MODEL, FORMER, former)
    registry.set_registered_model_alias(MODEL, CHAMPION, version)
    return version


def rollback(tracking: str) -> str:
    """Make the former champion champion again; return its version. Raises LookupError where there is none."""
    registry = client(tracking).MlflowClient()
    version, now = _version(registry, FORMER), _version(registry, CHAMPION)
    registry.set_registered_model_alias(MODEL, CHAMPION, version)
    registry.set_registered_model_alias(MODEL, FORMER, now)
    return version


def champion(tracking: str) -> Fitted:
    """Fitted models of the champion. Raises LookupError where there is none."""
    mlflow = client(tracking)
    _version(mlflow.MlflowClient(), CHAMPION)
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{MODEL}@{CHAMPION}"))
    found = pickle.loads(next(folder.rglob("fitted.pkl")).read_bytes())  # noqa: S301  our own artifact
    assert isinstance(found, Fitted)
    return found


def version_of(tracking: str, alias: str) -> str:
    """Version of the model that holds an alias; empty where none does."""
    return _version(client(tracking).MlflowClient(), alias, needed=False)


def _version(registry: Any, alias: str, needed: bool = True) -> str:
    from mlflow.exceptions import MlflowException

    try:
        return str(registry.get_model_version_by_alias(MODEL, alias).version)
    except MlflowException as error:
        if needed:
            raise LookupError(f"the registry has no {MODEL}@{alias}") from error
        return ""


def _experiment(mlflow: Any) -> str:
    found = mlflow.get_experiment_by_name(EXPERIMENT)
    return str(found.experiment_id if found else mlflow.create_experiment(EXPERIMENT, ARTIFACTS))
