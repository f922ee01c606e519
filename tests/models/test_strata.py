"""Expected counts over strata, and what a prior is fitted to when they are used."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

from models.disproportionality.counts import count_pairs, count_strata
from models.mgps.fit import fit
from models.mgps.likelihood import observed_points
from models.mgps.posterior import score
from models.mgps.stratified import stratified_points
from pipelines.analyse.score import Columns, answer_file, score_file


def listing(n_cases: int = 400, seed: int = 1) -> pl.DataFrame:
    """Cases in three strata that report different products; one product and one event never meet in a stratum."""
    random = np.random.default_rng(seed)
    rows = []
    for case in range(n_cases):
        stratum = int(random.integers(3))
        named = [(random.integers(6), random.integers(5)) for _ in range(int(random.integers(1, 4)))]
        rows.extend((case, f"P{p + 3 * stratum}", f"E{e + 4 * stratum}", stratum) for p, e in named)
    return pl.DataFrame(rows, schema=["case", "product", "event", "stratum"], orient="row")


def by_hand(rows: pl.DataFrame) -> dict[tuple[str, str], float]:
    """Expected counts of all cells, case by case, in plain Python."""
    found = {}
    for product, event in itertools.product(sorted(set(rows["product"])), sorted(set(rows["event"]))):
        total = 0.0
        for stratum in sorted(set(rows["stratum"])):
            cases = [r for r in rows.iter_rows(named=True) if r["stratum"] == stratum]
            with_product = {r["case"] for r in cases if r["product"] == product}
            with_event = {r["case"] for r in cases if r["event"] == event}
            total += len(with_product) * len(with_event) / len({r["case"] for r in cases})
        found[product, event] = total
    return found


def test_every_cell_empty_or_not_has_its_stratified_expected_count():
    rows = listing(150)
    pairs, margins = count_strata(*(rows[c] for c in ("case", "product", "event", "stratum")))
    cells = by_hand(rows)
    assert pairs["expected"].to_list() == pytest.approx(
        [cells.pop(key) for key in pairs.select("product", "event").iter_rows()]
    )
    points = stratified_points(pairs, margins)
    empty = [e for e in cells.values() if e > 0]
    assert len(empty) < len(cells)
    zero = points.n == 0
    assert points.weight[zero].sum() == len(empty)
    assert points.weight[~zero].sum() == pairs.height
    drawn = np.repeat(points.expected[zero], points.weight[zero].astype(int))
    np.testing.assert_allclose(np.sort(drawn), np.sort(empty), rtol=4e-6)


def test_cells_are_the_same_in_parts_and_in_any_order_of_rows(monkeypatch):
    rows = listing()
    whole = count_strata(*(rows[c] for c in ("case", "product", "event", "stratum")))
    points = stratified_points(*whole)
    mixed = rows.sample(fraction=1.0, shuffle=True, seed=3)
    again = count_strata(*(mixed[c] for c in ("case", "product", "event", "stratum")))
    assert whole[0].equals(again[0])
    monkeypatch.setattr("models.mgps.stratified._CELLS_AT_ONCE", 20)
    in_parts = stratified_points(*again)
    np.testing.assert_array_equal(points.n, in_parts.n)
    np.testing.assert_array_equal(points.weight, in_parts.weight)
    np.testing.assert_allclose(points.expected, in_parts.expected, rtol=1e-14)


def uneven(n_cases: int = 6000, seed: int = 2) -> pl.DataFrame:
    """Cases whose products go with some events more than with others, and more so in one stratum."""
    random = np.random.default_rng(seed)
    rate = random.choice([1.0, 6.0], p=[0.9, 0.1], size=(40, 30)) * random.gamma(2.0, 0.5, (40, 30))
    stratum = random.integers(3, size=n_cases)
    product = random.integers(20, size=n_cases) + 10 * stratum
    chance = np.cumsum(rate / rate.sum(axis=1, keepdims=True), axis=1)
    event = (chance[product] < random.random((n_cases, 1))).sum(axis=1)
    named = {"product": [f"P{i}" for i in product], "event": [f"E{i}" for i in event]}
    return pl.DataFrame({"case": np.arange(n_cases), **named, "stratum": stratum})


@pytest.mark.parametrize("likelihood", ["zero_inclusive", "mixture_truncated"])
def test_the_prior_of_score_is_fitted_to_the_expected_counts_that_it_scores(tmp_path, likelihood):
    rows = uneven()
    rows.write_csv(tmp_path / "mine.csv")
    columns = Columns("case", "product", "event", stratum="stratum")
    result = score_file(tmp_path / "mine.csv", columns, likelihood, lambda _: None)
    pairs, margins = count_strata(*(rows[c] for c in ("case", "product", "event", "stratum")))
    prior = fit(stratified_points(pairs, margins, likelihood == "zero_inclusive"), likelihood)
    assert prior.converged
    both = result.join(pairs, on=["product", "event"])
    np.testing.assert_allclose(both["ebgm"], score(both["a"], both["expected_right"], prior).ebgm, rtol=1e-6)


@pytest.mark.samples
def test_strata_flag_as_openebgm_does(shared, tmp_path):
    import gzip

    folder = shared / "references/openebgm_caers"
    path = tmp_path / "caers.csv"
    path.write_bytes(gzip.decompress((folder / "caers.csv.gz").read_bytes()))
    columns = Columns("id", "var1", "var2", stratum="strat1")
    result = score_file(path, columns, "component_truncated", lambda _: None)
    assert int((result["eb05"] >= 2).sum()) == 61
    long = answer_file(path, columns, "component_truncated", "mgps", 0, lambda _: None)
    assert int(long["is_signal"].sum()) == 61
    rows = pl.read_csv(path, encoding="utf8-lossy")
    pairs = count_pairs(rows["id"], rows["var1"], rows["var2"], strata=rows["strat1"])
    prior = fit(observed_points(pairs["a"], pairs["expected"]), "component_truncated")
    joined = result.join(pairs, on=["product", "event"])
    np.testing.assert_allclose(joined["ebgm"], score(joined["a"], joined["expected_right"], prior).ebgm, rtol=1e-9)
