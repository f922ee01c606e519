"""Bronze table of Rétrocéd'AM."""

from pipelines.core.table import BronzeTable, FileKind, text


class RetrocedAmYear(BronzeTable):
    """Units of one medicine that hospital pharmacies gave to outpatients in one year.

    Coverage: reimbursed, since 2010. Lag: half a year.
    """

    name, source, owner = "retroced_am_year", "retroced_am", "health-data"
    files = FileKind(r"^retroced_am/([^/]+/)*[^/]*retroced[^/]*20\d\d[^/]*\.(csv(\.gz)?|xlsx)$")

    code_ucd = text("UCD code, seven digits")
    label = text("Name of the unit")
    atc_code = text("ATC code")
    n_units = text("Units")
    amount = text("Amount reimbursed, EUR, decimal comma")
