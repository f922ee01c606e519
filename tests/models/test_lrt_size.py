"""How often the likelihood ratio tests alarm where nothing is to be found: 5 % of the time, whatever the table."""

from __future__ import annotations

import numpy as np
import pytest

from models.disproportionality.lrt import lrt

SIMULATIONS = 200  # p < 0.05 is then met by 10 of 201 ranks
SHAPES = {  # events, products, mean count of a cell, spread of the margins (ln)
    "even": (30, 6, 10.0, 0.0),
    "uneven": (30, 6, 10.0, 1.0),
    "sparse": (30, 6, 0.7, 0.7),
    "wide": (12, 15, 5.0, 0.8),
    "long": (100, 4, 30.0, 1.2),
}
# shape, form, share of structural zeros (None: the plain test), whether the last product (the reference) has them too
CASES = [
    *((shape, "rrr", None, False) for shape in SHAPES),
    *((shape, "rr", None, False) for shape in ("uneven", "sparse")),
    *((shape, "rrr", omega, omega != 0.2) for shape in SHAPES for omega in (0.0, 0.1, 0.2, 0.4)),
    ("uneven", "rr", 0.2, True),
]


def tables(shape: str, omega: float, is_all: bool, n_tables: int, seed: int):
    """Tables of independent rows and columns, some of whose cells can hold no report."""
    n_events, n_products, mean, spread = SHAPES[shape]
    margins = np.random.default_rng(5)
    row, column = (np.exp(margins.normal(0, spread, n)) for n in (n_events, n_products))
    expected = np.outer(row / row.mean(), column / column.mean()) * mean
    for at in range(n_tables):
        random = np.random.default_rng([seed, at])
        table = random.poisson(expected)
        structural = random.random(table.shape) < omega
        structural[:, -1] &= is_all
        table[structural] = 0
        yield table[table.sum(axis=1) > 0]


def rates(
    shape: str, form: str, omega: float | None, is_all: bool, n_tables: int, seed: int = 1
) -> tuple[float, float]:
    """Share of tables with an alarm where all is looked at at once, and of products where each is looked at alone."""
    alarms = {"table": [], "product": []}
    for table in tables(shape, omega or 0.0, is_all, n_tables, seed):
        products, events = [f"P{j}" for j in range(table.shape[1])], [f"E{i}" for i in range(table.shape[0])]
        for over, found in alarms.items():
            answer = lrt(table, products, events, form, omega is not None, products[-1], over, SIMULATIONS, seed)
            flagged = set(answer.filter("is_signal")["product"])
            found.append(len(flagged) / (len(products) - 1) if over == "product" else bool(flagged))
    return float(np.mean(alarms["table"])), float(np.mean(alarms["product"]))


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "form", "omega", "is_all"), CASES)
def test_three_to_seven_of_a_hundred_tables_of_nothing_alarm(shape, form, omega, is_all):
    over_table, over_product = rates(shape, form, omega, is_all, n_tables=1000)
    assert 0.03 <= over_product <= 0.07
    error = 0.007  # one standard error of 1,000 tables
    assert 0.03 - error <= over_table <= 0.07 + error


@pytest.mark.parametrize(
    "case", [("uneven", "rrr", None, False), ("even", "rrr", 0.2, False), ("sparse", "rrr", 0.4, True)]
)
def test_tables_of_nothing_seldom_alarm(case):
    over_table, over_product = rates(*case, n_tables=100)
    assert 0.0 <= over_table <= 0.10  # two standard errors of 100 tables
    assert 0.025 <= over_product <= 0.075
