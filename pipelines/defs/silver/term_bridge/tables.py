"""What joins the dictionaries of events."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.defs.silver.term.tables import DICTIONARIES

METHODS = {
    "own": "The term names the event itself: no other dictionary has it, or it is the preferred term of human sources",
    "code": "The hierarchy of its own dictionary names the preferred term",
    "exact": "The same name, but for case and blanks",
    "spelling": "The same name, but for British or American spelling, plural, remarks in brackets and NOS",
    "word_order": "The same words in another order, as `inflammation, skin` and `skin inflammation`",
    "synonym": "Another lowest level term of the same VeDDRA preferred term has the name",
    "reviewed": "A reviewed list says that both mean the same",
}


class TermBridge(Table):
    """One term of a dictionary and the event it stands for, common to all dictionaries.

    Coverage: every term of `silver.term`. A VeDDRA term that no human preferred term matches is an event of its own.
    Join on `term_key`; count reports of all vigilances by `event_key`. Traps: confidence below 0.9 is a synonym, not a
    name; only preferred terms that occur in landed files can be matched.
    """

    layer, name, owner = "silver", "term_bridge", "pharmacovigilance"
    key = ("term_key",)
    axis = DERIVED
    example = """
    -- events that dictionaries name differently
    SELECT event_name, string_agg(DISTINCT dictionary || ': ' || term_name, '; ') AS named,
           min(confidence) AS least_confidence
    FROM silver.term_bridge
    GROUP BY event_key, event_name
    HAVING count(DISTINCT dictionary) > 1 AND count(DISTINCT lower(term_name)) > 1
    ORDER BY event_name
    LIMIT 20
    """

    term_key = Column("string", "Key of `silver.term`", required=True, references="silver.term")
    dictionary = Column("string", "Dictionary the term belongs to", required=True, codes=DICTIONARIES)
    term_name = Column("string", "The term", required=True)
    event_key = Column("string", "Key of the event, common to all dictionaries", required=True)
    event_name = Column("string", "Name of the event", required=True)
    method = Column("string", "How the term was joined to the event", required=True, codes=METHODS)
    confidence = Column("double", "Confidence of the link, 1 for the same name", required=True, minimum=0, maximum=1)
