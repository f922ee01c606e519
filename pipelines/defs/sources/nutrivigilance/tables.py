"""Bronze table of nutrivigilance declarations."""

from pipelines.core.table import FileKind, text
from pipelines.formats.declarations import DeclarationRow


class NutrivigilanceDeclaration(DeclarationRow):
    """One product in one version of a declaration of effects of a food supplement.

    Coverage: what is declared in France. Lag: months, by nature. Traps: see the source's card.
    """

    name, source, owner = "nutrivigilance_row", "nutrivigilance", "pharmacovigilance"
    files = FileKind(r"^nutrivigilance/([^/]+/)*[^/]+\.csv(\.gz)?$")
    domain, product_type = "nutrition", "food_supplement"

    dose = text("Dose as declared")
    history = text("History of the consumer")
