"""Batches of a product beside each other."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.defs.silver.batch.tables import BATCH
from pipelines.defs.silver.regulatory_event.tables import KINGDOMS
from pipelines.formats.domains import AGENCIES


class BatchWatch(Table):
    """Reports that name one batch until one month end, beside what its siblings' doses make one expect.

    A family is the batches of one product with doses out by then; what is expected is the batch's doses times the rate
    of all others, p the one-sided conditional binomial, q over the family of the month (Benjamini and Hochberg). Months
    are those in which the product was reported. A batch without doses, or that no register holds, stands with the
    reason and is no sibling. Trap: where most reports name no batch (`share_without_batch`), those that do are chosen.
    """

    layer, name, owner = "gold", "batch_watch", "quality-defects"
    key = ("family_key", "domain", "batch_key", "month")
    axis = DERIVED
    example = """
    -- batches that stand out among their siblings at the last month end
    SELECT batch_key, n_reports, n_doses, round(expected, 1) AS expected, round(ratio, 2) AS ratio, p_value, q_value
    FROM gold.batch_watch
    WHERE is_latest AND q_value <= 0.05
    ORDER BY q_value
    """

    family_key = Column(
        "string", "Key of `silver.product`; that of the substance where no register holds the batch", required=True
    )
    domain = Column("string", "Human or veterinary", required=True, codes=KINGDOMS)
    batch_key = Column("string", f"{BATCH}; the number alone where no register holds it", required=True)
    month = Column("date", "Month end", required=True)
    is_latest = Column("boolean", "The last month of the family", required=True)
    agency = Column("string", "French agency in whose field it is", required=True, codes=AGENCIES)
    pack_key = Column("string", "Key of `silver.pack`")
    establishment_key = Column("string", "Site that made it, key of `silver.establishment`")
    n_reports = Column("bigint", "Reports that suspect the product and name the batch", required=True, minimum=0)
    n_doses = Column("bigint", "Doses out by the month end; released ones where no distribution is known", minimum=0)
    n_siblings = Column("int", "Other batches of the family with doses", required=True, minimum=0)
    expected = Column("double", "Reports by the rate of the siblings", minimum=0)
    ratio = Column("double", "Reports over expected; null where none is expected", minimum=0)
    p_value = Column("double", "Chance of so many or more, given the family's sum", minimum=0, maximum=1)
    q_value = Column("double", "The same as a false discovery rate over the family", minimum=0, maximum=1)
    share_without_batch = Column(
        "double", "Share of the reports on the product's substances that name no batch", minimum=0, maximum=1
    )
    not_computed = Column("string", "Why nothing is expected of it")
