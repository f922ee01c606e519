"""The model of scale: a line through three sizes, which foretells the greatest of them, and the page that it prints."""

from __future__ import annotations

import math

import pytest

from infra.scale import (
    CORPORA,
    Cluster,
    Corpus,
    Need,
    Stage,
    euros_a_month,
    executors,
    fitted,
    foretold,
    needs,
    page,
    stages,
)
from tests.conftest import ROOT


def test_a_line_through_what_is_one_finds_it_and_no_fixed_part_is_below_nothing():
    line = fitted([1, 2, 4], [12, 14, 18])
    assert (line.fixed, line.each) == (pytest.approx(10), pytest.approx(2))
    assert fitted([1, 2], [1, 3]).fixed == 0
    with pytest.raises(ValueError, match="two sizes"):
        fitted([1, 1], [2, 2])


def test_the_greatest_size_is_foretold_by_the_smaller_ones():
    assert foretold([1, 2, 4], [12, 14, 18]) == pytest.approx(0)
    assert foretold([1, 2, 4], [12, 14, 36]) == pytest.approx(-0.5), "what grows faster is told as short"


def test_what_a_corpus_needs_is_in_proportion_and_a_month_is_a_part_of_a_year():
    stage = Stage("s", "report", [1e6, 2e6, 4e6], [3600, 7200, 14400], [1 << 27, 1 << 28, 1 << 29])
    other = Stage("o", "line", [1, 2], [1, 2], [1, 2])
    (need,) = needs(Corpus("c", {"report": 10e6}, {"report": 12e6}), [stage, other])
    assert need == Need("s", pytest.approx(10 * 2**27), 10, pytest.approx(10), pytest.approx(1))
    cluster = Cluster(cores=4, used=0.5, hours=1, per_core_hour=1, per_tb_month=0)
    assert executors([need], cluster) == 5
    assert euros_a_month([need], cluster) == pytest.approx((1 + 10 / 12) / 0.5)


def test_the_costs_that_were_measured_foretell_their_greatest_size_and_are_what_the_page_shows():
    measured = stages()
    assert len(measured) == 4
    for stage in measured:
        assert len(stage.units) == 3
        assert stage.units[2] > 3 * stage.units[0]
        assert abs(foretold(stage.units, stage.n_bytes)) < 0.15, stage.name
        assert abs(foretold(stage.units, stage.seconds)) < 0.6, stage.name
    text = (ROOT / "infra" / "docs" / "scale.md").read_text()
    missing = [line for line in page(measured, Cluster()) if line not in text]
    assert missing == [], "python -m infra.scale prints what the page shows"
    for corpus in CORPORA:
        assert all(math.isfinite(n.hours) and n.hours > 0 for n in needs(corpus, measured))
