"""`gerland evaluate --lake --reference`: a lake month by month as known then, against pairs with public dates.

The learned methods are fitted to the lake's own past, without the reference (`models.evaluation.own_past`); until it
has one, and as `triage_simulated` and `combined_simulated`, to simulated countries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from models.evaluation.burden import MULTIPLES, Ranked
from models.evaluation.features import features
from models.evaluation.known import walk
from models.evaluation.league import METRICS, Judged, judge, league
from models.evaluation.methods import REFERENCES, Fitted
from pipelines.core.log import Say
from pipelines.evaluate.lake import LakeReports, described, month_of
from pipelines.evaluate.lake import read as read_lake
from pipelines.evaluate.lake_page import page
from pipelines.evaluate.panel import OwnPasts, Panel
from pipelines.evaluate.reference import NEITHER, Pairs
from pipelines.evaluate.reference import read as read_reference
from pipelines.evaluate.replication import named
from pipelines.evaluate.resolve import UNNAMED, Resolved, resolve
from pipelines.evaluate.rows import stored
from pipelines.evaluate.run import EvaluationError
from pipelines.lake.query import QueryError, query
from pipelines.output.cells import write_csv

FIRST = 12  # month from which alerts are judged, in windows of six years and more; a sixth of shorter ones
FIXED = 2.5  # new pairs a month at the second base: its multiples are 1.25, 2.5, 5 and 10
FEWEST_TRUTHS = 10  # for an AUC to be claimed
LEAST_COVERED = 0.5  # share of the pairs of an undated set that are found, for an AUC to be claimed
FEWEST_SUBSTANCES = 10  # with truths, for a bootstrap over substances; else it draws pairs
SINCE = 3  # month from which a lake's own past is learned from
NAMED_STRATUM = "negatives of the reference"


@dataclass(frozen=True)
class Rows:
    """Rows of one domain: what was ranked, its codes, months since launch, reports of the event."""

    name: str
    ranked: Ranked
    s: np.ndarray
    e: np.ndarray
    why: np.ndarray  # (R,) what raised the first of each month, by the triage that scored it; None for the others
    age: np.ndarray
    n_event: np.ndarray
    public: np.ndarray
    named: np.ndarray  # (R,) label of the reference, -2 where it does not name the pair


@dataclass(frozen=True)
class Found:
    """What an evaluation against a reference leaves."""

    league: pl.DataFrame
    sensitivity: pl.DataFrame
    alerts: pl.DataFrame
    resolved: Resolved
    warnings: list[str]


def run(
    root: str,
    reference: Path | None,
    fitted: Fitted,
    out: Path,
    bootstrap: int,
    facts: dict[str, str],
    mapped: Path | None = None,
    as_of: str | None = None,
    say: Say = lambda _: None,
) -> Found:
    """Judge every method on a lake by a reference, and write league.csv, sensitivity.csv, alerts.parquet, page.html.

    Also reference.csv: what became of each row of the reference. Without a file the reference is the one that stands in
    the lake (`evaluation.reference`).

    Raises:
        EvaluationError: no lake, no such file, or none of its pairs is in the lake; the message says which.
    """
    if reference is None:
        rows, reports = standing_reference(root, as_of), read_lake(root, as_of)
        name, pairs, resolved = stored(rows, reports)
    else:
        name, pairs, reports = reference.name, read_reference(reference, mapped), read_lake(root, as_of)
        resolved = resolve(root, reports, pairs, as_of)
    for line in [*reports.told, *pairs.told, *(f"{row['what']}: {row['n']}" for row in resolved.coverage)]:
        say(line)
    if not resolved.n_found:
        raise EvaluationError(f"none of the {resolved.n_pairs:,} pairs of {name} is in a report of the lake at {root}")
    if not any((one.label == 1).any() for one in resolved.labels.values()):
        raise EvaluationError(f"no true pair of {name} with a date, or of a set without dates, is in reports")
    found = judged(reports, pairs, resolved, OwnPasts(reports, fitted), bootstrap, say)
    out.mkdir(parents=True, exist_ok=True)
    write_csv(found.league, out / "league.csv")
    write_csv(found.sensitivity, out / "sensitivity.csv")
    write_csv(resolved.pairs, out / "reference.csv")
    found.alerts.write_parquet(out / "alerts.parquet")
    whole = {
        "Lake": root,
        **described(reports),
        "Reference": name,
        **facts,
        "Bootstrap draws": str(bootstrap),
    }
    whole |= {f"Note {i}": line for i, line in enumerate([*reports.told, *pairs.told], 1)}
    title = f"League of methods on a lake, by {name}"
    told = page(title, found.league, whole, coverage=resolved.coverage, warnings=found.warnings)
    (out / "page.html").write_text(told, encoding="utf-8")
    return found


def standing_reference(root: str, as_of: str | None = None) -> pl.DataFrame:
    """Rows of `evaluation.reference`. Raises `EvaluationError` where none stands in the lake."""
    try:
        rows = pl.DataFrame(query(root, "SELECT * FROM evaluation.reference", as_of))
    except QueryError as error:
        raise EvaluationError(f"the lake at {root} can't be evaluated: {error}") from None
    if rows.is_empty():
        raise EvaluationError(
            "a lake is judged with --replicate, or with --reference and a CSV of pairs; no reference stands in this one"
        )
    return rows


def judged(
    reports: LakeReports,
    pairs: Pairs,
    resolved: Resolved,
    panel: Panel,
    bootstrap: int,
    say: Say,
    is_fixed: bool = True,
) -> Found:
    """Walk forward, alert at each burden, and put the league together; undated sets are asked at the last month.

    is_fixed: whether burdens that do not depend on the number of truths are asked beside.

    Raises:
        EvaluationError: no true pair counted in any month.
    """
    last = reports.months - 1
    months = range(min(FIRST, reports.months // 6), last + 1) if pairs.has_dates else [last]
    rows = [one for one in _rows(reports, resolved, panel, months, pairs.is_whole) if (one.ranked.label == 1).any()]
    if not rows:
        raise EvaluationError("no true pair of the reference counted in any month: reported twice, and not yet public")
    by_pair = _few_substances(rows)
    every = 1 if not pairs.has_dates else min(6, max(1, len(months) // 4))
    base = [_judge(one, reports, by_pair, None, every) for one in rows]
    fixed = [_judge(one, reports, by_pair, FIXED, every) for one in rows] if is_fixed else []
    tables = []
    sensitivity = pl.DataFrame()
    for i, part in enumerate((base, fixed) if is_fixed else (base,)):
        table, told = league(part, panel.methods, {}, REFERENCES, panel.log_odds, bootstrap, say=say)
        tables.append(table)
        sensitivity = told if i == 0 else sensitivity
    tables += _against_named(rows, reports, panel, by_pair, every, bootstrap)
    whole = _claimed(pl.concat(tables), pairs, resolved)
    warnings = _warnings(rows, by_pair, pairs, resolved)
    both = zip(("truths", "fixed"), (base, fixed), strict=True)
    alerts = [
        _alerts(one, part, reports, panel.methods).with_columns(scale=pl.lit(scale))
        for scale, parts in both
        for one, part in zip(rows, parts, strict=False)
    ]
    return Found(whole, sensitivity, pl.concat(alerts), resolved, warnings)


def _rows(
    reports: LakeReports, resolved: Resolved, panel: Panel, months: Sequence[int], is_whole: bool
) -> Iterator[Rows]:
    domains = {
        name: replace(d.counted, public_from=resolved.labels[name].public_from) for name, d in reports.domains.items()
    }
    parts: dict[str, list[tuple[np.ndarray, ...]]] = {name: [] for name in domains}
    first = min(SINCE, months[0]) if panel.learns else months[0]
    for name, sums in walk(domains, range(first, months[-1] + 1)):
        if not sums.n.size:
            continue
        x = features(sums)
        panel.seen(name, sums, x)
        if sums.month in months:
            scores, why = panel.scores(name, sums, x)
            columns = sums.substance, sums.event, sums.n, sums.n_event
            parts[name].append((np.full(sums.n.size, sums.month), *columns, scores, why))
    for name, given in parts.items():
        if not given:
            continue
        month, s, e, n, n_event, scores, why = (np.concatenate(c) for c in zip(*given, strict=True))
        counted, labels = domains[name], resolved.labels[name]
        told = labels.label[s, e]
        label = np.where(told == UNNAMED, 0 if is_whole else NEITHER, told)
        ranked = Ranked(month, s * counted.event_reports.shape[0] + e, label, n.astype(np.int64), scores)
        begun = np.argmax(np.cumsum(counted.reports, axis=1) > 0, axis=1)
        yield Rows(name, ranked, s, e, why, month - begun[s], n_event, labels.public_from.ravel(), told)


def _few_substances(rows: Sequence[Rows]) -> bool:
    return sum(np.unique(one.s[one.ranked.label == 1]).size for one in rows) < FEWEST_SUBSTANCES


def _judge(one: Rows, reports: LakeReports, by_pair: bool, a_month: float | None, every: int) -> Judged:
    molecule = reports.domains[one.name].counted.molecule[one.s]
    cluster = one.ranked.pair if by_pair else molecule
    offset = 10**9 * list(reports.domains).index(one.name) if by_pair else 0
    family = np.zeros(one.s.size, dtype=np.int64)
    return judge(one.name, one.ranked, one.public, cluster + offset, one.age, family, one.n_event, a_month, every)


def _against_named(
    rows: Sequence[Rows], reports: LakeReports, panel: Panel, by_pair: bool, every: int, bootstrap: int
) -> list[pl.DataFrame]:
    """AUC and AP against the negatives of the reference only, as a stratum of its own; empty where there are none."""
    parts = []
    for one in rows:
        label = np.where(one.named >= 0, one.ranked.label, NEITHER)
        if (label == 0).any() and (label == 1).any():
            parts.append(_judge(replace(one, ranked=replace(one.ranked, label=label)), reports, by_pair, None, every))
    if not parts:
        return []
    table, _ = league(parts, panel.methods, {}, REFERENCES, panel.log_odds, bootstrap)
    areas = tuple(m for m in METRICS if m not in ("auc", "ap"))
    mine = table.filter((pl.col("stratum") == "all") & (pl.col("family") == "all"))
    nulls = [pl.lit(None, pl.Float64).alias(c) for c in mine.columns if c.startswith(areas)]
    return [mine.with_columns(pl.lit(NAMED_STRATUM).alias("stratum"), *nulls)]


def _claimed(table: pl.DataFrame, pairs: Pairs, resolved: Resolved) -> pl.DataFrame:
    """The league without what can't be claimed: areas of too few truths, lead times where there are no dates."""
    few = pl.col("n_truths") < FEWEST_TRUTHS
    if not pairs.has_dates and resolved.n_found < LEAST_COVERED * resolved.n_pairs:
        few = pl.lit(True)
    areas = [c for c in table.columns if c.startswith(("auc", "ap")) and c != "ap_ceiling"]
    leads = [] if pairs.has_dates else [c for c in table.columns if c.startswith(("found_before", "lead_months"))]
    return table.with_columns(
        *(pl.when(few).then(None).otherwise(pl.col(c)).alias(c) for c in areas),
        *(pl.lit(None, pl.Float64).alias(c) for c in leads),
    )


