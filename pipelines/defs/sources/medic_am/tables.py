"""Bronze table of Medic'AM."""

from pipelines.core.table import BronzeTable, FileKind, text


class MedicAmMonth(BronzeTable):
    """One pack in one half-year, its months gathered into JSON objects by month (`YYYY-MM`).

    Coverage: reimbursed town medicines since 2015. Lag: months. Traps: the same boxes as in Open Medic.
    """

    name, source, owner = "medic_am_month", "medic_am", "health-data"
    files = FileKind(r"^medic_am/([^/]+/)*[^/]*medic[^/]*am[^/]*\.(csv(\.gz)?|xlsx)$")

    cip13 = text("CIP13 of the pack")
    product = text("Name of the product")
    atc_code = text("ATC code")
    boxes = text("Boxes reimbursed by month, JSON")
    amounts = text("Amount reimbursed by month, EUR, JSON")
