"""Bronze table of E2B messages."""

from pipelines.core.table import FileKind, text
from pipelines.formats.icsr import IcsrRow


class E2bIcsr(IcsrRow):
    """One message: one version of one case, as its sender tells it.

    Coverage: what is sent. Lag: days. Values stand as sent; `nullFlavor:MSK` and its like say why one is missing.
    What repeats in a message is a list of objects in JSON. Traps: persons' names, birth dates and record numbers are
    not taken over.
    """

    name, source, owner = "e2b_icsr", "e2b", "pharmacovigilance"
    files = FileKind(r"^e2b/([^/]+/)*[^/]+\.(xml|sgml?)(\.gz)?$")

    format = text("R3 or R2")
    version = text("Version of the report that an R2 sender states; R3 has none")
    batch_number = text("N.1.2 batch number")
    message_number = text("N.2.r.1 message identifier")
    message_sender = text("N.2.r.2 message sender")
    message_receiver = text("N.2.r.3 message receiver")
    message_created = text("N.2.r.4 date of message creation")
    warnings = text("Numbers of the rules that the message breaks without being rejected, JSON")
    medical_history = text("D.7.1.r conditions before or beside the case, JSON", sensitivity="personal")
    medical_history_text = text("D.7.2 medical history in words", sensitivity="personal")
    has_concomitant_therapies = text("D.7.3 concomitant therapies are told in the narrative")
    drug_history = text("D.8.r drugs taken before, JSON", sensitivity="personal")
    races = text("FDA.D.11.r race, JSON", sensitivity="personal")
    ethnicities = text("FDA.D.12 ethnicity, JSON", sensitivity="personal")
    study_name = text("C.5.2 name of the study")
    study_number = text("C.5.3 sponsor's number of the study")
    study_registrations = text("C.5.1.r registrations of the study, JSON")
    reporter_comments = text("H.2 the reporter's comments", sensitivity="personal")
    sender_diagnoses = text("H.3.r the sender's diagnoses, JSON")
    sender_comments = text("H.4 the sender's comments", sensitivity="personal")
