"""Class-imbalanced subsampling lasso: which substances are chosen, and how steadily, when cases are made less rare.

Source: Ahmed, Pariente, Tubert-Bitter 2018, Stat Methods Med Res 27:785-797.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from models.comedication.design import Design, Ints
from models.comedication.lasso import Floats, lasso_path
from models.result import result

CONTROLS, SAMPLES, LARGEST, QUANTILE = 4, 100, 50, 0.05


def cisl(
    table: Design,
    events: Ints,
    names: list[str],
    samples: int = SAMPLES,
    largest: int = LARGEST,
    controls: int = CONTROLS,
    quantile: float = QUANTILE,
    seed: int = 1,
) -> pl.DataFrame:
    """Draw samples of as many cases and `controls` times as many others, with replacement; run a lasso on each.

    A substance's share in one sample is over model sizes 1, …, `largest`: in how many of these models its coefficient
    is positive. `estimate` is the mean share over samples, `lower` and `upper` its `quantile` and 1 - `quantile`; a
    signal has `lower` above 0. One row a substance in the shape of `models.result`.

    Args:
        table: distinct sets of substances.
        events: reports with the event in each set.
        names: substances in the order of the table's columns.
        samples: samples drawn.
        largest: largest model looked at, in substances.
        controls: reports without the event for each with it.
        quantile: of the shares over samples.
        seed: of the draws.

    Raises:
        ValueError: no report, or every report, holds the event.
        NotConverged: see `lasso_path`.
    """
    cases, others = int(events.sum()), int((table.n - events).sum())
    if not cases or not others:
        raise ValueError("some reports must hold the event and some not")
    random = np.random.default_rng(seed)
    shares = np.zeros((samples, table.n_substances))
    for at in range(samples):
        drawn = random.multinomial(cases, events / cases)
        rest = random.multinomial(min(controls * cases, others), (table.n - events) / others)
        path = lasso_path(replace(table, n=drawn + rest), drawn, stop_at=largest)
        shares[at] = _share(path.beta, largest)
    low, high = np.quantile(shares, [quantile, 1 - quantile], axis=0)
    return result(
        "cisl",
        f"positive in models of {100 * (1 - quantile):g} % of {samples} samples",
        shares.mean(axis=0),
        lower=low,
        upper=high,
        is_signal=(low > 0).tolist(),
        keys=pl.DataFrame({"substance": names}),
    )


def _share(beta: Floats, largest: int) -> Floats:
    """Share of model sizes at which each coefficient is positive: of each size, the last model not larger."""
    sizes = (beta != 0).sum(axis=1)
    last = np.searchsorted(np.maximum.accumulate(sizes), np.arange(1, largest + 1), side="right") - 1
    return np.asarray((beta[last] > 0).mean(axis=0))
