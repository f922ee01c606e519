"""The records of the register's XML. `line_number` is the ordinal of the record in the file: lines may hold several."""

from pipelines.core.table import BronzeTable, FileKind, text

PRODUCTS = FileKind(r"(^|/)amm-vet-fr-v2-v[^/]*\.xml$")
REFERENCES = FileKind(r"(^|/)amm-vet-fr-v2-d[^/]*\.xml$")


class _Anmv(BronzeTable):
    """What all records share."""

    source = "anmv"
    owner = "product-register"
    files = PRODUCTS


class AnmvProduct(_Anmv):
    """One veterinary medicinal product authorised in France."""

    name = "anmv_product"
    src_id = text("Number of the product in the register")
    nom = text("Name")
    num = text("Number")
    term_tit = text("Code of the holder")
    term_nat = text("Code of the nature: chemical, immunological, homeopathic")
    term_typ_proc = text("Code of the procedure")
    term_stat_auto = text("Code of the status")
    date_amm = text("Date of the authorisation, YYYY-MM-DD")
    term_fp = text("Code of the pharmaceutical form")
    num_amm = text("Number of the authorisation")
    perm_id = text("Permanent identifier of the Union product database")
    prod_id = text("Product identifier of the Union product database")
    maj_rcp = text("Date of the last update of the summary")
    lien_rcp = text("Page of the summary")


class AnmvComposition(_Anmv):
    """One substance (sa) or its therapeutic fraction (fraction) in one product."""

    name = "anmv_composition"
    src_id = text("Product")
    compo = text("Order of the ingredient in the product")
    nature = text("sa or fraction")
    term_sa = text("Code of the substance")
    quantite = text("Amount")
    term_unite = text("Code of the unit")


class AnmvAdministration(_Anmv):
    """One route for one species, with its withdrawal period for one food."""

    name = "anmv_administration"
    src_id = text("Product")
    term_va = text("Code of the route")
    term_esp = text("Code of the species")
    term_denr = text("Code of the food")
    qte_ta = text("Withdrawal period")
    term_unite = text("Code of its unit")


class AnmvPack(_Anmv):
    """One pack of one product."""

    name = "anmv_pack"
    src_id = text("Product")
    lib_mod = text("Label")
    nb_unit = text("Number of units")
    term_pres = text("Code of the presentation")
    term_cd = text("Code of the dispensing conditions")
    lib_condp = text("Primary packaging")


class AnmvGtin(_Anmv):
    """One pack of one product with its codes."""

    name = "anmv_gtin"
    src_id = text("Product")
    lib_mod = text("Label")
    pack_id = text("Pack identifier of the Union product database")
    code_gtin = text("GTIN")
    num_amm = text("Number of the authorisation")


class AnmvAtcvet(_Anmv):
    """One ATCvet code of one product."""

    name = "anmv_atcvet"
    src_id = text("Product")
    code_atcvet = text("ATCvet code")


class AnmvParagraph(_Anmv):
    """One paragraph of the summary of product characteristics."""

    name = "anmv_paragraph"
    src_id = text("Product")
    term_titre = text("Code of the title")
    contenu = text("Text, HTML and literal \\n as sent")


class AnmvReference(_Anmv):
    """One entry of one reference list."""

    name = "anmv_reference"
    files = REFERENCES
    list_name = text("List, such as term-sa")
    source_code = text("Code")
    source_desc = text("Label")
