"""Bronze tables of the dashboard."""

from pipelines.core.table import BronzeTable, FileKind, text


class _Dashboard(BronzeTable):
    """What both exports share."""

    source, owner = "fda_compliance", "inspection"


class FdaComplianceAction(_Dashboard):
    """One measure against one establishment."""

    name = "fda_compliance_action"
    files = FileKind(r"(^|/)[^/]*compliance[_ ]?actions?[^/]*\.csv(\.gz)?$")

    fei_number = text("Establishment identifier")
    legal_name = text("Firm")
    state = text("State; `-` for unknown")
    country = text("Country or area; `-` for unknown")
    product_type = text("Drugs, Devices or Biologics")
    action_taken_date = text("Day of the measure, YYYY-MM-DD")
    action_type = text("Warning Letter, Injunction or Seizure")
    case_id = text("Case or injunction")


class FdaPublishedForm(_Dashboard):
    """One Form 483 that was published: what an inspection found."""

    name = "fda_compliance_form_483"
    files = FileKind(r"(^|/)[^/]*483s?[^/]*\.csv(\.gz)?$")

    record_date = text("Last day of the inspection, YYYY-MM-DD")
    fei_number = text("Establishment identifier; in some rows blank or the firm")
    legal_name = text("Firm")
    record_type = text("483")
    date_posted = text("Publication, YYYY-MM-DD")
    download = text("Document")
    record_id = text("Number of the record")
