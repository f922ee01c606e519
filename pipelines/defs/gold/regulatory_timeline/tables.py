"""Procedures as chains of dated steps."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.defs.silver.regulatory_event.tables import KINGDOMS
from pipelines.defs.silver.report.tables import AGENCIES


class RegulatoryTimeline(Table):
    """One procedure from its start to its decision, by the dates that its register states.

    Coverage: referrals and opinions of the EMA. Before 2012 the register states opinion and decision alone. Two
    referrals have their decision before the opinion, which is a fault of the register: they stand, flagged, and their
    days are negative.
    """

    layer, name, owner = "gold", "regulatory_timeline", "signal-management"
    key = ("source", "event_id")
    axis = DERIVED

    source = Column("string", "Register", required=True)
    event_id = Column("string", "Procedure of `silver.regulatory_event`", required=True)
    domain = Column("string", "Human or veterinary", required=True, codes=KINGDOMS)
    agency = Column("string", "French agency in whose field it is", required=True, codes=AGENCIES)
    reference = Column("string", "Number of the procedure")
    title = Column("string", "What the register calls it")
    status = Column("string", "Where it stands")
    start_date = Column("date", "Start")
    recommendation_date = Column("date", "Recommendation of the PRAC")
    position_date = Column("date", "Position of the CMDh")
    opinion_date = Column("date", "Opinion of the CHMP or CVMP")
    decision_date = Column("date", "Decision of the European Commission")
    days_to_recommendation = Column("int", "Days from the start to the recommendation", unit="d")
    days_to_decision = Column("int", "Days from the opinion to the decision", unit="d")
    days_in_all = Column("int", "Days from the first to the last step stated", unit="d")
    is_out_of_order = Column("boolean", "A step is dated before one that precedes it", required=True)
    known_from = Column("date", "First day on which any step could be known", required=True)
