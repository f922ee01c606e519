"""Pairs that authorities looked at, with the days that count."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table

OUTCOMES = {
    "acted": "A change of the product information, or another measure, was recommended",
    "no_action": "Discussed, no action: a hard negative",
    "open": "Discussed, and nothing said of what came of it",
}
BASES = {"substance": "The act names the substance", "class": "The act names its class"}


class Recognition(Table):
    """One substance and reaction in one species, and what one authority did about it.

    Dates are those that the first delivery told which named the pair at all: a later one may add pairs and acts, and
    moves no date. Use an act from its `…_known_from` on, and end an evaluation at `public_from`: later reports are
    stimulated. Coverage: acts that name a reaction, whose substance and reaction a dictionary holds; how many do not is
    counted in `silver.regulatory_event_subject`. A negative is one until `negative_until`, no longer. Not told here:
    whether the pair stood in the product information before.
    """

    layer, name, owner = "gold", "recognition", "signal-management"
    key = ("substance_key", "term_key", "species", "authority")
    axis = DERIVED

    substance_key = Column("string", "Key of `silver.substance`", required=True)
    substance_name = Column("string", "Substance")
    term_key = Column("string", "Key of `silver.term`", required=True)
    term_name = Column("string", "Reaction")
    species = Column(
        "string", "`human`, or the species as printed; `all` where an act on animals names none", required=True
    )
    authority = Column("string", "Committee or authority", required=True)
    basis = Column("string", "What the pair rests on", required=True, codes=BASES)
    outcome = Column("string", "What came of it", required=True, codes=OUTCOMES)
    opened_date = Column("date", "First discussion")
    opened_known_from = Column("date", "Day from which the discussion could be known")
    acted_date = Column("date", "First recommendation or change of the product information")
    acted_known_from = Column("date", "Day from which that could be known")
    public_from = Column("date", "First day on which any act on the pair could be known", required=True)
    negative_until = Column("date", "Last day on which it was told that nothing was asked for; null where acted on")
    n_acts = Column("int", "Acts on the pair", required=True, minimum=1)
