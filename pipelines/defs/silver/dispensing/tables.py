"""Dispensed lines of reimbursement data, and the faults found in them."""

from pipelines.core.table import Column, Table

NETTINGS = {
    "as_sent": "No regularisation touched it",
    "netted": "A regularisation took part of it back",
    "cancelled": "Regularisations took all of it back: the quantity is zero",
    "unmatched": "More was taken back than was ever dispensed: the quantity is negative",
}
SEXES = {"male": "Male", "female": "Female"}
KINDS = {"town": "Town pharmacy, counted in packs", "hospital": "Hospital pharmacy, counted in common dispensing units"}
ISSUES = {
    "blank_key": "A technical key is blank: the line can't be joined; left out",
    "orphan_line": "No prestation of these keys has come: left out until it comes",
    "not_reimbursed_care": "The quality filters of the source leave its prestation out",
    "impossible_date": "The date of care is none, lies after the flow or before 1990: left out",
    "no_quantity": "The quantity is no whole number: left out",
    "unmatched_regularisation": "A negative quantity with nothing to net: kept, see `netting`",
    "two_sexes": "The pseudonyms of one person say two sexes: the sex is left open",
    "unknown_pack": "No register knows the pack: kept",
    "pack_of_several_products": "The register gives the pack to several products: kept",
}


class Dispensing(Table):
    """What one person got of one pack on one day at one pharmacy, regularisations netted.

    Coverage: care reimbursed by the health insurance. Lag: a month of care is complete six months later; count recent
    months with `gold` estimates, not from here. `flow_last_date` says when the row took its present state. Sum
    `n_units` over rows of whatever `netting`: nothing is dropped.
    """

    layer, name, owner = "silver", "dispensing", "health-data"
    key = ("dispensing_key",)
    partitioned_by = ("source",)
    has_change_feed = True

    dispensing_key = Column("string", "Hash of person, pack, day and pharmacy", required=True)
    source = Column("string", "Source system", required=True)
    person = Column("string", "Pseudonym of the person, over all they have", required=True, sensitivity="internal")
    kind = Column("string", "Where it was dispensed, and so the unit of the quantity", required=True, codes=KINDS)
    pack_key = Column("string", "`CIP13:` or `UCD7:` and the code", required=True)
    dispensed_date = Column("date", "Day of care", required=True)
    flow_first_date = Column("date", "First flow that told of it", required=True)
    flow_last_date = Column("date", "Last flow that changed it", required=True)
    n_units = Column("int", "Packs, or units in hospitals, after netting; zero or negative as `netting` says")
    n_lines = Column("int", "Lines it is the sum of", required=True, minimum=1)
    n_regularisations = Column("int", "Lines of negative quantity among them", required=True, minimum=0)
    netting = Column("string", "What regularisations made of it", required=True, codes=NETTINGS)
    prescriber_speciality = Column("string", "Speciality of the prescriber, code of the source")
    sex = Column("string", "Sex of the person; null where their pseudonyms disagree", codes=SEXES)
    birth_year = Column("int", "Year of birth", minimum=1880, maximum=2100, mostly=0.99)
    region = Column("string", "Region of residence, INSEE code of 2016; null where unknown", pattern="^[0-9]{2}$")
    is_long_term_ill = Column("boolean", "Exempt for a long-term illness (ALD) on that day", required=True)


class DispensingIssue(Table):
    """A fault found while dispensing lines were flattened: what, where, and how many lines it touches.

    The row can be looked up in bronze by table, delivery and line. Faults of packs and of persons stand once a
    delivery, at the first line that shows them.
    """

    layer, name, owner = "silver", "dispensing_issue", "health-data"
    key = ("source", "issue", "table_name", "delivery_id", "line_number")
    partitioned_by = ("source",)

    source = Column("string", "Source system", required=True)
    issue = Column("string", "What is wrong, and the rule that is followed", required=True, codes=ISSUES)
    table_name = Column("string", "Bronze table that holds the line", required=True)
    delivery_id = Column("string", "Delivery of the line", required=True)
    line_number = Column("bigint", "Number of the line", required=True, minimum=1)
    pack_key = Column("string", "Pack of the line, where the fault is the pack's")
    n_lines = Column("bigint", "Lines of that delivery with the same fault", required=True, minimum=1)
