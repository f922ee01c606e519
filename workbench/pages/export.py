"""What is taken out: a list as a file, with a manifest that says what it is, of what, for whom and under which hash."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from pipelines.output.cells import inert, inert_names
from pipelines.output.render import render
from workbench import audit, decisions, ermr
from workbench.asked import Asked, BadAddress
from workbench.pages import cases, ranking
from workbench.pages.signal import PAIR, Pair, row_of
from workbench.store import now
from workbench.visit import Missing, Visit, visiting

if TYPE_CHECKING:
    import pyarrow as pa

router = APIRouter()
MOST_ROWS = 100_000
KINDS = ("csv", "parquet", "xlsx")
Selected = tuple[str, dict[str, Any]]


def _signals(visit: Visit) -> Selected:
    state = ranking.State.of(visit.asked)
    stand = decisions.heads(visit.bench.store, visit.policy, state.population)
    sql = f"SELECT month, {ranking.COLUMNS}\nFROM gold.signal\nWHERE {state.where()}\nORDER BY {state.order()}"
    return sql, {**vars(state), "decided": ranking.decided_keys(stand)}


def _cases(visit: Visit) -> Selected:
    if not visit.policy.may("cases"):
        raise Missing
    state = cases.State.of(visit.asked)
    at = cases.known(visit, state)
    return f"{state.listing()}\nORDER BY {cases.SORTS[state.sort]}, report_key", at


def _course(visit: Visit) -> Selected:
    pair = Pair.of(visit.asked)
    row = row_of(visit, pair)
    sql = f"SELECT * FROM gold.signal WHERE {PAIR} AND month <= $month ORDER BY month"
    return sql, {**vars(pair), "month": row["month"]}


def _ermr(visit: Visit) -> Selected:
    """The pairs of a whole vigilance of people. Raises `BadAddress` for another population."""
    if not visit.policy.may("cases"):
        raise Missing
    population = visit.asked.choice("population", ermr.DOMAINS, "-")
    at = cases.known(visit, cases.State.of(Asked({"population": population, "month": visit.asked.text("month")})))
    return ermr.sql(), at


VIEWS: dict[str, Callable[[Visit], Selected]] = {"signals": _signals, "cases": _cases, "course": _course, "ermr": _ermr}


@router.get("/export")
def export(visit: Annotated[Visit, Depends(visiting("export"))]) -> Response:
    """The list of an address as a ZIP of one file and its manifest. Raises `BadAddress` for more than `MOST_ROWS`."""
    view = visit.asked.choice("view", VIEWS, "-")
    kind = visit.asked.choice("kind", KINDS, "csv")
    sql, given = VIEWS[view](visit)
    found = visit.reader.table(f"{sql}\nLIMIT {MOST_ROWS + 1}", given)
    if found.num_rows > MOST_ROWS:
        raise BadAddress("rows")
    data = _written(found, kind)
    digest = hashlib.sha256(data).hexdigest()
    entry = visit.session.entry(
        "export",
        visit.place,
        versions=json.dumps(visit.reader.versions()),
        query=visit.reader.asked[-1][1],
        result=digest,
    )
    seq = audit.record(visit.bench.store, entry)
    return packed(f"gerland-{view}-{seq}", f"{view}.{kind}", data, _manifest(visit, view, kind, found, digest, seq))


def packed(name: str, file: str, data: bytes, manifest: dict[str, Any]) -> Response:
    """What leaves: a ZIP of one file and its manifest."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(file, data)
        archive.writestr("manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False, default=str))
    disposition = f'attachment; filename="{name}.zip"'
    return Response(out.getvalue(), media_type="application/zip", headers={"Content-Disposition": disposition})


def _manifest(visit: Visit, view: str, kind: str, found: pa.Table, digest: str, seq: int) -> dict[str, Any]:
    edition = visit.reader.edition
    return {
        "file": f"{view}.{kind}",
        "sha256": digest,
        "rows": found.num_rows,
        "columns": found.column_names,
        "filters": {name: value for name, value in visit.request.query_params.items() if name not in ("view", "kind")},
        "tables": {
            name: {"version": number, "committed": edition.versions[name].committed.isoformat()}
            for name, number in visit.reader.versions().items()
        },
        "query": visit.reader.asked[-1][1],
        "made_at": now(),
        "made_by": visit.session.user.name,
        "role": visit.session.user.role,
        "agencies": list(visit.session.user.agencies),
        "purpose": visit.session.purpose,
        "audit_row": seq,
        "simulated": visit.bench.is_simulated,
    }


def _written(found: pa.Table, kind: str) -> bytes:
    """Bytes of the file. Cells that a spreadsheet would take for a formula are texts in CSV and XLSX."""
    if kind == "xlsx":
        return _workbook(found)
    with TemporaryDirectory(prefix="gerland-") as folder:
        file = Path(folder) / f"export.{kind}"
        render(found, kind, file)
        return file.read_bytes()


def _workbook(found: pa.Table) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("gerland")
    sheet.append(inert_names(found.column_names))
    for batch in found.to_batches(10_000):
        for row in batch.to_pylist():
            sheet.append([_plain(value) for value in row.values()])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _plain(value: Any) -> Any:
    """A value as a sheet holds it: lists as text, control characters left out."""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return inert("".join(c for c in value if c >= " " or c in "\n\t")) if isinstance(value, str) else value
