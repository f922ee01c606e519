"""The individual case safety report in ICH's elements: the bronze columns that several sources share."""

from pipelines.core.table import BronzeTable, text

# What E2B(R2) writes, in SGML and in openFDA's JSON: units of age to UCUM, tags of seriousness, yes and no.
R2_AGE_UNITS = {"800": "10.a", "801": "a", "802": "mo", "803": "wk", "804": "d", "805": "h"}
R2_SERIOUS = {
    "death": "seriousnessdeath",
    "life_threatening": "seriousnesslifethreatening",
    "hospitalisation": "seriousnesshospitalization",
    "disability": "seriousnessdisabling",
    "congenital_anomaly": "seriousnesscongenitalanomali",
    "other": "seriousnessother",
}
R2_YES = {"1": "true", "2": "false"}


class IcsrRow(BronzeTable):
    """What a case tells, under the numbers of the ICH elements; what repeats is a list of objects in JSON."""

    safety_report_id = text("C.1.1 sender's safety report unique identifier", sensitivity="internal")
    created = text("C.1.2 date of creation")
    report_type = text("C.1.3 type of report")
    first_received = text("C.1.4 date first received from source")
    most_recent = text("C.1.5 date of most recent information")
    is_expedited = text("C.1.7 fulfils the local criteria for an expedited report")
    worldwide_id = text("C.1.8.1 worldwide unique case identification", sensitivity="internal")
    other_case_ids = text("C.1.9.1.r other case identifiers, JSON", sensitivity="internal")
    linked_reports = text("C.1.10.r linked reports, JSON", sensitivity="internal")
    nullification = text("C.1.11.1 nullification (1) or amendment (2)")
    reporters = text("C.2.r primary sources, JSON: country, qualification, is_primary")
    sender_type = text("C.3.1 sender type")
    sender_organisation = text("C.3.2 sender's organisation")
    study_type = text("C.5.4 study type")
    age = text("D.2.2a age at onset")
    age_unit = text("D.2.2b unit of the age, UCUM")
    age_group = text("D.2.3 age group")
    weight_kg = text("D.3 body weight")
    height_cm = text("D.4 height")
    sex = text("D.5 sex")
    death_date = text("D.9.1 date of death")
    reactions = text("E.i reactions, JSON")
    tests = text("F.r tests, JSON")
    drugs = text("G.k drugs, JSON")
    narrative = text("H.1 case narrative", sensitivity="personal")
