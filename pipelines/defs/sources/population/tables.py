"""Bronze tables of denominators: inhabitants, livestock, standard weights."""

from pipelines.core.table import BronzeTable, FileKind, text

FOLDER = r"^population/([^/]+/)*[^/]*"
END = r"[^/]*\.csv(\.gz)?$"


class PopulationInhabitant(BronzeTable):
    """Inhabitants of one place and year, of an age band and sex, as INSEE's data sets are laid out.

    Coverage: France, 1 January of each year. Lag: the last three years are provisional.
    """

    name, source, owner = "population_inhabitant", "population", "health-data"
    files = FileKind(FOLDER + r"estimation_population" + END)

    geo = text("Code of the place")
    geo_object = text("Kind of place: FRANCE, REG, DEP")
    age = text("Age band: Y_LT20, Y20T59, Y_GE60; _T all")
    sex = text("Sex: M, F; _T both")
    ep_measure = text("Measure: POP")
    time_period = text("Year")
    obs_value = text("Inhabitants")


class PopulationLivestock(BronzeTable):
    """Animals of one category in one country and year, living, slaughtered or traded."""

    name, source, owner = "population_livestock", "population", "veterinary"
    files = FileKind(FOLDER + r"livestock" + END)

    country = text("Country, ISO 3166 alpha-2")
    year = text("Year")
    species = text("Species, as the weights name it")
    animal_category = text("Category, as the weights name it")
    heads = text("Animals; for fish kg")
    method = text("Who counted, and how")


class PopulationWeight(BronzeTable):
    """Standard weight at treatment of one category of animals. Coverage: ESVAC's method of 2011."""

    name, source, owner = "population_weight", "population", "veterinary"
    files = FileKind(FOLDER + r"standard_weights" + END)

    species = text("Species")
    animal_category = text("Category")
    average_weight_at_treatment_kg = text("Weight, kg; blank for fish, which are counted in kg")
    via = text("Where the value was read")
