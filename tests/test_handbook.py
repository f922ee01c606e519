"""The documentation: a page for whatever is declared, queries and commands on the pages that can be typed as they stand."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from models.methods import METHODS
from pipelines.cli import app
from pipelines.commands.cases import COLUMNS
from pipelines.core.catalog import rules, sources, tables
from pipelines.core.code import ROOT
from pipelines.core.table import Column, Table
from pipelines.handbook.commands import commands
from pipelines.handbook.example import example
from pipelines.handbook.pages import DOCS, generated
from pipelines.handbook.text import command_page, grid, method_page, source_page, table_page, with_links
from pipelines.lake.query import query
from pipelines.settings import settings

WRITTEN = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
ROWS = 3
DAY = dt.date(2024, 1, 31)


def value(column: Column, row: int) -> Any:
    """A value that the column may hold, the same for a row wherever it is a key: so that joins find something."""
    if column.codes:
        return list(column.codes)[row % len(column.codes)]
    if column.type.startswith("array"):
        return ["k"] if "string" in column.type else [1]
    number = max(column.minimum or 0, min(row + 1, column.maximum or ROWS))
    kinds = {"string": f"k{row}", "int": int(number), "bigint": int(number), "double": float(number), "boolean": True}
    return kinds.get(column.type, DAY if column.type == "date" else dt.datetime(2024, 1, 31, tzinfo=dt.UTC))


def write(root: Path, table: type[Table]) -> None:
    rows = [{name: value(column, row) for name, column in table.columns.items()} for row in range(ROWS)]
    frame = pl.DataFrame(rows, infer_schema_length=None).to_arrow().cast(table.arrow_schema())
    write_deltalake(str(root / table.layer / table.name), frame)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> str:
    root = tmp_path_factory.mktemp("lake")
    for table in tables().values():
        write(root, table)
    return str(root)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return generated()


def test_whatever_is_declared_has_a_page_with_what_was_declared(pages):
    for address, table in tables().items():
        page = pages[table_page(address)]
        assert all(f"| `{name}` |" in page for name in table.columns), address
        assert table.summary() in page
    for name, source in sources().items():
        assert all(trap in pages[source_page(name)] for trap in source.card.traps), name
    for rule in rules():
        assert f"`{rule.name}`" in pages[table_page(rule.table)]
    assert all(method.rule.replace("|", "\\|") in pages[method_page(name)] for name, method in METHODS.items())
    assert all("Source" in pages[method_page(name)] or "Published by" in pages[method_page(name)] for name in METHODS)
    for name, command in commands().items():
        shown = [p.name.upper() if p.param_type_name == "argument" else p.opts[-1] for p in command.params]
        assert all(f"`{one}`" in pages[command_page(name)] for one in shown if one != "--help"), name


def test_lineage_leads_both_ways(pages):
    assert "silver.signal" not in pages[table_page("gold.signal")]
    assert "(gold.signal.md)" in pages[table_page("gold.pair_change")]
    assert "(gold.pair_change.md)" in pages[table_page("gold.signal")]
    assert "(../tables/silver.report_history.md)" in pages[source_page("caers")]
    assert "(../sources/caers.md)" in pages[table_page("silver.report_history")]


@pytest.mark.parametrize("address", list(tables()))
def test_the_query_of_a_table_is_answered(address, lake):
    sql = example(tables()[address])
    assert sql.startswith("-- ")
    assert address in sql
    assert query(lake, sql).num_columns > 0


@pytest.mark.parametrize("page", WRITTEN, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_queries_that_people_wrote_on_a_page_are_answered(page, lake):
    text = page.read_text(encoding="utf-8")
    typed = [
        words[2] for words in written_commands(text) if words[1] == "sql" and words[2].upper().startswith("SELECT")
    ]
    for sql in [*re.findall(r"```sql\n(.*?)```", text, re.DOTALL), *typed]:
        assert query(lake, sql).num_columns > 0


def written_commands(text: str) -> list[list[str]]:
    blocks = re.findall(r"^ *```bash\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("gerland ") and " | " not in line]


def is_alternative(words: list[str]) -> bool:
    return "|" in words or "…" in " ".join(words)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_commands_on_a_page_are_commands_with_options_that_they_have(page):
    known = commands()
    for words in written_commands(page.read_text(encoding="utf-8")):
        command = known[words[1]]
        has = {option for p in command.params for option in (*p.opts, *p.secondary_opts)} | {"--help"}
        used = {word.split("=")[0] for word in words[2:] if word.startswith("--")}
        assert used <= has, (words, used - has)
        if not is_alternative(words):
            command.make_context(words[1], words[2:], resilient_parsing=True)


def test_examples_of_python_run(lake, monkeypatch):
    from tests.evaluate.small_lake import drawn
    from tests.evaluate.small_lake import lake as small

    text = (DOCS / "tutorials" / "data-scientist.md").read_text(encoding="utf-8")
    root = small(Path(lake).parent / "python", drawn(), [])
    monkeypatch.setattr("pipelines.settings.settings", lambda: type("Set", (), {"lake": root}))
    told: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, "data-scientist.md", "exec"), told)
    assert told["known"]["month"].n_unique() == 2


def test_what_the_page_for_r_and_excel_writes_is_read_by_what_it_says(lake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "how-to" / "r-and-excel.md").read_text(encoding="utf-8")
    monkeypatch.setenv("GERLAND_LAKE", lake)
    settings.cache_clear()
    try:
        for words in written_commands(text)[:1]:
            assert CliRunner().invoke(app, words[1:], catch_exceptions=False).exit_code == 0, words
    finally:
        settings.cache_clear()
    (sql,) = re.findall(r'dbGetQuery\(con, "(.*?)"\)', text, re.DOTALL)
    found = duckdb.sql(sql).pl()
    assert found.columns == ["substance_name", "n_signals"]
    assert found.height > 0
    shown = re.search(r"select\((.*?)\)", text)
    assert shown
    assert set(shown[1].split(", ")) <= set(pl.read_parquet("signals.parquet").columns)
    typed = re.findall(r'\{"(\w+)", type', text)
    assert typed
    assert set(typed) <= set(COLUMNS)


def test_names_of_tables_lead_to_their_pages_but_not_in_headings_code_and_links():
    text = (
        "# `silver.report`\n`silver.report`, [`silver.report`](x.md), `silver.nothing`\n```sql\n`silver.report`\n```\n"
    )
    linked = with_links(text, "how-to/a.md", {"silver.report"})
    assert linked.count("(../reference/tables/silver.report.md)") == 1


def test_a_bar_in_a_cell_parts_no_cell_and_shows_as_it_is_in_code():
    assert grid(("a",), [("x | `y|z`",)])[2] == "| x \\| `y|z` |"


def test_the_site_builds_without_a_warning_and_asks_nothing_of_another_machine(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(
        [*command, "--config-file", str(ROOT / "infra" / "mkdocs.yml")],
        capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    fetched = re.compile(
        r"""<(?:script|img|iframe|link)[^>]*(?:src|href)=["'](?:https?:)?//|@import|url\(["']?https?:"""
    )
    for page in tmp_path.rglob("*.html"):
        assert not fetched.search(page.read_text(encoding="utf-8")), page
    assert not [s for s in tmp_path.rglob("*.css") if re.search(r"url\([\"']?(?:https?:)?//", s.read_text())]
