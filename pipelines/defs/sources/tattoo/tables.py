"""Bronze table of tattoo vigilance declarations."""

from pipelines.core.table import FileKind, text
from pipelines.formats.declarations import DeclarationRow


class TattooDeclaration(DeclarationRow):
    """One ink in one version of a declaration of effects after tattooing.

    Coverage: what is declared in France. Lag: months, by nature. Traps: see the source's card.
    """

    name, source, owner = "tattoo_row", "tattoo", "pharmacovigilance"
    files = FileKind(r"^tattoo/([^/]+/)*[^/]+\.csv(\.gz)?$")
    domain, product_type = "tattoo", "tattoo_ink"

    colour = text("Colour of the ink")
    body_site = text("Part of the body tattooed")
    session_conditions = text("Conditions of tattooing: studio, hygiene, certificate")
    misuse = text("`yes` where the ink was used other than its label says")
