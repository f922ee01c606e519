"""Denominators: each a row with its method; a later census replaces an earlier and both can be asked for."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.silver.population.tables import Population
from pipelines.defs.sources.population import conform, read
from pipelines.defs.sources.population.tables import PopulationInhabitant, PopulationLivestock, PopulationWeight
from pipelines.frames.history import cut_at
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced

D = dt.date
PEOPLE = (
    "GEO;GEO_OBJECT;AGE;SEX;EP_MEASURE;TIME_PERIOD;OBS_VALUE\n84;REG;_T;_T;POP;2023;8000000\n69;DEP;_T;_T;POP;2023;1\n"
    "FRANCE;FRANCE;Y_GE60;F;POP;2023;9\n"
)
ANIMALS = b"country,year,species,animal_category,heads,method\nFR,2023,bovine,living dairy cow,3300000,BDNI\n"


@pytest.fixture
def denominators(spark):
    """`silver.population` of these files: (people known first, people known later, weights)."""

    def run(people, later=None, weights=b"species,animal_category,average_weight_at_treatment_kg,via\n"):
        first = {"population/a/estimation_population.csv": (people.encode(), D(2024, 1, 31))}
        if later:
            first["population/b/estimation_population.csv"] = (later.encode(), D(2025, 1, 31))
        tables = {PopulationInhabitant: first}
        tables[PopulationLivestock] = {"population/livestock.csv": (ANIMALS, D(2024, 5, 31))}
        tables[PopulationWeight] = {"population/standard_weights.csv": (weights, D(2024, 5, 31))}
        return conform.population({t.address(): bronze_frame(spark, t, read.read, f) for t, f in tables.items()})

    return run


@pytest.mark.spark
def test_a_revised_census_stands_beside_the_earlier(denominators):
    frame = denominators(PEOPLE, PEOPLE.replace("8000000", "8100000"))
    of_region = "kind = 'inhabitants' AND region = '84'"
    now = frame.filter(f"is_current AND {of_region}").collect()
    then = cut_at(frame, Population.axis, D(2024, 6, 1)).filter(f"is_current AND {of_region}").collect()
    assert ([r["value"] for r in now], [r["value"] for r in then]) == ([8_100_000], [8_000_000])
    rows = {(r["region"], r["sex"], r["age_group"]) for r in frame.filter("kind = 'inhabitants'").collect()}
    assert rows == {("84", "all", "all"), ("D69", "all", "all"), ("all", "female", "60+")}


@pytest.mark.spark
def test_the_real_weights_are_read(shared, denominators):
    data = (shared / "data" / "amu" / "ema" / "pcu_standard_weights.csv").read_bytes()
    assert PopulationWeight.files.owns("population/pcu_standard_weights.csv")
    assert is_balanced(read, PopulationWeight, data)
    rows = denominators(PEOPLE, weights=data).filter("kind = 'standard_weight'").collect()
    found = {(r["species"], r["category"]): r["value"] for r in rows}
    assert len(found) == 17  # fish are counted in kg and have no weight
    assert (found["cattle", "living dairy cow"], found["pigs", "living sow"], found["horse", "living horse"]) == (
        425,
        240,
        400,
    )
