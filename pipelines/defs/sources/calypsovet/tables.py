"""Bronze tables of CalypsoVet: lines of prescriptions, medicated feed."""

from pipelines.core.table import BronzeTable, FileKind, text

FOLDER = r"^calypsovet/([^/]+/)*[^/]*"
END = r"[^/]*\.csv(\.gz)?$"


class CalypsovetSupply(BronzeTable):
    """One pack supplied on one prescription for one category of animals.

    Coverage: antimicrobials since April 2023, partial. Lag: a month. A line that comes again replaces the earlier.
    """

    name, source, owner = "calypsovet_supply", "calypsovet", "veterinary"
    files = FileKind(FOLDER + r"ordonnance" + END)

    numero_ordonnance = text("Number of the prescription", sensitivity="internal")
    numero_ordre_veterinaire = text(
        "Number of the veterinarian, or FINESS of a pharmacist", sensitivity="identifying", pseudonymised=True
    )
    date_cession = text("Day of supply, DD/MM/YYYY")
    identifiant_elevage = text("Number of the farm or owner", sensitivity="identifying", pseudonymised=True)
    categorie_animale = text("Category of animals")
    sous_categorie_animale = text("Sub-category of animals")
    gtin = text("GTIN of the pack; CIP13 of a human medicine")
    quantite = text("Packs")
    nombre_animaux_traites = text("Animals treated")
    posologie = text("Dose as written, such as `10 mg/kg/j`")
    duree_traitement = text("Days of treatment")


class CalypsovetFeed(BronzeTable):
    """One medicated premix that one feed maker used in one quarter for one species.

    Coverage: all makers of medicated feed. Lag: a quarter.
    """

    name, source, owner = "calypsovet_feed", "calypsovet", "veterinary"
    files = FileKind(FOLDER + r"aliment" + END)

    etablissement = text("Number of the establishment")
    premelange = text("GTIN or name of the premix")
    quantite_premelange = text("Premix, kg")
    taux_incorporation = text("Rate of incorporation, kg a tonne")
    tonnage_aliment = text("Feed, tonnes")
    espece = text("Species")
    trimestre = text("Quarter, YYYY-Tn")
