"""Limits of what a report can say: one rule for all sources, with a warning on the row."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.silver.report.plausible import AGE, ANIMALS, ONSET, WEIGHT, plausible
from pipelines.defs.silver.report.tables import ReportHistory
from tests.rows import frame
from tests.silver.test_report import history

D = dt.date


@pytest.mark.spark
def test_what_cannot_be_is_null_with_a_warning_and_outliers_stay(spark):
    told = {
        "year of birth": {"age_years": 2012.0},
        "oldest": {"age_years": 122.0},
        "negative": {"age_years": -1.0, "weight_kg": 70.0, "warnings": ["D.2.2"]},
        "not a number": {"age_years": float("nan")},
        "grams": {"weight_kg": 70000.0, "sex": "female"},
        "nothing": {"weight_kg": 0.0},
        "cat": {"species": "cat", "age_years": 12.0, "weight_kg": 45.0},
        "dog": {"species": "dog", "age_years": 12.0, "weight_kg": 45.0},
        "tortoise": {"species": "tortoise", "age_years": 150.0},
        "herd": {"species": "pig", "n_animals_affected": -3, "n_animals_treated": 40},
        "to come": {"onset_date": D(2024, 1, 3), "onset_precision": "day"},
        "same day": {"onset_date": D(2024, 1, 2), "onset_precision": "day"},
    }
    rows = plausible(frame(spark, ReportHistory, history(*[{"report_key": k, **v} for k, v in told.items()]))).collect()
    got = {r["report_key"]: r for r in rows}
    assert {k: r["warnings"] for k, r in got.items() if r["warnings"]} == {
        "year of birth": [AGE], "negative": ["D.2.2", AGE], "not a number": [AGE], "grams": [WEIGHT], "nothing": [WEIGHT],
        "cat": [WEIGHT], "herd": [ANIMALS], "to come": [ONSET],
    }  # fmt: skip
    assert {k: r["age_years"] for k, r in got.items() if r["age_years"] is not None} == {
        "oldest": 122.0, "cat": 12.0, "dog": 12.0, "tortoise": 150.0,
    }  # fmt: skip
    assert {k: r["weight_kg"] for k, r in got.items() if r["weight_kg"] is not None} == {"negative": 70.0, "dog": 45.0}
    assert (got["grams"]["sex"], got["herd"]["n_animals_affected"], got["herd"]["n_animals_treated"]) == (
        "female",
        None,
        40,
    )
    onsets = {
        k: (r["onset_date"], r["onset_precision"]) for k, r in got.items() if r["onset_date"] or r["onset_precision"]
    }
    assert onsets == {"same day": (D(2024, 1, 2), "day")}
