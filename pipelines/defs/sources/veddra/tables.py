"""Bronze table of VeDDRA."""

from pipelines.core.table import BronzeTable, FileKind, text


class VeddraTerm(BronzeTable):
    """One line of a VeDDRA list: a lowest level term and the levels above it, as published.

    Coverage: every term in force; the animal list lacks the human terms. Lag: yearly. Trap: several landed forms of
    one list repeat the same codes; `silver.term` holds each once.
    """

    name, source, owner = "veddra_term", "veddra", "pharmacovigilance"
    files = FileKind(r"^veddra/[^/]*veddra[^/]*\.(csv|xlsx)(\.gz)?$")

    new_line_no = text("Running number of the line in this year's list")
    line_id = text("EMA's lasting number of the line, such as 400004")
    soc_name = text("System organ class")
    soc_code = text("Code of the system organ class")
    hlt_name = text("High level term")
    hlt_code = text("Code of the high level term")
    pt_name = text("Preferred term")
    pt_code = text("Code of the preferred term")
    llt_name = text("Lowest level term")
    llt_code = text("Code of the lowest level term")
    term_type = text("A animal, C common, H human")
