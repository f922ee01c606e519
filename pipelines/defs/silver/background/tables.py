"""Tables of what stands around a case."""

from pipelines.core.table import Column, Table
from pipelines.defs.silver.report.tables import OF_VERSION, PRECISIONS

KINDS = {
    "condition": "Condition that the person had before or has beside the case",
    "family_condition": "Condition in the person's family",
    "history": "Medical history in words",
    "past_drug": "Medicine taken before, with why and what it did",
    "race": "Race, by the sender's list",
    "ethnicity": "Ethnicity, by the sender's list",
    "study": "Study that the report comes from",
    "study_registration": "Registration of that study",
    "diagnosis": "The sender's diagnosis, where it is another than the reported events",
}


class ReportBackground(Table):
    """One thing that a version of a case tells around it: a condition, an earlier medicine, a race, a study.

    Coverage: E2B messages; other sources publish none of it. Join on `report_key` and `report_version`. Traps: codes
    are those of the sender (MedDRA for conditions, the FDA's for race), coded to no dictionary here; nothing said of a
    condition does not mean that there was none. Give access with care: it describes a person.
    """

    layer, name, owner = "silver", "report_background", "pharmacovigilance"
    axis = OF_VERSION
    key = ("report_key", "report_version", "background_seq")
    partitioned_by = ("source",)

    report_key = Column("string", "Case key", required=True, references="silver.report_history")
    report_version = Column("int", "Version of the case", required=True, minimum=1, references="silver.report_history")
    background_seq = Column("int", "Order in the version, from 1", required=True, minimum=1)
    source = Column("string", "Source system the case came through", required=True)
    kind = Column("string", "What it is", required=True, codes=KINDS)
    reported_name = Column("string", "As reported: condition, medicine, group, study", sensitivity="personal")
    code = Column("string", "Code as sent; number of a study or registration", sensitivity="personal")
    start_date = Column("date", "Start; see the precision", sensitivity="personal")
    start_precision = Column("string", "How much of the start date is known", codes=PRECISIONS)
    end_date = Column("date", "End; see the precision", sensitivity="personal")
    end_precision = Column("string", "How much of the end date is known", codes=PRECISIONS)
    is_continuing = Column("boolean", "The condition went on at the time of the case; null where not said")
    indication_code = Column("string", "Why the earlier medicine was taken, code or words", sensitivity="personal")
    reaction_code = Column("string", "What the earlier medicine did, code or words", sensitivity="personal")
    note = Column("string", "Comments on a condition, the history in words, country", sensitivity="personal")


class ReportDevice(Table):
    """One device that is a part of a product in a version of a case, as combination products have them.

    Coverage: E2B messages with the FDA's elements G.k.12. Join on `report_key`, `report_version`, `product_seq` to
    `silver.report_product`. Traps: problem codes are the FDA's device codes.
    """

    layer, name, owner = "silver", "report_device", "pharmacovigilance"
    axis = OF_VERSION
    key = ("report_key", "report_version", "product_seq", "device_seq")
    partitioned_by = ("source",)

    report_key = Column("string", "Case key", required=True, references="silver.report_history")
    report_version = Column("int", "Version of the case", required=True, minimum=1, references="silver.report_history")
    product_seq = Column("int", "Order of the product in the case, from 1", required=True, minimum=1)
    device_seq = Column("int", "Order of the device in the product, from 1", required=True, minimum=1)
    source = Column("string", "Source system the case came through", required=True)
    brand_name = Column("string", "Brand name as reported")
    common_name = Column("string", "Common name as reported")
    device_code = Column("string", "FDA product code of the device")
    manufacturer = Column("string", "Manufacturer as reported")
    lot = Column("string", "Lot number as reported")
    is_malfunction = Column("boolean", "The device malfunctioned; null where not said")
    problem_codes = Column("array<string>", "FDA codes of the device's problems")
    usage = Column("string", "FDA code of how it was used: 1 initial, 2 reuse, 3 unknown")
