"""Models and plots are found below the setting, wherever the folder that holds them went."""

from __future__ import annotations

import shutil

from models.mgps.registry import register, registered
from pipelines.core.artifacts import kept_at

PRIOR = {
    **{"population": "human", "month": "2024-01-31", "likelihood": "zero_inclusive", "is_converged": True},
    **{"alpha1": 0.2, "beta1": 0.1, "alpha2": 2.0, "beta2": 4.0, "p": 0.3, "neg_log_likelihood": 1.0},
    **{"n_reports": 10, "n_pairs": 5},
}


def _register(folder, months):
    priors = [{**PRIOR, "month": month} for month in months]
    with kept_at(folder / "mlflow"):
        register(priors, {"human": ([1, 2], [3, 1], [2.5, 1.5])}, {}, {}, f"sqlite:///{folder}/mlflow.db")
        return registered(f"sqlite:///{folder}/mlflow.db")


def test_a_project_that_was_moved_goes_on_in_its_new_folder(tmp_path):
    import mlflow

    old, new = tmp_path / "old", tmp_path / "new"
    assert _register(old, ["2024-01-31"]).version == "1"
    shutil.move(old, new)
    with kept_at(new / "mlflow"):
        held = registered(f"sqlite:///{new}/mlflow.db")
    assert [p["month"] for p in held.priors] == ["2024-01-31"]
    held = _register(new, ["2024-01-31", "2024-02-29"])
    assert (held.version, len(held.priors)) == ("2", 2)
    assert not old.exists()
    with kept_at(new / "mlflow"):
        plots = [f.path for f in mlflow.MlflowClient().list_artifacts(held.run_id)]
    assert plots == ["fit_human.png"]


def test_nothing_absolute_is_written_down(tmp_path):
    _register(tmp_path, ["2024-01-31"])
    assert str(tmp_path).encode() not in (tmp_path / "mlflow.db").read_bytes()
