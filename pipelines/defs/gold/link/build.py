"""The one builder of links: from what columns declare, and from what is computed, to edges whose ends exist."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.core import catalog
from pipelines.core.step import step
from pipelines.core.table import Link, Table
from pipelines.defs.gold.batches import named_batches
from pipelines.defs.gold.link.tables import Link as Edge
from pipelines.defs.gold.plant_view.tables import GUISES
from pipelines.defs.silver.substance.codes import antibiotic_classes
from pipelines.defs.silver.substance.spine import ingredients
from pipelines.frames.cache import cache
from pipelines.frames.columns import looked_up
from pipelines.frames.conform import conformed
from pipelines.frames.history import BEGINNING
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import Column

    from pipelines.frames.conform import Tables
    from pipelines.lake.lake import Lake

TELLING = {a: t for a, t in catalog.tables().items() if vars(t).get("thing") is not None}  # variants of a table do not
REGISTERS = [a for a, t in TELLING.items() if t.thing and t.thing.is_register]
KINDS = {t.thing.kind: t.thing.key for a in REGISTERS if (t := TELLING[a]).thing}
COMPUTED_FROM = (
    *("silver.product_substance", "silver.substance_name", "silver.batch", "silver.pack", "silver.report"),
    "silver.report_product",
)
ENDLESS = "9999-12-31"
EDGE = ("from_kind", "from_key", "link_kind", "to_kind", "to_key", "source")


def shares_missing(lake: Lake) -> dict[str, float]:
    """Links of each kind, and those that lead nowhere."""
    rows = lake["gold.link"].groupBy("from_kind", "link_kind", "to_kind").agg(
        F.count("*").alias("n"), F.count("missing").alias("missing")
    )  # fmt: skip
    return {
        f"{name}: {r['from_kind']} {r['link_kind']} {r['to_kind']}": float(r[column])
        for r in rows.collect()
        for name, column in (("links", "n"), ("an end is missing", "missing"))
    }


@step(Edge, *dict.fromkeys((*TELLING, *COMPUTED_FROM)), measure=shares_missing)
def link(tables: Tables) -> DataFrame:
    """Unite what all tables tell of things and links, and hold every end against the registers."""
    told = {address: _told(in_few_tasks(tables[address]), table) for address, table in TELLING.items()}
    registers = cache(reduce(DataFrame.unionByName, [told.pop(address) for address in REGISTERS]))
    computed = [_contains(tables), _names(tables), _is_of_class(tables), _is_reported_as(tables)]
    every = reduce(DataFrame.unionByName, [registers, *told.values(), *computed])
    things = registers.filter("link_kind IS NULL").groupBy("from_kind", "from_key").agg(
        F.max_by("from_name", F.when(F.col("from_name").isNotNull(), F.coalesce("valid_from", F.lit(BEGINNING)))).alias(
            "name"
        ),
        F.min("known_from").alias("known"),
    )  # fmt: skip
    things = cache(things)
    ended = _with_ends(_edges(every), things)
    is_personal = (F.col("from_kind") == "report") | (F.col("to_kind") == "report")
    return conformed(ended.withColumn("sensitivity", F.when(is_personal, "personal").otherwise("internal")), Edge)


def _edges(every: DataFrame) -> DataFrame:
    """Links, each once: from the first version that told it to the last, which says how much."""
    until = F.coalesce("valid_to", F.lit(ENDLESS).cast("date")).alias("until")
    firsts = [F.min(c).alias(c) for c in ("basis", "valid_from", "known_from", "agency")]
    sure = F.max("confidence").alias("confidence")
    told = every.filter("link_kind IS NOT NULL").groupBy(*EDGE, until).agg(*firsts, sure, F.sum("n").alias("n"))
    last = F.nullif(F.max("until"), F.lit(ENDLESS).cast("date"))
    return told.groupBy(*EDGE).agg(*firsts, sure, F.max_by("n", "until").alias("n"), last.alias("valid_to"))


def _with_ends(edges: DataFrame, things: DataFrame) -> DataFrame:
    """Edges with the names of their ends, the later day on which both were known, and the end that is missing."""
    for end in ("from", "to"):
        own = things.select(
            F.col("from_kind").alias(f"{end}_kind"), F.col("from_key").alias(f"{end}_key"),
            F.col("name").alias(f"{end}_name"), F.col("known").alias(f"_{end}"), F.lit(True).alias(f"_has_{end}"),
        )  # fmt: skip
        edges = edges.join(own, on=[f"{end}_kind", f"{end}_key"], how="left")
    missing = F.when(F.col("_has_from").isNull() & _is_listed("from_kind"), "from")
    missing = missing.when(F.col("_has_to").isNull() & _is_listed("to_kind"), "to")
    known = F.greatest("known_from", "_from", "_to")
    return edges.withColumns({"missing": missing, "known_from": known}).drop("_from", "_to", "_has_from", "_has_to")


def _is_listed(kind: str) -> Column:
    """Some register holds things of the kind; places stand in none."""
    return F.col(kind).isin(*KINDS)


def _told(rows: DataFrame, table: type[Table]) -> DataFrame:
    """What the rows of a table tell: themselves, where it is their register, and what their columns link them to."""
    thing = table.thing
    assert thing is not None
    said = [F.array(_said(_nothing("string"), None, None, None, F.lit(1.0), F.lit(1.0)))] if thing.is_register else []
    said += [_linked(name, column.link, table) for name, column in table.columns.items() if column.link]
    known = thing.known or next((c for c in ("known_from", "valid_from") if c in table.columns), "")
    name = F.col(thing.name).cast("string") if thing.name else _nothing("string")
    return (
        rows.filter(thing.where)
        .select(
            F.lit(thing.kind).alias("from_kind"),
            _key(thing.key).alias("from_key"),
            name.alias("from_name"),
            (F.col("source") if "source" in table.columns else F.lit(table.address())).alias("source"),
            *[_or_nothing(c, table, "date") for c in ("valid_from", "valid_to")],
            (F.col(known) if known else _nothing("date")).alias("known_from"),
            _or_nothing("agency", table, "string"),
            F.explode(F.concat(*said)).alias("_said"),
        )
        .select("*", "_said.*")
        .drop("_said")
        .filter("from_key IS NOT NULL AND (link_kind IS NULL OR to_key IS NOT NULL)")
    )


def _linked(name: str, one: Link, table: type[Table]) -> Column:
    """What a column says of the thing of its row: a link for each thing whose key it holds."""
    confidence = F.col(one.confidence) if one.confidence else F.lit(1.0)
    amount = F.coalesce(one.amount, F.lit(1)) if one.amount else F.lit(1.0)
    kind = F.col(one.worded) if one.worded else F.lit(one.kind)

    def said(key: Column) -> Column:
        return _said(kind, one.to, F.when(F.expr(one.where), key), one.basis, confidence, amount)

    if table.columns[name].type == "array<string>":
        return F.transform(F.coalesce(name, F.array().cast("array<string>")), said)
    return F.array(said(_key(_columns_of(one.to, name, table))))


def _columns_of(kind: str, column: str, table: type[Table]) -> tuple[str, ...]:
    """Columns of a table that hold the key of a kind: those named as it, else the one that links."""
    key = KINDS.get(kind, ())
    return key if column in key and set(key) <= set(table.columns) else (column,)


def _key(columns: tuple[str, ...]) -> Column:
    """Key of a thing: its columns joined; null where one is."""
    parts = [F.col(c).cast("string") for c in columns]
    return parts[0] if len(parts) == 1 else F.concat(*[x for p in parts for x in (F.lit("|"), p)][1:])


def _said(kind: Column, to: str | None, key: Column | None, basis: str | None, confidence: Column, n: Column) -> Column:
    return F.struct(
        kind.alias("link_kind"),
        F.lit(to).cast("string").alias("to_kind"),
        (_nothing("string") if key is None else key).alias("to_key"),
        F.lit(basis).cast("string").alias("basis"),
        confidence.cast("double").alias("confidence"),
        n.cast("double").alias("n"),
    )


def _nothing(kind: str) -> Column:
    return F.lit(None).cast(kind)


def _or_nothing(column: str, table: type[Table], kind: str) -> Column:
    return (F.col(column) if column in table.columns else _nothing(kind)).alias(column)


def _computed(rows: DataFrame, start: str, kind: str, end: str, basis: str, source: str, known: str = "") -> DataFrame:
    """Links between two columns of rows, in the shape of `_told`."""
    (from_kind, from_key), (to_kind, to_key) = start.split(":"), end.split(":")
    told = _said(F.lit(kind), to_kind, F.col(to_key), basis, F.lit(1.0), F.lit(1.0))
    days = {c: _nothing("date") for c in ("valid_from", "valid_to", "known_from")}
    if known:
        days["known_from"] = F.col(known)
    return rows.select(
        F.lit(from_kind).alias("from_kind"),
        F.col(from_key).alias("from_key"),
        _nothing("string").alias("from_name"),
        F.lit(source).alias("source"),
        *[column.alias(name) for name, column in days.items()],
        _nothing("string").alias("agency"),
        told.alias("_said"),
    ).select("*", "_said.*").drop("_said")  # fmt: skip


def _contains(tables: Tables) -> DataFrame:
    """Substances of products, by the names of their compositions."""
    held = ingredients(tables).select("product_key", "substance_key").distinct()
    source = "silver.product_substance"
    return _computed(held, "product:product_key", "contains", "substance:substance_key", "by_name", source)


def _is_of_class(tables: Tables) -> DataFrame:
    """Classes of antibiotics by which isolates are tested, of substances, by their ATC codes."""
    now = tables["silver.substance"].filter("is_current")
    held = now.select("substance_key", F.explode(antibiotic_classes()).alias("class"))
    return _computed(held, "substance:substance_key", "is of", "class:class", "computed", "silver.substance")


def _is_reported_as(tables: Tables) -> DataFrame:
    """Guises in which substances are reported, such as supplement, since the month end that first showed it."""
    whole = tables["gold.signal"].filter("population = domain").groupBy("substance_key", "domain")
    rows = whole.agg(F.min("month").alias("since")).withColumn("guise", looked_up(F.col("domain"), GUISES))
    said = _computed(rows, "substance:substance_key", "reported as", "guise:guise", "computed", "gold.signal", "since")
    return said.filter("to_key IS NOT NULL")


def _names(tables: Tables) -> DataFrame:
    """Reports that suspect a substance of a batch's product and name the batch."""
    named = named_batches(tables).select("report_key", "batch_key").distinct()
    return _computed(named, "report:report_key", "names", "batch:batch_key", "computed", "silver.report_product")
