"""The Python surface for notebooks: the same numbers as the commands and as SQL, at the date that is asked for."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import gerland
from models.evaluation.features import FEATURES
from pipelines.analyse.files import FileError
from pipelines.analyse.score import Columns, score_file
from pipelines.core.code import ROOT
from pipelines.evaluate.run import EvaluationError
from pipelines.lake.query import QueryError
from pipelines.settings import settings
from tests.evaluate.small_lake import drawn, lake

CASES = ROOT / "pipelines" / "analyse" / "examples" / "cases.csv"
NOTEBOOK = ROOT / "infra" / "docs" / "a_model_of_your_own.ipynb"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return lake(tmp_path_factory.mktemp("lake"), drawn(), [])


def test_tables_and_sql_are_read_as_frames(root):
    opened = gerland.open_lake(str(root))
    assert "silver.report_history" in opened.tables()
    assert "gold.signal" not in opened.tables()
    every = opened.table("silver.report_history")
    assert opened.table("silver.report_history", ["report_key"]).columns == ["report_key"]
    assert opened.sql("SELECT count(*) AS n FROM silver.report_history")["n"].item() == every.height
    with pytest.raises(QueryError, match=r"silver\.report_histor"):
        opened.table("silver.report_histroy")


def test_features_are_those_known_at_the_month_end_before_the_date(root):
    whole = gerland.open_lake(str(root)).features(months=14)
    assert set(FEATURES) <= set(whole.columns)
    assert np.isfinite(whole.select(FEATURES).to_numpy()).all()
    day = dt.date(2018, 6, 15)
    then = gerland.open_lake(str(root), as_of=str(day)).features()
    assert then["month"].unique().to_list() == [dt.date(2018, 5, 31)]
    keys = ["domain", "substance_key", "term_key"]
    assert not then.select(keys).is_duplicated().any()
    assert then.sort(keys).equals(whole.filter(pl.col("month") == dt.date(2018, 5, 31)).sort(keys))
    assert whole["month"].n_unique() == 14
    with pytest.raises(EvaluationError, match="at a month end by 1950-01-01"):
        gerland.open_lake(str(root), "1950-01-01").features()


@pytest.mark.parametrize("kind", ["polars", "pandas", "arrow"])
def test_a_frame_scores_as_its_file_does(kind):
    listed = pl.read_csv(CASES, infer_schema=False)
    frame = {"polars": listed, "pandas": listed.to_pandas(), "arrow": listed.to_arrow()}[kind]
    columns = listed.columns
    names = Columns(*(next(c for c in columns if part in c.lower()) for part in ("case", "product", "event")))
    found = gerland.score(frame, names.case, names.product, names.event)
    assert found.equals(score_file(CASES, names, "zero_inclusive", lambda _: None), null_equal=True)


def test_counts_that_are_numbers_are_taken_and_a_wrong_column_is_named():
    pairs = pl.DataFrame({"product": ["A", "A", "B"], "event": ["x", "y", "x"], "n": [5, 3, 9]})
    assert gerland.score(pairs, count="n")["a"].sum() == 17
    with pytest.raises(FileError, match="no column 'case_id'; it has product, event, n"):
        gerland.score(pairs)


def test_what_came_after_is_what_was_first_received_then(root):
    found = gerland.open_lake(str(root)).features(months=20, outcome=True)
    ends = found["month"].unique().sort()
    assert found.filter(pl.col("month") > ends[7])["is_excess"].is_null().all()
    known = found.filter(pl.col("month") <= ends[7])
    assert known.select("later_n", "later_expected", "is_excess").null_count().sum_horizontal().item() == 0
    assert known.filter("is_excess").select((pl.col("later_n") > pl.col("later_expected")).all()).item()


def test_the_notebook_runs(root, tmp_path, monkeypatch):
    monkeypatch.setenv("GERLAND_LAKE", str(root))
    monkeypatch.setenv("GERLAND_TRACKING", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    told: dict[str, object] = {}
    try:
        for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), str(NOTEBOOK), "exec"), told)
    finally:
        settings.cache_clear()
    league = told["league"]
    assert league["score"].to_list() == ["kernel", "ic025", "ic", "log_n"]
    assert league["auc"].is_between(0, 1).all()
    assert told["mlflow"].sklearn.load_model("models:/kernel_on_pairs/1").n_features_in_ == len(FEATURES)
