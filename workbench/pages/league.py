"""Which method works? Methods judged by the reference, at an equal number of alerts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from pipelines.defs.evaluation.league.tables import METRIC_CODES
from workbench import charts
from workbench.visit import Visit, visiting

router = APIRouter()
TABLE = "evaluation.league"
METRICS = dict(METRIC_CODES)
LESS_IS_BETTER = ("reviews_per_true",)


@router.get("/league")
def league(visit: Annotated[Visit, Depends(visiting("signals"))]) -> Response:
    """The page."""
    if not visit.reader.has(TABLE):
        return visit.page("league.html", rows=[], domains=[])
    domains = [r["domain"] for r in visit.rows(f"SELECT DISTINCT domain FROM {TABLE} ORDER BY domain <> 'all', domain")]
    told = visit.rows(f"SELECT DISTINCT metric, stratum, burden_k, domain FROM {TABLE} WHERE against = 'none'")
    if not domains:
        return visit.page("league.html", rows=[], domains=[])
    domain = visit.asked.choice("domain", domains, domains[0])
    of = [row for row in told if row["domain"] == domain]
    metrics = [name for name in METRICS if name in {row["metric"] for row in of}]
    metric = visit.asked.choice("metric", METRICS, metrics[0])
    strata = sorted({row["stratum"] for row in of if row["metric"] == metric}, key=lambda s: (s != "all", s))
    stratum = visit.asked.choice("stratum", {row["stratum"] for row in told}, "all")
    burdens = sorted({row["burden_k"] for row in of if row["metric"] == metric})
    burden = visit.asked.choice("burden", [f"{k:g}" for k in burdens], f"{burdens[0]:g}") if burdens else "0"
    rows = _rows(visit, {"domain": domain, "metric": metric, "stratum": stratum, "burden": float(burden)})
    return visit.page(
        "league.html",
        rows=rows,
        domains=domains,
        domain=domain,
        metrics={name: METRICS[name] for name in metrics},
        metric=metric,
        strata=strata,
        stratum=stratum,
        burdens=[f"{k:g}" for k in burdens],
        burden=burden,
        chart=charts.spans(rows, {"axis": visit.words(METRICS[metric]), "group": visit.words("Method")}),
    )


def _rows(visit: Visit, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Methods with their number, its bounds, and the difference to EB05, the best first."""
    order = "n.value" if given["metric"] in LESS_IS_BETTER else "n.value DESC"
    same = "source, method, domain, family, stratum, burden_k, metric"
    return visit.rows(
        f"""SELECT n.source, method, n.value, n.lower, n.upper, n.n_truths, n.ppv_ceiling, n.model_name,
    n.model_version, d.value AS difference, d.lower AS difference_lower, d.upper AS difference_upper
FROM {TABLE} n LEFT JOIN (SELECT * FROM {TABLE} WHERE against = 'eb05') d USING ({same})
WHERE n.against = 'none' AND domain = $domain AND family = 'all' AND stratum = $stratum AND metric = $metric
    AND burden_k = $burden
ORDER BY n.source, {order}, method""",
        given,
        title=visit.words("The league"),
    )
