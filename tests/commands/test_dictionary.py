"""The dictionary: generated, current, and helpful with names."""

from __future__ import annotations

import pytest

from pipelines.commands.dictionary import PAGE, markdown, show
from pipelines.core.catalog import tables
from pipelines.lake.query import QueryError


def test_the_committed_page_is_current():
    assert PAGE.read_text() == markdown(tables()), "run `make docs`"


def test_a_table_is_shown_with_its_columns(capsys):
    show("silver.report")
    out = capsys.readouterr().out
    assert "report_key" in out
    assert "pharmacovigilance" in out


def test_a_wrong_name_is_answered_with_near_ones():
    with pytest.raises(QueryError, match=r"silver\.report"):
        show("silver.reports")
