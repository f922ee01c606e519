"""Parameters with their source and date, stations, basins, and measurements with their limits."""

from pipelines.core.table import Column, Link, Thing, Versioned

SUBJECTS = {
    "substance": "An active substance, by name",
    "animal_type": "A kind of animal and how it is kept",
    "everywhere": "Holds for all: the subject is `all`",
}
KINDS = {
    "excretion": "Share of the dose excreted unchanged",
    "removal": "Share that waste-water treatment takes out",
    "pnec_surface_water": "Concentration without effect in surface water, µg/L",
    "litres_per_inhabitant_day": "Waste water per inhabitant and day, L",
    "dilution": "Times that waste water is diluted in surface water",
    "animals_per_place": "Animals on one place in a year",
    "body_weight": "Weight of the animal, kg",
    "nitrogen_per_place": "Nitrogen in the manure of one place and year, kg",
    "housing": "Share of the year that animals are kept inside",
}
REMARKS = {
    "1": "Result between the limits of quantification and of saturation",
    "2": "Below the limit of detection",
    "3": "Above the limit of saturation",
    "7": "Trace: between the limits of detection and of quantification",
    "10": "Below the limit of quantification",
    "0": "Analysis not done",
}
BELOW = ("2", "7", "10")
"""Remarks by which a result is known to be below the limit of quantification."""


class EnvironmentParameter(Versioned):
    """One value of one parameter of a substance, a kind of animal or all, with who states it and since when.

    Several statements stand side by side. `holds_from` is the day that a statement gives itself; one without a day
    counts from its first delivery (`valid_from`). `gold.risk_quotient` takes what held at the end of each period.
    """

    layer, name, owner = "silver", "environment_parameter", "environment"
    key = ("source", "subject_kind", "subject", "kind", "conditions", "reference", "holds_from", "valid_from")
    thing = Thing(
        "parameter", ("source", "subject_kind", "subject", "kind", "conditions", "reference", "holds_from"), "kind"
    )

    subject_kind = Column("string", "What the parameter is of", required=True, codes=SUBJECTS)
    subject = Column("string", "Substance or kind of animal in lower case; `all`", required=True)
    substance_key = Column(
        "string",
        "Key of `silver.substance` where the name is one",
        link=Link("of", "substance", basis="by_name"),
    )
    kind = Column("string", "Parameter", required=True, codes=KINDS)
    conditions = Column("string", "Route, guideline or place that it holds for; `all`", required=True)
    reference = Column("string", "Who states it", required=True)
    holds_from = Column("date", "Day from which it counts, as it says; 1900-01-01 where it says none", required=True)
    value = Column("double", "The value", required=True, minimum=0)
    low = Column("double", "Low value for a chart of sensitivity", minimum=0)
    high = Column("double", "High value for a chart of sensitivity", minimum=0)


class WaterStation(Versioned):
    """One place where surface water is sampled."""

    layer, name, owner = "silver", "water_station", "environment"
    key = ("station", "valid_from")
    thing = Thing("station", ("station",), "station_name")

    station = Column("string", "Code of the station (SANDRE)", required=True)
    station_name = Column("string", "Name")
    department = Column("string", "Département, INSEE code", link=Link("lies in", "place"))
    river = Column("string", "River")
    basin = Column("string", "Code of the basin", references="silver.basin", link=Link("lies in", "basin"))
    longitude = Column("double", "Longitude, degrees east", minimum=-180, maximum=180)
    latitude = Column("double", "Latitude, degrees north", minimum=-90, maximum=90)


class Basin(Versioned):
    """One river basin, as the network of stations names it (SANDRE); every water station lies in one."""

    layer, name, owner = "silver", "basin", "environment"
    key = ("basin", "valid_from")
    thing = Thing("basin", ("basin",), "basin_name")

    basin = Column("string", "Code of the basin (SANDRE)", required=True)
    basin_name = Column("string", "Name")


class ResidueMeasurement(Versioned):
    """One result of one parameter in one sample, with the limit below which nothing can be counted.

    Trap: a result below the limit of quantification (`is_below`) holds the limit, never 0. Trap: services give the same
    analysis on several pages; it stands once.
    """

    layer, name, owner = "silver", "residue_measurement", "environment"
    key = ("source", "analysis", "valid_from")
    thing = Thing("station", ("station",), is_register=False, where="result IS NOT NULL", known="sampled_date")

    analysis = Column("string", "Number, else station, parameter, fraction, day and hour", required=True)
    station = Column("string", "Code of the station", required=True)
    sampled_date = Column("date", "Day of the sample", required=True)
    parameter = Column("string", "Parameter, SANDRE code", required=True)
    parameter_name = Column("string", "Parameter in French")
    substance_key = Column(
        "string",
        "Key of `silver.substance` where the name is one",
        link=Link("measures", "substance", basis="by_name"),
    )
    fraction = Column("string", "Fraction analysed, SANDRE code", required=True)
    remark = Column("string", "Remark of the result, SANDRE code; other codes are kept", required=True)
    is_below = Column("boolean", "The result is below the limit of quantification", required=True)
    result = Column("double", "Result, or the limit where it is below", minimum=0)
    loq = Column("double", "Limit of quantification", minimum=0)
    unit = Column("string", "Unit as printed")
    laboratory = Column("string", "Laboratory, SIRET or SANDRE code")
    qualification = Column("string", "Qualification of the result, SANDRE code")
