"""Answers about two substances and an event."""

from pipelines.core.table import Column
from pipelines.defs.gold.answer import Answer


class Interaction(Answer):
    """What one method says of an event in reports that name two substances, as reports stand.

    Looks at every two substances and event that 3 reports of a domain hold together, whatever the substances' roles:
    a partner is often reported as concomitant. `omega` (log2 units, with its 025 bound) compares with what both
    substances explain when their effects add up; `logistic_shrinkage` (a ratio of odds ratios) when they multiply.
    Trap: two names of one treatment, or a product and its usual companion, look like an interaction of both.
    """

    name = "interaction"
    key = ("population", "substance_key", "substance_key_2", "term_key", "method")
    example = """
    -- two substances that are reported with an event more than each alone explains
    SELECT population, substance_name, substance_name_2, term_name, method, estimate, lower
    FROM gold.interaction
    WHERE is_signal
    ORDER BY lower DESC
    LIMIT 20
    """

    substance_key_2 = Column("string", "Key of the other substance", required=True)
    substance_name_2 = Column("string", "The other substance", required=True)
    n111 = Column("bigint", "Reports with both substances and the event", unit="reports", required=True, minimum=1)
    expected = Column("double", "Reports that Omega's additive baseline explains", minimum=0)
