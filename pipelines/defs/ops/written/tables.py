"""What people wrote, a table a kind."""

from pipelines.core.axis import flows, versions
from pipelines.core.table import Column, Table
from pipelines.formats.domains import DOMAINS

WHO = "User who wrote it; of an identity provider `subject@provider`"
AT = "Moment at which it was written"
ON = "Day on which it was written: since then it could be known"
AUDIT = "Row of the audit that was written with it"


class Decision(Table):
    """One decision about a signal, with the stretch of time in which it stood.

    Decisions are never edited: the next one supersedes. Trap: a verdict is a judgement on what was known then, by
    people who saw the scores; methods that are judged by it are judged by their own readers too.
    """

    layer, name, owner = "ops", "decision", "signal-detection"
    key = ("decision_id",)
    axis = versions("decided_on", "superseded_on", "is_standing")

    decision_id = Column("int", "Number of the decision", required=True, minimum=1)
    population = Column("string", "Population that it was decided in: a vigilance, or `vigilance:part`", required=True)
    domain = Column("string", "Vigilance", required=True, codes=DOMAINS)
    substance_key = Column("string", "Key of the substance", required=True)
    term_key = Column("string", "Key of the event", required=True)
    substance_name = Column("string", "Substance, as it was called then")
    term_name = Column("string", "Event, as it was called then")
    decided_at = Column("timestamp", AT, required=True)
    decided_on = Column("date", ON, required=True)
    superseded_on = Column("date", "Day on which another decision took its place; null while it stands")
    is_standing = Column("boolean", "It is the last one about its pair and population", required=True)
    who = Column("string", WHO, required=True, sensitivity="internal")
    verdict = Column("string", "What was decided", required=True)
    reason = Column("string", "Why, from the list", required=True)
    text = Column("string", "Why, in words", required=True, sensitivity="internal", is_free_text=True)
    stage = Column("string", "Stage of the life of a signal (GVP module IX)", required=True)
    due = Column("date", "Day by which the next step was to be made")
    snapshot = Column("string", "Numbers that were seen, and versions of their tables, as JSON", required=True)
    audit_row = Column("int", AUDIT, required=True, minimum=1)


class Reading(Table):
    """What the second reader said of a decision."""

    layer, name, owner = "ops", "reading", "signal-detection"
    key = ("reading_id",)
    axis = flows("read_on")

    reading_id = Column("int", "Number of the reading", required=True, minimum=1)
    decision_id = Column("int", "Decision that was read", required=True, references="ops.decision")
    read_at = Column("timestamp", AT, required=True)
    read_on = Column("date", ON, required=True)
    who = Column("string", WHO, required=True, sensitivity="internal")
    agrees = Column("boolean", "The second reader agrees", required=True)
    text = Column("string", "In words", required=True, sensitivity="internal", is_free_text=True)
    audit_row = Column("int", AUDIT, required=True, minimum=1)


class LinkVerdict(Table):
    """What somebody said of two linked cases; the last word on a pair counts in `silver.duplicate_link`."""

    layer, name, owner = "ops", "link_verdict", "pharmacovigilance"
    key = ("verdict_id",)
    axis = flows("said_on")

    verdict_id = Column("int", "Number of the verdict", required=True, minimum=1)
    report_key = Column("string", "The case that comes first in the alphabet", required=True)
    other_report_key = Column("string", "The other case", required=True)
    domain = Column("string", "Vigilance", required=True, codes=DOMAINS)
    said_at = Column("timestamp", AT, required=True)
    said_on = Column("date", ON, required=True)
    who = Column("string", WHO, required=True, sensitivity="internal")
    verdict = Column(
        "string",
        "What they are",
        required=True,
        codes={"confirmed": "One case, told twice", "rejected": "Two cases"},
    )
    reason = Column("string", "Why, from the list", required=True)
    text = Column("string", "Why, in words", required=True, sensitivity="internal", is_free_text=True)
    audit_row = Column("int", AUDIT, required=True, minimum=1)


class SavedQuery(Table):
    """An address of the workbench that somebody keeps an eye on."""

    layer, name, owner = "ops", "saved_query", "signal-detection"
    key = ("query_id",)
    axis = versions("kept_on", "ended_on", "is_kept")

    query_id = Column("int", "Number of the watch", required=True, minimum=1)
    kept_on = Column("date", ON, required=True)
    ended_on = Column("date", "Day on which it was ended; null while it is kept")
    is_kept = Column("boolean", "It is still kept", required=True)
    who = Column("string", WHO, required=True, sensitivity="internal")
    agencies = Column("string", "Agencies that its keeper read for, joined by +", required=True)
    title = Column("string", "Name that its keeper gave it", required=True, sensitivity="internal", is_free_text=True)
    place = Column("string", "Address of the list or the pair", required=True, sensitivity="internal")
    is_shared = Column("boolean", "Others who read for these agencies see it too", required=True)
    audit_row = Column("int", AUDIT, required=True, minimum=1)


class Audit(Table):
    """Who saw or did what, as the chain of the workbench holds it; the text of the queries stays in the store.

    `gerland audit verify` verifies the chain where it was written; here it is to be counted and searched.
    """

    layer, name, owner = "ops", "audit", "data-protection"
    key = ("audit_row",)
    axis = flows("written_on")

    audit_row = Column("int", "Place in the chain, from 1", required=True, minimum=1)
    written_at = Column("timestamp", AT, required=True)
    written_on = Column("date", ON, required=True)
    who = Column("string", WHO, required=True, sensitivity="internal")
    role = Column("string", "Role", required=True, sensitivity="internal")
    agencies = Column("string", "Agencies that they read for, joined by +", required=True)
    purpose = Column("string", "Purpose that was chosen at log-in", required=True)
    act = Column("string", "What was done", required=True)
    object = Column(
        "string", "What it was done to: an address, a decision, a case", required=True, sensitivity="internal"
    )
    versions_read = Column("string", "Version of each table that was read, as JSON", required=True)
    result = Column("string", "Hash of what was shown", required=True)
    hash = Column("string", "Hash of this row and the one before it", required=True)
