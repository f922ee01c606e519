"""All methods about one pair."""

from pipelines.core.table import Column
from pipelines.defs.gold.answer import Answer


class SignalByMethod(Answer):
    """What one method says of one pair at one month end: `gold.signal` in long form, for all methods.

    At the last month end, every pair with 3 reports; before it, the 50 pairs of a population that rank highest, so
    that methods can be compared over time. For the last month only: `lasso_bic` (whole domains), `fdr_…` (which rank
    all pairs) and `increased_frequency` (against the year before). Estimates of different methods are on different
    scales: compare flags and courses, not numbers.
    """

    name = "signal_by_method"
    key = ("population", "substance_key", "term_key", "month", "method")
    example = """
    -- pairs that most methods flag in the last month
    SELECT population, substance_name, term_name, count(*) FILTER (is_signal) AS n_flags, count(*) AS n_methods
    FROM gold.signal_by_method
    WHERE is_latest
    GROUP BY ALL
    ORDER BY n_flags DESC, n_methods
    LIMIT 20
    """

    month = Column("date", "Month end at which the state was known", required=True)
    is_latest = Column("boolean", "Last month end of the population", required=True)
    a = Column("bigint", "Reports with substance and event", unit="reports", required=True, minimum=1)
    expected = Column("double", "Reports expected if substance and event were independent", minimum=0)
