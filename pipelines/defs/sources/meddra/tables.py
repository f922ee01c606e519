"""Bronze tables of a MedDRA release, in the column order of the distribution format."""

from pipelines.core.table import BronzeTable, FileKind, text


class MeddraLlt(BronzeTable):
    """One lowest level term: `llt.asc`.

    Coverage: the release. Traps: terms that are no longer current stand in it.
    """

    name, source, owner = "meddra_llt", "meddra", "pharmacovigilance"
    files = FileKind(r"^meddra/([^/]+/)*llt\.asc$")

    llt_code = text("Code of the lowest level term")
    llt_name = text("Lowest level term")
    pt_code = text("Code of its preferred term")
    llt_whoart_code = text("Former WHO-ART code")
    llt_harts_code = text("Former HARTS code")
    llt_costart_sym = text("Former COSTART symbol")
    llt_icd9_code = text("Former ICD-9 code")
    llt_icd9cm_code = text("Former ICD-9-CM code")
    llt_icd10_code = text("Former ICD-10 code")
    llt_currency = text("Y current, N not")
    llt_jart_code = text("Former J-ART code")


class MeddraHierarchy(BronzeTable):
    """One preferred term under one system organ class: `mdhier.asc`.

    Coverage: the release. Traps: one row per path; `primary_soc_fg` marks the one that counts.
    """

    name, source, owner = "meddra_hierarchy", "meddra", "pharmacovigilance"
    files = FileKind(r"^meddra/([^/]+/)*mdhier\.asc$")

    pt_code = text("Code of the preferred term")
    hlt_code = text("Code of the high level term")
    hlgt_code = text("Code of the high level group term")
    soc_code = text("Code of the system organ class")
    pt_name = text("Preferred term")
    hlt_name = text("High level term")
    hlgt_name = text("High level group term")
    soc_name = text("System organ class")
    soc_abbrev = text("Abbreviation of the system organ class")
    null_field = text("Empty")
    pt_soc_code = text("Code of the primary system organ class")
    primary_soc_fg = text("Y for the primary path")
