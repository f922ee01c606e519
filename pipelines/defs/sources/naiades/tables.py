"""Bronze tables of analyses and stations, those of Hub'Eau's fields that are used."""

from pipelines.core.table import BronzeTable, FileKind, text

FOLDER = r"(^|/)(naiades|hubeau)[^/]*/([^/]+/)*[^/]*"


class NaiadesAnalysis(BronzeTable):
    """One analysis of one parameter in one sample."""

    name, source, owner = "naiades_analysis", "naiades", "environment"
    files = FileKind(FOLDER + r"analyse[^/]*\.csv(\.gz)?$")

    code_station = text("Station, SANDRE code")
    libelle_station = text("Its name")
    code_fraction = text("Fraction, SANDRE code")
    date_prelevement = text("Day of the sample, YYYY-MM-DD")
    heure_prelevement = text("Hour of the sample")
    code_parametre = text("Parameter, SANDRE code")
    libelle_parametre = text("Its name in French")
    resultat = text("Result")
    symbole_unite = text("Unit")
    code_remarque = text("Remark of the result, SANDRE code")
    limite_detection = text("Limit of detection")
    limite_quantification = text("Limit of quantification")
    code_qualification = text("Qualification, SANDRE code")
    code_laboratoire = text("Laboratory, SIRET or SANDRE code")
    code_analyse = text("Number of the analysis")
    longitude = text("Longitude")
    latitude = text("Latitude")


class NaiadesStation(BronzeTable):
    """One station, with where it lies."""

    name, source, owner = "naiades_station", "naiades", "environment"
    files = FileKind(FOLDER + r"station[^/]*\.csv(\.gz)?$")

    code_station = text("Station, SANDRE code")
    libelle_station = text("Its name")
    code_departement = text("Département, INSEE code")
    nom_cours_eau = text("River")
    code_bassin = text("Basin, SANDRE code")
    nom_bassin = text("Its name")
    longitude = text("Longitude")
    latitude = text("Latitude")
