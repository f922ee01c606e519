"""All methods about the pairs of a lake: each row is what the method alone says, and ranks are those of the ranking."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from models.disproportionality.counts import from_counts
from models.disproportionality.fisher import fisher
from models.mgps.fit import fitted
from models.mgps.posterior import probability_below
from models.multiplicity.fdr import bayesian, benjamini_hochberg
from pipelines.analyse.files import FileError
from pipelines.cli import app
from pipelines.commands.compare import compared
from pipelines.defs.gold.comedication.build import comedication
from pipelines.defs.gold.comedication.tables import Comedication
from pipelines.defs.gold.comparison.build import FEWEST, signal_by_method
from pipelines.defs.gold.comparison.tables import SignalByMethod
from pipelines.defs.gold.disproportionality.prior import prior
from pipelines.defs.gold.disproportionality.score import signal
from pipelines.defs.gold.disproportionality.tables import Prior
from pipelines.frames.history import always
from tests.gold.test_disproportionality import platform_of

D = dt.date


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    """HIT causes `e:1`; NEAR is always taken with it; `e:late` comes with S4 in the last year only."""
    random = np.random.default_rng(8)
    popular = 1 / np.arange(1, 16)
    joint = np.outer(popular, popular) * random.gamma(0.7, 1 / 0.7, (15, 15))
    drawn = random.choice(225, size=3000, p=(joint / joint.sum()).ravel())
    history, products, events = [], [], []
    for i, (substance, event) in enumerate(zip(*np.divmod(drawn, 15), strict=True)):
        key, month = f"c{i:04}", i % 36
        history.append((key, 1, D(2022 + month // 12, 1 + month % 12, 10), None, False, "human", "human"))
        taken, told = {f"S{substance}"}, {f"e:{event}"} - {"e:1"}
        if i % 10 == 0:
            taken |= {"HIT"} | ({"NEAR"} if i % 20 == 0 else set())
        elif i % 50 == 7:
            taken.add("NEAR")
        if random.random() < (0.6 if "HIT" in taken else 0.03):
            told.add("e:1")
        if month >= 24 and "S4" in taken and random.random() < 0.3:
            told.add("e:late")
        products += [(key, 1, "suspect", [s]) for s in taken]
        events += [(key, 1, term) for term in told]
    sizes = {"minimum_reports": 200, "lasso_minimum_reports": 100}
    platform = platform_of(spark, tmp_path_factory.mktemp("methods"), history, products, events, **sizes)
    lake = platform.lake
    for name, columns in (
        ("substance", "substance_key string, substance_name string"),
        ("term", "term_key string, term_name string"),
    ):
        always(spark.createDataFrame([], columns)).write.format("delta").save(lake.path(f"silver.{name}"))
    lake.upsert(Prior, prior(lake, platform), {})
    signal(platform, {})
    lake.upsert(Comedication, comedication(lake, platform), {})
    lake.upsert(SignalByMethod, signal_by_method(lake), {})
    return lake


@pytest.fixture(scope="module")
def rows(lake):
    return pl.DataFrame(lake["gold.signal_by_method"].toArrow())


@pytest.mark.spark
def test_the_lasso_tells_the_cause_from_its_companion(lake):
    found = {(r["substance_key"], r["term_key"]): r for r in lake["gold.comedication"].collect()}
    assert found["HIT", "e:1"]["is_signal"]
    assert found["HIT", "e:1"]["lower"] > 5
    assert ("NEAR", "e:1") not in found


@pytest.mark.spark
def test_every_method_answers_for_every_pair_of_the_last_month(lake, rows):
    latest = pl.DataFrame(lake["gold.signal"].filter(f"is_latest AND a >= {FEWEST}").toArrow())
    wide = rows.filter(pl.col("is_latest") & ~pl.col("method").str.contains("lasso"))
    counts = wide.group_by("method").len()
    assert set(counts["method"]) == {
        *("prr", "prr_ema", "ror", "ror_exact", "ror_shrunk", "fisher", "fisher_mid_p", "ic", "bcpnn"),
        *("mgps_zero_inclusive", "fdr_bh", "fdr_bayes", "increased_frequency"),
    }
    assert set(counts["len"]) == {latest.height}
    keys = ["substance_key", "term_key"]
    for method, columns in (
        ("ic", ("ic", "ic025", "ic975", "is_ic_signal")),
        ("ror", ("ror", "ror_lower", "ror_upper", "is_ror_signal")),
        ("mgps_zero_inclusive", ("ebgm", "eb05", "eb95", "is_ebgm_signal")),
    ):
        both = wide.filter(pl.col("method") == method).join(latest, on=keys)
        for mine, theirs in zip(("estimate", "lower", "upper", "is_signal"), columns, strict=True):
            assert both[mine].cast(float).fill_null(-1).to_list() == pytest.approx(
                both[theirs].cast(float).fill_null(-1).to_list(), rel=1e-9
            )


@pytest.mark.spark
def test_rates_are_those_of_the_whole_ranking(lake, rows):
    latest = pl.DataFrame(lake["gold.signal"].filter(f"is_latest AND a >= {FEWEST}").toArrow())
    cells = from_counts(
        latest["a"],
        latest["a"] + latest["b"],
        latest["a"] + latest["c"],
        latest.select(pl.sum_horizontal("a", "b", "c", "d")).to_series(),
    )
    row = lake["gold.prior"].filter(f"month = '{latest['prior_month'][0]}'").first()
    known = fitted(row.asDict())
    wanted = {
        "fdr_bh": benjamini_hochberg(fisher(cells, mid_p=True)),
        "fdr_bayes": bayesian(probability_below(cells.a, cells.expected, known)).fdr,
    }
    for method, rates in wanted.items():
        mine = rows.filter(pl.col("method") == method).select("substance_key", "term_key", "estimate")
        both = latest.with_columns(wanted=pl.Series(rates)).join(mine, on=["substance_key", "term_key"])
        np.testing.assert_allclose(both["estimate"], both["wanted"], rtol=1e-9)


@pytest.mark.spark
def test_the_course_and_what_has_become_more_frequent(rows):
    pair = (pl.col("substance_key") == "HIT") & (pl.col("term_key") == "e:1")
    course = rows.filter(pair & (pl.col("method") == "ror_exact")).sort("month")
    assert course.height > 30
    assert course["is_latest"].sum() == 1
    frequency = rows.filter(pl.col("method") == "increased_frequency")
    flagged = set(frequency.filter("is_signal").select("substance_key", "term_key").rows())
    assert ("S4", "e:late") in flagged
    assert ("HIT", "e:1") not in flagged
    assert len(flagged) < 0.2 * frequency.height


@pytest.mark.spark
def test_any_pair_can_be_compared_without_the_engine(lake, rows, tmp_path):
    found = compared(lake.root, "hit", "e:1", "human", ["ror_exact", "ic", "mgps"])
    mine = rows.filter((pl.col("substance_key") == "HIT") & (pl.col("term_key") == "e:1") & (pl.col("method") == "ic"))
    both = found.filter(pl.col("method") == "ic").join(mine, on="month")
    assert both.height == mine.height > 30
    np.testing.assert_allclose(both["estimate"], both["estimate_right"], rtol=1e-12)
    words = ["compare", "HIT", "e:1", "--lake", lake.root, "--methods", "prr,ic", "--out", str(tmp_path / "c.png")]
    assert CliRunner().invoke(app, words, catch_exceptions=False).exit_code == 0
    with pytest.raises(FileError, match="holds no substance 'NONE' in 'human'"):
        compared(lake.root, "NONE", "e:1", "human", ["ic"])