def _warnings(rows: Sequence[Rows], by_pair: bool, pairs: Pairs, resolved: Resolved) -> list[str]:
    n = sum(np.unique(one.ranked.pair[one.ranked.label == 1]).size for one in rows)
    found = [
        f"{resolved.n_found:,} of {resolved.n_pairs:,} pairs of the reference are in reports; {n:,} true ones count."
    ]
    if n < FEWEST_TRUTHS:
        found.append(f"Fewer than {FEWEST_TRUTHS} true pairs: no AUC is claimed.")
    elif not pairs.has_dates and resolved.n_found < LEAST_COVERED * resolved.n_pairs:
        found.append("Less than half of the pairs are covered: no AUC is claimed.")
    if not pairs.has_dates:
        found.append("The reference has no dates: nothing is said of lead times, and reports may follow recognition.")
    if by_pair:
        found.append("True pairs are of few substances: intervals are over pairs, and narrower than over substances.")
    return found


def _alerts(one: Rows, part: Judged, reports: LakeReports, methods: Sequence[str]) -> pl.DataFrame:
    frames = []
    domain = reports.domains[one.name]
    for (m, b), alerted in part.alerted.items():
        at = alerted.rows
        why = one.why[at].tolist() if methods[m] == "combined" else [None] * at.size
        told = pl.DataFrame(
            {
                "month": [month_of(int(t), reports) for t in one.ranked.month[at]],
                "rank": alerted.rank,
                "reports": one.ranked.n[at],
                "score": one.ranked.scores[at, m],
                "is_true": one.ranked.label[at] == 1,
                "why": pl.Series(why, dtype=pl.String),
            },
            schema_overrides={"month": pl.String, "rank": pl.Int64},
        )
        keys = pl.lit(one.name).alias("domain"), pl.lit(methods[m]).alias("method")
        burden = pl.lit(part.a_month * MULTIPLES[b]).alias("burden_k"), pl.lit(MULTIPLES[b]).alias("burden")
        frames.append(
            told.select(
                *keys, *burden, "month", "rank", *named(domain, one.s[at], one.e[at]), pl.exclude("month", "rank")
            )
        )
    return pl.concat(frames)
