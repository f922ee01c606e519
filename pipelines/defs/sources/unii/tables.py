"""Names of substances."""

from pipelines.core.table import BronzeTable, FileKind, text


class UniiName(BronzeTable):
    """One name of one substance, with the identifier and the name the FDA shows it by.

    Coverage: nearly a million names; ingredients of medicines, foods, cosmetics and chemicals alike.
    """

    name, source, owner = "unii_name", "unii", "product-register"
    files = FileKind(r"(^|/)UNII_Names[^/]*\.txt(\.gz)?$")

    substance_name = text("Name")
    name_type = text("of official, cn common, sys systematic, cd code, bn brand")
    unii = text("Unique Ingredient Identifier")
    display_name = text("Name the substance is shown by")
