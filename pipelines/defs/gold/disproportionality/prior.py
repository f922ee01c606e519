"""The two-gamma prior of each population: counted and fitted in tasks, registered in MLflow, read back from there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from models.cube.months import month_end
from models.mgps.fit import PARAMETERS
from pipelines.core.step import step_with_platform
from pipelines.defs.gold.disproportionality import points
from pipelines.defs.gold.disproportionality.months import Changes
from pipelines.defs.gold.disproportionality.populations import whole
from pipelines.defs.gold.disproportionality.shared import CUBE, Batches, by_bucket, n_buckets, received, strata
from pipelines.defs.gold.disproportionality.tables import Prior
from pipelines.frames.cache import cache
from pipelines.lake import shuffle

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables
    from pipelines.lake.lake import Lake
    from pipelines.lake.platform import Platform

NUMBERS = (*PARAMETERS, "neg_log_likelihood")
FITTED = (*PARAMETERS, "likelihood", "is_converged")
CURVE = ("curve_n", "curve_observed", "curve_fitted")
FIT_SCHEMA = pa.schema(
    [("population", pa.string()), ("month", pa.date32()), ("likelihood", pa.string())]
    + [(name, pa.float64()) for name in NUMBERS]
    + [("n_reports", pa.int64()), ("n_pairs", pa.int64()), ("is_converged", pa.bool_())]
    + [(name, pa.list_(pa.float64())) for name in CURVE]
)
FIT_SQL = (
    f"population string, month date, likelihood string, {', '.join(f'{name} double' for name in NUMBERS)}, "
    f"n_reports bigint, n_pairs bigint, is_converged boolean, {', '.join(f'{name} array<double>' for name in CURVE)}"
)
SHRUNK = (*(f"shrunk_{name}" for name in PARAMETERS), "is_shrunk_converged")
SHRUNK_CURVE = "curve_shrunk"
DRAWN = (*CURVE, SHRUNK_CURVE)
SHRUNK_SCHEMA = pa.schema(
    [("population", pa.string()), ("month", pa.date32())]
    + [(name, pa.float64()) for name in SHRUNK[:-1]]
    + [(SHRUNK[-1], pa.bool_()), (SHRUNK_CURVE, pa.list_(pa.float64()))]
)
SHRUNK_SQL = (
    f"population string, month date, {', '.join(f'{name} double' for name in SHRUNK[:-1])}, {SHRUNK[-1]} boolean, "
    f"{SHRUNK_CURVE} array<double>"
)
CURVE_POINTS = 30
FINE_UP_TO = 1  # buckets: a cube that one task a population can hold is fitted on the fine grid


@step_with_platform(Prior, CUBE, "silver.stratum", settings=("mgps_likelihood", "minimum_reports"))
def prior(tables: Tables, platform: Platform) -> DataFrame:
    """Fit, register, and return what the registry's champion holds."""
    from models.mgps.registry import CHAMPION, MODEL, register, registered
    from pipelines.core.artifacts import kept_at
    from pipelines.core.code import code_version

    settings = platform.settings
    alias = f"as-of-{settings.as_of}" if settings.as_of else CHAMPION
    rows = _fitted(platform.lake, settings.mgps_likelihood, settings.minimum_reports)
    held = None
    if rows:
        curves = {r["population"]: tuple(r[c] for c in DRAWN) for r in rows}
        fits = [{k: v for k, v in r.items() if k not in DRAWN} | {"month": r["month"].isoformat()} for r in rows]
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


def _fitted(lake: Lake, likelihood: str, minimum: int) -> list[dict[str, Any]]:
    """Fits of every population, in order; those of species with the fit that is shrunk to their domain's beside."""
    n = n_buckets(lake)
    step = points.FINE if n <= FINE_UP_TO else points.COARSE
    populations = whole(strata(lake))
    counted = cache(by_bucket(lake, populations, counting(minimum, step, n), shuffle.BLOCK_SQL))
    n_places = max(1, len(populations))
    fits = shuffle.shuffled(counted, n_places, fitting(likelihood, step, lake.as_of), FIT_SQL).toArrow().to_pylist()
    of_domain: dict[str, list[dict[str, Any]]] = {p.domain: [] for p in populations}
    for row in sorted(fits, key=lambda r: r["month"]):
        if row["population"] in of_domain and row["is_converged"]:
            of_domain[row["population"]].append({k: row[k] for k in ("month", *FITTED)})
    parts = [place for place, p in enumerate(populations) if of_domain[p.domain] and p.name != p.domain]
    shrunk = {}
    if parts:
        mine = counted.filter(counted["place"].isin(parts))
        own = {(r["population"], r["month"]): {k: r[k] for k in FITTED} for r in fits}
        found = (
            shuffle.shuffled(mine, n_places, shrinking(of_domain, own, step, lake.as_of), SHRUNK_SQL)
            .toArrow()
            .to_pylist()
        )
        shrunk = {(r["population"], r["month"]): r for r in found}
    nothing = dict.fromkeys((*SHRUNK, SHRUNK_CURVE))
    rows = [nothing | row | shrunk.get((row["population"], row["month"]), {}) for row in fits]
    return sorted(rows, key=lambda r: (r["population"], r["month"]))


