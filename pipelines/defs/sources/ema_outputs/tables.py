"""The tables of outputs, each as sent: columns under the keys of the JSON form."""

from pipelines.core.table import BronzeTable, FileKind, text


def _kind(name: str) -> FileKind:
    return FileKind(rf"(^|/)medicines[_-]output[_-]{name}[^/]*\.(csv|json)(\.gz)?$")


class _EmaOutput(BronzeTable):
    """What all tables share: when the page was published and changed."""

    source = "ema_outputs"
    owner = "product-register"


class EmaReferral(_EmaOutput):
    """One referral, human or veterinary, with up to five dated steps."""

    name, files = "ema_outputs_referral", _kind("referrals")
    category = text("Human or Veterinary")
    referral_name = text("Name of the referral")
    international_non_proprietary_name_inn_common_name = text("Substances, joined by ;")
    current_status = text("Where the procedure stands")
    safety_referral = text("Yes or No")
    referral_type = text("Article that it follows; blank for veterinary ones")
    associated_names_centrally_authorised_medicines = text("Central products, joined by ;")
    associated_names_non_centrally_authorised_medicines = text("National products, joined by ;")
    class_of_substances = text("Class of the substances")
    reference_number = text("Number of the procedure; not unique")
    non_prac_decision_making_model = text("Who decides without the PRAC")
    prac_decision_making_model = text("Who decides with the PRAC")
    authorisation_model = text("Centrally or nationally authorised")
    prac_recommendation = text("What the PRAC recommended")
    procedure_start_date = text("Start, DD/MM/YYYY")
    prac_recommendation_date = text("Recommendation of the PRAC, DD/MM/YYYY")
    cmdh_position_date = text("Position of the CMDh, DD/MM/YYYY")
    chmp_cvmp_opinion_date = text("Opinion of the CHMP or CVMP, DD/MM/YYYY")
    european_commission_decision_date = text("Decision of the Commission, DD/MM/YYYY")
    first_published_date = text("First publication of the page, DD/MM/YYYY")
    last_updated_date = text("Last change of the page, DD/MM/YYYY")
    referral_url = text("Page")


class EmaDhpc(_EmaOutput):
    """One letter to healthcare professionals (DHPC)."""

    name, files = "ema_outputs_dhpc", _kind("dhpc")
    category = text("Human or Veterinary")
    name_of_medicine = text("Medicine")
    procedure_number = text("Number of the procedure behind it")
    active_substances = text("Substances, joined by ;")
    dhpc_type = text("Reasons, joined by ;")
    regulatory_outcome = text("What was done")
    referral_name = text("Referral behind it")
    atc_code_human = text("ATC code")
    atcvet_code_veterinary = text("ATCvet code")
    therapeutic_area_mesh = text("Therapeutic areas, joined by ;")
    species = text("Species, joined by ;")
    other_related_medicines_nationally_authorised = text("National products, joined by ;")
    dissemination_date = text("Date of the letter, DD/MM/YYYY")
    first_published_date = text("First publication of the page, DD/MM/YYYY")
    last_updated_date = text("Last change of the page, DD/MM/YYYY")
    dhpc_url = text("Page")


class EmaPsusa(_EmaOutput):
    """One outcome of a single assessment of periodic safety update reports (PSUSA)."""

    name, files = "ema_outputs_psusa", _kind("periodic_safety_update")
    category = text("Human, mostly blank")
    active_substances_in_scope_of_procedure = text("Substances as the procedure names them")
    active_substance = text("Substances, joined by ;")
    related_medicines = text("Central products, joined by ;")
    procedure_number = text("Number of the procedure")
    regulatory_outcome = text("Maintenance, Variation, Suspension or Revocation")
    first_published_date = text("First publication of the page, DD/MM/YYYY")
    last_updated_date = text("Last change of the page, DD/MM/YYYY")
    psusa_url = text("Page")


class EmaShortage(_EmaOutput):
    """One shortage that the EMA follows."""

    name, files = "ema_outputs_shortage", _kind("shortages")
    category = text("Human or Veterinary")
    medicine_affected = text("Medicine or substance")
    supply_shortage_status = text("Ongoing or Resolved")
    international_non_proprietary_name_inn_or_common_name = text("Substances, joined by ;")
    therapeutic_area_mesh = text("Therapeutic areas, joined by ;")
    pharmaceutical_forms_affected = text("Forms, joined by ;")
    strengths_affected = text("Strengths, joined by ;")
    availability_of_alternatives = text("Yes or No")
    start_of_shortage_date = text("Start, DD/MM/YYYY; mostly blank")
    expected_resolution_date = text("Expected end, DD/MM/YYYY; mostly blank")
    expected_resolution = text("Expected end, a sentence")
    first_published_date = text("First publication of the page, DD/MM/YYYY")
    last_updated_date = text("Last change of the page, DD/MM/YYYY")
    shortage_url = text("Page")


