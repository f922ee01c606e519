"""Rows of case line listings, whatever their columns were called."""

from pipelines.core.table import BronzeTable, FileKind, text
from pipelines.defs.sources.case_listing.mappings import mapping_of


class MappedFiles(FileKind):
    """Files that a mapping knows: the built-in ones and those of the settings."""

    def owns(self, path: str) -> bool:
        """Tell whether a mapping's pattern fits the landed path."""
        return mapping_of(path) is not None


class CaseListingRow(BronzeTable):
    """One event reported with one product in one case.

    Coverage: what the team chose. Case numbers are pseudonyms. Traps: the same case stands on as
    many rows as it has products times events; there is no follow-up, a new file of the same name is a new state.
    """

    name, source, owner = "case_listing_row", "case_listing", "pharmacovigilance"
    files = MappedFiles(r"(^|/)case_listing/")

    case_id = text("Case number, a pseudonym", sensitivity="identifying", pseudonymised=True, required=True)
    product = text("Product or substance as written")
    event = text("Event as written")
    received_date = text("Date of receipt, where the file tells it")
    domain = text("Domain that the mapping states")
