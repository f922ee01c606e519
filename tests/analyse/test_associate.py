"""`gerland associate`: odds ratios of a file of one's own, and what it refuses."""

from __future__ import annotations

import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.analyse import EXAMPLES
from pipelines.cli import app

RUN = CliRunner()


def test_the_planted_rise_is_found_and_the_other_class_has_none(tmp_path):
    out = tmp_path / "ratios.csv"
    given = ["associate", str(EXAMPLES / "places.csv"), "--exposure", "ddd", "--by", "class", "--out", str(out)]
    assert RUN.invoke(app, [*given, "--model", "log"]).exit_code == 0
    found = {r["group"]: r for r in pl.read_csv(out).to_dicts()}
    assert found["quinolones"]["lower"] <= 1.8 <= found["quinolones"]["upper"]
    assert found["quinolones"]["lower"] > 1
    assert found["macrolides"]["lower"] < 1 < found["macrolides"]["upper"]
    assert RUN.invoke(app, [*given[:-1], str(tmp_path / "ratios.svg")]).exit_code == 0


@pytest.mark.parametrize(
    ("rows", "told"),
    [("1,3,2\n", "more than were tested"), ("-1,1,2\n", "below 0"), ("x,1,2\n", "exposure")],
)
def test_what_can_not_be_is_refused_with_its_row(tmp_path, rows, told):
    file = tmp_path / "own.csv"
    file.write_text("exposure,n_resistant,n_tested\n" + rows)
    result = RUN.invoke(app, ["associate", str(file)])
    assert result.exit_code != 0
    assert told in f"{result.output}{result.stderr}{result.exception}"


def test_a_group_that_can_not_be_fitted_says_why(tmp_path):
    file, out = tmp_path / "own.csv", tmp_path / "out.csv"
    file.write_text("exposure,n_resistant,n_tested\n1,1,20\n2,,30\n3,4,9\n")
    assert RUN.invoke(app, ["associate", str(file), "--model", "log", "--out", str(out)]).exit_code == 0
    (row,) = pl.read_csv(out).to_dicts()
    assert (row["n_places"], row["not_computed"], row["odds_ratio"]) == (2, "fewer than three places", None)
