"""How the IC of every pair went: every month end looked at, one row a pair kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from models.cube.course import NEVER, Course, ic_course
from models.cube.months import month_end
from pipelines.core.step import writing_step
from pipelines.defs.gold.disproportionality.months import Changes
from pipelines.defs.gold.disproportionality.populations import whole
from pipelines.defs.gold.disproportionality.shared import CUBE, Batches, by_bucket, received, strata
from pipelines.defs.gold.disproportionality.tables import SignalCourse
from pipelines.lake import file_output

if TYPE_CHECKING:
    from pipelines.lake.commit import Written
    from pipelines.lake.lake import Lake
    from pipelines.lake.platform import Platform


@writing_step(SignalCourse, CUBE, "silver.stratum", "silver.code", settings=("minimum_reports",))
def signal_course(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """Follow every pair of every population."""
    return publish(platform.lake, inputs, platform.settings.minimum_reports)


def publish(lake: Lake, inputs: Mapping[str, str], minimum: int) -> Written:
    """Follow in tasks, each writing the file of its substances, and commit them."""
    root = lake.prepared(SignalCourse)
    code = lake.small("silver.code", ("kind", "code", "key_coded")).to_pylist()
    keys = {}
    for kind in ("substance", "term"):
        listed = sorted((r["code"], r["key_coded"]) for r in code if r["kind"] == kind)
        keys[kind] = pa.array([key for _, key in listed], pa.string())
    work = following(root, keys, minimum, lake.as_of)
    added = by_bucket(lake, whole(strata(lake)), work, file_output.ADDED_SQL).collect()
    return lake.commit_files(SignalCourse, [row.asDict() for row in added], inputs)


def following(
    root: str, keys: Mapping[str, pa.Array], minimum: int, until: dt.date | None = None
) -> Callable[[Batches], Batches]:
    """Task: follow the pairs of one bucket of a population and write their file."""

    def work(batches: Batches) -> Batches:
        if (came := received(batches)) is None:
            return
        _, name, cells = came
        changes = Changes.of(cells)
        course = course_of(changes, minimum)
        kept = np.flatnonzero(~np.isnan(course.peak))
        if kept.size:
            rows = _rows(changes, course, kept, keys, until)
            yield file_output.write(root, {"population": name}, rows, SignalCourse)

    return work


def course_of(changes: Changes, minimum: int) -> Course:
    """Follow the pairs of one population, or of some of its substances."""
    step, pair, n = changes.of_pairs
    order = np.argsort(pair, kind="stable")
    bounds = np.searchsorted(pair[order], np.arange(len(changes.pairs[0]) + 1))
    n_substance, n_event = (changes.margins(name).astype(float) for name in ("substance", "event"))
    sizes = np.array(changes.sizes, dtype=np.int64)
    return ic_course(bounds, step[order], n[order], n_substance, n_event, sizes, *changes.pairs, minimum)


def _rows(
    changes: Changes, course: Course, kept: np.ndarray, keys: Mapping[str, pa.Array], until: dt.date | None
) -> pa.Table:
    substance_of, event_of = changes.pairs
    codes = {"substance": changes.substances[substance_of[kept]], "term": changes.events[event_of[kept]]}
    ends = pa.array([month_end(month, until) for month in changes.months], pa.date32())

    def month(steps: np.ndarray) -> pa.Array:
        return ends.take(pa.array(steps[kept], mask=steps[kept] == NEVER))

    columns: dict[str, Any] = {
        f"{kind}_key": keys[kind].dictionary_encode().take(pa.array(values.astype(np.int32) - 1))
        for kind, values in codes.items()
    }
    numbers = {"peak_ic025": course.peak, "ic": course.ic, "ic025": course.ic025}
    columns |= {name: pa.array(values[kept], from_pandas=True) for name, values in numbers.items()}
    columns |= {"first_month": month(course.first), "peak_month": month(course.peak_at)}
    columns["n_months_above"] = pa.array(course.n_above[kept].astype(np.int32))
    schema = pa.schema([f for f in SignalCourse.arrow_schema() if f.name != "population"])
    return pa.table({field.name: columns[field.name] for field in schema})
