"""The worked examples of the manual: each is asked of the platform's own functions and gives the rows that stand there.

A number is held to the digits that are written.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from models.methods import METHODS
from tests.spec.asked import ASKED
from tests.spec.engine import ASKED_OF_ENGINE
from tests.spec.tables import Example, examples

PAGES = sorted(Path(__file__).parent.glob("*.md"))
EXAMPLES = [example for page in PAGES for example in examples(page)]
NUMBER = re.compile(r"-?\d+(?:\.(\d+))?")


def told(example: Example) -> str:
    return f"{example.page}: {example.heading}"


def is_as_written(written: str | None, found: Any) -> bool:
    if written is None:
        return found is None or (isinstance(found, float) and math.isnan(found))
    if isinstance(found, bool):
        return written == str(found).lower()
    number = NUMBER.fullmatch(written)
    if number and found is not None and not isinstance(found, str):
        return abs(float(found) - float(written)) <= 0.6 * 10.0 ** -len(number[1] or "")
    return written == str(found)


def holds(example: Example, found: list[dict[str, Any]]) -> None:
    assert len(found) == len(example.expected), found
    for written, row in zip(example.expected, found, strict=True):
        wrong = {
            column: (value, row[column]) for column, value in written.items() if not is_as_written(value, row[column])
        }
        assert not wrong, (written, wrong)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.asks in ASKED], ids=told)
def test_an_example_gives_the_rows_that_stand_there(example):
    holds(example, ASKED[example.asks](example.given))


@pytest.mark.spark
@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.asks in ASKED_OF_ENGINE], ids=told)
def test_an_example_that_the_engine_answers_gives_the_rows_that_stand_there(example, spark):
    holds(example, ASKED_OF_ENGINE[example.asks](spark, example.given))


def test_every_example_is_asked_and_every_page_has_some():
    assert {e.asks for e in EXAMPLES} == {*ASKED, *ASKED_OF_ENGINE}
    assert {e.page for e in EXAMPLES} == {page.stem for page in PAGES}
    assert all(e.expected for e in EXAMPLES)


def test_every_pairwise_method_has_a_figure_that_needs_no_sample():
    given = {row["method"] for e in EXAMPLES if e.asks == "pairs" for rows in e.given.values() for row in rows}
    assert given | {"mgps", "mgps_shrunk"} == set(METHODS)


def test_a_number_is_held_to_the_digits_that_are_written():
    assert is_as_written("2.0", 2.049)
    assert not is_as_written("2.00", 2.049)
    assert not is_as_written("3", None)
    assert is_as_written(None, float("nan"))
    assert not is_as_written(None, 0.0)
