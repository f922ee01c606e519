"""Bronze table of the documents."""

from pipelines.core.table import BronzeTable, FileKind, text


class GmpDocument(BronzeTable):
    """One certificate, or one statement of non-compliance."""

    name, source, owner = "eudragmdp_document", "eudragmdp", "inspection"
    files = FileKind(r"(^|/)eudragmdp[^/]*/([^/]+/)*[^/]+\.csv(\.gz)?$")

    document_reference = text("Reference; a statement of non-compliance has NCR in it")
    authority = text("Issuing authority")
    site_name = text("Site")
    site_address = text("Address: street, city, country")
    oms_location_id = text("Location in the organisation management service")
    operations = text("Operations: human, veterinary or investigational, with their codes")
    inspection_date = text("Last day of the inspection, YYYY-MM-DD")
    issue_date = text("Issue, YYYY-MM-DD")
    restrictions = text("Restrictions, or nature of the non-compliance")
    action_taken = text("Action taken or proposed; blank for certificates")
