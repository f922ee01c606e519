"""Bronze tables of the register of files on genetically modified organisms."""

from pipelines.core.table import BronzeTable, FileKind, text

NUMBER = r"(?i)^\s*B\s*/\s*[A-Z]{2}\s*/\s*(19|20)?[0-9]{2}\s*/\s*[0-9]+\s*$"
DAY = r"^\s*\d{4}-\d{2}-\d{2}"
NAMED = r"[\p{L}\p{N}]"  # says something


def _kind(name: str) -> FileKind:
    return FileKind(rf"(^|/)gmo_register/([^/]+/)*{name}[^/]*\.csv(\.gz)?$")


class _Register(BronzeTable):
    """What all files share."""

    source, owner = "gmo_register", "innovative-therapies"

    notification_number = text("Number of the file, B/FR/yy/nn", pattern=NUMBER)


class GmoFile(_Register):
    """One file on one medicine."""

    name, files = "gmo_register_file", _kind("files")

    domain = text("human or veterinary", pattern=r"(?i)^\s*(human|veterinary)\s*$")
    procedure = text("contained, release or market", pattern=r"(?i)^\s*(contained|release|market)\s*$")
    cis = text("CIS or ANMV code of the medicine; blank before marketing")
    medicine = text("Name or code name")
    vector_family = text("Family of the vector, such as AAV")
    insert = text("What was inserted")
    gmo_class = text("Class of confinement, 1 to 4")
    notifier = text("Who notifies")


class GmoFileStep(_Register):
    """One step of one file."""

    name, files = "gmo_register_step", _kind("steps")

    step = text(
        "filed, complete, sent, opinion, decision or withdrawn",
        pattern=r"(?i)^\s*(filed|complete|sent|opinion|decision|withdrawn)\s*$",
    )
    agency = text("Agency with which the file lies from then on: ANSM or ANSES", pattern=r"(?i)^\s*(ANSM|ANSES)\s*$")
    day = text("Day, YYYY-MM-DD", pattern=DAY)
    outcome = text("favourable, unfavourable; blank where there is none")
    document = text("Number of the document")


class GmoFileSite(_Register):
    """One site where the organism is used."""

    name, files = "gmo_register_site", _kind("sites")

    site = text("Site", pattern=NAMED)
    city = text("City")
    department = text("Département, INSEE code")
    first_day = text("First day, YYYY-MM-DD")
    last_day = text("Last day, YYYY-MM-DD; blank while it stands")


class GmoFileSample(_Register):
    """One sample of shedding that is due, or was taken."""

    name, files = "gmo_register_sample", _kind("samples")

    sample = text("Number of the sample", pattern=NAMED)
    patient_number = text(
        "Number of the patient in the register of access", sensitivity="identifying", pseudonymised=True
    )
    matrix = text("What was sampled, such as blood")
    due = text("Day on which it is due, YYYY-MM-DD", pattern=DAY)
    taken = text("Day on which it was taken, YYYY-MM-DD; blank before")
    result = text("positive or negative; blank before")
