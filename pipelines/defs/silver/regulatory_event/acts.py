"""Acts as deliveries show them, each with its date: for every source alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.frames.columns import one_line

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

ACT = ["event_id", "act_kind", "act_date"]


def act(kind: str, day: Column, authority: str | Column, dated_by: str = "act", **more: Column) -> Column:
    """One act of a record, for `acts_of`; where `day` is null and `dated_by` is "act", there was none."""
    told = {"is_action": F.lit(None).cast("boolean"), **more}
    return F.struct(
        F.lit(kind).alias("act_kind"),
        day.alias("act_date"),
        F.lit(dated_by).alias("dated_by"),
        (F.lit(authority) if isinstance(authority, str) else authority).alias("authority"),
        *[column.alias(name) for name, column in told.items()],
    )


def acts_of(records: DataFrame, stated: list[Column], else_: Column) -> DataFrame:
    """One row an act of each record: those with a date; where none has one, the act `else_`."""
    if not stated:
        acts = F.array(else_)
    else:
        told = F.filter(F.array(*stated), lambda a: a["act_date"].isNotNull())
        acts = F.when(F.size(told) > 0, told).otherwise(F.array(else_))
    return records.withColumn("_act", F.explode(acts)).select("*", "_act.*").drop("_act")


def dated(acts: DataFrame) -> DataFrame:
    """What deliveries state of acts, each with a date: the first delivery stands for one that is not told.

    What the first delivery of an act says of its publication dates its `known_from` for good: later ones may add acts
    and versions, and move nothing.
    """
    of_act = Window.partitionBy("source", "event_id", "act_kind")
    is_dated = F.col("act_date").isNotNull()
    return acts.withColumns(
        {
            "dated_by": F.when(is_dated, F.col("dated_by")).otherwise("delivery"),
            "act_date": F.coalesce("act_date", F.min("known_date").over(of_act)),
        }
    )


def listed(column: str, separator: str = ";") -> Column:
    """Texts that a cell joins, trimmed, in their order; null for none."""
    parts = F.transform(F.split(column, separator), one_line)
    kept = F.filter(parts, lambda part: part != "")
    return F.when(F.size(kept) > 0, kept)


def kingdom(category: str) -> Column:
    """Domain of a category; people where it is blank, as registers of medicines for people leave it."""
    return F.when(F.lower(F.trim(category)).startswith("vet"), "veterinary").otherwise("human")
