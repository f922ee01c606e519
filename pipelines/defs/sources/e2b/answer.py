"""The ICH acknowledgement of a batch: which of its messages were loaded, which were rejected and why.

Source: ICH E2B(R3) implementation guide, section 4: ACK.M, ACK.A and ACK.B elements. R2 files get none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.core.ledger import Quarantine
from pipelines.defs.sources.e2b.read import HEADER
from pipelines.defs.sources.e2b.tables import E2bIcsr

if TYPE_CHECKING:
    from pipelines.lake.lake import Lake

NS, XSI = "urn:hl7-org:v3", "http://www.w3.org/2001/XMLSchema-instance"
OID = "2.16.840.1.113883.3.989.2.1.3."
KEYWORDS = "2.16.840.1.113883.3.989.2.1.1.24"
LOADED, REJECTED = "Report Loaded Successfully", "some ICSR message(s) need further action"
MAX_TEXT = 250


@dataclass(frozen=True)
class Result:
    """What became of one message: the numbers of its header, and why it was rejected; `warnings` are rule numbers."""

    number: int
    header: dict[str, str | None]
    rejection: str | None = None
    warnings: tuple[str, ...] = ()


def answer(lake: Lake, row: dict[str, Any]) -> tuple[str, bytes] | None:
    """Acknowledge one accepted delivery of R3 messages; None for another table or format."""
    if row["table_name"] != E2bIcsr.name:
        return None
    kept = lake.small(E2bIcsr.address(), ("format", "line_number", "warnings", *HEADER), row["delivery_id"])
    results = [
        Result(r["line_number"], {c: r[c] for c in HEADER}, None, tuple(json.loads(r["warnings"] or "[]")))
        for r in kept.to_pylist()
        if r["format"] == "R3"
    ]
    refused = lake.small(Quarantine.address(), ("line_number", "reason", "raw"), row["delivery_id"])
    results += [
        Result(r["line_number"], json.loads(r["raw"]), r["reason"])
        for r in refused.to_pylist()
        if r["line_number"] > 0 and (r["raw"] or "").startswith("{")
    ]
    if not results:
        return None
    ordered = sorted(results, key=lambda r: r.number)
    return "ack.xml", acknowledgement(ordered, row["delivery_id"], row["ingested_at"].strftime("%Y%m%d%H%M%S+0000"))


def acknowledgement(results: list[Result], number: str, time: str) -> bytes:
    """Acknowledge a batch of at least one message.

    Args:
        results: of every message, in their order.
        number: of the acknowledgement batch (ACK.M.1).
        time: of the acknowledgement, HL7 timestamp (ACK.M.4).
    """
    from lxml import etree

    first = results[0].header
    sender, receiver = first["message_receiver"] or "", first["message_sender"] or ""
    is_accepted = all(r.rejection is None for r in results)
    root = etree.Element(f"{{{NS}}}MCCI_IN200101UV01", {"ITSVersion": "XML_1.0"}, nsmap={None: NS, "xsi": XSI})
    _one(root, "id", extension=number, root=f"{OID}20")
    _one(root, "creationTime", value=time)
    _one(root, "responseModeCode", code="D")
    _one(root, "interactionId", extension="MCCI_IN200101UV01", root="2.16.840.1.113883.1.6")
    for result in results:
        _message(root, result, f"{number}-{result.number}", time, sender, receiver)
    _device(root, "receiver", "RCV", receiver, "18")
    _device(root, "sender", "SND", sender, "17")
    line = _one(root, "attentionLine")
    _keyword(line, "2", "acknowledgementLocalMessageNumber")
    _value(line, "II", extension=number, root=f"{OID}21")
    line = _one(root, "attentionLine")
    _keyword(line, "3", "dateOfIcsrBatchTransmission")
    _value(line, "TS", value=time)
    told = _one(root, "acknowledgement", typeCode="AA" if is_accepted else "AE")
    _one(_one(told, "targetBatch"), "id", extension=first["batch_number"] or "", root=f"{OID}22")
    detail = "message successfully processed, no further action" if is_accepted else REJECTED
    _one(_one(told, "acknowledgementDetail"), "text").text = detail
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _message(root: Any, result: Result, number: str, time: str, sender: str, receiver: str) -> None:
    message = _one(root, "MCCI_IN000002UV01")
    _one(message, "id", extension=number, root=f"{OID}19")
    _one(message, "creationTime", value=time)
    _one(message, "interactionId", extension="MCCI_IN000002UV01", root="2.16.840.1.113883.1.6")
    _one(message, "processingCode", code="P")
    _one(message, "processingModeCode", code="T")
    _one(message, "acceptAckCode", code="NE")
    _device(message, "receiver", "RCV", result.header["message_sender"] or receiver, "16")
    _device(message, "sender", "SND", result.header["message_receiver"] or sender, "15")
    line = _one(message, "attentionLine")
    _keyword(line, "1", "dateOfIcsrMessageCreation")
    _value(line, "TS", value=result.header["message_created"] or "")
    told = _one(message, "acknowledgement", typeCode="CA" if result.rejection is None else "CR")
    target = " ".join(v for v in (result.header["message_number"], result.header["safety_report_id"]) if v)
    _one(_one(told, "targetMessage"), "id", extension=target, root=f"{OID}1")
    text = result.rejection or "; ".join((LOADED, *(f"warning {w}" for w in result.warnings)))
    _one(_one(told, "acknowledgementDetail"), "text").text = text[:MAX_TEXT]


def _one(parent: Any, tag: str, **attributes: str) -> Any:
    from lxml import etree

    return etree.SubElement(parent, f"{{{NS}}}{tag}", attributes)


def _device(parent: Any, tag: str, kind: str, name: str, end: str) -> None:
    device = _one(_one(parent, tag, typeCode=kind), "device", classCode="DEV", determinerCode="INSTANCE")
    _one(device, "id", extension=name, root=f"{OID}{end}")


def _keyword(line: Any, code: str, name: str) -> None:
    _one(line, "keyWordText", code=code, codeSystem=KEYWORDS, codeSystemVersion="1.0", displayName=name)


def _value(line: Any, kind: str, **attributes: str) -> None:
    _one(line, "value", **attributes).set(f"{{{XSI}}}type", kind)
