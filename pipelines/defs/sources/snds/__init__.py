"""SNDS: what the French health insurance reimbursed, line by line (DCIR), and to whom."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="snds",
    title="Système national des données de santé: DCIR",
    publisher="CNAM; schema by the Health Data Hub",
    agency="ANSM",
    domain="human",
    licence="Not public: by authorisation; the schema is MPL-2.0",
    cadence=Days(31, "a flow a month"),
    grain="a reimbursed line, with its affiliated pharmacy and hospital lines",
    lag=Days(62, "a flow comes within two months; care of a month over six flows (99 %), with a tail of 27 months"),
    traps=(
        "A prestation and its lines share nine technical keys; lines are several to a prestation: join first, then sum",
        "Negative quantities are regularisations of earlier lines: they are netted, never dropped",
        "Lines with DPN_QLF or PRS_DPN_QLP 71, or CPL_MAJ_TOP from 2, are no reimbursed care",
        "Read by flow (FLX_DIS_DTD), not by care: the last months of care are never complete",
        "One person has several pseudonyms (BEN_NIR_PSA, BEN_RNG_GEM); BEN_IDT_ANO unites them where BEN_IDT_TOP is 1",
        "Extracts differ in their columns: those that no table uses are left out, for health data are to be minimised",
    ),
    homepage="https://documentation-snds.health-data-hub.fr",
    overwritten="correction",
)
