"""Bronze tables of openFDA, one an endpoint."""

from pipelines.core.table import BronzeTable, FileKind, text
from pipelines.formats.icsr import IcsrRow

END = r"[^/]*\.jsonl?(\.gz)?$|\.zip/[^/]+\.json$)"


class OpenfdaDrugEvent(IcsrRow):
    """One report of `drug/event`, under the names of the ICH elements.

    Coverage: FAERS since 2004, the latest version of each report. Traps: reactions are texts of MedDRA preferred
    terms; seriousness is told of the report, not of its reactions.
    """

    name, source, owner = "openfda_drug_event", "openfda", "pharmacovigilance"
    files = FileKind(r"^openfda/([^/]+/)*(drug[-_/]?event|adverseevent|event\.p)[^/]*(" + END)

    version = text("Version of the report")


class OpenfdaAnimalEvent(BronzeTable):
    """One report of `animalandveterinary/event`, under openFDA's names; what repeats is JSON.

    Coverage: the FDA's veterinary centre since 1987. Traps: reactions above 99000 are lack of efficacy.
    """

    name, source, owner = "openfda_animal_event", "openfda", "pharmacovigilance"
    files = FileKind(r"^openfda/([^/]+/)*(animal|adae)[^/]*(" + END)

    unique_aer_id_number = text("Unique identification of the report", sensitivity="internal")
    report_id = text("Report identifier")
    original_receive_date = text("Original receive date")
    reporter_country = text("Country of the primary reporter")
    primary_reporter = text("Category of the primary reporter")
    secondary_reporter = text("Category of the second reporter")
    type_of_information = text("Type of information")
    serious_ae = text("Serious")
    number_of_animals_treated = text("Animals treated")
    number_of_animals_affected = text("Animals affected")
    animal = text("Animal, JSON")
    outcome = text("Outcomes, JSON")
    health_assessment_prior_to_exposure = text("Health before exposure, JSON")
    drug = text("Products, JSON")
    onset_date = text("Onset")
    duration = text("Duration, JSON")
    reaction = text("Reactions, JSON")
    time_between_exposure_and_onset = text("Time between exposure and onset")
    treated_for_ae = text("Treated for the event")


class OpenfdaCosmeticEvent(BronzeTable):
    """One report of `cosmetic/event`; what repeats is JSON.

    Coverage: since the MoCRA act. Traps: the numbers of CAERS reports stand as `legacy_report_id`.
    """

    name, source, owner = "openfda_cosmetic_event", "openfda", "pharmacovigilance"
    files = FileKind(r"^openfda/([^/]+/)*cosmetic[^/]*(" + END)

    report_number = text("Number of the report", sensitivity="internal")
    report_version = text("Version of the report")
    legacy_report_id = text("Number of the report in CAERS", sensitivity="internal")
    report_type = text("Kind of report")
    initial_received_date = text("First receipt")
    latest_received_date = text("Receipt of this version")
    event_date = text("Onset")
    products = text("Products, JSON")
    age = text("Age")
    age_unit = text("Unit of the age")
    gender = text("Sex")
    reactions = text("Reactions, JSON")
    meddra_version = text("MedDRA version of the reactions")
    outcomes = text("Outcomes, JSON")
