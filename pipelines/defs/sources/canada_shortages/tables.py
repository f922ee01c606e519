"""Bronze table of the exports."""

from pipelines.core.table import BronzeTable, FileKind, text


class CanadaShortage(BronzeTable):
    """One report of a shortage or a discontinuation, from either table of the export."""

    name, source, owner = "canada_shortages_report", "canada_shortages", "product-register"
    files = FileKind(r"(^|/)canada_shortages?[^/]*/([^/]+/)*[^/]*export[^/]*\.csv(\.gz)?$")

    report_id = text("Number of the report")
    din = text("Drug identification number")
    report_type = text("Shortage or Discontinuation")
    brand_name = text("Brand")
    company_name = text("Company")
    common_or_proper_name = text("Common name")
    ingredient_name = text("Ingredients, joined by blanks")
    drug_strength = text("Strengths")
    packaging_size = text("Packs")
    drug_route = text("Route")
    status = text("State of the shortage or discontinuation")
    dosage_form = text("Form")
    atc_code = text("ATC code")
    atc_description = text("ATC group")
    anticipated_start_date = text("Expected start, YYYY-MM-DD")
    start_date = text("Start, YYYY-MM-DD")
    estimated_end_date = text("Expected end, YYYY-MM-DD")
    actual_end_date = text("End, YYYY-MM-DD")
    discontinuation_date = text("Discontinuation, YYYY-MM-DD")
    is_reversed = text("The discontinuation was reversed, Yes or No")
    stated_reason = text("Reason")  # `reason` is the reader's own
    date_created = text("Date of the report, YYYY-MM-DD")
