"""Recalls of products, and the batches of each."""

from pipelines.core.axis import part_of
from pipelines.core.table import Column, Link, Table, Thing, Versioned
from pipelines.defs.silver.establishment.tables import KNOWN
from pipelines.defs.silver.regulatory_event.tables import KINGDOMS
from pipelines.formats.batches import BASES, SCOPES
from pipelines.formats.domains import AGENCIES

RECALL_CLASSES = {
    "1": "Class 1: serious harm or death is probable",
    "2": "Class 2: harm that passes or can be treated",
    "3": "Class 3: harm is not probable",
    "suspected_1": "Suspected class 1, as the authority words it",
    "suspected_2": "Suspected class 2",
    "suspected_3": "Suspected class 3",
    "not_stated": "The register states no class",
}


class Recall(Versioned):
    """One version of the recall of one product in one recall event.

    Coverage: FDA (drugs since 2012), Taiwan since 2008, what an agency's own register holds. An event recalls several
    products, and has a class of its own: both are kept. Trap: the FDA's date is that of the classification, weeks after
    the recall began. `scope` says whether batches are named: see `silver.recall_batch`.
    """

    layer, name, owner = "silver", "recall", "quality-defects"
    key = ("source", "event_id", "product_id", "valid_from")
    thing = Thing("recall", ("source", "event_id", "product_id"), "product_name")
    partitioned_by = ("source",)

    event_id = Column("string", "Recall event in its register", required=True)
    product_id = Column("string", "Product in the event", required=True)
    country = Column("string", "Country of the authority, ISO 3166 alpha-2", required=True, pattern="^[A-Z]{2}$")
    domain = Column("string", "Human or veterinary", required=True, codes=KINGDOMS)
    agency = Column("string", "French agency in whose field it is", required=True, codes=AGENCIES)
    establishment_key = Column(
        "string", "Recalling firm, key of `silver.establishment`", link=Link("recalled by", "site")
    )
    firm = Column("string", "Recalling firm as printed")
    product_name = Column("string", "Product as printed")
    product_key = Column("string", "Key of `silver.product`, where the register gives it")
    pack_key = Column("string", "Key of `silver.pack`, where the register gives it", link=Link("recalls", "pack"))
    recall_class = Column("string", "Class of the product", required=True, codes=RECALL_CLASSES)
    event_class = Column("string", "Class of the event", codes=RECALL_CLASSES)
    class_printed = Column("string", "Class of the product as printed")
    status = Column("string", "State of the recall as printed")
    recall_date = Column("date", "Day of the recall, or of its classification")
    published_date = Column("date", "Day of its publication, where the source says it")
    known_from = Column("date", KNOWN, required=True)
    scope = Column("string", "Which batches it is about", required=True, codes=SCOPES)
    scope_printed = Column("string", "What the register says of batches")
    reason = Column("string", "Reason as printed")
    distribution = Column("string", "Where it was distributed, as printed")
    link = Column("string", "Page of the authority")


class RecallBatch(Table):
    """One batch that one version of a recall names, ranges counted out.

    "All batches" is no batch but a scope of `silver.recall`. `batch` has letters and digits alone, as elsewhere,
    so that spellings meet.
    """

    layer, name, owner = "silver", "recall_batch", "quality-defects"
    key = ("source", "event_id", "product_id", "valid_from", "batch")
    thing = Thing("recall", ("source", "event_id", "product_id"), is_register=False)
    partitioned_by = ("source",)
    axis = part_of("silver.recall", "source", "event_id", "product_id", "valid_from")

    source = Column("string", "Source of the recall", required=True, references="silver.recall")
    event_id = Column("string", "Recall event", required=True, references="silver.recall")
    product_id = Column("string", "Product in the event", required=True, references="silver.recall")
    valid_from = Column("date", "Version of the recall", required=True, references="silver.recall")
    batch = Column("string", "Batch number, letters and digits alone", required=True)
    batch_printed = Column("string", "Batch number as printed or counted out", required=True)
    basis = Column("string", "What it rests on", required=True, codes=BASES)
    batch_key = Column(
        "string", "Key of `silver.batch`, where the register gives the pack", link=Link("recalls", "batch", "same_key")
    )
    known_from = Column("date", "First day on which the recall of this batch could be known", required=True)
