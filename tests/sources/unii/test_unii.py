"""UNII names."""

from __future__ import annotations

import io

import pytest

from pipelines.defs.sources.unii import read
from pipelines.defs.sources.unii.tables import UniiName
from pipelines.files.text import Refused
from tests.sources.reading import bytes_of, is_balanced, rows_of


def test_the_header_is_mapped_and_short_lines_are_put_aside():
    data = b"Name\tTYPE\tUNII\tDisplay Name\nASPIRIN [INN]\tcn\tR16CO5Y76E\tASPIRIN\nbroken\tcn\n"
    good, bad = rows_of(read, UniiName, data)
    assert (good["substance_name"], good["name_type"], good["unii"]) == ("ASPIRIN [INN]", "cn", "R16CO5Y76E")
    assert (bad["line_number"], bad["reason"]) == (3, "4 fields expected, 2 found")
    assert is_balanced(read, UniiName, data)


def test_another_header_is_refused():
    with pytest.raises(Refused, match="smiles"):
        list(read.read(io.BytesIO(b"Name\tSMILES\nx\ty\n"), "x", UniiName))


@pytest.mark.samples
def test_the_real_file_is_read_whole(shared):
    data = bytes_of(shared / "data/unii/UNII_Names.txt.gz")
    assert sum(t.num_rows for t in read.read(io.BytesIO(data), "x", UniiName)) == 995_390
    assert read.count(io.BytesIO(data), "x", UniiName) == 995_390
