"""vigiGrade on Arrow batches. Light to import: workers load it."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

COMPLETENESS = (
    *("has_time_to_onset", "has_indication", "has_outcome", "has_sex", "has_age", "has_dose"),
    *("has_country", "has_reporter", "has_report_type", "has_comments"),
)


def add_completeness(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Fill the `completeness` column of each batch: the body of a Spark task."""
    from models.completeness.vigigrade import vigigrade

    for batch in batches:
        present = {c.removeprefix("has_"): batch.column(c).to_numpy(zero_copy_only=False) for c in COMPLETENESS}
        present["primary_reporter"] = present.pop("reporter")
        days = batch.column("onset_days").to_numpy(zero_copy_only=False)
        score = vigigrade(present, onset_uncertainty_days=days)
        at = batch.schema.get_field_index("completeness")
        yield batch.set_column(at, "completeness", pa.array(score))
