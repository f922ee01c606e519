"""What a report can say of a person or an animal: limits for every source, once.

A value beyond them becomes null with a warning on the row, so that it is neither counted nor forgotten. The limits are
above the greatest that was ever recorded of a species: they refuse slips (a year of birth as an age, grams as
kilograms), not outliers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

# Years and kilograms that nothing of the species has reached.
OLDEST = {"human": 130.0, "dog": 35.0, "cat": 40.0, "horse": 65.0, "cattle": 50.0, "pig": 30.0, "sheep": 30.0}
HEAVIEST = {"human": 650.0, "dog": 160.0, "cat": 30.0, "horse": 1600.0, "cattle": 2300.0, "pig": 1200.0, "sheep": 250.0}
OLDEST_ANIMAL, HEAVIEST_ANIMAL = 200.0, 8000.0  # tortoises, elephants
COUNTS = ("n_animals_affected", "n_animals_treated", "n_animals_died")
AGE, WEIGHT, ONSET, ANIMALS = "age impossible", "weight impossible", "onset impossible", "number of animals impossible"
IMPOSSIBLE = (AGE, WEIGHT, ONSET, ANIMALS)


def plausible(history: DataFrame) -> DataFrame:
    """Rows of `silver.report_history` without what can't be: ages, weights, numbers of animals, onsets to come."""
    rules: dict[str, tuple[Column, tuple[str, ...]]] = {
        AGE: (_is_outside("age_years", 0.0, _limit(OLDEST, OLDEST_ANIMAL)), ("age_years",)),
        WEIGHT: (_is_outside("weight_kg", 0.0, _limit(HEAVIEST, HEAVIEST_ANIMAL), open_below=True), ("weight_kg",)),
        ONSET: (F.coalesce(F.col("onset_date") > F.col("known_from"), F.lit(False)), ("onset_date", "onset_precision")),
        ANIMALS: (F.coalesce(F.least(*COUNTS) < 0, F.lit(False)), ()),
    }
    told = F.array_compact(F.array(*[F.when(is_so, text) for text, (is_so, _) in rules.items()]))
    before = F.coalesce("warnings", F.array().cast("array<string>"))
    cleared: dict[str, Column] = {
        column: F.when(~is_so, F.col(column)) for is_so, columns in rules.values() for column in columns
    }
    cleared |= {c: F.when(F.col(c) >= 0, F.col(c)) for c in COUNTS}
    every = F.concat(before, told)
    return history.withColumns({**cleared, "warnings": F.when(F.size(every) > 0, every)})


def _limit(of: dict[str, float], other: float) -> Column:
    limit = F.lit(other)
    for species, most in of.items():
        limit = F.when(F.col("species") == species, most).otherwise(limit)
    return limit


def _is_outside(column: str, least: float, most: Column, open_below: bool = False) -> Column:
    value = F.col(column)
    below = value <= least if open_below else value < least
    return F.coalesce(below | (value > most) | F.isnan(value), F.lit(False))


def impossible(lake: Any) -> dict[str, int]:
    """Rows by source that lost a value to a limit, for the asset's page."""
    said = lake["silver.report_history"].select("source", F.explode("warnings").alias("warning"))
    counted = said.filter(F.col("warning").isin(*IMPOSSIBLE)).groupBy("source", "warning").count().collect()
    return {f"{r['warning']}: {r['source']}": int(r["count"]) for r in sorted(counted, key=str)}
