"""The registered triage model: the gate and the score of pairs, from their features; loads without the checkout."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from models.evaluation.features import FEATURES
from models.evaluation.known import FEWEST


class TriageModel(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined,misc]
    """Score rows of `n` and the features by the combined log odds; null below the gate of `FEWEST` reports."""

    def load_context(self, context: Any) -> None:
        """Read the fitted models that were logged."""
        self.fitted = pickle.loads(Path(context.artifacts["fitted"]).read_bytes())  # noqa: S301  our own artifact

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return score (log odds), and the feature that raised it most with its part, one row a pair."""
        x = model_input[list(FEATURES)].to_numpy(dtype=float)
        passes = model_input["n"].to_numpy() >= FEWEST
        base, parts = self.fitted.combined.contributions(x)
        most = parts.argmax(axis=1)
        score = np.where(passes, base + parts.sum(axis=1), np.nan)
        raised = np.where(passes, np.array(FEATURES)[most], None)
        return pd.DataFrame({"score": score, "raised_most_by": raised}, index=model_input.index)


mlflow.models.set_model(TriageModel())
