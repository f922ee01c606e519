"""Bayesian scores of millions of pairs: against scipy used as one would without thinking of size.

`python -m tests.benchmarks.mgps [--pairs N]`. Counts are drawn from a two-gamma mixture over expected counts of product
margins, so that the fit has an interior optimum.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammainc
from scipy.stats import gamma

from models.disproportionality.ic import ic
from models.mgps.fit import ALL_STARTS, Prior, fit
from models.mgps.likelihood import Objective, Points, observed_points, to_unbounded
from models.mgps.posterior import score
from tests.benchmarks.measure import ROUNDS, Line, in_turn, say, target_at

TRUE = Prior(0.3, 0.2, 2.0, 2.4, 0.1, "zero_inclusive")
QUANTILES, FITS, EXACT = {2_350_000: 0.10}, {2_350_000: 0.10}, {6_800_000: 0.10}  # targets by pairs
STEPS = 40  # halvings: the bisection's bracket ends narrower than 1e-8 of itself


def cells(n_pairs: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Counts and expected counts of as many pairs with at least one report."""
    random = np.random.default_rng(seed)
    counts, expected = [], []
    found = 0
    while found < n_pairs:
        e = np.exp(random.normal(-1.0, 2.0, n_pairs))
        first = random.random(n_pairs) < TRUE.p
        rate = np.where(
            first,
            random.gamma(TRUE.alpha1, 1 / TRUE.beta1, n_pairs),
            random.gamma(TRUE.alpha2, 1 / TRUE.beta2, n_pairs),
        )
        n = random.poisson(rate * e)
        counts.append(n[n > 0])
        expected.append(e[n > 0])
        found += len(counts[-1])
    return np.concatenate(counts)[:n_pairs].astype(float), np.concatenate(expected)[:n_pairs]


def bisection(n: np.ndarray, expected: np.ndarray, q: np.ndarray, prior: Prior, probability: float) -> np.ndarray:
    """Posterior quantiles by halving a bracket of the whole vector: the peer."""
    low, high = np.zeros(n.size), np.full(n.size, 1e5)
    for _ in range(STEPS + 17):
        middle = (low + high) / 2
        below = (
            q * gammainc(prior.alpha1 + n, middle * (prior.beta1 + expected))
            + (1 - q) * gammainc(prior.alpha2 + n, middle * (prior.beta2 + expected))
        ) < probability
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def quantiles(n_pairs: int, rounds: int = ROUNDS) -> Line:
    """EBGM, EB05 and EB95 of every pair."""
    n, expected = cells(n_pairs)
    q = score(n, expected, TRUE).q
    turns = in_turn(
        lambda: score(n, expected, TRUE), lambda: [bisection(n, expected, q, TRUE, p) for p in (0.05, 0.95)], rounds
    )
    scores = turns.our_result
    for mine, other in zip((scores.eb05, scores.eb95), turns.their_result, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6)
    job = f"EBGM, EB05, EB95 of {n_pairs:,} pairs"
    return Line(job, "scipy, vectorised bisection", *turns.seconds, target_at(QUANTILES, n_pairs), turns.told())


def fits(n_pairs: int, rounds: int = ROUNDS) -> Line:
    """The two-gamma prior from five starts, on the same weighted points."""
    n, expected = cells(n_pairs)

    def mine() -> Prior:
        return fit(observed_points(n, expected), "mixture_truncated", ALL_STARTS)

    def other() -> list[float]:
        objective = Objective(Points(n, expected, np.ones(n.size)), "mixture_truncated")
        options = {"maxiter": 1000, "maxfun": 20_000}
        found = []
        for start in ALL_STARTS:
            x0 = to_unbounded(start)
            ends = minimize(lambda x: objective(x)[0], x0, method="L-BFGS-B", bounds=[(-12, 12)] * 5, options=options)
            found.append(float(ends.fun) * objective.total)
        return found

    turns = in_turn(mine, other, rounds)
    prior, peers = turns.our_result, turns.their_result
    if prior.neg_log_likelihood > min(peers) + 1e-6 * min(peers):
        raise AssertionError(f"ours ended at {prior.neg_log_likelihood}, the peer at {min(peers)}")
    job = f"MGPS fit, {len(ALL_STARTS)} starts, {n_pairs:,} pairs"
    said = f"-ln L {prior.neg_log_likelihood:.3f} here, {min(peers):.3f} there"
    return Line(job, "scipy L-BFGS-B, numerical gradient", *turns.seconds, target_at(FITS, n_pairs), said)


def exact_ic025(n_pairs: int, rounds: int = ROUNDS) -> Line:
    """The exact lower bound of the IC of every pair."""
    n, expected = cells(n_pairs)
    turns = in_turn(
        lambda: ic(n, expected).lower,
        lambda: np.log2(gamma.ppf(0.025, n + 0.5, scale=1 / (expected + 0.5))),
        rounds,
    )
    np.testing.assert_allclose(turns.our_result, turns.their_result, atol=1e-9)
    job = f"exact IC025 of {n_pairs:,} pairs"
    return Line(job, "scipy gamma.ppf a row", *turns.seconds, target_at(EXACT, n_pairs), turns.told())


def main() -> None:
    """Run the comparisons of this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2_350_000)
    n = parser.parse_args().pairs
    say(quantiles(n))
    say(exact_ic025(n * 29 // 10))
    say(fits(n))


if __name__ == "__main__":
    main()
