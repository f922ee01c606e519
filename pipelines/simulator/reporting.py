"""All reports of one domain, as frames; and which sources receive them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from pipelines.simulator.planted import Plant

CHANNELS = {
    "human": {"faers": 0.68, "e2b": 0.14, "bnpv": 0.1, "openfda": 0.08},
    "veterinary": {"evvet": 0.72, "gl42": 0.18, "openfda": 0.1},
    "cosmetic": {"caers": 0.5, "sue": 0.3, "openfda": 0.2},
    "tattoo": {"tattoo": 1.0},
    "nutrition": {"caers": 0.6, "nutrivigilance": 0.4},
}
BATCH = "L{}-{}"
SIGNALS = {
    "substance_no": pl.Int64,
    "term_no": pl.Int64,
    "start_month": pl.Date,
    "strength": pl.Float64,
    "kind": pl.String,
    "note": pl.String,
    "family": pl.String,
    "end_month": pl.Date,
}
DOMAINS = ("human", "veterinary", "cosmetic", "tattoo", "nutrition")


@dataclass(frozen=True)
class Reporting:
    """All reports of one domain. Frames are keyed by `case_no` and `version`.

    cases: case_no, version, received_date, first_received_date, onset_date, onset_precision, sex, age_years, weight_kg,
        country, reporter, outcome (DE LT HO DS OT or null), species, breed, n_affected, n_died, retracted_date,
        duplicate_of, channel (the source that receives it), worldwide_no.
    products: case_no, version, seq, role (PS SS C), product_no, batch.
    events: case_no, version, seq, term_no.
    signals: substance_no, term_no, start_month, strength, kind (real, artefact, batch, cluster, interaction), note; of
        families planted also family and end_month (the first without effect, null where it stays).
    popularity: product_no, share: how much each product is taken, whatever was reported. plants: pairs of families.
    """

    domain: str
    cases: pl.DataFrame
    products: pl.DataFrame
    events: pl.DataFrame
    signals: pl.DataFrame
    popularity: pl.DataFrame
    plants: tuple[Plant, ...] = ()

    def through(self, channel: str) -> Reporting:
        """Return the part of it that reaches one source."""
        cases = self.cases.filter(pl.col("channel") == channel)
        ids = cases.select("case_no", "version")
        products, events = (f.join(ids, on=["case_no", "version"], how="semi") for f in (self.products, self.events))
        return replace(self, cases=cases, products=products, events=events)


def batch_name(product_no: int, month: int) -> str:
    """Name of the batch of a product that is sold in a month (from 0)."""
    return BATCH.format(product_no, month + 1)
