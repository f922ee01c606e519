"""Where and when the defects of a product fall together."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.defs.silver.regulatory_event.tables import KINGDOMS
from pipelines.formats.domains import AGENCIES

KINDS = {"department": "Département", "region": "Region", "nation": "The nation", "unknown": "No département is told"}


class DefectCluster(Table):
    """The months and the place in which the defects of one product fall together most, and by what chance.

    Defects that were notified and not refuted, by département and month, in the scan over the tree of départements and
    regions that permutes months among defects: what rises everywhere at once, as after an appeal, is no cluster, and
    neither is a place that always has many. p ranks the cluster among those of permuted data, all places and windows
    together; q is over the products of a domain. A product with fewer than three defects, or with all of them in one
    month or place, stands with the reason. Trap: a cluster of defects may be one complainant: look at `n_batches`.
    """

    layer, name, owner = "gold", "defect_cluster", "quality-defects"
    key = ("family_key", "domain")
    axis = DERIVED
    example = """
    -- products whose defects fall together in a place and some months
    SELECT family_key, place_kind, place, month_from, month_to, n_cluster, round(expected, 2) AS expected, q_value
    FROM gold.defect_cluster
    WHERE q_value <= 0.05
    ORDER BY q_value
    """

    family_key = Column("string", "Key of `silver.product`; that of the pack where no register holds it", required=True)
    domain = Column("string", "Human or veterinary", required=True, codes=KINGDOMS)
    agency = Column("string", "French agency in whose field it is", required=True, codes=AGENCIES)
    n_defects = Column("bigint", "Defects of the product that were not refuted", required=True, minimum=1)
    n_batches = Column("bigint", "Batches that they are of", required=True, minimum=1)
    place_kind = Column("string", "Kind of place of the cluster", codes=KINDS)
    place = Column("string", "Département or region, INSEE code; FR for the nation")
    month_from = Column("date", "Last day of its first month")
    month_to = Column("date", "Last day of its last month")
    n_cluster = Column("bigint", "Defects in the cluster", minimum=0)
    expected = Column("double", "Defects there and then, were months and places independent", minimum=0)
    p_value = Column("double", "Chance of so strong a cluster anywhere, of permuted data", minimum=0, maximum=1)
    q_value = Column("double", "The same as a false discovery rate over products", minimum=0, maximum=1)
    not_computed = Column("string", "Why there is none")
