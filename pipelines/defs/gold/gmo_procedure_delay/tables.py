"""Days in each step of each file."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.defs.silver.gmo.tables import KEY, OUTCOMES, PROCEDURES, STEPS
from pipelines.defs.silver.regulatory_event.tables import KINGDOMS
from pipelines.formats.domains import AGENCIES


class GmoProcedureDelay(Table):
    """One step of one file at one month end, as known then: days until the next step, beside what is usual.

    A step that still lasts is open, and one of a file that was taken back ended there: both are counted as at least so
    long (censored), so that the median over all files of the same procedure and step (Kaplan and Meier 1958) is not
    that of the quick ones alone. A step that is dated before the one that it follows is refused, with the reason; what
    lies beside it has no days. What the first delivery of the register shows counts from its own dates. Traps: medians
    of a few files move much, and are null where fewer than half have ended.
    """

    layer, name, owner = "gold", "gmo_procedure_delay", "innovative-therapies"
    key = ("gmo_key", "step", "month")
    axis = DERIVED
    example = """
    -- what lies where, for how long, and how long is usual
    SELECT gmo_key, product_name, step, lies_with, step_date, days, is_censored, median_days, n_files, refused
    FROM gold.gmo_procedure_delay WHERE is_latest
    ORDER BY gmo_key, step_date
    """

    gmo_key = Column("string", KEY, required=True)
    step = Column("string", "Step that began it", required=True, codes=STEPS)
    month = Column("date", "Month end", required=True)
    is_latest = Column("boolean", "The last month that the register tells of", required=True)
    domain = Column("string", "Human or veterinary", codes=KINGDOMS)
    procedure = Column("string", "Which procedure; null where the register lists no such file", codes=PROCEDURES)
    product_name = Column("string", "Name or code name")
    lies_with = Column("string", "Agency with which the file lies in it", required=True, codes=AGENCIES)
    step_date = Column("date", "Its first day", required=True)
    outcome = Column("string", "What came of the step", codes=OUTCOMES)
    next_step = Column("string", "Step that ended it; null where none has", codes=STEPS)
    next_date = Column("date", "Day of that step")
    days = Column("int", "Days until then, or until the month end where it lasts", unit="days", minimum=0)
    is_open = Column("boolean", "It still lasts", required=True)
    is_censored = Column("boolean", "It lasts, or the file was taken back in it: at least so many days", required=True)
    total_days = Column("int", "Days from filing to decision; null before", unit="days", minimum=0)
    n_files = Column("int", "Files of the same procedure with days in this step", minimum=0)
    n_ended = Column("int", "Those of them in which it ended", minimum=0)
    median_days = Column("double", "Their median; null where it is not reached", unit="days", minimum=0)
    median_lower = Column("double", "Lower bound, 95 % (Brookmeyer and Crowley 1982)", unit="days", minimum=0)
    median_upper = Column("double", "Upper bound, 95 %; null where it is not reached", unit="days", minimum=0)
    refused = Column("string", "Why the step is refused, or has no days")
