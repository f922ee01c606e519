"""Bronze tables of the registers."""

from pipelines.core.table import BronzeTable, FileKind, text


def _kind(name: str) -> FileKind:
    return FileKind(rf"(^|/)quality_register/([^/]+/)*{name}[^/]*\.csv(\.gz)?$")


class _Register(BronzeTable):
    """What all registers share."""

    source, owner = "quality_register", "quality-defects"


class _OfBatch(_Register):
    """What is of one batch of one pack."""

    domain = text("human or veterinary")
    pack_code = text("CIP13 or GTIN of the pack")
    batch = text("Batch number")


class RegisteredInspection(_Register):
    """One deficiency of one inspection; one row without grade for an inspection that found none."""

    name, owner, files = "quality_register_inspection", "inspection", _kind("inspections")

    inspection_number = text("Number of the inspection")
    domain = text("human or veterinary")
    oms_location_id = text("Location in the organisation management service; blank for what has none")
    site_name = text("Site")
    street_address = text("Address")
    city = text("City")
    country = text("Country")
    activities = text("What the site does, joined by |")
    complexity = text("Complexity by the inspectorate (PI 037), 1 to 3")
    criticality = text("Criticality by the inspectorate (PI 037), 1 to 3")
    practice = text("gmp or glp")
    last_day = text("Last day, YYYY-MM-DD")
    deficiency_number = text("Number of the deficiency, from 1; blank for none")
    grade = text("critical, major or other; blank for none")
    deficiency = text("Deficiency")


class RegisteredBatch(_OfBatch):
    """One batch of one pack."""

    name, files = "quality_register_batch", _kind("batches")

    oms_location_id = text("Site that made it")
    made = text("Day of manufacture, YYYY-MM-DD")
    expiry = text("Expiry, YYYY-MM-DD")
    doses = text("Doses released; blank where not declared")


class RegisteredDistribution(_OfBatch):
    """What of one batch went to one département in one month."""

    name, files = "quality_register_distribution", _kind("distribution")

    department = text("Département, INSEE code")
    month = text("Last day of the month, YYYY-MM-DD")
    packs = text("Packs")
    doses = text("Doses")


class RegisteredDefect(_OfBatch):
    """One quality defect that was notified."""

    name, files = "quality_register_defect", _kind("defects")

    defect_number = text("Number of the notification")
    defect = text("Defect")
    notified = text("Day of the notification, YYYY-MM-DD")
    department = text("Département where it was found")
    state = text("confirmed, refuted or open")


class RegisteredResult(_OfBatch):
    """One test of one sample."""

    name, files = "quality_register_result", _kind("results")

    sample = text("Sample")
    test = text("Test")
    laboratory = text("Laboratory")
    laboratory_city = text("City of the laboratory")
    laboratory_country = text("Country of the laboratory")
    sampled = text("Day of sampling, YYYY-MM-DD")
    result = text("Result with its unit")
    specification = text("Specification")
    verdict = text("complies, fails or not_concluded")
    method = text("Method")


class RegisteredRecall(_Register):
    """One product of one recall."""

    name, files = "quality_register_recall", _kind("recalls")

    recall_number = text("Number of the recall")
    domain = text("human or veterinary")
    pack_code = text("CIP13 or GTIN of the pack")
    product = text("Product")
    oms_location_id = text("Site that made it")
    recall_class = text("1, 2 or 3")
    day = text("Day of the recall, YYYY-MM-DD")
    batches = text("Batches, a text")
    stated_reason = text("Reason")  # `reason` is the reader's own
