"""Bronze tables of ESVAC and ASU: sales, their ratio to biomass, use by species, defined doses."""

from pipelines.core.table import BronzeTable, FileKind, text

FOLDER = r"^esvac/([^/]+/)*[^/]*"
END = r"[^/]*\.csv(\.gz)?$"


class EsvacSalesTonnes(BronzeTable):
    """Tonnes of veterinary antimicrobials sold in one country and year.

    Coverage: countries of ESVAC, 2010 to 2022. Traps: a country named `Total`; names padded with blanks.
    """

    name, source, owner = "esvac_sales_tonnes", "esvac", "veterinary"
    files = FileKind(FOLDER + r"sales_tonnes" + END)

    country = text("Country in English, or Total")
    tonnes = text("Antibiotic sales, tonnes of active substance")
    year = text("Year")


class EsvacMgPcu(BronzeTable):
    """Published sales per biomass of one country and year, mg/PCU."""

    name, source, owner = "esvac_mg_pcu", "esvac", "veterinary"
    files = FileKind(FOLDER + r"mg_pcu" + END)

    entity = text("Country in English")
    year = text("Year")
    mg_per_pcu = text("mg of active substance per population correction unit (kg)")


class EsvacDose(BronzeTable):
    """Defined daily dose (DDDvet), and where given defined course dose (DCDvet), of a substance in a species.

    Coverage: EMA/224954/2016. Traps: one value a route; combinations as `a+b` or in brackets.
    """

    name, source, owner = "esvac_dose", "esvac", "veterinary"
    files = FileKind(FOLDER + r"dddvet" + END)

    species = text("Species, plural")
    substance = text("Substance, with its partner where it is a combination")
    route = text("Route")
    dddvet_mg_per_kg_per_day = text("DDDvet, mg per kg and day")
    dcdvet_mg_per_kg = text("DCDvet, mg per kg and course")
    via = text("Where the value was read")


class EsvacAsuUse(BronzeTable):
    """Use of antimicrobials in one country, year, species and ATCvet code.

    Coverage: from 2023, cattle, pigs, chickens and turkeys first. Lag: more than a year.
    """

    name, source, owner = "esvac_asu_use", "esvac", "veterinary"
    files = FileKind(FOLDER + r"asu_use" + END)

    country = text("Country, ISO 3166 alpha-2")
    year = text("Year")
    atcvet = text("ATCvet code")
    species = text("Species")
    use_kg = text("Active substance used, kg")
