"""Numbers that a model sees of a pair: one pure function of `Sums`, row by row, whoever summed.

No margin, no month, no age of the product enters as such: what a benchmark plants there would be learned in place of
harm. Shares are shrunk towards the domain's own, ratios towards 1, so that two reports move little.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logit

from models.disproportionality.ic import ic
from models.evaluation.known import EVIDENCE, Floats, Sums
from models.surveillance.maxsprt import poisson_llr

PRIOR_REPORTS = 12.0  # reports' worth of the domain's share that a share of evidence starts from
PRIOR_EXPECTED = 1.0  # expected reports' worth of ratio 1 that a ratio starts from
PRIOR_BEFORE = 2.0  # the same, of what a pair's own past makes usual
COUNTS = ("log_n", "ic", "ic025", "log_expected", "llr_others")
TREND = (
    *("ic_recent", "ic025_recent", "rise", "rise_use", "llr_recent", "llr_short", "share_short", "peak", "spread"),
    *("llr_best", "llr_change", "since_first", "log_recent"),
)
CONTEXT = ("ic025_unmasked", "masking", "subgroup", "region", "regions", "batch", "reports_change", "use_change")
NEAR = ("near_class", "near_group", "near_species", "listed_class", "listed_group", "listed_species")
PUBLIC = ("public_class", "public_group", "public_species")
FEATURES = (*COUNTS, *TREND, *(f"share_{name}" for name in EVIDENCE), *CONTEXT, *NEAR, *PUBLIC)
# Where medicine says which way: more of it never lowers the suspicion.
INCREASING = (
    *("ic025", "share_rechallenge", "share_informative"),
    *("near_species", "listed_species", "listed_class", "public_species", "public_class"),
)
BLOCKS = {
    "trend": TREND,
    "evidence": tuple(f"share_{name}" for name in EVIDENCE),
    "context": CONTEXT,
    "neighbours": NEAR,
    "recognised": PUBLIC,
}


def features(sums: Sums) -> Floats:
    """Return (R, len(FEATURES)) finite numbers; a row depends on its own sums alone."""
    n, expected = sums.n, sums.expected
    whole = ic(n, expected)
    recent_n, recent_e = sums.recent[0], _expected(sums.recent)
    before_n, before_e = n - recent_n, np.maximum(expected - recent_e, 0.0)
    recent = ic(recent_n, recent_e)
    rise = _log_ratio(recent_n, recent_e) - _log_ratio(before_n, before_e)
    short_n = sums.short[0]
    short_e = _expected(sums.short)
    others = np.maximum(sums.n_total_others, 1.0)
    alone = sums.n_substance * np.maximum(sums.n_others - n, 0.0) / others
    unmasked = ic(n, alone)
    masking = np.log2((expected + 0.5) / (alone + 0.5))
    columns = [
        *(np.log(n), whole.estimate, whole.lower, np.log(expected + 0.5), _surprise(n, _without(sums))),
        *(recent.estimate, recent.lower, rise, rise - np.log2(np.e) * (sums.use_change - sums.reports_change)),
        *(_surprise(recent_n, recent_e), _surprise(short_n, short_e)),
        *((short_n + 0.5) / (n + 1), (sums.peak - 1) / n, sums.n_months / n),
        *(_best(sums, masking), _surprise(recent_n, recent_e * (before_n + PRIOR_BEFORE) / (before_e + PRIOR_BEFORE))),
        *(np.log1p(sums.since_first), np.log1p(recent_n)),
        *_shares(sums).T,
        *(
            unmasked.lower,
            masking,
            _subgroup(sums) - whole.lower,
            _region(sums),
            (sums.regions > 0).sum(axis=1) / np.log2(n + 1),
        ),
        *(_batch(sums), sums.reports_change, sums.use_change),
        *(_log_ratio(*near) for near in (sums.near_class, sums.near_group, sums.near_species)),
        *(sums.listed_class, sums.listed_group, sums.listed_species),
        *(sums.public_class, sums.public_group, sums.public_species),
    ]
    return np.column_stack(columns)


def _expected(window: Floats) -> Floats:
    _, substance, event, total = window
    return substance * event / np.maximum(total, 1.0)


def _without(sums: Sums) -> Floats:
    """Reports that independence expects of the margins without the pair itself: what it brings raises nothing."""
    others = np.maximum(sums.n_event - sums.n, 0.0)
    return np.asarray(sums.n_substance * others / np.maximum(sums.n_total - sums.n, 1.0))


def _best(sums: Sums, masking: Floats) -> Floats:
    """Largest surprise of the windows of 3, 6 and 12 months, of what is expected where nothing masks."""
    windows = (sums.burst, sums.short, sums.recent)
    return np.asarray(np.max([_surprise(w[0], _expected(w) * 2.0**-masking) for w in windows], axis=0))


def _log_ratio(n: Floats, expected: Floats) -> Floats:
    """log2 of the ratio, shrunk towards 1."""
    return np.log2((n + PRIOR_EXPECTED) / (expected + PRIOR_EXPECTED))


def _surprise(n: Floats, expected: Floats) -> Floats:
    """Square root of the log likelihood ratio of a Poisson count above what was expected; 0 where it is not above."""
    return np.sqrt(np.maximum(poisson_llr(n, np.maximum(expected, 1e-3)), 0.0))


def _shares(sums: Sums) -> Floats:
    usual = np.clip(sums.evidence_usual, 1e-3, 1 - 1e-3)
    share = (sums.evidence + PRIOR_REPORTS * usual) / (sums.n[:, None] + PRIOR_REPORTS)
    return np.where(sums.evidence_usual > 0, logit(share) - logit(usual), 0.0)


def _subgroup(sums: Sums) -> Floats:
    return np.asarray(ic(sums.subgroups, sums.subgroups_expected).lower.max(axis=1))


def _region(sums: Sums) -> Floats:
    """Pairs of reports from the same region against what the domain's mix would give, shrunk, in bits."""
    usual = max(float((sums.regions_usual**2).sum()), 1e-6)
    same = (sums.regions * (sums.regions - 1)).sum(axis=1) / 2
    return _log_ratio(same, usual * sums.n * (sums.n - 1) / 2)


def _batch(sums: Sums) -> Floats:
    return _log_ratio(sums.batch_links, sums.batch_usual * sums.n * (sums.n - 1) / 2)
