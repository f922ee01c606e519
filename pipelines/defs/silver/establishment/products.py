"""What establishments make, test, recall or are certified for: out of all that names a product beside them."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.silver.establishment.tables import EstablishmentProduct
from pipelines.defs.silver.substance.printed import PRINTED, substances_of_names
from pipelines.defs.silver.substance.spine import ingredients
from pipelines.frames.cache import cache
from pipelines.frames.columns import one_line
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import Column

    from pipelines.frames.conform import Tables

KNOWN_BY = {"pack": "pack_key", "product": "product_key", "name": "name", "operations": "operations"}
WHAT = ["source", "establishment_key", "role", "subject_kind", "subject"]
OF_PACK = r"^(.*)\|"  # of the key of a batch
LEAD = r"^[^,;(\n]+"
IN_BRACKETS = r"\(([^()]*\p{L}{4}[^()]*)\)"
OF_CERTIFICATE = r"(?i)\bactive substances?[^:;]*:\s*([^;]+)"


@step(
    EstablishmentProduct,
    *("silver.batch", "silver.laboratory_result", "silver.recall", "silver.gmp_certificate", "silver.pack"),
    *("silver.product_substance", "silver.substance_name"),
)
def establishment_product(tables: Tables) -> DataFrame:
    """Unite what batches, tests, recalls and certificates tell; packs lead to substances, else printed names do."""
    parts = [_batches(tables), _tests(tables), _recalls(tables), _certificates(tables)]
    told = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), [in_few_tasks(part) for part in parts])
    kind = F.coalesce(*[F.when(F.col(column).isNotNull(), kind) for kind, column in KNOWN_BY.items()])
    subject = F.coalesce("pack_key", "product_key", F.upper("name"), F.upper("operations"))
    known = told.withColumns({"subject_kind": kind, "subject": subject, "printed": F.coalesce("name", "operations")})
    rows = known.filter("establishment_key IS NOT NULL AND subject IS NOT NULL").groupBy(*WHAT).agg(
        *[F.min(c).alias(c) for c in ("pack_key", "product_key", "printed", "agency", "valid_from", "known_from")],
        F.countDistinct("what").alias("n"),
        F.min("day").alias("first_date"),
        F.max("day").alias("last_date"),
        F.when(F.count_if(F.col("valid_to").isNull()) == 0, F.max("valid_to")).alias("valid_to"),
    )  # fmt: skip
    packs = tables["silver.pack"].filter("is_current").groupBy("pack_key").agg(F.min("product_key").alias("of_pack"))
    held = ingredients(tables).groupBy("product_key").agg(F.array_sort(F.collect_set("substance_key")).alias("held"))
    placed = rows.join(packs, on="pack_key", how="left").withColumn("product_key", F.coalesce("product_key", "of_pack"))
    asked = cache(_to_be_coded(placed.join(held, on="product_key", how="left")))
    coded = asked.join(substances_of_names(asked, tables["silver.substance_name"]), on=PRINTED, how="left")
    both = {"substance_keys": F.coalesce("held", "substance_keys"), "product_printed": F.col("printed")}
    return conformed(coded.withColumns(both).select(*EstablishmentProduct.columns), EstablishmentProduct)


def _batches(tables: Tables) -> DataFrame:
    """Sites that made batches."""
    return tables["silver.batch"].select(*_said("makes", "batch_key", "made_date"), "pack_key")


def _tests(tables: Tables) -> DataFrame:
    """Laboratories that tested samples."""
    pack = F.regexp_extract("batch_key", OF_PACK, 1).alias("pack_key")
    return tables["silver.laboratory_result"].select(*_said("tests", "sample_id", "sampled_date"), pack)


def _recalls(tables: Tables) -> DataFrame:
    """Firms and sites that recalled."""
    rows = tables["silver.recall"].withColumn("_recall", F.concat_ws("|", "event_id", "product_id"))
    printed = F.when(F.col("pack_key").isNull() & F.col("product_key").isNull(), one_line("product_name"))
    return rows.select(*_said("recalls", "_recall", "recall_date"), "pack_key", "product_key", printed.alias("name"))


def _certificates(tables: Tables) -> DataFrame:
    """Sites with a certificate, and the operations that it covers."""
    rows = tables["silver.gmp_certificate"].filter("kind = 'certificate'")
    operations = one_line("operations").alias("operations")
    return rows.select(*_said("is certified for", "certificate_id", "issue_date"), operations)


def _said(role: str, what: str, day: str) -> list[Column]:
    """What every part tells; `what` is counted, `day` says when it was so."""
    own = ("source", "establishment_key", "agency", "valid_from", "valid_to", "known_from")
    told = [F.lit(role).alias("role"), F.col(what).alias("what"), F.col(day).alias("day")]
    return [*map(F.col, own), *told]


def _to_be_coded(rows: DataFrame) -> DataFrame:
    """Add the names to be coded (`PRINTED`), '' where a composition is held.

    Of a printed product what leads it, and first what stands in brackets behind; of operations the substances that
    they name.
    """
    is_name, is_operations = (F.col("subject_kind") == kind for kind in ("name", "operations"))
    substance = F.when(is_name, F.regexp_extract("printed", IN_BRACKETS, 1))
    substance = substance.when(is_operations, F.regexp_extract("printed", OF_CERTIFICATE, 1))
    product = F.when(is_name, F.regexp_extract("printed", LEAD, 0))
    told = {"substance_printed": substance, "product_printed": product}
    return rows.withColumns({name: F.coalesce(F.trim(text), F.lit("")) for name, text in told.items()})
