"""Ratios of stratified tables: Mantel-Haenszel estimates and a test that the strata agree.

Arrays of cells have the strata in their first axis and anything (pairs) in the others.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

from models.disproportionality.counts import Cells, Floats
from models.disproportionality.prr import Ratio, divide, log_normal_ratio


def mantel_haenszel_ror(cells: Cells, level: float = 0.95) -> Ratio:
    """Common reporting odds ratio, sum(ad/n) / sum(bc/n), with the Robins-Breslow-Greenland variance.

    NaN where no stratum has both b and c, the bounds also where none has a and d.

    Source: Mantel and Haenszel 1959, J Natl Cancer Inst 22:719-748; Robins, Breslow, Greenland 1986, Biometrics
    42:311-323.
    """
    a, b, c, d, n = cells.a, cells.b, cells.c, cells.d, np.where(cells.n_total > 0, cells.n_total, 1.0)
    r, s = a * d / n, b * c / n
    p, q = (a + d) / n, (b + c) / n
    big_r, big_s = r.sum(axis=0), s.sum(axis=0)
    estimate = divide(big_r, big_s)
    variance = (
        divide((p * r).sum(axis=0), 2 * big_r**2)
        + divide((p * s + q * r).sum(axis=0), 2 * big_r * big_s)
        + divide((q * s).sum(axis=0), 2 * big_s**2)
    )
    return log_normal_ratio(estimate, variance, level)


def mantel_haenszel_prr(cells: Cells, level: float = 0.95) -> Ratio:
    """Common proportional reporting ratio, sum(a (c+d)/n) / sum(c (a+b)/n), with the Greenland-Robins variance.

    Source: Greenland and Robins 1985, Biometrics 41:55-68.
    """
    a, c, n = cells.a, cells.c, np.where(cells.n_total > 0, cells.n_total, 1.0)
    n1, n0 = cells.n_product, cells.n_total - cells.n_product
    r, s = (a * n0 / n).sum(axis=0), (c * n1 / n).sum(axis=0)
    numerator = ((n1 * n0 * (a + c) - a * c * n) / n**2).sum(axis=0)
    return log_normal_ratio(divide(r, s), divide(numerator, r * s), level)


def homogeneity(cells: Cells) -> tuple[Floats, Floats]:
    """Breslow-Day statistic with Tarone's correction, and its p (strata - 1 degrees of freedom): do odds ratios agree?

    NaN where the common odds ratio is not defined. Strata whose margins leave no freedom do not count.

    Source: Breslow and Day 1980, IARC Sci Publ 32; Tarone 1985, Biometrika 72:91-95.
    """
    common = mantel_haenszel_ror(cells).estimate
    row, column, n = cells.n_product, cells.n_event, cells.n_total
    free = (row > 0) & (column > 0) & (row < n) & (column < n)
    expected = _expected_cell(common, row, column, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = 1 / (
            1 / expected + 1 / (row - expected) + 1 / (column - expected) + 1 / (n - row - column + expected)
        )
    variance = np.where(free & np.isfinite(variance), variance, 0.0)
    gap = np.where(free, cells.a - expected, 0.0)
    each = divide(gap**2, variance)
    correction = divide(gap.sum(axis=0) ** 2, variance.sum(axis=0))
    statistic = np.nansum(each, axis=0) - np.nan_to_num(correction)
    freedom = free.sum(axis=0) - 1
    known = np.isfinite(common) & (common > 0) & (freedom > 0)
    statistic = np.where(known, np.maximum(statistic, 0.0), np.nan)
    return statistic, np.where(known, chi2.sf(statistic, np.maximum(freedom, 1)), np.nan)


def _expected_cell(ratio: Floats, row: Floats, column: Floats, n: Floats) -> Floats:
    """Cell a that has the odds ratio within the margins: the root of a quadratic."""
    x = ratio - 1
    y = n - row - column + ratio * (row + column)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = (y - np.sqrt(np.maximum(y**2 - 4 * x * ratio * row * column, 0.0))) / (2 * x)
    return np.where(np.abs(x) < 1e-12, row * column / np.where(n > 0, n, 1.0), root)
