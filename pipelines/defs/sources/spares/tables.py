"""Bronze tables of SPARES: isolates, bed-days, antibiotics, official incidences."""

from pipelines.core.table import BronzeTable, FileKind, text

FOLDER = r"(^|/)(spares|fr_hospital_amr)[^/]*/([^/]+/)*"


class SparesIsolate(BronzeTable):
    """Isolates of one bacterium and week, of one region or of all; the file's name says of which patients."""

    name, source, owner = "spares_isolate", "spares", "health-data"
    files = FileKind(FOLDER + r"res_(blood_|icu_)?(hospital|icu|regions)[^/]*\.csv(\.gz)?$")

    date_week = text("Monday, YYYY-MM-DD")
    bacterie = text("Resistance and bacterium")
    region = text("Region by name; not there in files of the nation")
    n_res = text("Resistant isolates")
    n_tot = text("Isolates tested")


class SparesBedDay(BronzeTable):
    """Bed-days of one week, of one region or of all; the file's name says of which wards."""

    name, source, owner = "spares_bed_day", "spares", "health-data"
    files = FileKind(FOLDER + r"bd_pmsi_[^/]*\.csv(\.gz)?$")

    date_week = text("Monday, YYYY-MM-DD")
    region = text("Region by name; not there in files of the nation")
    nbjh = text("Days of complete hospital stays")


class SparesUse(BronzeTable):
    """Antibiotics of one class, region and year. Trap: classes overlap."""

    name, source, owner = "spares_use", "spares", "health-data"
    files = FileKind(FOLDER + r"atb_use_[^/]*\.csv(\.gz)?$")

    date_year = text("Year, as a decimal")
    atb_class = text("Class of antibiotics, or Total")
    region = text("Region by name")
    mol_ddd = text("Defined daily doses")
    nbhosp = text("Bed-days, for all its name")
    nblits = text("Beds")


class SparesIncidence(BronzeTable):
    """Resistant isolates and bed-days of one bacterium and year, as official reports print them."""

    name, source, owner = "spares_incidence", "spares", "health-data"
    files = FileKind(FOLDER + r"incidence_density[^/]*\.(xlsx|csv)(\.gz)?$")

    bacterie = text("Bacterium")
    phenotype = text("ESBL, or SARM for meticillin")
    qrt = text("Year")
    n = text("Resistant isolates")
    nbhosp = text("Bed-days")
    di = text("Incidence per 1,000 bed-days, as printed")
