"""The report and its children: one language for every vigilance."""

from pipelines.core.axis import DERIVED, part_of, versions
from pipelines.core.table import Column, Table, Thing
from pipelines.formats.domains import AGENCIES, DOMAINS

OF_VERSION = part_of("silver.report_history", "report_key", "report_version")
CODED = part_of("silver.report_history", "report_key", "report_version", coded=("coded_from", "coded_to", "is_current"))
PRECISIONS = {
    "day": "full date",
    "month": "the day is not known, 1 stands",
    "year": "the month is not known, 1 January",
}
REPORT_TYPES = {
    "spontaneous": "Sent in by somebody who saw the event",
    "study": "Solicited, from a study",
    "literature": "From a publication",
    "other": "Any other kind",
}
REPORTERS = {
    "physician": "Physician",
    "pharmacist": "Pharmacist",
    "nurse": "Nurse",
    "veterinarian": "Veterinarian",
    "other_health_professional": "Another health professional, profession not said",
    "consumer": "Patient, relative or animal owner",
    "lawyer": "Lawyer",
    "other": "Somebody else",
}
SEXES = {"female": "female", "male": "male", "mixed": "a group of both sexes"}
ROLES = {
    "primary_suspect": "The first suspect",
    "secondary_suspect": "Another suspect",
    "suspect": "Suspect, rank not said",
    "interacting": "Suspected of interacting",
    "concomitant": "Taken at the same time, not suspected",
    "not_administered": "Prescribed, mixed up or planned, but not given: no exposure",
    "unknown": "The source does not say",
}
SUSPECT_ROLES = ("primary_suspect", "secondary_suspect", "suspect", "interacting", "unknown")
PRODUCT_TYPES = {
    "medicine": "Medicine for people",
    "veterinary_medicine": "Medicine for animals",
    "herbal_medicine": "Medicine made of plants",
    "cosmetic": "Cosmetic product",
    "tattoo_ink": "Tattoo or permanent make-up ink",
    "food_supplement": "Food supplement",
    "food": "Any other food",
    "other": "Any other product",
}
CHALLENGES = {"positive": "positive", "negative": "negative", "unknown": "unknown", "not_applicable": "does not apply"}
CODINGS = {
    "exact": "The normalised name is a dictionary name",
    "code": "The source gives a code of the dictionary",
    "salt_stripped": "Found after the salt, hydrate or ester was taken off",
    "botanical": "The Latin binomial of a plant, without its author and part",
    "translated": "Found by the rules that turn a French name into an English one",
    "brand": "A brand name, resolved through the products or the brand names of the dictionary",
    "fuzzy": "The nearest dictionary name above the threshold; see the score",
    "as_reported": "In no dictionary at hand: counted under its own normalised name",
    "uncoded": "Not found, or nothing was named: kept as reported",
}


CODED_FROM = "Release by which it was first coded so; 1900-01-01 for the first of a dictionary"
CODED_TO = "Release by which it was coded otherwise; null while this stands"
CODED_NOW = "This is the coding by the last releases"
LINK_RULES = {
    "identifier": "The same number: world-wide, of a sender, or of a register that both are copies of",
    "probabilistic": "Agreement of the reported fields beyond chance",
    "confirmed": "Somebody compared the two, and said that they are one case",
    "refused": "The same, by a model that did not tell cases apart in this domain: shown, used nowhere",
}


