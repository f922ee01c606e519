"""One pair of substance and event in one population: is it real?"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from workbench import charts, decisions
from workbench.asked import Asked
from workbench.pages.ranking import ASKED, COLUMNS, FIRST, RAISED, RULES, TIES, french_names
from workbench.visit import Missing, Visit, visiting

router = APIRouter()
PAIR = "population = $population AND substance_key = $substance AND term_key = $term"
NEIGHBOURS = 8
SCORES = {  # method: estimate, lower, upper, threshold of its rule on the axis, whether the axis is of ratios
    "ebgm": ("ebgm", "eb05", "eb95", 2.0, True),
    "ic": ("ic", "ic025", "ic975", 0.0, False),
    "ror": ("ror", "ror_lower", "ror_upper", 1.0, True),
    "prr": ("prr", "prr_lower", "prr_upper", 2.0, True),
}
RULES_IN_WORDS = {
    "ebgm": "EB05 ≥ 2",
    "ic": "IC025 > 0",
    "ror": "lower bound > 1 and at least 3 reports",
    "prr": "PRR ≥ 2, chi-squared ≥ 4, at least 3 reports",
}


@dataclass(frozen=True)
class Pair:
    """What names a signal in an address; `month` is the month end that it is looked at, None for the last."""

    population: str
    substance: str
    term: str
    month: dt.date | None = None

    @classmethod
    def of(cls, asked: Asked) -> Pair:
        """Read it. Raises `BadAddress`."""
        return cls(asked.needed("population"), asked.needed("substance"), asked.needed("term"), asked.date("month"))

    @property
    def domain(self) -> str:
        """Domain of the population."""
        return self.population.split(":")[0]


@router.get("/signal")
def signal(visit: Annotated[Visit, Depends(visiting("signals"))]) -> Response:
    """The page."""
    pair = Pair.of(visit.asked)
    row = row_of(visit, pair)
    at = {**vars(pair), "month": row["month"], "domain": pair.domain}
    course = visit.rows(
        f"""SELECT month, a, n_new, expected, prr, prr_lower, prr_upper, ror, ror_lower, ror_upper, ic, ic025, ic975,
    ebgm, eb05, eb95, {RAISED} AS raised
FROM gold.signal WHERE {PAIR} AND month <= $month ORDER BY month""",
        at,
        title=visit.words("The course"),
    )
    return visit.page(
        "signal.html",
        pair=pair,
        row=row,
        course=course,
        charts=_charts(visit, row, course),
        methods=_methods(visit, at),
        groups=(groups := _groups(visit, at)),
        forest=charts.forest(
            groups, {"axis": visit.words("Information component, in bits"), "group": visit.words("Group")}
        ),
        others=_others(visit, at),
        rates=_rates(visit, at),
        exposure=_exposure(visit, at),
        model=_model(visit, row),
        events=_neighbours(visit, at, "substance_key = $substance AND term_key <> $term"),
        substances=_neighbours(visit, at, "term_key = $term AND substance_key <> $substance"),
        decided=decisions.of_pair(visit.bench.store, visit.policy, pair.population, pair.substance, pair.term)[:1],
        french=french_names(visit, [pair.substance]),
        rules=RULES,
        rules_in_words=RULES_IN_WORDS,
    )


def row_of(visit: Visit, pair: Pair) -> dict[str, Any]:
    """Row of a signal at its month. Raises `Missing` where there is none for this reader."""
    month = "month = $month" if pair.month else "is_latest"
    found = visit.rows(
        f"SELECT *, {RAISED} AS raised, {ASKED} AS asked, {FIRST} AS first_month\n"
        f"FROM gold.signal WHERE {PAIR} AND {month}",
        vars(pair),
        title=visit.words("The signal"),
    )
    if not found:
        raise Missing
    return found[0]


def _charts(visit: Visit, row: dict[str, Any], course: list[dict[str, Any]]) -> dict[str, Any]:
    """Chart of each method, and of the reports."""
    t = visit.words
    found: dict[str, Any] = {}
    for rule, (estimate, lower, upper, threshold, is_ratio) in SCORES.items():
        if any(point[estimate] is not None for point in course):
            said = {
                "month": t("Month"),
                "score": RULES[rule],
                "interval": t("Lower bound"),
                "threshold": t("Threshold"),
                "alert": t("first alert"),
            }
            alert = row[f"first_{rule}_month"]
            alert = alert if alert and alert <= row["month"] else None
            found[rule] = charts.trend(course, estimate, lower, upper, threshold, is_ratio, alert, said)
    said = {"month": t("Month"), "new": t("New reports"), "all": t("All reports"), "expected": t("Expected")}
    found["reports"] = charts.reports(course, said)
    return found


def _methods(visit: Visit, at: dict[str, Any]) -> list[dict[str, Any]]:
    """What every method says at the month."""
    if not visit.reader.has("gold.signal_by_method"):
        return []
    return visit.rows(
        f"""SELECT method, estimate, lower, upper, p_value, is_signal, rule, not_computed
