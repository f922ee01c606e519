"""VeDDRA, the dictionary of events in animals and in people exposed to veterinary medicines."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="veddra",
    title="Combined VeDDRA list of clinical terms",
    publisher="European Medicines Agency (EMA), CVMP pharmacovigilance working party",
    agency="ANSES",
    domain="veterinary",
    licence="EMA: reproduction authorised provided the source is acknowledged",
    cadence=Days(366, "yearly, in force from 1 October"),
    grain="a lowest level term with its three higher levels",
    lag=Days(31, "published some months before it comes into force"),
    traps=(
        "27 lowest level terms hold commas: lists of terms can't be split on commas",
        "Terms are moved between preferred terms from year to year: each listing of a code stands until the next",
        "Type H terms are for people exposed to veterinary medicines, A for animals, C for both",
        "The list comes as a workbook, as CSV, and without the human terms: the same codes, counted once",
    ),
    homepage=(
        "https://www.ema.europa.eu/en/veterinary-regulatory-overview/post-authorisation-veterinary-medicines/"
        "pharmacovigilance-veterinary-medicines/veterinary-pharmacovigilance-guidance"
    ),
)
