"""The seven files of a quarter and the list of deleted cases; both eras under the names of the later one."""

from pipelines.core.table import BronzeTable, FileKind, text


def _kind(stem: str) -> FileKind:
    return FileKind(rf"(^|/){stem}\d\dq[1-4](_new)?\.txt$")


class _Faers(BronzeTable):
    """What all files share: the version's key and the case."""

    source = "faers"
    owner = "pharmacovigilance"


class FaersDemo(_Faers):
    """One version of one case: its dates, sender, patient and reporter. Lag: a quarter. All values as sent.

    LAERS names are mapped: isr to primaryid, case to caseid, gndr_cod to sex, i_f_cod to i_f_code.
    """

    name, files = "faers_demo", _kind("demo")
    primaryid = text("Version key: case and version (FAERS), ISR (LAERS)")
    caseid = text("Case number")
    caseversion = text("Version of the case; LAERS has none")
    i_f_code = text("I initial, F follow-up")
    foll_seq = text("Follow-up sequence (LAERS)")
    image = text("Image id (LAERS)")
    event_dt = text("Date of the event, partial")
    mfr_dt = text("Date the manufacturer received this version")
    init_fda_dt = text("Date the FDA first received the case")
    fda_dt = text("Date the FDA received this version")
    rept_cod = text("EXP expedited, PER periodic, DIR direct, 5DAY, 30DAY")
    auth_num = text("Regulatory authority's case number")
    mfr_num = text("Manufacturer's case number")
    mfr_sndr = text("Sender")
    lit_ref = text("Literature reference")
    age = text("Age")
    age_cod = text("Unit of age: DEC YR MON WK DY HR")
    age_grp = text("Age group")
    sex = text("Sex: M F UNK NS")
    e_sub = text("Sent electronically")
    wt = text("Weight")
    wt_cod = text("Unit of weight: KG LBS GMS")
    rept_dt = text("Date of the report")
    occp_cod = text("Reporter: MD PH OT LW CN HP RN")
    death_dt = text("Date of death (LAERS)")
    to_mfr = text("Also sent to the manufacturer")
    confid = text("Confidentiality asked (LAERS)")
    reporter_country = text("Country of the reporter: names, later ISO codes")
    occr_country = text("Country of the event")


class FaersDrug(_Faers):
    """One drug in one version of one case. `drug_seq` is global in LAERS, 1..n inside the case in FAERS."""

    name, files = "faers_drug", _kind("drug")
    primaryid = text("Version key")
    caseid = text("Case number; LAERS has none here")
    drug_seq = text("Drug sequence")
    role_cod = text("PS primary suspect, SS secondary suspect, C concomitant, I interacting")
    drugname = text("Drug name as reported")
    prod_ai = text("Active ingredients, joined by a backslash, since 2014Q3")
    val_vbm = text("1 validated trade name, 2 verbatim")
    route = text("Route")
    dose_vbm = text("Dose, verbatim")
    cum_dose_chr = text("Cumulative dose to the event")
    cum_dose_unit = text("Its unit")
    dechal = text("Dechallenge: Y N U D")
    rechal = text("Rechallenge: Y N U D")
    lot_num = text("Lot")
    exp_dt = text("Expiry date")
    nda_num = text("NDA number")
    dose_amt = text("Dose amount")
    dose_unit = text("Dose unit")
    dose_form = text("Dose form")
    dose_freq = text("Dose frequency")


class FaersReac(_Faers):
    """One reaction, as a preferred-term text, in one version of one case."""

    name, files = "faers_reac", _kind("reac")
    primaryid = text("Version key")
    caseid = text("Case number; LAERS has none here")
    pt = text("Preferred term")
    drug_rec_act = text("Reaction recurred on readministration")


class FaersOutc(_Faers):
    """One outcome of one version of one case."""

    name, files = "faers_outc", _kind("outc")
    primaryid = text("Version key")
    caseid = text("Case number; LAERS has none here")
    outc_cod = text("DE LT HO DS CA RI OT")


class FaersRpsr(_Faers):
    """One report source of one version of one case."""

    name, files = "faers_rpsr", _kind("rpsr")
    primaryid = text("Version key")
    caseid = text("Case number; LAERS has none here")
    rpsr_cod = text("FGN SDY LIT CSM HP UF CR DT OTH")


class FaersTher(_Faers):
    """One course of therapy with one drug of one version of one case."""

    name, files = "faers_ther", _kind("ther")
    primaryid = text("Version key")
    caseid = text("Case number; LAERS has none here")
    drug_seq = text("Drug sequence")
    start_dt = text("Start, partial")
    end_dt = text("End, partial")
    dur = text("Duration")
    dur_cod = text("Unit of the duration")


class FaersIndi(_Faers):
    """One indication of one drug of one version of one case."""

    name, files = "faers_indi", _kind("indi")
    primaryid = text("Version key")
    caseid = text("Case number; LAERS has none here")
    drug_seq = text("Drug sequence")
    indi_pt = text("Indication, a preferred-term text")


class FaersDeleted(_Faers):
    """One case that the FDA or the manufacturer has withdrawn, by the list that came with a quarter."""

    name = "faers_deleted"
    files = FileKind(r"(^|/)deleted/[^/]*\.txt$|(^|/)(adr)?\d\dq[1-4]deletedcases\.txt$")
    caseid = text("Case number")
