"""CalypsoVet: antimicrobials prescribed and supplied for animals, farm by farm."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="calypsovet",
    title="CalypsoVet",
    publisher="Direction générale de l’alimentation; ANSES-ANMV",
    agency="ANSES",
    domain="veterinary",
    licence="Not public: declared under CSP R5141-149 to 151",
    cadence=Days(31, "monthly; medicated feed quarterly"),
    grain="a line of a prescription: one category of animals and one pack",
    lag=Days(31, "by the end of the next month"),
    traps=(
        "One prescription is one category and sub-category of animals",
        "Holds human medicines given to animals: their packs are CIP13",
        "Coverage is partial: not all veterinarians declare yet",
        "Names of columns are those of the decree; how the export is spelled is assumed",
    ),
    homepage="https://www.calypso-vet.fr",
    overwritten="correction",
)
