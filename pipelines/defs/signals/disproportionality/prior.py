"""The two-gamma prior of each population: counted and fitted in tasks, registered in MLflow, read back from there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipelines.core import pieces
from pipelines.core.conform import reads
from pipelines.defs.gold.pair_count.count import month_end
from pipelines.defs.signals.disproportionality import points
from pipelines.defs.signals.disproportionality.months import Changes
from pipelines.defs.signals.disproportionality.populations import whole
from pipelines.defs.signals.disproportionality.shared import CUBE, Batches, by_bucket, n_buckets, received, strata
from pipelines.defs.signals.disproportionality.tables import Prior

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables
    from pipelines.core.lake import Lake
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
PARAMETERS = ("alpha1", "beta1", "alpha2", "beta2", "p", "neg_log_likelihood")
CURVE = ("curve_n", "curve_observed", "curve_fitted")
CURVE_POINTS = 30
FINE_UP_TO = 1  # buckets: a cube that one task a population can hold is fitted on the fine grid


@reads(CUBE, "silver.stratum")
def prior(tables: Tables, platform: Platform) -> DataFrame:
    """Fit, register, and return what the registry's champion holds."""
    from models.mgps.registry import CHAMPION, MODEL, register, registered
    from pipelines.core.artifacts import kept_at
    from pipelines.core.catalog import code_version

    settings = platform.settings
    alias = f"as-of-{settings.as_of}" if settings.as_of else CHAMPION
    rows = _fitted(platform.lake, settings.mgps_likelihood, settings.minimum_reports)
    held = None
    if rows:
        curves = {r["population"]: tuple(r[c] for c in CURVE) for r in rows}
        fits = [{k: v for k, v in r.items() if k not in CURVE} | {"month": r["month"].isoformat()} for r in rows]
        params = {"likelihood": settings.mgps_likelihood, "minimum_reports": settings.minimum_reports}
        tags = {
            "code_version": code_version(),
            "data_version": str(platform.lake.version(CUBE)),
            "as_of": settings.as_of or "",
        }
        with kept_at(settings.artifacts):
            register(fits, curves, params, tags, settings.tracking, alias)
            held = registered(settings.tracking, alias)
    origin = {"model_name": MODEL, "model_version": held.version, "run_id": held.run_id} if held else {}
    named = [{**r, **origin, "month": dt.date.fromisoformat(r["month"])} for r in (held.priors if held else ())]
    return platform.spark.createDataFrame([tuple(r[c] for c in Prior.columns) for r in named], Prior.spark_schema())


prior.needs_platform = True  # type: ignore[attr-defined]
prior.settings = ("mgps_likelihood", "minimum_reports")  # type: ignore[attr-defined]


def _fitted(lake: Lake, likelihood: str, minimum: int) -> list[dict[str, Any]]:
    """Fits of every population, in order."""
    n = n_buckets(lake)
    step = points.FINE if n <= FINE_UP_TO else points.COARSE
    populations = whole(strata(lake))
    counted = by_bucket(lake, populations, counting(minimum, step, n), pieces.PARCEL_SQL)
    fits = pieces.gathered(counted, max(1, len(populations)), fitting(likelihood, step, lake.as_of), FIT_SQL)
    return sorted(fits.toArrow().to_pylist(), key=lambda r: (r["population"], r["month"]))


def counting(minimum: int, step: float, n_buckets: int) -> Callable[[Batches], Batches]:
    """Task: count the points of one bucket of a population and hand them to the place of the population."""

    def work(batches: Batches) -> Batches:
        if (came := received(batches)) is None:
            return
        place, name, cells = came
        changes = Changes.of(cells)
        for part, counts in points.counted(changes, minimum, step, place % n_buckets == 0).items():
            yield from pieces.parcels(place // n_buckets, f"{name}/{part}", *counts)
        if place % n_buckets == 0:
            sizes = np.array(changes.sizes, dtype=np.int64)
            yield from pieces.parcels(place // n_buckets, f"{name}/sizes", np.array(changes.months, np.uint64), sizes)

    return work


def fitting(likelihood: str, step: float, until: dt.date | None = None) -> Callable[[Batches], Batches]:
    """Task: fit the priors of one population on the points that its buckets counted."""

    def work(batches: Batches) -> Batches:
        sums, name = points.Sums(), ""
        sizes: dict[int, int] = {}
        for _, about, keys, counts in pieces.opened(batches):
            name, part = about.rsplit("/", 1)
            if part == "sizes":
                sizes |= dict(zip(keys.tolist(), counts.tolist(), strict=True))
            else:
                sums.parts[part].append((keys, counts))
        rows = [{"population": name, **row} for row in _fits(sums, sizes, likelihood, step, until)]
        yield from pa.Table.from_pylist(rows, schema=FIT_SCHEMA).to_batches()

    return work


def _fits(
    sums: points.Sums, sizes: dict[int, int], likelihood: str, step: float, until: dt.date | None
) -> Iterator[dict[str, Any]]:
    from models.mgps.fit import fit

    for month in sums.months():
        weighted = sums.points(month, sizes[month], step, with_zeros=likelihood == "zero_inclusive")
        found = fit(weighted, likelihood)  # type: ignore[arg-type]
        yield {
            "month": month_end(month, until),
            "likelihood": likelihood,
            **{k: getattr(found, k) for k in PARAMETERS},
            "n_reports": sizes[month],
            "n_pairs": int(weighted.weight[weighted.n > 0].sum()),
            "is_converged": found.converged,
            **dict(zip(CURVE, _curve(weighted, found), strict=True)),
        }


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
