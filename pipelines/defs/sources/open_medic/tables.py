"""Bronze tables of Open Medic: the base by who got it, and the counts of patients."""

from pipelines.core.table import BronzeTable, FileKind, text

FOLDER = r"^open_medic/([^/]+/)*[^/]*"


class _Classified(BronzeTable):
    """ATC classes with their labels, as both kinds of files carry them."""

    atc1 = text("ATC, first level")
    l_atc1 = text("Its label; absent in some years")
    atc2 = text("ATC, second level")
    l_atc2 = text("Its label")
    atc3 = text("ATC, third level")
    l_atc3 = text("Its label")
    atc4 = text("ATC, fourth level")
    l_atc4 = text("Its label")
    atc5 = text("ATC, fifth level")
    l_atc5 = text("Its label")
    cip13 = text("CIP13 of the pack")
    l_cip13 = text("Its label")
    age = text("Age band: 0, 20, 60; 99 not known")
    sexe = text("Sex: 1 male, 2 female, 9 not known")
    ben_reg = text("Region of residence; 0 or 99 not known")
    psp_spe = text("Speciality of the prescriber")
    boites = text("Boxes; 0 possible")
    rem = text("Amount reimbursed, EUR, decimal comma")
    bse = text("Base of the reimbursement, EUR, decimal comma")


class OpenMedicSale(_Classified):
    """Boxes of one pack in one year for one age band, sex, region and prescribing speciality.

    Coverage: reimbursed town medicines, all schemes, from 2014. Traps: label columns are absent in some years.
    """

    name, source, owner = "open_medic_sale", "open_medic", "health-data"
    files = FileKind(FOLDER + r"open_medic_20\d\d[^/]*\.csv(\.gz)?$")

    top_gen = text("Kind of generic: 0 1 4 9")
    gen_num = text("Generic group")


class OpenMedicPatient(_Classified):
    """Patients with at least one box of one code in one year, in one cut of age, sex, region or speciality.

    Coverage: as the boxes. Traps: never sum; a file holds one level of code and one cut, told by its columns.
    """

    name, source, owner = "open_medic_patient", "open_medic", "health-data"
    files = FileKind(FOLDER + r"nb_20\d\d[^/]*\.csv(\.gz)?$")

    nbc = text("Patients")
