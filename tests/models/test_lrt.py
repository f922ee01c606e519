"""Likelihood ratio tests against the published analysis of six statins."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.disproportionality.lrt import lrt, zero_inflation

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


def test_bad_tables_are_refused():
    with pytest.raises(ValueError, match="whole"):
        lrt([[1.5]], ["P"], ["E"])
    with pytest.raises(ValueError, match="names"):
        lrt([[1, 2]], ["P"], ["E"])
