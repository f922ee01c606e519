"""Columns that every method answers in, as tables declare them; see `models.result`."""

from pipelines.core.table import Column, Table


class Answer(Table):
    """One answer of one method about one pair in one population."""

    layer, owner = "gold", "signal-detection"
    partitioned_by = ("population",)
    is_derived = True

    population = Column("string", "`human`, `veterinary`, or `veterinary:` and the species", required=True)
    substance_key = Column("string", "Key of `silver.substance`", required=True)
    substance_name = Column("string", "Substance", required=True)
    term_key = Column("string", "Key of `silver.term`", required=True)
    term_name = Column("string", "Event", required=True)
    method = Column("string", "Method, its variant included", required=True)
    estimate = Column("double", "The method's own scale")
    lower = Column("double", "Lower bound, where the method has one")
    upper = Column("double", "Upper bound, where the method has one")
    p_value = Column("double", "p, or posterior probability of no association", minimum=0, maximum=1)
    is_signal = Column("boolean", "The method's rule is met; null where it can't be decided")
    rule = Column("string", "The rule, with its threshold", required=True)
    not_computed = Column("string", "Why numbers are null")
