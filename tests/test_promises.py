"""The page of promises names tests that exist, and every promise has one; the commands that pages name are there."""

from __future__ import annotations

import re

import pytest

from pipelines.cli import app
from tests.conftest import ROOT

PAGE = ROOT / "infra" / "docs" / "promises.md"
NAMED = re.compile(r"`((?:\w+/)*test_\w+\.py)::(test_\w+)`")
PROMISES = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and not line.startswith("| what")]


def test_the_page_says_something_on_every_matter():
    headings = [line.removeprefix("## ") for line in PAGE.read_text().splitlines() if line.startswith("## ")]
    matters = [
        "Intake",
        "Balance",
        "Integrity",
        "Withdrawal",
        "Privacy",
        "History",
        "Operation",
        "Evaluation",
        "Workbench",
    ]
    assert headings == matters
    assert len(PROMISES) > len(headings)


@pytest.mark.parametrize("line", PROMISES)
def test_every_promise_is_held_by_tests_that_exist(line):
    named = NAMED.findall(line)
    assert named, line
    for file, test in named:
        assert re.search(rf"^def {test}\(", (ROOT / "tests" / file).read_text(), re.MULTILINE), f"{file}::{test}"


@pytest.mark.parametrize(
    "page", ["README.md", "infra/docs/architecture.md", "infra/docs/privacy.md", "infra/docs/promises.md"]
)
def test_every_command_that_a_page_names_is_there(page):
    known = {c.name or c.callback.__name__ for c in app.registered_commands}
    named = set(re.findall(r"\bgerland ([a-z]+)", (ROOT / page).read_text()))
    assert named
    assert named <= known


def test_every_place_that_the_architecture_names_is_there():
    page = (ROOT / "infra" / "docs" / "architecture.md").read_text()
    named = set(
        re.findall(
            r"`((?:pipelines|core|files|privacy|frames|lake|intake|formats|upkeep|defs|models|expectations)/[\w/]+(?:\.py)?)`",
            page,
        )
    )
    assert len(named) > 10
    missing = [place for place in named if not ((ROOT / place).exists() or (ROOT / "pipelines" / place).exists())]
    assert missing == []
