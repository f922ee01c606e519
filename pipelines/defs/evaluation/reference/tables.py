"""Pairs that methods are judged by, and the split of substances."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.formats.domains import DOMAINS

LABELS = {
    "true": "The event is caused by the substance",
    "false": "It is not: the reference says so, or it is matched to a true pair",
    "neither": "Judged neither way: discussed without action, an undated leaflet, or nothing said",
}
BASES = {
    "planted": "Planted by the simulator",
    "dated": "An authority said so, on a date",
    "undated": "Said so, no date is known",
    "decided": "Decided by an assessor, on a date",
    "soft": "Discussed on a date, without action",
    "matched": "Named nowhere: among the pairs nearest to a true one by reports of the pair and of the event",
}


class Reference(Table):
    """One pair of a reference, as it was found in the lake: what is true, and since when anybody could know.

    The reference is the file of the setting `reference`, else the truth that a simulated landing zone holds. Beside it
    stand the decisions of the workbench (source `decisions`): validated or passed on is true, refuted is not, since the
    day of the decision. Methods are judged by these only where there is no other reference: who decided had seen the
    scores. Without any the table is empty. A row of the reference has a row here for each pair that it stands for, and
    one with `place` 0 where no report holds it. Pairs that are not named, matched to a true one, follow with `match`
    from 1. Of a past date, what became public later is left out. Trap: what is named nowhere may be true and unknown.
    """

    layer, name, owner = "evaluation", "reference", "signal-detection"
    key = ("source", "row", "place", "match")
    axis = DERIVED

    source = Column("string", "Name of the reference", required=True)
    row = Column("int", "Row of the reference, from 1", required=True, minimum=1)
    place = Column("int", "Number among the pairs that the row stands for; 0: in no report", required=True, minimum=0)
    match = Column(
        "int", "0; of a pair matched to that of the row its rank, the nearest first", required=True, minimum=0
    )
    state = Column("string", "`found`, or why the pair is in no report", required=True)
    domain = Column("string", "Vigilance that it was found in", codes=DOMAINS)
    species = Column("string", "Species, as the reference says it")
    substance_key = Column("string", "Key of the substance in the lake")
    substance_name = Column("string", "Substance: its name in the lake, else as the reference says it", required=True)
    term_key = Column("string", "Key of the event in the lake")
    term_name = Column("string", "Event: its name in the lake, else as the reference says it", required=True)
    label = Column("string", "What is true", required=True, codes=LABELS)
    basis = Column("string", "What the label rests on", required=True, codes=BASES)
    confidence = Column("string", "How sure the reference says it is")
    family = Column("string", "Family of harms or artefacts that it was planted from")
    opened = Column("date", "First day on which the signal could be seen: onset, or procedure opened")
    recognised = Column("date", "Recognised by the authority that the row names")
    first_public = Column("date", "Public, whoever told it first; the pair is looked for until then")
    listed_from = Column("date", "Listed in the product information; no signal from then on")
    matched_set = Column("string", "Set that it is compared within: the true pair's `source:row:place`")


class Split(Table):
    """One substance of a domain: on which side of the split it stands, and the months that train.

    Halves go by the sha256 of the lower-case name, so that they stay whatever else is in the lake. Models are fitted on
    one half and judged on the other, in months whose outcome begins after the last training outcome ended.
    """

    layer, name, owner = "evaluation", "split", "signal-detection"
    key = ("domain", "substance_key")
    axis = DERIVED

    domain = Column("string", "Vigilance", required=True, codes=DOMAINS)
    substance_key = Column("string", "Key of the substance", required=True)
    substance_name = Column("string", "Substance", required=True)
    half = Column("int", "1 or 2: models of one half judge the other", required=True, minimum=1, maximum=2)
    trained_from = Column("date", "First month end that trains; null where the lake is too young for a split in time")
    trained_until = Column("date", "Last month end that trains")
    judged_from = Column("date", "First month end that is judged")
    judged_until = Column("date", "Last month end that is judged: a whole year of reports follows")
