"""The reference as it is found in the lake, and the split of its substances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from pipelines.core.log import log
from pipelines.core.step import writing_step
from pipelines.defs.evaluation.reference.tables import Reference, Split
from pipelines.evaluate import standing
from pipelines.lake.few import replaced

if TYPE_CHECKING:
    from pipelines.evaluate.lake import LakeReports
    from pipelines.lake.commit import Written
    from pipelines.lake.platform import Platform


DECISIONS = "ops.decision"


@writing_step(
    Reference, *standing.READS, "silver.substance_name", DECISIONS, also={"reference": standing.content_of_reference}
)
def reference(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """Find the pairs of the reference in the lake, and the negatives nearest to the true ones."""
    return replaced(platform.lake, Reference, _reference(platform), inputs)


def _reference(platform: Platform) -> pl.DataFrame:
    """Rows of the reference of the settings, then those of decisions."""
    if (reports := standing.read(platform)) is None:
        return pl.DataFrame()
    parts = [_of_settings(platform, reports), _of_decisions(platform, reports)]
    return pl.concat([part for part in parts if part.width] or parts[:1], how="diagonal")


def _of_decisions(platform: Platform, reports: LakeReports) -> pl.DataFrame:
    from pipelines.evaluate import decided
    from pipelines.evaluate.rows import reference_rows

    columns = list(platform.lake.tables[DECISIONS].columns)
    rows = decided.standing(pl.DataFrame(platform.lake.small(DECISIONS, columns)), platform.as_of)
    if rows.is_empty():
        return pl.DataFrame()
    pairs, resolved = decided.reference(rows, reports)
    log(f"{decided.SOURCE}: {resolved.n_found:,} of {resolved.n_pairs:,} pairs are in reports")
    return reference_rows(decided.SOURCE, pairs, resolved, reports)


def _of_settings(platform: Platform, reports: LakeReports) -> pl.DataFrame:
    from pipelines.evaluate.resolve import resolve
    from pipelines.evaluate.rows import known_by, reference_rows

    named = standing.reference(platform)
    if named is None:
        log(standing.NO_REFERENCE)
        return pl.DataFrame()
    source, pairs = named
    pairs = known_by(pairs, platform.as_of)
    for line in pairs.told:
        log(f"{source}: {line}")
    if pairs.rows.is_empty():
        return pl.DataFrame()
    as_of = str(platform.as_of) if platform.as_of else None
    resolved = resolve(platform.lake.root, reports, pairs, as_of)
    log(f"{source}: {resolved.n_found:,} of {resolved.n_pairs:,} pairs are in reports")
    return reference_rows(source, pairs, resolved, reports)


@writing_step(Split, *standing.READS)
def split(platform: Platform, inputs: Mapping[str, str]) -> Written:
    """Put each substance on its side."""
    from pipelines.evaluate.rows import split_rows

    reports = standing.read(platform)
    return replaced(platform.lake, Split, pl.DataFrame() if reports is None else split_rows(reports), inputs)
