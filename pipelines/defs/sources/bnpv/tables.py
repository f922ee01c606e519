"""Bronze tables of the BNPV extract: its four sheets."""

from pipelines.core.table import BronzeTable, FileKind, text

FOLDER = r"^bnpv/([^/]+/)*[^/]*"
END = r"[^/]*\.csv(\.gz)?$"


class BnpvCase(BronzeTable):
    """One version of one case: the sheet Cas-Patients.

    Coverage: cases of the regional centres and the holders in France since 1985, as far as the extract goes. Lag:
    days. Traps: ages up to 702 years; versions stand beside each other; no date tells when a version came.
    """

    name, source, owner = "bnpv_case", "bnpv", "pharmacovigilance"
    files = FileKind(FOLDER + r"cas[-_ ]?patients?" + END)

    aer_id = text("Number of the report", sensitivity="internal")
    cas = text("Number of the case in the report")
    ver = text("Version of the case")
    notif = text("Date of notification, JJ/MM/AAAA")
    sexe = text("Sex")
    age = text("Age, decimal comma")
    u_age = text("Unit of the age: ANS, MOIS, SEMAINES, JOURS, HEURES")
    date_naiss = text("Date of birth; a pseudonym", sensitivity="identifying", pseudonymised=True)
    typ_notif = text("Kind of notification")
    typ_effet = text("Kind of effect: adverse effect, misuse, error, …")
    grave = text("Serious")
    deces = text("Death")
    pro_v = text("Life-threatening")
    hospi = text("Hospitalisation")
    incap = text("Incapacity")
    ano_c = text("Congenital anomaly")
    autre = text("Another medically important condition")
    pays_survenue = text("Country of occurrence")
    pays_cas = text("Country of the case")


class BnpvEffect(BronzeTable):
    """One effect in one version of a case: the sheet Effets.

    Coverage: as that of the cases. Traps: the onset is partial, `//AAAA` or `/MM/AAAA`.
    """

    name, source, owner = "bnpv_effect", "bnpv", "pharmacovigilance"
    files = FileKind(FOLDER + r"effets?" + END)

    aer_id = text("Number of the report", sensitivity="internal")
    cas = text("Number of the case in the report")
    ver = text("Version of the case")
    pt = text("Preferred term, as labelled")
    hlt = text("High level term, as labelled")
    soc = text("System organ class, as labelled")
    date_deb = text("Onset: JJ/MM/AAAA, /MM/AAAA or //AAAA")


class BnpvProduct(BronzeTable):
    """One product in one version of a case: the sheet Médicaments.

    Coverage: as that of the cases. Traps: the name stands at one of three levels: `Produit` (brand), `Spécialité`
    (brand, strength and form) or `Substance`; the role is not told.
    """

    name, source, owner = "bnpv_product", "bnpv", "pharmacovigilance"
    files = FileKind(FOLDER + r"m[^/]{1,3}dicaments?" + END)

    aer_id = text("Number of the report", sensitivity="internal")
    cas = text("Number of the case in the report")
    ver = text("Version of the case")
    medicament = text("Name at the level of TYPE")
    type = text("Level of the name: Produit, Spécialité, Substance")


class BnpvReporter(BronzeTable):
    """One notifier of one version of a case: the sheet Notificateurs.

    Coverage: as that of the cases; some have none. Traps: the first one is the primary notifier.
    """

    name, source, owner = "bnpv_reporter", "bnpv", "pharmacovigilance"
    files = FileKind(FOLDER + r"notificateurs?" + END)

    aer_id = text("Number of the report", sensitivity="internal")
    cas = text("Number of the case in the report")
    ver = text("Version of the case")
    type_notificateur = text("Profession of the notifier")
