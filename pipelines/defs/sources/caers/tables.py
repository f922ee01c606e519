"""Bronze table of CAERS."""

from pipelines.core.table import BronzeTable, FileKind, text


class CaersRow(BronzeTable):
    """One product in one report, in the columns of whichever vintage the file has.

    Coverage: voluntary and mandatory reports to the FDA's food centre since 2004. Lag: one to six months. Traps: a
    reduced listing (`id`, `var1`, `var2`, `strat1`) has one row per report, product and term.
    """

    name, source, owner = "caers_row", "caers", "pharmacovigilance"
    files = FileKind(r"^caers/([^/]+/)*[^/]+\.csv(\.gz)?$")

    report_id = text("Number of the report", sensitivity="internal")
    created_date = text("First receipt by the FDA")
    event_date = text("Onset")
    product_type = text("SUSPECT or CONCOMITANT")
    product = text("Brand or product name, perhaps redacted")
    product_code = text("FDA industry code: 53 cosmetics, 54 supplements, others foods")
    industry = text("Name of the industry")
    patient_age = text("Age")
    age_units = text("Unit of the age")
    sex = text("Sex")
    terms = text("MedDRA preferred terms, joined by commas")
    outcomes = text("Outcomes, joined by commas")
