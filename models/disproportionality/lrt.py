"""Likelihood ratio tests over all events of a product, with p-values that allow for looking at all of them.

``rrr``: the count of a cell against what margins lead to expect, n ln(n/E) - (n - E) where n > E.
``rr``: the event's share in the product against its share in all reports, n ln(n/E) + (n.j - n) ln((n.j-n)/(n.j-E)).
Under the zero-inflated null a share omega of a product's cells can hold no report at all; the statistic stays, the
distribution of its maximum changes.

Source: Huang, Zalkikar, Tiwari 2011, J Am Stat Assoc 106:1230-1241; zero-inflated form: Chakraborty, Liu, Ball,
Markatou 2022, Stat Med 41:5395-5420.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import kl_div, rel_entr

from models.result import result

Floats = NDArray[np.float64]
Form = Literal["rrr", "rr"]
AT_ONCE = 2_000_000
LEVEL = 0.05


def statistic(n: Floats, expected: Floats, n_product: ArrayLike, form: Form = "rrr") -> Floats:
    """Log-likelihood ratio of each cell (natural log), 0 where n <= E; arrays broadcast.

    Raises:
        ValueError: unknown form.
    """
    if form not in ("rrr", "rr"):
        raise ValueError(f"form must be rrr or rr, got {form!r}")
    n, expected, total = np.broadcast_arrays(n, expected, np.asarray(n_product, float))
    value = kl_div(n, expected) if form == "rrr" else rel_entr(n, expected) + rel_entr(total - n, total - expected)
    return np.where(n > expected, value, 0.0)


def zero_inflation(n: ArrayLike, expected: ArrayLike) -> float:
    """Share omega of structural zeros in a product's cells, by maximum likelihood under n ~ Poisson(E) elsewhere."""
    n, expected = np.asarray(n, float), np.asarray(expected, float)
    empty = expected[n == 0]
    n_seen = n.size - empty.size
    if not empty.size:
        return 0.0

    def loss(omega: float) -> float:
        return -float(np.log(omega + (1 - omega) * np.exp(-empty)).sum() + n_seen * np.log1p(-omega))

    found = minimize_scalar(loss, bounds=(0.0, 1 - 1e-9), method="bounded", options={"xatol": 1e-10})
    return float(found.x) if found.fun < loss(0.0) else 0.0


def lrt(
    table: ArrayLike,
    products: list[str],
    events: list[str],
    form: Form = "rrr",
    zero_inflated: bool = False,
    reference: str | None = None,
    over: Literal["product", "table"] = "product",
    simulations: int = 9999,
    seed: int = 1,
) -> pl.DataFrame:
    """Test every cell of a table of counts; one row a cell in the shape of `models.result`, with `llr` and `omega`.

    The p-value of a cell is the rank of its ratio among the largest ratios of its product (``over="product"``, the
    FDA's way) or of all products (``over="table"``, pvLRT's) in data drawn under the null: the product's reports spread
    over events as all reports are (multinomial), or zero-inflated Poisson. `estimate` is n / E.

    Args:
        table: counts, shape (events, products), with a row and column of all others so that margins are whole.
        products: names of the columns.
        events: names of the rows.
        form: ``rrr`` or ``rr``.
        zero_inflated: draw with structural zeros.
        reference: a product that only completes the margins, such as all others; it is not tested.
        over: what the largest ratio is taken over.
        simulations: data sets drawn a product.
        seed: of the draws.

    Raises:
        ValueError: counts negative or not whole, or names that don't fit the shape.
    """
    n = np.asarray(table, dtype=float)
    if n.shape != (len(events), len(products)):
        raise ValueError(f"the table is {n.shape}, the names are {(len(events), len(products))}")
    if np.any(n < 0) or np.any(n != np.floor(n)):
        raise ValueError("counts must be whole and not negative")
    share, totals = n.sum(axis=1) / n.sum(), n.sum(axis=0)
    expected = np.outer(share, totals)
    llr = statistic(n, expected, totals[None, :], form)
    p, omegas = np.ones_like(n), np.zeros(len(products))
    tested = [j for j, name in enumerate(products) if name != reference]
    largest = np.zeros((len(products), simulations))
    for j in tested:
        random = np.random.default_rng([seed, j])
        omegas[j] = zero_inflation(n[:, j], expected[:, j]) if zero_inflated else 0.0
        largest[j] = _largest(random, share, totals[j], omegas[j] if zero_inflated else None, form, simulations)
    if over == "table":
        largest[:] = largest.max(axis=0)
    for j in tested:
        above = simulations - np.searchsorted(np.sort(largest[j]), llr[:, j] - 1e-9)
        p[:, j] = np.where(llr[:, j] > 0, (1 + above) / (1 + simulations), 1.0)
    keys = pl.DataFrame(
        {
            "product": np.tile(products, len(events)),
            "event": np.repeat(events, len(products)),
            "a": n.astype(np.int64).ravel(),
            "expected": expected.ravel(),
            "llr": llr.ravel(),
            "omega": np.tile(omegas, len(events)),
        }
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (n / expected).ravel()
    left_out = np.tile([name == reference for name in products], len(events))
    reasons = [
        "reference" if out else None if e > 0 else "expected = 0"
        for out, e in zip(left_out, expected.ravel(), strict=True)
    ]
    name = f"lrt_{'zip_' if zero_inflated else ''}{form}"
    flags = p.ravel() < LEVEL
    return result(
        name, f"simulated p < {LEVEL:g}", ratio, p_value=p.ravel(), is_signal=flags, not_computed=reasons, keys=keys
    )


def _largest(
    random: np.random.Generator, share: Floats, total: float, omega: float | None, form: Form, simulations: int
) -> Floats:
    """Largest ratio over the events of one product in each drawn data set."""
    expected = share * total
    parts = max(1, simulations * share.size // AT_ONCE)
    found = []
    for part in np.array_split(np.arange(simulations), parts):
        if omega is None:
            drawn = random.multinomial(int(total), share, size=len(part)).astype(float)
        else:
            drawn = random.poisson(expected, size=(len(part), share.size)).astype(float)
            drawn[random.random(drawn.shape) < omega] = 0.0
        sums = total if omega is None else np.maximum(drawn, drawn.sum(axis=1, keepdims=True))
        found.append(statistic(drawn, expected, np.maximum(sums, expected.max()), form).max(axis=1))
    return np.concatenate(found)
