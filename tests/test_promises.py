"""The page of promises names tests that exist, and every promise has one."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "infra" / "docs" / "promises.md"
NAMED = re.compile(r"`((?:\w+/)*test_\w+\.py)::(test_\w+)`")
PROMISES = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and not line.startswith("| what")]


def test_the_page_says_something_on_every_matter():
    headings = [line.removeprefix("## ") for line in PAGE.read_text().splitlines() if line.startswith("## ")]
    assert headings == ["Intake", "Balance", "Integrity", "Withdrawal", "Privacy", "History"]
    assert len(PROMISES) > len(headings)


@pytest.mark.parametrize("line", PROMISES)
def test_every_promise_is_held_by_tests_that_exist(line):
    named = NAMED.findall(line)
    assert named, line
    for file, test in named:
        assert re.search(rf"^def {test}\(", (ROOT / "tests" / file).read_text(), re.MULTILINE), f"{file}::{test}"
