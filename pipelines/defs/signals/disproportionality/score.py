"""Every pair at every month end, scored with what was known then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
from pyspark.sql import functions as F

from pipelines.core.conform import conformed, reads
from pipelines.defs.signals.disproportionality.months import Population, State
from pipelines.defs.signals.disproportionality.tables import Signal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables
    from pipelines.core.run import Platform

NAMED_LATER = ("substance_name", "term_name", "soc_name")
FLAGS = ("is_prr_signal", "is_ror_signal", "is_ic_signal", "is_ebgm_signal")
FIRSTS = ("first_prr_month", "first_ror_month", "first_ic_month", "first_ebgm_month")
SCORES = (
    *("prr", "prr_lower", "prr_upper", "chi2_yates", "ror", "ror_lower", "ror_upper"),
    *("ic", "ic025", "ic975", "ebgm", "eb05", "eb95"),
)
NEVER = dt.date(9999, 12, 31)


@reads("gold.pair_count", "gold.prior", "silver.substance", "silver.term")
def signal(tables: Tables, platform: Platform) -> DataFrame:
    """Score every population in its own task; names are joined on for the reader."""
    priors = [r.asDict() for r in tables["gold.prior"].collect()]
    columns = {n: c for n, c in Signal.columns.items() if n not in NAMED_LATER}
    schema = ", ".join(f"`{name}` {c.type}" for name, c in columns.items())
    minimum = platform.settings.minimum_reports

    def score(changes: pa.Table) -> pa.Table:
        return score_population(changes, priors=priors, minimum=minimum)

    scored = tables["gold.pair_count"].groupBy("population").applyInArrow(score, schema)
    substances = tables["silver.substance"].select("substance_key", "substance_name")
    terms = tables["silver.term"].select("term_key", "term_name", "soc_name")
    named = scored.join(F.broadcast(substances), on="substance_key", how="left")
    named = named.join(F.broadcast(terms), on="term_key", how="left")
    named = named.withColumn("substance_name", F.coalesce("substance_name", "substance_key"))
    return conformed(named.withColumn("term_name", F.coalesce("term_name", "term_key")), Signal)


signal.needs_platform = True  # type: ignore[attr-defined]
signal.settings = ("minimum_reports",)  # type: ignore[attr-defined]
signal.replaces = True  # type: ignore[attr-defined]


def score_population(changes: pa.Table, *, priors: list[dict[str, Any]], minimum: int) -> pa.Table:
    """Score one population: the body of a Spark task. Returns the columns of `Signal` but the names."""
    frame = pl.from_arrow(changes)
    assert isinstance(frame, pl.DataFrame)
    name = frame["population"][0]
    mine = sorted((p for p in priors if p["population"] == name), key=lambda p: p["month"])
    population = Population.of(frame)
    schema = pa.schema([f for f in Signal.arrow_schema() if f.name not in NAMED_LATER])
    months = [m.to_arrow().select(schema.names).cast(schema) for m in _months(name, population, mine, minimum)]
    return pa.concat_tables(months) if months else schema.empty_table()


def _months(name: str, population: Population, priors: list[dict[str, Any]], minimum: int) -> Iterator[pl.DataFrame]:
    n_pairs = len(population.pairs[0])
    firsts = {first: np.full(n_pairs, NEVER, "datetime64[D]") for first in FIRSTS}
    last = population.months[-1]
    for state in population.states():
        seen = np.flatnonzero(state.a > 0)
        if not len(seen):
            continue
        prior = _known_then(priors, state.month)
        scores = _scores(state, seen, prior, minimum)
        is_new = np.zeros(len(seen), dtype=bool)
        for flag, first in zip(FLAGS, FIRSTS, strict=True):
            met = scores[flag].fill_null(False).to_numpy()
            newly = met & (firsts[first][seen] == np.datetime64(NEVER))
            firsts[first][seen[newly]] = np.datetime64(state.month)
            is_new |= newly
        yield scores.with_columns(
            population=pl.lit(name),
            domain=pl.lit(name.split(":")[0]),
            month=pl.lit(state.month),
            is_latest=pl.lit(state.month == last),
            substance_key=_names(population.substances, state.substance_of[seen]),
            term_key=_names(population.events, state.event_of[seen]),
            n_new=pl.Series(state.change[seen]),
            is_new=pl.Series(is_new),
            prior_month=pl.lit(prior["month"] if prior else None, dtype=pl.Date),
            **{first: _dates(firsts[first][seen]) for first in FIRSTS},
        )


def _known_then(priors: list[dict[str, Any]], month: dt.date) -> dict[str, Any] | None:
    """Latest prior fitted at or before a month end, one that converged if there is any."""
    fitted = [p for p in priors if p["month"] <= month]
    return next((p for p in reversed(fitted) if p["is_converged"]), fitted[-1] if fitted else None)


def _scores(state: State, seen: np.ndarray, prior: dict[str, Any] | None, minimum: int) -> pl.DataFrame:
    """Scores of the pairs seen at a month end; all null, with the reason, in a population that is too small."""
    from models.mgps.fit import Prior as Fitted
    from models.score import score_counts

    names = ("alpha1", "beta1", "alpha2", "beta2", "p", "likelihood")
    known = {**{n: prior[n] for n in names}, "converged": prior["is_converged"]} if prior else None
    fitted = Fitted(**known) if known else None
    scores = score_counts(
        state.a[seen],
        state.n_substance[state.substance_of[seen]],
        state.n_event[state.event_of[seen]],
        state.n_total,
        fitted,
    )
    if state.n_total >= minimum:
        return scores
    reason = f"all: population of {state.n_total:,} reports, {minimum:,} needed"
    nothing = [pl.lit(None, dtype=scores.schema[c]).alias(c) for c in (*SCORES, *FLAGS)]
    return scores.with_columns(*nothing, not_computed=pl.lit(reason))


def _names(names: list[str], codes: np.ndarray) -> pl.Series:
    return pl.Series(names, dtype=pl.String).gather(codes)


def _dates(values: np.ndarray) -> pl.Series:
    dates = pl.Series(values.astype("datetime64[D]"))
    return dates.to_frame("d").select(pl.when(pl.col("d") < NEVER).then(pl.col("d")))["d"]
