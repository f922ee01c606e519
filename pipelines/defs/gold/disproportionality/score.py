"""Every pair at every month end, scored with what was known then; or as it stands, straight from the reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from models.cube.levels import Groups
from models.cube.months import month_end
from pipelines.core.step import writing_step
from pipelines.defs.gold.disproportionality.months import Changes, State
from pipelines.defs.gold.disproportionality.populations import Levels, Population, labelled, raised, subgroups, whole
from pipelines.defs.gold.disproportionality.shared import (
    CUBE,
    REPORTS,
    Batches,
    by_bucket,
    by_bucket_last,
    last_month,
    received,
    strata,
)
from pipelines.defs.gold.disproportionality.shrunk import shrunk_then, with_shrunk
from pipelines.defs.gold.disproportionality.tables import LevelSignal, Signal, SubgroupSignal
from pipelines.lake import file_output
from pipelines.lake.file_output import ROWS_OF_A_GROUP

if TYPE_CHECKING:
    from pipelines.core.table import Table
    from pipelines.lake.commit import Written
    from pipelines.lake.lake import Lake
    from pipelines.lake.platform import Platform

FLAGS = ("is_prr_signal", "is_ror_signal", "is_ic_signal", "is_ebgm_signal")
FIRSTS = ("first_prr_month", "first_ror_month", "first_ic_month", "first_ebgm_month")
SCORES = (
    *("prr", "prr_lower", "prr_upper", "chi2_yates", "ror", "ror_lower", "ror_upper"),
    *("ic", "ic025", "ic975", "ebgm", "eb05", "eb95"),
)
NAMES = ("substance_key", "substance_name", "term_key", "term_name", "soc_name", "event_key")
NEVER = dt.date(9999, 12, 31)
BRIDGE = "silver.term_bridge"
INPUTS = (CUBE, REPORTS, "gold.prior", "silver.stratum", "silver.code", "silver.substance", "silver.term", BRIDGE)
Names = Mapping[str, pa.Array]
Earlier = Mapping[str, pl.DataFrame]  # by level and column: code, known_to and value of what a release renamed


@writing_step(Signal, *INPUTS, settings=("minimum_reports", "signal_months"))
def signal(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """Score every domain and species at every month end that the settings keep."""
    lake, settings = platform.lake, platform.settings
    priors = [row.asDict() for row in lake["gold.prior"].collect()]
    return publish(lake, Signal, whole(strata(lake)), priors, inputs, settings.minimum_reports, settings.signal_months)


@writing_step(SubgroupSignal, *(i for i in INPUTS if i.startswith("silver.")), settings=("minimum_subgroup_reports",))
def subgroup_signal(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """Score the parts of every domain as they stand; a prior is fitted to whole populations only."""
    lake, settings = platform.lake, platform.settings
    parts = subgroups(strata(lake))
    return publish(lake, SubgroupSignal, parts, [], inputs, settings.minimum_subgroup_reports, "latest")


@writing_step(
    LevelSignal, *(i for i in INPUTS if i.startswith("silver.")), "silver.code_level", settings=("minimum_reports",)
)
def level_signal(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """Score groups of substances and of terms as they stand; a prior is fitted to the lowest level only."""
    lake, settings = platform.lake, platform.settings
    groups = pl.DataFrame(lake.small("silver.code_level", list(lake.tables["silver.code_level"].columns)))
    parts = raised(whole(strata(lake)), set(groups["level"]))
    return publish(lake, LevelSignal, parts, [], inputs, settings.minimum_reports, "latest", groups)


def publish(
    lake: Lake,
    table: type[Table],
    populations: Sequence[Population],
    priors: Sequence[Mapping[str, Any]],
    inputs: Mapping[str, str],
    minimum: int,
    months: str,
    groups: pl.DataFrame | None = None,
) -> Written:
    """Score in tasks, each writing the files of its substances, and commit them; `groups` is `silver.code_level`."""
    root = lake.prepared(table)
    last = last_month(lake) if months == "latest" else None
    named, earlier = names(lake)
    named = {**named, **events(lake)}
    if groups is not None:
        named = {**named, **group_names(groups)}
    work = scoring(root, table, named, priors, minimum, last, lake.as_of, earlier)
    if last is not None:
        by_level = {} if groups is None else _groups(groups)
        written = by_bucket_last(lake, populations, last, work, file_output.ADDED_SQL, by_level).collect()
    elif months == "latest":  # no report ever came
        written = []
    else:
        written = by_bucket(lake, populations, work, file_output.ADDED_SQL).collect()
    return lake.commit_files(table, [row.asDict() for row in written], inputs)


def _groups(table: pl.DataFrame) -> dict[str, Groups]:
    return {
        str(level): Groups.of(part["code"].to_numpy(), part["group_code"].to_numpy())
        for (level,), part in table.group_by("level")
    }


def group_names(table: pl.DataFrame) -> Names:
    """Keys and names of groups by level and group code; a system organ class is its own class."""
    found: dict[str, pa.Array] = {}
    for (kind, level), part in table.group_by("kind", "level"):
        listed = part.unique("group_code").sort("group_code")
        of_level = {f"{kind}_key": listed["group_key"], f"{kind}_name": listed["group_name"]}
        if kind == "term":
            of_level["soc_name"] = (
                listed["group_name"] if level == "soc" else pl.Series([None] * listed.height, dtype=pl.String)
            )
            of_level["event_key"] = pl.Series([None] * listed.height, dtype=pl.String)
        found |= {f"{level}:{name}": values.to_arrow().cast(pa.string()) for name, values in of_level.items()}
    return found


def names(lake: Lake) -> tuple[Names, Earlier]:
    """Keys and names by level, column and code, and what they were before; what no table names has its key."""
    found: dict[str, pa.Array] = {}
    earlier: dict[str, pl.DataFrame] = {}
    code = pl.DataFrame(lake.small("silver.code", ("kind", "code", "key_coded")))
    for kind, address in (("substance", "silver.substance"), ("term", "silver.term")):
        columns = [c for c in NAMES if c.startswith(kind)] + (["soc_name"] if kind == "term" else [])
        key = f"{kind}_key"
        released = pl.DataFrame(lake.small(address, [*columns, "known_to"])).sort(pl.col("known_to").fill_null(NEVER))
        coded = code.filter(pl.col("kind") == kind).rename({"key_coded": key}).sort("code")
        last = released.unique(key, keep="last")
        listed = coded.join(last, on=key, how="left", maintain_order="left")
        listed = listed.with_columns(pl.coalesce(f"{kind}_name", key).alias(f"{kind}_name"))
        found |= {f"{kind}:{c}": listed[c].to_arrow().cast(pa.string()) for c in columns}
        before = released.filter(pl.col("known_to").is_not_null()).join(
            coded, on=key, how="inner", maintain_order="left"
        )
        for c in columns[1:]:
            earlier[f"{kind}:{c}"] = before.select("code", "known_to", value=c)
    return found, earlier


def events(lake: Lake) -> Names:
    """The event that each term stands for in all dictionaries, by code, as the bridge has it today."""
    code = pl.DataFrame(lake.small("silver.code", ("kind", "code", "key_coded")))
    terms = code.filter(pl.col("kind") == "term").sort("code").select(term_key="key_coded")
    bridge = pl.DataFrame(lake.small(BRIDGE, ("term_key", "event_key")))
    found = terms.join(bridge, on="term_key", how="left", maintain_order="left")["event_key"]
    return {"term:event_key": found.to_arrow().cast(pa.string())}


def then_named(values: pa.Array, earlier: pl.DataFrame | None, codes: pl.Series, months: pl.Series) -> pa.Array:
    """Name of each code (from 1) at each month end, as the dictionaries had it then.

    `values` are those of today, by code, as a dictionary; `earlier` is sorted by known_to.
    """
    today = values.take(pa.array(codes.to_numpy().astype(np.int32) - 1))
    if earlier is None or not (changed := codes.is_in(earlier["code"].unique().implode())).any():
        return today
    asked = pl.DataFrame({"code": codes, "month": months}).with_row_index("row").filter(changed).sort("month")
    released = earlier.with_columns(pl.col("code").cast(codes.dtype))
    then = asked.join_asof(
        released,
        by="code",
        left_on="month",
        right_on="known_to",
        strategy="forward",
        allow_exact_matches=False,
        check_sortedness=False,  # both are sorted; within groups polars can't tell
    ).filter(pl.col("known_to").is_not_null())
    told = pl.Series(today.cast(pa.string()), dtype=pl.String).scatter(then["row"], then["value"])
    return told.to_arrow().cast(pa.string()).dictionary_encode()


def scoring(
    root: str,
    table: type[Table],
    named: Names,
    priors: Sequence[Mapping[str, Any]],
    minimum: int,
    last: int | None,
    until: dt.date | None = None,
    earlier: Earlier | None = None,
) -> Callable[[Batches], Batches]:
    """Task: score one bucket of a population at every month with a change, or at the `last` alone; write its file."""

    def work(batches: Batches) -> Batches:
        if (came := received(batches)) is None:
            return
        coded = {column: values.dictionary_encode() for column, values in named.items()}
        _, label, cells = came
        name, levels = labelled(label)
        mine = sorted((p for p in priors if p["population"] == name), key=lambda p: p["month"])
        columns = pa.schema([f for f in table.arrow_schema() if f.name != "population"])
        scored = grouped(_months(name, Changes.of(cells, last), mine, minimum, last, until))
        rows = (_shaped(part, coded, levels, columns, earlier or {}) for part in scored)
        yield file_output.write_parts(root, {"population": name}, rows, table)

    return work


def grouped(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows, in frames as large as a file's groups: few enough to stay in the cache while they are written."""
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(f.height for f in waiting) >= ROWS_OF_A_GROUP:
            *full, last = pl.concat(waiting, rechunk=False).iter_slices(ROWS_OF_A_GROUP)
            yield from full
            waiting = [last]
    if waiting:
        yield pl.concat(waiting, rechunk=False)


