"""Signals at the PRAC to acts: discussed, recommended, or discussed without action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.regulatory_event.acts import listed
from pipelines.defs.silver.regulatory_event.tables import RegulatoryEvent
from pipelines.frames.columns import is_day, iso_date, one_line
from pipelines.frames.readings import read

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

RECOMMENDATION, DISCUSSION = "bronze.prac_signals_recommendation", "bronze.prac_signals_discussion"
SECTIONS = {
    "product_information": ("product_information", "actualizacion_producto"),
    "further_information": ("table", "tabla"),
    "other": ("other", "otras", "otros", "otras_recomendaciones"),
}
FOOTNOTE = r"(?<=\p{L}{4})\d{1,2}(?=\s*(?:;|$))"
CLASS_BEFORE = r"^([^:;]+):\s+.*$"  # what stands before a colon names the class of what follows
AND_KIN = r"(?i)\s+and related substances$"


@feed(RegulatoryEvent, RECOMMENDATION, DISCUSSION)
def regulatory_event(tables: Tables) -> DataFrame:
    """Acts of both lists."""
    both = _recommended(tables[RECOMMENDATION]).unionByName(_discussed(tables[DISCUSSION]), allowMissingColumns=True)
    said = both.withColumns(
        {
            "authority": F.lit("PRAC"),
            "agency": F.lit("ANSM"),
            "domain": F.lit("human"),
            "title": one_line("signal"),
            "terms": F.array(one_line("signal")),
            "slot": F.col("known_date").cast("string"),  # what an extraction leaves out is no withdrawal
        }
    )
    return _about(said).drop("substance", "signal")


def _recommended(rows: DataFrame) -> DataFrame:
    section = F.lower(F.trim("section"))
    known = F.lit(None).cast("string")
    for name, spellings in SECTIONS.items():
        known = F.when(section.isin(*spellings), name).otherwise(known)
    is_change = known == "product_information"
    day, published = _last_day("meeting"), iso_date("published")
    return rows.filter("trim(substance) <> '' AND trim(signal) <> ''").select(
        _identity("reference", "substance", "signal"),
        F.when(is_change, "signal_recommendation").otherwise("signal_discussed").alias("act_kind"),
        F.coalesce(day, published).alias("act_date"),
        F.when(day.isNotNull(), "act").otherwise("publication").alias("dated_by"),
        F.when(is_change, True).alias("is_action"),
        known.alias("section"),
        F.coalesce(F.nullif(F.trim("epitt"), F.lit("")), F.trim("reference")).alias("reference"),
        published.alias("published_date"),
        F.trim("url").alias("link"),
        *("substance", "signal", "known_date", "file", "line_number"),
    )


def _discussed(rows: DataFrame) -> DataFrame:
    day, began, updated = _last_day("meeting"), iso_date("meeting_start"), iso_date("list_updated")
    is_action = F.lower(F.trim("action")) == "yes"
    return rows.select(
        _identity("meeting", "substance", "signal"),
        F.when(is_action, "signal_recommendation").otherwise("signal_discussed").alias("act_kind"),
        F.coalesce(day, began).alias("act_date"),
        F.lit("act").alias("dated_by"),
        F.when(F.trim("action") != "", is_action).alias("is_action"),
        F.nullif(F.trim("note"), F.lit("")).alias("outcome"),
        updated.alias("published_date"),
        F.trim("list_url").alias("link"),
        *("substance", "signal", "known_date", "file", "line_number"),
    )


def _identity(*columns: str) -> Column:
    """A signal in a document or meeting, whatever footnotes and blanks are around it."""
    texts = [F.lower(F.regexp_replace(one_line(F.coalesce(c, F.lit(""))), FOOTNOTE, "")) for c in columns]
    return F.concat_ws(" | ", *texts).alias("event_id")


def _last_day(column: str) -> Column:
    """Last day of a meeting such as `31 August-3 September 2026`."""

    def day(text: Column) -> Column:
        words = F.regexp_extract(one_line(text), r"(\d{1,2}\s\p{L}+\s\d{4})\.?$", 1)
        return is_day(F.try_to_date(words, "d MMMM yyyy"))

    return read(column, day)


def _about(rows: DataFrame) -> DataFrame:
    """Substances and the class that they are named by, without footnote digits."""
    bare = F.regexp_replace(one_line("substance"), FOOTNOTE, "")
    class_name = F.nullif(F.regexp_extract(bare, CLASS_BEFORE, 1), F.lit(""))
    named = rows.withColumns({"_bare": bare, "class_name": F.when(bare.rlike(AND_KIN), bare).otherwise(class_name)})
    alone = F.when(F.col("_bare").rlike(CLASS_BEFORE), F.regexp_replace("_bare", r"^[^:]*:\s+", "")).otherwise(
        F.regexp_replace("_bare", AND_KIN, "")
    )
    return named.withColumn("_bare", alone).withColumn("substances", listed("_bare")).drop("_bare")
