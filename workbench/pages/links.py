"""Two cases that may be one: side by side, and what somebody says of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from workbench import audit, duplicates
from workbench.asked import address
from workbench.store import link_verdict, now
from workbench.visit import LINK_VERDICTS, Missing, Visit, changing, visiting

router = APIRouter()
ROWS_OF_A_PAGE = 50
RULES = ("identifier", "probabilistic", "refused")
LEAST_TEXT = 10


@router.get("/duplicates")
def listed(visit: Annotated[Visit, Depends(visiting("cases"))]) -> Response:
    """All links, those nearest to doubt first."""
    rule = visit.asked.choice("rule", ("", *RULES), "")
    page = visit.asked.number("page", 1, 1_000_000, 1)
    where = "WHERE rule = $rule" if rule else ""
    total = visit.rows(f"SELECT count(*) AS n FROM silver.duplicate_link {where}", {"rule": rule})[0]["n"]
    rows = visit.rows(
        f"SELECT report_key, other_report_key, known_from, rule, match_weight, probability FROM silver.duplicate_link\n"
        f"{where} ORDER BY abs(probability - 0.5), report_key, other_report_key\n"
        f"LIMIT {ROWS_OF_A_PAGE} OFFSET {(page - 1) * ROWS_OF_A_PAGE}",
        {"rule": rule},
        title=visit.words("The links"),
    )
    for row in rows:
        row["verdict"] = duplicates.last_verdict(visit, row["report_key"], row["other_report_key"])
    pages = max(1, -(-total // ROWS_OF_A_PAGE))
    return visit.page("duplicates.html", rows=rows, total=total, rule=rule, rules=RULES, page=page, pages=pages)


@router.get("/duplicate")
def duplicate(visit: Annotated[Visit, Depends(visiting("cases"))]) -> Response:
    """Two cases."""
    link, cases = _pair(visit, visit.asked.needed("key"), visit.asked.needed("other"))
    verdict = duplicates.last_verdict(visit, link["report_key"], link["other_report_key"])
    return visit.page(
        "duplicate.html",
        link=link,
        cases=cases,
        verdict=verdict,
        evidence=[part.strip() for part in (link["evidence"] or "").split(";") if part.strip()],
        fields=[f for f in duplicates.COMPARED if f in cases[0]],
        is_linked=(is_linked := link["rule"] != "refused"),
        effect=duplicates.effect(visit, cases, is_linked),
        reasons=duplicates.REASONS,
        least=LEAST_TEXT,
    )


@router.post("/duplicate")
def judge(visit: Annotated[Visit, Depends(changing("decide"))]) -> Response:
    """Write down what somebody says of a link."""
    form = visit.form
    link, cases = _pair(visit, form.needed("key"), form.needed("other"))
    keys = {name: link[name] for name in ("report_key", "other_report_key")}
    said = {
        "verdict": form.choice("verdict", LINK_VERDICTS, "-"),
        "reason": form.choice("reason", duplicates.REASONS, "-"),
        "text": form.prose("text", LEAST_TEXT),
    }
    with visit.bench.store.writing() as connection:
        seq = audit.append(connection, visit.entry("verdict", f"{keys['report_key']} {keys['other_report_key']}"))
        row = {**keys, **said, "domain": cases[0]["domain"], "at": now(), "who": visit.session.user.name}
        connection.execute(link_verdict.insert().values(**row, audit_seq=seq))
    return RedirectResponse(address("/duplicate", {"key": keys["report_key"], "other": keys["other_report_key"]}), 303)


def _pair(visit: Visit, key: str, other: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A link with its two cases. Raises `Missing` where the reader sees no such link."""
    link = duplicates.link(visit, key, other)
    if link is None:
        raise Missing
    cases = duplicates.side_by_side(visit, [link["report_key"], link["other_report_key"]])
    if len(cases) != 2:
        raise Missing
    return link, cases
