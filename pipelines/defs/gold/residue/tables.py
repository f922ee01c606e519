"""Concentrations predicted and measured, and quotients of risk."""

from models.environment.predicted import CLASSES
from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Link, Table, Thing

COMPARTMENTS = {"surface_water": "Surface water, µg/L", "soil": "Soil, µg/kg"}
WHY_NONE = {
    "small_cell": "It was dispensed to 1 to 10 persons there: may not leave",
    "beside_small_cell": "Would give a small cell away, as what is left of the nation's",
    "no_inhabitants": "No number of inhabitants of the place and year",
    "no_husbandry": "No animals a place, weight, nitrogen or housing of the kind of animal",
}
RISKS = {name: f"Up to {bound:g}" for bound, name in CLASSES} | {"not_known": "No quotient"}
DEPARTMENT = "place NOT IN ('all', 'unknown')"
BASES = {"predicted": "From use", "measured": "From measurements"}


class PredictedConcentration(Table):
    """Concentration predicted of one substance, place and period: in surface water from sales, in soil from husbandry.

    Water: sold or dispensed mg over inhabitants' waste water, with the shares excreted and removed and the dilution
    that held at the end of the period; `assumed` names those for which no statement was found, taken at the
    guideline's worst case. Soil: the defined dose and course of animals of a kind, all of them treated, where the
    substance was sold for the species in that year. Loads of départements add up to the nation's; concentrations do
    not. What is here may leave the house: figures of a substance, place and month with 1 to 10 persons behind them are
    gone, and so are those by which the nation's would give them away.
    """

    layer, name, owner = "gold", "predicted_concentration", "environment"
    key = ("compartment", "source", "country", "place", "substance_key", "animal_type", "month", "n_months")
    thing = Thing(
        "substance",
        ("substance_key",),
        is_register=False,
        where="compartment = 'surface_water' AND is_above_limit",
        known="month",
    )
    axis = DERIVED

    compartment = Column("string", "Where it ends up", required=True, codes=COMPARTMENTS)
    source = Column("string", "Source of the use", required=True)
    country = Column("string", "Country, ISO 3166 alpha-2", required=True)
    place = Column(
        "string",
        "Département, INSEE code; `unknown`, or `all`",
        required=True,
        link=Link("predicted above its limit in", "place", basis="computed", where=DEPARTMENT),
    )
    substance_key = Column("string", "Key of `silver.substance`", required=True, references="silver.substance")
    animal_type = Column("string", "Kind of animal whose manure is spread; `none` for water", required=True)
    month = Column("date", "Month end of the period", required=True)
    n_months = Column("int", "Length of the period", required=True, unit="months", minimum=1, maximum=12)
    n_persons = Column(
        "bigint",
        "Persons to whom it was dispensed; null where the source tells none",
        minimum=0,
        sensitivity="internal",
    )
    mg = Column("double", "Active substance; null where `why_none` says that it may not leave", unit="mg", minimum=0)
    inhabitants = Column("double", "Inhabitants of the place", minimum=0)
    excretion = Column("double", "Share excreted unchanged", minimum=0, maximum=1)
    removal = Column("double", "Share removed in treatment", minimum=0, maximum=1)
    litres_per_inhabitant_day = Column("double", "Waste water", unit="L", minimum=0)
    dilution = Column("double", "Dilution in surface water", minimum=0)
    dose_mg_kg_day = Column("double", "Daily dose of the animals (DDDvet)", unit="mg/kg", minimum=0)
    treatment_days = Column("double", "Days of a course (DCDvet over DDDvet)", unit="d", minimum=0)
    assumed = Column(
        "array<string>", "Parameters without a statement, taken at the guideline's worst case", required=True
    )
    parameters_from = Column("date", "Day from which the latest of the parameters holds")
    value = Column("double", "Concentration, µg/L or µg/kg", minimum=0)
    is_above_limit = Column("boolean", "Above 0.01 µg/L or 100 µg/kg: a second phase of assessment follows")
    why_none = Column("string", "Why there is no concentration", codes=WHY_NONE)


