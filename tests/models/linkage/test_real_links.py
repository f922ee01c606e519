"""Links of real EVVet listings, labelled by rules that know nothing of the model (`tests.benchmarks.real_links`)."""

from __future__ import annotations

import polars as pl
import pytest

from models.linkage.link import link
from tests.benchmarks.real_links import N_DRAWN, label, listings, re_extracted

pytestmark = [pytest.mark.samples, pytest.mark.slow]


def test_links_with_re_extractions_are_right_and_find_most_cases_again(shared):
    folder = shared / "data" / "evvet"
    rows = pl.concat([re_extracted(folder), listings(folder, "")])
    found = link(rows, seed=1).links
    drawn = found.sample(N_DRAWN, seed=1)
    assert sum(label(drawn, rows)) / N_DRAWN >= 0.90
    number = {row["report_key"]: row["number"] for row in rows.iter_rows(named=True)}
    again = {number[a] for a, b in found.select("left_key", "right_key").iter_rows() if number[a] == number[b]}
    twice = rows.group_by("number").len().filter(pl.col("len") > 1).height
    assert len(again) >= 0.5 * twice


def test_listings_as_they_stand_lose_few_cases_and_none_to_a_contradiction(shared):
    rows = listings(shared / "data" / "evvet", "")
    result = link(rows, seed=1)
    assert result.verdict.is_accepted
    assert 10 <= result.links.height <= 40
    right = label(result.links, rows)
    assert sum(right) / len(right) >= 0.85  # of 18 links: two wrong ones are 0.89
    for field in ("species", "sex", "country", "n_animals_affected"):
        assert (result.links[f"level_{field}"] != 0).all(), field
    country = dict(rows.select("report_key", "country").iter_rows())
    cases = rows.group_by("country").len().filter(pl.col("len") >= 100)
    dropped = (
        result.links.select(pl.col("right_key").replace_strict(country).alias("country")).group_by("country").len("n")
    )
    shares = cases.join(dropped, on="country", how="inner").select(pl.col("n") / pl.col("len")).to_series()
    assert shares.max() < 0.02
