"""The registered triage model: the gate and the score of pairs, from their features; loads without the checkout."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from models.evaluation.features import FEATURES
from models.evaluation.methods import Fitted


class TriageModel(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined,misc]
    """Score rows of `n` and the features by the combined log odds; null for what does not pass the model's gate."""

    def load_context(self, context: Any) -> None:
        """Read the fitted models that were logged."""
        fitted = pickle.loads(Path(context.artifacts["fitted"]).read_bytes())  # noqa: S301  our own artifact
        assert isinstance(fitted, Fitted)
        self.combined = fitted.combined

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return score (log odds), base, and `part_…` of each feature: base and parts sum to the score."""
        x = model_input[list(FEATURES)].to_numpy(dtype=float)
        score = self.combined.gated(model_input["n"].to_numpy(dtype=float), x)
        passes = ~np.isnan(score)
        base, parts = self.combined.contributions(x)
        told = np.where(passes[:, None], np.column_stack([base, parts]), np.nan)
        raised = np.where(passes, np.array(FEATURES)[parts.argmax(axis=1)], None)
        columns = ["base", *(f"part_{name}" for name in FEATURES)]
        found = pd.DataFrame(told, columns=columns, index=model_input.index)
        found.insert(0, "score", score)
        found.insert(1, "raised_most_by", raised)
        return found


mlflow.models.set_model(TriageModel())
