"""What was decided about a signal, by whom and why; deciding; the record that is kept on paper."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from workbench import decisions
from workbench.asked import BadAddress, address
from workbench.decisions import DAYS, LEAST_TEXT, REASONS, STAGES, VERDICTS
from workbench.pages.ranking import french_names
from workbench.pages.signal import Pair, row_of
from workbench.visit import Missing, Visit, changing, visiting

router = APIRouter()
TABLE = "gold.signal"


@router.get("/decision")
def shown(visit: Annotated[Visit, Depends(visiting("decisions"))]) -> Response:
    """The decisions about a signal, and the form."""
    pair = Pair.of(visit.asked)
    row = row_of(visit, pair)
    found = decisions.of_pair(visit.bench.store, visit.policy, pair.population, pair.substance, pair.term)
    last = found[0] if found else None
    return visit.page(
        "decision.html",
        pair=pair,
        row=row,
        found=found,
        last=last,
        may_read=last is not None and last["reading_who"] is None and last["who"] != visit.session.user.name,
        seen=visit.reader.edition.versions[TABLE].number,
        due={stage: str(dt.date.today() + dt.timedelta(days=days)) for stage, days in DAYS.items()},
        french=french_names(visit, [pair.substance]),
        lists={"verdict": VERDICTS, "reason": REASONS, "stage": STAGES},
        least=LEAST_TEXT,
    )


@router.post("/decision")
def decide(visit: Annotated[Visit, Depends(changing("decide"))]) -> Response:
    """Write a decision down."""
    form = visit.form
    pair = Pair.of(form)
    row = row_of(visit, pair)
    stage, due = form.choice("stage", STAGES, "-"), form.date("due")
    said = {
        "population": pair.population,
        "substance_key": pair.substance,
        "term_key": pair.term,
        "verdict": form.choice("verdict", VERDICTS, "-"),
        "reason": form.choice("reason", REASONS, "-"),
        "text": visit.form.prose("text", LEAST_TEXT),
        "stage": stage,
        "due": str(due) if due else None,
        "supersedes": form.number("supersedes", 1, 999_999_999, 0) or None,
        "snapshot": decisions.snapshot(row, visit.reader.versions()),
    }
    if stage != "closed" and due is None:
        raise BadAddress("due")
    if form.number("seen", 0, 999_999_999, 0) != visit.reader.edition.versions[TABLE].number:
        raise decisions.Stale
    what = f"{pair.population} {pair.substance} {pair.term}"
    number = decisions.decide(visit.bench.store, visit.entry("decision", what), said)
    return RedirectResponse(address("/decision/record", {"id": number}), 303)


@router.post("/decision/reading")
def read(visit: Annotated[Visit, Depends(changing("decide"))]) -> Response:
    """Write down what the second reader says."""
    number = visit.form.number("id", 1, 999_999_999, 0)
    found = decisions.one(visit.bench.store, visit.policy, number)
    if found is None:
        raise Missing
    agrees = visit.form.choice("agrees", ("1", "0"), "-") == "1"
    decisions.read(
        visit.bench.store,
        visit.entry("reading", f"decision {number}"),
        found,
        agrees,
        visit.form.prose("text", LEAST_TEXT),
    )
    return RedirectResponse(address("/decision/record", {"id": number}), 303)


@router.get("/decision/record")
def record(visit: Annotated[Visit, Depends(visiting("decisions"))]) -> Response:
    """One decision, to be printed and kept."""
    found: dict[str, Any] | None = decisions.one(
        visit.bench.store, visit.policy, visit.asked.number("id", 1, 999_999_999, 0)
    )
    if found is None:
        raise Missing
    lists = {"verdict": VERDICTS, "reason": REASONS, "stage": STAGES}
    return visit.page("record.html", decision=found, lists=lists, seen=found["seen"])
