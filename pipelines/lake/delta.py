"""Delta as it follows from table classes: schema, constraints, which statistics the log may hold, what is read how."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pipelines.core.table import Column, Table
from pipelines.files.object_store import delta_options

if TYPE_CHECKING:
    import pyarrow as pa


def at(folder: str, version: int | None = None) -> Any:
    """The Delta table of a folder or an object-store address, as it stands or at a version.

    Raises what delta-rs raises of a log that can't be read.
    """
    from deltalake import DeltaTable

    return DeltaTable(folder, version=version, storage_options=delta_options(folder))


def files_of(delta: Any) -> pa.Table:
    """Files that a version of a table stands on, as its log tells them, without pandas: `pa.table` would load it."""
    import pyarrow as pa

    return pa.RecordBatchReader.from_stream(delta.get_add_actions(flatten=True)).read_all()


def names_of(files: pa.Table) -> list[str]:
    """Names of the files of `files_of`, as they stand in the folder; a list, for an Arrow array would load pandas."""
    return [unquote(path) for path in files["path"].to_pylist()]


def needs_engine(address: str, delta: Any) -> str | None:
    """Say which Delta features of a table change what its files mean, so that only Spark may read it; None if none."""
    if features := delta.protocol().reader_features:
        return f"{address} uses the Delta features {', '.join(features)}, which need Spark to be read"
    return None


def delta_schema(table: type[Table]) -> Any:
    """Delta schema of a table class: types, NOT NULL, meanings as comments."""
    from deltalake import Field, Schema

    plain = {field.name: field.type for field in Schema.from_arrow(table.arrow_schema()).fields}
    return Schema(
        [Field(n, plain[n], nullable=not c.required, metadata={"comment": c.meaning}) for n, c in table.columns.items()]
    )


def statistics(table: type[Table]) -> dict[str, str]:
    """Properties that tell every writer which columns' least and greatest values the log may hold."""
    if told := table.in_log():
        return {"delta.dataSkippingStatsColumns": ",".join(told)}
    return {"delta.dataSkippingNumIndexedCols": "0"}


def codes_in(rule: str | None) -> set[str] | None:
    """Codes that a rule allows: what a rule that has grown differs by, however the log spells it; None without one."""
    return None if rule is None else set(re.findall(r"'((?:[^']|'')*)'", rule))


def check(name: str, column: Column) -> str | None:
    """SQL condition that every row must meet, for rules without tolerance; None where there is none."""
    rules = []
    if column.codes and column.type == "string":
        rules.append(f"{name} IN ({', '.join(repr(code) for code in column.codes)})")
    if column.mostly == 1.0 and column.minimum is not None:
        rules.append(f"{name} >= {column.minimum}")
    if column.mostly == 1.0 and column.maximum is not None:
        rules.append(f"{name} <= {column.maximum}")
    return f"{name} IS NULL OR ({' AND '.join(rules)})" if rules else None
