"""Exposure to substances, by month, place and person."""

from pipelines.core.table import Column, Table
from pipelines.defs.silver.coded_report.tables import AGE_GROUPS
from pipelines.defs.silver.dispensing.tables import SEXES

EVERY = {"all": "All together"}
NOT_SAID = {"unknown": "Not said"}
METHODS = {
    "dispensed": "Persons with a positive net quantity dispensed in the month: measured, reimbursed care alone",
}


class Exposure(Table):
    """Persons who were dispensed a substance in a month, and how much of it.

    Rows of `region`, `sex` and `age_group` `all` are totals of their own: persons do not add up over substances, months
    or packs, so never sum `n_persons`; quantities of one grain may be summed. Kept apart by source. Trap: a month is
    complete only six months later: look at `is_complete`.
    """

    layer, name, owner = "gold", "exposure", "health-data"
    key = ("source", "substance_key", "month", "region", "sex", "age_group")
    partitioned_by = ("source",)

    source = Column("string", "Source system", required=True)
    substance_key = Column("string", "Key of `silver.substance`", required=True)
    month = Column("date", "Month end of the care", required=True)
    region = Column("string", "Region of residence, INSEE code; `unknown`, or `all`", required=True)
    sex = Column("string", "Sex, or `all`", required=True, codes=SEXES | NOT_SAID | EVERY)
    age_group = Column("string", "Age group, or `all`", required=True, codes=AGE_GROUPS | NOT_SAID | EVERY)
    method = Column("string", "How it was counted", required=True, codes=METHODS)
    n_persons = Column("bigint", "Persons with a positive net quantity", required=True, minimum=0)
    n_packs = Column("bigint", "Packs of town pharmacies, net", required=True)
    n_hospital_units = Column("bigint", "Common dispensing units of hospital pharmacies, net", required=True)
    mg = Column("double", "Active substance in the town packs of known content, net", unit="mg")
    share_with_content = Column(
        "double", "Share of the town packs whose content is known", minimum=0, maximum=1, mostly=0.99
    )
    is_complete = Column("boolean", "Six flows have come since the month ended", required=True)
