"""The FDA's real files on establishments as silver tables: what tests of the source and of links share."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.defs.sources.fda_bimo import read as bimo_read
from pipelines.defs.sources.fda_bimo.tables import FdaLaboratoryInspection
from pipelines.defs.sources.fda_compliance import read
from pipelines.defs.sources.fda_compliance.tables import FdaComplianceAction, FdaPublishedForm
from pipelines.defs.sources.fda_recalls import read as recalls_read
from pipelines.defs.sources.fda_recalls.tables import FdaRecall
from tests.rows import united
from tests.sources.bronze import bronze_frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

KNOWN = dt.date(2025, 6, 1)


def real_bronze(spark: SparkSession, shared: Path) -> dict[str, DataFrame]:
    """The four files as they are read."""
    base = shared / "data"
    board = base / "fda_datadashboard"
    files = {
        FdaComplianceAction: (read.read, board / "fda_compliance_actions.csv"),
        FdaPublishedForm: (read.read, board / "fda_483s.csv"),
        FdaRecall: (recalls_read.read, base / "fda_drug_recalls/fda_drug_recalls_2012_2025.csv.gz"),
        FdaLaboratoryInspection: (bimo_read.read, base / "fda_bimo_nonclinical/NonClinical_Labs_Inspections_List.csv"),
    }
    bronze = {}
    for table, (reader, path) in files.items():
        assert table.files.owns(str(path))
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        bronze[table.address()] = bronze_frame(spark, table, reader, {path.name: (data, KNOWN)}).cache()
    return bronze


def real_silver(bronze: dict[str, DataFrame]) -> dict[str, DataFrame]:
    """What they feed, united."""
    names = {
        "silver.enforcement_action": ["fda_compliance"],
        "silver.inspection": ["fda_compliance", "fda_bimo"],
        "silver.recall": ["fda_recalls"],
        "silver.establishment": ["fda_compliance", "fda_recalls", "fda_bimo"],
    }
    return {address: united(bronze, address, *of) for address, of in names.items()}
