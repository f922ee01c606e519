"""Bronze table of the defined daily doses."""

from pipelines.core.table import BronzeTable, FileKind, text


class AtcDddDose(BronzeTable):
    """Defined daily dose of one ATC code and route. Coverage: what the user's copy holds."""

    name, source, owner = "atc_ddd_dose", "atc_ddd", "product-register"
    files = FileKind(r"^atc_ddd/([^/]+/)*[^/]*ddd[^/]*\.csv(\.gz)?$")

    atc = text("ATC code, fifth level")
    substance = text("Name of the substance")
    ddd = text("Dose")
    unit = text("Unit: g, mg, mcg; others can't be counted in mg")
    route = text("Route: O, P, R …")
