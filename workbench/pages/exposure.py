"""Is it only use? How much of a substance was used, by each source, and reports over it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from workbench import charts
from workbench.visit import Missing, Visit, visiting

router = APIRouter()
MOST_SUBSTANCES, MOST_RATES = 200, 60
MEASURES = {"n_treated": "Treated", "n_packs": "Packs", "n_daily_doses": "Daily doses", "mg": "Milligrams"}
WHOLE = "region = 'all' AND sex = 'all' AND age_group = 'all'"


@router.get("/exposure")
def exposure(visit: Annotated[Visit, Depends(visiting("signals"))]) -> Response:
    """Substances that a use is known of; or one, with its use by source and year, rates, and sources compared."""
    key = visit.asked.text("substance")
    measure = visit.asked.choice("measure", MEASURES, "n_packs")
    q = visit.asked.text("q")
    if not key:
        return visit.page("exposures.html", q=q, rows=_substances(visit, q), most=MOST_SUBSTANCES)
    use = _use(visit, key)
    rates = _rates(visit, key)
    name = _name(visit, key)
    if not (use or rates) or name is None:
        raise Missing
    measured = [m for m in MEASURES if any(row[m] is not None for row in use)]
    if measured and measure not in measured:
        measure = measured[0]
    return visit.page(
        "exposure.html",
        key=key,
        name=name,
        use=use,
        measure=measure,
        measures={m: MEASURES[m] for m in measured},
        chart=charts.by_year(use, measure, {"year": visit.words("Year"), "n": visit.words(MEASURES[measure])}),
        rates=rates,
        most=MOST_RATES,
        compared=_compared(visit, key),
    )


def _name(visit: Visit, key: str) -> str | None:
    """Name of a substance in the language of the page; None where the reader knows of none."""
    found = visit.rows(
        "SELECT substance_name, french_name FROM silver.substance WHERE substance_key = $key AND is_current",
        {"key": key},
    )
    in_french = found[0]["french_name"] if found and visit.words.language == "fr" else None
    return in_french or (found[0]["substance_name"] if found else None)


def _substances(visit: Visit, q: str) -> list[dict[str, Any]]:
    if not visit.reader.has("gold.exposure"):
        return []
    return visit.rows(
        f"""SELECT substance_key, any_value(substance_name) AS substance_name, count(DISTINCT e.source) AS n_sources,
    min(year(month)) AS first_year, max(year(month)) AS last_year
FROM gold.exposure e JOIN silver.substance s USING (substance_key)
WHERE s.is_current AND (contains(lower(substance_name), lower($q)) OR contains(lower(french_name), lower($q)))
GROUP BY substance_key ORDER BY substance_name, substance_key LIMIT {MOST_SUBSTANCES + 1}""",
        {"q": q},
        title=visit.words("Substances that a use is known of"),
    )


def _use(visit: Visit, key: str) -> list[dict[str, Any]]:
    """Use by source, country, species and year, each of the longest span that the source tells of."""
    if not visit.reader.has("gold.exposure"):
        return []
    return visit.rows(
        f"""SELECT source, country, species, year(month) AS year, n_months, any_value(method) AS method,
    sum(n_treated) AS n_treated, sum(n_packs) AS n_packs, sum(n_daily_doses) AS n_daily_doses, sum(mg) AS mg,
    bool_and(is_complete) AS is_complete
FROM gold.exposure WHERE substance_key = $key AND {WHOLE}
GROUP BY source, country, species, year(month), n_months
QUALIFY n_months = max(n_months) OVER (PARTITION BY source, country, species, year(month))
ORDER BY source, country, species, year""",
        {"key": key},
        title=visit.words("Use of the substance"),
    )


def _rates(visit: Visit, key: str) -> list[dict[str, Any]]:
    """Reports over exposure of each event, beside its siblings where they are compared; the surest above first."""
    if not visit.reader.has("gold.reporting_rate"):
        return []
    compared = visit.reader.has("gold.rate_comparison")
    same = "domain, country, exposure_source, per, dating, year, species, substance_key, brand, term_key"
    ratio = ", ".join(f"{'c.' if compared else 'NULL AS '}{name}" for name in ("ratio", "ratio_lower", "ratio_upper"))
    join = f"LEFT JOIN gold.rate_comparison c USING ({same})" if compared else ""
    return visit.rows(
        f"""SELECT domain, term_key, r.term_name, country, exposure_source, per, year, species, r.n_counted, r.exposed,
    rate, rate_lower, rate_upper, {ratio}
FROM gold.reporting_rate r {join}
WHERE substance_key = $key AND brand = 'all' AND dating = 'receipt' AND r.n_counted > 0
ORDER BY {"c.ratio_lower DESC NULLS LAST, " if compared else ""}r.n_counted DESC, domain, term_key, country,
    exposure_source, per, year, species LIMIT {MOST_RATES}""",
        {"key": key},
        title=visit.words("Reporting rates"),
    )


def _compared(visit: Visit, key: str) -> list[dict[str, Any]]:
    """Years that two sources tell of, and how far they agree."""
    if not visit.reader.has("gold.exposure_reconciliation"):
        return []
    return visit.rows(
        """SELECT country, year, species, source, other_source, n_packs, other_n_packs, ratio
FROM gold.exposure_reconciliation WHERE substance_key = $key AND ratio IS NOT NULL
ORDER BY year DESC, country, species, source, other_source LIMIT 60""",
        {"key": key},
        title=visit.words("Sources compared"),
    )