class EmaPostAuthorisation(_EmaOutput):
    """One opinion on, or withdrawal of, an application after authorisation."""

    name, files = "ema_outputs_post_authorisation", _kind("post_authorisation")
    category = text("Human or Veterinary")
    name_of_medicine = text("Medicine")
    ema_product_number = text("Number of the product")
    active_substance = text("Substances, joined by ;")
    international_non_proprietary_name_common_name = text("INN, joined by ;")
    therapeutic_area_mesh = text("Therapeutic areas, joined by ;")
    atc_code_human = text("ATC code")
    atcvet_code_veterinary = text("ATCvet code")
    species_veterinary = text("Species, joined by ;")
    accelerated_assessment = text("Yes or No")
    additional_monitoring = text("Yes or No")
    advanced_therapy = text("Yes or No")
    biosimilar = text("Yes or No")
    conditional_approval = text("Yes or No")
    exceptional_circumstances = text("Yes or No")
    generic_or_hybrid = text("Yes or No")
    orphan_medicine = text("Yes or No")
    prime_priority_medicine = text("Yes or No")
    marketing_authorisation_developer_applicant_holder = text("Holder")
    post_authorisation_procedure_status = text("Opinion, Re-examination or Application withdrawn")
    post_authorisation_opinion_status = text("Positive or Negative")
    post_authorisation_opinion_date = text("Opinion, DD/MM/YYYY")
    withdrawal_of_application_date = text("Withdrawal, DD/MM/YYYY")
    marketing_authorisation_date = text("Authorisation, DD/MM/YYYY")
    first_published_date = text("First publication of the page, DD/MM/YYYY")
    last_updated_date = text("Last change of the page, DD/MM/YYYY")
    medicine_url = text("Page")


class EmaOpinionOutsideEu(_EmaOutput):
    """One opinion on a medicine for use outside of the European Union."""

    name, files = "ema_outputs_opinion_outside_eu", _kind("opinions_outside_eu")
    name_of_medicine = text("Medicine")
    ema_opinion_number = text("Number of the opinion")
    ema_opinion_status = text("Positive opinion, Withdrawn opinion or Withdrawn application")
    active_substance = text("Substances, joined by ;")
    international_non_proprietary_name_inn_common_name = text("INN, joined by ;")
    therapeutic_area_mesh = text("Therapeutic areas, joined by ;")
    atc_code_human = text("ATC code")
    latest_procedure_affecting_product_information = text("Last procedure on the product information")
    opinion_holder = text("Holder")
    pharmacotherapeutic_group_human = text("Group")
    therapeutic_indication = text("Indication")
    date_of_opinion = text("Opinion, DD/MM/YYYY")
    date_of_outcome = text("Outcome, DD/MM/YYYY")
    first_published_date = text("First publication of the page, DD/MM/YYYY")
    last_updated_date = text("Last change of the page, DD/MM/YYYY")
    opinion_on_medicines_for_use_outside_eu_url = text("Page")


class EmaOrphan(_EmaOutput):
    """One designation as an orphan medicine, or its refusal."""

    name, files = "ema_outputs_orphan", _kind("orphan_designations")
    medicine_name = text("Medicine")
    related_ema_product_number = text("Number of the product")
    active_substance = text("Substance")
    date_of_designation_refusal = text("Designation or refusal, DD/MM/YYYY")
    intended_use = text("Disease")
    eu_designation_number = text("Number of the designation; not unique")
    status = text("Positive, Withdrawn, Expired or Negative")
    first_published_date = text("First publication of the page, DD/MM/YYYY")
    last_updated_date = text("Last change of the page, DD/MM/YYYY")
    orphan_designation_url = text("Page")


class EmaHerbal(_EmaOutput):
    """One plant or part of a plant of the herbal inventory."""

    name, files = "ema_outputs_herbal", _kind("herbal_medicines")
    latin_name = text("Latin name of the drug, such as Carvi fructus")
    combination = text("Yes or No")
    english_common_name = text("English name")
    botanical_name = text("Binomial with its author glued to it")
    therapeutic_area = text("Areas, joined by ;")
    status = text("Letter and state of the assessment")
    outcome_of_european_assessment = text("Monograph, list entry or public statement, joined by ;")
    additional_information = text("Remark")
    date_added_to_the_inventory = text("DD/MM/YYYY")
    date_added_to_the_priority_list = text("DD/MM/YYYY")
    first_published_date = text("First publication of the page, DD/MM/YYYY")
    last_updated_date = text("Last change of the page, DD/MM/YYYY")
    herbal_medicine_url = text("Page")
