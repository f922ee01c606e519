"""Likelihood ratio tests over all events of a product, with p-values that allow for looking at all of them.

``rrr``: the count of a cell against what margins lead to expect, n ln(n/E) - (n - E) where n > E.
``rr``: the event's share in the product against its share in all reports, n ln(n/E) + (n.j - n) ln((n.j-n)/(n.j-E)).
Under the zero-inflated null some of a product's cells can hold no report at all. They take from the margins, so that
all other cells look high against them: the ratio that is tested there is the one against margins refitted without them.

Source: Huang, Zalkikar, Tiwari 2011, J Am Stat Assoc 106:1230-1241; zero-inflated form: Chakraborty, Liu, Ball,
Markatou 2022, Stat Med 41:5395-5420. Unlike both programs, margins are fitted again in every data set drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import kl_div, rel_entr

from models.disproportionality.zero_inflated import MOST_STEPS, refitted, zero_inflation
from models.result import result

Floats = NDArray[np.float64]
Form = Literal["rrr", "rr"]
Draw = Callable[[np.random.Generator, int], Floats]
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
    """Test every cell of a table of counts; one row a cell in the shape of `models.result`.

    The p-value of a cell is the rank of its ratio among the largest ratios of its product (``over="product"``, the
    FDA's way) or of all products (``over="table"``, pvLRT's) in data sets drawn under the null. A data set is drawn as
    the reports of each product spread over events as all reports are (multinomial); in the zero-inflated form as
    Poisson counts, with structural zeros drawn where the table has empty cells, given those. Its expected counts are
    fitted to itself, as the table's are, else the test alarms too often or too seldom.

    `estimate` is n / E. Further columns: `llr`, the ratio against `expected`, from the margins, which pvLRT prints;
    `llr_tested`, the ratio against `expected_tested` that p ranks, the same but in the zero-inflated form; `omega`, the
    product's share of structural zeros as pvLRT has it.

    Args:
        table: counts, shape (events, products), with a row and column of all others so that margins are whole.
        products: names of the columns.
        events: names of the rows, each once.
        form: ``rrr`` or ``rr``.
        zero_inflated: allow for structural zeros.
        reference: a product that only completes the margins, such as all others; it is not tested.
        over: what the largest ratio is taken over.
        simulations: data sets drawn.
        seed: of the draws.

    Raises:
        ValueError: counts negative or not whole, names that don't fit the shape, or an event named twice.
    """
    n = _checked(table, products, events)
    totals = n.sum(axis=0)
    expected = _from_margins(n)
    tested = refitted(n).expected if zero_inflated else expected
    llr, llr_tested = (statistic(n, e, np.maximum(totals, e), form) for e in (expected, tested))
    at = [j for j, name in enumerate(products) if name != reference]
    largest = np.sort(_largest(n, zero_inflated, form, at, over, simulations, seed), axis=0)
    p = np.ones_like(n)
    for j, drawn in zip(at, largest.T, strict=True):
        above = simulations - np.searchsorted(drawn, llr_tested[:, j] - 1e-9)
        p[:, j] = np.where(llr_tested[:, j] > 0, (1 + above) / (1 + simulations), 1.0)
    omegas = [zero_inflation(n[:, j], expected[:, j]) if zero_inflated and j in at else 0.0 for j in range(n.shape[1])]
    keys = pl.DataFrame(
        {
            "product": np.tile(products, len(events)),
            "event": np.repeat(events, len(products)),
            "a": n.astype(np.int64).ravel(),
            "expected": expected.ravel(),
            "llr": llr.ravel(),
            "expected_tested": tested.ravel(),
            "llr_tested": llr_tested.ravel(),
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


def _checked(table: ArrayLike, products: list[str], events: list[str]) -> Floats:
    n = np.asarray(table, dtype=float)
    if n.shape != (len(events), len(products)):
        raise ValueError(f"the table is {n.shape}, the names are {(len(events), len(products))}")
    if len(set(events)) < len(events):
        raise ValueError("an event is named twice")
    if not np.all((n >= 0) & (n == np.floor(n)) & np.isfinite(n)):
        raise ValueError("counts must be whole and not negative")
    return n


def _from_margins(tables: Floats) -> Floats:
    """Expected counts of independence, table by table (last axes: events, products)."""
    row, column = tables.sum(axis=-1, keepdims=True), tables.sum(axis=-2, keepdims=True)
    return row * column / np.maximum(tables.sum(axis=(-1, -2), keepdims=True), 1.0)


def _largest(
    n: Floats, zero_inflated: bool, form: Form, at: list[int], over: str, simulations: int, seed: int
) -> Floats:
    """Largest ratio of each tested product (or of them all) in each drawn data set, shape (simulations, tested)."""
    random = np.random.default_rng(seed)
    draw = _zero_inflated(n) if zero_inflated else _spread(n)
    found = []
    for part in np.array_split(np.arange(simulations), max(1, simulations * n.size // AT_ONCE)):
        drawn = draw(random, len(part))
        expected = refitted(drawn).expected if zero_inflated else _from_margins(drawn)
        totals = np.maximum(drawn.sum(axis=1, keepdims=True), expected)
        found.append(statistic(drawn, expected, totals, form)[:, :, at].max(axis=1, initial=0.0))
    largest = np.concatenate(found)
    return (
        np.broadcast_to(largest.max(axis=1, keepdims=True, initial=0.0), largest.shape) if over == "table" else largest
    )


def _spread(n: Floats) -> Draw:
    """Draw each product's reports over events as all reports are."""
    share = n.sum(axis=1) / max(n.sum(), 1.0)
    totals = n.sum(axis=0).astype(np.int64)

    def draw(random: np.random.Generator, size: int) -> Floats:
        return np.stack([random.multinomial(total, share, size) for total in totals], axis=2).astype(float)

    return draw


def _zero_inflated(n: Floats) -> Draw:
    """Draw structural zeros given the counts, and Poisson counts elsewhere."""
    null = refitted(n, MOST_STEPS)

    def draw(random: np.random.Generator, size: int) -> Floats:
        drawn = random.poisson(null.expected, (size, *n.shape)).astype(float)
        drawn[random.random(drawn.shape) < null.structural] = 0.0
        return drawn

    return draw
