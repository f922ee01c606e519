"""ANMV: the French register of veterinary medicines, as XML with its reference lists."""

from pipelines.core.source import Days, Download, Source

SOURCE = Source(
    name="anmv",
    title="Médicaments vétérinaires autorisés en France",
    publisher="ANSES, Agence nationale du médicament vétérinaire",
    agency="ANSES",
    domain="veterinary",
    licence="Licence Ouverte / Open Licence 2.0 expected; cite the source and its date",
    cadence=Days(7, "Weekly"),
    grain="One authorisation, with composition, routes and species, packs and paragraphs of the summary",
    lag=Days(7, "Days"),
    traps=(
        "Every value is a code of the reference lists, which come as a file of their own.",
        "An extract holds a part of the products: what it lacks is not removed.",
        "A pack stands twice, once with its packaging and once with its GTIN; the label joins them.",
    ),
    homepage="https://www.data.gouv.fr/datasets/base-de-donnees-publique-des-medicaments-veterinaires-autorises-en-france-1",
    downloads=(
        Download("https://www.data.gouv.fr/fr/datasets/r/amm-vet-fr-v2-v", "amm-vet-fr-v2-v.zip"),
        Download("https://www.data.gouv.fr/fr/datasets/r/amm-vet-fr-v2-d", "amm-vet-fr-v2-d.zip"),
    ),
)
