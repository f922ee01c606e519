"""The tasks that fit priors, without the engine: a species with few reports is shrunk to what was known of all."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from models.cube.kernels import add, cells_of
from models.cube.months import month_end
from models.mgps.fit import fitted
from models.mgps.posterior import score
from models.mgps.shrink import fitted_shrunk
from pipelines.defs.gold.comparison.build import answering
from pipelines.defs.gold.disproportionality.points import FINE
from pipelines.defs.gold.disproportionality.prior import FITTED, SHRUNK_CURVE, counting, fitting, shrinking
from pipelines.defs.gold.disproportionality.score import scoring
from pipelines.defs.gold.disproportionality.tables import Signal
from pipelines.lake import shuffle

FIRST = 1488  # January 2024


def cells(n_reports: int, seed: int):
    """Reports of four months, substances and events of uneven size, some pairs above chance."""
    random = np.random.default_rng(seed)
    popular = 1 / np.arange(1, 26)
    joint = np.outer(popular, popular) * np.random.default_rng(9).gamma(0.7, 1 / 0.7, (25, 25))
    drawn = random.choice(625, size=n_reports, p=(joint / joint.sum()).ravel())
    parts = []
    for at, (substance, event) in enumerate(zip(*np.divmod(drawn, 25), strict=True)):
        lists = [(np.array([0, 1]), np.array([code + 1])) for code in (substance, event)]
        parts.append(cells_of(np.array([FIRST + at % 4]), np.array([0]), *lists))
    return add(parts)


def of(name: str, place: int, n_reports: int, seed: int):
    """What the counting task hands to the fit of one population."""
    given = shuffle.blocks(place, name, *cells(n_reports, seed))
    return list(counting(100, FINE, 1)(given))


def rows(batches):
    return [row for batch in batches for row in batch.to_pylist()]


@pytest.mark.parametrize("likelihood", ["zero_inclusive", "mixture_truncated"])
def test_a_species_is_shrunk_to_the_latest_prior_of_all_that_was_known_then(likelihood):
    whole = rows(fitting(likelihood, FINE)(of("veterinary", 0, 1600, 1)))
    assert [row["month"] for row in whole] == [month_end(FIRST + at) for at in range(4)]
    counted = of("veterinary:dog", 1, 440, 2)
    own = {("veterinary:dog", r["month"]): r for r in rows(fitting(likelihood, FINE)(counted))}
    assert len(own) == 4
    known = [r for r in whole[1:3] if r["is_converged"]]
    assert known
    dog = rows(shrinking({"veterinary": known}, {k: {f: r[f] for f in FITTED} for k, r in own.items()}, FINE)(counted))
    assert [row["month"] for row in dog] == [month for _, month in own if month >= known[0]["month"]]
    for row in dog:
        found = fitted_shrunk({**own["veterinary:dog", row["month"]], **row})
        assert found is not None
        towards = fitted([r for r in known if r["month"] <= row["month"]][-1])
        assert found.theta != towards.theta
        np.testing.assert_allclose(np.log(found.theta), np.log(towards.theta), atol=1.5)
        assert len(row[SHRUNK_CURVE]) == len(own["veterinary:dog", row["month"]]["curve_n"])


@pytest.mark.parametrize("has_whole", [True, False])
def test_a_species_is_scored_by_both_priors_as_known_at_each_month(tmp_path, has_whole):
    whole = [r for r in rows(fitting("zero_inclusive", FINE)(of("veterinary", 0, 1600, 1))) if r["is_converged"]][:1]
    counted = of("veterinary:dog", 1, 440, 2)
    own = rows(fitting("zero_inclusive", FINE)(counted))
    towards = {"veterinary": whole if has_whole else []}
    shrunk = rows(shrinking(towards, {("veterinary:dog", r["month"]): r for r in own}, FINE)(counted))
    by_month = {r["month"]: r for r in shrunk}
    priors = [{"is_shrunk_converged": None, **r, **by_month.get(r["month"], {})} for r in own]
    codes = pa.array([f"k{i}" for i in range(1, 26)])
    named = {f"{kind}:{kind}_{part}": codes for kind in ("substance", "term") for part in ("key", "name")}
    named |= {"term:soc_name": codes, "term:event_key": codes}
    given = shuffle.blocks(0, "veterinary:dog", *cells(440, 2))
    root = str(tmp_path)
    (added,) = rows(scoring(root, Signal, named, priors, 100, None)(given))
    scored = pl.read_parquet(f"{root}/{added['path']}")
    assert set(scored["month"]) == {r["month"] for r in own}
    if not has_whole:
        assert scored["eb05_shrunk"].null_count() == scored.height
        assert scored["not_computed"].str.contains("ebgm_shrunk: no prior of the whole").all()
        return
    for month, part in scored.group_by("month"):
        known = [r for r in shrunk if r["month"] <= month[0]]
        if not known:
            assert part["eb05_shrunk"].null_count() == part.height
            continue
        prior = fitted_shrunk({**own[0], **known[-1]})
        expected = score(part["a"], part["expected"], prior)
        np.testing.assert_allclose(part["eb05_shrunk"], expected.eb05, rtol=1e-9)
        assert set(part["shrunk_prior_month"]) == {known[-1]["month"]}
    assert scored["eb05_shrunk"].is_not_null().any()
    given = scored.with_columns(population=pl.lit("veterinary:dog"), is_latest=pl.lit(True)).to_arrow().to_batches()
    every = pl.concat(pl.DataFrame(b) for b in answering(("ic", "mgps", "mgps_shrunk"), priors)(iter(given)))
    same = every.filter(method="mgps_zero_inclusive_shrunk").join(scored, on=["substance_key", "term_key", "month"])
    assert same.height == scored["shrunk_prior_month"].is_not_null().sum()
    np.testing.assert_allclose(same["lower"].cast(float), same["eb05_shrunk"].cast(float), rtol=1e-12)