def _shaped(scored: pl.DataFrame, named: Names, levels: Levels, schema: pa.Schema, earlier: Earlier) -> pa.Table:
    """Put names for codes, as dictionaries, and columns in the table's order."""
    columns: dict[str, Any] = {}
    substance, term = levels
    scored = scored.with_columns(substance_level=pl.lit(substance), term_level=pl.lit(term))
    for field in schema:
        if field.name in NAMES:
            kind, level = ("substance", substance) if field.name.startswith("substance") else ("term", term)
            column = f"{level}:{field.name}"
            columns[field.name] = then_named(named[column], earlier.get(column), scored[kind], scored["month"])
        else:
            columns[field.name] = scored[field.name].to_arrow().cast(field.type)
    return pa.table(columns)


def _months(
    name: str,
    changes: Changes,
    priors: list[Mapping[str, Any]],
    minimum: int,
    only: int | None,
    until: dt.date | None = None,
) -> Iterator[pl.DataFrame]:
    n_pairs = len(changes.pairs[0])
    firsts = {first: np.full(n_pairs, NEVER, "datetime64[D]") for first in FIRSTS}
    last = changes.months[-1]
    for state, changed in zip(changes.states(), changes.changed, strict=True):
        seen = np.flatnonzero(state.a > 0)
        is_wanted = changed if only is None else state.month == only
        if not len(seen) or not is_wanted:
            continue
        month = month_end(state.month, until)
        prior = _known_then(priors, month)
        is_part = ":" in name and prior is not None
        towards = shrunk_then(priors, month) if is_part else None
        scores = with_shrunk(_scores(state, seen, prior, minimum), towards, is_part)
        is_new = np.zeros(len(seen), dtype=bool)
        for flag, first in zip(FLAGS, FIRSTS, strict=True):
            met = scores[flag].fill_null(False).to_numpy()
            newly = met & (firsts[first][seen] == np.datetime64(NEVER))
            firsts[first][seen[newly]] = np.datetime64(month)
            is_new |= newly
        yield scores.with_columns(
            domain=pl.lit(name.split(":")[0]),
            month=pl.lit(month),
            is_latest=pl.lit(state.month == last),
            substance=pl.Series(changes.substances[state.substance_of[seen]]),
            term=pl.Series(changes.events[state.event_of[seen]]),
            n_new=pl.Series(state.change[seen]),
            is_new=pl.Series(is_new),
            prior_month=pl.lit(prior["month"] if prior else None, dtype=pl.Date),
            shrunk_prior_month=pl.lit(towards["month"] if towards else None, dtype=pl.Date),
            **{first: _dates(firsts[first][seen]) for first in FIRSTS},
        )


