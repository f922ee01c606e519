"""pvda 0.0.4 (Uppsala): IC, PRR and ROR from reports and on grids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from models.disproportionality.counts import count_pairs, from_counts
from models.disproportionality.ic import ic
from models.disproportionality.prr import prr
from models.disproportionality.ror import ror
from models.interaction.omega import omega
from models.score import score_counts

pytestmark = pytest.mark.samples

NAMES = {
    "expected": "exp_rrr",
    "ic": "ic",
    "ic025": "ic2.5",
    "ic975": "ic97.5",
    "prr": "prr",
    "prr_lower": "prr2.5",
    "prr_upper": "prr97.5",
    "ror": "ror",
    "ror_lower": "ror2.5",
    "ror_upper": "ror97.5",
}


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "references" / "pvda"


def _numbers(series: pl.Series) -> np.ndarray:
    """R's text to numbers; NaN where R left none or gave infinity (ours is null there)."""
    values = series.cast(pl.String).str.to_lowercase().cast(pl.Float64, strict=False).to_numpy()
    return np.where(np.isfinite(values), values, np.nan)


@pytest.mark.parametrize(("name", "n_pairs"), [("drug_event_df", 1_306), ("tiny_dataset", None)])
def test_from_reports(folder: Path, name: str, n_pairs: int | None) -> None:
    reports = pl.read_csv(folder / f"{name}.csv")
    expected = pl.read_csv(folder / f"expected_da_{name}.csv", infer_schema_length=None)
    pairs = count_pairs(reports["report_id"], reports["drug"], reports["event"])
    assert pairs.height == expected.height == (n_pairs or expected.height)
    table = score_counts(*(pairs[c].to_numpy() for c in ("a", "n_product", "n_event", "n_total")))
    ours = pl.concat([pairs.select("product", "event", "n_product", "n_event", "n_total"), table], how="horizontal")
    theirs = expected.rename({"ic": "r_ic", "prr": "r_prr", "ror": "r_ror", "b": "r_b", "c": "r_c", "d": "r_d"})
    both = ours.join(theirs, left_on=["product", "event"], right_on=["drug", "event"], validate="1:1", suffix="_r")
    assert both.height == pairs.height
    for mine, count in {
        "a": "obs",
        "b": "r_b",
        "c": "r_c",
        "d": "r_d",
        "n_product": "n_drug",
        "n_total": "n_tot",
    }.items():
        np.testing.assert_array_equal(both[mine], both[count])
    for mine, peer in NAMES.items():
        column = both[f"r_{peer}" if peer in ("ic", "prr", "ror") else peer]
        np.testing.assert_allclose(_numbers(both[mine]), _numbers(column), rtol=1e-10, err_msg=mine)


def test_rule_of_three_blanks_as_pvda_does_by_default(folder: Path) -> None:
    expected = pl.read_csv(folder / "expected_da_drug_event_df.csv", infer_schema_length=None)
    counts = (expected[c].to_numpy() for c in ("obs", "n_drug", "n_event", "n_tot"))
    table = score_counts(*counts, min_reports=3)
    assert table["prr"].null_count() == table["ror"].null_count() == 856
    assert table["ic"].null_count() == 0


def test_ic_grid(folder: Path) -> None:
    grid = pl.read_csv(folder / "expected_ic_grid.csv")
    for level, lower, upper in ((0.95, "ic2.5", "ic97.5"), (0.99, "ic0.5", "ic99.5")):
        ours = ic(grid["obs"].to_numpy(), grid["exp"].to_numpy(), level)
        np.testing.assert_allclose(ours.estimate, grid["ic"], rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(ours.lower, grid[lower], rtol=1e-10)
        np.testing.assert_allclose(ours.upper, grid[upper], rtol=1e-10)


def test_prr_and_ror_examples(folder: Path) -> None:
    p = pl.read_csv(folder / "expected_prr_examples.csv")
    obs, n_drug = p["obs"].to_numpy(), p["n_drug"].to_numpy()
    ours = prr(from_counts(obs, n_drug, obs + p["n_event_prr"].to_numpy(), n_drug + p["n_tot_prr"].to_numpy()))
    for mine, name in ((ours.estimate, "prr"), (ours.lower, "prr2.5"), (ours.upper, "prr97.5")):
        np.testing.assert_allclose(mine, p[name], rtol=1e-12)
    r = pl.read_csv(folder / "expected_ror_examples.csv")
    a, b, c, d = (r[x].to_numpy() for x in "abcd")
    odds = ror(from_counts(a, a + b, a + c, a + b + c + d))
    for mine, name in ((odds.estimate, "ror"), (odds.lower, "ror2.5"), (odds.upper, "ror97.5")):
        np.testing.assert_allclose(mine, r[name], rtol=1e-12)


def test_omega_of_the_published_interaction(folder: Path) -> None:
    row = pl.read_csv(folder / "expected_omega_noren2008.csv").row(0, named=True)
    cells = [row[f"n{i}{j}{k}"] for i, j, k in ("111", "110", "101", "100", "011", "010", "001", "000")]
    ours = omega(*cells)
    assert float(ours.expected) == pytest.approx(row["E111"], rel=1e-12)
    assert float(ours.estimate) == pytest.approx(row["Omega"], rel=1e-12)
    assert float(ours.lower) == pytest.approx(row["Omega025"], rel=1e-10)
    assert float(ours.upper) == pytest.approx(row["Omega975"], rel=1e-10)


def test_by_group_is_the_same_count_within_each_group(folder: Path) -> None:
    reports = pl.read_csv(folder / "drug_event_df.csv")
    tables = [count_pairs(g["report_id"], g["drug"], g["event"]) for _, g in reports.group_by("group")]
    assert sum(table.height for table in tables) == 1_808
