"""The registered model: priors of several populations and months, scoring pairs with the one that was known then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from models.mgps.fit import Prior
from models.mgps.posterior import score


class MgpsPrior(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined,misc]
    """Score rows of (population, month, n, expected) with EBGM, EB05 and EB95."""

    def load_context(self, context: Any) -> None:
        """Read the priors that were logged with the model."""
        rows = json.loads(Path(context.artifacts["priors"]).read_text())
        self.priors = pd.DataFrame(rows)

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return ebgm, eb05, eb95 per row: by the latest prior fitted at or before the row's month, else missing."""
        out = pd.DataFrame(np.nan, index=model_input.index, columns=["ebgm", "eb05", "eb95"])
        for (population, month), rows in model_input.groupby(["population", "month"]):
            fitted = self.priors[(self.priors["population"] == population) & (self.priors["month"] <= str(month))]
            if fitted.empty:
                continue
            last = fitted.sort_values("month").iloc[-1]
            theta: dict[str, Any] = {k: float(last[k]) for k in ("alpha1", "beta1", "alpha2", "beta2", "p")}
            prior = Prior(**theta, likelihood=last["likelihood"])
            scores = score(rows["n"].to_numpy(), rows["expected"].to_numpy(), prior)
            out.loc[rows.index] = np.column_stack([scores.ebgm, scores.eb05, scores.eb95])
        return out


mlflow.models.set_model(MgpsPrior())
