"""Files of parameters to rows: CSV with a header."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.emission_parameters.tables import EmissionExcretion, EmissionHusbandry, EmissionParameter
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv

RENAMED = {
    "emission_parameters_husbandry": {"body_weight_kg_guideline_GK": "body_weight_kg_guideline"},
    "emission_parameters_excretion": {
        **{"Pharmaceutical": "pharmaceutical", "Administration_Route": "administration_route"},
        "Excretion_percentage": "excretion_percentage",
    },
}
REQUIRED = {
    "emission_parameters_value": ("subject_kind", "subject", "kind", "value", "reference"),
    "emission_parameters_husbandry": ("animal_type",),
    "emission_parameters_excretion": ("Pharmaceutical", "Excretion_percentage"),
    "emission_parameters_statement": ("substance", "pnec_ug_per_l"),
}
MARKS = ",;"


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file. Raises `Refused` where the header lacks what is needed."""
    own = {} if table is EmissionExcretion else {c: c for c in table.source_columns()}
    columns = own | RENAMED.get(table.name, {})
    optional = [title for title in columns if title not in REQUIRED[table.name]]
    is_whole = table in (EmissionParameter, EmissionHusbandry)
    yield from read_quoted_csv(stream, table, columns=columns, delimiter=MARKS, is_whole=is_whole, optional=optional)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out."""
    return count_quoted_lines(stream, delimiter=MARKS)
