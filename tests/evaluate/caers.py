"""The FDA's file of foods, supplements and cosmetics as arrays: brands by their first two words, reports by creation."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl

from models.evaluation.known import EVIDENCE, REGIONS, SUBGROUPS

NEVER = 10**6
FEWEST = 8  # reports of a brand, of an event


def caers(path: Path) -> tuple[list[str], SimpleNamespace]:
    """Brands, and their reports as `models.evaluation.known.Reported`; only seriousness and completeness are known."""
    text = gzip.decompress(path.read_bytes()).decode("latin-1")
    brand = pl.col("PRI_Reported Brand/Product Name").str.to_uppercase().str.split(" ").list.head(2).list.join(" ")
    date = pl.col("RA_CAERS Created Date").str.to_date("%m/%d/%Y", strict=False)
    rows = (
        pl.read_csv(io.StringIO(text), infer_schema=False)
        .select(
            case="RA_Report #",
            at=(date.dt.year() - 2004) * 12 + date.dt.month() - 1,
            product=brand,
            industry=pl.col("PRI_FDA Industry Code").cast(pl.Int64),
            informative=(pl.col("CI_Age at Adverse Event").fill_null("") != "")
            & (pl.col("CI_Gender") != "Not Available"),
            serious=pl.col("AEC_One Row Outcomes").fill_null("").str.contains("DEATH|LIFE|HOSPITAL|DISAB|SERIOUS"),
            event=pl.col("SYM_One Row Coded Symptoms").str.split(","),
        )
        .filter(pl.col("at").is_not_null() & (pl.col("product") != "REDACTED"))
        .explode("event")
        .with_columns(pl.col("event").str.strip_chars(), month=pl.col("at").min().over("case"))
        .filter(pl.col("event") != "")
    )
    cases = rows.unique("case")
    kept = [pl.col("case").n_unique().over(column) >= FEWEST for column in ("product", "event")]
    rows = rows.filter(*kept)
    brands, events = (sorted(rows[column].unique()) for column in ("product", "event"))
    rows = rows.with_columns(
        s=pl.col("product").replace_strict(brands, range(len(brands))),
        e=pl.col("event").replace_strict(events, range(len(events))),
    )
    months = int(rows["month"].max()) + 1

    def distinct(code: str, size: int) -> np.ndarray:
        found = np.zeros((size, months), dtype=np.int64)
        one = rows.unique(["case", code])
        np.add.at(found, (one[code].to_numpy(), one["month"].to_numpy()), 1)
        return found

    one = rows.unique(["case", "s", "e"]).group_by("month", "s", "e")
    cells = one.agg(pl.len(), pl.col("informative", "serious").sum()).sort("month", "s", "e")
    k = 1 + len(EVIDENCE)
    sums = np.zeros((cells.height, k + SUBGROUPS + REGIONS + 1), dtype=np.int64)
    for column in (0, k, k + SUBGROUPS):
        sums[:, column] = cells["len"]
    for name in ("informative", "serious"):
        sums[:, 1 + EVIDENCE.index(name)] = cells[name]
    reports = distinct("s", len(brands))
    never = np.full((len(brands), len(events)), NEVER)
    industry = rows.group_by("product").agg(pl.col("industry").mode().min()).sort("product")["industry"]
    return brands, SimpleNamespace(
        molecule=np.arange(len(brands)),
        class_of=industry.to_numpy(),
        concept=np.arange(len(events)),
        group=np.arange(len(events)),
        month=cells["month"].to_numpy(),
        substance=cells["s"].to_numpy(),
        event=cells["e"].to_numpy(),
        sums=sums,
        reports=reports,
        event_reports=distinct("e", len(events)),
        total=np.bincount(cases["month"].to_numpy(), minlength=months)[:months],
        subgroup_reports=np.eye(1, SUBGROUPS, dtype=np.int64) * reports[:, :, None],
        use=np.ones_like(reports, dtype=float),
        listed_from=never,
        public_from=never,
    )
