"""From dispensed lines to the triangle of flows, to nowcasts and to their judgement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step, step_with_platform
from pipelines.defs.gold.completeness.tables import FlowTriangle, Nowcast, NowcastJudgement
from pipelines.defs.gold.exposure.contents import substances
from pipelines.frames.conform import conformed

if TYPE_CHECKING:
    import polars as pl
    from pyspark.sql import DataFrame

    from pipelines.core.table import Table
    from pipelines.frames.conform import Tables
    from pipelines.lake.platform import Platform

ALL = "all"


@step(
    FlowTriangle,
    *("silver.dispensing", "silver.pack", "silver.pack_content"),
    *("silver.product_substance", "silver.substance_name"),
)
def flow_triangle(tables: Tables) -> DataFrame:
    """Sum what each flow tells of each month of care, of every substance and of all."""
    lines = tables["silver.dispensing"].filter("kind = 'town'")
    dated = lines.withColumns(
        {
            "month": F.last_day("dispensed_date"),
            "lag": F.months_between(F.trunc("flow_date", "month"), F.trunc("dispensed_date", "month")).cast("int"),
        }
    )
    held = F.broadcast(substances(tables).select("pack_key", "substance_key"))
    key = ["source", "substance_key", "month", "lag"]
    sums = [F.sum("n_units").alias("n_packs"), F.sum("n_lines").alias("n_lines")]
    each = dated.join(held, on="pack_key", how="inner").groupBy(*key).agg(*sums)
    every = dated.withColumn("substance_key", F.lit(ALL)).groupBy(*key).agg(*sums)
    return conformed(each.unionByName(every), FlowTriangle)


@step_with_platform(Nowcast, "gold.flow_triangle")
def nowcast(tables: Tables, running: Platform) -> DataFrame:
    """Estimate every month of every source as it stands."""
    from pipelines.defs.gold.completeness.estimate import nowcasts

    return _by_source(tables, running, nowcasts, Nowcast)


@step_with_platform(NowcastJudgement, "gold.flow_triangle")
def nowcast_judgement(tables: Tables, running: Platform) -> DataFrame:
    """Estimate what is complete by now as it would have been estimated then."""
    from pipelines.defs.gold.completeness.estimate import judgements

    return _by_source(tables, running, judgements, NowcastJudgement)


def _by_source(
    tables: Tables, running: Platform, estimate: Callable[[pl.DataFrame], pl.DataFrame], table: type[Table]
) -> DataFrame:
    """Apply an estimate to the triangle of each source: sums of a month and lag, few even of a whole country."""
    import polars as pl

    cells = pl.DataFrame(tables["gold.flow_triangle"].toArrow())
    parts = [
        estimate(own).with_columns(source=pl.lit(name))
        for (name,), own in cells.group_by("source", maintain_order=True)
    ]
    rows = pl.concat(parts) if parts else pl.DataFrame(schema=dict.fromkeys(table.columns, pl.Null))
    given = rows.select(list(table.columns)).to_arrow(compat_level=pl.CompatLevel.oldest())
    # With the schema: a Connect client can't tell that of an empty table.
    return running.spark.createDataFrame(given.cast(table.arrow_schema()), schema=table.spark_schema())
