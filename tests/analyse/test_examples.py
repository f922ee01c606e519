"""Every example of `--help` can be typed as it stands, and finds what was planted in its file."""

from __future__ import annotations

import re
import shlex

import polars as pl
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from pipelines.analyse import COMMANDS, EXAMPLES, help_of
from pipelines.cli import app

RUN = CliRunner(env={"COLUMNS": "400", "TERMINAL_WIDTH": "400"})


def examples_of(command: str) -> list[list[str]]:
    shown = RUN.invoke(app, [command, "--help"]).output
    return [shlex.split(line)[1:] for line in re.findall(r"Example: (gerland [^│\n]+)", shown)]


def commands() -> list[str]:
    return list(get_command(app).commands)


PLANTED = {
    "score": lambda t: ("FIROMOPRIL", "Necrosis") in t.head(3).select("product", "event").rows(),
    "lrt": lambda t: t.select("product", "event", "is_signal").row(0) == ("FIROMOPRIL", "Necrosis", True),
    "lasso": lambda t: "FIROMOPRIL" in t.filter("is_signal")["substance"],
    "interact": lambda t: (
        ("CARIMOPRIL", "VELODOMYCIN", "Syncope") in t.filter("is_signal").select(t.columns[:3]).rows()
    ),
    "mask": lambda t: ("BELUSETINIB", "PIRANITINIB") in t.filter("is_revealed").select("masker", "product").rows(),
    "frequency": lambda t: t.select("product", "event", "is_signal").row(0) == ("GALAMOCILLIN", "Anaemia", True),
    "watch": lambda t: {"2024-09-16", "2024-09-23"} & set(t.filter("is_signal")["time"]),
    "power": lambda t: t.height > 0,
    "tree": lambda t: t.select("node", "is_signal").row(0) == ("Heart B", True),
    "symmetry": lambda t: t["is_signal"][0] and t["estimate"][0] > 1,
    "sccs": lambda t: t["is_signal"].any(),
    "associate": lambda t: (
        t.select("group", pl.col("lower") > 1).rows() == [("quinolones", True), ("macrolides", False)]
    ),
    "calibrate": lambda t: not t.filter("is_control")["is_signal"].all() and t.filter("is_signal").height > 0,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_can_be_typed_and_finds_what_was_planted(command, tmp_path, monkeypatch):
    typed = examples_of(command)
    assert typed
    for number, words in enumerate(typed):
        assert words[0] == command
        out = tmp_path / f"{number}.csv"
        for end in ([], ["--out", str(out)]):
            done = RUN.invoke(app, [*words, *end], catch_exceptions=False)
            assert done.exit_code == 0, done.output
        assert PLANTED[command](pl.read_csv(out, infer_schema_length=None))


def test_every_other_example_names_what_the_simulated_country_holds():
    from pipelines.simulator.sites import sites
    from pipelines.simulator.world import build

    world = build(300, 1)
    others = [words for command in commands() if command not in COMMANDS for words in examples_of(command)]
    assert [words[0] for words in others] == ["cases", "compare", "trace", "evaluate", "hashes"]
    assert others[2][1] in {site.oms for site in sites(world)}
    for _, substance, event, *_ in others[:2]:
        assert substance in world.substances["name"]
        assert event in world.terms["human_pt"]


def test_an_example_names_its_file_from_wherever_one_stands(tmp_path, monkeypatch):
    from pipelines.analyse.score import command

    monkeypatch.chdir(tmp_path)
    assert f"gerland score {EXAMPLES}/cases.csv" in help_of(command)
    monkeypatch.chdir(EXAMPLES.parent)
    assert "gerland score examples/cases.csv" in help_of(command)
    assert {file.name for file in EXAMPLES.iterdir()} == set(
        re.findall(r"`(\w+\.csv)`", (EXAMPLES / "README.md").read_text())
    ) | {"README.md"}