def counting(minimum: int, step: float, n_buckets: int) -> Callable[[Batches], Batches]:
    """Task: count the points of one bucket of a population and hand them to the place of the population."""

    def work(batches: Batches) -> Batches:
        if (came := received(batches)) is None:
            return
        place, name, cells = came
        changes = Changes.of(cells)
        for part, counts in points.counted(changes, minimum, step, place % n_buckets == 0).items():
            yield from shuffle.blocks(place // n_buckets, f"{name}/{part}", *counts)
        if place % n_buckets == 0:
            sizes = np.array(changes.sizes, dtype=np.int64)
            yield from shuffle.blocks(place // n_buckets, f"{name}/sizes", np.array(changes.months, np.uint64), sizes)

    return work


def fitting(likelihood: str, step: float, until: dt.date | None = None) -> Callable[[Batches], Batches]:
    """Task: fit the priors of one population on the points that its buckets counted."""

    def work(batches: Batches) -> Batches:
        name, sums, sizes = _summed(batches)
        rows = [{"population": name, **row} for row in _fits(sums, sizes, likelihood, step, until)]
        yield from pa.Table.from_pylist(rows, schema=FIT_SCHEMA).to_batches()

    return work


def shrinking(
    of_domain: Mapping[str, Sequence[Mapping[str, Any]]],
    own: Mapping[tuple[str, Any], Mapping[str, Any]],
    step: float,
    until: dt.date | None = None,
) -> Callable[[Batches], Batches]:
    """Task: fit the priors of one species again, each shrunk to its domain's latest of that month or before."""

    def work(batches: Batches) -> Batches:
        from models.mgps.fit import fitted
        from models.mgps.shrink import as_columns, shrink

        name, sums, sizes = _summed(batches)
        rows = []
        for month in sums.months():
            end = month_end(month, until)
            known = [row for row in of_domain[name.split(":")[0]] if row["month"] <= end]
            if known:
                towards = fitted(known[-1])
                weighted = sums.points(month, sizes[month], step, towards.likelihood == "zero_inclusive")
                found = shrink(weighted, towards, fitted(own[name, end]))
                curve = _curve(weighted, found, towards.likelihood)[2]
                rows.append({"population": name, "month": end, **as_columns(found), SHRUNK_CURVE: curve})
        yield from pa.Table.from_pylist(rows, schema=SHRUNK_SCHEMA).to_batches()

    return work


def _summed(batches: Batches) -> tuple[str, points.Sums, dict[int, int]]:
    """Sum what the buckets of a population counted: its name, its histograms, its reports by month."""
    sums, name = points.Sums(), ""
    sizes: dict[int, int] = {}
    for _, about, keys, counts in shuffle.opened(batches):
        name, part = about.rsplit("/", 1)
        if part == "sizes":
            sizes |= dict(zip(keys.tolist(), counts.tolist(), strict=True))
        else:
            sums.parts[part].append((keys, counts))
    return name, sums, sizes


def _fits(
    sums: points.Sums, sizes: dict[int, int], likelihood: str, step: float, until: dt.date | None
) -> Iterator[dict[str, Any]]:
    from models.mgps.fit import fit

    for month in sums.months():
        weighted = sums.points(month, sizes[month], step, with_zeros=likelihood == "zero_inclusive")
        found = fit(weighted, likelihood)
        yield {
            "month": month_end(month, until),
            "likelihood": likelihood,
            **{k: getattr(found, k) for k in NUMBERS},
            "n_reports": sizes[month],
            "n_pairs": int(weighted.weight[weighted.n > 0].sum()),
            "is_converged": found.converged,
            **dict(zip(CURVE, _curve(weighted, found, likelihood), strict=True)),
        }


def _curve(points: Any, found: Any, likelihood: str) -> tuple[list[float], list[float], list[float]]:
    """Observed and fitted number of pairs with n = 1, 2, … reports."""
    from scipy.stats import nbinom

    n = np.arange(1, CURVE_POINTS + 1)
    observed = [float(points.weight[points.n == k].sum()) for k in n]
    fitted = np.zeros(len(n))
    components = ((found.p, found.alpha1, found.beta1), (1 - found.p, found.alpha2, found.beta2))
    chances = [beta / (beta + points.expected) for _, _, beta in components]
    seen = [1 - nbinom.pmf(0, alpha, chance) for (_, alpha, _), chance in zip(components, chances, strict=True)]
    whole = sum(weight * s for (weight, _, _), s in zip(components, seen, strict=True))
    scale = {"zero_inclusive": [1.0, 1.0], "mixture_truncated": [whole, whole]}.get(likelihood, seen)
    for i, (weight, alpha, _) in enumerate(components):
        cells = points.weight / scale[i]
        fitted += [weight * float((cells * nbinom.pmf(k, alpha, chances[i])).sum()) for k in n]
    return [float(k) for k in n], observed, [float(v) for v in fitted]
