"""Bronze table of the annual declarations of veterinary sales."""

from pipelines.core.table import BronzeTable, FileKind, text

FOLDER = r"^anmv_sales/([^/]+/)*[^/]*"


class AnmvSalesDeclaration(BronzeTable):
    """One pack that a holder declares to have sold in one year.

    Coverage: all veterinary medicines sold in France. Lag: three months after the year. Traps: species are estimated.
    """

    name, source, owner = "anmv_sales_declaration", "anmv_sales", "veterinary"
    files = FileKind(FOLDER + r"declaration[^/]*20\d\d[^/]*\.csv(\.gz)?$")

    numero_etablissement = text("Number of the holder's establishment")
    nom = text("Name of the medicine")
    forme = text("Pharmaceutical form")
    presentation = text("GTIN of the pack, else its label")
    unites_vendues = text("Packs sold")
    repartition_especes_estimee = text("Estimated shares of species, as `Bovins 60 % | Porcins 40 %`")


class AnmvSalesAlea(BronzeTable):
    """ALEA of one species and year, as the yearly report of the ANMV publishes it.

    Traps: veal calves are a figure of the sector, over farms: not comparable with that of all cattle, over sales.
    """

    name, source, owner = "anmv_sales_alea", "anmv_sales", "veterinary"
    files = FileKind(FOLDER + r"alea[^/]*\.csv(\.gz)?$")

    species = text("Species in French")
    year = text("Year")
    alea = text("Animal level of exposure to antimicrobials")
    via = text("Where the figure was read")
