"""What every source writes to: what was delivered, refused, answered, who changed what about it, who was erased."""

from __future__ import annotations

from pipelines.core.axis import flows, part_of, timeless
from pipelines.core.table import Column, Table

STATUSES = {
    "begun": "Reading began and was cut off; nothing of it is kept",
    "accepted": "Read; each row kept or quarantined",
    "refused": "Not readable as a whole, by the file's fault; nothing kept; read again by other code",
    "failed": "The reader failed on it, by its own fault; nothing kept; read again by every run",
    "again": "Read; to be read again by the next run, and kept as it was read until then",
    "replaced": "A corrected file came in its place; nothing kept",
    "withdrawn": "Withdrawn; nothing kept, and not read again",
}
KEPT = ("accepted", "again")  # deliveries whose rows stand in the tables
ACTIONS = {
    "withdraw": "Its rows left the tables, and it is not read again",
    "reread": "The next run reads it again",
    "replace": "A corrected file took its place",
    "put_aside": "It was found out of balance, and its rows left the tables",
}


class Delivery(Table):
    """One landed file and one table that was read from it: the ledger of what came in.

    A file is known by its content and the date in its path: the same bytes again, under whatever name, of whatever time
    or inside whatever archive, are no new delivery; without a date in its path it is known by its content alone, until
    other content came to the path and the first one is back. Other bytes at the same path and of the same date are a
    correction: what stood there before is `replaced`. What is deleted from the landing zone stays in the lake.
    `n_rows_read` is counted from the bytes without parsing them; it must equal kept + quarantined.
    """

    layer, name = "bronze", "delivery"
    axis = flows("known_date")
    key = ("delivery_id", "table_name")
    example = """
    -- files that were not taken, and why
    SELECT source, file, known_date, status, reason
    FROM bronze.delivery
    WHERE status <> 'accepted'
    ORDER BY known_date DESC
    LIMIT 20
    """

    delivery_id = Column("string", "Hash of the file's content and date", required=True)
    table_name = Column(
        "string", "Bronze table read from the file; empty when the file was refused unread", required=True
    )
    source = Column("string", "Source system", required=True)
    file = Column("string", "Path in the landing zone, archive included", required=True)
    known_date = Column("date", "Date at which the file could be known", required=True)
    sha256 = Column("string", "Hash of the file's bytes, decompressed", required=True)
    n_bytes = Column("bigint", "Size, decompressed", unit="byte", required=True, minimum=0)
    status = Column("string", "What came of it", required=True, codes=STATUSES)
    reason = Column("string", "Why it is not kept, or is to be read again")
    n_rows_read = Column("bigint", "Records in the file, counted without parsing", required=True, minimum=0)
    n_rows_kept = Column("bigint", "Records in the bronze table", required=True, minimum=0)
    n_rows_quarantined = Column("bigint", "Records in quarantine", required=True, minimum=0)
    ingested_at = Column("timestamp", "When it was ingested", required=True, is_of_run=True)
    code_version = Column("string", "Version of the code that read it", required=True, is_of_run=True)


class Quarantine(Table):
    """One record, or one whole file, that could not be read: where it stood and why.

    `raw` is the record as sent, cut at 2,000 characters; it is withheld for tables with identifying columns. Records
    that a reader gives the same number stand side by side.
    """

    layer, name = "bronze", "quarantine"
    has_unique_key = False
    axis = part_of("bronze.delivery", "delivery_id")
    key = ("delivery_id", "table_name", "line_number")
    partitioned_by = ("delivery_id",)
    example = """
    -- rows that were quarantined, by reason
    SELECT source, table_name, reason, count(*) AS n_rows
    FROM bronze.quarantine
    GROUP BY ALL
    ORDER BY n_rows DESC
    LIMIT 20
    """

    delivery_id = Column("string", "Delivery the record came in", required=True)
    table_name = Column("string", "Bronze table it was meant for; empty for a whole file", required=True)
    source = Column("string", "Source system", required=True)
    file = Column("string", "Path in the landing zone, archive included", required=True)
    line_number = Column("bigint", "Line or record number; 0 for the whole file", required=True, minimum=0)
    reason = Column("string", "Why it can't be read", required=True)
    raw = Column("string", "The record as sent", sensitivity="identifying")


class Acknowledgement(Table):
    """The answer to one delivery: fixed here when it falls due, then sent to the outbox.

    What is due and was not sent, a later run sends, with the content that stands here.
    """

    layer, name = "bronze", "acknowledgement"
    axis = part_of("bronze.delivery", "delivery_id")
    key = ("delivery_id", "table_name")

    delivery_id = Column("string", "Delivery that is answered", required=True)
    table_name = Column("string", "Bronze table read from it", required=True)
    source = Column("string", "Source system", required=True)
    file = Column("string", "Name of the file in the outbox; null where no answer is expected")
    content = Column("string", "What the file says", sensitivity="internal", is_of_run=True)
    sha256 = Column("string", "Hash of the content", is_of_run=True)
    due_at = Column("timestamp", "When it was written down", required=True, is_of_run=True)
    sent_at = Column("timestamp", "When it was put into the outbox; null while it is due", is_of_run=True)


class DeliveryAction(Table):
    """One thing that was done to a delivery after it was read: by whom, when, why. Rows are only ever added.

    Withdrawing corrects the lake, not the past of the world: the rows leave every table and every date as known on
    which the lake is shown. What the lake showed until then stands in the versions of its tables until these are
    vacuumed; that it showed it, and how many rows, stands here.
    """

    layer, name = "bronze", "delivery_action"
    axis = flows("acted_date")
    key = ("delivery_id", "acted_at", "action")

    delivery_id = Column("string", "Delivery", required=True)
    action = Column("string", "What was done", required=True, codes=ACTIONS)
    acted_at = Column("timestamp", "When", required=True, is_of_run=True)
    acted_date = Column("date", "Day of it, in UTC", required=True, is_of_run=True)
    acted_by = Column("string", "User of the machine who did it or ran what did it", required=True, is_of_run=True)
    reason = Column("string", "Why", required=True)
    source = Column("string", "Source system", required=True)
    file = Column("string", "Path in the landing zone, archive included", required=True)
    known_date = Column("date", "Date at which the file could be known", required=True)
    n_rows_kept = Column("bigint", "Records that the bronze tables held of it until then", required=True, minimum=0)
    n_rows_quarantined = Column("bigint", "Records that quarantine held of it until then", required=True, minimum=0)


class Erasure(Table):
    """One person who was erased at their request, as a hash of the pseudonym: it tells nobody who that was.

    What comes in of the person later is quarantined without its values. Traps: a person of several pseudonyms is erased
    by each of them.
    """

    layer, name = "bronze", "erasure"
    axis = timeless("who was erased is erased on every date")
    key = ("erasure_id",)

    erasure_id = Column("string", "Hash of the pseudonym", required=True)
    reason = Column("string", "Why, in the words of who erased: never a name", required=True, sensitivity="internal")
    n_rows = Column("bigint", "Rows that were taken out of the bronze tables", required=True, minimum=0)
    erased_at = Column("timestamp", "When", required=True, is_of_run=True)
