"""Empirical calibration against the published controls."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import root
from scipy.stats import norm

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

WILD = st.one_of(st.floats(-3, 3), st.sampled_from([0.0, np.nan, np.inf, -np.inf, 362.0, 5e3, 1e9, -1e9, 1e300]))


@pytest.fixture
def folder(shared):
    return shared / "references/empirical_calibration"


def test_too_few_or_useless_controls_are_told():
    with pytest.raises(TooFewControls, match="3 usable"):
        fit_null([0.1, 0.2, np.nan, 0.3, 0.4], [0.1, 0.1, 0.1, 0.0, 0.2])
    row = answer([np.nan, 0.3], [0.1, 0.1], Null(0, 0.1, 9, 0))
    assert row["not_computed"].is_null().to_list() == [False, True]


def test_a_huge_standard_error_leaves_the_other_rows_as_they_are():
    """A regression that saw no event: its bounds are beyond the floats, its row says so."""
    y, s = (
        np.array([0.1, 0.2, -0.1, 0.05, 0.15, 0.9, -18.0, -18.0]),
        np.array([0.2, 0.1, 0.15, 0.3, 0.2, 0.3, 5e3, 350.0]),
    )
    null = fit_null(y[:5], s[:5])
    found, alone = answer(y, s, null), answer(y[:6], s[:6], null)
    assert found[:6].equals(alone)
    row = found.row(6, named=True)
    assert (row["upper"], row["is_signal"], row["not_computed"]) == (None, None, "upper is infinite")
    assert row["p_value"] == pytest.approx(0.9971, abs=1e-4)
    assert found["not_computed"][7] is None


@example([(0.0, 1.0)], (0.0, 1e300, 0.0, 1e300))
@given(st.lists(st.tuples(WILD, WILD), min_size=1, max_size=8), st.tuples(WILD, WILD, WILD, WILD))
def test_any_estimate_is_answered_or_told(rows, numbers):
    y, s = (np.array(x) for x in zip(*rows, strict=True))
    slopes = [0.0 if not np.isfinite(x) else x for x in numbers]
    model = ErrorModel(slopes[0], slopes[1], abs(slopes[2]), abs(slopes[3]))
    with np.errstate(all="ignore"):
        found = answer(y, s, Null(0.1, 0.2, 9, 0.0), model)
    for row in found.iter_rows(named=True):
        numbers_given = [row[n] for n in ("estimate", "lower", "upper", "p_value")]
        assert all(v is not None and np.isfinite(v) for v in numbers_given) or row["not_computed"]


def test_p_tells_the_two_sides_apart():
    """By hand: under a null of mean 1 and sd 0.6, with error 0.8, 1 + 1.96 and 1 - 1.96 lie as far out."""
    null = Null(1.0, 0.6, 9, 0.0)
    high, low = 1 + 1.959963984540054, 1 - 1.959963984540054
    assert p_values([high, low, 1.0], [0.8] * 3, null) == pytest.approx([0.05, 0.05, 1.0], abs=1e-12)
    assert p_values([high, low, 1.0], [0.8] * 3, null, two_sided=False) == pytest.approx([0.025, 0.975, 0.5], abs=1e-12)
    assert p_values([high - 1], [1.0], Null(0.0, 0.0, 9, 0.0))[0] == pytest.approx(0.05, abs=1e-12)


@pytest.mark.parametrize("shape", ["narrow", "wide", "uneven"])
def test_calibrated_p_errs_as_often_as_it_says(shape):
    """Size on nulls of three shapes, controls and estimates drawn anew: 5 % within 3 to 7 %."""
    random, n_controls = np.random.default_rng(11), 100
    sd = {"narrow": 0.05, "wide": 0.6, "uneven": 0.3}[shape]
    errors = {"narrow": (0.1, 0.2), "wide": (0.05, 0.4), "uneven": (0.02, 1.5)}[shape]
    met = []
    for _ in range(50):
        s = random.uniform(*errors, n_controls + 200)
        y = 0.4 + random.normal(0, np.hypot(sd, s))
        met += (p_values(y[n_controls:], s[n_controls:], fit_null(y[:n_controls], s[:n_controls])) < 0.05).tolist()
    assert 0.03 < np.mean(met) < 0.07


@pytest.mark.samples
def test_the_null_and_its_p_values(folder):
    data = pl.read_csv(folder / "sccs.csv", null_values="NA")
    negative = data.filter(pl.col("groundTruth") == 0)
    null = fit_null(negative["logRr"], negative["seLogRr"])
    row = pl.read_csv(folder / "expected_fitted_null.csv").filter(pl.col("dataset") == "sccs").to_dicts()[0]
    assert (null.mean, null.sd) == pytest.approx((row["mean"], row["sd"]), abs=5e-5)
    assert null.log_likelihood >= row["loglik"] - 1e-9
    assert expected_absolute_error(null) == pytest.approx(row["ease"], abs=5e-5)
    theirs = Null(row["mean"], row["sd"], 45, 0.0)
    expected = pl.read_csv(folder / "expected_calibrated_p_sccs.csv", null_values="NA")
    ours = p_values(expected["logRr"], expected["seLogRr"], theirs)
    np.testing.assert_allclose(ours, expected["p_calibrated"], atol=1e-12)
    one = p_values(expected["logRr"], expected["seLogRr"], theirs, two_sided=False)
    np.testing.assert_allclose(one, expected["p_calibrated_one_sided_upper"], atol=1e-12)
    loo = leave_one_out_p(negative["logRr"], negative["seLogRr"])
    kept = expected.filter(pl.col("groundTruth") == 0)["p_calibrated_leave_one_out"]
    np.testing.assert_allclose(loo, kept, atol=2.5e-4)  # R's optimiser stops early: see the next lines
    others = negative[1:]
    y, se = (others[c].to_numpy() for c in ("logRr", "seLogRr"))

    def slopes(x):
        variance = x[1] ** 2 + se**2
        return [((y - x[0]) / variance).sum(), (((y - x[0]) ** 2 / variance - 1) / variance).sum()]

    mean, sd = root(slopes, [0.8, 0.3], tol=1e-13).x
    z = (negative["logRr"][0] - mean) / np.hypot(sd, negative["seLogRr"][0])
    assert loo[0] == pytest.approx(2 * norm.sf(abs(z)), abs=1e-6)


@pytest.mark.samples
def test_ratios_against_the_null(folder):
    grid = pl.read_csv(folder / "expected_llr_calibration_grid.csv")
    for (mean, sd), part in grid.group_by("null_mean", "null_sd"):
        null = Null(mean, sd, 0, 0.0)
        np.testing.assert_allclose(llr(part["logRr"], part["seLogRr"], null), part["llr_cal"], atol=7e-4)
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
    assert found == pytest.approx([row[n] for n in names], abs=3e-5)
    expected = pl.read_csv(folder / "expected_calibrated_ci_grahamReplication.csv", null_values="NA")
    ours = calibrated(expected["logRr"], expected["seLogRr"], theirs)
    for mine, name in zip(ours, ("cal_logRr", "cal_logLb95Rr", "cal_logUb95Rr"), strict=True):
        np.testing.assert_allclose(mine, expected[name], atol=3.1e-5)


@pytest.mark.samples
def test_intervals_by_the_null_alone(folder):
    """EmpiricalCalibration's convertNullToErrorModel: the controls' error, whatever the effect."""
    row = pl.read_csv(folder / "expected_fitted_null.csv").filter(pl.col("dataset") == "sccs").to_dicts()[0]
    expected = pl.read_csv(folder / "expected_calibrated_ci_nullmodel_sccs.csv", null_values="NA")
    ours = calibrated(expected["logRr"], expected["seLogRr"], ErrorModel(row["mean"], 1.0, row["sd"], 0.0))
    names = ("logRr_duplicated_0", "logLb95Rr", "logUb95Rr")
    for mine, name in zip(ours, names, strict=True):
        np.testing.assert_allclose(mine, expected[name], atol=1e-12)
