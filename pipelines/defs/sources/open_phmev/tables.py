"""Bronze table of Open PHMEV."""

from pipelines.core.table import BronzeTable, FileKind, text


class OpenPhmevSale(BronzeTable):
    """Boxes of one pack prescribed in one establishment in one year, for one age band and sex.

    Coverage: hospital prescriptions dispensed in town. Traps: hidden packs; postal codes without their leading zero.
    """

    name, source, owner = "open_phmev_sale", "open_phmev", "health-data"
    files = FileKind(r"^open_phmev/([^/]+/)*[^/]*20\d\d[^/]*\.(csv(\.gz)?|parquet)$")

    atc5 = text("ATC, fifth level")
    l_atc5 = text("Its label")
    cip13 = text("CIP13; 9999999999999 where the publisher hides it")
    l_cip13 = text("Label of the pack")
    top_gen = text("Kind of generic: 0 1 4 9 B C")
    gen_num = text("Generic group")
    age = text("Age band: 0, 20, 60; 99 not known")
    sexe = text("Sex: 1 male, 2 female, 9 not known")
    etb_rgt = text("FINESS of the prescribing establishment")
    categorie_jur = text("Legal category of the establishment")
    code_postal = text("Postal code of the establishment")
    nom_etb = text("Name of the establishment")
    nom_ville = text("Town of the establishment")
    region_etb = text("Region of the establishment")
    boites = text("Boxes")
    rem = text("Amount reimbursed, EUR; decimal comma in the publisher's CSV")
    bse = text("Base of the reimbursement, EUR")
