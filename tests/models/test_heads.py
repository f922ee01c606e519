"""Heads of clusters, by the months: what is known later changes nothing of the months before."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from models.linkage.heads import Head, Link, Version, heads

DAY = dt.date(2020, 1, 1)
LAST = 12


def version(report, month_from, month_to=None, retracted=False, received=0):
    return Version(report, month_from, month_to, retracted, DAY + dt.timedelta(received), DAY + dt.timedelta(received))


def test_the_first_received_heads_from_the_month_in_which_the_link_is_known():
    versions = [version("a", 1, received=9), version("b", 3, received=2)]
    assert heads(versions, [Link(5, "a", "b")]) == [Head("a", 1, 5), Head("b", 3, None)]


def test_a_retracted_head_gives_way_and_comes_back():
    versions = [version("a", 1, 4), version("a", 4, 6, retracted=True), version("a", 6), version("b", 1, received=1)]
    found = sorted(heads(versions, [Link(1, "a", "b")]))
    assert found == [Head("a", 1, 4), Head("a", 6, None), Head("b", 4, 6)]


def test_a_chain_of_links_joins_step_by_step():
    versions = [version(r, 1, received=i) for i, r in enumerate("abc")]
    found = sorted(heads(versions, [Link(2, "b", "c"), Link(4, "a", "b")]), key=lambda h: h.report)
    assert found == [Head("a", 1, None), Head("b", 1, 4), Head("c", 1, 2)]


def test_no_month_has_a_head_where_all_are_retracted():
    versions = [
        version("a", 1, 3),
        version("a", 3, retracted=True),
        version("b", 2, 3),
        version("b", 3, retracted=True),
    ]
    assert heads(versions, [Link(2, "a", "b")]) == [Head("a", 1, 3)]


def test_two_that_people_told_apart_both_count_again():
    versions = [version("a", 0, None), version("b", 0, None, False, 1), version("c", 0, None, False, 2)]
    links = [Link(1, "a", "b", 3), Link(2, "b", "c")]
    assert sorted(heads(versions, links)) == [Head("a", 0, None), Head("b", 0, 1), Head("b", 3, None), Head("c", 0, 2)]


@st.composite
def worlds(draw):
    """Reports with one to three versions each, and links; dates of receipt as drawn."""
    versions = []
    for report in "abcdef"[: draw(st.integers(2, 6))]:
        starts = sorted(draw(st.lists(st.integers(0, LAST), min_size=1, max_size=3)))
        for at, start in enumerate(starts):
            end = starts[at + 1] if at + 1 < len(starts) else None
            versions.append(version(report, start, end, draw(st.booleans()) and at > 0, draw(st.integers(0, 5))))
    names = sorted({v.report for v in versions})
    pairs = draw(st.lists(st.tuples(st.integers(0, LAST), st.sampled_from(names), st.sampled_from(names)), max_size=8))
    links = [Link(m, a, b) for m, a, b in pairs if a != b]
    ends = [draw(st.none() | st.integers(link.month + 1, LAST + 2)) for link in links]
    return versions, [link._replace(month_to=end) for link, end in zip(links, ends, strict=True)]


def stands(found, month):
    return {h.report for h in found if h.month_from <= month and (h.month_to is None or h.month_to > month)}


@given(worlds(), st.integers(0, LAST))
def test_what_comes_after_a_month_changes_no_month_up_to_it(world, month):
    versions, links = world
    known = [v._replace(month_to=None if v.month_to and v.month_to > month else v.month_to) for v in versions]
    held = [k._replace(month_to=None if k.month_to and k.month_to > month else k.month_to) for k in links]
    then = heads([v for v in known if v.month_from <= month], [k for k in held if k.month <= month])
    now = heads(versions, links)
    for m in range(month + 1):
        assert stands(then, m) == stands(now, m)


@given(worlds())
def test_each_month_has_one_head_a_cluster_and_it_is_the_first_received(world):
    versions, links = world
    found = heads(versions, links)
    for month in range(LAST + 1):
        standing = {
            v.report: v for v in versions if v.month_from <= month and (v.month_to is None or v.month_to > month)
        }
        left = {r for r, v in standing.items() if not v.is_retracted}
        expected = set()
        while left:
            cluster, grown = {min(left)}, True
            while grown:
                now = [k for k in links if k.month <= month and (k.month_to is None or k.month_to > month)]
                near = {x for k in now if cluster & {k.report, k.other} for x in (k.report, k.other)}
                grown, cluster = not near <= cluster, cluster | near
            living = cluster & left
            expected.add(min(living, key=lambda r: standing[r].rank))
            left -= cluster
        assert stands(found, month) == expected
