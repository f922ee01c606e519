"""Bronze table of E2B messages."""

from pipelines.core.icsr import IcsrRow
from pipelines.core.table import FileKind, text


class E2bIcsr(IcsrRow):
    """One message: one version of one case, as its sender tells it.

    Coverage: what is sent. Lag: days. Values stand as sent; `nullFlavor:MSK` and its like say why one is missing.
    What repeats in a message is a list of objects in JSON. Traps: persons' names, birth dates and record numbers are
    not taken over.
    """

    name, source, owner = "e2b_icsr", "e2b", "pharmacovigilance"
    files = FileKind(r"^e2b/([^/]+/)*[^/]+\.(xml|sgml?)(\.gz)?$")

    format = text("R3 or R2")
    batch_number = text("N.1.2 batch number")
    message_number = text("N.2.r.1 message identifier")
    message_sender = text("N.2.r.2 message sender")
    message_receiver = text("N.2.r.3 message receiver")
    message_created = text("N.2.r.4 date of message creation")
    warnings = text("Numbers of the rules that the message breaks without being rejected, JSON")
