"""Bronze tables of OMOP: persons, drug exposures, concepts."""

from pipelines.core.table import BronzeTable, FileKind, text

FOLDER = r"^omop/([^/]+/)*"
END = r"\.(csv(\.gz)?|parquet)$"


class OmopPerson(BronzeTable):
    """One person of the database, in its state at the extraction."""

    name, source, owner = "omop_person", "omop", "health-data"
    files = FileKind(FOLDER + r"person" + END)

    person_id = text("Number of the person", sensitivity="identifying", pseudonymised=True, required=True)
    gender_concept_id = text("Sex: 8507 male, 8532 female")
    year_of_birth = text("Year of birth")


class OmopDrugExposure(BronzeTable):
    """One exposure of one person to one drug, with its start and quantity."""

    name, source, owner = "omop_drug_exposure", "omop", "health-data"
    files = FileKind(FOLDER + r"drug_exposure" + END)

    drug_exposure_id = text("Number of the exposure", sensitivity="internal")
    person_id = text("Number of the person", sensitivity="identifying", pseudonymised=True, required=True)
    drug_concept_id = text("Concept of the drug; 0 none")
    drug_exposure_start_date = text("Start")
    drug_exposure_end_date = text("End")
    quantity = text("Units, such as tablets")
    days_supply = text("Days of supply")
    drug_source_value = text("Code of the drug in the source")


class OmopConcept(BronzeTable):
    """One concept of the vocabularies. Not to be shared further: SNOMED CT is among them."""

    name, source, owner = "omop_concept", "omop", "health-data"
    files = FileKind(FOLDER + r"concept" + END)

    concept_id = text("Number of the concept")
    concept_name = text("Name")
    domain_id = text("Domain, such as Drug")
    vocabulary_id = text("Vocabulary, such as RxNorm")
    concept_class_id = text("Class, such as Clinical Drug")
    concept_code = text("Code in the vocabulary")
