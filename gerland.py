"""Gerland for notebooks and scripts: a lake as known on a date, as data frames. Needs no Java.

>>> import gerland
>>> lake = gerland.open_lake("data/lake", as_of="2024-06-30")
>>> lake.table("silver.report")               # polars; `.to_pandas()` and `.to_arrow()` lead on
>>> lake.sql("SELECT source, count(*) AS n FROM silver.report GROUP BY source")
>>> lake.cases("MELOXICAM", "Vomiting")        # the cases behind a pair
>>> lake.features()                           # what the models see of each pair, as known at the last month's end
>>> gerland.score(my_frame, case="CASEID", product="DRUG", event="AE")
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from pipelines.evaluate.lake import LakeReports

__all__ = ["OpenLake", "open_lake", "score"]
OUTCOME = ("later_n", "later_expected", "is_excess")


@dataclass(frozen=True)
class OpenLake:
    """A lake that is read: `root` is its folder or address, `as_of` the date that it is looked at, None for today."""

    root: str
    as_of: dt.date | None = None

    def tables(self) -> list[str]:
        """Addresses of the tables that have been built, `layer.name`."""
        from pipelines.core.catalog import tables
        from pipelines.files.store import file_system
        from pipelines.lake.seal import log_entries

        def is_built(address: str) -> bool:
            system, path = file_system(f"{self.root}/{address.replace('.', '/')}")
            return bool(log_entries(system, path))

        return [address for address in tables() if is_built(address)]

    def table(self, address: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Rows of a table, of all columns or of those named.

        Raises `pipelines.lake.query.QueryError` for a table or column that is not there; it names what is near.
        """
        chosen = ", ".join(f'"{name}"' for name in columns) if columns else "*"
        return self.sql(f"SELECT {chosen} FROM {address}")

    def sql(self, statement: str) -> pl.DataFrame:
        """Answer one statement of SQL (DuckDB's) over the tables; it can only read."""
        from pipelines.lake.query import query

        found = pl.from_arrow(query(self.root, statement, str(self.as_of) if self.as_of else None))
        assert isinstance(found, pl.DataFrame)
        return found

    def cases(self, substance: str, event: str, taken: bool = False) -> pl.DataFrame:
        """The cases behind a pair, with names, one row a case, the last received first: as `gerland cases`.

        `taken` adds those in which the substance was only taken with others. Raises
        `pipelines.lake.query.QueryError` for a name or pair that no case holds, with the nearest names.
        """
        from pipelines.commands.cases import cases

        day = str(self.as_of) if self.as_of else None
        return pl.DataFrame(cases(self.root, substance, event, day, taken))

    def features(self, months: int = 1, outcome: bool = False) -> pl.DataFrame:
        """What the models see of each pair with two reports or more, as known at the last `months` month ends.

        A month end after `as_of` is none of them. One row a domain, month end and pair: keys and names, reports (`n`),
        the expected count, and the numbers of `models.evaluation.features.FEATURES`. With `outcome`, what came after:
        reports first received in the following `HORIZON` months (`later_n`), as many as expected (`later_expected`),
        and whether that is an excess (IC025 above 0); null where the lake does not reach so far.

        Raises `pipelines.evaluate.run.EvaluationError` where the lake holds no report that counts until then.
        """
        from models.disproportionality.ic import ic
        from models.evaluation.features import FEATURES, features
        from models.evaluation.known import walk
        from models.evaluation.replicate import HORIZON, later
        from pipelines.evaluate.lake import month_end, read
        from pipelines.evaluate.replication import named
        from pipelines.evaluate.run import EvaluationError

        reports = read(self.root)
        places = [place for place in range(reports.months) if self._is_over(place, reports)][-months:]
        if not places:
            raise EvaluationError(f"the lake at {self.root} holds no report that counts at a month end by {self.as_of}")
        found = []
        for name, sums in walk({name: domain.counted for name, domain in reports.domains.items()}, places):
            keys = [
                pl.repeat(name, sums.n.size, eager=True).alias("domain"),
                pl.repeat(month_end(sums.month, reports), sums.n.size, eager=True).alias("month"),
                *named(reports.domains[name], sums.substance, sums.event),
                pl.Series("n", sums.n.astype("int64")),
                pl.Series("expected", sums.expected),
            ]
            numbers = features(sums)
            part = pl.DataFrame([*keys, *(pl.Series(f, numbers[:, i]) for i, f in enumerate(FEATURES))])
            if outcome:
                reaches = sums.month + HORIZON < reports.months
                came = later(reports.domains[name].received, sums)
                part = part.with_columns(
                    pl.when(reaches).then(pl.Series(column, values)).alias(column)
                    for column, values in zip(OUTCOME, (*came, ic(*came).lower > 0), strict=True)
                )
            found.append(part)
        return pl.concat(found)

    def _is_over(self, place: int, reports: LakeReports) -> bool:
        from pipelines.evaluate.lake import month_end

        return self.as_of is None or month_end(place, reports) <= self.as_of


def open_lake(root: str | None = None, as_of: str | dt.date | None = None) -> OpenLake:
    """Open a lake, by default that of the settings, as known on a date (YYYY-MM-DD), by default today.

    Raises ValueError for a text that is no date.
    """
    from pipelines.settings import settings

    day = dt.date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    return OpenLake(str(root or settings().lake), day)


def score(
    frame: Any,
    case: str = "case_id",
    product: str = "product",
    event: str = "event",
    count: str | None = None,
    stratum: str | None = None,
    likelihood: str = "zero_inclusive",
) -> pl.DataFrame:
    """Score every pair of a data frame (polars, pandas or Arrow): PRR, ROR, IC and EBGM, the strongest first.

    With `count`, rows are pairs with that many reports; without, rows are case, product and event. The same as
    `gerland score FILE`. Raises `pipelines.analyse.files.FileError` for columns that don't fit.
    """
    from pipelines.analyse.score import Columns, score_frame

    return score_frame(pl.DataFrame(frame), Columns(case, product, event, count, stratum), likelihood, lambda _: None)
