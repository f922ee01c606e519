"""The counting cube."""

from pipelines.core.axis import as_known
from pipelines.core.table import Column, Table


class PairChange(Table):
    """The change in the number of reports of one cell of the cube from one month end to the next.

    A cell is stratum x substance x event. Sum the changes up to a month to get what was known then: a new case adds, a
    follow-up that drops an event, a duplicate found or a retraction subtracts. Code 0 stands for any substance or any
    event, so that margins count distinct reports: the rows (0, 0) are the number of reports. Duplicates count once;
    concomitant products do not count. Kept up to date from the change feed of `silver.coded_report`: months that a
    change does not touch are not rewritten.
    """

    layer, name, owner = "gold", "pair_change", "signal-detection"
    key = ("month", "substance", "term", "stratum")
    partitioned_by = ("month",)
    axis = as_known("month")
    example = """
    -- how many reports each month end gained, less those it lost: the rows of any substance and any event
    SELECT month, sum(n_change) AS n_reports
    FROM gold.pair_change
    WHERE substance = 0 AND term = 0
    GROUP BY month
    ORDER BY month DESC
    LIMIT 12
    """

    month = Column("date", "Month end; in a lake seen from a date, the last one is that date", required=True)
    substance = Column("int", "Code of a substance in `silver.code`, 0 for any", required=True, minimum=0)
    term = Column("int", "Code of a term in `silver.code`, 0 for any", required=True, minimum=0)
    stratum = Column("int", "Code of `silver.stratum`", required=True, minimum=0)
    n_change = Column("int", "Reports gained less reports lost since the month end before", required=True)
