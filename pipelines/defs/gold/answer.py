"""Columns that every method answers in, as tables declare them (see `models.result`), and names for codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.formats.domains import DOMAINS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

POPULATION = (
    f"A domain ({', '.join(f'`{name}`' for name in DOMAINS)}) as a whole, or for animals `veterinary:` and the species"
)
SHAPE_SQL = (
    "method string, estimate double, lower double, upper double, p_value double, is_signal boolean, rule string, "
    "not_computed string"
)


def named(tables: Tables, frame: DataFrame, kind: str, column: str) -> DataFrame:
    """Put key and name for the codes in `column`; a key that no table names is its own name."""
    from pyspark.sql import functions as F

    end = column.removeprefix(kind)
    code = tables["silver.code"].filter(F.col("kind") == kind).select(F.col("code").alias(column), "key_coded")
    now = tables[f"silver.{kind}"].filter("known_to IS NULL")
    listed = now.select(F.col(f"{kind}_key").alias("key_coded"), f"{kind}_name")
    known = code.join(listed, on="key_coded", how="left").select(
        column,
        F.col("key_coded").alias(f"{kind}_key{end}"),
        F.coalesce(f"{kind}_name", "key_coded").alias(f"{kind}_name{end}"),
    )
    return frame.join(F.broadcast(known), on=column, how="inner").drop(column)


class Answer(Table):
    """One answer of one method about one pair in one population."""

    layer, owner = "gold", "signal-detection"
    partitioned_by = ("population",)
    axis = DERIVED

    population = Column("string", POPULATION, required=True)
    substance_key = Column("string", "Key of `silver.substance`", required=True)
    substance_name = Column("string", "Substance", required=True)
    term_key = Column("string", "Key of `silver.term`", required=True)
    term_name = Column("string", "Event", required=True)
    method = Column("string", "Method, its variant included", required=True)
    estimate = Column("double", "The method's own scale")
    lower = Column("double", "Lower bound, where the method has one")
    upper = Column("double", "Upper bound, where the method has one")
    p_value = Column("double", "p, or posterior probability of no association", minimum=0, maximum=1)
    is_signal = Column("boolean", "The method's rule is met; null where it can't be decided")
    rule = Column("string", "The rule, with its threshold", required=True)
    not_computed = Column("string", "Why numbers are null")