class ReportHistory(Table):
    """One version of one case, with the time it was the one that could be known.

    Coverage: every version that a delivery showed, retractions included. A case's last version is `is_latest`.
    The case as known on a date D is the row with `known_from <= D` and (`known_to` is null or `known_to > D`), unless
    it is retracted. Trap: a first version is known from the day the agency received it, unless an earlier extraction
    of the same file already lacked it; then from the extraction that first showed it.
    """

    layer, name, owner = "silver", "report_history", "pharmacovigilance"
    axis = versions("known_from", "known_to", "is_latest")
    key = ("report_key", "report_version")
    partitioned_by = ("source",)
    has_change_feed = True
    example = """
    -- cases that were withdrawn, with the day on which that became known
    SELECT report_key, report_version, source, known_from
    FROM silver.report_history
    WHERE is_retracted AND is_latest
    ORDER BY known_from DESC
    LIMIT 20
    """

    report_key = Column("string", "Case key: source, colon, the source's own case id", required=True)
    report_version = Column("int", "Version of the case, from 1 in the order it was known", required=True, minimum=1)
    source = Column("string", "Source system the case came through", required=True)
    source_case_id = Column("string", "The source's own case id, without version", required=True)
    known_from = Column("date", "First date at which this version could be known", required=True)
    known_to = Column("date", "Date at which the next version took its place; null while it stands")
    is_latest = Column("boolean", "This is the last version known", required=True)
    is_retracted = Column("boolean", "From this version on the case is withdrawn and counts nowhere", required=True)
    domain = Column("string", "Vigilance the case belongs to", required=True, codes=DOMAINS)
    agency = Column("string", "Agency in charge of the domain", required=True, codes=AGENCIES)
    worldwide_case_id = Column(
        "string", "Identifier the case keeps across senders and databases, where it has one", sensitivity="internal"
    )
    other_case_ids = Column(
        "array<string>",
        "Further numbers of the case; those of a register begin with its name (`FDA:`)",
        sensitivity="internal",
    )
    warnings = Column(
        "array<string>",
        "Numbers of the sender's rules that the message breaks without being rejected; what was impossible and is null",
    )
    report_type = Column("string", "How the case came about; null where the source does not say", codes=REPORT_TYPES)
    received_first_date = Column("date", "First receipt by the authority", required=True)
    received_latest_date = Column("date", "Receipt of this version by the authority", required=True)
    onset_date = Column("date", "Onset of the first event; see the precision")
    onset_precision = Column("string", "How much of the onset date is known", codes=PRECISIONS)
    country = Column("string", "Country of occurrence, else of the reporter, ISO 3166 alpha-2", pattern="^[A-Z]{2}$")
    reporter = Column("string", "Primary reporter's qualification; null where not said", codes=REPORTERS)
    is_serious = Column("boolean", "Serious by any criterion; null where the source does not say")
    is_death = Column("boolean", "A person or animal died")
    is_life_threatening = Column("boolean", "Life-threatening")
    is_hospitalisation = Column("boolean", "Caused or prolonged hospitalisation")
    is_disability = Column("boolean", "Disability or incapacity")
    is_congenital_anomaly = Column("boolean", "Congenital anomaly")
    is_other_serious = Column("boolean", "Another medically important condition, or intervention required")
    sex = Column("string", "Sex of the patient or animal", codes=SEXES)
    age_years = Column("double", "Age at onset", unit="years", minimum=0, maximum=200, mostly=0.99)
    weight_kg = Column("double", "Weight", unit="kg", minimum=0, maximum=8000, mostly=0.99)
    species = Column("string", "Species in lower case English; `human` for people", required=True)
    breed = Column("string", "Breed as reported")
    n_animals_affected = Column("int", "Animals that reacted", minimum=0)
    n_animals_treated = Column("int", "Animals treated", minimum=0)
    n_animals_died = Column("int", "Animals that died", minimum=0)


class Report(ReportHistory):
    """One case, in its latest version: the table to count reports with.

    Coverage: all sources, retracted cases included with `is_retracted` (leave them out of counts). Children join on
    `report_key` and `report_version`. Duplicates are linked, never deleted: count each `duplicate_cluster` once by
    keeping `is_cluster_head`. Lag: as that of the source's deliveries.
    """

    name = "report"
    key = ("report_key",)  # type: ignore[assignment]
    thing = Thing("report", ("report_key",), where="NOT is_retracted", known="received_first_date")
    axis = DERIVED
    example = """
    -- cases by source and year of receipt: serious ones, fatal ones; each cluster of duplicates once
    SELECT source, year(received_first_date) AS received, count(*) AS n_cases,
           count(*) FILTER (is_serious) AS n_serious, count(*) FILTER (is_death) AS n_fatal
    FROM silver.report
    WHERE is_cluster_head AND NOT is_retracted
    GROUP BY ALL
    ORDER BY source, received
    """

    n_products = Column("int", "Products in the case", required=True, minimum=0)
    n_events = Column("int", "Events in the case", required=True, minimum=0)
    completeness = Column(
        "double",
        "vigiGrade completeness of what the source can carry, from 0.07 to 1 (Bergvall 2014)",
        minimum=0,
        maximum=1,
    )
    duplicate_cluster = Column("string", "Key of the cluster of duplicates; the case's own when alone", required=True)
    is_cluster_head = Column(
        "boolean",
        "The case of its cluster that counts: the first received of those not retracted",
        required=True,
    )


