"""What each example asks: the platform's own functions, from the tables that are given to the rows that are found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import duckdb
import numpy as np
import polars as pl

from models.calibration.calibration import Null, p_values
from models.comedication.design import design
from models.comedication.lasso import lasso_path
from models.completeness.vigigrade import PENALTY_MISSING, vigigrade
from models.cube import kernels
from models.cube.keys import unpack
from models.disproportionality.counts import from_counts
from models.disproportionality.lrt import statistic
from models.interaction.omega import omega
from models.linkage.heads import Link, Version, heads
from models.methods import Pairs, answers
from models.mgps.fit import Prior
from models.mgps.posterior import score
from models.multiplicity.fdr import benjamini_hochberg
from models.rates.exact import incidence_class, poisson_interval, rate_ratio
from models.sccs.intervals import intervals
from models.sccs.sccs import relative_incidence
from models.surveillance.ears import ears
from models.surveillance.farrington import WEEKS, farrington
from models.surveillance.maxsprt import poisson_boundary
from models.symmetry.symmetry import sequence_ratios
from models.treescan.tree import Tree
from models.treescan.treescan import poisson as poisson_scan
from pipelines.core.axis import cut
from pipelines.core.dates import date_in_path
from pipelines.defs.silver.report.tables import ReportHistory
from pipelines.frames.names import french_to_english, normalise, without_salt
from tests.spec.tables import Row

Tables = dict[str, list[Row]]
Found = list[dict[str, Any]]


def _only(tables: Tables) -> list[Row]:
    (rows,) = tables.values()
    return rows


def _column(rows: Sequence[Row], name: str) -> np.ndarray:
    return np.array([np.nan if row[name] is None else float(row[name] or "") for row in rows])


def _columns(**values: Iterable[Any]) -> Found:
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _whole(text: str | None) -> int | None:
    return int(text) if text else None


def path_dates(tables: Tables) -> Found:
    return [{"date": date_in_path(row["path"] or "")} for row in _only(tables)]


def names(tables: Tables) -> Found:
    told = [normalise(row["text"]) for row in _only(tables)]
    return [{"normalised": name, "without its salt": without_salt(name)} for name in told]


def french(tables: Tables) -> Found:
    """The likeliest spelling."""
    return [{"likeliest English spelling": french_to_english(row["text"] or "")[0]} for row in _only(tables)]


def known_on(tables: Tables) -> Found:
    """Cut at a date by the SQL that every reader gets."""
    known = cut(ReportHistory.axis, dt.date(2024, 2, 15))
    given = pl.DataFrame(_only(tables)).with_columns(
        pl.col("known_from", "known_to").str.to_date(), is_latest=pl.col("is_latest") == "true"
    )
    replaced = ", ".join(f"{sql} AS {name}" for name, sql in known.replaced.items())
    connection = duckdb.connect()
    connection.register("given", given.to_arrow())
    shown = f"SELECT * REPLACE ({replaced}) FROM given WHERE {known.where} ORDER BY report_key, report_version"
    return connection.sql(shown).pl().to_dicts()


def counting(tables: Tables) -> Found:
    versions = [
        Version(
            row["report"] or "", int(row["month_from"] or 0), _whole(row["month_to"]), row["is_retracted"] == "true",
            dt.date.fromisoformat(row["received"] or ""), dt.date.fromisoformat(row["received"] or ""),
        )
        for row in tables["versions"]
    ]  # fmt: skip
    links = [Link(int(row["month"] or 0), row["report"] or "", row["other"] or "") for row in tables["links"]]
    found = sorted(heads(versions, links), key=lambda head: (head.month_from, head.report))
    return [head._asdict() for head in found]


def _reports(rows: Sequence[Row], month: str) -> kernels.Sparse:
    def lists(name: str) -> tuple[np.ndarray, np.ndarray]:
        codes = [sorted(map(int, (row[name] or "").split())) for row in rows]
        return np.cumsum([0, *map(len, codes)]), np.array([c for one in codes for c in one], dtype=np.int64)

    months = np.array([int(row[month] or 0) for row in rows])
    return kernels.cells_of(months, np.zeros_like(months), lists("substances"), lists("terms"))


def _cells(counts: kernels.Sparse) -> Found:
    found = unpack(*counts)
    return _columns(month=found.month, substance=found.substance, term=found.term, n=found.n)


def cube(tables: Tables) -> Found:
    return _cells(_reports(tables["reports"], "month"))


def cube_changes(tables: Tables) -> Found:
    rows = tables["reports"]
    leaving = [row for row in rows if row["month_to"]]
    return _cells(kernels.add([_reports(rows, "month"), kernels.negative(_reports(leaving, "month_to"))]))


def two_by_two(tables: Tables) -> Found:
    cells = from_counts(*(_column(_only(tables), name) for name in ("pair", "substance", "event", "all")))
    return _columns(a=cells.a, b=cells.b, c=cells.c, d=cells.d, expected=cells.expected)


def poisson(tables: Tables) -> Found:
    lower, upper = poisson_interval(_column(_only(tables), "count"))
    return _columns(lower=lower, upper=upper)


def ratio_of_rates(tables: Tables) -> Found:
    rows = _only(tables)
    ratio, lower, _, _ = rate_ratio(*(_column(rows, c) for c in ("count", "exposure", "other count", "other exposure")))
    more = [None if np.isnan(r) else bool(low > 1) for r, low in zip(ratio, lower, strict=True)]
    return [{"ratio": r, "is more than chance": m} for r, m in zip(ratio, more, strict=True)]


def incidence(tables: Tables) -> Found:
    return _columns(**{"class": incidence_class(_column(_only(tables), "share"))})


def pairs(tables: Tables) -> Found:
    found = []
    for row in _only(tables):
        a, b, c, d = (np.array([float(row[name] or "")]) for name in "abcd")
        cells = from_counts(a, a + b, a + c, a + b + c + d)
        keys = pl.DataFrame({"row": [0]})
        found += answers(Pairs(cells, cells.expected), [row["method"] or ""], keys).to_dicts()
    return found


def mgps(tables: Tables) -> Found:
    found = []
    for row in _only(tables):
        theta = (float(row[name] or "") for name in ("alpha1", "beta1", "alpha2", "beta2", "p"))
        scored = score(
            [float(row["n"] or "")], [float(row["expected"] or "")], Prior(*theta, likelihood="component_truncated")
        )
        found.append({"ebgm": scored.ebgm[0], "eb05": scored.eb05[0], "eb95": scored.eb95[0]})
    return found


def two_products(tables: Tables) -> Found:
    counts = ("n111", "n110", "n101", "n100", "n011", "n010", "n001", "n000")
    found = omega(*(_column(_only(tables), name) for name in counts))
    return _columns(omega=found.estimate, lower=found.lower, upper=found.upper)


def likelihood_ratio(tables: Tables) -> Found:
    n, expected, product = (_column(_only(tables), name) for name in ("n", "expected", "n of product"))
    return _columns(llr=statistic(n, expected, product, "rr"))


def maxsprt(tables: Tables) -> Found:
    return [
        {
            "critical value": poisson_boundary(
                float(row["expected at the end"] or ""), minimum=int(row["least events"] or "")
            )
        }
        for row in _only(tables)
    ]


def symmetry(tables: Tables) -> Found:
    def first(drug: str) -> tuple[list[int], list[int]]:
        told = [(int(row["person"] or ""), day.toordinal()) for row in _only(tables) if (day := _day(row[drug]))]
        people, days = zip(*told, strict=True)
        return list(people), list(days)

    found = sequence_ratios(*first("index"), *first("marker"))
    return [
        {
            "index_first": found.n_index_first, "marker_first": found.n_marker_first, "crude": found.crude,
            "null": found.null, "adjusted": found.adjusted, "lower": found.bounds[0], "upper": found.bounds[1],
        }
    ]  # fmt: skip


def tree(tables: Tables) -> Found:
    """Scan a root of two leaves: the cut, and all else."""
    found = []
    for row in _only(tables):
        cases, people, all_cases, all_people = (
            float(row[name] or "") for name in ("cases", "people", "all cases", "all people")
        )
        scanned = poisson_scan(
            Tree.of([("cut", "all"), ("else", "all"), ("all", None)]),
            np.array([cases, all_cases - cases]),
            np.array([people, all_people - people]),
            replications=9,
        )
        found.append({"llr": dict(scanned.select("node", "llr").iter_rows())["cut"]})
    return found


def self_controlled(tables: Tables) -> Found:
    rows = _only(tables)
    first, last, risk, ages = 366, 730, (15, 35), (547,)
    cut_up = intervals(
        [row["child"] for row in rows],
        _column(rows, "event"),
        np.full(len(rows), first),
        np.full(len(rows), last),
        _column(rows, "vaccine"),
        risk[:1],
        risk[1],
        ages,
    )
    return [row for row in relative_incidence(cut_up).to_dicts() if row["term"].startswith("risk")]


def outbreak(tables: Tables) -> Found:
    """Weeks that the algorithm does not look at are set to 0."""
    found = []
    for row in _only(tables):
        at = int(row["week"] or "") - 1
        counts = np.zeros(at + 1)
        for years in (4, 3, 2, 1):
            name = f"{years} year{'s' if years > 1 else ''} before"
            middle = at - years * WEEKS
            counts[middle - 3 : middle + 4] = _counts(row[name])
        counts[-5:] = _counts(row["last five weeks"])
        found.append(_last(farrington(counts, name="farrington")))
    return found


def early_aberration(tables: Tables) -> Found:
    series = [
        ([*_counts(row["seven before"]), *_counts(row["now"])], float(row["alpha"] or "")) for row in _only(tables)
    ]
    return [_last(ears(counts, alpha=alpha)) for counts, alpha in series]


def _counts(text: str | None) -> list[float]:
    return [float(n) for n in (text or "").split()]


def _last(scored: pl.DataFrame) -> dict[str, Any]:
    return {"bound": scored["upper"][-1], "is_signal": scored["is_signal"][-1]}


def penalised(tables: Tables) -> Found:
    found = []
    for row in _only(tables):
        a, b, c, d = (int(row[name] or "") for name in "abcd")
        sets = design(range(a + b), [0] * (a + b), a + b + c + d, 1)
        events = sets.events([*range(a), *range(a + b, a + b + c)])
        path = lasso_path(sets, events, [float(row["penalty"] or "")], standardise=False)
        found.append({"coefficient": path.beta[0, 0]})
    return found


def calibration(tables: Tables) -> Found:
    found = []
    for row in _only(tables):
        log_rr, se, mean, sd = (np.array([float(row[name] or "")]) for name in ("log_rr", "se", "mean", "sd"))
        found.append({"p": p_values(log_rr, se, Null(float(mean[0]), float(sd[0]), n=0, log_likelihood=0.0))[0]})
    return found


def fdr(tables: Tables) -> Found:
    return _columns(rejected=[bool(x) for x in benjamini_hochberg(_column(_only(tables), "p")) <= 0.05])


def completeness(tables: Tables) -> Found:
    missing = [set((row["missing"] or "").split()) for row in _only(tables)]
    return _columns(completeness=vigigrade({d: [d not in m for m in missing] for d in PENALTY_MISSING}))


ASKED: dict[str, Callable[[Tables], Found]] = {
    **{"path_dates": path_dates, "names": names, "french": french, "cut_at_2024_02_15": known_on, "heads": counting},
    **{"cube": cube, "cube_changes": cube_changes, "two_by_two": two_by_two, "poisson": poisson},
    **{"rate_ratio": ratio_of_rates, "incidence": incidence, "pairs": pairs, "mgps": mgps, "omega": two_products},
    **{"lrt": likelihood_ratio, "maxsprt": maxsprt, "symmetry": symmetry, "calibration": calibration, "fdr": fdr},
    **{
        "vigigrade": completeness,
        "tree": tree,
        "sccs": self_controlled,
        "farrington": outbreak,
        "ears": early_aberration,
    },
    **{"lasso": penalised},
}
