"""The two-gamma prior of each population: fitted by Spark, registered in MLflow, read back from the registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from pipelines.core.conform import reads
from pipelines.defs.signals.disproportionality.months import Population, State, refit_months
from pipelines.defs.signals.disproportionality.tables import Prior

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables
    from pipelines.core.run import Platform

FIT_SQL = (
    "population string, month date, likelihood string, alpha1 double, beta1 double, alpha2 double, beta2 double, "
    "p double, neg_log_likelihood double, n_reports bigint, n_pairs bigint, is_converged boolean, "
    "curve_n array<double>, curve_observed array<double>, curve_fitted array<double>"
)
FIT_SCHEMA = pa.schema(
    [("population", pa.string()), ("month", pa.date32()), ("likelihood", pa.string())]
    + [(name, pa.float64()) for name in ("alpha1", "beta1", "alpha2", "beta2", "p", "neg_log_likelihood")]
    + [("n_reports", pa.int64()), ("n_pairs", pa.int64()), ("is_converged", pa.bool_())]
    + [(name, pa.list_(pa.float64())) for name in ("curve_n", "curve_observed", "curve_fitted")]
)
CURVE = ("curve_n", "curve_observed", "curve_fitted")
CURVE_POINTS = 30


@reads("gold.pair_count")
def prior(tables: Tables, platform: Platform) -> DataFrame:
    """Fit, register, and return what the registry's champion holds."""
    from models.mgps.registry import CHAMPION, MODEL, register, registered
    from pipelines.core.catalog import code_version

    settings = platform.settings
    alias = f"as-of-{settings.as_of}" if settings.as_of else CHAMPION
    likelihood, minimum = settings.mgps_likelihood, settings.minimum_reports

    def fit(changes: pa.Table) -> pa.Table:
        return fit_population(changes, likelihood=likelihood, minimum=minimum)

    fitted = tables["gold.pair_count"].groupBy("population").applyInArrow(fit, FIT_SQL).toArrow().to_pylist()
    rows = sorted(fitted, key=lambda r: (r["population"], r["month"]))
    if rows:
        curves = {r["population"]: tuple(r[c] for c in CURVE) for r in rows}
        register(
            [{k: v for k, v in r.items() if k not in CURVE} | {"month": r["month"].isoformat()} for r in rows],
            curves,
            {"likelihood": settings.mgps_likelihood, "minimum_reports": settings.minimum_reports},
            {
                "code_version": code_version(),
                "data_version": str(platform.lake.version("gold.pair_count")),
                "as_of": settings.as_of or "",
            },
            settings.tracking,
            str(settings.artifacts),
            alias,
        )
    held = registered(settings.tracking, alias) if rows else None
    origin = {"model_name": MODEL, "model_version": held.version, "run_id": held.run_id} if held else {}
    named = [{**r, **origin, "month": dt.date.fromisoformat(r["month"])} for r in (held.priors if held else ())]
    return platform.spark.createDataFrame([tuple(r[c] for c in Prior.columns) for r in named], Prior.spark_schema())


prior.needs_platform = True  # type: ignore[attr-defined]
prior.settings = ("mgps_likelihood", "minimum_reports")  # type: ignore[attr-defined]


def fit_population(changes: pa.Table, *, likelihood: str, minimum: int) -> pa.Table:
    """Fit the priors of one population: the body of a Spark task."""
    frame = pl.from_arrow(changes)
    assert isinstance(frame, pl.DataFrame)
    name = frame["population"][0]
    rows = [{"population": name, **row} for row in _fits(Population.of(frame), likelihood, minimum)]
    return pa.Table.from_pylist(rows, schema=FIT_SCHEMA)


def _fits(population: Population, likelihood: str, minimum: int) -> Iterator[dict[str, Any]]:
    from models.mgps.fit import fit

    steps = set(refit_months([s.n_total for s in population.states()], minimum))
    for step, state in enumerate(population.states()):
        points = _points(state, likelihood) if step in steps else None
        if points is None:
            continue
        found = fit(points, likelihood)  # type: ignore[arg-type]
        yield {
            "month": state.month,
            "likelihood": likelihood,
            **{k: getattr(found, k) for k in ("alpha1", "beta1", "alpha2", "beta2", "p", "neg_log_likelihood")},
            "n_reports": state.n_total,
            "n_pairs": int((state.a > 0).sum()),
            "is_converged": found.converged,
            **dict(zip(CURVE, _curve(points, found), strict=True)),
        }


def _points(state: State, likelihood: str) -> Any:
    """Weighted points of the fit at a month end; None where no pair has a report."""
    from models.mgps.likelihood import weighted_points

    seen = state.a > 0
    if not seen.any():
        return None
    return weighted_points(
        state.a[seen],
        state.n_substance[state.substance_of[seen]],
        state.n_event[state.event_of[seen]],
        state.n_total,
        state.n_substance[state.n_substance > 0],
        state.n_event[state.n_event > 0],
        with_zeros=likelihood == "zero_inclusive",
    )


def _curve(points: Any, found: Any) -> tuple[list[float], list[float], list[float]]:
    """Observed and fitted number of pairs with n = 1, 2, … reports."""
    from scipy.stats import nbinom

    n = np.arange(1, CURVE_POINTS + 1)
    observed = [float(points.weight[points.n == k].sum()) for k in n]
    fitted = np.zeros(len(n))
    components = ((found.p, found.alpha1, found.beta1), (1 - found.p, found.alpha2, found.beta2))
    chances = [beta / (beta + points.expected) for _, _, beta in components]
    seen = [1 - nbinom.pmf(0, alpha, chance) for (_, alpha, _), chance in zip(components, chances, strict=True)]
    whole = sum(weight * s for (weight, _, _), s in zip(components, seen, strict=True))
    scale = {"zero_inclusive": [1.0, 1.0], "component_truncated": seen, "mixture_truncated": [whole, whole]}
    for i, (weight, alpha, _) in enumerate(components):
        cells = points.weight / scale[found.likelihood][i]
        fitted += [weight * float((cells * nbinom.pmf(k, alpha, chances[i])).sum()) for k in n]
    return [float(k) for k in n], observed, [float(v) for v in fitted]