class ProductAsReported(Table):
    """One product of one version of a case, as the source names it.

    What the sources' conform steps give, united; `silver.report_product` holds the same rows with their names coded.
    """

    layer, name, owner = "silver", "product_as_reported", "pharmacovigilance"
    axis = OF_VERSION
    key = ("report_key", "report_version", "product_seq")
    partitioned_by = ("source",)

    report_key = Column("string", "Case key", required=True, references="silver.report_history")
    report_version = Column("int", "Version of the case", required=True, minimum=1, references="silver.report_history")
    product_seq = Column("int", "Order of the product in the case, from 1", required=True, minimum=1)
    source = Column("string", "Source system the case came through", required=True)
    role = Column("string", "Role of the product", required=True, codes=ROLES)
    product_type = Column("string", "Kind of product; null where the source does not say", codes=PRODUCT_TYPES)
    product_category = Column("string", "Category of the product in the source's own list, such as an industry code")
    reported_name = Column("string", "Product name as reported")
    reported_substance = Column("string", "Active ingredient as reported, several joined by the source's own mark")
    batch = Column("string", "Batch or lot number as reported")
    dose_text = Column("string", "Dose as reported")
    route = Column("string", "Route as reported")
    body_site = Column("string", "Part of the body it was applied to, as reported")
    is_off_label = Column("boolean", "Used outside its authorised terms; null where not said")
    start_date = Column("date", "Start of treatment; see the precision")
    start_precision = Column("string", "How much of the start date is known", codes=PRECISIONS)
    end_date = Column("date", "End of treatment; see the precision")
    end_precision = Column("string", "How much of the end date is known", codes=PRECISIONS)
    indication = Column("string", "Indication as reported; several joined by a semicolon")
    dechallenge = Column("string", "What happened when the product was stopped", codes=CHALLENGES)
    rechallenge = Column("string", "What happened when it was given again", codes=CHALLENGES)
    days_to_onset = Column("int", "Delay from use to the first event, as reported or from its dates", unit="days")
    causality = Column("string", "Assessment of the link by the sender or the authority, as reported")


class ReportProduct(ProductAsReported):
    """One product in one version of a case, as reported and as coded between two releases of the dictionaries.

    Join to `silver.report` on `report_key` and `report_version` for today's state, and keep `is_current`: a product
    that a release recoded stands here as it was coded before, too. `substance_keys` holds every active moiety of the
    product; a name that no dictionary holds is a key of its own (`reported:…`), flagged by `coding_method`; where
    nothing is named the list is null.
    """

    name = "report_product"
    axis = CODED
    key = ("report_key", "report_version", "product_seq", "coded_from")  # type: ignore[assignment]
    has_change_feed = True
    example = """
    -- suspect products that no dictionary holds, the most reported first
    SELECT source, reported_name, reported_substance, count(*) AS n_rows
    FROM silver.report_product
    WHERE is_current AND coding_method = 'as_reported' AND role <> 'concomitant'
    GROUP BY ALL
    ORDER BY n_rows DESC
    LIMIT 20
    """

    substance_keys = Column(
        "array<string>",
        "Keys of `silver.substance`, sorted; null where nothing is named",
        references="silver.substance",
    )
    coding_method = Column("string", "How the name was coded", required=True, codes=CODINGS)
    coding_score = Column("double", "Confidence of the coding, 1 for exact", minimum=0, maximum=1)
    coded_from = Column("date", CODED_FROM, required=True)
    coded_to = Column("date", CODED_TO)
    is_current = Column("boolean", CODED_NOW, required=True)


