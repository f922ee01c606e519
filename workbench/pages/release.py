"""The release desk: what a table would tell outside, who agreed, and the table as it left."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from models.disclosure.table import PROFILES, Crossed, DisclosureError, crossed
from pipelines.output.cells import inert
from workbench import audit, releases
from workbench.asked import Asked, BadAddress, address
from workbench.decisions import LEAST_TEXT
from workbench.pages import cases
from workbench.pages.export import packed
from workbench.releases import DIMENSIONS, MEASURES, MOST_DIMENSIONS, UNKNOWN
from workbench.store import now
from workbench.visit import Missing, Visit, changing, visiting

router = APIRouter()


@router.get("/releases")
def listed(visit: Annotated[Visit, Depends(visiting("releases"))]) -> Response:
    """Releases and their states."""
    return visit.page("releases.html", rows=releases.of_reader(visit.bench.store, visit.policy), measures=MEASURES)


@router.get("/release/new")
def preview(visit: Annotated[Visit, Depends(visiting("draft"))]) -> Response:
    """What would leave of a selection of cases, beside what is there; and the form."""
    state = cases.State.of(visit.asked)
    chosen = _dimensions(visit.asked)
    table = made = problem = None
    if chosen:
        try:
            table = _table(visit, visit.asked, state, chosen)
            made = _made(visit, visit.asked, state, table)
        except DisclosureError as error:
            problem = visit.words(error.sentence, **error.values)
    return visit.page(
        "release_new.html",
        state=state,
        chosen=chosen,
        asked={name: visit.asked.text(name) for name in ("profile", "measure")},
        table=table,
        made=made,
        cells=_beside(table, made) if table and made else [],
        problem=problem,
        profiles=PROFILES,
        measures=MEASURES,
        dimensions=DIMENSIONS,
        most=MOST_DIMENSIONS,
        least=LEAST_TEXT,
    )


@router.post("/release/new")
def draft(visit: Annotated[Visit, Depends(changing("draft"))]) -> Response:
    """Hand a table in."""
    state, chosen = cases.State.of(visit.form), _dimensions(visit.form)
    if not chosen:
        raise BadAddress("dimension")
    made = _made(visit, visit.form, state, _table(visit, visit.form, state, chosen))
    said = {
        "population": state.population,
        "profile": made["profile"],
        "measure": made["measure"],
        "selection": json.dumps(state.address(month=cases.known(visit, state)["month"]), default=str),
        "dimensions": json.dumps(chosen),
        "content": json.dumps(made["content"]),
        "findings": json.dumps(made["findings"]),
        "reason": visit.form.prose("text", LEAST_TEXT),
    }
    number = releases.draft(visit.bench.store, visit.entry("release", f"{state.population} {' × '.join(chosen)}"), said)
    return RedirectResponse(address("/release", {"id": number}), 303)


@router.get("/release")
def shown(visit: Annotated[Visit, Depends(visiting("releases"))]) -> Response:
    """One release as it would leave, with what speaks against it and what was said."""
    row = _one(visit, visit.asked)
    me = visit.session.user.name
    may_check = visit.policy.may("check") and row["state"] == releases.WAITING and row["who"] != me
    return visit.page(
        "release.html",
        row=row,
        cells=releases.cells(row),
        profile=PROFILES[row["profile"]],
        measures=MEASURES,
        may_check=may_check and me not in {one["who"] for one in row["checks"]},
        needed=releases.CHECKERS - len(row["checks"]),
        least=LEAST_TEXT,
    )


@router.post("/release/check")
def check(visit: Annotated[Visit, Depends(changing("check"))]) -> Response:
    """Agree that a table leaves, or refuse it."""
    row = _one(visit, visit.form)
    agrees = visit.form.choice("agrees", ("1", "0"), "-") == "1"
    entry = visit.entry("release check", f"release {row['id']}")
    releases.check(visit.bench.store, entry, row, agrees, visit.form.prose("text", LEAST_TEXT))
    return RedirectResponse(address("/release", {"id": row["id"]}), 303)


@router.get("/release/file")
def file(visit: Annotated[Visit, Depends(visiting("releases"))]) -> Response:
    """A release that was agreed to, as a ZIP of a CSV and its manifest."""
    row = _one(visit, visit.asked)
    if row["state"] != releases.AGREED:
        raise Missing
    data = _csv(row)
    digest = hashlib.sha256(data).hexdigest()
    entry = visit.session.entry("release file", f"release {row['id']}", result=digest)
    seq = audit.record(visit.bench.store, entry)
    manifest = {
        "file": "release.csv",
        "sha256": digest,
        "release": row["id"],
        "cases": {**row["selection"], "known": row["content"]["of"]},
        "measure": row["measure"],
        "dimensions": row["dimensions"],
        "profile": vars(PROFILES[row["profile"]]),
        "hidden_cells": len(row["content"]["why"]),
        "drafted_by": row["who"],
        "agreed_by": [one["who"] for one in row["checks"]],
        "made_at": now(),
        "audit_row": seq,
        "simulated": visit.bench.is_simulated,
    }
    return packed(f"gerland-release-{row['id']}", "release.csv", data, manifest)


def _one(visit: Visit, asked: Asked) -> dict[str, Any]:
    number = asked.number("id", 1, 999_999_999, 0)
    found = next((r for r in releases.of_reader(visit.bench.store, visit.policy) if r["id"] == number), None)
    if found is None:
        raise Missing
    return found


def _dimensions(asked: Asked) -> list[str]:
    """Dimensions of an address: `dimension1`, `dimension2`, …; none twice."""
    told = [asked.text(f"dimension{i}") for i in range(1, MOST_DIMENSIONS + 1)]
    chosen = [name for name in told if name]
    if len(set(chosen)) < len(chosen) or not set(chosen) <= DIMENSIONS.keys():
        raise BadAddress("dimension")
    return chosen


def _table(visit: Visit, asked: Asked, state: cases.State, chosen: list[str]) -> Crossed:
    """Cases of a line list, crossed."""
    levels = ", ".join(f"coalesce({DIMENSIONS[name]}, '{UNKNOWN}') AS {name}" for name in chosen)
    sql = f"""WITH listed AS ({state.listing()})