FROM gold.signal_by_method WHERE {PAIR} AND month = $month
ORDER BY is_signal DESC NULLS LAST, method""",
        at,
        title=visit.words("All methods"),
    )


def _groups(visit: Visit, at: dict[str, Any]) -> list[dict[str, Any]]:
    """The pair in the parts of its domain at their last month: species of animals, sex, age, region, seriousness."""
    fields = "population, a, expected, ic, ic025, ic975, month"
    same = "substance_key = $substance AND term_key = $term AND domain = $domain AND contains(population, ':')"
    parts = [
        f"SELECT {fields} FROM {address} WHERE {same} AND is_latest"
        for address in ("gold.signal", "gold.subgroup_signal")
        if visit.reader.has(address)
    ]
    found = visit.rows(" UNION ALL ".join(parts) + " ORDER BY population", at, title=visit.words("Groups"))
    return [row | {"name": visit.words.code(row["population"].partition(":")[2])} for row in found]


def _others(visit: Visit, at: dict[str, Any]) -> list[dict[str, Any]]:
    """The same substance and event, whatever the dictionary, in the other whole populations that the reader may see."""
    if not visit.reader.has("silver.term_bridge"):
        return []
    return visit.rows(
        """SELECT s.population, s.substance_key, s.term_key, s.term_name, s.a, s.expected, s.ic, s.ic025, s.eb05,
    s.month, s.is_prr_signal, s.is_ror_signal, s.is_ic_signal, s.is_ebgm_signal, b.method, b.confidence
FROM gold.signal s JOIN silver.term_bridge b USING (term_key)
WHERE s.substance_key = $substance AND s.is_latest AND s.population <> $population
    AND NOT (s.population LIKE $domain || ':%') AND NOT ($population LIKE s.population || ':%')
    AND b.event_key IN (SELECT event_key FROM silver.term_bridge WHERE term_key = $term)
ORDER BY contains(s.population, ':'), s.a DESC, s.population""",
        at,
        title=visit.words("Across species"),
    )


def _rates(visit: Visit, at: dict[str, Any]) -> list[dict[str, Any]]:
    """Reports over exposure, year by year."""
    if not visit.reader.has("gold.reporting_rate"):
        return []
    return visit.rows(
        """SELECT country, exposure_source, per, dating, year, species, n_counted, exposed, rate, rate_lower,
    rate_upper, incidence_class, is_complete
FROM gold.reporting_rate
WHERE domain = $domain AND substance_key = $substance AND term_key = $term AND brand = 'all' AND dating = 'receipt'
    AND year <= year($month::DATE)
ORDER BY country, exposure_source, per, species, year""",
        at,
        title=visit.words("Reporting rates"),
    )


def _exposure(visit: Visit, at: dict[str, Any]) -> list[dict[str, Any]]:
    """How much of the substance was used, by source and year."""
    if not visit.reader.has("gold.exposure"):
        return []
    return visit.rows(
        """SELECT source, country, species, year(month) AS year, max(n_months) AS n_months,
    CASE WHEN max(n_months) = 12 THEN sum(n_treated) FILTER (WHERE n_months = 12) END AS n_treated,
    sum(n_packs) AS n_packs, sum(n_daily_doses) AS n_daily_doses, any_value(method) AS method
FROM gold.exposure
WHERE substance_key = $substance AND region = 'all' AND sex = 'all' AND age_group = 'all' AND month <= $month
    AND (CASE WHEN species = 'human' THEN 'human' ELSE 'veterinary' END) = $domain
GROUP BY source, country, species, year(month), n_months = 12
QUALIFY row_number() OVER (PARTITION BY source, country, species, year ORDER BY max(n_months) DESC) = 1
ORDER BY source, country, species, year""",
        at,
        title=visit.words("Exposure"),
    )


def _model(visit: Visit, row: dict[str, Any]) -> dict[str, Any] | None:
    """The model run behind EBGM at the month."""
    if not visit.reader.has("gold.prior") or row["prior_month"] is None:
        return None
    found = visit.rows(
        "SELECT population, month, model_name, model_version, run_id, n_reports FROM gold.prior "
        "WHERE population = $population AND month = $month",
        {"population": row["population"], "month": row["prior_month"]},
    )
    return found[0] if found else None


def _neighbours(visit: Visit, at: dict[str, Any], which: str) -> list[dict[str, Any]]:
    """Pairs that share the substance, or the event, the strongest first."""
    return visit.rows(
        f"SELECT {COLUMNS} FROM gold.signal WHERE population = $population AND month = $month AND {which} "
        f"ORDER BY {TIES} LIMIT {NEIGHBOURS}",
        at,
    )
