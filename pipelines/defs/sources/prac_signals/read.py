"""Lists of signals to rows: CSV with English headers, JSON with the Spanish keys of the extraction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.prac_signals.tables import PracDiscussion, PracRecommendation
from pipelines.files.counting_json import count_objects
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.json import parsed, records
from pipelines.files.quoted import read_quoted_csv
from pipelines.files.reading import batches

CSV = {c: c for c in PracRecommendation.source_columns()}
OPTIONAL = ("url",)
LEFT_OUT = {"dedupe_key", "reunion_texto", "accion_titular"}  # of the extraction, or said by another key
KEYS: dict[type[BronzeTable], dict[str, str]] = {
    PracRecommendation: {
        "molecula": "substance",
        "senal": "signal",
        "epitt_no": "epitt",
        "seccion": "section",
        "fecha_reunion": "meeting",
        "referencia": "reference",
        "fecha_publicacion": "published",
        "url_pdf": "url",
    },
    PracDiscussion: {
        "inn": "substance",
        "senal": "signal",
        "reunion": "meeting",
        "reunion_inicio": "meeting_start",
        "accion_raw": "action",
        "nota_texto": "note",
        "fuente_archivo": "list_file",
        "fuente_url": "list_url",
        "fuente_actualizado": "list_updated",
    },
}


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one list; raises `Refused` for a CSV whose header is another."""
    if _is_json(name):
        yield from batches(table, _objects(stream, table))
    else:
        yield from read_quoted_csv(stream, table, columns=CSV, optional=OPTIONAL)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count objects, or records of the CSV behind its header."""
    is_json = name.lower().removesuffix(".gz").endswith(".json")
    return count_objects(stream) if is_json else count_quoted_lines(stream)


def _is_json(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith(".json")


def _objects(stream: BinaryIO, table: type[BronzeTable]) -> Iterator[tuple[int, list[str | None] | None, str, str]]:
    keys = KEYS[table]
    of_column = {column: key for key, column in keys.items()}
    for number, (data, problem) in enumerate(records(stream), start=1):
        try:
            if problem:
                raise ValueError(problem)
            told = parsed(data)
            if unknown := [key for key in told if key not in keys and key not in LEFT_OUT]:
                raise ValueError(f"unknown key {unknown[0]!r}")
            if not told.get(of_column["substance"]) or not told.get(of_column["signal"]):
                raise ValueError("names no substance, or no signal")
            if nested := [key for key, value in told.items() if isinstance(value, (dict, list))]:
                raise ValueError(f"{nested[0]} is no text")
            values = (told.get(of_column[c]) for c in table.source_columns())
            yield number, [None if v is None else str(v) for v in values], "", ""
        except ValueError as error:
            yield number, None, str(error), data.decode("utf-8", "replace")
