"""Establishments, their inspections, certificates, and measures against them."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Link, Table, Thing, Versioned
from pipelines.formats.domains import AGENCIES

SCHEMES = {
    "FEI": "Establishment identifier of the FDA",
    "OMS": "Location of the EMA's organisation management service",
    "NAME": "No identifier: normalised name, place and country",
}
PRACTICES = {"gmp": "Good manufacturing practice", "glp": "Good laboratory practice: non-clinical laboratories"}
CLASSIFICATIONS = {
    "NAI": "No action indicated",
    "VAI": "Voluntary action indicated",
    "OAI": "Official action indicated",
}
GRADES = {"critical": "Critical", "major": "Major", "other": "Other"}
STATEMENTS = {"certificate": "Certificate of compliance", "non_compliance": "Statement of non-compliance"}
ACTIONS = {"warning_letter": "Warning letter", "injunction": "Injunction", "seizure": "Seizure"}
SITE = "Key of `silver.establishment`"
KNOWN = "First day on which it could be known: the earlier of publication and first delivery, never before its date"


class Establishment(Versioned):
    """One version of one establishment as one source names it: manufacturer, importer, pharmacy or laboratory.

    One FEI is one place of one firm; firms have many. Where a source gives no identifier the key is made of the name,
    the place and the country, and `silver.establishment_match` says which other establishments it may be. Complexity
    and criticality are what an inspectorate says of the site (PI 037), where one does.
    """

    layer, name, owner = "silver", "establishment", "inspection"
    key = ("source", "establishment_key", "valid_from")
    thing = Thing("site", ("establishment_key",), "establishment_name")
    partitioned_by = ("source",)

    establishment_key = Column("string", "Scheme, `:` and identifier", required=True)
    scheme = Column("string", "Who numbers it", required=True, codes=SCHEMES)
    establishment_name = Column("string", "Name as printed")
    stem = Column("string", "Name in upper case without legal forms and marks, as it is compared")
    street_address = Column("string", "Address as printed")
    city = Column("string", "Place as printed")
    region = Column("string", "State or region as printed")
    country = Column("string", "Country as printed")
    activities = Column("array<string>", "What it does, as the source words it")
    complexity = Column("int", "Complexity of the site and its processes (PI 037), 1 to 3", minimum=1, maximum=3)
    criticality = Column("int", "Criticality of its products (PI 037), 1 to 3", minimum=1, maximum=3)


class EstablishmentMatch(Table):
    """One pair of keys that are probably one establishment: one of them without identifier, both in the same place.

    By the words of their names, see `score`. Left out: pairs of two identifiers, which their authority tells apart.
    """

    layer, name, owner = "silver", "establishment_match", "inspection"
    key = ("establishment_key", "other_key")
    thing = Thing("site", ("establishment_key",), is_register=False)
    axis = DERIVED

    establishment_key = Column("string", "Establishment without identifier", required=True)
    other_key = Column(
        "string", "The other", required=True, link=Link("may be", "site", basis="by_name", confidence="score")
    )
    score = Column(
        "double", "Share of the rarer words that both names hold, of those of the shorter", minimum=0, maximum=1
    )
    known_from = Column("date", "First day on which both were known", required=True)


ROLES = {
    "makes": "Made a batch of it",
    "tests": "Tested a sample of it",
    "recalls": "Recalled it: its maker, its holder, or who sold it",
    "is certified for": "Holds a certificate for operations on it",
}
SUBJECTS = {
    "pack": "A pack of the registers",
    "product": "A product of the registers",
    "name": "A product as the source prints it",
    "operations": "Operations as a certificate words them",
}


class EstablishmentProduct(Table):
    """What one establishment makes, tests, recalls or is certified for, as one source tells it, with its substances.

    A pack of the registers where the source gives one, else the product as printed, coded by what stands before its
    strength and form and by what follows in brackets; what no dictionary of today holds stays, without substances. It
    was so from `first_date` to `last_date`, by the days of what says so: manufacture, sampling, recall, issue. It was
    known from `known_from` on, and deliveries showed it from `valid_from` to `valid_to`. Trap: who recalls did not
    always make it, and a certificate names operations, seldom a substance.
    """

    layer, name, owner = "silver", "establishment_product", "inspection"
    key = ("source", "establishment_key", "role", "subject_kind", "subject")
    thing = Thing("site", ("establishment_key",), is_register=False)
    partitioned_by = ("source",)
    axis = DERIVED
    example = """
    -- establishments of several countries' recalls by substance
    SELECT substance_key, count(DISTINCT establishment_key) AS n_sites, min(first_date) AS first_date
    FROM (SELECT unnest(substance_keys) AS substance_key, * FROM silver.establishment_product WHERE role = 'recalls')
    GROUP BY ALL ORDER BY n_sites DESC, substance_key LIMIT 20
    """

    source = Column("string", "Source that tells it", required=True)
    establishment_key = Column("string", SITE, required=True)
    role = Column("string", "What it does with the product", required=True, codes=ROLES)
    subject_kind = Column("string", "What the product is known by", required=True, codes=SUBJECTS)
    subject = Column("string", "Key of the pack or product; else the text, upper case", required=True)
    pack_key = Column("string", "Key of `silver.pack`", link=Link("", "pack", worded="role"))
    product_key = Column(
        "string", "Key of `silver.product`", link=Link("", "product", worded="role", where="subject_kind = 'product'")
    )
    product_printed = Column("string", "Product or operations as printed, where no register gives a key")
    substance_keys = Column(
        "array<string>",
        "Keys of `silver.substance`, sorted; null where no composition and no dictionary tells them",
        link=Link("", "substance", basis="by_name", worded="role"),
    )
    agency = Column("string", "French agency in whose field it is", required=True, codes=AGENCIES)
    n = Column("bigint", "Batches, samples, recalls or certificates that say so", required=True, minimum=1)
    first_date = Column("date", "Day of the first of them")
    last_date = Column("date", "Day of the last of them")
    valid_from = Column("date", "First delivery that showed it", required=True)
    valid_to = Column("date", "The one since which none does; null while it stands")
    known_from = Column("date", KNOWN, required=True)


class _OfSite(Versioned):
    """What is of one establishment and one agency."""

    owner = "inspection"
    establishment_key = Column("string", SITE, required=True, link=Link("of", "site"))
    agency = Column("string", "French agency in whose field it is", required=True, codes=AGENCIES)
    known_from = Column("date", KNOWN, required=True)
    published_date = Column("date", "Day of its publication, where the source says it")


class Inspection(_OfSite):
    """One inspection of one establishment, with what was found in numbers.

    Coverage: FDA inspections whose Form 483 was published (a choice, not all), FDA's non-clinical laboratories, and an
    inspectorate's own register. Trap: a published form says that something was found, not how much: the numbers are
    null there. The same day, laboratory and programme is one inspection.
    """

    layer, name = "silver", "inspection"
    key = ("source", "inspection_id", "valid_from")
    thing = Thing("inspection", ("source", "inspection_id"), "inspection_id")
    partitioned_by = ("source",)

    inspection_id = Column(
        "string", "Number of the inspection or form; else made of laboratory, day and programme", required=True
    )
    practice = Column("string", "Which practice was inspected", required=True, codes=PRACTICES)
    programme = Column("string", "Programme as printed")
    inspection_date = Column("date", "Last day of the inspection")
    classification = Column("string", "What the FDA made of it", codes=CLASSIFICATIONS)
    n_critical = Column("int", "Critical deficiencies", minimum=0)
    n_major = Column("int", "Major deficiencies", minimum=0)
    n_other = Column("int", "Other deficiencies", minimum=0)
    link = Column("string", "Document")


class InspectionDeficiency(_OfSite):
    """One deficiency that one inspection found, with its grade."""

    layer, name = "silver", "inspection_deficiency"
    key = ("source", "inspection_id", "deficiency_seq", "valid_from")
    thing = Thing("deficiency", ("source", "inspection_id", "deficiency_seq"), "deficiency")
    partitioned_by = ("source",)

    inspection_id = Column(
        "string", "Inspection of `silver.inspection`", required=True, link=Link("found in", "inspection")
    )
    deficiency_seq = Column("int", "Number of the deficiency in its inspection, from 1", required=True, minimum=1)
    grade = Column("string", "How grave it is", required=True, codes=GRADES)
    deficiency = Column("string", "Deficiency as worded")


class GmpCertificate(_OfSite):
    """One certificate of good manufacturing practice, or one statement of non-compliance.

    A certificate is withdrawn where a delivery lacks it: `valid_to` says since when. It is due 90 days after the
    inspection (CSP R5313-5; R5146-3 for animals), see `gold.site_risk`.
    """

    layer, name = "silver", "gmp_certificate"
    key = ("source", "certificate_id", "valid_from")
    thing = Thing("certificate", ("source", "certificate_id"), "certificate_id")
    partitioned_by = ("source",)

    certificate_id = Column("string", "Reference of the document", required=True)
    kind = Column("string", "Certificate or statement of non-compliance", required=True, codes=STATEMENTS)
    authority = Column("string", "Authority that issued it")
    operations = Column("string", "Operations that it covers, as printed")
    inspection_date = Column("date", "Inspection that it rests on")
    issue_date = Column("date", "Issue")
    restrictions = Column("string", "Restrictions, or nature of the non-compliance")
    action_taken = Column("string", "What the authority did or proposes")


class EnforcementAction(_OfSite):
    """One measure of an authority against one establishment."""

    layer, name = "silver", "enforcement_action"
    key = ("source", "action_id", "valid_from")
    thing = Thing("action", ("source", "action_id"), "action_kind")
    partitioned_by = ("source",)

    action_id = Column("string", "Case, establishment, kind and day: a case has several", required=True)
    action_kind = Column("string", "What was done", required=True, codes=ACTIONS)
    action_date = Column("date", "Day of the measure")
    product_type = Column("string", "Products that it is about, as printed")
    case_id = Column("string", "Case or injunction; not unique")
