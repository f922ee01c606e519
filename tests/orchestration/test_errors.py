"""Errors in one sentence; those of tasks by their own words."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster import DagsterExecutionInterruptedError
from pyarrow import fs

from pipelines.files.store import StorageError
from pipelines.orchestration.errors import sentence, without_values

HEAD = """
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "/somewhere/pyspark/worker.py", line 3423, in main
    process()
  File "/opt/gerland/pipelines/defs/gold/score.py", line 12, in levels
    return codes[level]
           ~~~~~^^^^^^^
"""


class PythonException(Exception):
    pass


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (
            "KeyError: 'atc4'\n\n\tat org.apache.spark.X(Y.scala:1)\nDriver stacktrace:\n",
            "KeyError (in a task at pipelines/defs/gold/score.py line 12;",
        ),
        ("AssertionError\n", "AssertionError (in a task at"),
        (
            "pipelines.files.reading.FileError: column 'n', row 2: not a whole number\n",
            "column 'n', row 2: not a whole number",
        ),
        ("ValueError: upper is infinite\nin two lines\n", "ValueError (in a task"),
    ],
)
def test_what_a_task_raised_is_told_by_its_own_words(end, said):
    assert sentence(PythonException(HEAD + end)).startswith(said)


def test_the_last_of_chained_exceptions_is_told():
    chained = (
        HEAD
        + "KeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n"
        + HEAD
        + "ValueError: two\n"
    )
    assert sentence(PythonException(chained)).startswith("ValueError (in a task")


@pytest.mark.spark
def test_a_task_that_fails_says_why(spark):
    def broken(batches):
        for _ in batches:
            yield {}["atc4"]

    with pytest.raises(Exception, match="Traceback") as raised:
        spark.range(1).mapInArrow(broken, "id bigint").collect()
    assert sentence(raised.value).startswith("KeyError (in a task")


def test_other_errors_are_told_by_their_kind():
    assert sentence(ValueError("x\ny")) == "ValueError (the trace: gerland --debug …)"
    condition = "[CAST_INVALID_INPUT] The value 'SECRET' of the type \"STRING\" cannot be cast"
    assert sentence(ValueError(condition)) == "ValueError [CAST_INVALID_INPUT] (the trace: gerland --debug …)"
    assert sentence(OSError(28, "No space left on device")).startswith("OSError: no space left on device")


@pytest.mark.parametrize("opened", [Path.read_bytes, lambda path: fs.LocalFileSystem().open_input_stream(str(path))])
def test_a_file_that_is_gone_is_named_whoever_looked_for_it(opened, tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        opened(tmp_path / "Part-1.parquet")
    assert "Part-1.parquet" in sentence(raised.value)


def test_a_run_that_was_interrupted_says_that_it_goes_on():
    assert sentence(DagsterExecutionInterruptedError()) == "interrupted; the same command goes on from what is written"


def test_rows_that_went_with_their_executor_are_a_fault_that_may_pass():
    @without_values
    def step() -> None:
        raise RuntimeError("Job aborted: [CHECKPOINT_RDD_BLOCK_ID_NOT_FOUND] Checkpoint block rdd_1061_0 not found!")

    with pytest.raises(StorageError):
        step()
