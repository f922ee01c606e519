"""Versions from extractions: what each key said, from when, until when.

Authorities republish whole files. Comparing the extractions of one file gives the history that no single one holds.

Dictionaries are released anew, and what is coded by them changes with each release. `known_from` (date) and `known_to`
(date, null while it stands) of a row are the releases between which it was so; the functions below compute with rows
over such spans as SQL does with rows: put the span into the key, and each release is coded by what it knew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.core.axis import Axis, cut
from pipelines.frames.columns import with_columns

FOREVER = "9999-12-31"
BEGINNING = dt.date(1900, 1, 1)  # before any report
SPAN = ("known_from", "known_to")
Says = Callable[[Column], Column]


def history(observed: DataFrame, key: Sequence[str], slot: str, first: Sequence[str] = ()) -> DataFrame:
    """Collapse dated observations of keyed records into versions with `valid_from` and `valid_to`.

    `observed` holds one row per key and extraction: the key, the content, `known_date` (date of the extraction) and
    `slot`, the file of which each extraction is a full state (a record may move from one slot to another). A record
    absent from the next extraction of its slot, and shown by no other slot, ends at that extraction's date; identical
    content in a row is one version. Of rows of the same key and date the one of the last slot stands, or the first by
    the columns `first`, which are no content.

    Returns the columns of `observed` but `known_date`, `slot` and `first`, plus `valid_from` (date), `valid_to` (date,
    null while it stands). The result does not depend on the order in which the extractions were ingested.
    """
    content = [c for c in observed.columns if c not in {*key, slot, "known_date", *first}]
    dates = observed.groupBy(slot).agg(F.array_sort(F.collect_set("known_date")).alias("_dates"))
    following = F.transform(
        "_dates", lambda day, n: F.struct(day.alias("known_date"), F.get("_dates", n + 1).alias("_following"))
    )
    forever, day = F.lit(FOREVER).cast("date"), F.unix_date("known_date")
    row = F.struct(
        (F.struct(day, *first) if first else F.struct(-day, slot)).alias("place"),
        F.col("known_date").alias("day"),
        F.coalesce("_following", forever).alias("until"),
        (F.struct(*content) if content else F.struct(F.lit(1).alias("nothing"))).alias("told"),
    )
    rows = F.array_sort(F.collect_list(row))
    dated = observed.join(dates.select(slot, F.inline(following)), on=[slot, "known_date"], how="inner")
    by_key = dated.groupBy(*key).agg((rows if first else F.reverse(rows)).alias("_rows"))
    told = ", ".join(f"`{c}`: {observed.schema[c].dataType.simpleString()}" for c in content) or "nothing: int"
    none = F.array().cast(f"array<struct<told: struct<{told}>, since: date, before: date>>")
    beginning = F.struct(
        F.lit(None).cast("date").alias("day"),
        F.lit(BEGINNING).alias("until"),
        none.alias("versions"),
    )

    def shown(state: Column, now: Column) -> Column:
        """Add a version where the day's first row says something new, or something after a gap."""
        known = state["versions"]
        goes_on = (
            (F.size(known) > 0)
            & F.get(known, F.size(known) - 1)["told"].eqNullSafe(now["told"])
            & (state["until"] >= now["day"])
        )
        before = F.least(now["day"], state["until"]).alias("before")
        version = F.struct(now["told"].alias("told"), now["day"].alias("since"), before)
        return F.struct(
            now["day"].alias("day"),
            F.greatest(state["until"], now["until"]).alias("until"),
            F.when(state["day"].eqNullSafe(now["day"]) | goes_on, known)
            .otherwise(F.array_append(known, version))
            .alias("versions"),
        )

    def ended(state: Column) -> Column:
        """Each version to the end before the next; the last to the last day that a slot covers."""
        last = F.when(state["until"] < forever, state["until"])
        return F.transform(
            state["versions"],
            lambda version, n: F.struct(
                *[version["told"][c].alias(c) for c in content],
                version["since"].alias("valid_from"),
                F.when(n + 1 < F.size(state["versions"]), F.get(state["versions"], n + 1)["before"])
                .otherwise(last)
                .alias("valid_to"),
            ),
        )

    return by_key.select(*key, F.inline(F.aggregate("_rows", beginning, shown, ended)))


