"""BDPM: the French public register of human medicines, its packs, compositions, generics and shortages."""

from pipelines.core.source import Days, Download, Source

_FILES: tuple[str, ...] = ("CIS_bdpm", "CIS_CIP_bdpm", "CIS_COMPO_bdpm", "CIS_GENER_bdpm", "CIS_CPD_bdpm", "CIS_MITM")
_FILES += ("CIS_CIP_Dispo_Spec", "HAS_LiensPageCT_bdpm", "CIS_HAS_SMR_bdpm", "CIS_HAS_ASMR_bdpm")
_BASE = "https://base-donnees-publique.medicaments.gouv.fr/download/file"

SOURCE = Source(
    name="bdpm",
    title="Base de données publique des médicaments",
    publisher="ANSM, HAS and UNCAM",
    agency="ANSM",
    domain="human",
    licence="Licence Ouverte / Open Licence 2.0: cite the source and its date",
    cadence=Days(31, "Monthly, shortages more often"),
    grain="One product (CIS), one pack (CIP), one ingredient, one decision",
    lag=Days(14, "Days"),
    traps=(
        "No header, tabs, no quoting; the encoding differs by file and by year, some years end lines with a tab more.",
        "Prices of a thousand euros and more are written 1,466,29; rates 65% or 65 %.",
        "Withdrawn products leave the product file and stay in others: orphan CIS.",
        "A file that an extraction lacks is no removal.",
    ),
    homepage="https://base-donnees-publique.medicaments.gouv.fr/telechargement",
    downloads=tuple(Download(f"{_BASE}/{name}.txt", f"{name}.txt") for name in _FILES),
)
