"""Where MLflow's artifacts lie: below the setting `artifacts`, wherever the project's folder was moved or copied to.

MLflow's database says of each run and model where its files are. They are written down in MLflow's own scheme for
"where the server keeps them" (`mlflow-artifacts:/…`), so nothing absolute is kept: a server finds them below its
`--artifacts-destination`, and a process that works without one below the same setting, through `repository`, which
MLflow finds as the plugin that the package declares.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

_given: ContextVar[Path | str | None] = ContextVar("artifacts", default=None)


@contextmanager
def kept_at(artifacts: Path | str) -> Iterator[None]:
    """Find artifacts below this place, for a run whose settings are not those of the process."""
    before = _given.set(artifacts)
    try:
        yield
    finally:
        _given.reset(before)


def repository(artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> Any:
    """Open what `mlflow-artifacts:/…` names: at the tracking server where there is one, else below the setting."""
    from mlflow import get_tracking_uri
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

    from pipelines.settings import load

    tracking = tracking_uri or get_tracking_uri()
    if tracking.startswith(("http://", "https://")):
        return MlflowArtifactsRepository(artifact_uri, tracking, registry_uri)
    place = destination(_given.get() or load().artifacts) + urlparse(artifact_uri).path
    return get_artifact_repository(place, tracking_uri, registry_uri)


def destination(artifacts: Path | str) -> str:
    """Address of the folder or object store that the setting names, as MLflow spells it."""
    place = str(artifacts).rstrip("/")
    return place if "://" in place else Path(place).absolute().as_uri()
