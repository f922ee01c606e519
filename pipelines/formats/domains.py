"""Vigilances, and which agency is in charge of each."""

DOMAINS = {
    "human": "Medicines for people",
    "veterinary": "Medicines for animals, people exposed to them included",
    "cosmetic": "Cosmetic products",
    "tattoo": "Tattoo and permanent make-up inks",
    "nutrition": "Food supplements, fortified and novel foods",
}
AGENCIES = {"ANSM": "Human medicines", "ANSES": "Veterinary medicines (ANMV), cosmetics, tattoos, nutrition"}


def agency_of(domain: str) -> str:
    """The agency that is in charge of a vigilance."""
    return "ANSM" if domain == "human" else "ANSES"
