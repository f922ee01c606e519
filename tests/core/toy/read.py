from pipelines.core.counting import count_lines
from pipelines.core.reading import read_delimited


def read(stream, name, table):
    yield from read_delimited(stream, table, delimiter="|", layout=table.source_columns())


def count(stream, name, table):
    return count_lines(stream, header_lines=0)
