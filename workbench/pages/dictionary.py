"""What a column means: the tables that a reader may see, as their classes declare them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from pipelines.core.axis import seen_from
from pipelines.core.catalog import tables
from workbench.policy import INTERNAL, ROWS
from workbench.visit import Missing, Visit, visiting

router = APIRouter()


@router.get("/dictionary")
def dictionary(visit: Annotated[Visit, Depends(visiting("signals"))]) -> Response:
    """All tables, or one with its columns, its version, and how it is seen from a past date."""
    shown = [a for a in tables() if a in ROWS and visit.policy.allows(a) and a not in INTERNAL]
    if not (address := visit.asked.text("table")):
        return visit.page("dictionary.html", shown=[tables()[a] for a in shown], table=None)
    if address not in shown:
        raise Missing
    table = tables()[address]
    return visit.page(
        "dictionary.html",
        shown=[],
        table=table,
        columns=visit.policy.columns(table),
        version=visit.reader.edition.versions.get(address),
        seen_from=seen_from(table.axis),
    )
