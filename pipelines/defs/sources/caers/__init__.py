"""CAERS: the FDA's adverse events of foods, supplements and cosmetics (now the Human Foods Complaint System)."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="caers",
    title="CFSAN Adverse Event Reporting System",
    publisher="US Food and Drug Administration (FDA)",
    agency="ANSES",
    domain="nutrition",
    licence="US public domain",
    cadence=Days(92, "quarterly; each file is the whole state of its years"),
    grain="a product in a report",
    lag=Days(183, "one to six months after receipt"),
    traps=(
        "A report stands on as many rows as it has products, without a key; age and sex are blank on some of them",
        "Terms are joined by commas, and some terms hold commas",
        "Columns, encodings and date formats differ between the three vintages",
        "Industry 53 is cosmetics, 54 supplements: domains of their own here",
        "Waves of litigation make waves of reports: talc and ovarian cancer, hair products and alopecia",
        "Names of products can be redacted",
    ),
    homepage="https://www.fda.gov/food/compliance-enforcement-food",
)
