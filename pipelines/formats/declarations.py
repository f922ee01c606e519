"""Declaration forms of people and professionals, exported as a table: one row per declaration, version and product.

What the forms of several vigilances share: layout and reading. Their names of columns are ours: the forms are public,
the exports are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

import pyarrow as pa

from pipelines.core.table import BronzeTable, text


class DeclarationRow(BronzeTable):
    """What every form asks for; each source adds what is its own."""

    domain: ClassVar[str] = ""
    product_type: ClassVar[str] = ""

    declaration_number = text("Number of the declaration", sensitivity="internal")
    version = text("Version of the declaration, from 1; a later one replaces the earlier whole")
    received_date = text("Receipt of this version, `YYYY-MM-DD`")
    is_withdrawn = text("`yes` where the declaration is withdrawn")
    other_numbers = text("Numbers of the case with others, joined by `|`", sensitivity="internal")
    notifier = text("Who declares")
    country = text("Country of occurrence, ISO 3166 alpha-2")
    person = text(
        "Initials or number of the person; a pseudonym",
        sensitivity="identifying",
        pseudonymised=True,
        absent=("nd", "nc", "ns", "nsp", "anonyme", "anonymous"),
    )
    sex = text("Sex of the person")
    age_years = text("Age in years")
    product_name = text("Product as declared")
    role = text("`suspect` or `concomitant`")
    company = text("Manufacturer or responsible person")
    batch = text("Batch number")
    ingredients = text("Ingredients that the label or the assessor names, joined by `|`")
    first_use_date = text("First use: YYYY, YYYY-MM or YYYY-MM-DD")
    last_use_date = text("Last use")
    effects = text("Effects, joined by `|`")
    onset_date = text("Onset of the first effect: YYYY, YYYY-MM or YYYY-MM-DD")
    seriousness = text("Criteria of seriousness, joined by `|`; `not serious`")
    outcome = text("Outcome")
    causality = text("Imputability or causality assessment")
    narrative = text("What happened, in the declarer's words", sensitivity="personal")


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read an export: `;` between quoted fields, the table's column names as header; raises `Refused` for others."""
    from pipelines.files.quoted import read_quoted_csv  # here: who asks for the tables alone need no compiled kernels

    names = {column: column for column in table.source_columns()}
    yield from read_quoted_csv(stream, table, columns=names, delimiter=";")


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out."""
    from pipelines.files.counting_quoted import count_quoted_lines

    return count_quoted_lines(stream, delimiter=";")
