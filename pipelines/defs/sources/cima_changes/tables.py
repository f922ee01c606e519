"""Bronze table of the changes."""

from pipelines.core.table import BronzeTable, FileKind, text


class CimaChange(BronzeTable):
    """One change of the product information of one product, as the register of changes tells it."""

    name, source, owner = "cima_changes_record", "cima_changes", "product-register"
    files = FileKind(r"(^|/)cima_[^/]*\.json(\.gz)?$")

    nreg = text("Number of the authorisation")
    nombre = text("Name of the product")
    lab = text("Holder")
    fecha = text("Day and time of the change, DD/MM/YYYY HH:MM")
    tipo = text("Kind of change, MODIFICADO")
    otros = text("Other changes, joined by |")
    cat = text("ft the product information, prosp the leaflet, both")
    has_ft = text("The product information (ficha técnica) changed, true or false")
    has_prosp = text("The leaflet (prospecto) changed, true or false")
    ft_pdf = text("Product information, PDF")
    ft_html = text("Product information, HTML")
    p_pdf = text("Leaflet, PDF")
    p_html = text("Leaflet, HTML")
