"""Rules across tables: what no single table can say of itself, each with its advice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.compile import CRITICAL, WARNING, Rule
from expectations.run import Outcome

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables

VERSION = ("report_key", "report_version")
MOST_DROPPED, LEAST_CASES = 0.10, 100


@dataclass(frozen=True)
class Across:
    """A rule over several tables: `broken` gives the rows that break it, out of the rows of `table`."""

    name: str
    table: str
    reads: tuple[str, ...]
    broken: Callable[[Tables], DataFrame]
    advice: str
    severity: str = CRITICAL
    says: str = ""

    @property
    def rule(self) -> Rule:
        """The rule as single-table rules are told."""
        says = self.says or self.name.replace("_", " ")
        return Rule(self.name, self.table, None, "across", self.severity, 1.0, self.advice, says)

    def check(self, tables: Tables) -> Outcome:
        """Count the rows that break the rule; it does not apply to an empty table."""
        n_rows = tables[self.table].count()
        if n_rows == 0:
            return Outcome(self.rule, None, 0, 0, "the table is empty")
        n_broken = self.broken(tables).count()
        return Outcome(self.rule, n_broken == 0, n_rows, n_broken)


def orphans(child: str, parent: str, key: tuple[str, ...]) -> Callable[[Tables], DataFrame]:
    """Rows of a child table whose key its parent lacks; a null key is no orphan."""

    def find(tables: Tables) -> DataFrame:
        given = tables[child].filter(" AND ".join(f"{k} IS NOT NULL" for k in key))
        return given.join(tables[parent].select(*key), on=list(key), how="left_anti")

    return find


def _lost_substances(tables: Tables) -> DataFrame:
    from pyspark.sql import functions as F

    used = tables["silver.report_product"].select(F.explode("substance_keys").alias("substance_key"))
    return used.join(tables["silver.substance"].select("substance_key"), on="substance_key", how="left_anti")


def _gaps(tables: Tables) -> DataFrame:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    by_case = Window.partitionBy("report_key").orderBy("report_version")
    following = tables["silver.report_history"].withColumn("next_from", F.lead("known_from").over(by_case))
    meets = F.col("known_to").eqNullSafe(F.col("next_from"))
    flagged = F.col("is_latest") == F.col("next_from").isNull()
    return following.filter(~meets | ~flagged)


def _headless(tables: Tables) -> DataFrame:
    from pyspark.sql import functions as F

    heads = F.sum(F.col("is_cluster_head").cast("int")).alias("n_heads")
    return tables["silver.report"].groupBy("duplicate_cluster").agg(heads).filter("n_heads <> 1")


def _dropped_for_likeness(tables: Tables) -> DataFrame:
    """Cases that likeness alone takes out of the counts, where it does so too often among those of one source and
    country."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    ends = F.explode(F.array("report_key", "other_report_key")).alias("report_key")
    by_rule = {
        rule: tables["silver.duplicate_link"].filter(F.col("rule") == rule).select(ends).distinct()
        for rule in ("identifier", "probabilistic")
    }
    alike = by_rule["probabilistic"].join(by_rule["identifier"], on="report_key", how="left_anti")
    counted = (
        tables["silver.report"].filter("NOT is_retracted").select("report_key", "source", "country", "is_cluster_head")
    )
    marked = counted.join(alike.withColumn("is_alike", F.lit(True)), on="report_key", how="left")
    is_dropped = F.coalesce("is_alike", F.lit(False)) & ~F.col("is_cluster_head")
    group = Window.partitionBy("source", "country")
    return (
        marked.withColumn("is_dropped", is_dropped)
        .withColumn("n", F.count("*").over(group))
        .withColumn("share", F.avg(F.col("is_dropped").cast("int")).over(group))
        .filter(F.col("is_dropped") & (F.col("n") >= LEAST_CASES) & (F.col("share") > MOST_DROPPED))
    )


RULES = (
    Across(
        "every_product_has_its_report",
        "silver.report_product",
        ("silver.report_history",),
        orphans("silver.report_product", "silver.report_history", VERSION),
        "A source's conform step gives products of versions that its history lacks: compare the two.",
    ),
    Across(
        "every_event_has_its_report",
        "silver.report_event",
        ("silver.report_history",),
        orphans("silver.report_event", "silver.report_history", VERSION),
        "A source's conform step gives events of versions that its history lacks: compare the two.",
    ),
    Across(
        "every_coded_event_is_a_term",
        "silver.report_event",
        ("silver.term",),
        orphans("silver.report_event", "silver.term", ("term_key",)),
        "A source codes to a key that no dictionary has: give the term in its conform step.",
    ),
    Across(
        "every_coded_substance_exists",
        "silver.report_product",
        ("silver.substance",),
        _lost_substances,
        "The coding and the substance table were made from different names: run both again.",
    ),
    Across(
        "versions_follow_each_other",
        "silver.report_history",
        (),
        _gaps,
        "A version must end on the day the next begins, and the last one stand: look at the source's versions.",
    ),
    Across(
        "every_cluster_has_one_head",
        "silver.report",
        (),
        _headless,
        "Each cluster of duplicates is counted once: look at the choice of the head.",
    ),
    Across(
        "few_cases_are_dropped_for_likeness",
        "silver.report",
        ("silver.duplicate_link",),
        _dropped_for_likeness,
        "Likeness takes out more cases of a source and country than duplicates explain: read the links on the page of "
        "duplicates and the shares on the asset.",
        WARNING,
        f"of no source and country with {LEAST_CASES} cases or more does likeness alone drop above {MOST_DROPPED:.0%}",
    ),
    Across(
        "every_ingredient_has_its_product",
        "silver.product_substance",
        ("silver.product",),
        orphans("silver.product_substance", "silver.product", ("product_key",)),
        "A composition names a product that the register's step left out: keep it there as an orphan.",
    ),
    Across(
        "every_pack_has_its_product",
        "silver.pack",
        ("silver.product",),
        orphans("silver.pack", "silver.product", ("product_key",)),
        "A pack names a product that the register's step left out: keep it there as an orphan.",
    ),
    Across(
        "no_reserved_antimicrobial_for_animals",
        "gold.cascade",
        (),
        lambda tables: tables["gold.cascade"].filter("is_reserved AND n_supplies > 0"),
        "Regulation (EU) 2022/1255 reserves the substance to people: look up the supplies in `silver.animal_supply`.",
    ),
)
