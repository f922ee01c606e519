"""openEBGM 0.9.1 on CAERS: counts, expected, MGPS and squashing, from the raw reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from models.disproportionality.counts import count_pairs
from models.mgps import likelihood as lk
from models.mgps.fit import Prior, fit
from models.mgps.posterior import posterior_weight, score
from models.mgps.squash import auto_squash, squash, unsquashed
from models.score import score_counts

pytestmark = pytest.mark.samples


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "references" / "openebgm_caers"


@pytest.fixture(scope="module")
def reports(folder: Path) -> pl.DataFrame:
    return pl.read_csv(folder / "caers.csv.gz", encoding="utf8-lossy")


@pytest.fixture(scope="module")
def pairs(reports: pl.DataFrame) -> pl.DataFrame:
    return count_pairs(reports["id"], reports["var1"], reports["var2"])


@pytest.fixture(scope="module")
def expected(folder: Path) -> pl.DataFrame:
    return _read(folder / "expected_unstrat_full.csv.gz")


@pytest.fixture(scope="module")
def thetas(folder: Path) -> dict[str, dict[str, float]]:
    rows = pl.read_csv(folder / "expected_theta.csv", null_values=["NA"]).to_dicts()
    return {row["case"]: row for row in rows}


def _read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, encoding="utf8-lossy", null_values=["NA"], infer_schema_length=None)


def _theta(row: dict[str, float]) -> tuple[float, float, float, float, float]:
    return row["alpha1"], row["beta1"], row["alpha2"], row["beta2"], row["P"]


def _prior(theta: tuple[float, float, float, float, float]) -> Prior:
    return Prior(*theta, likelihood="component_truncated")


def _points(folder: Path, pairs: pl.DataFrame, case: str) -> lk.Points:
    """The points openEBGM fitted in a case, squashed by ourselves."""
    full = unsquashed(pairs["a"].to_numpy(), pairs["expected"].to_numpy())
    return {
        "unstrat_full": lambda: full,
        "unstrat_autosquash": lambda: auto_squash(full),
        "unstrat_squash_b50k100_then2_b10k50": lambda: squash(squash(full, 1, 50, 100), 2, 10, 50),
        "unstrat_squash_b100k100_then2_b10k20": lambda: squash(squash(full, 1, 100, 100), 2, 10, 20),
    }[case]()


def test_counts_are_of_distinct_reports(pairs: pl.DataFrame, expected: pl.DataFrame) -> None:
    joined = pairs.join(expected, left_on=["product", "event"], right_on=["var1", "var2"], validate="1:1")
    assert joined.height == pairs.height == 17_189
    assert joined["a"].equals(joined["N"], check_names=False)
    assert pairs["n_total"].unique().to_list() == [3_356]
    np.testing.assert_allclose(joined["expected"], joined["E"], rtol=1e-12)


def test_prr_agrees_with_the_package_where_it_is_finite(pairs: pl.DataFrame, expected: pl.DataFrame) -> None:
    table = score_counts(*(pairs[c].to_numpy() for c in ("a", "n_product", "n_event", "n_total")))
    joined = pl.concat([pairs.select("product", "event"), table], how="horizontal").join(
        expected, left_on=["product", "event"], right_on=["var1", "var2"]
    )
    joined = joined.with_columns(pl.col("PRR").str.to_lowercase().cast(pl.Float64))
    finite = joined.filter(pl.col("PRR").is_finite())
    np.testing.assert_allclose(finite["prr"], finite["PRR"], atol=1e-9)
    infinite = joined.filter(pl.col("PRR").is_infinite())
    assert infinite.height > 0
    assert infinite["prr"].null_count() == infinite.height
    assert infinite["not_computed"].str.contains("prr: c = 0").all()


@pytest.mark.parametrize("case", ["fixedtheta_testEBGM", "unstrat_full", "unstrat_autosquash"])
def test_scores_given_theta(folder: Path, thetas: dict[str, dict[str, float]], case: str) -> None:
    names = {"fixedtheta_testEBGM": "fixed_theta_testEBGM(not fitted here)"}
    table = _read(folder / f"expected_{case}.csv.gz")
    prior = _prior(_theta(thetas[names.get(case, case)]))
    n, e = table["N"].to_numpy(), table["E"].to_numpy()
    ours = score(n, e, prior)
    np.testing.assert_allclose(posterior_weight(n, e, prior), table["Qn"], atol=1e-7)
    np.testing.assert_allclose(ours.ebgm, table["EBGM"], atol=1e-6)
    np.testing.assert_allclose(ours.eb05, table["EB05"], atol=1e-6)
    np.testing.assert_allclose(ours.eb95, table["EB95"], atol=1e-6)


def test_likelihood_at_points(folder: Path, pairs: pl.DataFrame) -> None:
    n, e = pairs["a"].to_numpy(), pairs["expected"].to_numpy()
    squashed = auto_squash(unsquashed(n, e))
    for row in pl.read_csv(folder / "expected_negLL_at_points.csv").to_dicts():
        full = lk.negative_log_likelihood(_theta(row), n, e, likelihood="component_truncated")
        assert full == pytest.approx(row["negLL_full"], rel=1e-10)
        auto = lk.negative_log_likelihood(
            _theta(row), squashed.n, squashed.expected, squashed.weight, "component_truncated"
        )
        assert auto == pytest.approx(row["negLLsquash_auto"], rel=1e-10)


@pytest.mark.parametrize(
    "case",
    [
        "unstrat_full",
        "unstrat_autosquash",
        "unstrat_squash_b50k100_then2_b10k50",
        "unstrat_squash_b100k100_then2_b10k20",
    ],
)
def test_fit(folder: Path, pairs: pl.DataFrame, thetas: dict[str, dict[str, float]], case: str) -> None:
    ours = fit(_points(folder, pairs, case), "openebgm")
    assert ours.converged
    assert ours.theta == pytest.approx(_theta(thetas[case]), rel=1e-3)
    assert ours.neg_log_likelihood == pytest.approx(thetas[case]["negLL"], rel=1e-6)


def test_all_starts_find_a_better_optimum_than_the_published(pairs: pl.DataFrame) -> None:
    n, e = pairs["a"].to_numpy(), pairs["expected"].to_numpy()
    points = lk.observed_points(n, e)
    best, published = (fit(points, name) for name in ("component_truncated", "openebgm"))
    assert best.converged and published.converged
    assert (best.likelihood, published.likelihood) == ("component_truncated", "openebgm")
    assert best.neg_log_likelihood == pytest.approx(4162.18084, abs=1e-4)
    assert best.neg_log_likelihood == pytest.approx(
        lk.negative_log_likelihood(best.theta, n, e, likelihood="component_truncated"), rel=1e-12
    )
    assert published.neg_log_likelihood == pytest.approx(4162.45571, abs=1e-4)
    assert int((score(n, e, published).eb05 >= 2).sum()) == 131
    assert int((score(n, e, best).eb05 >= 2).sum()) == 128


def test_signals_stratified_by_sex(reports: pl.DataFrame) -> None:
    stratified = count_pairs(reports["id"], reports["var1"], reports["var2"], strata=reports["strat1"])
    n, e = stratified["a"].to_numpy(), stratified["expected"].to_numpy()
    prior = fit(lk.observed_points(n, e), "component_truncated")
    assert int((score(n, e, prior).eb05 >= 2).sum()) == 61


@pytest.mark.parametrize("case", ["unstrat_autosquash", "unstrat_squash_b50k100_then2_b10k50"])
def test_squashing(folder: Path, pairs: pl.DataFrame, case: str) -> None:
    name = case.removeprefix("unstrat_squash_").removeprefix("unstrat_")
    expected = pl.read_csv(folder / f"squashed_unstrat_{name}.csv").sort("N", "E", "weight")
    points = _points(folder, pairs, case)
    ours = pl.DataFrame({"N": points.n, "E": points.expected, "weight": points.weight}).sort("N", "E", "weight")
    assert ours.height == expected.height
    np.testing.assert_array_equal(ours["N"], expected["N"])
    np.testing.assert_array_equal(ours["weight"].sort(), expected["weight"].sort())
    np.testing.assert_allclose(ours["E"], expected["E"], rtol=1e-12)
    assert points.weight.sum() == pairs.height


def test_three_likelihoods_on_the_same_pairs(shared: Path, pairs: pl.DataFrame) -> None:
    variants = pl.read_csv(shared / "references" / "mgps_likelihood_variants" / "caers_unstratified_variants.csv")
    rows = dict(zip(lk.LIKELIHOODS, (variants.row(i, named=True) for i in (2, 0, 1)), strict=True))
    eb05_counts = {"zero_inclusive": 97, "component_truncated": 131, "mixture_truncated": 80}
    n, e = pairs["a"].to_numpy(), pairs["expected"].to_numpy()
    margins = [pairs.unique(key)[f"n_{key}"].to_numpy() for key in ("product", "event")]
    for name in lk.LIKELIHOODS:
        fitted = "openebgm" if name == "component_truncated" else name
        points = lk.weighted_points(
            n, pairs["n_product"], pairs["n_event"], 3_356, *margins, with_zeros=name == "zero_inclusive"
        )
        if name == "zero_inclusive":
            zero = points.n == 0
            assert (int(zero.sum()), int(points.weight[zero].sum())) == (1_258, 3_799_483)
        ours = fit(points, fitted)
        assert ours.theta == pytest.approx(_theta(rows[name]), rel=1e-3)
        assert ours.neg_log_likelihood == pytest.approx(rows[name]["negLL"], rel=1e-6)
        scores = score(n, e, ours)
        assert int((scores.eb05 >= 2).sum()) == eb05_counts[name]
        assert int((scores.ebgm >= 2).sum()) == rows[name]["n_EBGM_ge_2"]
