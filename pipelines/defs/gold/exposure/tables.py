"""Exposure to substances, by month or year, place and person or species, and how sources agree on it."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.defs.silver.coded_report.tables import AGE_GROUPS
from pipelines.defs.silver.dispensing.tables import SEXES
from pipelines.defs.silver.sale.tables import AGES

EVERY = {"all": "All together"}
NOT_SAID = {"unknown": "Not said"}
METHODS = {
    "dispensed": "Persons with a positive net quantity dispensed: measured, reimbursed care alone",
    "sold": "Packs sold: nobody counted who took them",
    "counted_by_publisher": "Packs sold, and patients as the publisher counted them",
    "estimated_from_doses": "Animals estimated: mg sold over the course dose (DCDvet) and the species' mean weight",
    "supplied": "Animals as prescribers declare them, once a line; days as declared: measured, coverage partial",
}


class Exposure(Table):
    """Persons or animals exposed to a substance in a month or year, and how much of it.

    Rows of `region`, `sex` and `age_group` `all` are totals of their own: persons do not add up over substances, months
    or packs, so never sum `n_treated`; quantities of one grain may be summed. A year (`n_months` 12) is a row of its
    own too. Kept apart by source: see `gold.exposure_reconciliation` for how they agree. Trap: a month of dispensings
    is complete only six months later: look at `is_complete`.
    """

    layer, name, owner = "gold", "exposure", "health-data"
    key = ("source", "country", "substance_key", "month", "n_months", "species", "region", "sex", "age_group")
    partitioned_by = ("source",)
    axis = DERIVED

    source = Column("string", "Source system, or published series", required=True)
    substance_key = Column("string", "Key of `silver.substance`", required=True, references="silver.substance")
    month = Column("date", "Month end of the period", required=True)
    n_months = Column("int", "Length of the period", required=True, unit="months", minimum=1, maximum=12)
    country = Column("string", "Country, ISO 3166 alpha-2; ZZ where the source does not say", required=True)
    species = Column("string", "Species in English, `human`, or `all` animals", required=True)
    region = Column("string", "Region of residence, INSEE code; `unknown`, or `all`", required=True)
    sex = Column("string", "Sex, or `all`", required=True, codes=SEXES | NOT_SAID | EVERY)
    age_group = Column(
        "string", "Age group or band of the source, or `all`", required=True, codes=AGE_GROUPS | AGES | NOT_SAID | EVERY
    )
    method = Column("string", "How it was counted, and by which rule estimated", required=True, codes=METHODS)
    n_treated = Column("double", "Persons or animals treated; null where nobody counted them", minimum=0)
    n_packs = Column("double", "Packs, net", required=True)
    n_hospital_units = Column("double", "Common dispensing units of hospital pharmacies, net", required=True)
    mg = Column("double", "Active substance in the packs of known content, net", unit="mg")
    share_with_content = Column(
        "double", "Share of the packs whose content is known", minimum=0, maximum=1, mostly=0.99
    )
    n_daily_doses = Column("double", "DDD for people; mg over DDDvet for animals", unit="DDD, or kg of animal x days")
    treatment_days = Column(
        "double", "Days: DDD for people, declared for supplies, by mean weight for sales", unit="days"
    )
    is_complete = Column(
        "boolean", "Six flows have come since the period ended, or it is published whole", required=True
    )


class ExposureReconciliation(Table):
    """What two sources say of the same substance, year and species, side by side.

    Where a difference is expected: Open PHMEV is a part of Open Medic; SNDS extracts can be samples; holders sell more
    than prescribers declare. What is left is what to ask about.
    """

    layer, name, owner = "gold", "exposure_reconciliation", "health-data"
    key = ("country", "substance_key", "year", "species", "source", "other_source")
    axis = DERIVED

    country = Column("string", "Country, ISO 3166 alpha-2", required=True)
    substance_key = Column("string", "Key of `silver.substance`", required=True, references="silver.substance")
    year = Column("int", "Year", required=True)
    species = Column("string", "Species, `human`, or `all` animals", required=True)
    source = Column("string", "One source, first in the alphabet", required=True)
    other_source = Column("string", "The other", required=True)
    n_months = Column("int", "Months that the one covers", required=True)
    other_n_months = Column("int", "Months that the other covers", required=True)
    n_packs = Column("double", "Packs by the one", required=True)
    other_n_packs = Column("double", "Packs by the other", required=True)
    difference = Column("double", "The other less the one", required=True, unit="packs")
    ratio = Column("double", "The other over the one; null where that is zero")
