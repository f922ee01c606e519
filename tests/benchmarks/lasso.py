"""Lasso of many events over all substances: against scikit-learn, event by event, on the same penalties.

`python -m tests.benchmarks.lasso [--reports N] [--events K]`. Substances have popularities as steep as in real
databases; each event is raised by a few of them. Both sides fit the same path; where they end is compared.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
from scipy.sparse import csr_matrix

from models.comedication.design import Design, design
from models.comedication.lasso import largest_penalty, lasso_path
from tests.benchmarks.measure import ROUNDS, Line, in_turn, measured, say, target_at

N_SUBSTANCES, N_EVENTS = 2_000, 1_000
TARGETS = {1_000_000: 0.5}  # by reports
STEPS, LOWEST = 10, 0.03  # penalties of the path, and the last as a share of the first


def reports(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Report and substance numbers, 2.2 substances a report."""
    random = np.random.default_rng(seed)
    popularity = np.cumsum(1 / np.arange(1, N_SUBSTANCES + 1))
    lengths = 1 + random.poisson(1.2, n)
    substance = np.searchsorted(popularity / popularity[-1], random.random(lengths.sum()))
    key = np.unique(np.repeat(np.arange(n), lengths) * N_SUBSTANCES + substance)
    return np.divmod(key, N_SUBSTANCES)


def event(n: int, report: np.ndarray, substance: np.ndarray, seed: int) -> np.ndarray:
    """Reports of one event: one in a thousand, more under five substances."""
    random = np.random.default_rng([seed, 7])
    raised = np.zeros(n)
    for cause in random.choice(200, 5, replace=False):
        raised[report[substance == cause]] += 2.0
    return np.flatnonzero(random.random(n) < 1 / (1 + np.exp(6.9 - raised)))


def compare(n: int, n_ours: int, n_theirs: int, rounds: int = ROUNDS) -> Line:
    """Time per event on both sides, times the number of events."""
    from sklearn.linear_model import LogisticRegression

    report, substance = reports(n)
    table, building = measured(lambda: design(report, substance, n, N_SUBSTANCES))
    rows = [event(n, report, substance, seed) for seed in range(n_ours)]
    lasso_path(table, table.events(rows[0]), penalties(table, table.events(rows[0]))[:1], standardise=False)
    x = csr_matrix((np.ones(report.size), (report, substance)), shape=(n, N_SUBSTANCES))

    def peer(mine: np.ndarray) -> np.ndarray:
        y = np.zeros(n)
        y[mine] = 1
        model = LogisticRegression(l1_ratio=1.0, solver="saga", warm_start=True, tol=1e-4, max_iter=200)
        for penalty in penalties(table, table.events(mine)):
            model.set_params(C=1 / (n * penalty)).fit(x, y)
        return np.asarray(model.coef_[0])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        turns = in_turn(
            lambda: [path(table, table.events(mine)) for mine in rows],
            lambda: [peer(mine) for mine in rows[:n_theirs]],
            rounds,
        )
    pairs = zip(turns.our_result, turns.their_result, strict=False)
    gap = max(float(np.abs(a - b).max()) for a, b in pairs)
    mine, other = turns.seconds
    mine = [seconds / n_ours * N_EVENTS + building.processor for seconds in mine]
    other = [seconds / n_theirs * N_EVENTS for seconds in other]
    said = f"{table.n.size:,} distinct sets; {n_ours} events here, {n_theirs} there, times {N_EVENTS:,}; largest gap {gap:.3f}"
    job = f"lasso, {N_EVENTS:,} events, {N_SUBSTANCES:,} substances, {n:,} reports"
    return Line(job, "scikit-learn saga, an event at a time", mine, other, target_at(TARGETS, n), said)


def penalties(table: Design, events: np.ndarray) -> np.ndarray:
    """The path of both sides."""
    highest = largest_penalty(table, events, np.ones(table.n_substances))
    return highest * np.exp(np.linspace(0, np.log(LOWEST), STEPS))


def path(table: Design, events: np.ndarray) -> np.ndarray:
    """Coefficients at the last penalty."""
    return lasso_path(table, events, penalties(table, events), standardise=False).beta[-1]


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10)
    given = parser.parse_args()
    say(compare(given.reports, given.events, 1))


if __name__ == "__main__":
    main()
