"""Privacy 4: no value of a row in errors, logs, reports, names of columns, or what Dagster keeps."""

from __future__ import annotations

import io
import logging

import dagster as dg
import numpy as np
import pytest

from models.disproportionality.lrt import statistic
from pipelines.core.catalog import sources
from pipelines.files.text import Refused
from pipelines.orchestration.errors import StepFailed, sentence, without_values

SECRET = "ZORBLAX-4711"
ENDINGS = {".csv": b",", ".txt": b"$", ".xml": b" ", ".json": b","}


@pytest.mark.parametrize("source", [s for s in sources().values() if s.module("read")], ids=lambda s: s.name)
def test_no_reader_quotes_a_file_without_a_header_or_of_another_form(source):
    lines = [[SECRET, "Rash", "2019-01-01", "1"], [SECRET, "Ill", "2019-01-02", "2"]]
    for table in source.tables:
        for mark in ";,|\t$ ":
            data = "\n".join(mark.join(line) for line in lines).encode()
            try:
                read = list(source.module("read").read(io.BytesIO(data), f"{source.name}/x.csv", table))
                reasons = [r for t in read for r in t["reason"].to_pylist() if r]
            except Refused as refused:
                reasons = [str(refused)]
            assert not [r for r in reasons if "ZORBLAX" in r.upper() or "RASH" in r.upper()]


def _fails_with(error: Exception) -> Exception:
    @without_values
    def step():
        yield 1
        raise error

    with pytest.raises(StepFailed) as raised:
        list(step())
    return raised.value


@pytest.mark.parametrize(
    "error",
    [
        KeyError(SECRET),
        ValueError(f"could not convert string to float: '{SECRET}'"),
        ValueError(f"unknown string format: {SECRET}"),
        RuntimeError(f"[CAST_INVALID_INPUT] The value '{SECRET}' of the type STRING"),
    ],
    ids=lambda e: str(e)[:20],
)
def test_an_error_of_a_library_is_told_without_its_words(error):
    assert SECRET not in sentence(error)
    told = _fails_with(error)
    assert SECRET not in str(told)
    assert told.__suppress_context__


def test_words_that_our_own_code_raises_stay_without_what_they_quote():
    with pytest.raises(ValueError, match="form") as raised:
        statistic(np.ones(1), np.ones(1), [2], SECRET)
    assert sentence(raised.value).startswith("ValueError: form must be rrr or rr, got …")


def test_dagster_keeps_no_value_of_a_step_that_failed(caplog):
    @dg.asset
    @without_values
    def broken() -> None:
        raise ValueError(f"time data '{SECRET}' does not match")

    with dg.DagsterInstance.ephemeral() as instance, caplog.at_level(logging.DEBUG):
        result = dg.materialize([broken], instance=instance, raise_on_error=False)
        kept = [str(record) for record in instance.all_logs(result.run_id)]
    assert not result.success
    assert [k for k in kept if "StepFailed" in k]
    assert [k for k in kept if "test_privacy_values.py" in k], "the trace is kept"
    assert not [k for k in kept if SECRET in k]
    assert SECRET not in caplog.text
