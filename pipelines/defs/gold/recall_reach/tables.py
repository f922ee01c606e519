"""Recalls with what was distributed of their batches."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.formats.domains import AGENCIES


class RecallReach(Table):
    """One recalled product with the packs, places, reports and, estimated, persons that its batches reached.

    Packs are those distributed until the last delivery, before or after the recall: how many came back nobody tells.
    Persons are estimated: packs times persons treated a pack, as `gold.exposure` counts them for the product's
    substance. A recall of all batches counts all that the register holds of the pack. Where nothing is known of
    distribution the reason stands.
    """

    layer, name, owner = "gold", "recall_reach", "quality-defects"
    key = ("source", "event_id", "product_id")
    axis = DERIVED

    source = Column("string", "Source of the recall", required=True)
    event_id = Column("string", "Recall event of `silver.recall`", required=True)
    product_id = Column("string", "Product of `silver.recall`", required=True)
    agency = Column("string", "French agency in whose field it is", required=True, codes=AGENCIES)
    product_name = Column("string", "Product as printed")
    recall_class = Column("string", "Class of the product", required=True)
    recall_date = Column("date", "Day of the recall")
    scope = Column("string", "Which batches it is about", required=True)
    n_batches = Column("int", "Batches that it names", required=True, minimum=0)
    n_batches_known = Column("int", "Those of them that a register of batches holds", required=True, minimum=0)
    n_packs = Column("bigint", "Packs distributed", minimum=0)
    n_doses = Column("bigint", "Doses distributed", minimum=0)
    departments = Column("array<string>", "Départements that they went to, sorted")
    n_reports = Column("bigint", "Reports that name the batches, at the last month end", minimum=0)
    persons_a_pack = Column("double", "Persons treated in a month over packs dispensed in it", minimum=0)
    n_persons = Column("double", "Persons that the packs treated, estimated", minimum=0)
    not_computed = Column("string", "Why there are no packs")
