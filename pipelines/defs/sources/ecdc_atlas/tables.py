"""Bronze table of exports of the atlas."""

from pipelines.core.table import BronzeTable, FileKind, text


class AtlasIndicator(BronzeTable):
    """One indicator of one bacterium and group of antibiotics, country and year."""

    name, source, owner = "ecdc_atlas_indicator", "ecdc_atlas", "health-data"
    files = FileKind(r"(^|/)ecdc_atlas[^/]*/([^/]+/)*[^/]*\.csv(\.gz)?$")

    health_topic = text("Topic")
    population = text("Bacterium and group of antibiotics, with a bar between them")
    indicator = text("Indicator")
    unit = text("Unit")
    time = text("Year")
    region_code = text("Country, as Eurostat codes it")
    region_name = text("Country in English")
    num_value = text("Value; `-` where there is none")
    txt_value = text("Value in words")
