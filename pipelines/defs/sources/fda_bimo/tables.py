"""Bronze table of the laboratories inspected."""

from pipelines.core.table import BronzeTable, FileKind, text


class FdaLaboratoryInspection(BronzeTable):
    """One inspection of one laboratory for one programme."""

    name, source, owner = "fda_bimo_inspection", "fda_bimo", "inspection"
    files = FileKind(r"(^|/)non[_-]?clinical[_ -]?labs?[^/]*\.csv(\.gz)?$")

    district = text("District of the FDA")
    firm = text("Laboratory")
    city = text("City")
    state = text("State; blank abroad")
    zip_code = text("ZIP code")
    country = text("Country or area")
    inspection_end_date = text("Last day, M/D/YYYY")
    project_area = text("Project")
    center = text("Centre of the FDA")
    classification = text("NAI, VAI or OAI")
