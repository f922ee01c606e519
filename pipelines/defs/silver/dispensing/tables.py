"""Dispensed lines of reimbursement data, and the faults found in them."""

from pipelines.core.axis import flows, part_of, timeless
from pipelines.core.table import Column, Table

SEXES = {"male": "Male", "female": "Female"}
KINDS = {
    "town": "Town pharmacy, counted in packs",
    "hospital": "Hospital pharmacy, counted in common dispensing units",
    "recorded": "As a database records it, counted in its own units",
}
ISSUES = {
    "blank_key": "A technical key is blank: the line can't be joined; left out",
    "orphan_line": "No prestation of these keys has come: left out until it comes",
    "orphan_prestation": "A prestation of a pharmacy without any line: there is nothing to count",
    "not_reimbursed_care": "The quality filters of the source leave its prestation out",
    "impossible_date": "The date of care is none, lies after the flow or before 1990: left out",
    "no_quantity": "The quantity is no whole number: left out",
    "unmatched_regularisation": "A negative quantity with nothing to net: kept, the sum over flows is negative",
    "two_sexes": "The pseudonyms of one person say two sexes: the sex is left open",
    "unknown_pack": "No register knows the pack: kept",
    "pack_of_several_products": "The register gives the pack to several products: kept",
}


class Dispensing(Table):
    """What one flow says that one insured got of one pack on one day at one pharmacy, lines summed.

    Coverage: care reimbursed by the health insurance. Quantities are signed: a regularisation of an earlier flow is a
    row of its own flow, so always sum `n_units` over flows, never drop a row. Lag: a month of care is complete six
    months later; count recent months with `gold.nowcast`. Join `silver.insured` for the person over all pseudonyms.
    """

    layer, name, owner = "silver", "dispensing", "health-data"
    axis = flows("flow_date")
    key = ("source", "flow_date", "insured", "kind", "pack_key", "dispensed_date", "pharmacy")
    partitioned_by = ("source", "flow_date")

    source = Column("string", "Source system", required=True)
    flow_date = Column("date", "Flow that told it: when it could be known", required=True)
    insured = Column("string", "Pseudonym as sent: key of `silver.insured`", required=True, sensitivity="internal")
    kind = Column("string", "Where it was dispensed, and so the unit of the quantity", required=True, codes=KINDS)
    pack_key = Column("string", "`CIP13:`, `UCD7:` or `RXNORM:` and the code", required=True)
    dispensed_date = Column("date", "Day of care", required=True)
    pharmacy = Column("string", "Pseudonym of who gave it; blank where not said", required=True, sensitivity="internal")
    n_units = Column("int", "Packs, or units in hospitals, signed", required=True)
    n_lines = Column("int", "Lines it is the sum of", required=True, minimum=1)
    n_regularisations = Column("int", "Lines of negative quantity among them", required=True, minimum=0)
    prescriber_speciality = Column("string", "Speciality of the prescriber, code of the source")
    sex = Column("string", "Sex as the line says; `silver.insured` knows better", codes=SEXES)
    birth_year = Column("int", "Year of birth as the line says", minimum=1880, maximum=2100, mostly=0.99)
    department = Column(
        "string", "Département of residence, INSEE code; null where unknown", pattern="^[0-9][0-9AB][0-9]?$"
    )
    region = Column("string", "Region of residence, INSEE code of 2016; null where unknown", pattern="^[0-9]{2}$")


class Insured(Table):
    """One pseudonym of one person, and who it is over all pseudonyms.

    A person has several where the insurance changed; those whose identity is not certain stand alone. A pseudonym that
    no table of persons holds is not here: then the lines speak for themselves.
    """

    layer, name, owner = "silver", "insured", "health-data"
    axis = timeless("the list of people comes whole and without dates, and the last one counts")
    key = ("source", "insured")
    partitioned_by = ("source",)

    source = Column("string", "Source system", required=True)
    insured = Column("string", "Pseudonym", required=True, sensitivity="internal")
    person = Column("string", "Pseudonym of the person over all they have", required=True, sensitivity="internal")
    sex = Column("string", "Sex of the person; null where their pseudonyms disagree", codes=SEXES)
    birth_year = Column("int", "Year of birth", minimum=1880, maximum=2100, mostly=0.99)


class LongTermIllness(Table):
    """One period in which a person is exempt for a long-term illness (ALD)."""

    layer, name, owner = "silver", "long_term_illness", "health-data"
    axis = timeless("the list comes whole; each row says when the illness began and ended")
    key = ("source", "person", "illness", "start_date")
    partitioned_by = ("source",)

    source = Column("string", "Source system", required=True)
    person = Column("string", "Pseudonym of the person over all they have", required=True, sensitivity="internal")
    illness = Column("string", "Number of the long-term illness", required=True)
    start_date = Column("date", "Start of the exemption", required=True)
    end_date = Column("date", "End of the exemption; null where it goes on")
    icd10_code = Column("string", "ICD-10 code", sensitivity="internal")


class DispensingIssue(Table):
    """A fault found while dispensing lines were flattened: what, where, and how many lines it touches.

    The row can be looked up in bronze by table, delivery and line. Faults of packs and of persons stand once a
    delivery, at the first line that shows them.
    """

    layer, name, owner = "silver", "dispensing_issue", "health-data"
    axis = part_of("bronze.delivery", "delivery_id")
    key = ("source", "issue", "table_name", "delivery_id", "line_number")
    partitioned_by = ("source",)

    source = Column("string", "Source system", required=True)
    issue = Column("string", "What is wrong, and the rule that is followed", required=True, codes=ISSUES)
    table_name = Column("string", "Bronze table that holds the line", required=True)
    delivery_id = Column("string", "Delivery of the line", required=True)
    line_number = Column("bigint", "Number of the line", required=True, minimum=1)
    pack_key = Column("string", "Pack of the line, where the fault is the pack's")
    n_lines = Column("bigint", "Lines of that delivery with the same fault", required=True, minimum=1)
