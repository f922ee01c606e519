"""Lines of two fields; by their names, files stand for what readers and stores do wrong."""

import errno
import os
from pathlib import Path

from pipelines.files.counting_lines import count_lines
from pipelines.files.delimited import read_delimited

_shaken: set[str] = set()


def read(stream, name, table):
    if "crash" in name:
        raise KeyError("SECRET-77")  # a bug, met on a value
    if "store" in name or ("shaky" in name and name not in _shaken):
        _shaken.add(name)
        raise OSError(errno.EIO, "Input/output error")
    if "dies" in name:
        os._exit(1)
    if "once" in name and (marker := Path(os.environ["TOY_MARKER"])).exists():
        marker.unlink()
        os._exit(1)
    rows = list(read_delimited(stream, table, delimiter="|", layout=table.source_columns()))
    yield from rows * 2 if "twice" in name else rows


def count(stream, name, table):
    return count_lines(stream, header_lines=0) + ("miscounted" in name)
