"""`gerland evaluate --replicate`: what a lake held, month by month, against what it received in the year after."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from models.evaluation.burden import MULTIPLES
from models.evaluation.methods import METHODS
from models.evaluation.replicate import A_SNAPSHOT, HORIZON, Replicated, halves, replicate, snapshots
from pipelines.core.log import Say
from pipelines.evaluate.lake import Domain, LakeReports, described, month_of, read
from pipelines.evaluate.lake_page import page
from pipelines.evaluate.run import EvaluationError
from pipelines.evaluate.worlds import reasons
from pipelines.output.cells import write_csv


def run(root: str, out: Path, bootstrap: int, as_of: str | None = None, say: Say = lambda _: None) -> Replicated:
    """Judge every method by replication on a lake, and write league.csv, log_scores.csv, alerts.parquet, page.html.

    Raises:
        EvaluationError: no lake, too few months, or nothing to learn from; the message says which.
    """
    from threadpoolctl import threadpool_limits

    reports = read(root, as_of)
    for line in reports.told:
        say(line)
    say("; ".join(f"{name}: {text}" for name, text in described(reports).items()))
    domains = {name: one.counted for name, one in reports.domains.items()}
    arrived = {name: one.received for name, one in reports.domains.items()}
    train = {name: halves(one.substances["name"].to_list()) for name, one in reports.domains.items()}
    try:
        train_months, test_months = snapshots(reports.months)
        with threadpool_limits(1):
            found = replicate(domains, arrived, train, train_months, test_months, bootstrap)
    except ValueError as error:
        raise EvaluationError(f"the lake at {root}: {error}") from None
    out.mkdir(parents=True, exist_ok=True)
    write_csv(found.league, out / "league.csv")
    write_csv(found.log_scores, out / "log_scores.csv")
    alerts(found, reports).write_parquet(out / "alerts.parquet")
    facts = {
        "Lake": root,
        **described(reports),
        "Trained on months": _listed(train_months, reports),
        "Judged at months": _listed(test_months, reports),
        "Outcome": f"excess (IC025 above 0) among reports first received in the {HORIZON} months after",
        "Split": "each half of the substances (sha256 of the lower-case name) is judged by models of the other",
        "Bootstrap draws": str(bootstrap),
        **{f"Left out {i}": line for i, line in enumerate(reports.told, 1)},
    }
    title = "Replication: what came in the year after"
    (out / "page.html").write_text(page(title, found.league, facts, log_scores=found.log_scores), encoding="utf-8")
    return found


KEYS = ("domain", "month", "method", "rank", "substance_key", "substance", "term_key", "event")


def named(domain: Domain, substance: np.ndarray, event: np.ndarray) -> list[pl.Series]:
    """Keys and names of pairs, by their places in a domain."""
    return [
        domain.substances["key"].gather(substance).alias("substance_key"),
        domain.substances["name"].gather(substance).alias("substance"),
        domain.events["key"].gather(event).alias("term_key"),
        domain.events["name"].gather(event).alias("event"),
    ]


def _listed(months: list[int], reports: LakeReports) -> str:
    return ", ".join(month_of(t, reports) for t in months)


def alerts(found: Replicated, reports: LakeReports) -> pl.DataFrame:
    """The first pairs of each domain, month, method and burden, with what came after and why."""
    names = list(reports.domains)
    frames = []
    for d, name in enumerate(names):
        one, rows = reports.domains[name], np.flatnonzero(found.judged.domain == d)
        for t in np.unique(found.judged.month[rows]):
            at = rows[found.judged.month[rows] == t]
            for m, method in enumerate(METHODS):
                keys = found.judged.event[at], found.judged.substance[at], -found.judged.n[at], -found.scores[at, m]
                best = at[np.lexsort(keys)][: int(A_SNAPSHOT * max(MULTIPLES))]
                told = _told(found, best, m).with_columns(
                    pl.lit(name).alias("domain"),
                    pl.lit(month_of(int(t), reports)).alias("month"),
                    pl.lit(method).alias("method"),
                    pl.Series("rank", np.arange(1, best.size + 1)),
                )
                places = found.judged.substance[best], found.judged.event[best]
                frames.append(told.with_columns(*named(one, *places)).select(*KEYS, pl.exclude(KEYS)))
    return pl.concat(frames)


def _told(found: Replicated, rows: np.ndarray, method: int) -> pl.DataFrame:
    judged = found.judged
    why: list[str | None] = [None] * rows.size
    if METHODS[method] == "combined":
        for half in (True, False):  # the models that scored a row are those of the other half of the substances
            mine = np.flatnonzero(judged.is_training[rows] != half)
            combined = found.fitted[0 if half else 1].combined
            for i, text in zip(mine, reasons(combined, judged.x[rows[mine]]), strict=True):
                why[i] = text
    return pl.DataFrame(
        {
            "reports": judged.n[rows],
            "expected": judged.expected[rows],
            "later_reports": judged.later_n[rows],
            "later_expected": judged.later_expected[rows],
            "score": found.scores[rows, method],
            "is_true": judged.is_excess[rows],
            "why": pl.Series(why, dtype=pl.String),
        }
    )
