"""Scores of the statistics of a count, as they are used today: the baselines of every comparison.

A rule (Evans, increased frequency, sequential) ranks the pairs that meet it first, then the others, each by its own
statistic, so that it too can be asked for any number of alerts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import binom

from models.disproportionality.counts import from_counts
from models.disproportionality.ic import ic
from models.disproportionality.prr import chi_squared, evans, prr
from models.disproportionality.ror import ror
from models.evaluation import cluster
from models.evaluation.known import Floats, Sums
from models.mgps.fit import ALL_STARTS, Prior, one_start
from models.mgps.likelihood import Objective, observed_points
from models.mgps.posterior import quantile
from models.mgps.squash import gridded

LEAST = -1e6  # of a pair that a rule does not rank
MOST = 300.0  # -log10 of a chance that floats hold
MET = 1e6  # puts what meets a rule before what does not
FEWEST_OF_RULES = 3
GRID = 0.1  # of ln E, for the monthly prior
KNOT = 0.1  # of ln E, between which ln EB05 is interpolated
LEAST_EXPECTED = 1e-6


def count(sums: Sums) -> Floats:
    """Reports; the larger ratio first among equals."""
    return sums.n + 1e-3 * np.tanh(ic(sums.n, sums.expected).estimate / 10)


def information(sums: Sums) -> Floats:
    """IC, Norén 2013."""
    return ic(sums.n, sums.expected).estimate


def information_lower(sums: Sums) -> Floats:
    """IC025, Norén 2013."""
    return ic(sums.n, sums.expected).lower


def ror_lower(sums: Sums) -> Floats:
    """Lower 95 % bound of the log ROR (Woolf); last where a cell is empty."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _known(np.log(ror(_cells(sums)).lower))


def prr_estimate(sums: Sums) -> Floats:
    """Log PRR."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _known(np.log(prr(_cells(sums)).estimate))


def evans_rule(sums: Sums) -> Floats:
    """PRR >= 2, chi-squared (Yates) >= 4, 3 reports; by chi-squared, of pairs above expectation."""
    cells = _cells(sums)
    above = np.where(sums.n > sums.expected, 1.0, -1.0)
    return np.where(evans(cells), MET, 0.0) + _known(chi_squared(cells)) * above


def increased_frequency(sums: Sums) -> Floats:
    """Empirica's rule: 3 reports at least in 12 months, and the share of the product's reports 5 times the former one.

    Ranked by the ratio of the shares, half a report added to each. Source: Oracle Empirica, increased frequency.
    """
    n, substance = sums.recent[0], sums.recent[1]
    before, substance_before = sums.n - n, sums.n_substance - substance
    ratio = ((n + 0.5) / (substance + 1)) / ((before + 0.5) / (substance_before + 1))
    is_met = (n >= FEWEST_OF_RULES) & (ratio >= 5)
    return np.where(is_met, MET, 0.0) + np.log(ratio)


def sequential(sums: Sums) -> Floats:
    """Exact Poisson tail of the last 6 months' count (`models.evaluation.cluster`); pairs with its 4 cases first."""
    is_met = sums.short[0] >= cluster.FEWEST
    return np.where(is_met, MET, 0.0) + cluster.exact_recent(sums)


def batch_exact(sums: Sums) -> Floats:
    """-log10 of the chance that as many pairs of a pair's reports name the same batch, or more; binomial."""
    meetings = sums.n * (sums.n - 1) / 2
    chance = binom.logsf(sums.batch_links - 1, meetings, np.clip(sums.batch_usual, 1e-6, 1 - 1e-6))
    return np.minimum(-chance / np.log(10), MOST) + 1e-3 * np.tanh(ic(sums.n, sums.expected).estimate / 10)


class EmpiricalBayes:
    """EB05 with the prior of the month (DuMouchel 1999, zero cells included), refitted each month.

    The fit of a month starts from that of the month before, near its optimum; the first tries all starts.
    """

    def __init__(self) -> None:
        """Know no prior yet."""
        self.priors: dict[str, Prior] = {}

    def __call__(self, domain: str, sums: Sums) -> Floats:
        """Log EB05 (R,)."""
        prior = self.prior(domain, sums)
        place = np.log(np.maximum(sums.expected, LEAST_EXPECTED)) / KNOT
        below = np.floor(place)
        knots = np.unique(np.concatenate([sums.n + 1j * below, sums.n + 1j * (below + 1)]))
        bound = np.log(np.maximum(quantile(knots.real, np.exp(knots.imag * KNOT), prior, 0.05), 1e-9))
        low, high = (bound[np.searchsorted(knots, sums.n + 1j * at)] for at in (below, below + 1))
        return low + (high - low) * (place - below)

    def prior(self, domain: str, sums: Sums) -> Prior:
        """Fit to every cell of the domain, as known."""
        points = gridded(observed_points(sums.cells_n, np.maximum(sums.cells_expected, LEAST_EXPECTED)), GRID)
        objective = Objective(points, "zero_inclusive")
        starts = [self.priors[domain].theta] if domain in self.priors else ALL_STARTS
        tried = [one_start(objective, start) for start in starts]
        best = min(tried, key=lambda one: (not one.converged, one.neg_log_likelihood))
        self.priors[domain] = Prior(*best.optimum, likelihood="zero_inclusive", converged=best.converged)
        return self.priors[domain]


def _cells(sums: Sums):  # type: ignore[no-untyped-def]
    return from_counts(sums.n, sums.n_substance, sums.n_event, sums.n_total)


def _known(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, LEAST)


SINGLE: dict[str, Callable[[Sums], Floats]] = {
    "count": count,
    "ic": information,
    "ic025": information_lower,
    "ror025": ror_lower,
    "prr": prr_estimate,
    "evans": evans_rule,
    "increased_frequency": increased_frequency,
    "sequential": sequential,
    "batch_exact": batch_exact,
}
