"""Likelihood ratio tests against the published analysis of six statins."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from models.disproportionality.lrt import lrt
from models.disproportionality.zero_inflated import refitted, zero_inflation
from pipelines.cli import app

CASES = {"lrt_poisson_rrr": ("rrr", False), "lrt_poisson_rr": ("rr", False), "lrt_zi_poisson": ("rrr", True)}


@pytest.mark.samples
@pytest.mark.parametrize("name", CASES)
def test_statins(shared, name):
    folder = shared / "references/pvlrt_statin46"
    data = pl.read_csv(folder / "statin46.csv")
    drugs = data.columns[1:]
    form, zero_inflated = CASES[name]
    ours = lrt(data.select(drugs).to_numpy(), drugs, data["AE"].to_list(), form, zero_inflated, "Other", over="table")
    expected = pl.read_csv(folder / f"expected_statin46_{name}_nsim10000.csv").drop_nulls("log_lik_ratio")
    both = ours.join(expected, left_on=["product", "event"], right_on=["drug", "AE"]).filter(
        pl.col("product") != "Other"
    )
    assert both.height == 47 * 6
    np.testing.assert_allclose(both["llr"], both["log_lik_ratio"], rtol=1e-9, atol=2e-8)
    positive = both.filter(pl.col("llr") > 0)
    assert (positive["p_value"] - positive["p_value_boot"]).abs().max() < 0.025
    assert both["is_signal"].sum() == (both["p_value_boot"] < 0.05).sum() == 110
    omegas = pl.read_csv(folder / f"expected_statin46_{name}_nsim10000_omega.csv")
    found = dict(ours.select("product", "omega").unique().iter_rows())
    for drug, omega in omegas.iter_rows():
        assert found[drug] == pytest.approx(omega, abs=1e-4)


def test_structural_zeros_are_found_and_not_invented():
    random = np.random.default_rng(1)
    expected = np.full(4000, 3.0)
    counts = random.poisson(expected)
    assert zero_inflation(counts, expected) < 0.01
    counts[:1000] = 0
    assert zero_inflation(counts, expected) == pytest.approx(0.25, abs=0.02)
    assert zero_inflation([1, 2], [1.0, 2.0]) == 0.0


def test_structural_zeros_do_not_raise_what_is_expected_elsewhere():
    random = np.random.default_rng(2)
    row, column = random.gamma(4.0, 1.0, 60), np.array([3.0, 5.0, 8.0, 40.0])
    table = random.poisson(np.outer(row, column))
    structural = random.random(table.shape) < [0.4, 0.3, 0.2, 0.0]
    table[structural] = 0
    found = refitted(table.astype(float), 1000)
    assert (found.structural[structural] > 0.9).mean() > 0.95
    assert (found.structural[~structural] < 0.1).all()
    kept = ~structural
    np.testing.assert_allclose(found.expected[kept].sum(), table.sum(), rtol=0.01)
    assert np.median(found.expected[kept] / np.outer(row, column)[kept]) == pytest.approx(1.0, abs=0.03)
    full = random.poisson(np.outer(row, column)) + 1.0
    np.testing.assert_allclose(refitted(full).expected, np.outer(full.sum(1), full.sum(0)) / full.sum())


def test_the_command_sums_an_event_that_is_named_again(tmp_path, capfd):
    head, rows = "event,A,B,C\n", ["X,5,1,3", " X ,2,3,7", "Z,9,1,20"]
    (tmp_path / "twice.csv").write_text(head + "\n".join(rows))
    (tmp_path / "once.csv").write_text(head + "X,7,4,10\nZ,9,1,20\n")
    frames = []
    for name in ("twice", "once"):
        out = tmp_path / f"{name}_out.csv"
        words = ["lrt", str(tmp_path / f"{name}.csv"), "--simulations", "99", "--out", str(out)]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        frames.append(pl.read_csv(out))
        told = capfd.readouterr().err + done.output
        assert ("named again" in told) == (name == "twice")
    assert frames[0].equals(frames[1])
    (tmp_path / "blank.csv").write_text(head + "X,5,1,3\n ,2,3,7\n")
    refused = CliRunner().invoke(app, ["lrt", str(tmp_path / "blank.csv")])
    assert "row 2: no event" in str(refused.exception)


def test_bad_tables_are_refused():
    with pytest.raises(ValueError, match="twice"):
        lrt([[1, 2], [3, 4]], ["P", "Q"], ["E", "E"])
    with pytest.raises(ValueError, match="whole"):
        lrt([[1.5]], ["P"], ["E"])
    with pytest.raises(ValueError, match="names"):
        lrt([[1, 2]], ["P"], ["E"])
