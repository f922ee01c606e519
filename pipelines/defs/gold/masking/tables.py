"""Scores with the masker set aside."""

from pipelines.core.table import Column
from pipelines.defs.gold.answer import Answer


class Masking(Answer):
    """One pair scored again without the reports of one substance that masks its event, as reports stand.

    A masker of an event holds so many of its reports that the event's background changes by at least a tenth without
    them (`masking_ratio` >= 1.1). `estimate`, `lower` and `upper` are the IC without the masker's reports; pairs with
    3 reports left are listed. `is_revealed` pairs are a signal only then: the place to look for what a heavily
    reported pair hides.
    """

    name = "masking"
    key = ("population", "substance_key", "term_key", "masker_key", "method")
    example = """
    -- what heavily reported substances hide
    SELECT population, substance_name, term_name, masker_name, masking_ratio, ic025, lower AS ic025_without_it
    FROM gold.masking
    WHERE is_revealed
    ORDER BY ic025_without_it DESC
    LIMIT 20
    """

    masker_key = Column("string", "Key of the substance that masks", required=True)
    masker_name = Column("string", "The substance that masks", required=True)
    masking_ratio = Column("double", "Share of the event in all reports, over that without the masker", minimum=1)
    a = Column("bigint", "Reports with substance and event", unit="reports", required=True, minimum=1)
    ic025 = Column("double", "IC025 with all reports", unit="log2")
    a_without = Column("bigint", "Reports of the pair that do not name the masker", unit="reports", minimum=0)
    expected_without = Column("double", "Reports expected without the masker's", minimum=0)
    is_revealed = Column("boolean", "A signal without the masker's reports, and none with them")
