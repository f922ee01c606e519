"""A few products, packs and substances, as the silver tables hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.core.table import Table
from pipelines.defs.silver.animal_supply.tables import AnimalSupply
from pipelines.defs.silver.dispensing.tables import Dispensing, Insured
from pipelines.defs.silver.dose.tables import DailyDose
from pipelines.defs.silver.indicator.tables import PublishedIndicator
from pipelines.defs.silver.population.tables import Population
from pipelines.defs.silver.product.tables import Pack, PackContent, Product, ProductSubstance
from pipelines.defs.silver.report.tables import Report, ReportEvent, ReportProduct
from pipelines.defs.silver.sale.tables import PatientCount, Sale
from pipelines.defs.silver.substance.tables import Substance, SubstanceName
from pipelines.defs.silver.term.tables import Term
from tests.rows import frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TABLES: tuple[type[Table], ...] = (
    *(AnimalSupply, DailyDose, Dispensing, Insured, Pack, PackContent, PatientCount, Population, Product),
    *(ProductSubstance, PublishedIndicator, Report, ReportEvent, ReportProduct, Sale, Substance, SubstanceName, Term),
)
# ASPIRIN in packs 1 and 2 of the brand Alpha and 3 of the brand Beta; AMOXICILLIN for animals in G, for people in 4.
SUBSTANCES = {"ASPIRIN": ("N02BA01", None), "SALSALATE": ("N02BA06", None), "AMOXICILLIN": ("J01CA04", "QJ01CA04")}
PRODUCTS = {
    "CIS:1": ("ALPHA 300 mg", "human", "ASPIRIN", ("CIP13:1", "CIP13:2")),
    "CIS:2": ("BETA 300 mg", "human", "ASPIRIN", ("CIP13:3",)),
    "CIS:3": ("GAMMA 500 mg", "human", "SALSALATE", ("CIP13:5",)),
    "CIS:4": ("DELTAMOX 500 mg", "human", "AMOXICILLIN", ("CIP13:4",)),
    "ANMV:1": ("ANIMOX 10 mg/ml", "veterinary", "AMOXICILLIN", ("GTIN:G",)),
}
CONTENTS = {"CIP13:1": 300.0, "CIP13:3": 600.0, "CIP13:5": 500.0, "CIP13:4": 5000.0, "GTIN:G": 1000.0}


def lake(spark: SparkSession, rows: dict[type[Table], list[dict[str, Any]]]) -> dict[str, DataFrame]:
    """Silver tables with these products, and the rows given; others are empty."""
    given: dict[type[Table], list[dict[str, Any]]] = {
        Substance: [
            {"substance_key": s, "substance_name": s, "atc_codes": [a], "atcvet_codes": [v] if v else None}
            for s, (a, v) in SUBSTANCES.items()
        ],
        SubstanceName: [{"normalised_name": s, "substance_key": s, "kind": "preferred"} for s in SUBSTANCES],
        Product: [
            {"product_key": p, "product_name": n, "domain": d, "is_current": True} for p, (n, d, *_) in PRODUCTS.items()
        ],
        ProductSubstance: [
            {"product_key": p, "source": "bdpm", "source_substance_name": s} for p, (_, _, s, _) in PRODUCTS.items()
        ],
        Pack: [{"pack_key": k, "product_key": p} for p, (*_, packs) in PRODUCTS.items() for k in packs],
        PackContent: [
            {"pack_key": k, "mg_per_pack": mg, "ucd_key": "UCD7:9" if k == "CIP13:1" else None}
            for k, mg in CONTENTS.items()
        ],
    }
    return {t.address(): frame(spark, t, rows.get(t, given.get(t, []))) for t in TABLES}
