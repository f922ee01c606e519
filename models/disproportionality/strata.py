"""Reports of each product and event in each stratum, and the expected counts that follow from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class StratumMargins:
    """Margins by stratum: `of_product` (products, strata), `of_event` (events, strata), `total` (strata), in reports.

    Names and strata are sorted, and every sum over strata is taken in that order, so equal data give equal last bits.
    """

    products: pl.Series
    events: pl.Series
    of_product: Ints
    of_event: Ints
    total: Ints

    @classmethod
    def of(cls, rows: pl.DataFrame) -> StratumMargins:
        """Count distinct reports of rows of case, product, event and stratum; a null is in no margin."""
        total = rows.group_by("stratum").agg(pl.col("case").n_unique().alias("n")).sort("stratum")
        strata = total["stratum"]
        (products, of_product), (events, of_event) = (_margins(rows, name, strata) for name in ("product", "event"))
        return cls(products, events, of_product, of_event, total["n"].cast(pl.Int64).to_numpy())

    def expected(self, product: Ints, event: Ints) -> Floats:
        """Sum over strata of n1. * n.1 / N for products and events by position, broadcast against each other."""
        found = np.zeros(np.broadcast_shapes(product.shape, event.shape))
        for at, n_total in enumerate(self.total.tolist()):
            found += self.of_product[product, at].astype(float) * self.of_event[event, at] / n_total
        return found

    def places(self, pairs: pl.DataFrame) -> tuple[Ints, Ints]:
        """Position of product and event of each pair."""
        return tuple(  # type: ignore[return-value]
            names.search_sorted(pairs[name]).to_numpy().astype(np.int64)
            for name, names in (("product", self.products), ("event", self.events))
        )

    def blocks(self, cells: int) -> Iterator[tuple[Ints, Floats]]:
        """Yield products by position, at most `cells` cells at once, with the expected counts of all their cells."""
        events = np.arange(len(self.events))[None, :]
        parts = 1 + len(self.products) * len(self.events) // cells
        for products in np.array_split(np.arange(len(self.products)), min(parts, max(1, len(self.products)))):
            yield products, self.expected(products[:, None], events)


def _margins(rows: pl.DataFrame, name: str, strata: pl.Series) -> tuple[pl.Series, Ints]:
    counted = rows.drop_nulls(name).group_by(name, "stratum").agg(pl.col("case").n_unique().alias("n"))
    names = counted[name].unique().sort()
    found = np.zeros((len(names), len(strata)), np.int64)
    found[names.search_sorted(counted[name]).to_numpy(), strata.search_sorted(counted["stratum"]).to_numpy()] = counted[
        "n"
    ].to_numpy()
    return names, found
