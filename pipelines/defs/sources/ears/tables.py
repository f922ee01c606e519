"""Bronze table of EARS-Net counts beside use."""

from pipelines.core.table import BronzeTable, FileKind, text


class EarsUseResistance(BronzeTable):
    """Isolates of one bacterium and class in one country, beside the use of the class."""

    name, source, owner = "ears_use_resistance", "ears", "health-data"
    files = FileKind(r"(^|/)(ears|swo_amr)[^/]*/([^/]+/)*[^/]*\.(tsv|csv)(\.gz)?$")

    country = text("Country, ISO 3166 alpha-3")
    bug = text("Bacterium")
    drug = text("Class of antibiotics")
    n_resistant = text("Resistant isolates")
    n_isolates = text("Isolates tested")
    did = text("Use, DDD per 1,000 inhabitants and day")
    year = text("Year; most files state none")
