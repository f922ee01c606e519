"""Exact tests, strata and false discovery rates: against PhViD, scipy and what they must mean."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control as scipy_bh
from scipy.stats import fisher_exact, hypergeom

from models.disproportionality.counts import Cells, from_counts
from models.disproportionality.fisher import fisher
from models.disproportionality.ror import ror
from models.disproportionality.stratified import homogeneity, mantel_haenszel_prr, mantel_haenszel_ror
from models.multiplicity.fdr import bayesian, benjamini_hochberg, lbe_null_share, one_sided_fdr

TABLE = st.tuples(*[st.integers(0, 60)] * 4)


@pytest.fixture
def phvid(shared):
    return pl.read_csv(shared / "references/phvid/expected_all_methods.csv.gz", infer_schema_length=None)


@pytest.mark.samples
def test_rfet_is_phvids(shared):
    folder = shared / "references/phvid"
    expected = pl.read_csv(folder / "expected_RFET_minn11_5.csv.gz", infer_schema_length=None)
    total = pl.read_csv(folder / "PhViDdata.frame.csv.gz")["n11"].sum()
    cells = from_counts(*(expected[c].to_numpy() for c in ("count", "drug margin", "event margin")), total)
    np.testing.assert_allclose(fisher(cells), expected["p-value"], rtol=1e-6, atol=1e-12)


@pytest.mark.samples
def test_the_share_of_nulls_and_the_rates_are_phvids(phvid):
    everything = phvid
    share, power = lbe_null_share(phvid["PRR_p"])
    assert share == pytest.approx(0.517439, abs=1e-6)
    assert power == pytest.approx(5.015845, abs=1e-4)
    phvid = phvid.filter(pl.col("PRR").is_finite())  # PhViD ranks the two pairs without a PRR last
    gap = np.abs(one_sided_fdr(phvid["PRR_p"], share) - phvid["PRR_FDR"].to_numpy())
    alone = ~phvid["PRR_p"].is_duplicated().to_numpy()  # PhViD gives pairs of one p the rates of different ranks
    assert alone.sum() > 70_000
    assert (gap[alone] < 1e-4).mean() > 0.99
    assert gap[alone].max() < 3e-4
    phvid = everything
    ours = bayesian(phvid["BCPNN_postH0"])
    gap = np.abs(ours.fdr - phvid["BCPNN_FDR_by_postH0"].to_numpy())
    assert (gap < 1e-4).mean() > 0.99
    assert gap.max() < 5e-3  # ties again
    assert (ours.fdr <= 0.05).sum() == 19_130
    assert (bayesian(phvid["GPS_postH0"]).fdr <= 0.05).sum() == 16_204


@given(TABLE)
def test_fisher_is_the_hypergeometric_tail(table):
    a, b, c, d = table
    if a + b + c + d == 0:
        return
    p = fisher(from_counts(a, a + b, a + c, a + b + c + d))
    assert p == pytest.approx(fisher_exact([[a, b], [c, d]], alternative="greater").pvalue, rel=1e-8, abs=1e-12)
    half = hypergeom.pmf(a, a + b + c + d, a + b, a + c) / 2
    assert fisher(from_counts(a, a + b, a + c, a + b + c + d), mid_p=True) == pytest.approx(p - half, abs=1e-9)


def test_fisher_holds_for_large_counts():
    p = fisher(from_counts([120, 1000, 5], [40_000, 10**6, 30_000], [30_000, 10**5, 40_000], 10**7))
    expected = hypergeom.sf([119, 999, 4], 10**7, [40_000, 10**6, 30_000], [30_000, 10**5, 40_000])
    np.testing.assert_allclose(p, expected, rtol=1e-5, atol=1e-14)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_benjamini_hochberg_is_scipys(p):
    np.testing.assert_allclose(benjamini_hochberg(p), scipy_bh(p), atol=1e-12)
    assert np.isnan(benjamini_hochberg([*p, np.nan])[-1])


@given(st.lists(st.floats(0.001, 0.999), min_size=2, max_size=50, unique=True))
def test_bayesian_rates_add_up(null):
    rates, null = bayesian(null), np.array(null)
    order = np.argsort(null)
    assert rates.fdr[order[-1]] == pytest.approx(null.mean())
    assert rates.sensitivity[order[-1]] == pytest.approx(1)
    assert rates.specificity[order[-1]] == pytest.approx(0, abs=1e-12)
    assert (np.diff(rates.fdr[order]) >= -1e-12).all()


def stacked(tables) -> Cells:
    a, b, c, d = np.array(tables, dtype=float).T
    return from_counts(a, a + b, a + c, a + b + c + d)


def test_one_stratum_gives_the_crude_ratio_and_the_textbook_its_own():
    crude = stacked([(20, 80, 30, 270)])
    assert mantel_haenszel_ror(crude).estimate == pytest.approx(ror(crude).estimate[0])
    assert mantel_haenszel_ror(crude).lower == pytest.approx(ror(crude).lower[0])
    # Breslow and Day 1980, oesophageal cancer and alcohol by age group: pooled 5.158, test of homogeneity 9.32 (5 df).
    ages = [(1, 9, 0, 106), (4, 26, 5, 164), (25, 29, 21, 138), (42, 27, 34, 139), (19, 18, 36, 88), (5, 0, 8, 31)]
    pooled = mantel_haenszel_ror(stacked(ages))
    assert pooled.estimate == pytest.approx(5.158, abs=5e-4)
    assert (pooled.lower, pooled.upper) == (pytest.approx(3.562, abs=5e-3), pytest.approx(7.468, abs=5e-3))
    statistic, p = homogeneity(stacked(ages))
    assert statistic == pytest.approx(9.299, abs=0.03)
    assert 0.09 < p < 0.11


def test_confounding_is_taken_off_by_strata():
    strata = stacked([(90, 810, 10, 90), (1, 99, 9, 891)])
    assert mantel_haenszel_ror(strata).estimate == pytest.approx(1)
    assert mantel_haenszel_prr(strata).estimate == pytest.approx(1)
    pooled = stacked([(91, 909, 19, 981)])
    assert ror(pooled).estimate[0] > 5
