"""Terms of the event dictionaries."""

from pipelines.core.table import Column, Released

DICTIONARIES = {
    "veddra": "VeDDRA, the EMA's dictionary for events in animals and in people exposed to veterinary medicines",
    "preferred_term": "Preferred-term texts as they occur in the authorities' files; levels come with a MedDRA release",
    "meddra": "Lowest level terms of a MedDRA release that a licensed user has landed",
}


class Term(Released):
    """One entry of an event dictionary, at its lowest level, with the levels above it, between two releases.

    Keep `is_current` for the dictionaries of today; the others are what earlier months were coded and named by.

    VeDDRA comes with its full hierarchy from the EMA's combined list. Human sources give preferred-term texts: they
    become terms of `preferred_term`. Their codes and the levels above are those of the MedDRA release that a licensed
    user has landed, else they have none: nothing of that dictionary is shipped.
    """

    layer, name, owner = "silver", "term", "pharmacovigilance"
    key = ("term_key", "known_from")

    term_key = Column("string", "Dictionary, colon, code (`veddra:2063`) or normalised text", required=True)
    dictionary = Column("string", "Dictionary the term belongs to", required=True, codes=DICTIONARIES)
    code = Column("string", "Code of the lowest level term, where the dictionary has codes")
    term_name = Column("string", "Lowest level term", required=True)
    pt_code = Column("string", "Code of the preferred term")
    pt_name = Column("string", "Preferred term")
    hlt_code = Column("string", "Code of the high level term")
    hlt_name = Column("string", "High level term")
    soc_code = Column("string", "Code of the system organ class")
    soc_name = Column("string", "System organ class")
    term_type = Column(
        "string", "A animal, C common, H human (VeDDRA)", codes={"A": "animal", "C": "common", "H": "human"}
    )