def _known_then(priors: list[Mapping[str, Any]], month: dt.date) -> Mapping[str, Any] | None:
    """Latest prior fitted at or before a month end, one that converged if there is any."""
    fitted = [p for p in priors if p["month"] <= month]
    return next((p for p in reversed(fitted) if p["is_converged"]), fitted[-1] if fitted else None)


def _scores(state: State, seen: np.ndarray, prior: Mapping[str, Any] | None, minimum: int) -> pl.DataFrame:
    """Scores of the pairs seen at a month end; all null, with the reason, in a population that is too small."""
    from models.mgps.fit import fitted
    from models.score import score_counts

    scores = score_counts(
        state.a[seen],
        state.n_substance[state.substance_of[seen]],
        state.n_event[state.event_of[seen]],
        state.n_total,
        fitted(prior) if prior else None,
    )
    if state.n_total >= minimum:
        return scores
    reason = f"all: population of {state.n_total:,} reports, {minimum:,} needed"
    nothing = [pl.lit(None, dtype=scores.schema[c]).alias(c) for c in (*SCORES, *FLAGS)]
    return scores.with_columns(*nothing, not_computed=pl.lit(reason))


def _dates(values: np.ndarray) -> pl.Series:
    days = values.astype("datetime64[D]")
    return pl.Series(days.astype(np.int32)).cast(pl.Date).set(pl.Series(days == np.datetime64(NEVER)), None)
