"""Substances, their names, and how reported names were coded to them."""

from pipelines.core.table import Column, Released, Thing
from pipelines.defs.silver.report.tables import CODINGS

NAME_KINDS = {
    "preferred": "The name the substance is shown by",
    "official": "Official or international non-proprietary name",
    "synonym": "Another name of the substance",
    "salt": "Name of a salt, hydrate or ester of the moiety, or of a part of the plant",
    "french": "Name in a French product register",
    "brand": "Brand name that stands for this substance alone",
}


class Substance(Released):
    """One active moiety: salts, hydrates and esters are folded into it, human and veterinary products meet in it.

    Of a plant, all parts are one substance; a pigment is its Colour Index number, a cosmetic ingredient its INCI name.

    Key: the UNII of the moiety, else the normalised name in which the product registers know it (`name:…`)
    or, where no dictionary holds it, in which it was reported (`reported:…`: a name, perhaps of a product).
    Coverage: every substance that occurs in a register or in a report. Keep `is_current` for names and codes of
    today; the others are those that earlier releases gave it.
    """

    layer, name, owner = "silver", "substance", "product-register"
    key = ("substance_key", "known_from")
    thing = Thing("substance", ("substance_key",), "substance_name", where="is_current")
    example = """
    -- substances used in people and in animals alike
    SELECT substance_key, substance_name, atc_codes, atcvet_codes
    FROM silver.substance
    WHERE is_current AND is_in_human_product AND is_in_veterinary_product
    ORDER BY substance_name
    LIMIT 20
    """

    substance_key = Column(
        "string", "UNII of the moiety, else `name:` or `reported:` and the normalised name", required=True
    )
    unii = Column("string", "UNII of the moiety", pattern="^[A-Z0-9]{10}$")
    substance_name = Column("string", "Name to show, upper case English where known", required=True)
    french_name = Column("string", "Name in the French registers")
    atc_codes = Column("array<string>", "ATC codes of human products of this substance alone, as they occur")
    atcvet_codes = Column("array<string>", "ATCvet codes of veterinary products of this substance alone, as they occur")
    is_in_human_product = Column("boolean", "In a human medicinal product of the registers", required=True)
    is_in_veterinary_product = Column("boolean", "In a veterinary medicinal product of the registers", required=True)


class SubstanceName(Released):
    """One name of a substance, normalised: what reported names were matched against between two releases."""

    layer, name, owner = "silver", "substance_name", "product-register"
    key = ("normalised_name", "substance_key", "known_from")

    normalised_name = Column("string", "Upper case, no accents, single blanks, no bracketed remark", required=True)
    substance_key = Column("string", "Key of `silver.substance`", required=True)
    kind = Column("string", "What kind of name it is", required=True, codes=NAME_KINDS)


class NameCoding(Released):
    """One distinct reported product or ingredient name of one source, and the substances some releases coded it to.

    The place to look when a signal hangs on spelling or on a release: method and score of each coding, and how many
    records use the name by now. Keep `is_current` for the coding of today.
    """

    layer, name, owner = "silver", "name_coding", "product-register"
    key = ("source", "reported_name", "reported_substance", "known_from")
    example = """
    -- how many records each way of coding accounts for, by source
    SELECT source, coding_method, sum(n_records) AS n_records
    FROM silver.name_coding
    WHERE is_current
    GROUP BY ALL
    ORDER BY source, n_records DESC
    """

    source = Column("string", "Source that reported the name", required=True)
    reported_name = Column(
        "string", "Product name as reported; empty where only an ingredient was", required=True, is_free_text=True
    )
    reported_substance = Column(
        "string", "Ingredient as reported; empty where none was", required=True, is_free_text=True
    )
    substance_keys = Column("array<string>", "Keys of `silver.substance`, sorted; null where there is no name")
    coding_method = Column(
        "string", "How the name was coded; for several ingredients the weakest", required=True, codes=CODINGS
    )
    coding_score = Column("double", "Confidence, 1 for exact", minimum=0, maximum=1)
    matched_name = Column("string", "Dictionary name it was matched with; several joined by ` + `")
    n_records = Column("bigint", "Records that used the name", required=True, minimum=1)
