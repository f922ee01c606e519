"""Acts of authorities, what they are about, and dated versions of product information."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Link, Table, Thing, Versioned
from pipelines.defs.silver.report.tables import AGENCIES

ACT_KINDS = {
    "signal_discussed": "A signal was discussed; `is_action` says whether anything was asked for",
    "signal_recommendation": "A change of the product information, or another measure, was recommended on a signal",
    "referral_start": "A referral began",
    "prac_recommendation": "The PRAC recommended in a referral",
    "committee_opinion": "A committee (CHMP, CVMP) gave its opinion",
    "cmdh_position": "The member states' group (CMDh) took its position",
    "commission_decision": "The European Commission decided",
    "psusa_outcome": "Periodic safety reports were assessed together",
    "direct_healthcare_communication": "A letter to healthcare professionals was sent",
    "product_information_change": "The product information of a product changed",
    "access_decision": "Early or compassionate access was decided on",
    "gmo_opinion": "An opinion on a genetically modified organism",
    "gmo_authorisation": "A genetically modified organism was authorised",
    "suspension": "An authorisation was suspended",
    "revocation": "An authorisation was revoked",
    "withdrawal": "An application or opinion was withdrawn",
    "shortage_start": "A shortage began",
    "shortage_end": "A shortage ended",
}
DATED_BY = {
    "act": "The register states the date of the act",
    "publication": "The register states none: the first publication of its page stands for it",
    "update": "The register states none: the last change of its page stands for it",
    "delivery": "The register states none: the first delivery that shows the act stands for it",
}
KINGDOMS = {"human": "Medicines for people", "veterinary": "Medicines for animals"}
SECTIONS = {
    "product_information": "Recommended for the product information",
    "further_information": "Further information was asked for",
    "other": "Other recommendations",
}


class RegulatoryEvent(Versioned):
    """One act of one authority, and what it is about as printed.

    Coverage: referrals, opinions, letters, safety assessments and shortages of the EMA, signals discussed by the PRAC,
    changed product information in Spain, decisions on access for all patients, not those for one by name. An act counts
    in an evaluation from its `known_from`, in a lake as known on a date from its `valid_from`: a register that
    overwrites shows an act only from the delivery that we hold. Both stay when later deliveries come. Traps: the page
    of a procedure was published before its last acts; look at `dated_by`.
    """

    layer, name, owner = "silver", "regulatory_event", "signal-management"
    key = ("source", "event_id", "act_kind", "act_date", "valid_from")
    thing = Thing("act", ("source", "event_id", "act_kind", "act_date"), "act_kind")
    partitioned_by = ("source",)

    event_id = Column("string", "Procedure, letter or discussion in its register", required=True)
    act_kind = Column("string", "What was done", required=True, codes=ACT_KINDS)
    act_date = Column("date", "Day of the act, see `dated_by`", required=True)
    dated_by = Column("string", "What the day is that of", required=True, codes=DATED_BY)
    authority = Column("string", "Committee or authority that acted", required=True)
    agency = Column("string", "French agency in whose field it is", required=True, codes=AGENCIES)
    domain = Column("string", "Human or veterinary", required=True, codes=KINGDOMS)
    known_from = Column(
        "date",
        "First day on which it could be known: the earlier of publication and first delivery, never before the act",
        required=True,
    )
    published_date = Column("date", "First publication of its page")
    updated_date = Column("date", "Last change of its page")
    reference = Column("string", "Number of the procedure; not unique")
    title = Column("string", "What the register calls it")
    status = Column("string", "Where the procedure stands, as the register words it")
    outcome = Column("string", "What came of it, as the register words it")
    is_action = Column("boolean", "Something was asked for or decided; false: discussed, no action; null: not said")
    section = Column("string", "Part of the list that it stands in", codes=SECTIONS)
    class_name = Column("string", "Class of substances that it is about, as printed")
    substances = Column("array<string>", "Substances as printed, in their order")
    products = Column("array<string>", "Products as printed, in their order")
    terms = Column("array<string>", "Reactions as printed, in their order")
    species = Column("array<string>", "Species as printed, in their order")
    link = Column("string", "Page of the authority")


NAME_METHODS = {
    "exact": "The normalised name is a dictionary name",
    "code": "By a code in the name, such as a Colour Index number",
    "botanical": "By the binomial of a plant",
    "salt_stripped": "Without its salt",
    "translated": "From French",
    "brand": "By a brand of the registers",
    "uncoded": "No dictionary holds it",
}
TERM_METHODS = {
    "exact": "As printed, but for case and accents",
    "spelling": "In another spelling, without remarks in brackets",
    "word_order": "With the same words in another order",
    "part": "Each part of what is printed is a term",
    "uncoded": "No dictionary holds it",
}


class RegulatoryEventSubject(Table):
    """One substance or product, reaction and species that one act is about, as printed and as coded.

    An act about two substances and a reaction has two rows. What no dictionary of today holds stays, with a null key
    and the method `uncoded`: count it. `known_from` is that of the act; of what a later version of the act added, the
    delivery that showed it. `first_shown` is the first delivery that told of it.
    """

    layer, name, owner = "silver", "regulatory_event_subject", "signal-management"
    key = ("source", "event_id", "act_kind", "act_date", "subject_seq")
    thing = Thing("act", ("source", "event_id", "act_kind", "act_date"), is_register=False)
    partitioned_by = ("source",)
    axis = DERIVED

    source = Column("string", "Source of the act", required=True)
    event_id = Column("string", "Act of `silver.regulatory_event`", required=True)
    act_kind = Column("string", "What was done", required=True, codes=ACT_KINDS)
    act_date = Column("date", "Day of the act", required=True)
    subject_seq = Column("int", "Number of the subject in its act, from 1", required=True, minimum=1)
    authority = Column("string", "Committee or authority that acted", required=True)
    domain = Column("string", "Human or veterinary", required=True, codes=KINGDOMS)
    is_action = Column("boolean", "Something was asked for or decided, as the last version says")
    section = Column("string", "Part of the list that the act stands in", codes=SECTIONS)
    class_name = Column("string", "Class of substances as printed")
    substance_printed = Column("string", "Substance as printed; null where the act names products alone")
    product_printed = Column("string", "Product as printed, where the act names no substance")
    substance_key = Column(
        "string",
        "Key of `silver.substance`, where a dictionary holds the name",
        link=Link("about", "substance", basis="by_name"),
    )
    substance_method = Column("string", "How it was found; null where nothing is printed", codes=NAME_METHODS)
    term_printed = Column("string", "Reaction as printed")
    term_key = Column("string", "Key of `silver.term`, where a dictionary holds the reaction", references="silver.term")
    term_method = Column("string", "How it was found; null where nothing is printed", codes=TERM_METHODS)
    species = Column("string", "Species as printed; null where none is named")
    known_from = Column("date", "First day on which this could be known", required=True)
    first_shown = Column("date", "First delivery that told of it", required=True)


DOCUMENTS = {"spc": "Summary of product characteristics", "leaflet": "Package leaflet", "label": "Labelling"}


class ProductInformationVersion(Versioned):
    """One version of one document of a product's information: it changed then, and stands until the next one.

    Coverage: Spain (CIMA), from the extractions that we hold, each of 30 days. The register tells which document
    changed, not what in it: follow `link`. A version that leaves the register is not taken back.
    """

    layer, name, owner = "silver", "product_information_version", "product-register"
    key = ("product_key", "document", "changed_at", "valid_from")
    partitioned_by = ("source",)

    product_key = Column("string", "`CIMA:` and the number of the authorisation", required=True)
    document = Column("string", "Which document", required=True, codes=DOCUMENTS)
    changed_at = Column("string", "Moment of the change by the register's own clock, YYYY-MM-DD HH:MM", required=True)
    changed_date = Column("date", "Day of the change")
    product_name = Column("string", "Product as printed")
    holder = Column("string", "Marketing authorisation holder as printed")
    section = Column("string", "Section that changed, where the register names it")
    remark = Column("string", "What else the register says changed")
    link = Column("string", "The document")
