"""Reports over time."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table


class ReportMonth(Table):
    """Reports received in one month, by domain, agency, source, country and species.

    Cases in their latest version, by month of first receipt, retracted ones left out, duplicates counted once.
    """

    layer, name, owner = "gold", "report_month", "pharmacovigilance"
    key = ("month", "domain", "agency", "source", "country", "species")
    axis = DERIVED
    example = """
    -- reports by month and source
    SELECT month, source, sum(n_reports) AS n_reports, sum(n_serious) AS n_serious
    FROM gold.report_month
    GROUP BY ALL
    ORDER BY month DESC, source
    LIMIT 24
    """

    month = Column("date", "Month end of first receipt", required=True)
    domain = Column("string", "Human or veterinary", required=True)
    agency = Column("string", "Agency in charge", required=True)
    source = Column("string", "Source system", required=True)
    country = Column("string", "ISO 3166 alpha-2; `??` where not known", required=True)
    species = Column("string", "Species", required=True)
    n_reports = Column("bigint", "Reports", required=True, minimum=1)
    n_serious = Column("bigint", "Reports known to be serious", required=True, minimum=0)
    n_death = Column("bigint", "Reports with a death", required=True, minimum=0)
    mean_completeness = Column("double", "Mean vigiGrade completeness", minimum=0, maximum=1)
