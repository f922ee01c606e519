"""Bronze table of E2B messages."""

from pipelines.core.table import BronzeTable, FileKind, text


class E2bIcsr(BronzeTable):
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
    safety_report_id = text("C.1.1 sender's safety report unique identifier", sensitivity="internal")
    created = text("C.1.2 date of creation")
    report_type = text("C.1.3 type of report")
    first_received = text("C.1.4 date first received from source")
    most_recent = text("C.1.5 date of most recent information")
    is_expedited = text("C.1.7 fulfils the local criteria for an expedited report")
    worldwide_id = text("C.1.8.1 worldwide unique case identification", sensitivity="internal")
    other_case_ids = text("C.1.9.1.r other case identifiers, JSON", sensitivity="internal")
    linked_reports = text("C.1.10.r linked reports, JSON", sensitivity="internal")
    nullification = text("C.1.11.1 nullification (1) or amendment (2)")
    reporters = text("C.2.r primary sources, JSON: country, qualification, is_primary")
    sender_type = text("C.3.1 sender type")
    sender_organisation = text("C.3.2 sender's organisation")
    study_type = text("C.5.4 study type")
    age = text("D.2.2a age at onset")
    age_unit = text("D.2.2b unit of the age, UCUM")
    age_group = text("D.2.3 age group")
    weight_kg = text("D.3 body weight")
    height_cm = text("D.4 height")
    sex = text("D.5 sex")
    death_date = text("D.9.1 date of death")
    reactions = text("E.i reactions, JSON")
    tests = text("F.r tests, JSON")
    drugs = text("G.k drugs, JSON")
    narrative = text("H.1 case narrative", sensitivity="personal")
    warnings = text("Numbers of the rules that the message breaks without being rejected, JSON")
