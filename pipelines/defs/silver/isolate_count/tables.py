"""Isolates by place and period, and the use and days of hospitals that they are set beside."""

from pipelines.core.table import Column, Link, Thing, Versioned
from pipelines.formats.antibiotics import CLASSES, CRITERIA

SETTINGS = {
    "hospital": "All clinical samples of hospitals that take part",
    "intensive_care": "Intensive care of hospitals that take part",
    "hospital_blood": "Blood of patients in hospitals that take part",
    "invasive": "Blood and cerebrospinal fluid (EARS-Net)",
    "monitoring": "Isolates of European monitoring as JIACRA compiles them",
}
EXPOSURES = {
    "ddd_per_1000_inhabitants_day": "Use of the class by people, DDD per 1,000 inhabitants and day",
    "mg_per_pcu": "Use of the class in animals, mg per kg of population correction unit",
    "resistant_share_of_animals": "Share of the isolates of animals that resist",
}
REGION = "region <> 'all'"
COUNTRY = r"^([A-Z]{2}|MS\d{1,3})$"


class IsolateCount(Versioned):
    """Isolates of one bacterium tested and resistant, of one host, place, period and setting, by one criterion.

    `series` names figures that belong together: those of two series are never added nor joined by a line. A share
    without counts stands as `published_share` and is never averaged. Some sources print an exposure beside the
    isolates; it stands as they print it. Trap: counts of one region and week are small cells. They may not leave the
    house; `gold.use_and_resistance` is what may.
    """

    layer, name, owner = "silver", "isolate_count", "veterinary"
    key = (
        *("source", "series", "host", "country", "region", "setting", "bacterium", "class_code", "criterion"),
        *("period", "valid_from"),
    )
    thing = Thing("class", ("class_code",), is_register=False)
    partitioned_by = ("source",)

    series = Column("string", "Figures of a source that belong together", required=True)
    host = Column("string", "`human`, or the animals in English as the source has them", required=True)
    country = Column(
        "string",
        "Country, ISO 3166; MS and a number where anonymised",
        required=True,
        pattern=COUNTRY,
        link=Link("tested in", "place", where="country NOT LIKE 'MS%'"),
    )
    region = Column(
        "string", "Region, INSEE code; `all`", required=True, link=Link("tested in", "region", where=REGION)
    )
    setting = Column("string", "Where isolates come from", required=True, codes=SETTINGS)
    bacterium = Column("string", "Bacterium", required=True, link=Link("tested on", "bacterium"))
    class_code = Column("string", "Class of antibiotics", required=True, codes=CLASSES)
    criterion = Column("string", "By what an isolate counts", required=True, codes=CRITERIA)
    period = Column("string", "Year, first day of the week, or `unstated`", required=True)
    period_start = Column("date", "First day; null where the source states no period")
    period_end = Column("date", "Last day; null where the source states no period")
    n_tested = Column("bigint", "Isolates tested", minimum=0, sensitivity="internal")
    n_resistant = Column("bigint", "Isolates that the criterion counts", minimum=0, sensitivity="internal")
    bed_days = Column("double", "Bed-days that the source prints beside them", unit="d", minimum=0)
    published_share = Column("double", "Share as printed, where no counts are", minimum=0, maximum=1)
    exposure_kind = Column("string", "What the exposure beside them is", codes=EXPOSURES)
    exposure = Column("double", "Exposure that the source prints beside them", minimum=0)


class HospitalUse(Versioned):
    """Antibiotics of one class and bed-days of hospitals of one place and period.

    Rows of class `all` without DDD are days alone. Trap: classes overlap; `all` is the source's own total, twice less
    than the sum over classes.
    """

    layer, name, owner = "silver", "hospital_use", "health-data"
    key = ("source", "series", "country", "region", "setting", "class_code", "period", "valid_from")
    thing = Thing("class", ("class_code",), is_register=False, where="ddd > 0")

    series = Column("string", "Figures of a source that belong together", required=True)
    country = Column(
        "string", "Country, ISO 3166 alpha-2", required=True, pattern="^[A-Z]{2}$", link=Link("used in", "place")
    )
    region = Column("string", "Region, INSEE code; `all`", required=True, link=Link("used in", "region", where=REGION))
    setting = Column("string", "Which hospitals", required=True, codes=SETTINGS)
    class_code = Column("string", "Class of antibiotics", required=True, codes=CLASSES)
    period = Column("string", "Year, or first day of the week", required=True)
    period_start = Column("date", "First day", required=True)
    period_end = Column("date", "Last day", required=True)
    ddd = Column("double", "Defined daily doses", minimum=0)
    bed_days = Column("double", "Days of complete hospital stays", unit="d", minimum=0)
    n_beds = Column("double", "Beds", minimum=0)
