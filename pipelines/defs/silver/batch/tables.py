"""Batches, their distribution, laboratory results and quality defects."""

from pipelines.core.table import Column, Link, Thing, Versioned
from pipelines.defs.silver.establishment.tables import KNOWN, SITE
from pipelines.defs.silver.regulatory_event.tables import KINGDOMS
from pipelines.formats.domains import AGENCIES

BATCH = "Pack and batch number: `pack_key`, `|` and `batch`"
VERDICTS = {"complies": "Within its specification", "fails": "Outside of it", "not_concluded": "No verdict yet"}
DEFECT_STATES = {"confirmed": "Confirmed", "refuted": "Refuted", "open": "Not yet assessed"}


class _OfBatch(Versioned):
    """What is of batches of one agency's products."""

    owner = "quality-defects"
    agency = Column("string", "French agency in whose field it is", required=True, codes=AGENCIES)
    known_from = Column("date", KNOWN, required=True)
    published_date = Column("date", "Day of its publication, where the source says it")


class Batch(_OfBatch):
    """One version of one batch of one pack: its site, dates and doses.

    Coverage: what holders declare to their agency. A number alone is no key: two products may share it.
    """

    layer, name = "silver", "batch"
    key = ("source", "batch_key", "valid_from")
    thing = Thing("batch", ("batch_key",), "batch_printed")
    partitioned_by = ("source",)

    batch_key = Column("string", BATCH, required=True)
    pack_key = Column("string", "Key of `silver.pack`", required=True, link=Link("of", "pack"))
    batch = Column("string", "Batch number, letters and digits alone", required=True)
    batch_printed = Column("string", "Batch number as printed", required=True)
    domain = Column("string", "Human or veterinary", required=True, codes=KINGDOMS)
    establishment_key = Column("string", f"Site that made it: {SITE.lower()}", link=Link("made at", "site"))
    made_date = Column("date", "Day of manufacture")
    expiry_date = Column("date", "Expiry")
    n_doses = Column("bigint", "Doses released; null where the holder does not say", minimum=0)


class BatchDistribution(_OfBatch):
    """Packs and doses of one batch that went to one département in one month."""

    layer, name = "silver", "batch_distribution"
    key = ("source", "batch_key", "department", "month", "valid_from")
    thing = Thing("batch", ("batch_key",), is_register=False)
    partitioned_by = ("source",)

    batch_key = Column("string", BATCH, required=True)
    department = Column(
        "string", "Département, INSEE code", required=True, link=Link("sent to", "place", amount="n_doses")
    )
    month = Column("date", "Last day of the month", required=True)
    n_packs = Column("bigint", "Packs", minimum=0)
    n_doses = Column("bigint", "Doses", minimum=0)


class LaboratoryResult(_OfBatch):
    """One test of one sample of one batch in one laboratory."""

    layer, name = "silver", "laboratory_result"
    key = ("source", "sample_id", "test", "valid_from")
    thing = Thing("result", ("source", "sample_id", "test"), "verdict")
    partitioned_by = ("source",)

    sample_id = Column("string", "Sample", required=True)
    test = Column("string", "Test", required=True)
    batch_key = Column("string", BATCH, required=True, link=Link("test of", "batch"))
    establishment_key = Column("string", f"Laboratory: {SITE.lower()}", link=Link("tested at", "site"))
    sampled_date = Column("date", "Day of sampling")
    result = Column("string", "Result as printed, with its unit")
    specification = Column("string", "Specification as printed")
    verdict = Column("string", "Verdict", required=True, codes=VERDICTS)
    method = Column("string", "Method as printed")


class QualityDefect(_OfBatch):
    """One quality defect that was notified of one batch."""

    layer, name = "silver", "quality_defect"
    key = ("source", "defect_id", "valid_from")
    thing = Thing("defect", ("source", "defect_id"), "defect")
    partitioned_by = ("source",)

    defect_id = Column("string", "Number of the notification", required=True)
    batch_key = Column("string", BATCH, required=True, link=Link("defect of", "batch"))
    defect = Column("string", "Defect as worded")
    notified_date = Column("date", "Day of the notification")
    department = Column("string", "Département where it was found, INSEE code")
    state = Column("string", "What came of it", required=True, codes=DEFECT_STATES)
