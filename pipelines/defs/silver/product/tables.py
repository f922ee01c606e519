"""Products, their composition, packs and shortages, each valid from and to."""

from pipelines.core.axis import timeless
from pipelines.core.table import Column, Link, Table, Thing, Versioned
from pipelines.formats.domains import DOMAINS

NATURES = {"SA": "Active substance as administered (often a salt)", "FT": "Therapeutic fraction (the moiety)"}
SHORTAGE_STATUSES = {
    "anticipated": "A shortage is expected",
    "avoided": "The shortage that was expected did not come",
    "discontinuing": "Marketing will stop",
    "shortage": "Out of stock",
    "tension": "Supply under tension",
    "discontinued": "Marketing stopped",
    "resupplied": "Available again",
}


class Product(Versioned):
    """One version of one medicinal product: a CIS of the human register, an authorisation of the veterinary one.

    Trap: `valid_from` is the date of the extraction that first showed the content, not the date of the authorisation.
    Orphans (a CIS that other files name and the product file lacks: withdrawn products) stand with `is_orphan`.
    """

    layer, name, owner = "silver", "product", "product-register"
    key = ("product_key", "valid_from")
    thing = Thing("product", ("product_key",), "product_name")
    partitioned_by = ("source",)

    product_key = Column("string", "`CIS:` or `ANMV:` and the register's number", required=True)
    domain = Column("string", "Human or veterinary", required=True, codes=DOMAINS)
    product_name = Column("string", "Name with strength and form; null for an orphan")
    form = Column("string", "Pharmaceutical form")
    routes = Column("array<string>", "Routes of administration")
    species = Column("array<string>", "Target species in French as the register names them; null for human products")
    holder = Column("string", "Marketing authorisation holder")
    authorisation_number = Column("string", "Number of the authorisation, EU or national")
    authorisation_date = Column("date", "Date of the authorisation")
    authorisation_status = Column("string", "Status of the authorisation as the register words it")
    marketing_status = Column("string", "Marketing status as the register words it")
    atc_codes = Column("array<string>", "ATC or ATCvet codes")
    is_orphan = Column("boolean", "Named by other files of the register, absent from its product file", required=True)


class ProductSubstance(Versioned):
    """One ingredient of one product: the substance as administered and, where given, its therapeutic fraction."""

    layer, name, owner = "silver", "product_substance", "product-register"
    key = ("product_key", "ingredient_seq", "valid_from")
    partitioned_by = ("source",)

    product_key = Column("string", "Key of `silver.product`", required=True, references="silver.product")
    ingredient_seq = Column("int", "Order in the composition, from 1", required=True, minimum=1)
    element = Column("string", "Part of the product that holds it, such as tablet or solution")
    source_substance_code = Column("string", "The register's code of the substance")
    source_substance_name = Column("string", "The register's name of the substance", required=True)
    nature = Column("string", "Substance as administered or therapeutic fraction", codes=NATURES)
    link_number = Column("int", "Links a fraction to the substance it is the fraction of")
    amount_text = Column("string", "Amount as written")
    amount_mg = Column("double", "Amount in mg where the unit converts", unit="mg", minimum=0)
    reference_text = Column("string", "Quantity of product the amount is for, as written")


class Pack(Versioned):
    """One version of one pack that can be sold: a CIP13 of the human register, a GTIN or pack of the veterinary one."""

    layer, name, owner = "silver", "pack", "product-register"
    key = ("pack_key", "product_key", "valid_from")
    thing = Thing("pack", ("pack_key",), "pack_label")
    partitioned_by = ("source",)

    pack_key = Column("string", "`CIP13:` or `GTIN:` and the code, else `ANMV:` product and label", required=True)
    product_key = Column(
        "string",
        "Key of `silver.product`",
        required=True,
        references="silver.product",
        link=Link("of", "product", "same_key"),
    )
    pack_label = Column("string", "Presentation as the register words it")
    cip7 = Column("string", "CIP7 of the human register", pattern="^[0-9]{7}$")
    marketing_status = Column("string", "Marketing status as the register words it")
    declaration_date = Column("date", "Date of the declaration of marketing")
    price_eur = Column("double", "Public price with fees", unit="EUR", minimum=0)
    reimbursement_percent = Column(
        "double", "Reimbursement rate, the highest where several", unit="%", minimum=0, maximum=100
    )


class Shortage(Versioned):
    """One version of one notice of a shortage, tension, stop or return of supply of a product or pack.

    Coverage: France (ANSM), Europe (EMA), Canada. Authorities overwrite the start when the state changes and take rows
    away: an episode is the chain of versions with one `episode_key`, see `gold.shortage_episode`, and its length is
    told by versions alone. Trap: a resupply date may lie in the future.
    """

    layer, name, owner = "silver", "shortage", "product-register"
    key = ("product_key", "pack_key", "notice_id", "notice_seq", "valid_from")
    thing = Thing("shortage", ("episode_key",), "status")
    partitioned_by = ("source",)

    product_key = Column(
        "string",
        "`CIS:`, `EMA:` or `DIN:` and the authority's code; else `REPORT:` and the notice",
        required=True,
        link=Link("of", "product"),
    )
    pack_key = Column("string", "Key of `silver.pack`; empty where the whole product is meant", required=True)
    notice_id = Column("string", "The authority's number of the notice; empty where it numbers none", required=True)
    notice_seq = Column("int", "Place among notices of one product or pack and day, 1 first", required=True, minimum=1)
    episode_key = Column("string", "The episode: product, pack, notice and the start first told", required=True)
    country = Column("string", "Country, ISO 3166 alpha-2; EU for Europe", required=True, pattern="^[A-Z]{2}$")
    product_name = Column("string", "Product as printed, where the register names it")
    substances = Column("array<string>", "Substances as printed, where the register names them")
    status = Column("string", "What is declared", required=True, codes=SHORTAGE_STATUSES)
    start_date = Column("date", "Start of the situation as this version tells it")
    updated_date = Column("date", "Date of the last update")
    expected_end_date = Column("date", "Expected end")
    expected_end_text = Column("string", "Expected end in the authority's words")
    resupply_date = Column("date", "Date of return of supply, expected or real")
    reason = Column("string", "Reason as printed")
    link = Column("string", "Page of the authority")


BASES = {
    "stated": "Strength times units, both stated by the register",
    "per_unit_assumed": "The register's amount is taken to be for one millilitre, gram or piece of the pack's label",
}


class PackContent(Table):
    """What one pack holds: the bridge from packs to milligrams.

    Coverage: reimbursed medicines for people, registered ones for animals. Packs of several substances, or whose
    strength is no mass, have no `mg_per_pack`; look at `basis` before you rely on it.
    """

    layer, name, owner = "silver", "pack_content", "product-register"
    axis = timeless("what a pack holds is a fact of the pack, whenever a register told it")
    key = ("source", "pack_key")
    partitioned_by = ("source",)

    pack_key = Column("string", "`CIP13:` or `GTIN:` and the code, as in `silver.pack`", required=True)
    source = Column("string", "Register it came from", required=True)
    basis = Column("string", "How the content was found", required=True, codes=BASES)
    ucd_key = Column("string", "`UCD7:` and the code of the same medicine in hospitals")
    atc_code = Column("string", "ATC code")
    strength_text = Column("string", "Strength and unit as written")
    units_per_pack = Column("int", "Tablets, vials or other units in the pack", minimum=0)
    mg_per_pack = Column("double", "Active substance in the pack, where it holds one alone", unit="mg", minimum=0)
