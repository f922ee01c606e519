"""Reports as integer codes, and the two lists that say what the codes mean."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.defs.silver.report.tables import REPORT_TYPES, SEXES
from pipelines.formats.domains import DOMAINS

UNKNOWN = "unknown"
NOT_SAID = {UNKNOWN: "The report does not say"}
KINDS = {"substance": "A key of `silver.substance`", "term": "A key of `silver.term`"}
AGE_GROUPS = {
    "infant": "Under 2 years",
    "child": "2 to 11 years",
    "adolescent": "12 to 17 years",
    "adult": "18 to 64 years",
    "elderly": "65 years and over",
}
REGIONS = {"france": "France", "eea": "Another country of the European Economic Area", "other": "Any other country"}
SERIOUSNESS = {"serious": "Serious by any criterion", "not_serious": "Said not to be serious"}


class Code(Table):
    """The integer that stands for a substance or an event in counts.

    Codes are numbered from 1 in the order in which the keys first became known, then by key: they depend on what the
    reports say, not on when it was loaded, and a new key does not move the old ones. Code 0 stands for any.
    """

    layer, name, owner = "silver", "code", "signal-detection"
    key = ("kind", "code")
    axis = DERIVED

    kind = Column("string", "What is coded", required=True, codes=KINDS)
    code = Column("int", "The code", required=True, minimum=1)
    key_coded = Column("string", "Key that the code stands for", required=True)
    first_known = Column("date", "First date at which a report with it was known", required=True)


LEVELS = {
    "pt": "Preferred term",
    "hlt": "High level term",
    "soc": "System organ class",
    "atc4": "Chemical subgroup: the first 5 characters of ATC, those of ATCvet without its Q",
    "atc2": "Therapeutic subgroup: the first 3 characters",
}


class CodeLevel(Table):
    """One code and one group that it belongs to at a higher level of its dictionary.

    A substance with several ATC codes is in several groups. Codes without a group at a level are not listed: their
    reports count in the totals, not in a group.
    """

    layer, name, owner = "silver", "code_level", "signal-detection"
    key = ("kind", "level", "code", "group_code")
    axis = DERIVED

    kind = Column("string", "What is coded", required=True, codes=KINDS)
    level = Column("string", "Level of the group", required=True, codes=LEVELS)
    code = Column("int", "Code of `silver.code`", required=True, minimum=1)
    group_code = Column("int", "Integer that stands for the group in counts, by group key", required=True, minimum=1)
    group_key = Column("string", "Dictionary, colon, code of the group", required=True)
    group_name = Column("string", "Name of the group; its code where the dictionary ships none", required=True)


class Stratum(Table):
    """One combination of what reports are stratified by; a report version belongs to exactly one.

    Missing values are a value of their own, so that strata add up to all reports. Numbered as `silver.code` is.
    """

    layer, name, owner = "silver", "stratum", "signal-detection"
    key = ("stratum",)
    axis = DERIVED

    stratum = Column("int", "Code of the stratum", required=True, minimum=0)
    domain = Column("string", "Vigilance the report belongs to", required=True, codes=DOMAINS)
    species = Column("string", "Species; `human` for people", required=True)
    age_group = Column("string", "Age group of people", required=True, codes=AGE_GROUPS | NOT_SAID)
    sex = Column("string", "Sex", required=True, codes=SEXES | NOT_SAID)
    region = Column("string", "Where it occurred", required=True, codes=REGIONS | NOT_SAID)
    seriousness = Column("string", "Seriousness", required=True, codes=SERIOUSNESS | NOT_SAID)
    report_type = Column("string", "How the report came about", required=True, codes=REPORT_TYPES | NOT_SAID)
    first_known = Column("date", "First date at which a report of the stratum was known", required=True)


class CodedReport(Table):
    """One version of a case that counts, as integer codes: what it adds to the cube, from which month to which.

    Versions that no month end saw, retracted ones and duplicates are not here. A version that a release of a dictionary
    recoded counts under the earlier codes until then. Of a cluster of duplicates the report
    first received counts, as known in each month: one that another takes the place of (an earlier one found, itself
    retracted) counts until then. `substances` are those of suspect and
    interacting products, `taken` adds the concomitant ones. Months count from January 1900. Its change feed keeps
    `gold.pair_change` up to date.
    """

    layer, name, owner = "silver", "coded_report", "signal-detection"
    key = ("report_key", "report_version", "month_from")
    has_change_feed = True
    axis = DERIVED

    report_key = Column("string", "Case key", required=True, references="silver.report_history")
    report_version = Column("int", "Version of the case", required=True, minimum=1, references="silver.report_history")
    month_from = Column("int", "Month at whose end the version first counts", required=True, minimum=0)
    month_to = Column("int", "Month at whose end it no longer counts; null while it does", minimum=0)
    stratum = Column("int", "Code of `silver.stratum`", required=True, minimum=0)
    substances = Column("array<int>", "Distinct substance codes, sorted", required=True)
    taken = Column("array<int>", "The same with what was taken at the same time, sorted", required=True)
    terms = Column("array<int>", "Distinct term codes, sorted", required=True)
