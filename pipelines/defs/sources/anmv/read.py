"""ANMV XML to rows, product by product. No entity is resolved, nothing is fetched, memory holds one product.

A file that is not well-formed is refused whole, with the line of the fault: half a register is no register.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.anmv.tables import AnmvReference
from pipelines.files.reading import batches
from pipelines.files.text import Again, Refused
from pipelines.files.xml import unread_encoding

PATHS = {
    "anmv_composition": ("composition/compo/sa", "composition/compo/fraction"),
    "anmv_administration": ("voie-administration/voie-admin",),
    "anmv_pack": ("modele-destine-vente/mod-vte",),
    "anmv_gtin": ("mdv-codes-gtin/mod-vte",),
    "anmv_atcvet": ("atcvet-code/code-atcvet",),
    "anmv_paragraph": ("paragraphes-rcp/para-rcp",),
}


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read the records of one table; raises `Refused` for XML that is not well-formed."""
    from lxml import etree

    again = Again(stream)
    if problem := unread_encoding(again.start):
        raise Refused(problem)
    records = _references(again, table) if table is AnmvReference else _products(again, table)
    numbered = ((number, row, "", "") for number, row in enumerate(records, start=1))
    try:
        yield from batches(table, numbered)
    except etree.XMLSyntaxError as error:
        raise Refused(f"not well-formed XML, line {error.lineno}") from None


def _elements(stream: BinaryIO, tag: str) -> Iterator[Any]:
    from lxml import etree

    parsed = etree.iterparse(
        stream, tag=tag, events=("end",), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    for _, element in parsed:
        yield element
        element.clear()
        parent = element.getparent()  # none of a root, before which a comment may stand
        while parent is not None and element.getprevious() is not None:
            del parent[0]


def _products(stream: BinaryIO, table: type[BronzeTable]) -> Iterator[list[str | None]]:
    columns = table.source_columns()
    for product in _elements(stream, "medicinal-product"):
        identity = product.findtext("src-id")
        if table.name not in PATHS:
            yield [product.findtext(c.replace("_", "-")) for c in columns]
        for path in PATHS.get(table.name, ()):
            for element in product.iterfind(path):
                yield [identity, *(_value(element, column) for column in columns[1:])]


def _value(element: Any, column: str) -> str | None:
    if column == "compo":
        return str(element.getparent().getparent().index(element.getparent()) + 1)
    if column == "nature":
        return str(element.tag)
    if column == "code_atcvet":
        return str(element.text)
    found = element.findtext(column.replace("_", "-"))
    return None if found is None else str(found)


def _references(stream: BinaryIO, table: type[BronzeTable]) -> Iterator[list[str | None]]:
    for entry in _elements(stream, "entry"):
        parent = entry.getparent()
        yield [None if parent is None else parent.tag, entry.findtext("source-code"), entry.findtext("source-desc")]


SECTIONS = {
    "anmv_product": (rb"<medicinal-product[\s/>]", None),
    "anmv_composition": (rb"<(?:sa|fraction)[\s/>]", None),
    "anmv_administration": (rb"<voie-admin[\s/>]", None),
    "anmv_pack": (rb"<mod-vte[\s/>]", b"modele-destine-vente"),
    "anmv_gtin": (rb"<mod-vte[\s/>]", b"mdv-codes-gtin"),
    "anmv_atcvet": (rb"<code-atcvet[\s/>]", None),
    "anmv_paragraph": (rb"<para-rcp[\s/>]", None),
    "anmv_reference": (rb"<entry[\s/>]", None),
}


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count start tags in the bytes, unparsed; comments and CDATA are cut out first."""
    tag, section = SECTIONS[table.name]
    data = re.sub(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", b"", stream.read(), flags=re.DOTALL)
    if section is not None:
        data = b"".join(re.findall(rb"<%s(?:\s[^>]*)?>(.*?)</%s\s*>" % (section, section), data, flags=re.DOTALL))
    return len(re.findall(tag, data))
