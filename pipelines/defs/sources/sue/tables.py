"""Bronze table of serious undesirable effects of cosmetic products."""

from pipelines.core.table import FileKind, text
from pipelines.formats.declarations import DeclarationRow


class SueReport(DeclarationRow):
    """One product in one version of a report of a serious undesirable effect.

    Coverage: what is declared in France. Lag: months, by nature. Traps: see the source's card.
    """

    name, source, owner = "sue_row", "sue", "pharmacovigilance"
    files = FileKind(r"^sue/([^/]+/)*[^/]+\.csv(\.gz)?$")
    domain, product_type = "cosmetic", "cosmetic"

    report_type = text("Initial, Follow-up or Final")
    cpnp = text("Number of the product in the Cosmetic Products Notification Portal")
    use = text("How the product was used")
    re_exposure = text("Effect after using it again: positive, negative, unknown")
