"""Bronze tables of the DCIR: prestations, their pharmacy and hospital lines, persons, illnesses, packs.

Only columns that the flattening, its quality filters or an audit of it uses are kept: health data are minimised.
"""

from pipelines.core.table import BronzeTable, FileKind, text

FOLDER = r"^snds/([^/]+/)*[^/]*"
END = r"[^/]*\.(csv(\.gz)?|parquet)$"
NO_NUMBER = ("0", "00000000", "x" * 17, "x" * 16 + "d")  # what stands where nobody was found
PSEUDONYM = {"sensitivity": "identifying", "pseudonymised": True, "absent": NO_NUMBER}
KEY = (
    *("dct_ord_num", "flx_dis_dtd", "flx_emt_num", "flx_emt_ord", "flx_emt_typ", "flx_trt_dtd"),
    *("org_cle_num", "prs_ord_num", "rem_typ_aff"),
)


class _Keyed(BronzeTable):
    """The nine keys that join a prestation to its lines."""

    told_by_file = ("flx_dis_dtd",)

    dct_ord_num = text("Order of the statement in the flow")
    flx_dis_dtd = text("Date at which the flow was made available: the month of flow")
    flx_emt_num = text("Number of the sender of the flow")
    flx_emt_ord = text("Order of the sending")
    flx_emt_typ = text("Kind of sender")
    flx_trt_dtd = text("Date at which the flow was processed")
    org_cle_num = text("Liquidating body")
    prs_ord_num = text("Order of the prestation in the statement")
    rem_typ_aff = text("Kind of reimbursement")


class SndsErPrsF(_Keyed):
    """One prestation: care of one person on one day, as reimbursed.

    Coverage: all persons insured in France, reimbursed care alone. Lag: care of a month comes over the next six flows.
    """

    name, source, owner = "snds_er_prs_f", "snds", "health-data"
    files = FileKind(FOLDER + r"er_prs_f" + END)

    ben_nir_psa = text("Pseudonym of the insured (NUM_ENQ in extracts)", required=True, **PSEUDONYM)
    ben_rng_gem = text("Rank of the person under that pseudonym")
    ben_nai_ann = text("Year of birth")
    ben_sex_cod = text("Sex: 1 male, 2 female")
    ben_res_dpt = text("Department of residence, three characters")
    exe_soi_dtd = text("Date of care")
    pre_pre_dtd = text("Date of prescription")
    prs_nat_ref = text("Nature of the prestation")
    dpn_qlf = text("Qualifier of the expense; 71 is none")
    prs_dpn_qlp = text("Qualifier of the expense as sent; 71 is none")
    cpl_maj_top = text("Complement or supplement: from 2 no act of its own")
    prs_act_qte = text("Quantity of the act, signed")
    prs_pai_mnt = text("Amount paid, signed, EUR")
    bse_rem_mnt = text("Amount reimbursed, signed, EUR")
    psp_spe_cod = text("Speciality of the prescriber")
    pfs_exe_num = text("Number of the professional who gave the care", **PSEUDONYM)


class SndsErPhaF(_Keyed):
    """One line of town pharmacy of a prestation: a pack and how many of it.

    Traps: several lines a prestation; negative quantities regularise earlier lines.
    """

    name, source, owner = "snds_er_pha_f", "snds", "health-data"
    files = FileKind(FOLDER + r"er_pha_f" + END)

    pha_ord_num = text("Order of the line in the prestation")
    pha_prs_c13 = text("CIP13 of the pack")
    pha_prs_ide = text("CIP7 of the pack")
    pha_act_qsn = text("Packs, signed")
    pha_act_pru = text("Price of a pack, EUR")
    pha_dec_top = text("Dispensed by the unit: D")
    pha_dec_qsu = text("Units dispensed, signed, where by the unit")


class SndsErUcdF(_Keyed):
    """One hospital line of a prestation: a common dispensing unit (UCD) and how many of it."""

    name, source, owner = "snds_er_ucd_f", "snds", "health-data"
    files = FileKind(FOLDER + r"er_ucd_f" + END)

    ucd_ord_num = text("Order of the line in the prestation")
    ucd_ucd_cod = text("UCD code, padded with zeros")
    ucd_dlv_nbr = text("Units delivered, signed")
    ucd_ttf_mnt = text("Amount billed, EUR")


class SndsIrBenR(BronzeTable):
    """One pseudonym of one person, in its state at the extraction."""

    name, source, owner = "snds_ir_ben_r", "snds", "health-data"
    files = FileKind(FOLDER + r"ir_ben_r" + END)

    ben_nir_psa = text("Pseudonym of the insured (NUM_ENQ in extracts)", required=True, **PSEUDONYM)
    ben_rng_gem = text("Rank of the person under that pseudonym")
    ben_idt_ano = text("Identifier of the person over all pseudonyms", **PSEUDONYM)
    ben_idt_top = text("1: the identifier of the person is certain")
    ben_nai_ann = text("Year of birth")
    ben_nai_moi = text("Month of birth")
    ben_sex_cod = text("Sex: 1 male, 2 female")
    ben_dcd_dte = text("Date of death", sensitivity="internal")
    ben_res_dpt = text("Department of residence, three characters")


class SndsIrImbR(BronzeTable):
    """One long-term illness (ALD) of one person, with its period."""

    name, source, owner = "snds_ir_imb_r", "snds", "health-data"
    files = FileKind(FOLDER + r"ir_imb_r" + END)

    ben_nir_psa = text("Pseudonym of the insured (NUM_ENQ in extracts)", required=True, **PSEUDONYM)
    ben_rng_gem = text("Rank of the person under that pseudonym")
    imb_ald_num = text("Number of the long-term illness")
    imb_ald_dtd = text("Start of the exemption")
    imb_ald_dtf = text("End of the exemption")
    imb_etm_nat = text("Kind of exemption")
    med_mtf_cod = text("ICD-10 code of the illness", sensitivity="internal")
    med_ncl_idt = text("Nomenclature of that code")


class SndsIrPhaR(BronzeTable):
    """One pack of the health insurance's own register, with ATC code and strength."""

    name, source, owner = "snds_ir_pha_r", "snds", "health-data"
    files = FileKind(FOLDER + r"ir_pha_r" + END)

    pha_cip_c13 = text("CIP13")
    pha_prs_ide = text("CIP7")
    pha_cip_ucd = text("UCD7 of the same medicine in hospitals")
    pha_med_nom = text("Name")
    pha_nom_pa = text("Active substances")
    pha_atc_c07 = text("ATC code, fifth level")
    pha_atc_l07 = text("Label of the ATC code")
    pha_dos_pra_dses = text("Strength, decimal comma; several parted by a slash")
    pha_dos_unt_dses = text("Unit of the strength")
    pha_unt_nbr_dses = text("Units in a pack")
