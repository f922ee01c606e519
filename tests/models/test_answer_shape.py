"""One row that can't be computed stops no other: wild counts through every method."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.disproportionality.counts import Cells, from_counts
from models.disproportionality.ic import ic, ic_bate_gould, ic_noren_2006
from models.disproportionality.prr import chi_squared, prr
from models.disproportionality.ror import ror, ror_shrunk
from models.interaction.count import EIGHT
from models.interaction.methods import interactions
from models.masking.masking import COUNTS, without_masker
from models.methods import METHODS, Pairs, answers
from models.mgps.fit import Prior
from models.rates.exact import incidence_class, poisson_interval, rate_ratio
from models.result import SHAPE, result
from models.surveillance.increase import increased

NUMBERS = ("estimate", "lower", "upper", "p_value")
WILD = st.one_of(
    st.integers(-3, 40).map(float),
    st.sampled_from([-1e9, 1e4, 1e9, 1e12, 2.0**53, np.nan, np.inf, -np.inf, 1e308, 0.5]),
)
PRIOR = Prior(0.2, 0.06, 1.4, 1.8, 0.1, "zero_inclusive")
SOUND = (5.0, 20.0, 30.0, 900.0)
EXACT = ("ror_exact", "fisher", "fisher_mid_p")  # their cost grows with the count


def wild_rows(width, size=6):
    return st.lists(st.tuples(*[WILD] * width), min_size=1, max_size=size)


def is_honest(frame: pl.DataFrame) -> None:
    """Each row has a number or a reason, no number is NaN or infinite, and a reason goes with no flag."""
    for row in frame.select(*SHAPE).iter_rows(named=True):
        assert row["estimate"] is not None or row["not_computed"], row
        assert all(row[name] is None or np.isfinite(row[name]) for name in NUMBERS), row
        assert row["not_computed"] is None or row["is_signal"] is None, row
        assert row["not_computed"] != "", row


@given(wild_rows(4), st.booleans())
@settings(max_examples=40, deadline=None)
def test_every_pairwise_method_answers_each_row(rows, as_counts):
    """The last row is sound, and answered as it is alone."""
    table = np.array([*rows, SOUND])
    for names, most in ((METHODS, 1e9), ([n for n in METHODS if n not in EXACT], np.inf)):
        kept = table[~(np.abs(table) > most).any(axis=1)]
        cells = [Cells(*kept.T, np.abs(kept[:, 0])), from_counts(*kept.T)][as_counts]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            found = answers(Pairs(cells, cells.expected, PRIOR), names, pl.DataFrame({"at": range(len(kept))}))
        is_honest(found)
        alone = Cells(*(x[-1:] for x in (cells.a, cells.b, cells.c, cells.d, cells.expected)))
        sound = answers(Pairs(alone, alone.expected, PRIOR), names, pl.DataFrame({"at": [len(kept) - 1]}))
        mine = found.filter(at=len(kept) - 1)
        skipped = mine["method"].is_in(["ic_noren_2006"])  # draws of a batch depend on its size
        assert mine.filter(~skipped).equals(sound.filter(~skipped))


@given(wild_rows(4))
@settings(deadline=None)
def test_formulas_take_whatever_counts_say(rows):
    table = np.array([*rows, SOUND])
    cells = from_counts(*table.T)
    is_none = ~cells.is_table()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for found in (prr(cells), ror(cells), ror_shrunk(cells), ic(cells.a, cells.expected), ic_bate_gould(cells)):
            assert np.isnan(found.estimate[is_none]).all()
        assert np.isnan(
            ic(table[:, 0], table[:, 1]).estimate[~(np.isfinite(table[:, :2]) & (table[:, :2] >= 0)).all(axis=1)]
        ).all()
        assert np.isnan(chi_squared(cells)[is_none]).all()
        lower, upper = poisson_interval(table[:, 0])
        assert np.isnan(lower[~(table[:, 0] >= 0)]).all() and np.isnan(upper[~(table[:, 0] >= 0)]).all()
        ratio, *_ = rate_ratio(*table.T)
        assert np.isnan(ratio[~(table[:, [0, 2]] >= 0).all(axis=1)]).all()
        assert len(incidence_class(table[:, 0])) == len(table)


@given(wild_rows(8))
@settings(deadline=None)
def test_interactions_answer_each_row(rows):
    triples = pl.DataFrame(np.array([*rows, (3, 40, 5, 60, 7, 80, 9, 900)], dtype=float), EIGHT, orient="row")
    triples = triples.with_columns(product_1=pl.lit("A"), product_2=pl.lit("B"), event=pl.lit("x"))
    with np.errstate(all="ignore"):
        found = interactions(triples)
    is_honest(found)
    assert found["estimate"][len(rows)] is not None and found["estimate"][-1] is not None


@given(wild_rows(8))
@settings(deadline=None)
def test_pairs_without_a_masker_answer_each_row(rows):
    frame = pl.DataFrame(np.array([*rows, (5, 20, 30, 900, 3, 40, 1, 4)], dtype=float), COUNTS, orient="row")
    found = without_masker(frame)
    is_honest(found)
    assert found["not_computed"][-1] is None


@given(wild_rows(6))
@settings(deadline=None)
def test_increases_answer_each_row(rows):
    now, year, past, n_now, n_year, n_past = np.array([*rows, (4, 1, 1, 10, 90, 90)], dtype=float).T
    with np.errstate(all="ignore"):
        found = increased((now, year, past), (n_now, n_year, n_past))
    is_honest(found)
    assert found["is_signal"][-1]


def test_the_reason_says_which_number_it_was():
    found = result(
        *("m", "lower > 1", [2.0, np.nan, 3.0, 4.0, np.inf, 5.0]),
        lower=[1.5, 1.0, np.nan, 1.0, 1.0, 1.0],
        upper=[3.0, 2.0, np.inf, np.inf, 1.0, 2.0],
        p_value=[0.1] * 6,
        is_signal=[True] * 6,
        not_computed=[None] * 5 + ["said"],
    )
    assert found["not_computed"].to_list() == [
        None,
        "estimate is missing",
        "lower is missing, upper is infinite",
        "upper is infinite",
        "estimate is infinite",
        "said",
    ]
    assert found["estimate"].to_list() == [2.0, None, 3.0, 4.0, None, None]
    assert found["lower"].to_list() == [1.5, None, None, 1.0, None, None]
    assert found["p_value"].to_list() == [0.1, None, 0.1, 0.1, None, None]
    assert found["is_signal"].to_list() == [True] + [None] * 5


@pytest.mark.parametrize("n", [0, 1])
def test_few_rows_and_none(n):
    found = result("m", "r", np.zeros(n), lower=[np.inf] * n, keys=pl.DataFrame({"k": range(n)}))
    assert found.columns == ["k", *SHAPE]
    assert found["not_computed"].to_list() == ["lower is infinite"] * n


def test_draws_of_a_row_that_is_no_table_are_left_out():
    cells = from_counts([5, 3], [20, 20], [30, 1], [900, 900])
    found = answers(Pairs(cells, cells.expected), ["ic_noren_2006"], pl.DataFrame({"at": [0, 1]}))
    assert found["not_computed"].to_list() == [None, "the counts form no 2x2 table"]
    assert found["lower"][0] == pytest.approx(
        float(ic_noren_2006(cells.where(np.array([True, False])), draws=4_000).lower[0])
    )
