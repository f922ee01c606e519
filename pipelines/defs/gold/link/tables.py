"""Links between things of all registers."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import SENSITIVITIES, Column, Table
from pipelines.formats.domains import AGENCIES

BASES = {
    "declared": "A source says so",
    "same_key": "Both ends hold the same key",
    "by_name": "Found by a name",
    "computed": "Computed from what is reported",
}
ENDS = {"from": "No register holds where it begins", "to": "No register holds where it ends"}


class Link(Table):
    """One link between two things, by one source: a batch and its site, a report and the batch that it names.

    Made from what columns declare (`Column.link`, `Table.thing`), so that a new register adds its links by itself, and
    from what is computed: reports that name a batch, substances of a product. A link is known from the later of its
    ends and what says so. One of which an end stands in no register is listed with `missing`, and is none to follow.
    Each stands once, from the first version that told it to the last. `gerland trace` walks it.
    """

    layer, name, owner = "gold", "link", "signal-management"
    key = ("from_kind", "from_key", "link_kind", "to_kind", "to_key", "source")
    axis = DERIVED
    example = """
    -- what is linked to what, how often, and how much of it leads nowhere
    SELECT from_kind, link_kind, to_kind, basis, count(*) AS n, count(missing) AS n_missing
    FROM gold.link GROUP BY ALL ORDER BY ALL
    """

    from_kind = Column("string", "Kind of the thing where it begins", required=True)
    from_key = Column("string", "Its key: columns of its register's key, joined by |", required=True)
    from_name = Column("string", "Its name, where its register gives one")
    link_kind = Column("string", "What it says, from its beginning to its end", required=True)
    to_kind = Column("string", "Kind of the thing where it ends", required=True)
    to_key = Column("string", "Its key", required=True)
    to_name = Column("string", "Its name, where its register gives one")
    basis = Column("string", "What it rests on", required=True, codes=BASES)
    confidence = Column("double", "How sure it is; 1 where it is declared", required=True, minimum=0, maximum=1)
    n = Column("double", "How much of it, such as doses; else 1", required=True, minimum=0)
    source = Column("string", "Source that says so, or table that it is computed from", required=True)
    valid_from = Column("date", "First version that told it")
    valid_to = Column("date", "Version that told it no longer; null while it stands")
    known_from = Column("date", "First day on which it could be known: the later of both ends and what says so")
    agency = Column("string", "French agency in whose field it is", codes=AGENCIES)
    sensitivity = Column("string", "Who may see it", required=True, codes={name: name for name in SENSITIVITIES})
    missing = Column("string", "Which end no register holds; null where both stand", codes=ENDS)