class ReportNarrative(Table):
    """The story of one version of a case, as the sender wrote it, and the comments on it.

    Kept apart: a narrative can identify a person. Give access to assessors only. Joins on `report_key` and
    `report_version`; sources without narratives have no row here, and a row without a narrative has comments.
    """

    layer, name, owner = "silver", "report_narrative", "pharmacovigilance"
    axis = OF_VERSION
    key = ("report_key", "report_version")
    partitioned_by = ("source",)

    report_key = Column("string", "Case key", required=True, references="silver.report_history")
    report_version = Column("int", "Version of the case", required=True, minimum=1, references="silver.report_history")
    source = Column("string", "Source system the case came through", required=True)
    narrative = Column("string", "What happened, in the sender's words", sensitivity="identifying")
    reporter_comments = Column("string", "What the reporter thinks of it", sensitivity="identifying")
    sender_comments = Column("string", "What the sender thinks of it", sensitivity="identifying")


class ReportEvent(Table):
    """One event in one version of a case, as reported and as coded between two releases of the dictionaries.

    Join to `silver.report` on `report_key` and `report_version` for today's state, and keep `is_current`: an event that
    a release recoded stands here as it was coded before, too. `term_key` is a key of `silver.term`; an uncoded event
    keeps its text and a null key.
    """

    layer, name, owner = "silver", "report_event", "pharmacovigilance"
    axis = CODED
    key = ("report_key", "report_version", "event_seq", "coded_from")
    partitioned_by = ("source",)
    has_change_feed = True
    example = """
    -- reported terms that were not coded, the most frequent first
    SELECT source, reported_term, count(*) AS n_rows
    FROM silver.report_event
    WHERE is_current AND term_key IS NULL
    GROUP BY ALL
    ORDER BY n_rows DESC
    LIMIT 20
    """

    report_key = Column("string", "Case key", required=True, references="silver.report_history")
    report_version = Column("int", "Version of the case", required=True, minimum=1, references="silver.report_history")
    event_seq = Column("int", "Order of the event in the case, from 1", required=True, minimum=1)
    source = Column("string", "Source system the case came through", required=True)
    reported_term = Column("string", "Event as reported", required=True)
    term_key = Column("string", "Key of `silver.term`; null where uncoded", references="silver.term")
    coding_method = Column("string", "How the term was coded", required=True, codes=CODINGS)
    outcome = Column("string", "Outcome of the event as reported")
    coded_from = Column("date", CODED_FROM, required=True)
    coded_to = Column("date", CODED_TO)
    is_current = Column("boolean", CODED_NOW, required=True)


class DuplicateLink(Table):
    """Two reports of the same event in the same patient or animal, as far as can be told, and why it is thought so.

    `identifier`: both carry the same number of the case. `probabilistic`: the fields that both report agree more
    than chance allows; `match_weight` is the log2 Bayes factor, `evidence` what each field contributed. Linked reports
    form a cluster in `silver.report`; nothing is deleted. Likeness alone puts at most five cases together, all of
    which agree with each other. Trap: animals of one household or herd are told in the same words; numbers that one
    sender gave on one day are never linked. `refused` links are shown for review and form no cluster. What links two
    reports, once known, links them from then on: each month's new and changed reports are compared with those of the
    year before, as known at its end. What people say of a link in the workbench counts from the day on which they said
    it: `confirmed` links what was `refused`, and a link that they reject ends at `known_to`.
    """

    layer, name, owner = "silver", "duplicate_link", "pharmacovigilance"
    key = ("report_key", "other_report_key")
    axis = DERIVED
    example = """
    -- how reports were found to tell the same case
    SELECT rule, count(*) AS n_links, min(match_weight) AS least_weight
    FROM silver.duplicate_link
    GROUP BY rule
    ORDER BY n_links DESC
    """

    report_key = Column(
        "string", "The case that comes first in the alphabet", required=True, references="silver.report_history"
    )
    other_report_key = Column("string", "The other case", required=True, references="silver.report_history")
    known_from = Column("date", "First date at which the two could be linked", required=True)
    known_to = Column("date", "Date on which somebody said that they are two cases; null while they are linked")
    rule = Column("string", "What links them", required=True, codes=LINK_RULES)
    match_weight = Column("double", "Log2 Bayes factor of being the same case; null for identifiers", unit="bit")
    probability = Column("double", "Posterior probability of being the same case", required=True, minimum=0, maximum=1)
    evidence = Column("string", "What each field that both tell says: how alike, and its bits of the weight")
