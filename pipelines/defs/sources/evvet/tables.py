"""Bronze table of EVVet."""

from pipelines.core.table import BronzeTable, FileKind, text


class EvvetCase(BronzeTable):
    """One case in one extraction of a line listing, as the public site of EVVet gives it.

    Coverage: cases of the products and years that were extracted, from all over the world. Lag: days to weeks.
    Traps: each file is the full state of one product family and year on its extraction date, so the same case stands
    in every re-extraction; products and reactions are comma-joined texts whose items hold commas too.
    """

    name, source, owner = "evvet_case", "evvet", "pharmacovigilance"
    files = FileKind(r"^evvet/([^/]+/)*[^/]+\.csv(\.gz)?$")

    case_number = text("EU case number: country, sender and the sender's number", sensitivity="internal")
    aer_form = text("HTML link to the form of the case on the public site")
    received_date = text("Latest receipt, `YYYY-MM-DD HH:MM:SS`; moves forward with a follow-up")
    reporter = text("Qualification of the primary reporter, in English")
    country = text("Country of occurrence, in English")
    gender = text("Sex of the animal or person")
    species = text("Species; `Human` for people exposed to a veterinary product")
    breed = text("Breed, or several")
    drug = text("Product names, comma-joined in byte order, at most 4,000 characters")
    reaction = text("VeDDRA lowest level terms, comma-joined")
    animals_affected = text("Animals that reacted")
    animals_treated = text("Animals treated")
    animals_died = text("Animals that died; empty where none")
