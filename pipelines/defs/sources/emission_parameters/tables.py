"""Bronze tables of parameters: our own layout, husbandry, excretion, statements with a PNEC."""

from pipelines.core.table import BronzeTable, FileKind, text

FOLDER = r"(^|/)(emission_parameters|reference_values|sewerx_pharmuse)[^/]*/([^/]+/)*"
END = r"[^/]*\.csv(\.gz)?$"


class EmissionParameter(BronzeTable):
    """One value of one parameter, in the layout of this platform."""

    name, source, owner = "emission_parameters_value", "emission_parameters", "environment"
    files = FileKind(FOLDER + r"environment_parameters" + END)

    subject_kind = text("substance, animal_type or everywhere")
    subject = text("Substance or kind of animal; all")
    kind = text("Parameter, as `silver.environment_parameter` codes it")
    value = text("Value; shares from 0 to 1")
    low = text("Low value")
    high = text("High value")
    conditions = text("Route, guideline or place; all")
    reference = text("Who states it")
    stated_on = text("Date of the statement, YYYY-MM-DD")


class EmissionHusbandry(BronzeTable):
    """Husbandry of one kind of animal: values of the guideline beside newer ones."""

    name, source, owner = "emission_parameters_husbandry", "emission_parameters", "environment"
    files = FileKind(FOLDER + r"vmp_husbandry" + END)

    animal_type = text("Kind of animal")
    animals_per_place_year_updated = text("Animals a place and year, updated")
    body_weight_kg_updated = text("Weight, kg, updated")
    n_kg_place_year_vmp_guideline = text("Nitrogen, kg a place and year, guideline")
    n_kg_place_year_nrw = text("The same, North Rhine-Westphalia")
    n_kg_place_year_suggested = text("The same, suggested")
    housing_factor = text("Share of the year inside")
    body_weight_kg_guideline = text("Weight, kg, guideline")


class EmissionExcretion(BronzeTable):
    """Share excreted unchanged of one medicine by one route (PharmUse)."""

    name, source, owner = "emission_parameters_excretion", "emission_parameters", "environment"
    files = FileKind(FOLDER + r"pharmuse" + END)

    pharmaceutical = text("Medicine in English")
    administration_route = text("Route")
    excretion_percentage = text("Excreted unchanged, %")


class EmissionStatement(BronzeTable):
    """PNEC of one substance as an environmental statement of its holder gives it."""

    name, source, owner = "emission_parameters_statement", "emission_parameters", "environment"
    files = FileKind(FOLDER + r"pnec" + END)

    substance = text("Substance in English")
    atc_code = text("ATC code")
    pnec_ug_per_l = text("PNEC, µg/L")
    statement_dated = text("Date of the statement, YYYY-MM-DD")
