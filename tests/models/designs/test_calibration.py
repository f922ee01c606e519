"""Empirical calibration against the published controls."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.calibration.calibration import (
    ErrorModel,
    Null,
    TooFewControls,
    answer,
    calibrated,
    expected_absolute_error,
    fit_error_model,
    fit_null,
    leave_one_out_p,
    llr,
    p_values,
)


@pytest.fixture
def folder(shared):
    return shared / "references/empirical_calibration"


def test_too_few_or_useless_controls_are_told():
    with pytest.raises(TooFewControls, match="3 usable"):
        fit_null([0.1, 0.2, np.nan, 0.3, 0.4], [0.1, 0.1, 0.1, 0.0, 0.2])
    row = answer([np.nan, 0.3], [0.1, 0.1], Null(0, 0.1, 9, 0))
    assert row["not_computed"].is_null().to_list() == [False, True]


@pytest.mark.samples
def test_the_null_and_its_p_values(folder):
    data = pl.read_csv(folder / "sccs.csv", null_values="NA")
    negative = data.filter(pl.col("groundTruth") == 0)
    null = fit_null(negative["logRr"], negative["seLogRr"])
    row = pl.read_csv(folder / "expected_fitted_null.csv").filter(pl.col("dataset") == "sccs").to_dicts()[0]
    assert (null.mean, null.sd) == pytest.approx((row["mean"], row["sd"]), abs=2e-4)
    assert null.log_likelihood >= row["loglik"] - 1e-9
    assert expected_absolute_error(null) == pytest.approx(row["ease"], abs=5e-4)
    theirs = Null(row["mean"], row["sd"], 45, 0.0)
    expected = pl.read_csv(folder / "expected_calibrated_p_sccs.csv", null_values="NA")
    ours = p_values(expected["logRr"], expected["seLogRr"], theirs)
    np.testing.assert_allclose(ours, expected["p_calibrated"], atol=1e-12)
    one = p_values(expected["logRr"], expected["seLogRr"], theirs, two_sided=False)
    np.testing.assert_allclose(one, expected["p_calibrated_one_sided_upper"], atol=1e-12)
    loo = leave_one_out_p(negative["logRr"], negative["seLogRr"])
    kept = expected.filter(pl.col("groundTruth") == 0)["p_calibrated_leave_one_out"]
    np.testing.assert_allclose(loo, kept, atol=5e-4)


@pytest.mark.samples
def test_ratios_against_the_null(folder):
    grid = pl.read_csv(folder / "expected_llr_calibration_grid.csv")
    for (mean, sd), part in grid.group_by("null_mean", "null_sd"):
        null = Null(mean, sd, 0, 0.0)
        np.testing.assert_allclose(llr(part["logRr"], part["seLogRr"], null), part["llr_cal"], atol=2e-3, rtol=2e-4)
        np.testing.assert_allclose(llr(part["logRr"], part["seLogRr"]), part["llr_uncal"], atol=1e-9)


@pytest.mark.samples
def test_intervals(folder):
    data = pl.read_csv(folder / "grahamReplication.csv", null_values="NA")
    model = fit_error_model(*(data[c].to_numpy() for c in ("logRr", "seLogRr", "trueLogRr")))
    row = (
        pl.read_csv(folder / "expected_systematic_error_models.csv", null_values="NA")
        .filter(pl.col("dataset") == "grahamReplication")
        .to_dicts()[0]
    )
    names = ("meanIntercept", "meanSlope", "sdIntercept", "sdSlope")
    theirs = ErrorModel(*(row[n] for n in names))
    found = (model.mean_intercept, model.mean_slope, model.sd_intercept, model.sd_slope)
    assert found == pytest.approx([row[n] for n in names], abs=2e-3)
    expected = pl.read_csv(folder / "expected_calibrated_ci_grahamReplication.csv", null_values="NA")
    ours = calibrated(expected["logRr"], expected["seLogRr"], theirs)
    for mine, name in zip(ours, ("cal_logRr", "cal_logLb95Rr", "cal_logUb95Rr"), strict=True):
        np.testing.assert_allclose(mine, expected[name], atol=1e-3)


@pytest.mark.samples
def test_intervals_by_the_null_alone(folder):
    """EmpiricalCalibration's convertNullToErrorModel: the controls' error, whatever the effect."""
    row = pl.read_csv(folder / "expected_fitted_null.csv").filter(pl.col("dataset") == "sccs").to_dicts()[0]
    expected = pl.read_csv(folder / "expected_calibrated_ci_nullmodel_sccs.csv", null_values="NA")
    ours = calibrated(expected["logRr"], expected["seLogRr"], ErrorModel(row["mean"], 1.0, row["sd"], 0.0))
    names = ("logRr_duplicated_0", "logLb95Rr", "logUb95Rr")
    for mine, name in zip(ours, names, strict=True):
        np.testing.assert_allclose(mine, expected[name], atol=1e-3)
