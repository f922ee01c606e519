"""From defects of batches to the strongest cluster of each product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.batches import with_family
from pipelines.defs.gold.defect_cluster.scanned import FAMILY, SCANNED_SQL, scanned, with_q
from pipelines.defs.gold.defect_cluster.tables import DefectCluster
from pipelines.formats.domains import in_charge
from pipelines.frames.conform import conformed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

TASKS = 2


@step(DefectCluster, "silver.quality_defect", "silver.batch", "silver.pack")
def defect_cluster(tables: Tables) -> DataFrame:
    """Scan each product's defects; q over the products of a domain."""
    told = tables["silver.quality_defect"].filter("is_current AND state <> 'refuted' AND notified_date IS NOT NULL")
    batches = with_family(tables).select(*FAMILY, "batch_key")
    named = told.select("batch_key", "department", F.last_day("notified_date").alias("month"))
    of_family = named.join(batches, on="batch_key", how="left").withColumns(
        {
            "family_key": F.coalesce("family_key", F.regexp_extract("batch_key", r"^(.*)\|", 1)),
            "domain": F.coalesce(
                "domain", F.when(F.col("batch_key").startswith("GTIN"), "veterinary").otherwise("human")
            ),
        }
    )
    rows = of_family.select(*FAMILY, "batch_key", "department", "month").repartition(TASKS, *FAMILY)
    found = rows.mapInArrow(scanned, SCANNED_SQL).withColumn("agency", in_charge("domain"))
    columns = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in found.schema.fields)
    return conformed(found.groupBy("domain").applyInArrow(with_q, f"{columns}, q_value double"), DefectCluster)
