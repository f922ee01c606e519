"""The files of the register, each as sent."""

from pipelines.core.table import BronzeTable, FileKind, text


def _kind(name: str) -> FileKind:
    return FileKind(rf"(^|/){name}([-_ ]?\d{{4}}-?\d\d-?\d\d)?\.(txt|csv)$")


class _Bdpm(BronzeTable):
    """What all files share."""

    source = "bdpm"
    owner = "product-register"


class BdpmCis(_Bdpm):
    """One human medicinal product of the register, a CIS."""

    name, files = "bdpm_cis", _kind("CIS_bdpm")
    cis = text("CIS, eight digits")
    denomination = text("Name, strength and form")
    forme = text("Pharmaceutical form")
    voies = text("Routes, joined by ;")
    statut_amm = text("Status of the authorisation")
    type_procedure = text("Procedure")
    etat_commercialisation = text("Marketing status")
    date_amm = text("Date of the authorisation, DD/MM/YYYY")
    statut_bdm = text("Alert or availability warning")
    num_autorisation_eu = text("EU number")
    titulaires = text("Holders, joined by ;")
    surveillance_renforcee = text("Additional monitoring, Oui or Non")


class BdpmCip(_Bdpm):
    """One pack of a product, a CIP, with its price and reimbursement."""

    name, files = "bdpm_cip", _kind("CIS_CIP_bdpm")
    cis = text("CIS")
    cip7 = text("CIP7")
    libelle = text("Presentation")
    statut = text("Status of the presentation")
    etat_commercialisation = text("Marketing status")
    date_declaration = text("Date of the declaration, DD/MM/YYYY")
    cip13 = text("CIP13")
    agrement_collectivites = text("Approved for hospitals")
    taux_remboursement = text("Reimbursement rates, joined by ;")
    prix_hors_honoraire = text("Price without fee, decimal comma")
    prix_public = text("Public price, decimal comma")
    honoraires = text("Fee, decimal comma")
    indications_remboursement = text("Reimbursed indications, with HTML")


class BdpmCompo(_Bdpm):
    """One ingredient of a product."""

    name, files = "bdpm_compo", _kind("CIS_COMPO_bdpm")
    cis = text("CIS")
    designation_element = text("Part of the product")
    code_substance = text("Code of the substance")
    denomination_substance = text("Substance")
    dosage = text("Amount")
    reference_dosage = text("Quantity the amount is for")
    nature = text("SA active substance, FT therapeutic fraction")
    numero_liaison = text("Links SA and FT")


class BdpmGener(_Bdpm):
    """One product in one group of generics."""

    name, files = "bdpm_gener", _kind("CIS_GENER_bdpm")
    id_groupe = text("Group")
    libelle_groupe = text("Label of the group")
    cis = text("CIS")
    type_generique = text("0 reference, 1 generic, 2 by complementarity, 4 substitutable")
    tri = text("Order in the group")


class BdpmCpd(_Bdpm):
    """One condition of prescription or dispensing of a product."""

    name, files = "bdpm_cpd", _kind("CIS_CPD_bdpm")
    cis = text("CIS")
    condition = text("Condition")


class BdpmMitm(_Bdpm):
    """One medicine of major therapeutic interest, with its ATC code."""

    name, files = "bdpm_mitm", _kind("CIS_MITM")
    cis = text("CIS")
    atc = text("ATC code")
    denomination = text("Name")
    lien = text("Page")


class BdpmDispo(_Bdpm):
    """One declared shortage, tension, stop or return of supply."""

    name, files = "bdpm_dispo", _kind("CIS_CIP_Dispo_Spec")
    cis = text("CIS")
    cip13 = text("CIP13, often blank: the whole product")
    code_statut = text("1 shortage, 2 tension, 3 stopped, 4 available again")
    libelle_statut = text("Label of the status")
    date_debut = text("Start, DD/MM/YYYY")
    date_maj = text("Last update, DD/MM/YYYY")
    date_remise_dispo = text("Return of supply, DD/MM/YYYY")
    lien = text("Page")


class BdpmHasLinks(_Bdpm):
    """One opinion of the transparency committee and its page."""

    name, files = "bdpm_has_links", _kind("HAS_LiensPageCT_bdpm")
    code_dossier = text("Code of the opinion")
    lien = text("Page")


class BdpmHasSmr(_Bdpm):
    """One rating of actual benefit (SMR)."""

    name, files = "bdpm_has_smr", _kind("CIS_HAS_SMR_bdpm")
    cis = text("CIS")
    code_dossier = text("Code of the opinion")
    motif = text("Reason of the evaluation")
    date_avis = text("Date of the opinion, YYYYMMDD")
    valeur = text("Rating")
    libelle = text("Text")


class BdpmHasAsmr(_Bdpm):
    """One rating of added benefit (ASMR)."""

    name, files = "bdpm_has_asmr", _kind("CIS_HAS_ASMR_bdpm")
    cis = text("CIS")
    code_dossier = text("Code of the opinion")
    motif = text("Reason of the evaluation")
    date_avis = text("Date of the opinion, YYYYMMDD")
    valeur = text("Rating")
    libelle = text("Text")


class BdpmInfo(_Bdpm):
    """One safety notice on a product."""

    name, files = "bdpm_info", FileKind(r"(^|/)CIS_InfoImportantes[^/]*\.txt$")
    cis = text("CIS")
    date_debut = text("Start")
    date_fin = text("End")
    texte = text("Link and text, HTML")


class BdpmCip13(_Bdpm):
    """One pack and its short name: a list that went with the register in 2019."""

    name, files = "bdpm_cip13", _kind("CIP13")
    cip13 = text("CIP13")
    nom_court = text("Short name")
