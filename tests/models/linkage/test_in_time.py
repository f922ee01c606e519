"""Links of several months: no chain over time, and nothing later decides what stood."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl

from models.linkage.agree import MAX_CLUSTER
from models.linkage.in_time import agreeing_in_time


def standing(*links):
    frame = pl.DataFrame(
        [(left, right, month, weight is None, weight) for left, right, month, weight in links],
        schema={"left": str, "right": str, "month": int, "is_identifier": bool, "weight": float},
        orient="row",
    )
    chosen = frame.filter(pl.Series(agreeing_in_time(frame), dtype=pl.Boolean))
    return set(chosen.select("left", "right").iter_rows())


def test_a_chain_over_months_keeps_the_link_that_came_first():
    assert standing(("a", "b", 1, 20.0), ("b", "c", 2, 30.0)) == {("a", "b")}
    assert standing(("a", "b", 2, 30.0), ("b", "c", 1, 20.0)) == {("b", "c")}
    assert standing(("a", "b", 1, 20.0), ("b", "c", 1, 30.0)) == {("b", "c")}


def test_a_third_that_is_linked_to_both_joins():
    assert len(standing(("a", "b", 1, 20.0), ("b", "c", 2, 30.0), ("a", "c", 2, 19.0))) == 3
    assert standing(("a", "b", 1, 20.0), ("b", "c", 2, 30.0), ("a", "c", 3, 19.0)) == {("a", "b"), ("a", "c")}


def test_a_number_joins_what_it_names_and_counts_as_one_case():
    links = [("a1", "a2", 1, None), ("a2", "b", 2, 20.0), ("b", "c", 3, 20.0)]
    assert standing(*links) == {("a1", "a2"), ("a2", "b")}
    assert ("b", "c") in standing(*links, ("a1", "c", 3, 20.0))
    copies = [(f"a{i}", f"a{i + 1}", 1, None) for i in range(9)]
    assert ("a9", "b") in standing(*copies, ("a9", "b", 2, 20.0))


def test_a_cluster_never_outgrows_its_bound():
    names = [f"r{i}" for i in range(12)]
    links = [(a, b, int(b[1:]), 20.0) for a, b in combinations(names, 2)]
    stands = standing(*links)
    assert len({end for pair in stands for end in pair} & set(names[:MAX_CLUSTER])) == MAX_CLUSTER
    for name in names:
        assert sum(name in pair for pair in stands) < MAX_CLUSTER


def test_what_comes_later_and_the_order_of_rows_change_nothing():
    random = np.random.default_rng(4)
    pairs = {tuple(sorted(random.choice(40, 2, replace=False).tolist())) for _ in range(150)}
    links = [
        (f"r{a:02}", f"r{b:02}", int(random.integers(6)), None if random.random() < 0.1 else float(random.random()))
        for a, b in sorted(pairs)
    ]
    whole = standing(*links)
    assert standing(*(links[i] for i in random.permutation(len(links)))) == whole
    early = [link for link in links if link[2] < 3]
    assert standing(*early) == whole & {link[:2] for link in early}


def test_no_links():
    assert standing() == set()
