"""Numbers of files on genetically modified organisms, as the summary notification (SNIF) writes them: B/FR/yy/nn.

Belongs here: the key under which spellings meet. Does not: which procedure a number is of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column

NUMBER = r"(?i)^\s*B\s*/\s*([A-Z]{2})\s*/\s*(?:19|20)?([0-9]{2})\s*/\s*0*([0-9]+)\s*$"


def gmo_key(column: str) -> Column:
    """Key of a file's number: `B/FR/24/7`, `B/FR/24/07` and `b/fr/2024/07` are `B/FR/24/07`; null for other texts."""
    from pipelines.frames.readings import read

    return read(column, _key)


def _key(text: Column) -> Column:
    from pyspark.sql import functions as F

    country, year, number = (F.regexp_extract(text, NUMBER, i) for i in (1, 2, 3))
    two = F.when(F.length(number) < 2, F.lpad(number, 2, "0")).otherwise(number)
    return F.when(text.rlike(NUMBER), F.concat_ws("/", F.lit("B"), F.upper(country), year, two))