class RiskByPlace(Table):
    """Quotients of risk of one département, of all substances with a PNEC added up, on the mean of its months.

    From all that was dispensed, also where too few persons are behind a substance and month to tell of it in
    `gold.predicted_concentration`; what is here may leave the house: a sum with 1 to 10 persons behind it is gone, and
    so is the next one where it is gone alone, since the nation's would give it away. Concentrations of a mixture need
    not act together: it says where to look, and is no assessment.
    """

    layer, name, owner = "gold", "risk_by_place", "environment"
    key = ("source", "country", "place")
    axis = DERIVED

    source = Column("string", "Source of the use", required=True)
    country = Column("string", "Country, ISO 3166 alpha-2", required=True)
    place = Column("string", "Département, INSEE code", required=True)
    n_persons = Column("bigint", "Persons to whom any was dispensed", required=True, minimum=1, sensitivity="internal")
    n_substances = Column("int", "Substances", required=True, minimum=1)
    first_month = Column("date", "First month end", required=True)
    last_month = Column("date", "Last month end", required=True)
    quotient = Column("double", "Sum of the quotients over the months that have one; null where hidden", minimum=0)
    why_none = Column("string", "Why there is none", codes=WHY_NONE)


class MeasuredConcentration(Table):
    """Mean of the measurements of one parameter at one station, or of one département, in one year.

    By Directive 2009/90/EC: half the limit for results below it (`mean`), and a mean below the limit is no number but
    `reported`, a text. `lower` and `upper` take what is below as 0 and as the limit: what is sure. Parameter `sum` adds
    up the substances of each sample, what is below as nothing; its results are samples.
    """

    layer, name, owner = "gold", "measured_concentration", "environment"
    key = ("source", "place_kind", "place", "parameter", "fraction", "unit", "year")
    axis = DERIVED

    source = Column("string", "Source", required=True)
    place_kind = Column(
        "string", "What the place is", required=True, codes={"station": "Station", "department": "Département"}
    )
    place = Column("string", "Station or département, code", required=True)
    parameter = Column("string", "Parameter, SANDRE code; `sum` of all substances", required=True)
    parameter_name = Column("string", "Parameter in French")
    substance_key = Column(
        "string", "Key of `silver.substance` where the parameter is one", references="silver.substance"
    )
    fraction = Column("string", "Fraction, SANDRE code", required=True)
    unit = Column("string", "Unit as printed; `not said`", required=True)
    year = Column("int", "Year of the samples", required=True)
    n = Column("int", "Results", required=True, minimum=1)
    n_quantified = Column("int", "Results that are a number", required=True, minimum=0)
    share_detected = Column("double", "Share of results that are a number", required=True, minimum=0, maximum=1)
    lower = Column("double", "Mean, what is below the limit as 0", minimum=0)
    mean = Column("double", "Mean, what is below the limit as half of it; null where it is below the limit", minimum=0)
    upper = Column("double", "Mean, what is below the limit as the limit", minimum=0)
    largest_limit = Column("double", "Largest limit of quantification of the results below it", minimum=0)
    reported = Column("string", "The mean as it may be reported", required=True)


class RiskQuotient(Table):
    """Concentration of one substance in surface water over the concentration without effect that was held then.

    A PNEC counts for periods that end on or after the day from which it holds; the first serves what came before, as
    `is_pnec_later` says. A new PNEC changes no earlier period.
    """

    layer, name, owner = "gold", "risk_quotient", "environment"
    key = ("basis", "source", "country", "place", "parameter", "fraction", "substance_key", "month", "n_months")
    thing = Thing("substance", ("substance_key",), is_register=False, where="quotient > 1", known="month")
    axis = DERIVED

    basis = Column("string", "Predicted or measured", required=True, codes=BASES)
    source = Column("string", "Source of the use or of the measurements", required=True)
    country = Column("string", "Country, ISO 3166 alpha-2", required=True)
    place = Column(
        "string",
        "Département, INSEE code; `all`",
        required=True,
        link=Link("above its PNEC in", "place", basis="computed", where=DEPARTMENT),
    )
    parameter = Column("string", "SANDRE code of what was measured; `none`", required=True)
    fraction = Column("string", "Fraction measured; `none`", required=True)
    substance_key = Column("string", "Key of `silver.substance`", required=True, references="silver.substance")
    month = Column("date", "Month end of the period", required=True)
    n_months = Column("int", "Length of the period", required=True, unit="months", minimum=1, maximum=12)
    concentration = Column("double", "µg/L", required=True, minimum=0)
    pnec = Column("double", "Concentration without effect, µg/L", required=True, minimum=0)
    pnec_from = Column("date", "Day from which that PNEC holds", required=True)
    pnec_reference = Column("string", "Who states it", required=True)
    is_pnec_later = Column("boolean", "It was stated after the period", required=True)
    quotient = Column("double", "Quotient of risk", minimum=0)
    quotient_lower = Column("double", "With what is below its limit as 0; of predictions the same", minimum=0)
    quotient_upper = Column("double", "With what is below its limit as the limit", minimum=0)
    risk = Column("string", "Class by the quotient", required=True, codes=RISKS)
