"""One table of all disproportionality measures, their bounds, their flags, and why a number is missing.

Belongs here: putting the methods side by side. Does not: a formula (see the method's own module) or a threshold (see
`models.rules`).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from models import rules
from models.disproportionality.counts import Cells, Floats, from_counts
from models.disproportionality.ic import ic
from models.disproportionality.prr import chi_squared, prr
from models.disproportionality.ror import Method, ror
from models.mgps.fit import Prior
from models.mgps.posterior import score as mgps_score

COLUMNS = (
    *("a", "b", "c", "d", "expected"),
    *("prr", "prr_lower", "prr_upper", "chi2_yates", "is_prr_signal"),
    *("ror", "ror_lower", "ror_upper", "is_ror_signal"),
    *("ic", "ic025", "ic975", "is_ic_signal"),
    *("ebgm", "eb05", "eb95", "is_ebgm_signal", "ebgm_likelihood"),
    "not_computed",
)
FLAGS = {
    "is_prr_signal": rules.EVANS_2001,
    "is_ror_signal": rules.ROR_LOWER_ABOVE_1,
    "is_ic_signal": rules.IC025_ABOVE_0,
    "is_ebgm_signal": rules.EB05_AT_LEAST_2,
}


PAIRS_AT_ONCE = 1 << 16


def score_counts(
    a: ArrayLike,
    n_product: ArrayLike,
    n_event: ArrayLike,
    n_total: ArrayLike,
    prior: Prior | None = None,
    likelihood: str | None = None,
    expected: ArrayLike | None = None,
    min_reports: int = 0,
    ror_method: Method = "woolf",
) -> pl.DataFrame:
    """Score pairs of counts (reports; broadcast, flattened) by every method; one row per pair, columns `COLUMNS`.

    Args:
        a: reports with both.
        n_product: reports with the product (a+b).
        n_event: reports with the event (a+c).
        n_total: all reports (N).
        prior: fitted MGPS prior; without one, or with one that did not converge, EBGM columns are null.
        likelihood: if given, the prior must have been fitted with it, so that a table is not labelled with what it is
        not. expected: replaces n_product * n_event / N for IC and EBGM, e.g. the sum over strata. PRR and ROR ignore
        it. min_reports: PRR and ROR are null for a < min_reports (pvda's rule of N uses 3).
        ror_method: see `models.disproportionality.ror.ror`.

    A number whose conditions fail is null, never infinite and never replaced by another; its flag is null too, and
    `not_computed` says why, method by method. `ic025`, `ic975`, `eb05`, `eb95` are 2.5, 97.5, 5 and 95 % quantiles;
    other bounds are 95 % intervals. Counts that form no 2x2 table, or an expected count that is none, blank their row
    with the reason and no other.

    Raises:
        ValueError: a prior of another likelihood.
    """
    if likelihood is not None and prior is not None and prior.likelihood != likelihood:
        raise ValueError(f"the prior was fitted with {prior.likelihood}, not {likelihood}")
    counts = [np.asarray(x, float).ravel() for x in np.broadcast_arrays(a, n_product, n_event, n_total)]
    cells = from_counts(*counts)
    is_table = ~np.isnan(cells.a)
    e = cells.expected if expected is None else np.broadcast_to(np.asarray(expected, float).ravel(), is_table.shape)
    with np.errstate(invalid="ignore"):
        is_sound = is_table & np.isfinite(e) & (e >= 0)
    if is_sound.all():
        return _scored(cells, e, prior, min_reports, ror_method)
    scored = _scored(cells.where(is_sound), e[is_sound], prior, min_reports, ror_method)
    place = pl.Series(np.cumsum(is_sound) - 1).set(pl.Series(~is_sound), None)
    reason = pl.Series(np.where(is_table, "all: expected count is no number >= 0", "all: counts form no 2x2 table"))
    return scored.select(pl.all().gather(place)).with_columns(
        *_given(*counts), not_computed=pl.when(pl.Series(is_sound)).then("not_computed").otherwise(reason)
    )


def _given(a: Floats, n_product: Floats, n_event: Floats, n_total: Floats) -> list[pl.Series]:
    """Cells as the counts have them, be they a table or not; null where a count is no number."""
    cells = {"a": a, "b": n_product - a, "c": n_event - a, "d": n_total - n_product - n_event + a}
    return [pl.Series(name, values).cast(pl.Int64, strict=False) for name, values in cells.items()]


def _scored(cells: Cells, e: Floats, prior: Prior | None, min_reports: int, ror_method: Method) -> pl.DataFrame:
    """EBGM of all pairs at once, since equal pairs share it; the others of some at a time, which stay in the cache."""
    bayes = ebgm(cells.a, e, prior)
    parts = []
    for first in range(0, max(1, e.size), PAIRS_AT_ONCE):
        part = slice(first, first + PAIRS_AT_ONCE)
        some = Cells(*(getattr(cells, name)[part] for name in ("a", "b", "c", "d", "expected")))
        own = {name: values[part] for name, values in bayes.items()}
        parts.append(_table(some, e[part], own, prior, min_reports, ror_method))
    return pl.concat(parts, rechunk=False)


def _table(
    cells: Cells, e: Floats, bayes: dict[str, Floats], prior: Prior | None, min_reports: int, ror_method: Method
) -> pl.DataFrame:
    ratio, odds, information = prr(cells), ror(cells, method=ror_method), ic(cells.a, e)
    enough = cells.a >= min_reports
    columns: dict[str, Floats] = {
        **{name: getattr(cells, name) for name in "abcd"},
        "expected": e,
        "chi2_yates": chi_squared(cells),
        **_blank({"prr": ratio.estimate, "prr_lower": ratio.lower, "prr_upper": ratio.upper}, enough),
        **_blank({"ror": odds.estimate, "ror_lower": odds.lower, "ror_upper": odds.upper}, enough),
        **{"ic": information.estimate, "ic025": information.lower, "ic975": information.upper},
        **bayes,
    }
    return _frame(columns, prior, _reasons(cells, e, bayes["ebgm"], prior, min_reports, ror_method))


def _blank(columns: dict[str, Floats], keep: NDArray[np.bool_]) -> dict[str, Floats]:
    return {name: np.where(keep, values, np.nan) for name, values in columns.items()}


def _usable(prior: Prior | None) -> bool:
    return prior is not None and prior.converged


def ebgm(a: Floats, expected: Floats, prior: Prior | None) -> dict[str, Floats]:
    """EBGM, EB05 and EB95 by name; NaN without a prior that converged, where nothing is expected, and in a pair whose
    posterior leaves the range of floats."""
    columns = {name: np.full(a.shape, np.nan) for name in ("ebgm", "eb05", "eb95")}
    if prior is None or not prior.converged:
        return columns
    positive = expected > 0
    scores = mgps_score(a[positive], expected[positive], prior)
    given = np.stack([getattr(scores, name) for name in columns])
    for values, found in zip(columns.values(), np.where(np.isfinite(given).all(axis=0), given, np.nan), strict=True):
        values[positive] = found
    return columns


def _frame(columns: dict[str, Floats], prior: Prior | None, reasons: pl.Expr) -> pl.DataFrame:
    """Counts as integers, NaN as null, flags by rule, columns in their order."""
    flags = []
    for flag, rule in FLAGS.items():
        met, decidable = rules.applies(rule, columns)
        flags.append(pl.Series(flag, met).set(pl.Series(~decidable), None))
    name = prior.likelihood if prior is not None and prior.converged else None
    frame = pl.DataFrame(columns).with_columns(flags)
    return frame.select(
        pl.col(list("abcd")).fill_nan(None).cast(pl.Int64),
        pl.col([c for c in columns if c not in "abcd"]).fill_nan(None),
        pl.col(list(FLAGS)),
        pl.lit(name, dtype=pl.String).alias("ebgm_likelihood"),
        reasons,
    ).select(COLUMNS)


def _reasons(
    cells: Cells, expected: Floats, ebgm: Floats, prior: Prior | None, min_reports: int, ror_method: Method
) -> pl.Expr:
    """One text per row, the first reason that holds for each method; null where all was computed."""
    a, b, c, d = cells.a, cells.b, cells.c, cells.d
    few = (a < min_reports, f"a < {min_reports}")
    edge = a == np.minimum(cells.n_product, cells.n_event)
    least = a == np.maximum(0.0, cells.n_product + cells.n_event - cells.n_total)
    exact = [
        few,
        (least & edge, "margins allow one table only"),
        (edge, "a is the largest its margins allow, upper bound infinite"),
    ]
    woolf = [few, (b == 0, "b = 0"), (c == 0, "c = 0"), (a == 0, "a = 0, bounds only"), (d == 0, "d = 0, bounds only")]
    table = {
        "prr": [few, (a + b == 0, "a + b = 0"), (c == 0, "c = 0"), (a == 0, "a = 0, bounds only")],
        "chi2_yates": [((a + b) * (a + c) * (b + d) * (c + d) == 0, "a margin is zero")],
        "ror": woolf if ror_method == "woolf" else exact,
        "ebgm": [
            (np.full(a.shape, prior is None), "no prior"),
            (np.full(a.shape, not _usable(prior)), "the prior did not converge"),
            (expected <= 0, "expected = 0"),
            (np.isnan(ebgm), "the posterior leaves the range of floats"),
        ],
    }
    texts = []
    for method, conditions in table.items():
        chain = pl.lit(None, dtype=pl.String)
        for holds, text in reversed(conditions):
            chain = pl.when(pl.Series(holds)).then(pl.lit(f"{method}: {text}")).otherwise(chain)
        texts.append(chain)
    joined = pl.concat_str(texts, separator="; ", ignore_nulls=True)
    return pl.when(joined != "").then(joined).alias("not_computed")