def extracted_versions(
    observed: DataFrame, key: Sequence[str], slot: str = "slot", first: Sequence[str] = ()
) -> DataFrame:
    """`history`, with `is_current`: the version still stands."""
    return history(observed, key, slot, first).withColumn("is_current", F.col("valid_to").isNull())


def known_since(shown: DataFrame, key: Sequence[str], day: Column) -> DataFrame:
    """Add `known_from` to versions of a dated fact: the earlier of publication and first delivery, never before `day`.

    What the first delivery of a key says of its `published_date` counts for good: later ones move nothing.
    """
    by_key = Window.partitionBy(*key)
    first, published = F.min("valid_from").over(by_key), F.min_by("published_date", "valid_from").over(by_key)
    return shown.withColumn("known_from", F.greatest(day, F.least(first, published)))


def cut_at(frame: DataFrame, axis: Axis, day: dt.date | None, whole: DataFrame | None = None) -> DataFrame:
    """Show a table as known on a date: later versions and flows are gone, versions replaced later stand again.

    `whole` is the table of which a part is a part, as known on the same date.
    """
    known = cut(axis, day)
    frame = with_columns(frame.filter(known.where), {name: F.expr(sql) for name, sql in known.replaced.items()})
    if not known.whole:
        return frame
    if whole is None:
        raise ValueError(f"a part of {known.whole} is known with it: it is needed")
    return frame.join(whole.select(*known.on).distinct(), on=list(known.on), how="left_semi")


def first_serves_before(rows: DataFrame, *dictionary: str) -> DataFrame:
    """Take what the first release of each dictionary says as known from the beginning: the only place with this rule.

    A lake often starts with one release, of years after its first reports: without the rule they would be uncoded.
    Later releases are known from their date. `dictionary` names the columns that tell dictionaries apart.
    """
    if not dictionary:
        rows = rows.withColumn("_one", F.lit(1))
    by = list(dictionary or ("_one",))
    first = rows.groupBy(*by).agg(F.min("known_from").alias("_first"))
    since = F.when(F.col("known_from") == F.col("_first"), F.lit(BEGINNING)).otherwise(F.col("known_from"))
    return rows.join(F.broadcast(first), on=by, how="inner").withColumn("known_from", since).drop("_first", "_one")


def always(rows: DataFrame) -> DataFrame:
    """Rows that were so from the beginning and still are."""
    return rows.withColumns({"known_from": F.lit(BEGINNING), "known_to": F.lit(None).cast("date")})


def over_time(rows: DataFrame, key: Sequence[str], says: Says, covers_all: bool = False) -> DataFrame:
    """Say of each key what its rows that stand together say, for as long as it is the same; adds `is_current`.

    `says` makes a struct of the array of what stands (structs of the columns besides key and span, in no order), null
    for nothing: the struct's fields become columns. With `covers_all` the times of which nothing is said are rows too,
    from the beginning, with nulls.
    """
    content = [c for c in rows.columns if c not in {*key, *SPAN, "is_current"}]
    row = F.struct(
        F.col("known_from").alias("since"), F.col("known_to").alias("until"), F.struct(*content).alias("told")
    )
    grouped = rows.groupBy(*key).agg(F.collect_set(row).alias("_rows"))
    ends = F.flatten(F.transform("_rows", lambda r: F.array(r["since"], r["until"])))
    ends = F.array_append(ends, F.lit(BEGINNING)) if covers_all else ends
    days = F.array_sort(F.array_distinct(F.filter(ends, lambda day: day.isNotNull())))

    def state(day: Column) -> Column:
        stands = F.filter("_rows", lambda r: (r["since"] <= day) & (r["until"].isNull() | (r["until"] > day)))
        return F.struct(day.alias("since"), says(F.transform(stands, lambda r: r["told"])).alias("said"))

    def changed(kept: Column, now: Column) -> Column:
        goes_on = (F.size(kept) > 0) & F.get(kept, F.size(kept) - 1)["said"].eqNullSafe(now["said"])
        return F.when(goes_on, kept).otherwise(F.array_append(kept, now))

    def span(now: Column, n: Column) -> Column:
        return F.struct(
            now["since"].alias("known_from"),
            F.get("_kept", n + 1)["since"].alias("known_to"),
            now["said"].alias("said"),
        )

    dated = grouped.select(*key, F.transform(days, state).alias("_states"))
    nothing = F.array().cast(dated.schema["_states"].dataType)
    kept = dated.select(*key, F.aggregate("_states", nothing, changed).alias("_kept"))
    told = kept.select(*key, F.explode(F.transform("_kept", span)).alias("_span")).select(*key, "_span.*")
    told = told if covers_all else told.filter("said IS NOT NULL")
    return told.select(*key, *SPAN, "said.*", F.col("known_to").isNull().alias("is_current"))


