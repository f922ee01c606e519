"""Versions from extractions: what each key said, from when, until when.

Authorities republish whole files. Comparing the extractions of one file gives the history that no single one holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.core.axis import Axis, cut

FOREVER = "9999-12-31"


def history(observed: DataFrame, key: Sequence[str], slot: str) -> DataFrame:
    """Collapse dated observations of keyed records into versions with `valid_from` and `valid_to`.

    `observed` holds one row per key and extraction: the key, the content, `known_date` (date of the extraction) and
    `slot`, the file of which each extraction is a full state (a record may move from one slot to another). A record
    absent from the next extraction of its slot, and shown by no other slot, ends at that extraction's date; identical
    content in a row is one version. Rows of the same key and date are reduced to the one of the last slot.

    Returns the columns of `observed` but `known_date` and `slot`, plus `valid_from` (date), `valid_to` (date, null
    while it stands). The result does not depend on the order in which the extractions were ingested.
    """
    content = [c for c in observed.columns if c not in {*key, slot, "known_date"}]
    by_slot = Window.partitionBy(slot).orderBy("known_date")
    extractions = observed.select(slot, "known_date").distinct()
    extractions = extractions.withColumn("slot_next", F.lead("known_date").over(by_slot))

    same_day = Window.partitionBy(*key, "known_date").orderBy(F.desc(slot))
    by_key = Window.partitionBy(*key).orderBy("known_date")
    forever = F.lit(FOREVER).cast("date")
    so_far = by_key.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    dated = (
        observed.join(extractions, on=[slot, "known_date"], how="inner")
        .withColumn("_rank", F.row_number().over(same_day))
        .filter("_rank = 1")
        .withColumn("_covered", F.max(F.coalesce("slot_next", forever)).over(so_far))
        .withColumn("_next", F.coalesce(F.lead("known_date").over(by_key), forever))
        .withColumn("_end", F.least("_next", "_covered"))
        .withColumn("_content", F.struct(*content) if content else F.struct(F.lit(1)))
    )
    unchanged = F.lag("_content").over(by_key).eqNullSafe(F.col("_content")) & (
        F.lag("_end").over(by_key) == F.col("known_date")
    )
    grouped = dated.withColumn("_is_new", F.when(F.coalesce(unchanged, F.lit(False)), 0).otherwise(1)).withColumn(
        "_version", F.sum("_is_new").over(so_far)
    )
    by_version = Window.partitionBy(*key, "_version")
    return (
        grouped.withColumn("_last", F.max("_end").over(by_version))
        .filter("_is_new = 1")
        .select(
            *key,
            *content,
            F.col("known_date").alias("valid_from"),
            F.when(F.col("_last") < forever, F.col("_last")).alias("valid_to"),
        )
    )


def versions(observed: DataFrame, key: Sequence[str], slot: str = "slot") -> DataFrame:
    """`history`, with `is_current`: the version still stands."""
    return history(observed, key, slot).withColumn("is_current", F.col("valid_to").isNull())


def cut_at(frame: DataFrame, axis: Axis, day: dt.date | None, whole: DataFrame | None = None) -> DataFrame:
    """Show a table as known on a date: later versions and flows are gone, versions replaced later stand again.

    `whole` is the table of which a part is a part, as known on the same date.
    """
    known = cut(axis, day)
    frame = frame.filter(known.where).withColumns({name: F.expr(sql) for name, sql in known.replaced.items()})
    if not known.whole:
        return frame
    if whole is None:
        raise ValueError(f"a part of {known.whole} is known with it: it is needed")
    return frame.join(whole.select(*known.on).distinct(), on=list(known.on), how="left_semi")
