"""Odds ratios against JIACRA IV's printed ones, against an optimiser's, and against what they mean."""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize

from models.association.williams import FEWEST, association

PATHOGENS = {
    "E. coli": "ESCCOL",
    "K. pneumoniae": "KLEPNE",
    "C. jejuni": "CAMJEJ",
    "C. coli": "CAMCOL",
    "Salmonella spp.": "SLMSPP",
}
CLASSES = {
    **{"5": "CAR", "6": "CEPH", "7": "QALL", "8": "POL", "9": "AMP", "10": "MAC", "11": "TET", "13": "CS"},
    **{"18.2": "CEPH", "18.3": "QALL", "18.4": "POL", "18.5": "AMP", "18.6": "TET"},
}
DIGITS = {"log": 2, "linear": 2, "quadratic": 4}
RNG = np.random.default_rng(7)


def places(n=25, phi=0.02, slope=0.4, size=400):
    """Exposure, resistant and tested isolates of `n` places whose shares vary as a beta."""
    x = RNG.uniform(0.1, 6, n)
    mean = 1 / (1 + np.exp(1.5 - slope * x))
    share = RNG.beta(mean * (1 / phi - 1), (1 - mean) * (1 / phi - 1))
    tested = RNG.integers(12, size, n)
    return x, RNG.binomial(tested, share), tested


def chapter_inputs(row, folder):
    """Places of one printed odds ratio: exposure, resistant, tested."""
    section, subject = row["section"], row["subject"]
    number = re.match(r"[\d.]+", section)[0].strip(".").split(".")
    wanted = CLASSES[".".join(number[:2]) if number[0] == "18" else number[0]]
    pathogen, _, animal = subject.partition(" in ")
    is_human = "from humans" in section and "and food-producing animals" not in section
    if section.endswith("isolates from humans") or "Consumption in humans" in section:
        file, x, y, n = "AMCh_AMRh", "DID_TOTAL", "NS", "Tested"
    elif "Consumption" not in section:
        file, x, y, n = "AMRa_AMRh", "PR_a", "NS", "Tested"
    elif is_human:
        file, x, y, n = "AMCa_AMRh", "PCU_ANIMALS", "NS", "Tested"
    else:
        file, x, y, n = "AMCa_AMRa", "PCU_ANIMALS", "NS_a", "Tested_a"
    with (folder / f"{file}.csv").open() as stream:
        rows = [
            r
            for r in csv.DictReader(stream)
            if (r["Class"], r["Pathogen"], r["Year"]) == (wanted, PATHOGENS[pathogen], row["year"])
            and (not animal or r["Animal"] == animal)
        ]
    return [[float(r[c]) for r in rows] for c in (x, y, n)]


def test_every_printed_odds_ratio_is_reproduced(shared):
    folder = shared / "data/jiacra_iv"
    with (folder / "expected_univariate_odds_ratios.csv").open() as stream:
        printed = list(csv.DictReader(stream))
    assert len(printed) >= 100
    wrong, as_written = [], 0
    for row in printed:
        inputs = chapter_inputs(row, folder)
        found = association(*inputs, row["model"])
        d = DIGITS[row["model"]]
        p = "<0.001" if found.p_value < 0.0005 else f"{found.p_value:.3f}"
        told = (f"{found.odds_ratio:.{d}f}", f"{found.lower:.{d}f}-{found.upper:.{d}f}", p)
        if told != (f"{float(row['odds_ratio']):.{d}f}", row["ci95"], row["p_value"]):
            wrong.append((row, found))
        filtered = association(*inputs, row["model"], FEWEST["as_written"])
        as_written += f"{filtered.lower:.{d}f}-{filtered.upper:.{d}f}" == row["ci95"]
        assert found.n_places == int(re.search(r"n=(\d+)", row["countries"])[1])
    assert not wrong
    assert as_written < len(printed) - 20, "the rule as it is written does not give the figures as they are printed"


def by_optimiser(x, y, n):
    """The same model by a general optimiser and a root: slope and phi."""

    def fit(phi):
        w = 1 / (1 + phi * (n - 1))

        def loss(b):
            eta = b[0] + b[1] * x
            return float(np.sum(w * (n * np.logaddexp(0, eta) - y * eta)))

        found = minimize(loss, [0.0, 0.0], method="BFGS", options={"gtol": 1e-9}).x
        p = 1 / (1 + np.exp(-(found[0] + found[1] * x)))
        return found[1], float(np.sum(w * (y - n * p) ** 2 / (n * p * (1 - p)))) - (x.size - 2)

    phi = brentq(lambda value: fit(value)[1], 1e-4, 1)
    return fit(phi)[0], phi


def test_an_optimiser_finds_the_same():
    x, y, n = places()
    slope, phi = by_optimiser(x, y, n)
    found = association(x, y, n, "linear")
    assert np.log(found.odds_ratio) == pytest.approx(slope, rel=1e-3)
    assert found.phi == pytest.approx(phi, rel=1e-2)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    held = 0
    for _ in range(200):
        found = association(*places(), "linear")
        held += found.lower <= np.exp(0.4) <= found.upper
    assert 176 <= held <= 198


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_what_an_odds_ratio_means(seed):
    random = np.random.default_rng(seed)
    n = random.integers(1, 500, 12)
    y = random.binomial(n, random.uniform(0, 1, 12))
    x = random.uniform(0, 5, 12)
    found = association(x, y, n, "linear")
    turned = association(x, n - y, n, "linear")
    scaled = association(x / 10, y, n, "linear")
    if found.reason:
        assert np.isnan(found.odds_ratio)
        return
    assert found.lower <= found.odds_ratio <= found.upper
    assert turned.odds_ratio == pytest.approx(1 / found.odds_ratio, rel=1e-6)
    assert np.log(scaled.odds_ratio) == pytest.approx(10 * np.log(found.odds_ratio), rel=1e-6, abs=1e-9)
    order = random.permutation(12)
    assert association(x[order], y[order], n[order], "linear").odds_ratio == pytest.approx(found.odds_ratio)


@pytest.mark.parametrize(
    ("x", "y", "n", "reason"),
    [
        ([1, 2], [1, 2], [9, 9], "fewer than three places"),
        ([1, 1, 1, 1], [1, 2, 3, 4], [9, 9, 9, 9], "the exposure is the same everywhere"),
        ([1, 2, 3], [0, 0, 0], [9, 9, 9], "no isolate is resistant"),
        ([1, 2, 3], [9, 9, 9], [9, 9, 9], "every isolate is resistant"),
        ([1, 2, 3, 4], [0, 0, 9, 9], [9, 9, 9, 9], "the fit does not converge"),
        ([np.nan, 2, 3], [1, 2, 3], [9, 9, 9], "fewer than three places"),
    ],
)
def test_what_can_not_be_computed_says_why(x, y, n, reason):
    found = association(x, y, n, "linear")
    assert found.reason.startswith(reason)
    assert np.isnan(found.odds_ratio)


def test_places_with_few_isolates_are_left_out_where_the_rule_is_asked():
    x, y, n = places(12)
    n[0], y[0] = 9, 9
    assert association(x, y, n, "log").n_places == 12
    assert association(x, y, n, "log", FEWEST["as_written"]).n_places == 11


def test_more_resistant_than_tested_is_refused():
    with pytest.raises(ValueError, match="more resistant"):
        association([1, 2, 3], [1, 2, 10], [9, 9, 9], "linear")
