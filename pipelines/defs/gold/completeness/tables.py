"""The triangle of flows, the nowcast of months still to come, and how nowcasts of the past turned out."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table

SERIES = {"all": "All substances", "one": "One substance"}


class FlowTriangle(Table):
    """What one flow told of one month of care, by months between the two.

    Packs of town pharmacies, signed: regularisations belong to the flow that brings them. `all` substances count a pack
    once, so substances do not add up to it.
    """

    layer, name, owner = "gold", "flow_triangle", "health-data"
    key = ("source", "substance_key", "month", "lag")
    partitioned_by = ("source",)
    axis = DERIVED

    source = Column("string", "Source system", required=True)
    substance_key = Column("string", "Key of `silver.substance`, or `all`", required=True)
    month = Column("date", "Month end of the care", required=True)
    lag = Column("int", "Months from the care to the flow", required=True, minimum=0, unit="months")
    n_packs = Column("bigint", "Packs, net", required=True)
    n_lines = Column("bigint", "Lines", required=True, minimum=0)


class Nowcast(Table):
    """What a month of care will hold once all its flows have come, as estimated from the flows so far.

    Chain ladder with Mack's error (1993); of single substances the growth is that of all months of all substances. A
    month as old as the longest lag ever seen is its own estimate. Null bounds: too few months to tell.
    """

    layer, name, owner = "gold", "nowcast", "health-data"
    key = ("source", "substance_key", "month")
    partitioned_by = ("source",)
    axis = DERIVED

    source = Column("string", "Source system", required=True)
    substance_key = Column("string", "Key of `silver.substance`, or `all`", required=True)
    month = Column("date", "Month end of the care", required=True)
    flow_month = Column("date", "Last flow that had come", required=True)
    lag = Column("int", "Months from the care to that flow", required=True, minimum=0, unit="months")
    n_observed = Column("double", "Packs so far", required=True)
    share_reported = Column("double", "Share of the final quantity that has come by that lag", minimum=0, mostly=0.95)
    n_estimated = Column("double", "Packs in the end")
    n_lower = Column("double", "Lower bound, 95 %")
    n_upper = Column("double", "Upper bound, 95 %")


class NowcastJudgement(Table):
    """A nowcast made of a past state of the flows, beside what came in the end.

    Each flow of the past is held back in turn with all that came after it. An interval of 95 % should cover the final
    figure 95 times in 100: average `is_covered` over lags before you trust `gold.nowcast`.
    """

    layer, name, owner = "gold", "nowcast_judgement", "health-data"
    key = ("source", "substance_key", "flow_month", "month")
    partitioned_by = ("source",)
    axis = DERIVED

    source = Column("string", "Source system", required=True)
    substance_key = Column("string", "Key of `silver.substance`, or `all`", required=True)
    flow_month = Column("date", "Last flow that was shown", required=True)
    month = Column("date", "Month end of the care", required=True)
    lag = Column("int", "Months between the two", required=True, minimum=0, unit="months")
    n_observed = Column("double", "Packs by then", required=True)
    n_estimated = Column("double", "Estimate", required=True)
    n_lower = Column("double", "Lower bound, 95 %", required=True)
    n_upper = Column("double", "Upper bound, 95 %", required=True)
    n_final = Column("double", "Packs in the end", required=True)
    is_covered = Column("boolean", "The final figure lies within the bounds", required=True)
