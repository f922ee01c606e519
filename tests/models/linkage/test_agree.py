"""Clusters: no chain, no crowd, and no order that decides."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl

from models.linkage.agree import MAX_CLUSTER, agreeing


def kept(pairs, n, group=None, link_from=0.6):
    frame = pl.DataFrame(
        [(a, b, p) for (a, b), p in pairs.items()],
        schema={"left": pl.Int64, "right": pl.Int64, "probability": pl.Float64},
        orient="row",
    ).sort("probability", "left", "right", descending=[True, False, False])
    group = np.arange(n) if group is None else np.asarray(group)
    chosen = frame.filter(pl.Series(agreeing(frame, group, link_from), dtype=pl.Boolean))
    return set(chosen.select("left", "right").iter_rows())


def test_a_chain_keeps_its_surest_link_only():
    assert kept({(0, 1): 0.99, (1, 2): 0.9}, 3) == {(0, 1)}
    assert kept({(0, 1): 0.9, (1, 2): 0.99}, 3) == {(1, 2)}


def test_three_that_agree_are_one_cluster_though_one_pair_is_less_sure():
    assert kept({(0, 1): 0.99, (1, 2): 0.9, (0, 2): 0.3}, 3) == {(0, 1), (1, 2)}
    assert kept({(0, 1): 0.99, (1, 2): 0.9, (0, 2): 0.05}, 3) == {(0, 1)}


def test_a_long_chain_never_becomes_one_case():
    chain = {(i, i + 1): 0.95 for i in range(400)}
    chosen = kept(chain, 401)
    ends = [end for pair in chosen for end in pair]
    assert len(ends) == len(set(ends))


def test_a_cluster_of_the_largest_size_stands_and_a_crowd_does_not():
    full = dict.fromkeys(combinations(range(MAX_CLUSTER), 2), 0.95)
    assert kept(full, MAX_CLUSTER) == set(full)
    crowd = dict.fromkeys(combinations(range(MAX_CLUSTER + 1), 2), 0.95)
    assert kept(crowd, MAX_CLUSTER + 1) == set()


def test_a_report_joins_a_known_case_only_if_it_agrees_with_all_that_is_told_of_it():
    known = [0, 0, 2]
    assert kept({(0, 2): 0.9}, 3, known) == set()
    assert kept({(0, 2): 0.9, (1, 2): 0.2}, 3, known) == {(0, 2)}
    assert kept({(0, 2): 0.9, (1, 2): 0.9}, 3, known) == {(0, 2), (1, 2)}


def test_copies_of_one_case_are_one_mate_and_make_no_crowd():
    group = [0, 0, 0, 0, 4]
    assert kept({(i, 4): 0.9 for i in range(4)}, 5, group) == {(i, 4) for i in range(4)}
    assert kept({(i, 6): 0.9 for i in range(6)}, 7, [0, 0, 0, 0, 0, 0, 6]) == {(i, 6) for i in range(6)}


def test_nothing_to_link():
    assert kept({}, 4) == set()
    assert kept({(0, 1): 0.5}, 2) == set()