def until_told_otherwise(told: DataFrame, key: Sequence[str]) -> DataFrame:
    """Versions of what each key was told to be, once a `known_date`: what is not told again goes on."""
    content = [c for c in told.columns if c not in {*key, "known_date"}]
    rows = told.select(*key, F.col("known_date").alias("day"), *content, F.col("known_date").alias("known_from"))

    def last(stands: Column) -> Column:
        latest = F.array_max(stands)
        return F.when(F.size(stands) > 0, F.struct(*[latest[c].alias(c) for c in content]))

    return over_time(rows.withColumn("known_to", F.lit(None).cast("date")), key, last)


def spans(rows: DataFrame, key: Sequence[str]) -> DataFrame:
    """Cut the spans of rows wherever one of the same key begins or ends, so that those that meet have the same span."""
    same = Window.partitionBy(*key) if key else Window.partitionBy(F.lit(1))
    ends = F.array_sort(F.array_union(F.collect_set("known_from").over(same), F.collect_set("known_to").over(same)))
    mine = F.filter(
        "_ends", lambda at: (at >= F.col("known_from")) & (F.col("known_to").isNull() | (at < F.col("known_to")))
    )
    cut = rows.withColumn("_ends", ends).withColumn("_at", F.explode(mine))
    following = F.get("_ends", F.array_position("_ends", F.col("_at")).cast("int"))  # counts from 1, `get` from 0
    return cut.withColumns({"known_from": F.col("_at"), "known_to": following}).drop("_ends", "_at")


def merged(rows: DataFrame, key: Sequence[str]) -> DataFrame:
    """Make one row of those of a key that follow each other without a gap and say the same; adds `is_current`.

    Spans of rows of the same key must not meet.
    """
    content = [c for c in rows.columns if c not in {*key, *SPAN, "is_current"}]
    by_key = Window.partitionBy(*key).orderBy("known_from")
    told = F.struct(*content) if content else F.struct(F.lit(1))
    goes_on = F.lag(told).over(by_key).eqNullSafe(told) & (F.lag("known_to").over(by_key) == F.col("known_from"))
    is_new = F.when(F.coalesce(goes_on, F.lit(False)), 0).otherwise(1)
    so_far = by_key.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    numbered = rows.withColumn("_new", is_new).withColumn("_version", F.sum("_new").over(so_far))
    last = Window.partitionBy(*key, "_version")
    ended = numbered.withColumn("known_to", F.max_by("known_to", "known_from").over(last)).filter("_new = 1")
    return ended.select(*key, *content, *SPAN, F.col("known_to").isNull().alias("is_current"))


def timeline(rows: DataFrame, key: Sequence[str]) -> DataFrame:
    """Cover all of time for each key: the least of its rows where several stand, nulls where none does."""
    return over_time(rows, key, F.array_min, covers_all=True)


def meeting(left: DataFrame, right: DataFrame, on: Sequence[str]) -> DataFrame:
    """Join rows on columns, and over the time for which both stand."""
    other = right.withColumnsRenamed({"known_from": "_from", "known_to": "_to"})
    joined = left.join(other, on=list(on), how="inner")
    both = {"known_from": F.greatest("known_from", "_from"), "known_to": F.least("known_to", "_to")}
    met = joined.withColumns(both).drop("_from", "_to")
    return met.filter("known_to IS NULL OR known_from < known_to")
