from pipelines.core.table import BronzeTable, FileKind, text


class ToyLine(BronzeTable):
    """One line of two fields."""

    name = "toy_line"
    source = "toy"
    files = FileKind(r"^toy/.*\.txt(\.gz)?$")
    left = text("Left field")
    right = text("Right field")


class ToyPerson(BronzeTable):
    """One line with an identifier in it."""

    name = "toy_person"
    source = "toy"
    files = FileKind(r"^toy/.*\.person$")
    person = text("Number of a person", sensitivity="identifying", pseudonymised=True, required=True)
    note = text("What is said")
