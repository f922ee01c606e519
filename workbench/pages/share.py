"""Routes of the Delta Sharing protocol: for machines with a token, not for people with a session."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import FileResponse, JSONResponse, Response

from pipelines.core.catalog import tables
from workbench import audit, sharing
from workbench.sharing import SHARE, Recipient
from workbench.visit import Workbench

router = APIRouter(prefix="/sharing")
MOST_ITEMS = 500
FORMAT = "responseformat=parquet"


class Refused(Exception):
    """What is asked can't be answered: status, code and words of the protocol's errors."""

    def __init__(self, status: int, code: str, message: str):
        """Keep what is told."""
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def refused(_request: Request, error: Exception) -> Response:
    """An error as the protocol writes it."""
    assert isinstance(error, Refused)
    return JSONResponse({"errorCode": error.code, "message": error.message}, error.status)


def _recipient(request: Request) -> Recipient:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    found = sharing.of_token(request.app.state.bench.store, token) if kind.lower() == "bearer" else None
    if found is None:
        raise Refused(401, "UNAUTHENTICATED", "the token is none, has ended or was revoked")
    return found


Who = Annotated[Recipient, Depends(_recipient)]


@router.get("/shares")
def shares(request: Request, _who: Who) -> Response:
    """The one share."""
    return _listed(request, [{"name": SHARE}])


@router.get("/shares/{share}")
def share(share: str, _who: Who) -> Response:
    """The share."""
    _known(share)
    return JSONResponse({"share": {"name": SHARE}})


@router.get("/shares/{share}/schemas")
def schemas(request: Request, share: str, who: Who) -> Response:
    """Layers of the lake that hold something for the recipient."""
    _known(share)
    layers = sorted({address.split(".")[0] for address in _shared(request, who)})
    return _listed(request, [{"name": layer, "share": SHARE} for layer in layers])


@router.get("/shares/{share}/all-tables")
def all_tables(request: Request, share: str, who: Who) -> Response:
    """All tables."""
    _known(share)
    return _listed(request, [_item(address) for address in _shared(request, who)])


@router.get("/shares/{share}/schemas/{schema}/tables")
def tables_of(request: Request, share: str, schema: str, who: Who) -> Response:
    """Tables of a layer."""
    _known(share)
    found = [a for a in _shared(request, who) if a.split(".")[0] == schema.lower()]
    if not found:
        raise _absent()
    return _listed(request, [_item(address) for address in found])


@router.get("/shares/{share}/schemas/{schema}/tables/{table}/version")
def version(request: Request, share: str, schema: str, table: str, who: Who) -> Response:
    """Version of a table."""
    return Response(headers=_versioned(request, _address(request, who, share, schema, table)))


@router.get("/shares/{share}/schemas/{schema}/tables/{table}/metadata")
def metadata(request: Request, share: str, schema: str, table: str, who: Who) -> Response:
    """Schema of what the recipient sees of a table."""
    address = _address(request, who, share, schema, table)
    headers = _versioned(request, address)
    return _lines(sharing.metadata(tables()[address], int(headers["Delta-Table-Version"]), who.policy), headers)


@router.post("/shares/{share}/schemas/{schema}/tables/{table}/query")
async def query(request: Request, share: str, schema: str, table: str, who: Who) -> Response:
    """The file of what the recipient sees of a table."""
    try:
        asked = json.loads(await request.body() or b"{}")
        asked = asked if isinstance(asked, dict) else {}
    except ValueError:
        raise Refused(400, "INVALID_PARAMETER_VALUE", "the request is no JSON") from None
    address = _address(request, who, share, schema, table)
    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(_answered, request, address, who, asked)


def _answered(request: Request, address: str, who: Recipient, asked: dict[str, Any]) -> Response:
    bench: Workbench = request.app.state.bench
    headers = _versioned(request, address)
    number = int(headers["Delta-Table-Version"])
    if asked.get("version") not in (None, number) or asked.get("timestamp") or asked.get("startingVersion"):
        raise Refused(400, "INVALID_PARAMETER_VALUE", f"only the version that stands is shared, {number}")
    file, reader = sharing.made(bench.lake, who.policy, address, bench.shares)
    digest = sharing.digest(file)
    said = {"versions": json.dumps({address: number}), "query": f"SELECT * FROM {address}", "result": digest}
    audit.record(bench.store, who.entry("share query", address, **said))
    signed = sharing.signed(bench.store, who.name, address, file.name)
    url = f"{bench.address}/sharing/files/{file.name}?" + "&".join(f"{k}={v}" for k, v in signed.items())
    told = {"url": url, "id": digest[:32], "partitionValues": {}, "size": file.stat().st_size, "version": number}
    told["expirationTimestamp"] = int(signed["e"]) * 1000
    rows = sharing.metadata(tables()[address], reader.edition.versions[address].number, who.policy)
    return _lines([*rows, {"file": told}], headers)


@router.get("/shares/{share}/schemas/{schema}/tables/{table}/changes")
def changes(share: str, schema: str, table: str, _who: Who) -> Response:
    """Changes are not shared: a row that left would tell of itself."""
    raise Refused(400, "UNSUPPORTED_OPERATION", "changes between versions are not shared")


@router.api_route("/files/{name}", methods=["GET", "HEAD"])
def file(request: Request, name: str) -> Response:
    """A file, by an address that was signed for a recipient who still stands."""
    bench: Workbench = request.app.state.bench
    asked = dict(request.query_params)
    if not sharing.is_signed(bench.store, asked, name):
        raise Refused(403, "PERMISSION_DENIED", "the address is not one that was given out, or no longer good")
    who, address = sharing.named(bench.store, asked["r"]), asked["t"]
    if who is None:
        raise Refused(403, "PERMISSION_DENIED", "the recipient was revoked or has ended")
    if address not in _shared(request, who):
        raise _absent()
    found, _ = sharing.made(bench.lake, who.policy, address, bench.shares)
    if found.name != name:  # another version stands by now
        raise _absent()
    if request.method == "GET":
        audit.record(bench.store, who.entry("share file", address, result=sharing.digest(found)))
    return FileResponse(found, media_type="application/vnd.apache.parquet")


def _known(share: str) -> None:
    if share.lower() != SHARE:
        raise _absent()


def _absent() -> Refused:
    return Refused(404, "RESOURCE_DOES_NOT_EXIST", "there is no such share, schema, table or file for this recipient")


def _shared(request: Request, who: Recipient) -> list[str]:
    return sharing.shared(request.app.state.bench.lake.edition(), who.policy)


def _address(request: Request, who: Recipient, share: str, schema: str, table: str) -> str:
    _known(share)
    address = f"{schema}.{table}".lower()
    if address not in _shared(request, who):
        raise _absent()
    return address


def _versioned(request: Request, address: str) -> dict[str, str]:
    number = request.app.state.bench.lake.edition().versions[address].number
    return {"Delta-Table-Version": str(number), "Delta-Sharing-Capabilities": FORMAT}


def _item(address: str) -> dict[str, str]:
    schema, name = address.split(".")
    return {"name": name, "schema": schema, "share": SHARE}


def _listed(request: Request, items: Sequence[dict[str, str]]) -> Response:
    """A page of a list; the token of the next is where it begins."""
    texts = {name: request.query_params.get(name, "") for name in ("maxResults", "pageToken")}
    if not all(text == "" or (text.isdecimal() and len(text) < 9) for text in texts.values()):
        raise Refused(400, "INVALID_PARAMETER_VALUE", "maxResults and pageToken are whole numbers")
    start, most = int(texts["pageToken"] or 0), min(int(texts["maxResults"] or MOST_ITEMS) or MOST_ITEMS, MOST_ITEMS)
    page: dict[str, Any] = {"items": list(items[start : start + most])}
    if start + most < len(items):
        page["nextPageToken"] = str(start + most)
    return JSONResponse(page)


def _lines(rows: Sequence[dict[str, Any]], headers: dict[str, str]) -> Response:
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    return Response(text, media_type="application/x-ndjson; charset=utf-8", headers=headers)
