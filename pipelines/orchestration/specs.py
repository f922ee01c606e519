"""What Dagster is told of a table: everything in it comes from the class, and for bronze from the source's card."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from pipelines.core.across import references
from pipelines.core.catalog import tables
from pipelines.core.source import Source
from pipelines.core.table import Table

if TYPE_CHECKING:
    from pipelines.lake.lake import Lake


def key(address: str) -> dg.AssetKey:
    """`layer/table`."""
    return dg.AssetKey(address.split("."))


def column_schema(table: type[Table]) -> dg.TableSchema:
    """The table's columns as the Dagster UI shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                type=c.type,
                description=c.meaning + (f" [{c.unit}]" if c.unit else ""),
                constraints=dg.TableColumnConstraints(nullable=not c.required),
                tags={"sensitivity": c.sensitivity},
            )
            for name, c in table.columns.items()
        ]
    )


def column_lineage(table: type[Table]) -> dg.TableColumnLineage:
    """Where the columns that refer to another table's key have their values from."""
    found: dict[str, list[dg.TableColumnDep]] = {}
    for reference in references(table, tables()):
        for own, theirs in zip(reference.columns, reference.parent_columns, strict=True):
            found.setdefault(own, []).append(dg.TableColumnDep(key(reference.parent), theirs))
    return dg.TableColumnLineage(found)


def spec(
    table: type[Table], deps: tuple[str, ...] = (), card: Source | None = None, code: str | None = None
) -> dg.AssetSpec:
    """Asset spec of a table, of bronze with its source's card, of others with the version of its code."""
    return dg.AssetSpec(
        key(table.address()),
        deps=[key(d) for d in deps if d != table.address()],
        description=table.description() + (told(card) if card else ""),
        group_name=card.name if card else table.layer,
        code_version=code,
        owners=[f"team:{table.owner}"],
        kinds={"spark", "delta", table.layer},
        freshness_policy=freshness(card) if card else None,
        metadata={
            "dagster/column_schema": column_schema(table),
            "dagster/table_name": table.address(),
            "dagster/column_lineage": column_lineage(table),
            "key": ", ".join(table.key),
        },
    )


def told(card: Source) -> str:
    """What a source's card says of all its tables."""
    traps = "".join(f"\n- {trap}" for trap in card.traps)
    when = f"{card.cadence.says}; lag: {card.lag.says.lower()}"
    return f"\n\n{card.title}, by {card.publisher}. {when}. Licence: {card.licence}.\n\nTraps:{traps}"


def freshness(card: Source) -> dg.FreshnessPolicy | None:
    """How long Dagster waits for the next successful ingestion of a source: cadence and lag together, where promised.

    It looks at when files were last looked for, whatever came; the check `delivered_in_time` tells how old that is.
    """
    return dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(days=card.due)) if card.due else None


def sizes(lake: "Lake", address: str) -> dict[str, int]:
    """Rows and bytes of a table, for the page."""
    return {"dagster/row_count": lake.n_rows(address), "bytes": lake.n_bytes(address)}


def selected(found: Iterable[Any], checks: Collection[str]) -> Iterator[Any]:
    """Results of a step, of its checks those that were asked for by name."""
    for one in found:
        if isinstance(one, dg.MaterializeResult):
            kept = [c for c in one.check_results or () if c.check_name in checks]
            yield one._replace(check_results=kept)
        elif one.check_name in checks:
            yield one
