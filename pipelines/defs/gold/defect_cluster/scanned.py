"""Defects of products through the scan: the body of a Spark task."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from models.cube.months import month_code, month_end
from models.multiplicity.fdr import benjamini_hochberg
from models.treescan.tree import Tree
from models.treescan.windows import tree_temporal
from pipelines.defs.gold.defect_cluster.tables import DefectCluster
from pipelines.formats.departments import REGIONS

FAMILY = ["family_key", "domain"]
LATER = ("agency", "q_value")  # columns that the step adds
SCANNED_SQL = ", ".join(f"{name} {column.type}" for name, column in DefectCluster.columns.items() if name not in LATER)
UNKNOWN, NATION = "unknown", "nation:FR"
LEAST, LONGEST = 3, 12  # defects; months of a window
DRAWN = {"replications": 999, "seed": 1}
TOO_FEW = f"fewer than {LEAST} defects"
ONE_MONTH, ONE_PLACE = "all defects are of one month", "all defects are of one place"


def scanned(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """One row a product, of rows with family_key, domain, batch_key, department (or null) and month: whole products."""
    parts = [part for part in rows if part.num_rows]
    if not parts:
        return
    defects = pl.DataFrame(pa.Table.from_batches(parts))
    found = [clustered(own) | dict(zip(FAMILY, key, strict=True)) for key, own in defects.group_by(FAMILY)]
    schema = pa.schema(
        [DefectCluster.arrow_schema().field(c.split()[0]).with_nullable(True) for c in SCANNED_SQL.split(", ")]
    )
    yield from pa.Table.from_pylist(found, schema).to_batches()


def with_q(rows: pa.Table) -> pa.Table:
    """Add `q_value` to the products of a domain."""
    p = rows["p_value"].to_numpy()
    q = benjamini_hochberg(p)
    return rows.append_column("q_value", pa.array(q, pa.float64(), mask=np.isnan(q)))


def clustered(defects: pl.DataFrame) -> dict[str, Any]:
    """The strongest cluster of one product's defects (batch_key, department, month), or why there is none."""
    told = {"n_defects": defects.height, "n_batches": defects["batch_key"].n_unique()}
    months = [month_code(day) for day in defects["month"]]
    leaves = [f"department:{d}" if d in REGIONS else UNKNOWN for d in defects["department"]]
    if defects.height < LEAST:
        return told | {"not_computed": TOO_FEW}
    if len(set(months)) == 1:
        return told | {"not_computed": ONE_MONTH}
    if len(set(leaves)) == 1:
        return told | {"not_computed": ONE_PLACE}
    first = min(months)
    days = [month - first + 1 for month in months]
    tree = places()
    counts = tree.on_days(leaves, [1.0] * len(leaves), days, max(days))
    scan = tree_temporal(tree, counts, "node_and_time", 1, min(0.5, LONGEST / max(days)), **DRAWN)
    best = scan.row(0, named=True)
    if best["not_computed"]:
        return told | {"not_computed": best["not_computed"]}
    kind, _, place = best["node"].partition(":")
    return told | {
        "place_kind": kind,
        "place": place or None,
        "month_from": month_end(first + best["start"] - 1),
        "month_to": month_end(first + best["end"] - 1),
        "n_cluster": int(best["cases"]),
        "expected": best["expected"],
        "p_value": best["p_value"],
    }


@cache
def places() -> Tree:
    """Départements under regions under the nation; beside the regions what has no département."""
    edges = [(f"department:{d}", f"region:{r}") for d, r in REGIONS.items()]
    edges += [(f"region:{r}", NATION) for r in sorted(set(REGIONS.values()))]
    return Tree.of([*edges, (UNKNOWN, NATION)])
