"""PhViD 1.0.8, published IC cases, DiAna 2.1.0 exact odds ratios, vigiGrade patterns."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from models.completeness.vigigrade import PENALTY_MISSING, vigigrade
from models.disproportionality.counts import Cells, from_counts, table_margins
from models.disproportionality.ic import (
    ic,
    ic_bate_gould,
    ic_bate_gould_moments,
    ic_bate_gould_null,
    ic_noren_2006,
)
from models.disproportionality.prr import chi_squared, prr
from models.disproportionality.ror import ror
from models.mgps import likelihood as lk
from models.mgps import posterior
from models.mgps.fit import Prior, fit
from models.multiplicity.fdr import bayesian

pytestmark = pytest.mark.samples
THETA = ("alpha1", "beta1", "alpha2", "beta2", "w")


@pytest.fixture(scope="module")
def references(shared: Path) -> Path:
    return shared / "references"


@pytest.fixture(scope="module")
def phvid(references: Path) -> pl.DataFrame:
    return pl.read_csv(references / "phvid" / "expected_all_methods.csv.gz", infer_schema_length=None)


@pytest.fixture(scope="module")
def phvid_cells(references: Path, phvid: pl.DataFrame) -> Cells:
    pairs = pl.read_csv(references / "phvid" / "PhViDdata.frame.csv.gz")
    pairs.columns = ["drug", "event", "a"]
    ours = table_margins(pairs.rename({"drug": "product"}))
    both = phvid.join(ours, left_on=["drug", "event"], right_on=["product", "event"], how="left", maintain_order="left")
    assert both["n_total"].unique().to_list() == [1_196_487]
    return from_counts(*(both[c].to_numpy() for c in ("n11", "n_product", "n_event", "n_total")))


@pytest.fixture(scope="module")
def thetas(references: Path) -> list[dict[str, float]]:
    return pl.read_csv(references / "phvid" / "expected_GPS_theta.csv", null_values=["NA"]).to_dicts()


def _close(ours: np.ndarray, theirs: pl.Series, rtol: float = 1e-10) -> None:
    """Twelve digits are printed, so 1e-10 relative; near zero the absolute digits count."""
    np.testing.assert_allclose(ours, theirs.to_numpy(), rtol=rtol, atol=1e-11)


def test_phvid_closed_forms(phvid: pl.DataFrame, phvid_cells: Cells) -> None:
    _close(phvid_cells.expected, phvid["E"])
    proportional, odds = prr(phvid_cells), ror(phvid_cells)
    for ours, name in ((proportional, "PRR"), (odds, "ROR")):
        finite = np.isfinite(phvid[name].cast(pl.Float64, strict=False).to_numpy())
        for mine, column in ((ours.estimate, name), (np.log(ours.lower), f"{name}_logLB025")):
            _close(mine[finite], phvid[column].cast(pl.Float64, strict=False).filter(pl.Series(finite)))
        assert np.isnan(ours.estimate[~finite]).all()
    _close(ic_bate_gould(phvid_cells).lower, phvid["BCPNN_IC_LB025"])
    _close(ic_bate_gould_null(phvid_cells), phvid["BCPNN_postH0"])


@pytest.mark.parametrize(("row", "prefix"), [(0, "GPS"), (1, "GPStrunc")])
def test_phvid_gps_given_theta(
    phvid: pl.DataFrame, phvid_cells: Cells, thetas: list[dict[str, float]], row: int, prefix: str
) -> None:
    prior = Prior(*(thetas[row][x] for x in THETA), likelihood="zero_inclusive")
    n, e = phvid_cells.a, phvid_cells.expected
    null = posterior.probability_below(n, e, prior)
    np.testing.assert_allclose(null, phvid[f"{prefix}_postH0"], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(posterior.quantile(n, e, prior, 0.05), phvid[f"{prefix}_EB05"], rtol=1e-3, atol=1e-5)
    if prefix == "GPS":
        np.testing.assert_allclose(
            np.log2(posterior.ebgm(n, e, prior)), phvid["GPS_Elog2lambda"], rtol=1e-9, atol=1e-10
        )
        ours, theirs = np.sort(bayesian(null).fdr), phvid["GPS_FDR_by_postH0"].sort()  # ties are ranked differently
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-12)
        assert int((bayesian(null).fdr <= 0.05).sum()) == 16_204


def test_phvid_likelihood_and_fit(phvid: pl.DataFrame, thetas: list[dict[str, float]]) -> None:
    counts = [phvid[c].to_numpy() for c in ("n11", "n1_drug", "n1_event")]
    margins = [phvid.unique(c)[m].to_numpy() for c, m in (("drug", "n1_drug"), ("event", "n1_event"))]
    points = lk.weighted_points(*counts, 1_196_487, *margins)
    assert points.weight.sum() == 479_304
    at_start = lk.negative_log_likelihood([thetas[2][x] for x in THETA], points.n, points.expected, points.weight)
    assert at_start == pytest.approx(thetas[2]["negLL"], rel=1e-10)
    observed = points.n > 0
    truncated = lk.Points(points.n[observed], points.expected[observed], points.weight[observed])
    cases: list[tuple[lk.Points, lk.Likelihood]] = [(points, "zero_inclusive"), (truncated, "component_truncated")]
    for row, (fitted, name) in zip(thetas, cases, strict=False):
        ours = fit(fitted, name, lk_starts())
        assert ours.converged
        assert ours.theta == pytest.approx([row[x] for x in THETA], rel=1e-3)
        assert ours.neg_log_likelihood == pytest.approx(row["negLL"], rel=1e-8)


def lk_starts() -> list[tuple[float, ...]]:
    """Two starts are enough here, all five lead to the same optimum."""
    return [(0.2, 0.06, 1.4, 1.8, 0.1), (0.2, 0.1, 2.0, 4.0, 1 / 3)]


def test_published_information_components(references: Path) -> None:
    cases = pl.read_csv(references / "bcpnn_published" / "expected_ic_prr_ror.csv")
    cells = from_counts(*(cases[c].to_numpy() for c in ("n11", "n1.", "n.1", "N")))
    mean, variance = ic_bate_gould_moments(cells)
    gould, noren = ic_bate_gould(cells), ic_noren_2006(cells, draws=0)
    later, odds, proportional = ic(cells.a, cells.expected), ror(cells), prr(cells)
    columns = {
        "E": cells.expected,
        "IC_bate_gould_mean": mean,
        "IC_var": variance,
        "IC_lo": gould.lower,
        "IC_hi": gould.upper,
        "IC_noren_map": noren.estimate,
        "IC_2013": later.estimate,
        "IC_2013_lo": later.lower,
        "IC_2013_hi": later.upper,
        "ROR": odds.estimate,
        "ROR_lo": odds.lower,
        "ROR_hi": odds.upper,
        "PRR": proportional.estimate,
        "PRR_lo": proportional.lower,
        "PRR_hi": proportional.upper,
        "chi2": chi_squared(cells, yates=False),
        "chi2_yates": chi_squared(cells),
    }
    for name, ours in columns.items():
        np.testing.assert_allclose(ours, cases[name], rtol=2e-8, err_msg=name)


def test_noren_2006_interval_by_monte_carlo(references: Path) -> None:
    cases = pl.read_csv(references / "bcpnn_published" / "expected_ic_prr_ror.csv")
    cells = from_counts(*(cases[c].to_numpy() for c in ("n11", "n1.", "n.1", "N")))
    ours, again = ic_noren_2006(cells, draws=200_000, seed=1), ic_noren_2006(cells, draws=200_000, seed=1)
    np.testing.assert_array_equal(ours.lower, again.lower)
    np.testing.assert_allclose(ours.lower, cases["IC_noren_mc_lo"], atol=0.01)
    np.testing.assert_allclose(ours.upper, cases["IC_noren_mc_hi"], atol=0.01)


def _floor2(x: float) -> str:
    return f"{math.floor(x * 100 + 1e-9) / 100:g}"


def test_diana_exact_odds_ratios(references: Path) -> None:
    cases = pl.read_csv(references / "diana_sample" / "expected_ror_exact.csv")
    a, b, c, d = (cases[x].to_numpy() for x in ("n11", "n10", "n01", "n00"))
    ours = ror(from_counts(a, a + b, a + c, a + b + c + d), method="fisher_r")
    for mine, name in (
        (ours.estimate, "ror_conditional_mle"),
        (ours.lower, "ror_exact_lo"),
        (ours.upper, "ror_exact_hi"),
    ):
        np.testing.assert_allclose(mine, cases[name], rtol=1e-9, atol=1e-9)
    for label, n, values in zip(
        cases["package_test_label"], a, zip(ours.estimate, ours.lower, ours.upper, strict=True), strict=True
    ):
        middle, low, high = (_floor2(v) for v in values)
        assert f"{middle} ({low}-{high}) [{n}]" == label


def test_diana_comparison_of_measures(references: Path) -> None:
    row = pl.read_csv(references / "diana_sample" / "expected_comparison_100_50_3_20000.csv").row(0, named=True)
    cells = from_counts(row["n11"], row["n_drug"], row["n_event"], row["N"])
    exact, proportional = ror(cells, method="fisher_r"), prr(cells)
    gamma, power = ic(cells.a, cells.expected), ic(cells.a, cells.expected, interval="power")
    found = {
        "ror_cmle": exact.estimate,
        "ror_exact_lo": exact.lower,
        "ror_exact_hi": exact.upper,
        "prr": proportional.estimate,
        "prr_lo": proportional.lower,
        "prr_hi": proportional.upper,
        "ic": power.estimate,
        "ic_lo_approx": power.lower,
        "ic_hi_approx": power.upper,
        "ic_gamma_lo": gamma.lower,
        "ic_gamma_hi": gamma.upper,
    }
    for name, value in found.items():
        assert float(value) == pytest.approx(row[name], rel=1e-9), name


def test_vigigrade_all_patterns(references: Path) -> None:
    patterns = pl.read_csv(references / "vigigrade" / "expected_all_missing_patterns.csv")
    assert patterns.height == 1_024
    present = {name: patterns[f"{name}_present"].to_numpy() for name in PENALTY_MISSING}
    np.testing.assert_allclose(vigigrade(present), patterns["completeness"], rtol=1e-12)


def test_vigigrade_penalties_of_imprecise_values(references: Path) -> None:
    penalties = {
        (r["dimension"], r["state"]): r["penalty"]
        for r in pl.read_csv(references / "vigigrade" / "penalties.csv").to_dicts()
    }
    present = {name: np.ones(3, bool) for name in PENALTY_MISSING}
    onset = vigigrade(present, onset_uncertainty_days=[0, 31, 32])
    over, within = "imprecise_uncertainty_over_1_month", "imprecise_uncertainty_up_to_1_month"
    expected = [0.0, penalties["time_to_onset", within], penalties["time_to_onset", over]]
    np.testing.assert_allclose(1 - onset, expected, atol=1e-12)
    age = vigigrade(present, is_age_group_only=[False, True, True])
    np.testing.assert_allclose(1 - age, np.array([0, 1, 1]) * penalties["age", "age_group_only"], atol=1e-12)