SELECT {levels}, coalesce(n_animals_affected, 0) AS n_animals
FROM silver.report_history SEMI JOIN listed USING (report_key, report_version)"""
    found = visit.reader.table(sql, cases.known(visit, state))
    measure = asked.choice("measure", MEASURES, "cases")
    values = found.column("n_animals").to_pylist() if measure == "animals" else None
    return crossed({name: found.column(name).to_pylist() for name in chosen}, values)


def _made(visit: Visit, asked: Asked, state: cases.State, table: Crossed) -> dict[str, Any]:
    """A table as it would leave, and what it tells together with earlier ones."""
    profile = PROFILES[asked.choice("profile", PROFILES, "snds11")]
    measure = asked.choice("measure", MEASURES, "cases")
    left = releases.proved(table, profile)
    versions = visit.reader.versions()
    of = hashlib.sha256(json.dumps([state.address(page=1), versions], default=str).encode()).hexdigest()[:16]
    found = releases.compared(visit.bench.store, state.population, measure, of, table, left, profile)
    findings = [
        {"release": one.number, "cell": sorted(map(list, one.cell)), "before": one.before, "now": one.now}
        for one in found
    ]
    content = {**releases.written(table, left), "of": of, "versions": versions}
    return {"profile": profile.name, "measure": measure, "content": content, "findings": findings}


def _beside(table: Crossed, made: dict[str, Any]) -> list[dict[str, Any]]:
    """Cells of a table before and after."""
    after = releases.cells(made)
    values = table.values.reshape(-1).tolist()
    return [{**cell, "value": value} for cell, value in zip(after, values, strict=True)]


def _csv(row: dict[str, Any]) -> bytes:
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow([*row["dimensions"], row["measure"], "hidden"])
    for cell in releases.cells(row):
        levels = ["all" if level is None else inert(level) for level in cell["at"]]
        sheet.writerow([*levels, *(("", "hidden") if cell["shown"] is None else (cell["shown"], ""))])  # never why
    return out.getvalue().encode()
