"""`gerland compare` on a small lake written without the engine: names that it does not hold are told with those near."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from pipelines.analyse.files import FileError
from pipelines.cli import app
from pipelines.commands.compare import compared


@pytest.fixture
def lake(tmp_path):
    pairs = [
        ("MELOXICAM", "Renal failure", 9),
        ("MELOXICAM", "Emesis", 20),
        ("TRAMADOL", "Seizure", 7),
        (None, None, 1),
    ]
    rows = [
        {"population": population, "substance_name": substance, "term_name": term, "month": dt.date(2024, month, 28)}
        | {"a": a, "b": 100, "c": 50, "d": 4000, "expected": 5.0, "prior_month": dt.date(2024, 1, 1)}
        | {"shrunk_prior_month": dt.date(2023, 1, 1)}
        for population in ("human", "veterinary:dog")
        for substance, term, a in pairs
        for month in (1, 2)
    ]
    write_deltalake(str(tmp_path / "gold/signal"), pa.Table.from_pylist(rows))
    write_deltalake(
        str(tmp_path / "gold/prior"), pa.Table.from_pylist([{"population": "other", "month": dt.date(2024, 1, 1)}])
    )
    return tmp_path


def test_a_pair_is_compared_whatever_its_case(lake):
    found = compared(str(lake), "meloxicam", "renal FAILURE", "veterinary:dog", ["prr", "ic"])
    assert found.select("month", "method").rows() == [
        (dt.date(2024, month, 28), method) for month in (2, 1) for method in ("prr", "ic")
    ]
    assert found["estimate"][0] == pytest.approx((9 / 109) / (50 / 4050))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("MELOXICAN", "Emesis"), "no substance 'MELOXICAN' in 'human'; did you mean 'MELOXICAM'?"),
        (("tramadoll", "Emesis"), "no substance 'tramadoll' in 'human'; did you mean 'TRAMADOL'?"),
        (("ZZZZ", "Emesis"), "no substance 'ZZZZ' in 'human'"),
        (("MELOXICAM", "renal failur"), "no event 'renal failur' in 'human'; did you mean 'Renal failure'?"),
        (("MELOXICAM", "Seizure"), "no pair 'MELOXICAM' and 'Seizure' in 'human'; of its 2 events the nearest are "),
        (("MELOXICAM", "Emesis", "--population", "dog"), "no population 'dog'; it has human, veterinary:dog"),
        (("ME'LOX", "Emesis"), "no substance \"ME'LOX\" in 'human'; did you mean 'MELOXICAM'?"),
    ],
)
def test_names_that_the_lake_does_not_hold_are_told_with_those_near(lake, words, said):
    with pytest.raises(FileError) as refused:
        CliRunner().invoke(app, ["compare", *words, "--lake", str(lake)], catch_exceptions=False)
    assert str(refused.value).startswith(f"gold.signal holds {said}")
