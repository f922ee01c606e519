"""Deliveries of registers that come whole."""

from pipelines.core.axis import flows
from pipelines.core.table import Column, Table


class RegisterState(Table):
    """One day on which one register was delivered whole.

    Versions of its rows say when something changed; this says until when nothing did. What is open (a form that is due,
    a step that lasts) is counted to the last of these days, and no further. Coverage: registers of access and of GMO
    files. A delivery without a row is not seen.
    """

    layer, name, owner = "silver", "register_state", "data-engineering"
    key = ("source", "register", "stated_date")
    axis = flows("stated_date")
    partitioned_by = ("source",)

    source = Column("string", "Source system", required=True)
    register = Column("string", "Which of its registers", required=True)
    stated_date = Column("date", "Day on which the delivery could be known", required=True)
