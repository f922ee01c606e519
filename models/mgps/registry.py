"""Fitted priors to MLflow and back: one run per data state, one registered model, `champion` is what scores.

Belongs here: logging, plotting and the registry. Does not: the fit itself (`fit`).
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.mgps.fit import PARAMETERS
from models.shipping import pinned, ship

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODEL = "mgps_prior"
CHAMPION = "champion"
EXPERIMENT = "disproportionality"
REQUIREMENTS = ("mlflow", "numpy", "scipy", "pandas")
ARTIFACTS = f"mlflow-artifacts:/{EXPERIMENT}"  # below where artifacts are kept, said by nobody's absolute path


@dataclass(frozen=True)
class Registered:
    """A registered model: its priors (one mapping per population and month), version and run."""

    priors: tuple[Mapping[str, Any], ...]
    version: str
    run_id: str


def register(
    priors: Sequence[Mapping[str, Any]],
    curves: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[float], Sequence[float] | None]],
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    tracking: str,
    alias: str = CHAMPION,
) -> None:
    """Log one run with every prior, and give the model it registers the alias by which it is found again.

    `priors` holds population, month (ISO), likelihood, the five parameters, those of the shrunk fit and the fit's
    numbers; `curves` by population: n, observed cells, fitted cells, and those of the fit shrunk to the whole where
    there is one. A prior is an estimate of the data at hand, not a competitor: the newest takes the alias. A fit that
    did not converge is logged as such, and nothing is scored with it.
    """
    latest = _latest(priors)
    mlflow = _mlflow(tracking)
    with mlflow.start_run(experiment_id=_experiment(mlflow), run_name="mgps prior", tags=dict(tags)):
        mlflow.log_params(dict(params))
        for population, row in latest.items():
            name = population.replace(":", "_")
            numbers = ("neg_log_likelihood", "n_reports", "n_pairs", *PARAMETERS)
            shrunk = (*(f"shrunk_{k}" for k in PARAMETERS), "is_shrunk_converged")
            known = (k for k in (*numbers, "is_converged", *shrunk) if row.get(k) is not None)
            mlflow.log_metrics({f"{name}.{k}": float(row[k]) for k in known})
            if population in curves:
                mlflow.log_figure(plot(population, *curves[population]), f"fit_{name}.png")
        version = _log_model(mlflow, priors)
    mlflow.MlflowClient().set_registered_model_alias(MODEL, alias, version)


def registered(tracking: str, alias: str = CHAMPION) -> Registered:
    """Return the model of the registry that holds an alias. Raises LookupError where none does."""
    mlflow = _mlflow(tracking)
    try:
        version = mlflow.MlflowClient().get_model_version_by_alias(MODEL, alias)
    except mlflow.exceptions.MlflowException as error:
        raise LookupError(f"the registry has no {MODEL}@{alias}: run the fit first") from error
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{MODEL}@{alias}"))
    found = next(folder.rglob("priors.json"))
    return Registered(tuple(json.loads(found.read_text())), str(version.version), version.run_id)


def plot(
    population: str,
    n: Sequence[float],
    observed: Sequence[float],
    fitted: Sequence[float],
    shrunk: Sequence[float] | None = None,
) -> Figure:
    """Draw fitted against observed: number of pairs by number of reports, both on logarithmic axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.loglog(n, observed, "o", label="observed", color="#1b6ca8")
    axes.loglog(n, fitted, "-", label="fitted mixture", color="#c1440e")
    if shrunk is not None:
        axes.loglog(n, shrunk, "--", label="shrunk to the whole", color="#555555")
    axes.set(xlabel="reports of the pair", ylabel="pairs", title=f"Two-gamma prior: {population}")
    axes.legend(frameon=False)
    return figure


def _latest(priors: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {row["population"]: row for row in sorted(priors, key=lambda r: r["month"])}


def _experiment(mlflow: Any) -> str:
    """Identity of the experiment, made on first use; one that was made with an absolute place keeps it, aside."""
    found = mlflow.get_experiment_by_name(EXPERIMENT)
    if found and found.artifact_location == ARTIFACTS:
        return str(found.experiment_id)
    if found:
        mlflow.MlflowClient().rename_experiment(found.experiment_id, f"{EXPERIMENT} {found.experiment_id}")
    return str(mlflow.create_experiment(EXPERIMENT, ARTIFACTS))


def _log_model(mlflow: Any, priors: Sequence[Mapping[str, Any]]) -> str:
    import pandas as pd
    from mlflow.models import infer_signature

    given = pd.DataFrame({"population": ["human"], "month": ["2024-01-31"], "n": [3.0], "expected": [1.0]})
    scored = pd.DataFrame({"ebgm": [1.5], "eb05": [0.9], "eb95": [2.9]})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "priors.json"
        path.write_text(json.dumps([dict(row) for row in priors], default=str))
        # MLflow copies a file with its rights: a copy of one's own has those that this process gives.
        code = Path(folder) / "registered_model.py"
        code.write_text(Path(__file__).with_name(code.name).read_text())
        # The signature is stated, so no example is run to infer it.
        warnings.filterwarnings("ignore", message="(?s).*input example was not provided", category=UserWarning)
        logged = mlflow.pyfunc.log_model(
            name=MODEL,
            python_model=str(code),
            artifacts={"priors": str(path)},
            signature=infer_signature(given, scored),
            code_paths=[ship("mgps.registered_model", Path(folder) / "code")],
            pip_requirements=pinned(REQUIREMENTS),
            registered_model_name=MODEL,
        )
    return str(logged.registered_model_version)


def _mlflow(tracking: str) -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    for name in ("mlflow", "mlflow.store.db.utils", "mlflow.utils.environment", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)

    if tracking.startswith("sqlite:///"):
        Path(tracking.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(tracking)
    mlflow.set_registry_uri(tracking)
    return mlflow
