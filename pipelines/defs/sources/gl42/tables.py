"""Bronze tables of GL42."""

from pipelines.core.table import BronzeTable, FileKind, text


class Gl42Report(BronzeTable):
    """One message: one version of one adverse event report.

    Coverage: what is sent. Values are named and written as openFDA names and writes them; what repeats is JSON. Traps:
    persons and addresses are not taken over.
    """

    name, source, owner = "gl42_report", "gl42", "pharmacovigilance"
    files = FileKind(r"^gl42/([^/]+/)*[^/]+\.xml(\.gz)?$")

    message_created = text("B.8.2.4 date of message creation")
    sent_date = text("A.4.3 date sent")
    type_of_submission = text("A.4.4 type of submission")
    reporter_country = text("A.3 country of the primary reporter")
    narrative = text("B.3.1 narrative", sensitivity="personal")
    unique_aer_id_number = text("A.4.1 unique identification of the report", sensitivity="internal")
    report_id = text("B.8.2.5 report identifier")
    original_receive_date = text("A.4.2 original receive date")
    receiver = text("Receiver, JSON")
    primary_reporter = text("A.3.1 category of the primary reporter")
    secondary_reporter = text("Category of the second reporter")
    type_of_information = text("A.4.4.3 type of information")
    serious_ae = text("B.3 serious")
    number_of_animals_treated = text("B.1.1 animals treated")
    number_of_animals_affected = text("B.1.2 animals affected")
    animal = text("B.1 animal, JSON")
    outcome = text("B.3.8 outcomes, JSON")
    health_assessment_prior_to_exposure = text("B.1.2.1 health before exposure, JSON")
    drug = text("B.2 products, JSON")
    onset_date = text("B.3.2 onset")
    duration = text("B.3.4 duration, JSON")
    reaction = text("B.3.5 reactions, JSON")
    time_between_exposure_and_onset = text("B.3.3 time between exposure and onset")
    treated_for_ae = text("B.3.7 treated for the event")


class Gl42Nullified(BronzeTable):
    """One name in a list of nullified case files.

    Coverage: the list. Lag: months, by nature. Traps: names repeat; malformed ones are quarantined.
    """

    name, source, owner = "gl42_nullified", "gl42", "pharmacovigilance"
    files = FileKind(r"^gl42/([^/]+/)*[^/]*nullified[^/]*\.txt$")

    case_file = text("Name of the case's file", sensitivity="internal")
