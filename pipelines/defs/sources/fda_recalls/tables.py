"""Bronze table of the recalls."""

from pipelines.core.table import BronzeTable, FileKind, text


class FdaRecall(BronzeTable):
    """One product of one recall event."""

    name, source, owner = "fda_recalls_product", "fda_recalls", "quality-defects"
    files = FileKind(r"(^|/)[^/]*fda[^/]*recalls?[^/]*\.csv(\.gz)?$")

    fei_number = text("Establishment identifier of the recalling firm")
    firm = text("Recalling firm")
    product_type = text("Drugs")
    product_class = text("Class of the product")
    status = text("Ongoing, Completed or Terminated")
    distribution = text("Where it was distributed")
    city = text("City of the firm")
    state = text("State of the firm")
    country = text("Country of the firm")
    classification_date = text("Classification by the centre, YYYY-MM-DD")
    stated_reason = text("Reason")  # `reason` is the reader's own
    product = text("Product")
    event_id = text("Recall event")
    event_class = text("Class of the event")
    product_id = text("Product in the event")
    center = text("Centre of the FDA")
    link = text("Page of the recall")
