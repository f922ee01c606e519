"""Every interaction method by name, each answering in the one shape of `models.result`."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.disproportionality.counts import LARGEST
from models.interaction.count import EIGHT
from models.interaction.logistic import logistic_interaction
from models.interaction.omega import omega
from models.result import result


def interactions(triples: pl.DataFrame) -> pl.DataFrame:
    """Ask Omega and the shrunk logistic regression about counted triples; one row a method and triple.

    All columns but the counts come first. `expected` is the count that Omega's additive baseline explains. Omega is in
    log2 units, the other a ratio of odds ratios.
    """
    counts = triples.select(EIGHT).to_numpy().T.astype(float)
    counted = np.logical_and.reduce((counts >= 0) & (counts <= LARGEST))
    additive, logistic = omega(*counts), logistic_interaction(*counts)
    keys = triples.drop(EIGHT[1:])
    keys = keys.with_columns(pl.Series("expected", additive.expected).fill_nan(None))
    return pl.concat(
        [
            result(
                name,
                rule,
                found.estimate,
                lower=found.lower,
                upper=found.upper,
                is_signal=(found.lower > least).tolist(),
                not_computed=[
                    (reason if known else "a count is negative, missing or too large") if np.isnan(x) else None
                    for x, known in zip(found.estimate, counted, strict=True)
                ],
                keys=keys,
            )
            for name, found, least, rule, reason in (
                ("omega", additive, 0.0, "Omega025 > 0", "a comparison group is empty"),
                ("logistic_shrinkage", logistic, 1.0, "lower 95 % bound > 1", "the mode was not reached"),
            )
        ]
    )
