"""Files on genetically modified organisms, their steps and sites, and samples of shedding."""

from pipelines.core.table import Column, Link, Thing, Versioned
from pipelines.defs.silver.regulatory_event.tables import KINGDOMS
from pipelines.formats.domains import AGENCIES

PROCEDURES = {
    "contained": "Contained use, such as a trial: declared or authorised, without release",
    "release": "Deliberate release: early and compassionate access, single gene therapies, some trials",
    "market": "Placing on the market, which is the authorisation for release too (Regulation 726/2004)",
}
STEPS = {  # in their order
    "filed": "The file came",
    "complete": "It was found complete",
    "sent": "It was sent to the agency that gives the opinion",
    "opinion": "The opinion was given",
    "decision": "It was decided",
    "withdrawn": "The notifier took it back, or what was authorised was withdrawn",
}
OUTCOMES = {"favourable": "Favourable", "unfavourable": "Unfavourable"}
RESULTS = {"positive": "The organism was found", "negative": "It was not found"}
KEY = "Number of the file, B/FR/yy/nn in one spelling"


class _OfFile(Versioned):
    """What is of one file."""

    owner = "innovative-therapies"
    partitioned_by = ("source",)

    gmo_key = Column("string", KEY, required=True, pattern="^B/[A-Z]{2}/[0-9]{2}/[0-9]{2,}$")


class GmoProcedure(_OfFile):
    """One version of one file: which procedure, of which medicine, which vector with which insert.

    Both agencies see every file, whosever medicine it is about. `agency` is the one that decides. What is not yet
    marketed has no product key; early access to it names the file (`silver.access_authorisation`).
    """

    layer, name = "silver", "gmo_procedure"
    key = ("source", "gmo_key", "valid_from")
    thing = Thing("gmo", ("gmo_key",), "product_name")

    number_printed = Column("string", "Number as printed", required=True)
    domain = Column("string", "Human or veterinary", required=True, codes=KINGDOMS)
    agency = Column("string", "French agency that decides", required=True, codes=AGENCIES)
    procedure = Column("string", "Which procedure", required=True, codes=PROCEDURES)
    product_key = Column("string", "Key of `silver.product`, once it has one", link=Link("release of", "product"))
    product_name = Column("string", "Name or code name as printed")
    vector_family = Column("string", "Family of the vector as printed")
    insert_printed = Column("string", "What was inserted, as printed")
    gmo_class = Column("int", "Class of confinement", minimum=1, maximum=4)
    notifier = Column("string", "Who notifies, as printed")


class GmoStep(_OfFile):
    """One version of one step of one file: the agency with which the file lies from that day on, and what came of it.

    Dates are kept as the register states them, also where they contradict the order of steps:
    `gold.gmo_procedure_delay` refuses such a step and says why. Both agencies see the step; a reader of one sees of
    the documents its own alone.
    """

    layer, name = "silver", "gmo_step"
    key = ("source", "gmo_key", "step", "valid_from")

    step = Column("string", "Which step", required=True, codes=STEPS)
    agency = Column("string", "Agency with which the file lies from then on", required=True, codes=AGENCIES)
    step_date = Column("date", "Day of the step", required=True)
    outcome = Column("string", "What came of it", codes=OUTCOMES)
    outcome_printed = Column("string", "The same as printed")
    document = Column("string", "Number of the agency's document", sensitivity="internal")


class GmoSite(_OfFile):
    """One version of one site where the organism of one file is used, such as a hospital or a stable."""

    layer, name = "silver", "gmo_site"
    key = ("source", "gmo_key", "site", "valid_from")
    thing = Thing("gmo", ("gmo_key",), is_register=False)

    site = Column("string", "Site, upper case", required=True)
    site_printed = Column("string", "Site as printed")
    city = Column("string", "City")
    department = Column("string", "Département, INSEE code", link=Link("used in", "place"))
    start_date = Column("date", "First day")
    end_date = Column("date", "Last day; null while it stands")


class SheddingSample(_OfFile):
    """One version of one sample that shows whether a patient sheds the organism: due, taken, found or not.

    A sample stands here from the day it is planned: one without `taken_date` is due and was not taken. The pseudonym
    is that of `silver.access_patient`.
    """

    layer, name = "silver", "shedding_sample"
    key = ("source", "gmo_key", "sample_id", "valid_from")

    sample_id = Column("string", "Sample", required=True, sensitivity="internal")
    patient = Column("string", "Pseudonym of the patient; null for an animal", sensitivity="personal")
    matrix = Column("string", "What was sampled, as printed", sensitivity="personal")
    due_date = Column("date", "Day on which it is due", sensitivity="personal")
    taken_date = Column("date", "Day on which it was taken; null for what was not", sensitivity="personal")
    result = Column("string", "Result", codes=RESULTS, sensitivity="personal")
    result_printed = Column("string", "Result as printed", sensitivity="personal")
