"""Bronze tables of JIACRA: what is used or resists, beside what resists."""

from pipelines.core.table import BronzeTable, FileKind, text

FOLDER = r"(^|/)jiacra[^/]*/([^/]+/)*"
END = r"[^/]*\.csv(\.gz)?$"


class _Pair(BronzeTable):
    """Columns of all files."""

    reporting_country = text("Member state, anonymised")
    country_name = text("Its name")
    year = text("Year")
    pathogen = text("Bacterium, six letters")
    antibiotic_class = text("Class of antibiotics, code")


class JiacraHuman(_Pair):
    """Isolates of people beside consumption by people, or by food-producing animals."""

    name, source, owner = "jiacra_human", "jiacra", "veterinary"
    files = FileKind(FOLDER + r"AMC[ah]_AMRh" + END)

    did_total = text("Consumption by people, DDD per 1,000 inhabitants and day")
    pcu_animals = text("Consumption by animals, mg per PCU")
    ns = text("Isolates of people not susceptible")
    tested = text("Isolates of people tested")
    pr_h = text("Their share")
    pathogen_name = text("Bacterium")
    class_name = text("Class")


class JiacraAnimal(_Pair):
    """Isolates of animals beside consumption by animals, or beside isolates of people."""

    name, source, owner = "jiacra_animal", "jiacra", "veterinary"
    files = FileKind(FOLDER + r"AM[CR]a_AMR[ah](?<!AMCa_AMRh)" + END)

    animal = text("Animals")
    pcu_animals = text("Consumption by animals, mg per PCU")
    ns_a = text("Isolates of animals not susceptible")
    tested_a = text("Isolates of animals tested")
    pr_a = text("Their share")
    ns = text("Isolates of people not susceptible")
    tested = text("Isolates of people tested")
    pr_h = text("Their share")
    pathogen_name = text("Bacterium")
    class_name = text("Class")
