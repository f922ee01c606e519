"""Episodes of shortages, product-days short by year, and the register's state at month ends."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.defs.silver.product.tables import SHORTAGE_STATUSES

ENDS = {
    "open": "It still stands in the last delivery",
    "resupplied": "Told to be available again",
    "discontinued": "Told to be taken off the market",
    "avoided": "Told not to have come",
    "vanished": "The first delivery that lacks it: it ended between that and the one before",
}


class ShortageEpisode(Table):
    """One shortage or tension of one product or pack, from its first told start to its end, by versions alone.

    An authority overwrites the start when the state changes: `began_date` is the one first told, `n_starts` says how
    many were. Trap: an episode that was there before the first delivery may have begun with another start.
    """

    layer, name, owner = "gold", "shortage_episode", "product-register"
    key = ("episode_key",)
    axis = DERIVED

    episode_key = Column("string", "Episode of `silver.shortage`", required=True)
    source = Column("string", "Register", required=True)
    country = Column("string", "Country, ISO 3166 alpha-2; EU for Europe", required=True, pattern="^[A-Z]{2}$")
    product_key = Column("string", "Product as in `silver.shortage`", required=True)
    pack_key = Column("string", "Pack; empty where the whole product is meant", required=True)
    product_name = Column("string", "Product as the shortage or the product register names it")
    is_major_interest = Column("boolean", "Of major therapeutic interest (MITM); null where the register does not say")
    began_date = Column("date", "Start first told, else the first delivery that shows it", required=True)
    ended_date = Column("date", "End; null while it is open")
    end_basis = Column("string", "What the end rests on", required=True, codes=ENDS)
    days = Column(
        "int", "Days from start to end; null while it is open, or where the end precedes the start", unit="d", minimum=0
    )
    status = Column("string", "State in its last version", required=True, codes=SHORTAGE_STATUSES)
    n_versions = Column("int", "Versions", required=True, minimum=1)
    n_starts = Column("int", "Starts that were told", required=True, minimum=0)
    first_shown = Column("date", "First delivery that shows it", required=True)
    last_changed = Column("date", "Last delivery that shows something new of it", required=True)


class ShortageYear(Table):
    """Days of one year on which one product was short, in all its packs together: the union of its episodes.

    Open episodes count until the last delivery of their register.
    """

    layer, name, owner = "gold", "shortage_year", "product-register"
    key = ("country", "product_key", "year")
    axis = DERIVED

    country = Column("string", "Country, ISO 3166 alpha-2; EU for Europe", required=True, pattern="^[A-Z]{2}$")
    product_key = Column("string", "Product as in `silver.shortage`", required=True)
    year = Column("int", "Year", required=True, minimum=1900, maximum=2100)
    n_days = Column("int", "Days short", required=True, unit="d", minimum=1, maximum=366)


class ShortageMonth(Table):
    """Products of one country that were short at the end of a month, and the share of those of major interest.

    Only France's register says which products are of major therapeutic interest (MITM): the share is null elsewhere,
    and before its first list.
    """

    layer, name, owner = "gold", "shortage_month", "product-register"
    key = ("country", "month")
    axis = DERIVED

    country = Column("string", "Country, ISO 3166 alpha-2; EU for Europe", required=True, pattern="^[A-Z]{2}$")
    month = Column("date", "Last day of the month", required=True)
    n_short = Column("int", "Products short on that day", required=True, minimum=0)
    n_major_short = Column("int", "Those of major therapeutic interest", minimum=0)
    n_major = Column("int", "Products of major therapeutic interest in the register", minimum=1)
    share_major_short = Column("double", "Share of the products of major interest that was short", minimum=0, maximum=1)
